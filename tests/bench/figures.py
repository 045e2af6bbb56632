"""A line of the published figures, and the table they are told in (docs/reliability.md)."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured of one figure, and what must hold."""

    key: str
    what: str
    measured: str
    hold: str
    holds: bool


def at_most(key: str, what: str, value: float, hold: float, unit: str = "") -> Figure:
    """A figure that may not be larger."""
    return Figure(
        key,
        what,
        f"{value:,.4g}{unit}" if isinstance(value, float) else f"{value:,}{unit}",
        f"≤ {hold:,}{unit}" if hold else f"0{unit}",
        value <= hold,
    )


def at_least(key: str, what: str, value: float, hold: float, unit: str = "") -> Figure:
    """A figure that may not be smaller."""
    return Figure(
        key,
        what,
        f"{value:,.4g}{unit}" if isinstance(value, float) else f"{value:,}{unit}",
        f"≥ {hold:,}{unit}",
        value >= hold,
    )


def table(figures: Iterable[Figure]) -> str:
    """All of them as Markdown."""
    lines = ["| | figure | measured | hold | |", "|---|---|---|---|---|"]
    for one in figures:
        verdict = "holds" if one.holds else "**missed**"
        lines.append(f"| {one.key} | {one.what} | {one.measured} | {one.hold} | {verdict} |")
    return "\n".join(lines)


def note(text: str) -> None:
    """A line of progress, apart from what is handed over."""
    print(text, file=sys.stderr, flush=True)
