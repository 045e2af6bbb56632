"""Two texts for one field: mine as it was typed, theirs as it was saved meanwhile; whoever saves chooses or joins both."""

from collections.abc import Mapping
from typing import Any

from flask import request

PREFIX = "take_"
"""Name of the choice beside a field: `mine` (or none), `theirs`, `both`."""


def choose(form: Any, saved: Mapping[str, str]) -> None:
    """Carry out the choices that came with the form; `saved` are the present texts by field."""
    for name, theirs in saved.items():
        wanted = request.form.get(f"{PREFIX}{name}", "")
        if wanted not in ("theirs", "both") or name not in form:
            continue
        mine = (form[name].data or "").strip()
        form[name].data = theirs if wanted == "theirs" or not mine else f"{theirs}\n\n{mine}".strip()
