"""Doing: keys made and ended, webhooks made, stopped and removed, public changes told."""

import json
import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from portal.api import queries, rules
from portal.api.models import ApiKey, Webhook, WebhookDelivery
from portal.api.policy import KEY_ROLES
from portal.core import audit, clock, events, jobs, tenancy
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import registry
from portal.core.sealed import new_row_id
from portal.core.tokens import digest
from portal.core.usecase import once, use_case

PREFIX = "pk_"
KEPT = timedelta(days=30)


@use_case("api.manage", code="api_key.made")
def make_key(actor: Actor, name: str, roles: list[str], scopes: list[str], days: int, key: str) -> str:
    """Make a key; its secret, which is shown once. A repeated post gets an empty text. Raises Invalid."""
    problems = _key_problems(name, roles, scopes, days)
    if problems:
        raise Invalid(_l("The key cannot be made so."), problems)
    secret = PREFIX + secrets.token_urlsafe(32)

    def act() -> int:
        row = ApiKey(
            municipality_id=actor.municipality_id,
            name=name.strip(),
            hash=digest(secret),
            tail=secret[-4:],
            roles=sorted(roles),
            scopes=sorted(scopes),
            created_at=clock.now(),
            created_by_user_id=actor.user_id,
            expires_at=clock.now() + timedelta(days=days),
        )
        db.session.add(row)
        db.session.flush()  # The audit entry names it.
        audit.note(f"api_key:{row.id}", scopes=sorted(scopes))
        return row.id

    made = once("api.key", key, act)
    row = queries.key(made)
    return secret if row.hash == digest(secret) else ""


def _key_problems(name: str, roles: list[str], scopes: list[str], days: int) -> dict[str, Any]:
    offered = {scope for scope, _ in queries.scopes_offered()}
    told = (
        ("name", bool(name.strip()), _l("Say what the key is for.")),
        ("roles", bool(roles) and set(roles) <= set(KEY_ROLES), _l("Choose at least one role.")),
        ("scopes", bool(scopes) and set(scopes) <= offered, _l("Choose at least one permission.")),
        ("days", days in rules.KEY_DAYS, _l("Choose how long the key lives.")),
    )
    return {field: text for field, good, text in told if not good}


@use_case("api.manage", code="api_key.ended")
def end_key(actor: Actor, key_id: int) -> None:
    """Let a key open nothing from now on; one that ended already is fine."""
    row = queries.key(key_id)
    row.ended_at = row.ended_at or clock.now()
    audit.note(f"api_key:{row.id}")


@use_case("api.manage", code="webhook.made")
def make_webhook(actor: Actor, name: str, address: str, kinds: list[str], key: str) -> int:
    """Tell an address of public changes from now on; its id. Raises Invalid."""
    problems: dict[str, Any] = {}
    if not name.strip():
        problems["name"] = _l("Say who is told.")
    if (problem := rules.target_problem(address)) is not None:
        problems["address"] = problem
    if not kinds or not set(kinds) <= set(kinds_offered()):
        problems["events"] = _l("Choose at least one kind of content.")
    if problems:
        raise Invalid(_l("The webhook cannot be made so."), problems)

    def act() -> int:
        row = Webhook(
            id=new_row_id(),
            municipality_id=actor.municipality_id,
            name=name.strip(),
            address=address,
            events=sorted(kinds),
            created_at=clock.now(),
        )
        row.secret = secrets.token_urlsafe(32)
        db.session.add(row)
        audit.note(f"webhook:{row.id}")
        return row.id

    found: int = once("api.webhook", key, act)
    return found


def kinds_offered() -> list[str]:
    """Kinds of content a webhook can be told of."""
    return sorted(registry.content_types)


@use_case("api.manage", code="webhook.switched")
def switch_webhook(actor: Actor, webhook_id: int, *, on: bool) -> None:
    """Stop telling an address, or go on; what happened in between is not told."""
    row = queries.webhook(webhook_id)
    row.stopped_at = None if on else (row.stopped_at or clock.now())
    if on:
        row.failures = 0
    audit.note(f"webhook:{row.id}", on=on)


@use_case("api.manage", code="webhook.removed")
def remove_webhook(actor: Actor, webhook_id: int) -> None:
    """Forget an address and what was sent there."""
    row = queries.webhook(webhook_id)
    db.session.execute(delete(WebhookDelivery).where(WebhookDelivery.webhook_id == row.id))
    db.session.delete(row)
    audit.note(f"webhook:{row.id}")


@use_case("api.manage", code="webhook.tried")
def try_webhook(actor: Actor, webhook_id: int) -> None:
    """Send a message of no case, so that its owner sees whether it arrives."""
    row = queries.webhook(webhook_id)
    _enqueue(row, "ping", {"event": "ping", "at": clock.now().isoformat(timespec="seconds")})
    audit.note(f"webhook:{row.id}")


def tell_webhooks(fact: events.Fact) -> None:
    """A thing moved, or something else of it became public: write a message for each webhook that wants it.

    Inside its use case. A move tells the states, a note (more time, a milestone) the verb.
    """
    thing, step = fact.thing, fact.values.get("step")
    if fact.code == f"{getattr(thing, 'KIND', '')}.commented":
        _tell_of_comment(fact)
        return
    kind = registry.content_types.get(getattr(thing, "KIND", ""))
    if kind is None or step is None or fact.code not in (f"{kind.key}.moved", f"{kind.key}.noted"):
        return
    before, after = (kind.workflow.state(key) for key in (step.from_state, step.to_state))
    if thing.withheld or not (after.public or before.public):
        return
    rows = db.session.scalars(select(Webhook).where(Webhook.stopped_at.is_(None))).all()
    message = {
        "event": fact.code,
        "at": step.at.isoformat(timespec="seconds"),
        "kind": kind.key,
        "verb": step.verb,
        "number": getattr(thing, "number", None) or str(thing.id),
        "from": before.key if before.public else None,
        "to": after.key if after.public else None,
        "municipality": tenancy.town_by_id(thing.municipality_id).slug,
        "path": kind.address(thing) if after.public else None,
    }
    for row in rows:
        if kind.key in row.events:
            _enqueue(row, fact.code, message)


def _tell_of_comment(fact: events.Fact) -> None:
    """A comment is seen from now on: its id, and what it answers; never its words or a name."""
    thing, said = fact.thing, fact.values["comment"]
    kind = registry.content_types[thing.KIND]
    message = {
        "event": fact.code,
        "at": clock.now().isoformat(timespec="seconds"),
        "kind": kind.key,
        "number": getattr(thing, "number", None) or str(thing.id),
        "comment": said.id,
        "answers": said.parent_id,
        "official": said.official,
        "municipality": tenancy.town_by_id(thing.municipality_id).slug,
        "path": f"{kind.address(thing)}/comments/{said.id}",
    }
    for row in db.session.scalars(select(Webhook).where(Webhook.stopped_at.is_(None))).all():
        if kind.key in row.events:
            _enqueue(row, fact.code, message)


def _enqueue(row: Webhook, event: str, message: dict[str, Any]) -> None:
    delivery = WebhookDelivery(
        municipality_id=row.municipality_id,
        webhook_id=row.id,
        message_id=f"msg_{secrets.token_hex(12)}",
        event=event,
        body=json.dumps(message, ensure_ascii=False, separators=(",", ":")),
        created_at=clock.now(),
    )
    db.session.add(delivery)
    db.session.flush()  # The job names it.
    jobs.enqueue("webhook.deliver", {"delivery": delivery.id}, dedupe=f"webhook:{delivery.message_id}")


def purge() -> None:
    """Forget messages after thirty days."""
    with tenancy.unscoped("old messages of every municipality"):
        db.session.execute(delete(WebhookDelivery).where(WebhookDelivery.created_at < clock.now() - KEPT))
