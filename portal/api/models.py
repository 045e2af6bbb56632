"""Tables of the API: keys that act for a municipality, and webhooks that are told of public changes."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, UtcDateTime
from portal.core.sealed import Sealed
from portal.core.tenancy import Municipal


class ApiKey(Municipal, Base):
    """A key of a municipality. Only its hash is kept; `roles` and `scopes` bound what it may do."""

    __tablename__ = "api_key"
    PERSONAL = ("hash",)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    tail: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(JSON)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_user_id: Mapped[int] = mapped_column(Key)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Webhook(Municipal, Base):
    """An address of somebody else's server that is told of public changes in a municipality."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str]
    address: Mapped[str]
    events: Mapped[list[str]] = mapped_column(JSON)
    secret_sealed: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(default=0)

    secret = Sealed()


class WebhookDelivery(Municipal, Base):
    """What became of one message to a webhook; the newest are kept."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_webhook", "webhook_id", "id"),
        CheckConstraint("tries >= 0", name="tries"),
    )
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(Key, ForeignKey("webhook.id"))
    message_id: Mapped[str] = mapped_column(unique=True)
    event: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
    told: Mapped[str] = mapped_column(default="")
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
