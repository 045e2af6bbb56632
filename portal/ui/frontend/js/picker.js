/**
 * Choosing a place: click or tap, drag the pin, or move the map with the arrow keys and press Enter or
 * Space for the crosshair in the middle; the two inputs follow, and typing into them moves the pin.
 */
import L from "./leaflet.js";

import { pin } from "./pins.js";

const CROSSHAIR =
  '<svg class="crosshair" viewBox="0 0 40 40" fill="none" aria-hidden="true"><circle cx="20" cy="20" r="11"/><path d="M20 1v12m0 14v12M1 20h12m14 0h12"/></svg>';

/**
 * @param {L.Map} map
 * @param {{lat: string, lon: string, status: string}} ids selectors of the two inputs and of the status line
 */
export function picker(map, ids) {
  const lat = document.querySelector(ids.lat);
  const lon = document.querySelector(ids.lon);
  const status = document.querySelector(ids.status);
  const container = map.getContainer();
  const texts = container.closest("[data-map]")?.dataset ?? {};
  const comma = (1.5).toLocaleString(document.documentElement.lang).charAt(1);
  let marker;

  const show = (degrees) => degrees.toFixed(6).replace(".", comma);

  function place(point, { write = true } = {}) {
    if (marker) marker.setLatLng(point);
    else {
      marker = L.marker(point, { icon: pin("chosen"), draggable: true, title: texts.chosen ?? "" });
      marker.on("dragend", () => place(marker.getLatLng())).addTo(map);
    }
    if (write) {
      lat.value = show(point.lat);
      lon.value = show(point.lng);
      // So that a form guarding unsaved text, or a list of similar cases, learns of it.
      lat.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const text = texts.picked ?? "";
    status.textContent = text.replace("{lat}", show(point.lat)).replace("{lon}", show(point.lng));
  }

  function read() {
    const typed = [lat, lon].map((input) => Number(input.value.trim().replace(",", ".") || NaN));
    return typed.every(Number.isFinite) && Math.abs(typed[0]) <= 90 && Math.abs(typed[1]) <= 180
      ? L.latLng(typed[0], typed[1])
      : null;
  }

  function typed() {
    const point = read();
    if (!point) return;
    place(point, { write: false });
    map.setView(point, Math.max(map.getZoom(), 14));
  }

  container.insertAdjacentHTML("beforeend", CROSSHAIR);
  map.on("click", (event) => place(event.latlng));
  container.addEventListener("keydown", (event) => {
    if (event.target !== container || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    place(map.getCenter());
  });
  for (const input of [lat, lon]) input.addEventListener("change", typed);
  typed();
}
