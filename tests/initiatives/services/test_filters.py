"""Kept filters: one's own alone, each under its own name, not without end, gone with the account."""

from collections.abc import Callable

import pytest

from initiatives import privacy, queries, services
from initiatives.services import filters
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.errors import Invalid, Missing, NotAllowed
from portal.core.tenancy import Town

ActorAs = Callable[..., Actor]


def names(actor: Actor, place: str = "desk") -> list[str]:
    return [row.name for row in queries.saved_filters(actor.user_id, place)]


def test_kept_renamed_deleted(town: Town, actor_as: ActorAs) -> None:
    leader = actor_as("leader")
    first = services.save_filter(leader, "desk", "  Moje   drogi ", "category=roads")
    assert services.save_filter(leader, "desk", "Moje drogi", "category=roads") == first
    services.save_filter(leader, "desk", "Łąki", "category=greenery")
    services.save_filter(leader, "list", "Moje drogi", "category=roads")
    services.rename_filter(leader, first, "Żwir")
    assert names(leader) == ["Łąki", "Żwir"]
    services.rename_filter(leader, first, "żwir")
    services.drop_filter(leader, first)
    assert (names(leader), names(leader, "list")) == (["Łąki"], ["Moje drogi"])


def test_names_are_checked(town: Town, actor_as: ActorAs) -> None:
    leader = actor_as("leader")
    first = services.save_filter(leader, "desk", "Drogi", "category=roads")
    services.save_filter(leader, "desk", "Inne", "category=other")
    for name in ("", "x" * 61, "INNE"):
        with pytest.raises(Invalid):
            services.rename_filter(leader, first, name)
    with pytest.raises(Invalid):
        services.save_filter(leader, "desk", "drogi", "category=other")
    with pytest.raises(Missing):
        services.save_filter(leader, "nonsense", "Drogi", "")
    with pytest.raises(Missing):
        services.save_filter(leader, "desk", "Drogi", "q=" + "x" * 1000)


def test_twenty_and_no_more(town: Town, actor_as: ActorAs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "FILTERS_MAX", 2)
    leader = actor_as("leader")
    for name in "ab":
        services.save_filter(leader, "desk", name, "mine=1")
    with pytest.raises(Invalid):
        services.save_filter(leader, "desk", "c", "mine=1")
    services.save_filter(leader, "list", "c", "category=roads")


def test_nobody_elses_and_nowhere_else(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    leader, other = actor_as("leader"), actor_as("leader")
    kept = services.save_filter(leader, "desk", "Drogi", "category=roads")
    for act in (lambda: services.rename_filter(other, kept, "x"), lambda: services.drop_filter(other, kept)):
        with pytest.raises(Missing):
            act()
    with tenancy.within(other_town.id), pytest.raises(Missing):
        queries.saved_filter(leader.user_id, kept)
    with pytest.raises(NotAllowed):
        services.save_filter(actor_as("visitor"), "list", "Drogi", "category=roads")


def test_exported_and_erased_with_the_account(town: Town, actor_as: ActorAs) -> None:
    resident = actor_as("resident")
    services.save_filter(resident, "list", "Moje drogi", "category=roads")
    assert {"kind": "filter", "title": "Moje drogi", "filter": "category=roads"} in privacy.export(
        resident.user_id or 0
    )
    assert privacy.erase(resident.user_id or 0) >= 1
    assert names(resident, "list") == []
