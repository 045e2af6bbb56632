/** Pins: colour and sign by phase, so that neither colour blindness nor a grey print hides the state. */
import L from "./leaflet.js";

const SIGNS = {
  new: "M18 11v10m-5-5h10",
  study: "M20.5 18.5l3 3M17 12a4 4 0 1 0 .01 0",
  decision: "M13.5 12.5h9v7h-9z",
  building: "M18 11l5.5 9.5h-11z",
  built: "M13 16.5l3.5 3.5 6.5-7.5",
  ended: "M13.5 16h9",
  chosen: "M18 15.9v.2",
};
const BODY = "M18 42C11 33 5 26 5 17a13 13 0 0 1 26 0c0 9-6 16-13 25z";

export function pin(phase) {
  const known = phase in SIGNS ? phase : "ended";
  return L.divIcon({
    className: `pin pin--${known}`,
    html: `<svg viewBox="0 0 36 44" aria-hidden="true"><path class="pin__body" d="${BODY}"/><path class="pin__sign" d="${SIGNS[known]}"/></svg>`,
    iconSize: [36, 44],
    iconAnchor: [18, 43],
    popupAnchor: [0, -38],
  });
}

/** A circle with a number; 44 px at least, a little larger for more. */
export function bunch(count, text) {
  const size = count < 100 ? 44 : count < 1000 ? 52 : 60;
  return L.divIcon({ className: "bunch", html: text, iconSize: [size, size] });
}
