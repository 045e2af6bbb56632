"""Finished messages as a channel gets them."""

from datetime import UTC, datetime
from typing import Any

from portal.notify.channels import Letter


def letter(**changed: Any) -> Letter:
    """A letter like any other but for what is changed."""
    given = {
        "message_id": "<0123456789abcdef@portal.example>",
        "to": "jan@people.example",
        "subject": "Zażółć gęślą jaźń",
        "text": "Dzień dobry,\nžluťoučký kůň.",
        "html": "<p>Dzień dobry</p>",
        "sender": "Ostrava-Jih, úřad",
        "reply_to": "podatelna@ostrava-jih.example",
        "unsubscribe": None,
        "at": datetime(2026, 11, 21, 10, 30, tzinfo=UTC),
    }
    return Letter(**{**given, **changed})
