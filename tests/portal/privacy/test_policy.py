"""Who may do what in data protection."""

from types import SimpleNamespace

import pytest

from portal.core import policy
from portal.core.actor import Actor
from portal.privacy.policy import PERMISSIONS, another_asked


def actor(role: str, user_id: int = 1, *, fresh: bool = True) -> Actor:
    return Actor(user_id=user_id, municipality_id=1, roles={1: frozenset({role})}, fresh=fresh)


@pytest.fixture(autouse=True)
def known(portal: object) -> None:
    """The table is filled."""
    policy.register(PERMISSIONS)


@pytest.mark.parametrize(
    ("key", "roles"),
    [
        ("privacy.read", {"dpo"}),
        ("privacy.act", {"dpo", "admin"}),
        ("privacy.confirm", {"dpo", "admin"}),
        ("privacy.run", set()),
    ],
)
def test_roles(key: str, roles: set[str]) -> None:
    everybody = (
        "operator",
        "reviewer",
        "leader",
        "decision_maker",
        "editor",
        "admin",
        "dpo",
        "portal_operator",
    )
    assert {role for role in everybody if policy.can(actor(role), key)} == roles


def test_acts_ask_for_signing_in_again() -> None:
    assert not policy.can(actor("dpo", fresh=False), "privacy.act")


def test_nobody_confirms_what_they_asked_for() -> None:
    asked = SimpleNamespace(municipality_id=1, erasure_asked_by_id=1)
    assert not another_asked(actor("dpo"), asked)
    assert not policy.can(actor("dpo"), "privacy.confirm", asked)
    assert policy.can(actor("admin", 2), "privacy.confirm", asked)
