"""Forms of initiatives: residents' in `filing`, staff's in `desk`. They check shape; `rules.py` decides meaning."""
