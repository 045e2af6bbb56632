"""Who may do what: leaders propose, editors publish, translators translate."""

from collections.abc import Callable

import pytest

from portal.core.actor import Actor
from portal.core.policy import can
from portal.core.tenancy import Town

MAY = {
    "editor": {"page.look", "page.edit", "page.publish", "page.translate", "alert.manage"},
    "admin": {"page.look", "page.edit", "page.publish", "page.translate", "alert.manage"},
    "leader": {"page.look", "page.edit"},
    "translator": {"page.look", "page.translate"},
    "reviewer": set(),
    "operator": set(),
    "dpo": set(),
    "resident": set(),
    "visitor": set(),
}


@pytest.mark.parametrize("role", MAY)
def test_the_table(role: str, town: Town, actor_as: Callable[..., Actor]) -> None:
    actor = actor_as(role)
    for permission in MAY["editor"]:
        assert bool(can(actor, permission)) is (permission in MAY[role]), permission


def test_an_editor_of_another_town_is_a_stranger(
    town: Town, other_town: Town, actor_as: Callable[..., Actor]
) -> None:
    from dataclasses import replace

    stranger = replace(actor_as("editor", other_town), municipality_id=town.id)
    assert not can(stranger, "page.look")
