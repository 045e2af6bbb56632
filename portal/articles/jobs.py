"""Due work of pages and alerts: what becomes public or ends by the clock."""

from datetime import datetime
from typing import Any

from portal.articles import services
from portal.core import actor as actors
from portal.core import events
from portal.core.db import writing
from portal.core.errors import Missing


def publish(payload: dict[str, Any]) -> None:
    """A planned publication is due."""
    _act(services.publish_due, payload)


def expire(payload: dict[str, Any]) -> None:
    """A planned end is due."""
    _act(services.expire_due, payload)


def _act(service: Any, payload: dict[str, Any]) -> None:
    try:
        service(actors.current(), payload["article"], datetime.fromisoformat(payload["at"]))
    except Missing:
        return  # Thrown away meanwhile.


def turn_alert(_payload: dict[str, Any]) -> None:
    """An alert begins or ends now: kept pages are stale."""
    with writing():
        events.tell("content.changed", None)
