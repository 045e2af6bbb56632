"""The written part of the demo data: what people, offices and towns say, read from the JSON files beside.

`towns.json` and `people.json` have the shapes that `portal.pages.seed` and `portal.accounts.seed` describe;
a file per municipality holds its initiatives; `phrases.json` what offices say again and again, in the first
language of the town; `offices.json` what two offices have set for their initiatives.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"
Record = dict[str, Any]


def towns() -> Record:
    """The ten municipalities."""
    return _read("towns")


def people() -> Record:
    """Staff of every municipality, the portal operator, the residents with accounts."""
    return _read("people")


def initiatives(slug: str) -> list[Record]:
    """The initiatives of one municipality."""
    found: list[Record] = _read(slug)["initiatives"]
    return found


@lru_cache(maxsize=1)
def offices() -> Record:
    """What offices have set for themselves, by slug; `texts` are answers in words by language."""
    return _read("offices")


@lru_cache(maxsize=2)
def phrases(language: str) -> Record:
    """What an office of this language says again and again."""
    found: Record = _read("phrases")[language]
    return found


def _read(name: str) -> Record:
    found: Record = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found
