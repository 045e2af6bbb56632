"""No small count is shown, and none follows from what is shown."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.disclosure import THRESHOLD, Base, base_of, disclose, disclose_list

TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 60), min_size=width, max_size=width), min_size=1, max_size=5
    )
)


def lines(cells: Sequence[Sequence[int | None]]) -> list[list[int | None]]:
    return [*map(list, cells), *map(list, zip(*cells, strict=True))]


def full(table: list[list[int]], threshold: int = THRESHOLD) -> list[list[int | None]]:
    """The disclosed table with its totals as last row and column."""
    shown = disclose(table, threshold)
    rows = [[*row, total] for row, total in zip(shown.cells, shown.rows, strict=True)]
    return [*rows, [*shown.columns, shown.whole]]


def test_known_example() -> None:
    shown = disclose([[3, 40, 57], [22, 31, 47]], threshold=5)
    assert shown.cells == ((None, None, 57), (None, None, 47))
    assert shown.rows == (100, 100)
    assert shown.columns == (25, 71, 104)
    assert shown.whole == 200


@given(TABLES, st.integers(1, 20))
def test_nothing_small_is_shown_or_follows(table: list[list[int]], threshold: int) -> None:
    shown = full(table, threshold)
    truth = [[*row, sum(row)] for row in table]
    truth.append([sum(column) for column in zip(*truth, strict=True)])
    for row, true_row in zip(shown, truth, strict=True):
        for count, true in zip(row, true_row, strict=True):
            assert count is None or count == true
            assert count is None or not 0 < count < threshold
    for line, true_line in zip(lines(shown), lines(truth), strict=True):
        assert sum(count is None for count in line) != 1
        if line[-1] is not None and None in line:
            covered = sum(
                true or 0 for count, true in zip(line[:-1], true_line[:-1], strict=True) if count is None
            )
            assert covered >= threshold


@given(TABLES)
def test_table_of_large_counts_stays(table: list[list[int]]) -> None:
    large = [[count + THRESHOLD for count in row] for row in table]
    assert disclose(large).cells == tuple(map(tuple, large))


def test_two_small_neighbours_are_not_enough() -> None:
    assert disclose_list([1, 2, 50, 80]) == ((None, None, None, 80), 133)
    assert disclose_list([8, 9, 50]) == ((None, None, 50), 67)


def test_nobody_is_no_one_to_protect() -> None:
    assert disclose_list([0, 20, 30]) == ((0, 20, 30), 50)
    assert disclose_list([0, 4, 30]) == ((0, None, None), 34)


def test_small_whole_is_hidden_with_its_parts() -> None:
    assert disclose_list([3, 0, 2]) == ((None, 0, None), None)
    assert disclose_list([3]) == ((None,), None)
    assert disclose_list([]) == ((), 0)
    assert disclose([]).whole == 0


def test_total_is_hidden_when_no_part_is_left() -> None:
    shown = disclose([[4, 3], [40, 50]])
    assert shown.cells[0] == (None, None)
    assert shown.rows[0] is None
    assert shown.rows[1] is None


@pytest.mark.parametrize(
    ("people", "whole", "base"),
    [
        (9, None, Base.HIDDEN),
        (10, None, Base.LOW),
        (29, None, Base.LOW),
        (30, None, Base.SHOWN),
        (95, 100, Base.HIDDEN),
        (100, 100, Base.SHOWN),
        (90, 100, Base.SHOWN),
        (0, 100, Base.HIDDEN),
    ],
)
def test_base_of_a_group_and_of_those_outside_it(people: int, whole: int | None, base: Base) -> None:
    assert base_of(people, whole) is base


def test_town_may_raise_the_threshold() -> None:
    assert base_of(15, threshold=20) is Base.HIDDEN
    assert disclose_list([15, 30, 40], 20) == ((None, None, 40), 85)


@pytest.mark.parametrize(("table", "threshold"), [([[-1]], 10), ([[1]], 0), ([[1, 2], [3]], 10)])
def test_impossible_tables_are_refused(table: list[list[int]], threshold: int) -> None:
    with pytest.raises(ValueError, match=r"negative|zip"):
        disclose(table, threshold)
