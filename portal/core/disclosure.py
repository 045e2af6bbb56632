"""Hides small counts, so that a published table tells about groups and never about a neighbour.

One threshold for the whole portal: a municipality may raise it, nobody lowers it. A small cell is
hidden, and then as many of its neighbours as are needed so that it cannot be worked out from the
totals. Pages, exports, interfaces and charts take the same result, so none of them says more than
another. Pure. Source: surveys method, section 4, disclosure.

What this does not do is look through several published tables at once: a new breakdown of the same
people is a decision of whoever publishes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

THRESHOLD = 10
LOW_BASE = 30


class Base(StrEnum):
    """What may be said of a group of a given size."""

    HIDDEN = "hidden"
    LOW = "low"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A table as the public may see it; None stands for a hidden number.

    `cells` has the shape of the input, `rows` and `columns` are the totals of its lines, `whole` is
    the total of all.
    """

    cells: tuple[tuple[int | None, ...], ...]
    rows: tuple[int | None, ...]
    columns: tuple[int | None, ...]
    whole: int | None


def base_of(people: int, whole: int | None = None, threshold: int = THRESHOLD) -> Base:
    """Whether results of so many people may be shown, and whether with the words "low base".

    With `whole`, the group is a part of it: the people who are not in the group must be as many as
    the threshold too, or nobody, since their results follow from the two.
    """
    others = 0 if whole is None else whole - people
    if people < threshold or 0 < others < threshold:
        return Base.HIDDEN
    return Base.LOW if people < LOW_BASE else Base.SHOWN


def disclose(counts: Sequence[Sequence[int]], threshold: int = THRESHOLD) -> Disclosed:
    """The table without small counts, and without what would give them away beside shown totals.

    Counts from 1 to threshold − 1 are small, totals included; nobody (0) is no one to protect. In
    each line either nothing is hidden, or two numbers at least, and under a shown total the hidden
    ones add up to the threshold or more. What is hidden for that is the smallest that is left.
    Raises ValueError for rows of different lengths, negative counts or a threshold below 1.
    """
    if threshold < 1 or any(count < 0 for row in counts for count in row):
        raise ValueError("counts and thresholds are not negative")
    full = [[*row, sum(row)] for row in counts]
    full.append([sum(column) for column in zip(*full, strict=True)] or [0])
    hidden = {(r, c) for r, row in enumerate(full) for c, count in enumerate(row) if 0 < count < threshold}
    height, width = len(full), len(full[0])
    lines = [[(r, c) for c in range(width)] for r in range(height)]
    lines += [[(r, c) for r in range(height)] for c in range(width)]
    # Hiding in one line may uncover another, hence round after round; each hides a number for good.
    while new := {spot for line in lines if (spot := _betrayed(line, full, hidden, threshold))}:
        hidden |= new
    shown = [
        tuple(None if (r, c) in hidden else count for c, count in enumerate(row))
        for r, row in enumerate(full)
    ]
    return Disclosed(
        cells=tuple(row[:-1] for row in shown[:-1]),
        rows=tuple(row[-1] for row in shown[:-1]),
        columns=shown[-1][:-1],
        whole=shown[-1][-1],
    )


def disclose_list(
    counts: Sequence[int], threshold: int = THRESHOLD
) -> tuple[tuple[int | None, ...], int | None]:
    """One line of counts and its total, hidden by the same rule."""
    table = disclose([counts], threshold)
    return table.cells[0], table.whole


def _betrayed(
    line: list[tuple[int, int]], full: list[list[int]], hidden: set[tuple[int, int]], threshold: int
) -> tuple[int, int] | None:
    """The next number to hide in a line whose hidden ones could be worked out; None if they could not.

    The last number of a line is the total of the others.
    """
    *parts, total = line
    covered = [spot for spot in parts if spot in hidden]
    alone = len(covered) + (total in hidden) == 1
    too_few = bool(covered) and total not in hidden and sum(full[r][c] for r, c in covered) < threshold
    if not alone and not too_few:
        return None
    left = [spot for spot in parts if spot not in hidden]
    # Zeros last: hiding them helps little and tells less. The total only when nothing else is left.
    return min(left, key=lambda spot: (full[spot[0]][spot[1]] == 0, full[spot[0]][spot[1]]), default=total)
