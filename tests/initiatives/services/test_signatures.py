"""Signatures on paper: two countings that agree, striking out, and no name anywhere."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from initiatives import queries, rules, services
from initiatives.counting import Part
from initiatives.models import Figure, Initiative, SheetState, SignatureSheet
from initiatives.services import Counted
from portal.content import queries as content
from portal.core.actor import Actor, acting
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]


def entered(actor: Actor, case: Initiative, valid: int = 12, key: str = "key") -> SignatureSheet:
    services.enter_sheet(actor, case.id, Counted(valid, case.local_today, "Biblioteka"), key)
    return queries.signature_sheets(case.id)[0]


def stands(case: Initiative) -> tuple[int, int, int]:
    found = queries.case(case.id)
    return found.support_count, found.online_count, found.paper_count


def on_paper() -> int:
    return sum(db.session.scalars(select(Figure.n).where(Figure.part == Part.SUPPORT, Figure.key == "paper")))


def test_a_sheet_counts_once_two_countings_agree(town: Town, actor_as: ActorAs) -> None:
    case, one, other = make_initiative(town), actor_as("operator"), actor_as("leader")
    services.support(actor_as("resident"), case.id)
    sheet = entered(one, case)
    assert (sheet.serial, sheet.state, stands(case)) == (1, SheetState.WAITING, (1, 1, 0))
    assert services.count_again(other, case.id, sheet.id, 12, sheet.version)
    assert (sheet.state, sheet.valid, stands(case)) == (SheetState.COUNTED, 12, (13, 1, 12))
    assert on_paper() == 12
    [step] = [row for row in content.history(*case.about, tuple(Lane)) if row.verb == "sheet"]
    assert (step.lane, step.internal_note) == (Lane.INTERNAL, "Arkusz 1, ważnych podpisów: 12")
    with pytest.raises(Conflict):
        services.count_again(other, case.id, sheet.id, 12, sheet.version)
    assert stands(case) == (13, 1, 12)


def test_countings_that_differ_are_both_kept_until_one_is_met(town: Town, actor_as: ActorAs) -> None:
    case, one, other = make_initiative(town), actor_as("operator"), actor_as("leader")
    sheet = entered(one, case, 12)
    assert not services.count_again(other, case.id, sheet.id, 11, sheet.version)
    assert (sheet.state, sheet.first, sheet.second, stands(case)) == (SheetState.DIFFERS, 12, 11, (0, 0, 0))
    assert not services.count_again(other, case.id, sheet.id, 10, sheet.version)
    assert (sheet.first, sheet.second) == (11, 10)
    assert services.count_again(one, case.id, sheet.id, 11, sheet.version)
    assert (sheet.valid, stands(case)) == (11, (11, 0, 11))


def test_two_who_count_at_once_meet(town: Town, actor_as: ActorAs) -> None:
    case, leader = make_initiative(town), actor_as("leader")
    sheet = entered(leader, case)
    seen = sheet.version
    services.count_again(leader, case.id, sheet.id, 11, seen)
    with pytest.raises(Conflict):
        services.count_again(leader, case.id, sheet.id, 12, seen)


def test_a_repeated_post_enters_nothing(town: Town, actor_as: ActorAs) -> None:
    case, leader = make_initiative(town), actor_as("leader")
    for key in ("a", "a", "b"):
        entered(leader, case, key=key)
    assert [row.serial for row in queries.signature_sheets(case.id)] == [2, 1]


@pytest.mark.parametrize("was_counted", [True, False])
def test_striking_out_takes_off_what_counted_and_says_why(
    town: Town, actor_as: ActorAs, *, was_counted: bool
) -> None:
    case, leader = make_initiative(town), actor_as("leader")
    sheet = entered(leader, case)
    if was_counted:
        services.count_again(leader, case.id, sheet.id, 12, sheet.version)
    with pytest.raises(Invalid) as caught:
        services.strike_sheet(leader, case.id, sheet.id, "  ", sheet.version)
    assert set(caught.value.fields) == {"why"}
    services.strike_sheet(leader, case.id, sheet.id, "Kopia.", sheet.version)
    assert (sheet.state, sheet.struck_why, stands(case), on_paper()) == (
        SheetState.STRUCK,
        "Kopia.",
        (0, 0, 0),
        0,
    )
    public = [
        step.note for step in content.history(*case.about, (Lane.PUBLIC,)) if step.verb == "sheet_struck"
    ]
    assert public == (["Kopia."] if was_counted else [])
    with pytest.raises(Conflict):
        services.strike_sheet(leader, case.id, sheet.id, "Kopia.", sheet.version)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"valid": None}, "valid"),
        ({"valid": -1}, "valid"),
        ({"valid": rules.SIGNATURES_MAX + 1}, "valid"),
        ({"signed_on": None}, "signed_on"),
        ({"signed_on": 1}, "signed_on"),
        ({"signed_on": -400}, "signed_on"),
        ({"place": "x" * 121}, "place"),
        ({"remark": "x" * 301}, "remark"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    town: Town, actor_as: ActorAs, values: dict[str, object], field: str
) -> None:
    case, leader = make_initiative(town), actor_as("leader")
    given = {"valid": 3, "signed_on": case.local_today, **values}
    if isinstance(given["signed_on"], int):
        given["signed_on"] = case.local_today + timedelta(days=given["signed_on"])
    with pytest.raises(Invalid) as caught:
        services.enter_sheet(leader, case.id, Counted(**given), "key")  # type: ignore[arg-type]
    assert set(caught.value.fields) == {field}
    assert queries.signature_sheets(case.id) == []


def test_signatures_after_the_last_day_do_not_count_but_earlier_ones_are_entered_late(
    town: Town, actor_as: ActorAs
) -> None:
    leader = actor_as("leader")
    case = make_initiative(town)
    last = case.local_today - timedelta(days=2)
    case = make_initiative(town, listed_at=case.listed_at - timedelta(days=30), support_until=last)
    with pytest.raises(Invalid):
        services.enter_sheet(leader, case.id, Counted(3, case.local_today), "key")
    services.enter_sheet(leader, case.id, Counted(3, last), "key")
    assert len(queries.signature_sheets(case.id)) == 1


def test_counting_again_wants_a_number(town: Town, actor_as: ActorAs) -> None:
    case, leader = make_initiative(town), actor_as("leader")
    sheet = entered(leader, case)
    for wrong in (None, rules.SIGNATURES_MAX + 1):
        with pytest.raises(Invalid):
            services.count_again(leader, case.id, sheet.id, wrong, sheet.version)
    with pytest.raises(Missing):
        services.count_again(leader, case.id, sheet.id + 1, 3, 1)


def test_who_has_a_stake_does_not_count(town: Town, actor_as: ActorAs) -> None:
    case, leader = make_initiative(town), actor_as("leader")
    services.support(leader, case.id)
    with acting(leader), pytest.raises(NotAllowed):
        services.enter_sheet(leader, case.id, Counted(3, case.local_today), "key")
    with pytest.raises(NotAllowed):
        services.enter_sheet(actor_as("reviewer"), case.id, Counted(3, case.local_today), "key")


def test_an_empty_sheet_counts_nothing(town: Town, actor_as: ActorAs) -> None:
    case, leader = make_initiative(town), actor_as("leader")
    sheet = entered(leader, case, 0)
    assert services.count_again(leader, case.id, sheet.id, 0, sheet.version)
    assert (sheet.state, stands(case)) == (SheetState.COUNTED, (0, 0, 0))
