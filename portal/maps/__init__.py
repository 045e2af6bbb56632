"""Maps: geometry, our own offline tiles, and the skeleton of a map that pages embed.

Nothing here knows what a point stands for. `geo` and `tiles` are pure; `folium_map` has folium draw the
skeleton when the portal is built and fills it in afterwards (docs/adr/0013).
"""
