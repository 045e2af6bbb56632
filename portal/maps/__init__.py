"""Maps: geometry, our own offline tiles, and the folium skeleton that pages embed.

Nothing here knows what a point stands for. `geo` and `tiles` are pure; `folium_map` imports folium
only when a map is built, because that import alone costs as much as the rest of a request.
"""
