/** Small things of a page: copying, sharing, printing, menus that close, folding, warning before typed text is lost. */

/** `<button data-copy="what to copy" data-copied="Copied" hidden>`; the button's text tells that it is done. */
export function copyButtons() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    const label = button.querySelector("[data-label]") ?? button;
    const before = label.textContent;
    label.setAttribute("aria-live", "polite");
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.textContent = button.dataset.copied;
      setTimeout(() => {
        label.textContent = before;
      }, 4000);
    });
  }
}

/** `<button data-share="https://…" data-title="…" hidden>`: the sheet of the device, where it has one. */
export function shareButtons() {
  if (!navigator.share) return;
  for (const button of document.querySelectorAll("[data-share]")) {
    button.hidden = false;
    // Whoever closes the sheet has changed their mind, which is no failure.
    button.addEventListener("click", () =>
      navigator.share({ title: button.dataset.title, url: button.dataset.share }).catch(() => {}),
    );
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

/** `<div data-progress>`: fetches its page every two seconds and shows the new words, until the work is done. */
export function progress() {
  const here = document.querySelector("[data-progress]");
  if (!here) return;
  const timer = setInterval(async () => {
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.querySelector("[data-progress]");
    if (!now) {
      clearInterval(timer);
      location.reload();
      return;
    }
    here.querySelector("[role=status]").textContent = now.querySelector("[role=status]").textContent;
    here.querySelector("progress").value = now.querySelector("progress").value;
  }, 2000);
}

/** Suggestions of a search field weigh more than the field, so they come when somebody enters it. */
export function searchFields() {
  for (const field of document.querySelectorAll("input[data-suggest]")) {
    field.addEventListener(
      "focus",
      () => {
        const script = document.createElement("script");
        script.src = field.dataset.script;
        document.head.append(script);
      },
      { once: true },
    );
  }
}
