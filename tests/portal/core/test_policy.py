"""One question, and what its answer says."""

from dataclasses import dataclass

import pytest

from portal.core import policy
from portal.core.actor import PORTAL, Actor, Channel
from portal.core.errors import NotAllowed
from portal.core.policy import Grant, Help, Permission


@dataclass
class Thing:
    municipality_id: int
    owner: int = 0
    closed_permissions: frozenset[str] = frozenset()


def own(actor: Actor, thing: Thing) -> bool:
    return actor.user_id == thing.owner


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_table", {})
    policy.register(
        (
            Permission("thing.read", "Read", (Grant("visitor"),)),
            Permission("thing.edit", "Edit", (Grant("resident", own), Grant("leader"))),
            Permission("thing.drop", "Drop", (Grant("leader", fresh=True),)),
            Permission("thing.never", "Never", ()),
            Permission("thing.give", "Give", (Grant("leader", lent=False),), denied="Not this one."),
        )
    )


LEADER = Actor(user_id=1, municipality_id=7, roles={7: frozenset({"leader"})})


def test_a_visitor_may_what_visitors_may() -> None:
    assert policy.can(Actor(), "thing.read")


def test_a_role_counts_in_its_own_municipality_only() -> None:
    assert policy.can(LEADER, "thing.edit", Thing(7))
    assert not policy.can(LEADER, "thing.edit", Thing(8))


def test_the_thing_decides_where_the_actor_stands_elsewhere() -> None:
    visiting = Actor(user_id=1, municipality_id=8, roles={7: frozenset({"leader"})})
    assert policy.can(visiting, "thing.edit", Thing(7))


def test_a_predicate_is_asked_of_the_thing_but_not_at_the_door() -> None:
    resident = Actor(user_id=5)
    assert policy.can(resident, "thing.edit")
    assert policy.can(resident, "thing.edit", Thing(7, owner=5))
    assert not policy.can(resident, "thing.edit", Thing(7, owner=6))


def test_a_state_narrows_for_everybody() -> None:
    assert not policy.can(LEADER, "thing.edit", Thing(7, closed_permissions=frozenset({"thing.edit"})))


def test_refusals_say_why() -> None:
    closed = Thing(7, closed_permissions=frozenset({"thing.give"}))
    assert (
        policy.can(LEADER, "thing.give", closed).reason
        == "This is not possible in the present state of the case."
    )
    assert policy.can(Actor(user_id=2), "thing.give").reason == "You do not have the rights for this."
    assert policy.can(Actor(user_id=2), "thing.give", Thing(7)).reason == "Not this one."
    assert policy.can(LEADER, "thing.drop").reason == "Sign in once more to confirm that it is you."
    assert policy.can(LEADER, "thing.drop").allowed is False


def test_a_key_may_only_what_it_was_given() -> None:
    scopes = frozenset({"thing.edit"})
    key = Actor(key_id=4, municipality_id=7, roles={7: frozenset({"leader"})}, scopes=scopes, fresh=True)
    assert policy.can(key, "thing.edit", Thing(7))
    verdict = policy.can(key, "thing.drop", Thing(7))
    assert (verdict.allowed, verdict.reason) == (False, "The key was not given this permission.")
    # Signing in would not help a program.
    assert policy.can(key, "thing.edit", Thing(8)).would_help is None


def test_a_lent_role_is_not_enough_where_ones_own_is_asked_for() -> None:
    roles, lent = {7: frozenset({"admin"})}, {7: "leader"}
    helper = Actor(user_id=1, municipality_id=7, roles=roles, lent=lent)
    assert policy.can(helper, "thing.edit", Thing(7))
    assert not policy.can(helper, "thing.give", Thing(7))
    assert not policy.can(helper, "thing.edit", Thing(8))
    both = Actor(user_id=1, municipality_id=7, roles={7: frozenset({"leader"})}, lent=lent)
    assert policy.can(both, "thing.give", Thing(7))
    assert policy.can(LEADER, "thing.give", Thing(7))


def test_one_grant_that_does_not_fit_hides_no_other() -> None:
    both = Actor(user_id=5, municipality_id=7, roles={7: frozenset({"leader"})})
    assert policy.can(both, "thing.edit", Thing(7, owner=6))


def test_holders_are_the_roles_of_the_table() -> None:
    assert policy.holders("thing.edit") == {"resident", "leader"}


def test_dangerous_acts_ask_for_signing_in_again() -> None:
    verdict = policy.can(LEADER, "thing.drop", Thing(7))
    assert not verdict
    assert verdict.would_help is Help.SIGN_IN_AGAIN
    fresh = Actor(user_id=1, municipality_id=7, roles=LEADER.roles, fresh=True)
    assert policy.can(fresh, "thing.drop", Thing(7))


def test_a_stranger_is_told_that_signing_in_would_help() -> None:
    assert policy.can(Actor(), "thing.edit").would_help is Help.SIGN_IN
    assert policy.can(Actor(user_id=2), "thing.drop").would_help is None
    assert policy.can(Actor(), "thing.never").would_help is None


def test_need_raises_with_the_reason() -> None:
    with pytest.raises(NotAllowed) as caught:
        policy.need(Actor(), "thing.edit")
    assert caught.value.would_help is Help.SIGN_IN
    with pytest.raises(NotAllowed) as caught:
        policy.need(LEADER, "thing.edit", Thing(8))
    assert caught.value.reason == "You do not have the rights for this."
    policy.need(LEADER, "thing.edit", Thing(7))


def test_an_unknown_permission_is_an_error() -> None:
    with pytest.raises(KeyError):
        policy.can(LEADER, "thing.fly")


def test_a_key_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="twice"):
        policy.register((Permission("thing.read", "Read again", ()),))


def test_a_predicate_that_raises_is_an_error_not_a_no() -> None:
    with pytest.raises(AttributeError):
        policy.can(Actor(user_id=5), "thing.edit", object())


def test_jobs_and_commands_may_act_and_portal_roles_count_everywhere() -> None:
    assert policy.can(Actor(channel=Channel.JOB), "thing.never")
    operator = Actor(user_id=3, roles={PORTAL: frozenset({"leader"})})
    assert policy.can(operator, "thing.edit", Thing(8))
