/** Small things of a page: copying a link, printing, menus that close, folding, warning before typed text is lost. */

/** `<button data-copy="https://…" data-copied="Link copied" hidden>`; the button's text tells that it is done. */
export function copyButtons() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    const label = button.querySelector("[data-label]") ?? button;
    const before = label.textContent;
    label.setAttribute("aria-live", "polite");
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
      label.textContent = button.dataset.copied;
      setTimeout(() => {
        label.textContent = before;
      }, 4000);
    });
  }
}

export function printButtons() {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

/** Menus are `<details class="menu">`: Escape or a click elsewhere closes them. */
export function menus() {
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

/** `<details data-fold-narrow open>`: starts folded where it would push the content off a phone's screen. */
export function foldNarrow() {
  if (!window.matchMedia("(max-width: 60em)").matches) return;
  for (const details of document.querySelectorAll("details[data-fold-narrow]")) details.open = false;
}

/** `<form data-unsaved>`: the browser asks before typed text is left behind. */
export function unsavedForms() {
  for (const form of document.querySelectorAll("form[data-unsaved]")) {
    let changed = false;
    const warn = (event) => event.preventDefault();
    form.addEventListener("input", () => {
      if (changed) return;
      changed = true;
      window.addEventListener("beforeunload", warn);
    });
    form.addEventListener("submit", () => window.removeEventListener("beforeunload", warn));
  }
}
