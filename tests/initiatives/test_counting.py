"""What one case adds to the sums, and what is read out of them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives.counting import (
    EXACT_DAYS,
    MOST_DAYS,
    TO_BUILT,
    TO_DECISION,
    Event,
    Key,
    Part,
    Step,
    Told,
    after,
    bucket_of,
    clock_entry,
    entries,
    months,
    percentile,
)

TOLD = Told("roads", "Rury", "web", "Europe/Warsaw", "done")
MAY = datetime(2026, 5, 4, 10, tzinfo=UTC)


def road(*moves: tuple[str, str, str, int]) -> list[Step]:
    """Moves as (verb, from, to, days after 4 May)."""
    return [Step(MAY + timedelta(days=days), verb, one, two) for verb, one, two, days in moves]


WHOLE = road(
    ("submit", "draft", "submitted", 0),
    ("publish", "submitted", "published", 2),
    ("assign", "published", "assigned", 5),
    ("decide", "recommendation", "adopted", 40),
    ("finish", "in_progress", "done", 90),
)


def test_a_road_counts_every_event_once_by_category_district_and_channel() -> None:
    found = entries(TOLD, WHOLE)
    for part, key in ((Part.CATEGORY, "roads"), (Part.DISTRICT, "Rury"), (Part.CHANNEL, "web")):
        events = {k.what: (k.month.month, n) for k, n in found.items() if k.part is part and k.key == key}
        assert events == {
            Event.FILED: (5, 1),
            Event.PUBLISHED: (5, 1),
            Event.ADOPTED: (6, 1),
            Event.BUILT: (8, 1),
        }


def test_days_are_counted_in_the_state_that_was_left_and_of_the_whole_road() -> None:
    days = {k.key: k.bucket for k in entries(TOLD, WHOLE) if k.part is Part.DAYS}
    assert days["submitted"] == 2
    assert days["published"] == 3
    assert days[TO_DECISION] == 40
    assert days[TO_BUILT] == bucket_of(90)


def test_what_comes_from_another_municipality_was_filed_and_published_there() -> None:
    found = entries(
        TOLD,
        road(
            ("arrive", "draft", "published", 0),
            ("assign", "published", "assigned", 3),
            ("decide", "recommendation", "refused", 20),
        ),
    )
    assert {k.what for k in found if k.part is Part.CHANNEL} == {Event.ARRIVED, Event.REFUSED}
    days = {k.key: k.bucket for k in found if k.part is Part.DAYS}
    assert (days["published"], days["to_decision"]) == (3, 20)
    assert ("draft", "published") not in {(k.key, k.what) for k in found if k.part is Part.MOVE}


def test_a_correction_is_a_move_but_no_event() -> None:
    steps = [
        *WHOLE[:4],
        *road(("correct", "adopted", "recommendation", 41), ("decide", "recommendation", "refused", 42)),
    ]
    found = entries(TOLD, steps)
    assert found[Key(Part.MOVE, date(2026, 6, 1), "adopted", "recommendation", 0)] == 1
    assert found[Key(Part.CATEGORY, date(2026, 6, 1), "roads", Event.REFUSED, 0)] == 1
    assert sum(n for key, n in found.items() if key.key == TO_DECISION) == 1


def test_an_appeal_that_fails_is_no_second_refusal() -> None:
    steps = road(
        ("submit", "draft", "submitted", 0),
        ("decide", "recommendation", "refused", 1),
        ("appeal", "refused", "appealed", 2),
        ("uphold", "appealed", "refused", 3),
    )
    assert (
        sum(
            n
            for key, n in entries(TOLD, steps).items()
            if key.what == Event.REFUSED and key.part is Part.CHANNEL
        )
        == 1
    )


@pytest.mark.parametrize(("state", "events"), [("done", 3), ("published", 2)])
def test_what_was_taken_over_counts_when_it_was_filed_elsewhere(state: str, events: int) -> None:
    found = entries(Told("roads", "", "web", "Europe/Warsaw", state, MAY), ())
    assert {key.month for key in found} == {date(2026, 5, 1)}
    assert sum(n for key, n in found.items() if key.part is Part.CHANNEL) == events


def test_what_was_taken_over_is_not_counted_again_when_it_moves_on() -> None:
    told = Told("roads", "", "web", "Europe/Warsaw", "disputed", MAY)
    found = entries(told, road(("dispute", "done", "disputed", 3), ("finish", "disputed", "done", 9)))
    assert sum(n for key, n in found.items() if key.what == Event.BUILT and key.part is Part.CHANNEL) == 1


def test_the_day_is_a_local_one() -> None:
    late = datetime(2026, 4, 30, 22, 30, tzinfo=UTC)  # Half past midnight of 1 May in Lublin.
    found = entries(TOLD, [Step(late, "submit", "draft", "submitted")])
    assert {key.month for key in found} == {date(2026, 5, 1)}


@pytest.mark.parametrize(("ended", "what"), [(date(2026, 5, 4), "kept"), (date(2026, 5, 5), "late")])
def test_a_clock_is_late_from_the_day_after(ended: date, what: str) -> None:
    assert clock_entry("check", date(2026, 5, 4), ended) == Key(
        Part.CLOCK, date(2026, 5, 1), "check", what, 0
    )


@given(st.integers(-5, 20_000))
def test_durations_are_rounded_down_and_kept_in_few_rows(days: int) -> None:
    found = bucket_of(days)
    assert 0 <= found <= max(days, 0)
    assert found <= MOST_DAYS
    assert bucket_of(found) == found
    if 0 <= days <= EXACT_DAYS:
        assert found == days


def test_few_rows_hold_every_duration() -> None:
    assert len({bucket_of(days) for days in range(20_000)}) < 200


@given(st.dictionaries(st.integers(0, 400), st.integers(1, 50), min_size=1, max_size=30), st.floats(0.01, 1))
def test_percentiles_are_the_nearest_rank(histogram: dict[int, int], share: float) -> None:
    values = sorted(value for value, n in histogram.items() for _ in range(n))
    found = percentile(histogram, share)
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({1: 0}, 0.5) is None


def test_months_go_over_the_turn_of_a_year() -> None:
    assert months(date(2025, 11, 3), date(2026, 2, 1)) == [
        date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1),
    ]  # fmt: skip
    assert after(date(2026, 1, 1), -1) == date(2025, 12, 1)
    assert after(date(2025, 12, 1)) == date(2026, 1, 1)
