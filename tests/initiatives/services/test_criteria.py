"""What an office asks in its studies: wordings that never change, weights, order, limits."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from initiatives import kinds, queries, services
from initiatives.kinds import CRITERIA, Measure
from initiatives.services import CriterionAsked
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.tenancy import Town

ActorAs = Callable[..., Actor]
ASKED = CriterionAsked(Measure.SCORE, {"pl": "Zieleń"}, weight=4)


@pytest.fixture
def leader(actor_as: ActorAs) -> Actor:
    return actor_as("leader")


def mark(town: Town, study: str = "purpose") -> str:
    return queries.settings_mark(queries.office(town.id), study)


def save(leader: Actor, town: Town, asked: CriterionAsked, key: str = "", study: str = "purpose") -> str:
    return services.save_criterion(leader, town.id, study, key, asked, mark(town, study))


def asked_keys(town: Town, study: str = "purpose") -> list[str]:
    return [found.key for found in queries.office(town.id).asked_in(study)]


def test_ours_are_asked_until_an_office_sets_its_own(town: Town, leader: Actor) -> None:
    assert queries.office(town.id).criteria == CRITERIA
    key = save(leader, town, ASKED)
    assert key == "own1"
    assert asked_keys(town)[-1] == key
    assert queries.criterion_label(queries.office(town.id).criterion(key) or CRITERIA[0]) == "Zieleń"
    assert asked_keys(town, "feasibility") == [
        found.key for found in CRITERIA if found.study == "feasibility"
    ]


def test_another_wording_is_another_row(town: Town, leader: Actor) -> None:
    key = save(leader, town, ASKED)
    assert save(leader, town, replace(ASKED, weight=2, required=False), key) == key
    assert save(leader, town, replace(ASKED, names={"pl": "Zieleń i cień"}), key) == "own1-2"
    office = queries.office(town.id)
    before = office.criterion(key)
    assert before is not None
    assert (before.ended, before.weight, before.names) == (True, 2, {"pl": "Zieleń"})
    assert save(leader, town, replace(ASKED, measure=Measure.TEXT), "own1-2") == "own1-3"
    with pytest.raises(Missing):
        save(leader, town, ASKED, key)  # Nobody changes an earlier wording.


def test_hidden_ones_are_asked_no_more_and_come_back(town: Town, leader: Actor) -> None:
    asked = CriterionAsked(Measure.SCORE, weight=3, hidden=True)
    assert save(leader, town, asked, "need") == "need"
    assert "need" not in asked_keys(town)
    save(leader, town, replace(asked, hidden=False), "need")
    assert asked_keys(town)[0] == "need"


def test_one_criterion_stays(town: Town, leader: Actor) -> None:
    keys = asked_keys(town)
    for key in keys[1:]:
        save(leader, town, CriterionAsked(Measure.SCORE, hidden=True), key)
    with pytest.raises(Invalid) as caught:
        save(leader, town, CriterionAsked(Measure.SCORE, hidden=True), keys[0])
    assert set(caught.value.fields) == {"hidden"}


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        (CriterionAsked(Measure.SCORE), {"text_pl"}),
        (CriterionAsked(Measure.SCORE, {"en": "Green"}), {"text_pl"}),
        (CriterionAsked(Measure.SCORE, {"pl": "x" * 81}), {"text_pl"}),
        (CriterionAsked(Measure.SCORE, {"pl": "A"}, {"pl": "x" * 601}), {"help_pl"}),
        (CriterionAsked(Measure.YES_NO, {"pl": "A"}, weight=11), {"weight"}),
        (CriterionAsked(Measure.SCORE, {"pl": "A"}, weight=0), {"weight"}),
    ],
)
def test_what_is_wrong_is_named_at_its_field(
    town: Town, leader: Actor, asked: CriterionAsked, fields: set[str]
) -> None:
    with pytest.raises(Invalid) as caught:
        save(leader, town, asked)
    assert set(caught.value.fields) == fields


def test_names_are_not_given_twice_and_there_is_an_end(town: Town, leader: Actor) -> None:
    save(leader, town, ASKED)
    with pytest.raises(Invalid):
        save(leader, town, replace(ASKED, names={"pl": "zieleń"}))
    for n in range(kinds.CRITERIA_MAX - len(asked_keys(town))):
        save(leader, town, replace(ASKED, names={"pl": f"Zieleń {n}"}))
    with pytest.raises(Invalid):
        save(leader, town, replace(ASKED, names={"pl": "Jeszcze jedno"}))


def test_order_changes_and_earlier_wordings_go_along(town: Town, leader: Actor) -> None:
    save(leader, town, replace(ASKED, weight=2), "reach")
    services.move_criterion(leader, town.id, "purpose", 1, -1, mark(town))
    assert asked_keys(town)[:2] == ["reach-2", "need"]
    office = queries.office(town.id)
    assert [found.key for found in office.purpose][:3] == ["reach", "reach-2", "need"]
    for place, step in ((0, -1), (99, 1), (0, 2)):
        with pytest.raises(Missing):
            services.move_criterion(leader, town.id, "purpose", place, step, mark(town))


def test_a_form_filled_from_older_settings_is_a_conflict(town: Town, leader: Actor) -> None:
    old = mark(town)
    save(leader, town, ASKED)
    with pytest.raises(Conflict):
        services.save_criterion(leader, town.id, "purpose", "", replace(ASKED, names={"pl": "B"}), old)
    # The other study has not changed.
    save(leader, town, replace(ASKED, names={"pl": "C"}), study="feasibility")


def test_a_criterion_of_another_study_is_not_found(town: Town, leader: Actor) -> None:
    with pytest.raises(Missing):
        save(leader, town, ASKED, "law")
