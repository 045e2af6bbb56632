/** Cases on a map, loaded for what is visible: stored counts far out, clustered pins near by. */
import L from "./leaflet.js";
// After the line above: the plug-in adds itself to the global L.
import "leaflet.markercluster";

import { bunch, pin } from "./pins.js";

/**
 * @param {L.Map} map
 * @param {string} url answers `{"cells": [[lat, lon, count]], "points": [[id, number, lat, lon, category, phase]]}`
 *   for `?box=west,south,east,north&zoom=z`, and `{"title", "href", "state", "category"}` for `?card=id`;
 *   what its query already holds (filters) is kept
 */
export function points(map, url) {
  const region = map.getContainer().closest("[data-map]");
  const texts = region?.dataset ?? {};
  const names = JSON.parse(texts.names ?? "{}");
  const status = region?.querySelector("[data-map-status]");
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const address = (entries) => {
    const full = new URL(url, location.href);
    for (const [key, value] of Object.entries(entries)) full.searchParams.set(key, value);
    return full;
  };
  const say = (text) => {
    if (status && text !== undefined && status.textContent !== text) status.textContent = text;
  };

  const circle = (count) => {
    const text = number.format(count);
    return bunch(count, text, (texts.bunch ?? "{n}").replace("{n}", text));
  };

  const cells = L.layerGroup().addTo(map);
  const cluster = L.markerClusterGroup({
    showCoverageOnHover: false,
    maxClusterRadius: 56,
    animate: map.options.zoomAnimation,
    iconCreateFunction: (group) => circle(group.getChildCount()),
  }).addTo(map);
  const shown = new Map();
  let latest;

  async function load() {
    const box = visibleBox(map);
    const key = `${box}/${map.getZoom()}`;
    if (key === latest) return;
    latest = key;
    say(texts.loading);
    try {
      const answer = await fetch(address({ box, zoom: map.getZoom() }), { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const rows = await answer.json();
      // The reader may have moved on while this was under way.
      if (key !== latest) return;
      drawCells(rows.cells ?? []);
      drawPoints(rows.points ?? []);
      say("");
    } catch {
      if (key === latest) latest = undefined;
      say(texts.failed);
    }
  }

  function drawCells(rows) {
    cells.clearLayers();
    for (const [lat, lon, count] of rows) {
      const marker = L.marker([lat, lon], { icon: circle(count), keyboard: true });
      onPress(marker, () => map.setView([lat, lon], Math.min(map.getZoom() + 2, map.getMaxZoom())));
      marker.addTo(cells);
    }
  }

  /** Only what came or went is touched, so an open popup and the keyboard focus survive a small move. */
  function drawPoints(rows) {
    const wanted = new Map(rows.map((row) => [row[0], row]));
    const gone = [...shown].filter(([id]) => !wanted.has(id));
    const fresh = rows.filter(([id]) => !shown.has(id));
    cluster.removeLayers(gone.map(([, marker]) => marker));
    for (const [id] of gone) shown.delete(id);
    for (const row of fresh) shown.set(row[0], makeMarker(row));
    cluster.addLayers(fresh.map(([id]) => shown.get(id)));
  }

  function makeMarker([id, caseNumber, lat, lon, category, phase]) {
    const title = [caseNumber, names[category], names[phase]].filter(Boolean).join(", ");
    const marker = L.marker([lat, lon], { icon: pin(phase), title, keyboard: true });
    onPress(marker, () => openCard(marker, id));
    return marker;
  }

  async function openCard(marker, id) {
    const card = document.createElement("div");
    card.textContent = texts.loading ?? "";
    const popup = L.popup({ maxWidth: 260, offset: [0, -34] }).setLatLng(marker.getLatLng()).setContent(card).openOn(map);
    const frame = popup.getElement();
    const button = frame.querySelector(".leaflet-popup-close-button");
    // Whoever closes the popup stands at its pin again, not at the top of the page.
    const close = () => {
      map.closePopup(popup);
      marker.getElement()?.focus({ preventScroll: true });
    };
    button.setAttribute("aria-label", texts.close ?? "");
    button.addEventListener("click", close);
    frame.addEventListener("keydown", ({ key }) => key === "Escape" && close());
    try {
      const answer = await fetch(address({ card: id }), { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const { title, href, state, category } = await answer.json();
      // textContent only: titles are written by residents.
      const link = document.createElement("a");
      link.href = href;
      link.textContent = title;
      const line = document.createElement("p");
      line.textContent = [category, state].filter(Boolean).join(" · ");
      card.replaceChildren(link, line);
      popup.update();
      link.focus({ preventScroll: true });
    } catch {
      card.textContent = texts.failed ?? "";
      popup.update();
    }
  }

  map.on("moveend", load);
  load();
}

/** A click or tap, and Enter or Space for those at the keyboard: Leaflet itself knows the click alone. */
function onPress(marker, act) {
  marker.on("click", act);
  marker.on("keypress", ({ originalEvent }) => {
    if (originalEvent.key !== "Enter" && originalEvent.key !== " ") return;
    originalEvent.preventDefault();
    act();
  });
}

/**
 * West, south, east, north in degrees, widened to the edges of a grid one tile wide: neighbouring
 * views ask for the same address, so caches answer.
 */
function visibleBox(map) {
  const step = 360 / 2 ** Math.max(map.getZoom(), 1);
  const down = (degrees) => Math.floor(degrees / step) * step;
  const up = (degrees) => Math.ceil(degrees / step) * step;
  const bounds = map.getBounds();
  const edges = [
    Math.max(down(bounds.getWest()), -180),
    Math.max(down(bounds.getSouth()), -90),
    Math.min(up(bounds.getEast()), 180),
    Math.min(up(bounds.getNorth()), 90),
  ];
  return edges.map((degrees) => Number(degrees.toFixed(5))).join(",");
}
