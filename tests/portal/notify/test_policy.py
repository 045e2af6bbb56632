"""Who sees what a municipality sent."""

import pytest

from portal.accounts.roles import Role
from portal.core.actor import Actor
from portal.core.policy import can

READERS = {"operator", "reviewer", "leader", "decision_maker"}
HOME, ABROAD = 1, 2


@pytest.mark.usefixtures("portal")
@pytest.mark.parametrize("role", ["visitor", "resident", *map(str, Role)])
def test_messages_are_read_by_those_who_deal_with_residents(role: str) -> None:
    actor = Actor(user_id=7, municipality_id=HOME, roles={HOME: frozenset({role})})
    assert bool(can(actor, "message.read")) is (role in READERS)
    assert not can(Actor(user_id=7, municipality_id=HOME, roles={ABROAD: frozenset({role})}), "message.read")
