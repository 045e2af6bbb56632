/** Leaflet as the global `L`, set before the cluster plug-in and folium's scripts look for it. */
import L from "leaflet";

window.L = L;

export default L;
