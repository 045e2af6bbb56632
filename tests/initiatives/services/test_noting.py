"""Notes of the team: who is told when one names them, and who never is."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from initiatives import privacy, queries, services
from initiatives.models import Audience, Initiative, Mention
from initiatives.queries import DeskFilter
from portal.content import queries as content
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from portal.notify.models import Notice
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]


def named(case: Initiative) -> list[int]:
    return list(
        db.session.scalars(
            select(Mention.user_id).where(Mention.initiative_id == case.id).order_by(Mention.id)
        )
    )


def told() -> list[int | None]:
    rows = db.session.scalars(select(Notice).where(Notice.code == "initiative.mentioned").order_by(Notice.id))
    return [row.user_id for row in rows]


def mentioned_list(actor: Actor) -> list[str | None]:
    return [row.number for row in queries.work_list(actor, DeskFilter(tab="mentioned"), None).items]


@pytest.fixture
def case(town: Town) -> Initiative:
    return make_initiative(town, "assigned")


def test_a_name_tells_whose_it_is(town: Town, actor_as: ActorAs, case: Initiative) -> None:
    writer, leader = actor_as("reviewer"), actor_as("leader")
    services.add_note(writer, case.id, f"@{leader.name}, proszę o decyzję.", "k")
    services.add_note(writer, case.id, f"@{leader.name}, proszę o decyzję.", "k")
    assert named(case) == [leader.user_id]
    assert told() == [leader.user_id]
    assert mentioned_list(leader) == [case.number]
    assert mentioned_list(writer) == []
    step = queries.timeline(queries.case(case.id), tuple(Lane))[0]
    assert step.told == leader.name


def test_who_is_ticked_is_told_once(town: Town, actor_as: ActorAs, case: Initiative) -> None:
    writer, leader = actor_as("reviewer"), actor_as("leader")
    assert leader.user_id
    services.add_note(writer, case.id, f"Proszę, @{leader.name}.", "k", [leader.user_id])
    assert told() == [leader.user_id]


def test_reading_it_or_writing_back_takes_it_off_the_list(
    town: Town, actor_as: ActorAs, case: Initiative
) -> None:
    writer, leader, other = actor_as("reviewer"), actor_as("leader"), actor_as("reviewer")
    assert leader.user_id
    assert other.user_id
    services.add_note(writer, case.id, "Proszę spojrzeć.", "k", [leader.user_id, other.user_id])
    services.read_mentions(leader, case.id)
    services.add_note(other, case.id, "Spojrzałam.", "l")
    assert mentioned_list(leader) == mentioned_list(other) == []
    assert queries.open_mentions(case.id, leader.user_id) == []


@pytest.mark.parametrize("name", ["Nikt", "Leader9999"])
def test_nobodys_name_is_pointed_out(town: Town, actor_as: ActorAs, case: Initiative, name: str) -> None:
    with pytest.raises(Invalid) as problem:
        services.add_note(actor_as("reviewer"), case.id, f"@{name} proszę", "k")
    assert name in str(problem.value.fields["text"])
    assert content.history(*case.about, (Lane.INTERNAL,)) == []


def test_of_several_of_a_name_one_is_ticked(town: Town, actor_as: ActorAs, case: Initiative) -> None:
    writer = actor_as("reviewer")
    first, second = actor_as("leader"), actor_as("leader")
    word = first.name.split()[0]
    assert first.user_id
    assert word == second.name.split()[0]
    with pytest.raises(Invalid):
        services.add_note(writer, case.id, f"@{word} proszę", "k")
    services.add_note(writer, case.id, f"@{word} proszę", "k", [first.user_id])
    assert named(case) == [first.user_id]


def test_only_who_may_read_the_case(
    town: Town, other_town: Town, actor_as: ActorAs, case: Initiative
) -> None:
    writer, resident = actor_as("reviewer"), actor_as("resident")
    elsewhere, partial, steering = actor_as("leader", other_town), actor_as("reviewer"), actor_as("steering")
    services.support(partial, case.id)
    known = {user_id for user_id, _name in queries.to_mention(queries.case(case.id), writer.user_id)}
    for outsider in (writer, resident, elsewhere, partial, steering):
        assert outsider.user_id not in known
        with pytest.raises(Invalid):
            services.add_note(writer, case.id, "Proszę.", "k", [outsider.user_id or 0])
    assert told() == []
    with pytest.raises(NotAllowed):
        services.add_note(steering, case.id, "Proszę.", "k")


def test_the_operator_who_took_it_down_may_be_named(town: Town, actor_as: ActorAs) -> None:
    operator, other = actor_as("operator"), actor_as("operator")
    case = make_initiative(town, "returned", taken_by_user_id=operator.user_id)
    known = dict(queries.to_mention(queries.case(case.id)))
    assert operator.user_id in known
    assert other.user_id not in known


def test_a_conflict_that_comes_later_shuts_the_list(town: Town, actor_as: ActorAs, case: Initiative) -> None:
    writer, leader = actor_as("reviewer"), actor_as("leader")
    assert leader.user_id
    services.add_note(writer, case.id, "Proszę.", "k", [leader.user_id])
    services.support(leader, case.id)
    assert mentioned_list(leader) == []


@pytest.mark.parametrize("withheld", [True, False])
def test_the_message_holds_neither_the_note_nor_a_secret_title(
    town: Town, actor_as: ActorAs, withheld: bool
) -> None:
    case = make_initiative(
        town,
        "assigned",
        title="Sprawa pani Kowalskiej",
        audience=Audience.TEAM if withheld else Audience.EVERYBODY,
    )
    leader = actor_as("leader")
    assert leader.user_id
    services.add_note(actor_as("reviewer"), case.id, "Tajne słowa.", "k", [leader.user_id])
    notice = db.session.scalars(select(Notice).where(Notice.code == "initiative.mentioned")).one()
    kept = str(notice.values)
    assert "Tajne" not in kept
    assert ("Kowalskiej" in kept) is not withheld
    assert (case.number or "") in kept


def test_exported_and_erased_with_the_account(town: Town, actor_as: ActorAs, case: Initiative) -> None:
    leader = actor_as("leader")
    assert leader.user_id
    services.add_note(actor_as("reviewer"), case.id, "Proszę.", "k", [leader.user_id])
    assert ("mention", case.number) in {
        (row["kind"], row.get("number")) for row in privacy.export(leader.user_id)
    }
    privacy.erase(leader.user_id)
    assert named(case) == []
