/**
 * Keys of the desk. A page names them in a hidden list of links, `<a data-key="p" href="…">`; who turned them off gets no
 * list. `a[data-case]` are the cases of a list: the last one opened in this window says what “next” means in a case.
 */
const LAST = "desk.list";

export function shortcuts() {
  const list = document.querySelector("[data-shortcuts]");
  if (!list) return;
  const links = new Map([...list.querySelectorAll("a")].map((link) => [link.dataset.key, link]));
  const cases = [...document.querySelectorAll("a[data-case]")];
  if (cases.length) remember(cases);
  if (location.hash === "#q") enter("q");

  document.addEventListener("keydown", (event) => {
    if (!isMeant(event)) return;
    const act = cases.length ? ofList(event.key, cases) : ofCase(event.key);
    const link = links.get(event.key);
    if (!act && !link) return;
    event.preventDefault();
    if (act) act();
    else follow(link);
  });
}

/** Whether a key was pressed for the page: in no field, with no modifier, once. */
function isMeant(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return false;
  if (event.repeat && !"jk".includes(event.key)) return false;
  const field = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
  return !field || ["checkbox", "radio"].includes(field.type);
}

function ofList(key, cases) {
  const place = cases.indexOf(document.activeElement);
  if (key === "j") return () => cases[Math.min(place + 1, cases.length - 1)].focus();
  if (key === "k") return () => cases[Math.max(place - 1, 0)].focus();
  if (key === "o" && place >= 0) return () => cases[place].click();
  return null;
}

function ofCase(key) {
  const { address, cases } = remembered();
  const place = cases.indexOf(location.pathname);
  const go = (href) => (href ? () => location.assign(href) : null);
  if (key === "j" && place >= 0) return go(cases[place + 1]);
  if (key === "k" && place >= 0) return go(cases[place - 1]);
  if (key === "u" && place >= 0) return go(address);
  return null;
}

function follow(link) {
  const href = link.getAttribute("href");
  if (href.startsWith("#")) enter(href.slice(1));
  else link.click();
}

function enter(id) {
  const field = document.getElementById(id);
  if (!field) return;
  for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  field.focus();
}

function remember(cases) {
  const told = { address: location.pathname + location.search, cases: cases.map((link) => link.pathname) };
  try {
    sessionStorage.setItem(LAST, JSON.stringify(told));
  } catch {
    // A browser that keeps nothing has no next case; all else works.
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(LAST)) ?? { cases: [] };
  } catch {
    return { cases: [] };
  }
}
