"""What tests of the whole portal counted, kept for `python3 dev.py drill --part static` and docs/reliability.md.

Each test writes a file of its own below `var/counted`, because they run in several processes.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from portal.core.config import ROOT

FOLDER = ROOT / "var" / "counted"


@dataclass(frozen=True, slots=True)
class Counts:
    """All tests of a figure together: questions asked, wrong answers, the worst of all in per cent, the oldest day."""

    asked: int
    wrong: int
    worst: float
    day: date


def count(
    figure: str, test: str, asked: int, wrong: int = 0, worst: float = 0.0, folder: Path = FOLDER
) -> None:
    """Keep what a test counted; the next run of the same test replaces it."""
    path = folder / figure / (re.sub(r"\W+", "-", test) + ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    day = datetime.now(UTC).date().isoformat()
    path.write_text(json.dumps({"asked": asked, "wrong": wrong, "worst": worst, "day": day}))


def counts(figure: str, folder: Path = FOLDER) -> Counts | None:
    """What the last runs counted; None if there were none."""
    found = [json.loads(path.read_text()) for path in sorted((folder / figure).glob("*.json"))]
    if not found:
        return None
    return Counts(
        sum(one["asked"] for one in found),
        sum(one["wrong"] for one in found),
        max(one["worst"] for one in found),
        date.fromisoformat(min(one["day"] for one in found)),
    )
