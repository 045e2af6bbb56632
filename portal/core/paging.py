"""Pages of a long list by position instead of by number.

`OFFSET` reads everything it skips, so page 5,000 would cost thousands of times page 1. A list here
is ordered by (created_at, id), newest first; a page is asked for as "what comes after this row" and
costs the same anywhere. The position travels in the address as a short text. It is no secret and
needs no signature: it only repeats what the page showed, and the query is scoped anyway.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_TEXT = re.compile(r"([on])([0-9a-f]{1,15})-([0-9a-f]{1,16})")
MAX_ID = 2**63 - 1


class Direction(StrEnum):
    """Which way a cursor looks; the value is its letter in the address."""

    OLDER = "o"
    NEWER = "n"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the rows strictly older or newer than (at, id). `at` is in UTC."""

    direction: Direction
    at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One screen of a list, newest first, with the cursors of its neighbours (None = no more)."""

    items: tuple[T, ...]
    older: str | None = None
    newer: str | None = None


def encode(cursor: Cursor) -> str:
    """The cursor as text for an address: letters a–f, o, n, digits and one hyphen."""
    ticks = (cursor.at.astimezone(UTC) - _EPOCH) // _TICK
    return f"{cursor.direction}{ticks:x}-{cursor.id:x}"


def decode(text: str) -> Cursor:
    """The cursor of an address. Raises ValueError for everything that `encode` did not write."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError("not a cursor")
    try:
        at = _EPOCH + int(match[2], 16) * _TICK
    except OverflowError:
        raise ValueError("not a cursor") from None
    cursor = Cursor(Direction(match[1]), at, int(match[3], 16))
    # Leading zeros would give one page many addresses, each its own entry in the page cache.
    if cursor.id > MAX_ID or encode(cursor) != text:
        raise ValueError("not a cursor")
    return cursor


def page_of(
    rows: Sequence[T], size: int, cursor: Cursor | None, position: Callable[[T], tuple[datetime, int]]
) -> Page[T]:
    """Make a page of fetched rows.

    The query asked for `size + 1` rows beyond the cursor in reading order: descending when there is
    no cursor or it looks to older rows, ascending when it looks to newer ones. `position` gives
    (created_at, id) of a row.
    """
    newer_wanted = cursor is not None and cursor.direction is Direction.NEWER
    more = len(rows) > size
    items = tuple(rows[:size])
    if newer_wanted:
        items = items[::-1]
    if not items:
        return Page(())
    has_older, has_newer = (True, more) if newer_wanted else (more, cursor is not None)
    return Page(
        items,
        older=encode(Cursor(Direction.OLDER, *position(items[-1]))) if has_older else None,
        newer=encode(Cursor(Direction.NEWER, *position(items[0]))) if has_newer else None,
    )
