"""Keys are shown once and bounded; webhooks hear of public steps and of nothing else."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from initiatives import services as initiatives
from portal.api import queries, services
from portal.api.models import ApiKey, WebhookDelivery
from portal.content import queries as content_queries
from portal.core import audit, clock
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.errors import Invalid, Missing, NotAllowed
from portal.core.tenancy import Town, within
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
SCOPES = ["initiative.desk"]


def hook(admin: Actor, kinds: tuple[str, ...] = ("initiative",)) -> int:
    return services.make_webhook(admin, "Registry", "https://example.org/hook", list(kinds), "form")


def sent() -> list[dict[str, Any]]:
    db.session.rollback()
    return [
        json.loads(row.body)
        for row in db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))
    ]


def test_a_key_is_kept_as_a_hash_and_found_by_its_secret(admin: Actor, town: Town) -> None:
    secret = services.make_key(admin, "Registry", ["leader"], SCOPES, 30, "form")
    row = db.session.scalars(select(ApiKey)).one()
    assert secret not in (row.hash, row.name)
    assert secret.endswith(row.tail)
    found = queries.bearer(secret)
    assert found is not None
    assert (found.municipality_id, found.roles, found.scopes) == (town.id, {"leader"}, set(SCOPES))
    assert queries.bearer(secret + "x") is None


def test_a_repeated_form_makes_no_second_key_and_shows_nothing(admin: Actor) -> None:
    first = services.make_key(admin, "Registry", ["leader"], SCOPES, 30, "form")
    assert (first != "", services.make_key(admin, "Registry", ["leader"], SCOPES, 30, "form")) == (True, "")
    assert len(queries.all_keys()) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"roles": []}, "roles"),
        ({"roles": ["admin"]}, "roles"),
        ({"roles": ["decision_maker"]}, "roles"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["member.manage"]}, "scopes"),
        ({"days": 9999}, "days"),
    ],
)
def test_a_key_goes_no_further_than_is_offered(admin: Actor, change: dict[str, Any], field: str) -> None:
    values = {"name": "Registry", "roles": ["leader"], "scopes": SCOPES, "days": 30, "key": "form", **change}
    with pytest.raises(Invalid) as caught:
        services.make_key(admin, **values)
    assert set(caught.value.fields) == {field}


def test_an_ended_or_expired_key_opens_nothing(admin: Actor, frozen: Callable[[str], None]) -> None:
    frozen("2026-03-02 10:00")
    ended, old = (services.make_key(admin, "R", ["leader"], SCOPES, 30, key) for key in ("a", "b"))
    services.end_key(admin, queries.all_keys()[1].id)
    assert (queries.bearer(ended), queries.bearer(old) is not None) == (None, True)
    frozen("2026-04-01 11:01")
    assert queries.bearer(old) is None
    assert all(queries.ended(row) for row in queries.all_keys())


def test_only_the_administrator_freshly_signed_in_hands_out_keys(actor_as: ActorAs) -> None:
    for stranger in (actor_as("leader"), actor_as("admin", fresh=False), actor_as("dpo")):
        with pytest.raises(NotAllowed):
            services.make_key(stranger, "R", ["leader"], SCOPES, 30, "k")


def test_keys_and_webhooks_of_a_neighbour_are_not_there(admin: Actor, other_town: Town) -> None:
    services.make_key(admin, "R", ["leader"], SCOPES, 30, "k")
    made = hook(admin)
    key_id = queries.all_keys()[0].id
    with within(other_town.id):
        assert (queries.all_keys(), queries.webhooks()) == ([], [])
        with pytest.raises(Missing):
            queries.key(key_id)
        with pytest.raises(Missing):
            queries.webhook(made)


def test_what_a_key_does_is_written_under_its_number(admin: Actor, town: Town, actor_as: ActorAs) -> None:
    key = Actor(
        municipality_id=town.id,
        roles={town.id: frozenset({"leader"})},
        key_id=7,
        scopes=frozenset({"initiative.moderate"}),
    )
    case = make_initiative(town, "submitted")
    with pytest.raises(NotAllowed):
        initiatives.transfer(key, case.id, "Powiat", "To nie nasze.")
    initiatives.publish(key, case.id)
    entry = db.session.scalars(select(audit.AuditEntry).order_by(audit.AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.code, entry.details["api_key"]) == ("initiative.published", 7)


def test_a_webhook_hears_of_public_steps_alone(admin: Actor, town: Town, actor_as: ActorAs) -> None:
    hook(admin)
    hidden = make_initiative(town, "submitted")
    initiatives.hold(actor_as("reviewer"), hidden.id, "Reklama.")
    assert sent() == []
    case = make_initiative(town, "submitted")
    initiatives.publish(actor_as("reviewer"), case.id)
    (message,) = sent()
    assert {name: message[name] for name in ("event", "kind", "number", "from", "to", "municipality")} == {
        "event": "initiative.moved",
        "kind": "initiative",
        "number": case.number,
        "from": None,
        "to": "published",
        "municipality": "lublin",
    }
    assert case.title not in json.dumps(message)


def test_a_webhook_hears_of_what_becomes_public_beside_the_moves(
    admin: Actor, town: Town, actor_as: ActorAs
) -> None:
    hook(admin)
    leader = actor_as("leader")
    case = make_initiative(town, "purpose_study", lead=leader)
    initiatives.add_note(leader, case.id, "Nie dla wszystkich.", "k")
    assert sent() == []
    (clock_,) = content_queries.open_deadlines(*case.about)
    initiatives.extend(leader, case.id, clock_.due_on + timedelta(days=7), "Czekamy na mapę.")
    (message,) = sent()
    assert (message["event"], message["verb"], message["from"], message["to"]) == (
        "initiative.noted",
        "extend",
        "purpose_study",
        "purpose_study",
    )
    assert "mapę" not in json.dumps(message, ensure_ascii=False)


def test_a_step_that_was_undone_is_not_told(admin: Actor, town: Town, actor_as: ActorAs) -> None:
    hook(admin)
    case = make_initiative(town, "submitted")
    with pytest.raises(NotAllowed):
        initiatives.publish(actor_as("resident"), case.id)
    assert sent() == []


def test_a_stopped_webhook_and_one_of_a_neighbour_hear_nothing(
    admin: Actor, town: Town, other_town: Town, actor_as: ActorAs
) -> None:
    made = hook(admin)
    services.switch_webhook(admin, made, on=False)
    with within(other_town.id):
        hook(actor_as("admin", other_town))
    initiatives.publish(actor_as("reviewer"), make_initiative(town, "submitted").id)
    assert sent() == []
    services.switch_webhook(admin, made, on=True)
    services.try_webhook(admin, made)
    assert [message["event"] for message in sent()] == ["ping"]


@pytest.mark.parametrize(
    ("name", "address", "kinds", "field"),
    [
        ("", "https://example.org/", ["initiative"], "name"),
        ("R", "http://example.org/", ["initiative"], "address"),
        ("R", "https://example.org/", [], "events"),
        ("R", "https://example.org/", ["user"], "events"),
    ],
)
def test_half_a_webhook_is_refused_with_its_field(
    admin: Actor, name: str, address: str, kinds: list[str], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        services.make_webhook(admin, name, address, kinds, "k")
    assert set(caught.value.fields) == {field}


def test_a_removed_webhook_takes_its_messages_along(admin: Actor) -> None:
    made = hook(admin)
    services.try_webhook(admin, made)
    services.remove_webhook(admin, made)
    assert (sent(), queries.webhooks()) == ([], [])


def test_old_messages_are_forgotten(admin: Actor, frozen: Callable[[str], None]) -> None:
    frozen("2026-03-02 10:00")
    made = hook(admin)
    services.try_webhook(admin, made)
    frozen("2026-04-02 10:00")
    services.try_webhook(admin, made)
    with writing():
        services.purge()
    (row,) = queries.deliveries(made)
    assert clock.now() - row.created_at < timedelta(minutes=1)
