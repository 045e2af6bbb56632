"""Who may open a desk."""

import pytest

from portal.accounts.roles import Role
from portal.core.actor import PORTAL, Actor
from portal.core.policy import Help, can

HOME, ABROAD = 1, 2
pytestmark = pytest.mark.usefixtures("portal")


@pytest.mark.parametrize("role", list(Role))
def test_a_desk_is_open_to_everybody_who_works_for_this_municipality(role: Role) -> None:
    """Whoever runs the installation works for none: their pages are others."""
    operates = role is Role.PORTAL_OPERATOR
    place = PORTAL if operates else HOME
    here = Actor(user_id=7, municipality_id=HOME, roles={place: frozenset({str(role)})})
    assert bool(can(here, "desk.open")) is not operates
    assert not can(
        Actor(user_id=7, municipality_id=HOME, roles={ABROAD: frozenset({str(role)})}), "desk.open"
    )


def test_whoever_is_signed_in_may_ask_for_their_desks() -> None:
    assert can(Actor(user_id=7), "desk.choose")
    assert not can(Actor(user_id=7, municipality_id=HOME), "desk.open")
    assert can(Actor(), "desk.choose").would_help is Help.SIGN_IN
