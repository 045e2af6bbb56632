"""Reading keys, webhooks and what became of their messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select

from portal.api.models import ApiKey, Webhook, WebhookDelivery
from portal.api.policy import KEY_ROLES
from portal.core import clock, tenancy
from portal.core.db import db
from portal.core.errors import Missing
from portal.core.policy import holders, permissions
from portal.core.registry import PUBLIC, ApiRoute, registry
from portal.core.tokens import digest

DELIVERIES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Bearer:
    """A key that was sent: what it may do, and where."""

    id: int
    name: str
    municipality_id: int
    roles: frozenset[str]
    scopes: frozenset[str]


def bearer(secret: str) -> Bearer | None:
    """The living key of this secret."""
    with tenancy.unscoped("a key names its municipality itself"):
        row = db.session.execute(
            select(ApiKey.id, ApiKey.name, ApiKey.municipality_id, ApiKey.roles, ApiKey.scopes).where(
                ApiKey.hash == digest(secret), ApiKey.ended_at.is_(None), ApiKey.expires_at > clock.now()
            )
        ).one_or_none()
    if row is None:
        return None
    return Bearer(row.id, row.name, row.municipality_id, frozenset(row.roles), frozenset(row.scopes))


def all_keys() -> Sequence[ApiKey]:
    """The keys of the municipality in scope, the newest first; ended ones too."""
    return db.session.scalars(select(ApiKey).order_by(ApiKey.id.desc())).all()


def key(key_id: int) -> ApiKey:
    """One key of the municipality in scope. Raises Missing."""
    return _one(ApiKey, key_id)


def webhooks() -> Sequence[Webhook]:
    """The webhooks of the municipality in scope, the newest first."""
    return db.session.scalars(select(Webhook).order_by(Webhook.created_at.desc())).all()


def webhook(webhook_id: int) -> Webhook:
    """One webhook of the municipality in scope. Raises Missing."""
    return _one(Webhook, webhook_id)


def deliveries(webhook_id: int) -> Sequence[WebhookDelivery]:
    """The newest messages to a webhook."""
    statement = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    return db.session.scalars(statement.order_by(WebhookDelivery.id.desc()).limit(DELIVERIES_SHOWN)).all()


T = TypeVar("T", ApiKey, Webhook)


def _one(model: type[T], row_id: int) -> T:
    row = db.session.scalar(select(model).where(model.id == row_id))
    if row is None:
        raise Missing
    return row


def operations() -> list[ApiRoute]:
    """Every operation of every module."""
    return [operation for module in registry.modules for operation in module.api]


def scopes_offered() -> list[tuple[str, str]]:
    """(permission, what it means) of the operations that need a key and that a key's roles can do at all."""
    wanted = dict.fromkeys(o.permission for o in operations() if o.permission != PUBLIC)
    wanted |= dict.fromkeys(scope for module in registry.modules for scope in module.api_scopes)
    table = permissions()
    return [(name, str(table[name].title)) for name in wanted if holders(name) & set(KEY_ROLES)]


def ended(row: ApiKey) -> datetime | None:
    """When the key stopped opening anything; None while it still does."""
    if row.ended_at is not None:
        return row.ended_at
    return row.expires_at if row.expires_at <= clock.now() else None
