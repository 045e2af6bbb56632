/**
 * Hits while one writes, in a field marked `data-suggest` (an address that answers with JSON). Comes only when such
 * a field is entered; without it the field searches all the same.
 */
import accessibleAutocomplete from "accessible-autocomplete";

const PAUSE = 200; // ms of quiet before the server is asked

function attach(field) {
  const { suggest, hint, found } = field.dataset;
  const holder = document.createElement("div");
  holder.className = "suggest";
  const { id, name, value, placeholder, selectionStart } = field;
  const hadFocus = document.activeElement === field;
  field.replaceWith(holder);
  let waiting;
  let latest = 0;

  accessibleAutocomplete({
    element: holder,
    id,
    name,
    placeholder,
    defaultValue: value,
    inputClasses: "govuk-input",
    minLength: 3,
    confirmOnBlur: false,
    showNoOptionsFound: false,
    displayMenu: "overlay",
    source(text, show) {
      clearTimeout(waiting);
      const mine = ++latest;
      waiting = setTimeout(async () => {
        const items = await hits(suggest, text);
        if (mine === latest) show(items);
      }, PAUSE);
    },
    templates: { inputValue: (item) => item?.title ?? "", suggestion: line },
    onConfirm: (item) => {
      if (item) location.assign(item.href);
    },
    tAssistiveHint: () => hint,
    tStatusQueryTooShort: () => "",
    tStatusNoResults: () => found.replace("{n}", "0"),
    tStatusSelectedOption: (chosen, length, index) => `${chosen.title ?? chosen} ${index + 1}/${length}`,
    tStatusResults: (length) => found.replace("{n}", length),
  });

  const input = holder.querySelector("input");
  // Enter with nothing chosen searches; the component would do nothing while its list is open.
  input.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && !holder.querySelector('[role="option"][aria-selected="true"]')) {
        event.preventDefault();
        event.stopPropagation();
        input.form.requestSubmit();
      }
    },
    { capture: true },
  );
  if (hadFocus) {
    input.focus();
    input.setSelectionRange(selectionStart, selectionStart);
  }
}

async function hits(address, text) {
  try {
    const answer = await fetch(`${address}?${new URLSearchParams({ q: text })}`);
    return answer.ok ? (await answer.json()).items : [];
  } catch {
    return []; // Without a network there is still the button.
  }
}

/** A suggestion as markup; what people wrote goes in as text. */
function line({ title, note, language }) {
  const whole = document.createElement("span");
  const name = document.createElement("span");
  name.textContent = title;
  if (language) name.lang = language;
  const small = document.createElement("small");
  small.textContent = note;
  whole.append(name, small);
  return whole.innerHTML;
}

for (const field of document.querySelectorAll("input[data-suggest]")) attach(field);
