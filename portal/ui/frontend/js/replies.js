/**
 * Reply templates: the button puts the chosen text into the field at once. Without this script the server does it.
 * What somebody typed is kept, shown, and comes back with a button.
 */
export function replies() {
  for (const box of document.querySelectorAll("[data-replies]")) attach(box);
}

function attach(box) {
  const { form } = box.querySelector("select");
  const words = document.getElementById(box.dataset.words);
  const used = form.elements.used;
  const kept = box.querySelector("[data-before]");
  const before = kept.querySelector("textarea");
  const templates = box.querySelector("select");
  const status = box.querySelector("[data-status]");
  const plain = (text) => text.replaceAll("\r\n", "\n").trim();

  const show = (text, said) => {
    words.value = text;
    // The counter and the warning before leaving listen to what is typed.
    words.dispatchEvent(new Event("input", { bubbles: true }));
    words.dispatchEvent(new Event("keyup"));
    kept.hidden = !before.value;
    kept.querySelector("[data-shown]").textContent = before.value;
    status.textContent = said;
    words.focus();
    words.setSelectionRange(0, 0);
    words.scrollTop = 0;
  };

  box.querySelector("button[value=put]").addEventListener("click", (event) => {
    const chosen = templates.selectedOptions[0];
    if (!chosen.value) return; // The server says what is missing.
    event.preventDefault();
    const typed = plain(words.value);
    const ours = [...templates.options].map((option) => plain(option.dataset.text ?? ""));
    const held = plain(before.value);
    const kept = ours.includes(held) ? "" : held;
    if (!ours.includes(typed) && !kept.includes(typed)) before.value = kept ? `${kept}\n\n${typed}` : typed;
    used.value = chosen.value;
    show(chosen.dataset.text, `${box.dataset.done} ${chosen.dataset.remark}`.trim());
  });

  kept.querySelector("button").addEventListener("click", (event) => {
    event.preventDefault();
    const present = words.value;
    const back = before.value;
    before.value = present;
    used.value = "";
    show(back, box.dataset.back);
  });
}
