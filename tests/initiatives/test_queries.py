"""Reading initiatives: filters, pages in both orders, the map, what looks alike, the history."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives import queries, services
from initiatives.models import Initiative, Place
from initiatives.queries import DeskFilter, Wanted
from portal.content import move
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.db import writing
from portal.core.errors import Missing
from portal.core.paging import decode
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import TEXT, make_initiative

ActorAs = Callable[..., Actor]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
EARTH = (-180.0, -90.0, 180.0, 90.0)
KEYS = ("phase", "category", "district", "q", "sort")


def titles(wanted: Wanted) -> set[str]:
    return {card.title for card in queries.listing(wanted, None).items}


@given(st.dictionaries(st.sampled_from(KEYS), st.text(max_size=300)))
def test_whatever_is_asked_becomes_a_filter(values: dict[str, str]) -> None:
    wanted = queries.wanted_from(values)
    assert wanted.sort in queries.SORTS
    assert (len(wanted.district) <= 80, len(wanted.text) <= 200) == (True, True)
    assert wanted.is_empty is (wanted.active == 0)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"phase": "study", "category": "roads"}, Wanted("study", "roads")),
        ({"phase": "draft", "category": "x", "sort": "title"}, Wanted()),
        ({"q": "  ławka \n przy ", "sort": "support"}, Wanted(text="ławka przy", sort="support")),
        ({"district": " Wieniawa "}, Wanted(district="Wieniawa")),
    ],
)
def test_a_filter_is_what_is_among_the_choices(values: dict[str, str], wanted: Wanted) -> None:
    assert queries.wanted_from(values) == replace(wanted, wide=True)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"tab": "late", "mine": "1", "state": "held"}, DeskFilter("late", mine=True, state="held")),
        ({"tab": "x", "mine": "yes", "state": "x", "category": "x"}, DeskFilter()),
        ({"tab": "late", "q": "lub-i-2026-0001"}, DeskFilter("all", text="lub-i-2026-0001")),
    ],
)
def test_a_work_list_is_what_is_among_the_choices(values: dict[str, str], wanted: DeskFilter) -> None:
    assert queries.desk_filter(values) == wanted


def test_filters_narrow_alone_and_together(town: Town) -> None:
    make_initiative(town, title="Ławka w parku", category="greenery", district="Wieniawa")
    make_initiative(town, title="Lampa w parku", category="safety", district="Czuby")
    make_initiative(town, "adopted", title="Chodnik", category="roads", district="Czuby")
    make_initiative(town, "submitted", title="Jeszcze nie", category="roads", district="Czuby")
    assert titles(Wanted()) == {"Ławka w parku", "Lampa w parku", "Chodnik"}
    assert titles(Wanted(phase="building")) == {"Chodnik"}
    assert titles(Wanted(category="safety")) == {"Lampa w parku"}
    assert titles(Wanted(district="Czuby")) == {"Lampa w parku", "Chodnik"}
    assert titles(Wanted(text="parku")) == {"Ławka w parku", "Lampa w parku"}
    assert titles(Wanted(text="parku", district="Czuby")) == {"Lampa w parku"}
    assert titles(Wanted(phase="new", category="roads")) == set()
    assert [queries.total(w) for w in (Wanted(), Wanted(phase="new"), Wanted("new", "safety"))] == [3, 2, 1]
    assert queries.total(Wanted(text="parku")) == 2
    assert queries.total(Wanted(text="parku", phase="new")) is None
    assert queries.total(Wanted(district="Felin")) is None
    assert queries.districts() == ["Czuby", "Wieniawa"]


@pytest.mark.parametrize("sort", ["new", "support"])
def test_pages_hold_each_case_once_there_and_back(town: Town, sort: str) -> None:
    for n in range(7):
        # Equal days and counts: the id decides.
        make_initiative(town, listed_at=START + timedelta(days=n // 2), support_count=n // 3)
    wanted = Wanted(sort=sort)
    whole = [card.id for card in queries.listing(wanted, None, 50).items]
    key = {card.id: (card.support_count if sort == "support" else card.listed_at, card.id)
           for card in queries.listing(wanted, None, 50).items}  # fmt: skip
    assert whole == sorted(whole, key=key.__getitem__, reverse=True)
    found = [queries.listing(wanted, None, 3)]
    while found[-1].older:
        found.append(queries.listing(wanted, decode(found[-1].older), 3))
    assert [card.id for page in found for card in page.items] == whole
    assert found[0].newer is None
    assert found[-1].newer
    back = queries.listing(wanted, decode(found[-1].newer), 3)
    assert back.items == found[-2].items


def test_files_hold_what_the_list_shows_in_batches(town: Town) -> None:
    for n in range(5):
        make_initiative(town, listed_at=START + timedelta(days=n // 2))
    make_initiative(town, category="roads")
    wanted = Wanted(category="greenery")
    shown = [card.number for card in queries.listing(wanted, None).items]
    assert [row.number for row in queries.exported(wanted, str.lower, size=2)] == shown
    assert len(shown) == 5


def test_a_case_of_another_town_is_not_there(town: Town, other_town: Town) -> None:
    case = make_initiative(other_town)
    for read in (lambda: queries.case(case.id), lambda: queries.case_by_number(case.number or "")):
        with pytest.raises(Missing):
            read()
    with tenancy.within(other_town.id):
        assert queries.case_by_number((case.number or "").lower()).id == case.id


def test_the_map_shows_the_box_and_no_withdrawn_case(town: Town) -> None:
    here = make_initiative(town, lat=51.25, lon=22.56)
    make_initiative(town, lat=51.20, lon=22.60)
    make_initiative(town, "withdrawn", lat=51.25, lon=22.56)
    make_initiative(town, place=Place.WHOLE)
    box = (22.55, 51.24, 22.57, 51.26)
    for zoom in (8, 12, 16):
        found = queries.map_data(Wanted(), zoom, box)
        assert [(point[0], point[2], point[3]) for point in found.points] == [(here.id, 51.25, 22.56)], zoom
    assert len(queries.map_data(Wanted(phase="new"), 8, EARTH).points) == 2
    assert queries.map_data(Wanted(phase="built"), 8, EARTH).points == []


def test_many_points_are_drawn_as_clusters(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MAP_FEATURES", 2)
    for lat, lon in ((51.25, 22.56), (51.25, 22.56), (51.25, 22.56), (51.15, 22.50)):
        make_initiative(town, lat=lat, lon=lon)
    for zoom in (8, 12, 14):
        found = queries.map_data(Wanted(), zoom, EARTH)
        assert len(found.cells) + len(found.points) <= 2
        assert sum(cell[2] for cell in found.cells) + len(found.points) == 4, zoom


def test_what_looks_alike_is_found_near_first(town: Town, other_town: Town) -> None:
    near = make_initiative(town, title="Ławka przy aptece", lat=51.2500, lon=22.5600)
    far = make_initiative(town, title="Ławki przed apteką", lat=51.1500, lon=22.4700)
    far_same = make_initiative(town, title="Ławka przy aptece", lat=51.1500, lon=22.4700)
    make_initiative(town, title="Nowy chodnik", text="Chodnik jest dziurawy i trzeba go naprawić.")
    make_initiative(town, "submitted", title="Ławka przy aptece")
    make_initiative(other_town, title="Ławka przy aptece")
    found = queries.similar("Ławka przy aptece", TEXT, 51.2501, 22.5601)
    numbers = [row.number for row in found]
    assert numbers[:2] == [near.number, far_same.number]
    assert set(numbers) <= {near.number, far_same.number, far.number}
    assert near.number not in [
        row.number for row in queries.similar("Ławka przy aptece", TEXT, None, None, but=near.id)
    ]
    assert queries.similar("", "", None, None) == []


def test_ones_own_cases_come_from_every_town_newest_first(
    town: Town, other_town: Town, actor_as: ActorAs
) -> None:
    ewa = actor_as("resident")
    old = make_initiative(town, "draft", author=ewa, created_at=START)
    new = make_initiative(other_town, author=ewa, created_at=START + timedelta(days=1))
    make_initiative(town, author=actor_as("resident"))
    assert [card.id for card in queries.of_author(ewa.user_id or 0)] == [new.id, old.id]


def test_the_popup_and_the_number_are_of_public_cases(town: Town) -> None:
    public, hidden = make_initiative(town), make_initiative(town, "held")
    gone = make_initiative(town, "withdrawn")
    assert [queries.public_card(case.id) is not None for case in (public, hidden, gone)] == [
        True,
        False,
        False,
    ]
    assert [queries.number_of(case.id) for case in (public, hidden)] == [public.number, None]


def test_who_has_a_stake_wrote_or_supports_it(town: Town, actor_as: ActorAs) -> None:
    author, fan, none = (actor_as("resident") for _ in range(3))
    case = make_initiative(town, author=author)
    services.support(fan, case.id)
    asked = {actor.user_id or 0 for actor in (author, fan, none)}
    assert queries.with_a_stake(queries.case(case.id), asked) == {author.user_id, fan.user_id}


def test_the_history_names_staff_to_staff_and_a_passed_deadline_in_words(
    town: Town, actor_as: ActorAs
) -> None:
    reviewer, case = actor_as("reviewer", name="Hanna Wzorowa"), make_initiative(town, "submitted")
    services.publish(reviewer, case.id, "Zgodne.")
    with writing():
        found = queries.case(case.id)
        move.record(services.system(found), found, "late", internal_note="check", who="system")
    office = queries.timeline(found, tuple(Lane))
    assert [(step.title, step.who, step.note, step.internal) for step in office[:2]] == [
        ("Deadline passed", "The portal", "Check and publish", True),
        ("Published", "Monitoring team, Hanna Wzorowa", "Zgodne.", False),
    ]
    public = queries.timeline(found, (Lane.PUBLIC,))
    assert [(step.title, step.who) for step in public] == [("Published", "Monitoring team")]


def test_a_link_of_a_draft_is_kept_for_sixty_days(town: Town, frozen: Callable[[str], None]) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "draft")
    token = queries.draft_token(case.id)
    frozen("2026-04-30 10:00")
    assert queries.draft_by_token(token).id == case.id
    frozen("2026-05-02 11:00")
    with pytest.raises(Missing):
        queries.draft_by_token(token)


def test_a_case_is_reported_with_its_followers(town: Town, actor_as: ActorAs) -> None:
    case: Initiative = make_initiative(town)
    for _ in range(2):
        services.follow(actor_as("resident"), case.id, "pl")
    assert queries.follower_count(case.id) == 2
