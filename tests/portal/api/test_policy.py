"""Who hands out keys: the administrator alone; and what no key ever gets."""

from collections.abc import Callable

import pytest

from portal.accounts.roles import Role
from portal.api.policy import KEY_ROLES
from portal.core.actor import Actor
from portal.core.policy import can


@pytest.mark.usefixtures("town")
def test_only_the_administrator_sees_and_makes_keys(actor_as: Callable[..., Actor]) -> None:
    for role in Role:
        actor = actor_as(role.value)
        assert bool(can(actor, "api.read")) is (role is Role.ADMIN), role
        assert bool(can(actor, "api.manage")) is (role is Role.ADMIN), role
    assert not can(actor_as("admin", fresh=False), "api.manage")


def test_no_key_decides_administers_or_guards_data() -> None:
    assert not {Role.DECISION_MAKER, Role.ADMIN, Role.DPO, Role.PORTAL_OPERATOR} & set(KEY_ROLES)
