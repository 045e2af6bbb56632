"""Due work: messages to webhooks."""

from typing import Any

from sqlalchemy import select

from portal.api import rules, sending
from portal.api.models import Webhook, WebhookDelivery
from portal.core import clock
from portal.core.db import db, writing


def deliver(payload: dict[str, Any]) -> None:
    """Send a message; a repeat carries the same id. Raises NotSent, after which it is tried again."""
    row = db.session.execute(
        select(WebhookDelivery, Webhook)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(WebhookDelivery.id == payload["delivery"])
    ).one_or_none()
    if row is None or row[0].done_at is not None or row[1].stopped_at is not None:
        return
    delivery, hook = row
    body, now = delivery.body.encode(), int(clock.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "participation-portal",
        "Webhook-Id": delivery.message_id,
        "Webhook-Timestamp": str(now),
        "Webhook-Signature": rules.signature((hook.secret or "").encode(), delivery.message_id, now, body),
    }
    address, delivery_id = hook.address, delivery.id
    db.session.rollback()  # No transaction waits for another's server.
    try:
        status = sending.post(address, body, headers)
    except sending.NotSent as problem:
        _note(delivery_id, problem.status, str(problem), arrived=False)
        raise
    _note(delivery_id, status, "", arrived=True)


def _note(delivery_id: int, status: int | None, told: str, *, arrived: bool) -> None:
    with writing():
        delivery = db.session.scalars(
            select(WebhookDelivery).where(WebhookDelivery.id == delivery_id)
        ).one_or_none()
        if delivery is None:
            return
        hook = db.session.scalars(select(Webhook).where(Webhook.id == delivery.webhook_id)).one()
        delivery.tries += 1
        delivery.status, delivery.told = status, told
        delivery.done_at = clock.now() if arrived else None
        hook.failures = 0 if arrived else hook.failures + 1
        if hook.failures >= rules.FAILURES_TO_STOP:
            hook.stopped_at = clock.now()
