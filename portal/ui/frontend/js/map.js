/**
 * The map bundle: Leaflet with clusters as the global `L`, and `PortalMap` for the scripts that folium
 * writes per map. Texts come from data attributes of the region around the map (ui/macros/map.html).
 */
import L from "./leaflet.js";
import { picker } from "./picker.js";
import { points } from "./points.js";

const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
L.Map.mergeOptions({ zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still, inertia: !still });

L.Map.addInitHook(function dress() {
  const container = this.getContainer();
  const { zoomIn, zoomOut } = container.closest("[data-map]")?.dataset ?? {};
  this.attributionControl?.setPrefix(false);
  for (const [sign, text] of [
    ["in", zoomIn],
    ["out", zoomOut],
  ]) {
    const button = container.querySelector(`.leaflet-control-zoom-${sign}`);
    if (button && text) {
      button.title = text;
      button.setAttribute("aria-label", text);
    }
  }
  // A map that was hidden or resized draws itself anew.
  new ResizeObserver(() => this.invalidateSize({ pan: false })).observe(container);
});

window.PortalMap = { points, picker };
