/** Pins: the colour and the icon of the phase's tag, so that neither colour blindness nor a grey print hides it. */
import building from "../icons/building.svg" with { type: "text" };
import built from "../icons/built.svg" with { type: "text" };
import decision from "../icons/decision.svg" with { type: "text" };
import ended from "../icons/ended.svg" with { type: "text" };
import fresh from "../icons/new.svg" with { type: "text" };
import chosen from "../icons/check.svg" with { type: "text" };
import study from "../icons/study.svg" with { type: "text" };
import L from "./leaflet.js";

const SIGNS = { new: fresh, study, decision, building, built, ended, chosen };
const BODY = "M18 42C11 33 5 26 5 17a13 13 0 0 1 26 0c0 9-6 16-13 25z";

export function pin(phase) {
  const known = phase in SIGNS ? phase : "ended";
  const sign = SIGNS[known].replace("<svg ", '<svg class="pin__sign" x="9" y="8" width="18" height="18" ');
  return L.divIcon({
    className: `pin pin--${known}`,
    html: `<svg viewBox="0 0 36 44" aria-hidden="true"><path class="pin__body" d="${BODY}"/>${sign}</svg>`,
    iconSize: [36, 44],
    iconAnchor: [18, 43],
  });
}

/** A circle with a number, and a label for those who hear it; 44 px at least, a little larger for more. */
export function bunch(count, text, label) {
  const size = count < 100 ? 44 : count < 1000 ? 52 : 60;
  const html = document.createElement("span");
  const seen = document.createElement("span");
  const heard = document.createElement("span");
  seen.textContent = text;
  seen.ariaHidden = "true";
  heard.textContent = label;
  heard.className = "govuk-visually-hidden";
  html.append(seen, heard);
  return L.divIcon({ className: "bunch", html, iconSize: [size, size] });
}
