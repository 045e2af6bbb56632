"""When reading stands out, and when an erasure needs two."""

import pytest

from portal.privacy.rules import is_mass, is_unusual


@pytest.mark.parametrize(
    ("today", "before", "stands_out"),
    [
        (41, [], True),
        (41, [40, 40, 40], True),
        (40, [], False),
        (31, [10, 10, 10], True),
        (30, [10, 10, 10], False),
        (10, [1, 1, 1], False),
        (11, [1, 2, 3], True),
        (11, [], False),
        (0, [5], False),
    ],
)
def test_reading_stands_out_by_number_or_against_ones_own_days(
    today: int, before: list[int], stands_out: bool
) -> None:
    assert is_unusual(today, before) is stands_out


def test_much_at_once_takes_two_people() -> None:
    assert [is_mass(n) for n in (0, 29, 30)] == [False, False, True]
