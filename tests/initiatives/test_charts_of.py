"""What pages and files of the statistics show: periods, what is left out, the drawing."""

from datetime import date

import pytest

from initiatives import charts_of, queries
from initiatives.charts_of import Flow
from initiatives.counting import Event, Part
from initiatives.models import Figure, Outcome
from initiatives.queries import PresentCount
from portal.core.db import db, writing
from portal.core.disclosure import THRESHOLD
from portal.core.tenancy import Town

TODAY, BEGIN = date(2026, 11, 29), date(2024, 3, 1)
MAY = date(2026, 5, 1)


def keep(*rows: tuple[Part, str, str, int, int]) -> None:
    """Sums of May: part, key, what, bucket, n."""
    with writing():
        for part, key, what, bucket, n in rows:
            db.session.add(Figure(part=part, month=MAY, key=key, what=what, bucket=bucket, n=n))


def board(**how: bool) -> charts_of.Board:
    return charts_of.board(charts_of.Period(MAY, MAY, ()), **how)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, date(2025, 12, 1), date(2026, 11, 1)),
        ({"from": "2025-03", "to": "2025-04"}, date(2025, 3, 1), date(2025, 4, 1)),
        ({"from": "2025-04", "to": "2025-03"}, date(2025, 3, 1), date(2025, 4, 1)),
        ({"from": "1900-01", "to": "2999-01"}, BEGIN, date(2026, 11, 1)),
        ({"from": "soon", "to": "2026-13"}, date(2025, 12, 1), date(2026, 11, 1)),
        ({"from": "2025-03-01", "to": ""}, date(2025, 12, 1), date(2026, 11, 1)),
    ],
)
def test_period_is_read_from_the_address(asked: dict[str, str], first: date, last: date) -> None:
    found = charts_of.period(asked, TODAY, BEGIN)
    assert (found.first, found.last) == (first, last)
    assert (found.choices[0], found.choices[-1]) == (date(2026, 11, 1), BEGIN)


def test_without_any_figure_the_period_is_this_month() -> None:
    found = charts_of.period({"from": "2020-01"}, TODAY, None)
    assert (found.first, found.last) == (date(2026, 11, 1), date(2026, 11, 1))


@pytest.mark.usefixtures("town")
def test_today_tells_what_became_of_cases_apart_from_their_state() -> None:
    found = charts_of.today(
        [
            PresentCount("published", "roads", Outcome.NONE, 4),
            PresentCount("abandoned", "roads", Outcome.REFUSED, 1),
            PresentCount("abandoned", "greenery", Outcome.UNNEEDED, 2),
            PresentCount("refused", "gone", Outcome.REFUSED, 3),
            PresentCount("withdrawn", "roads", Outcome.NONE, 7),
        ]
    )
    assert [(state.key, n) for state, n in found.states] == [
        ("published", 4),
        ("refused", 3),
        ("abandoned", 3),
        ("withdrawn", 7),
    ]
    assert found.outcomes == {"none": 4, "done": 0, "partly": 0, "refused": 4, "unneeded": 2}
    assert found.cases == 10
    assert [(key, counts) for key, _, counts in found.categories] == [
        ("roads", {"none": 4, "refused": 1}),
        ("greenery", {"unneeded": 2}),
        ("gone", {"refused": 3}),
    ]
    told = {(row.table, row.item, row.measure): row.value for row in charts_of.entries_of_today(found)}
    assert told["state_today", "abandoned", "count"] == 3
    assert told["outcome_today", "partly", "count"] == 0
    assert told["outcome_by_category", "roads", "refused"] == 1
    assert charts_of.today([]).cases == 0


@pytest.mark.usefixtures("town")
class TestBoard:
    def test_small_counts_of_closed_states_are_not_told(self) -> None:
        keep(
            (Part.MOVE, "submitted", "published", 0, 3),
            (Part.MOVE, "submitted", "held", 0, 2),
            (Part.MOVE, "submitted", "returned", 0, THRESHOLD + 5),
            (Part.MOVE, "returned", "lapsed", 0, 1),
            (Part.DAYS, "returned", "", 4, 3),
            (Part.CLOCK, "complete", "late", 0, 3),
        )
        found = board()
        told = {(flow.source, flow.target): flow.n for flow in found.flows}
        assert told["submitted", "published"] == 3
        # Alone, the small one would follow from the others.
        assert told["submitted", "held"] is None
        assert told["submitted", "returned"] is None
        assert told["returned", "lapsed"] is None
        assert found.stays[0].n is None
        assert found.clocks[0].late is None

    def test_the_office_sees_all(self) -> None:
        keep((Part.MOVE, "submitted", "held", 0, 2), (Part.DAYS, "held", "", 4, 3))
        found = board(whole=True)
        assert found.flows == [Flow("submitted", "held", 2)]
        assert found.stays[0].n == 3

    def test_days_are_told_as_median_and_p90_of_enough_cases(self) -> None:
        keep(*((Part.DAYS, "published", "", days, 1) for days in range(1, 11)))
        (stay,) = board().stays
        assert (stay.n, stay.median, stay.p90) == (10, 5, 9)
        keep((Part.DAYS, "assigned", "", 7, 9))
        assert board().stays[1].p90 is None

    def test_districts_nobody_named_make_no_table(self) -> None:
        keep((Part.DISTRICT, "", Event.FILED, 0, 4), (Part.CATEGORY, "roads", Event.FILED, 0, 4))
        assert [table.part for table in board().tables] == [Part.CATEGORY]

    def test_what_sums_up_to_nothing_is_not_shown(self) -> None:
        keep((Part.MOVE, "submitted", "published", 0, 0))
        assert board().is_empty

    def test_the_file_says_of_every_figure_what_it_means(self) -> None:
        keep(
            (Part.MOVE, "submitted", "held", 0, 2),
            (Part.CHANNEL, "web", Event.FILED, 0, 4),
            (Part.CATEGORY, "roads", Event.FILED, 0, 4),
            (Part.CLOCK, "check", "kept", 0, 4),
            (Part.DAYS, "to_decision", "", 4, 3),
        )
        found = board()
        today = charts_of.entries_of_today(charts_of.today([PresentCount("done", "roads", Outcome.DONE, 1)]))
        rows = [
            charts_of.file_row(entry, "lublin", found.period)
            for entry in (*charts_of.entries_of(found), *today)
        ]
        assert all(row["meaning"] for row in rows)
        assert {row["table"] for row in rows} == set(charts_of.MEANINGS) - {"district", "days"}
        hidden = next(row for row in rows if row["item"] == "submitted>held")
        assert (hidden["value"], hidden["note"]) == ("", "1-9")


def test_comparison_has_every_municipality(town: Town, other_town: Town) -> None:
    lines = charts_of.comparison(charts_of.Period(MAY, MAY, ()))
    assert {line.town.slug for line in lines} == {town.slug, other_town.slug}
    assert queries.figures_of_all(MAY, MAY) == []


def test_drawing_has_every_state_once_and_the_widest_band_for_the_most() -> None:
    flows = [Flow("draft", "submitted", 50), Flow("submitted", "published", 40), Flow("published", "submitted", 1),
             Flow("submitted", "held", None)]  # fmt: skip
    found = charts_of.drawing(flows)
    assert [str(node.label) for node in found.nodes] == [
        "written by residents",
        "submitted",
        "held",
        "published",
    ]
    widths = {(band.flow.source, band.flow.target): band.width for band in found.bands}
    assert widths["draft", "submitted"] == max(widths.values())
    kinds = {band.flow.target: band.kind for band in found.bands}
    assert kinds == {"submitted": "back", "published": "on", "held": "few"}
    assert all(band.x < found.width for band in found.bands if band.is_labelled)
