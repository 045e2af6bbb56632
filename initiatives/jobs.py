"""Due work of initiatives: deferred decisions that return."""

from datetime import date
from typing import Any

from initiatives import queries, services
from portal.core.actor import current


def resume(payload: dict[str, Any]) -> None:
    """The day a deferral named has come: the case returns to the decision-maker."""
    case = queries.case(payload["initiative"])
    if case.state == "deferred" and case.returns_on == date.fromisoformat(payload["day"]):
        services.resume(current(), case.id)
