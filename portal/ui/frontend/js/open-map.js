/**
 * Opens a map only when it is asked for: Leaflet weighs as much as the rest of the page.
 *
 * `<button data-map-open="#region" data-style="…" data-scripts="first.js second.js" hidden>`
 * shows the region and what is marked `data-with-map="#region"`, loads style and scripts in that order and takes itself away.
 */
export function mapOpeners() {
  for (const button of document.querySelectorAll("[data-map-open]")) {
    const region = document.querySelector(button.dataset.mapOpen);
    button.hidden = false;
    button.addEventListener(
      "click",
      async () => {
        button.disabled = true;
        const style = document.createElement("link");
        style.rel = "stylesheet";
        style.href = button.dataset.style;
        await loaded(style);
        region.hidden = false;
        const help = document.querySelectorAll(`[data-with-map="${button.dataset.mapOpen}"]`);
        for (const element of help) element.hidden = false;
        for (const address of button.dataset.scripts.split(" ")) {
          const script = document.createElement("script");
          script.src = address;
          await loaded(script);
        }
        button.hidden = true;
        region.querySelector("[tabindex]")?.focus();
      },
      { once: true },
    );
  }
}

function loaded(element) {
  return new Promise((resolve, reject) => {
    element.addEventListener("load", resolve);
    element.addEventListener("error", reject);
    document.head.append(element);
  });
}
