/**
 * Shows what belongs to a chosen answer: `<input data-reveals="id">` and an element with that id. Without
 * script everything shows. The kit's own way sets aria-expanded on radios, which the standard forbids.
 */
const HIDDEN = ["govuk-radios__conditional--hidden", "govuk-checkboxes__conditional--hidden"];

export function reveals() {
  const inputs = [...document.querySelectorAll("input[data-reveals]")];
  if (!inputs.length) return;
  const sync = () => {
    for (const input of inputs) {
      const more = document.getElementById(input.dataset.reveals);
      const kind = input.type === "radio" ? HIDDEN[0] : HIDDEN[1];
      more.classList.toggle(kind, !input.checked);
    }
  };
  document.addEventListener("change", sync);
  // A browser that goes back restores the answers after the page has run.
  window.addEventListener("pageshow", sync);
  sync();
}
