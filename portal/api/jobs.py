"""Due work: messages to webhooks."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.api import rules, sending
from portal.api.models import Webhook, WebhookDelivery
from portal.core import clock
from portal.core.db import db, writing


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out."""

    delivery_id: int
    message_id: str
    address: str
    secret: bytes
    body: bytes


def deliver(payload: dict[str, Any]) -> None:
    """Send a message; a repeat carries the same id. Raises NotSent, after which it is tried again."""
    message = _claimed(payload["delivery"])
    if message is None:
        return
    now = int(clock.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "participation-portal",
        "Webhook-Id": message.message_id,
        "Webhook-Timestamp": str(now),
        "Webhook-Signature": rules.signature(message.secret, message.message_id, now, message.body),
    }
    try:
        status = sending.post(message.address, message.body, headers)
    except sending.NotSent as problem:
        _note(message.delivery_id, problem.status, str(problem), arrived=False)
        raise
    _note(message.delivery_id, status, "", arrived=True)


def _claimed(delivery_id: int) -> Message | None:
    """Count a try; the transaction ends here, so that none waits for another's server."""
    with writing():
        row = db.session.execute(
            select(WebhookDelivery, Webhook)
            .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
            .where(WebhookDelivery.id == delivery_id)
        ).one_or_none()
        if row is None or row[0].done_at is not None or row[1].stopped_at is not None:
            return None
        delivery, hook = row
        delivery.tries += 1
        return Message(
            delivery.id,
            delivery.message_id,
            hook.address,
            (hook.secret or "").encode(),
            delivery.body.encode(),
        )


def _note(delivery_id: int, status: int | None, told: str, *, arrived: bool) -> None:
    with writing():
        delivery = db.session.scalars(
            select(WebhookDelivery).where(WebhookDelivery.id == delivery_id)
        ).one_or_none()
        if delivery is None:
            return
        hook = db.session.scalars(select(Webhook).where(Webhook.id == delivery.webhook_id)).one()
        delivery.status, delivery.told = status, told
        delivery.done_at = clock.now() if arrived else None
        hook.failures = 0 if arrived else hook.failures + 1
        if hook.failures >= rules.FAILURES_TO_STOP:
            hook.stopped_at = clock.now()
