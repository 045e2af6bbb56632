"""Walking a list by cursors meets every row once, and a strange cursor is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.paging import MAX_ID, Cursor, Direction, Page, decode, encode, page_of

START = datetime(2026, 11, 21, tzinfo=UTC)
Row = tuple[datetime, int]


def fetch(rows: list[Row], size: int, cursor: Cursor | None) -> Page[Row]:
    """What a query does: filter by the cursor, order, limit to size + 1."""
    newest_first = sorted(rows, reverse=True)
    if cursor is None:
        found = newest_first
    elif cursor.direction is Direction.OLDER:
        found = [row for row in newest_first if row < (cursor.at, cursor.id)]
    else:
        found = [row for row in newest_first[::-1] if row > (cursor.at, cursor.id)]
    return page_of(found[: size + 1], size, cursor, lambda row: row)


ROWS = st.sets(st.integers(0, 500), max_size=40).map(
    # Several rows share an instant, so that the id decides.
    lambda ids: [(START + timedelta(seconds=number // 5), number) for number in ids]
)


@given(ROWS, st.integers(1, 7))
def test_walking_to_the_end_and_back_meets_every_row_once(rows: list[Row], size: int) -> None:
    page = fetch(rows, size, None)
    assert page.newer is None
    pages = [page]
    while page.older:
        page = fetch(rows, size, decode(page.older))
        pages.append(page)
    assert [row for page in pages for row in page.items] == sorted(rows, reverse=True)
    for earlier in reversed(pages[:-1]):
        assert page.newer is not None
        page = fetch(rows, size, decode(page.newer))
        assert page.items == earlier.items
    assert page.newer is None


def test_empty_page_has_no_neighbours() -> None:
    assert fetch([], 5, None) == Page(())
    assert fetch([], 5, Cursor(Direction.NEWER, START, 1)) == Page(())


@given(st.sampled_from(Direction), st.datetimes(timezones=st.just(UTC)), st.integers(0, MAX_ID))
def test_cursor_survives_the_address(direction: Direction, at: datetime, row_id: int) -> None:
    cursor = Cursor(direction, at, row_id)
    assert decode(encode(cursor)) == cursor
    assert encode(cursor).replace("-", "").isalnum()


def test_cursor_is_written_in_utc() -> None:
    east = START.astimezone(timezone(timedelta(hours=2)))
    assert encode(Cursor(Direction.OLDER, east, 1)) == encode(Cursor(Direction.OLDER, START, 1))


@pytest.mark.parametrize(
    "text",
    ["", "o", "o-1", "o1-", "x1-1", "o01-1", "o1-01", "O1-1", "o1-1 ", "o1-1\n", "oA-1", "o1-1-1",
     "o-1-1", "o1-ffffffffffffffff", "o1-１", "o" + "1" * 200, "n" + "f" * 15 + "-1"],
)  # fmt: skip
def test_strange_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        decode(text)


@given(st.text())
def test_no_text_does_worse_than_a_refusal(text: str) -> None:
    try:
        cursor = decode(text)
    except ValueError:
        return
    assert encode(cursor) == text
