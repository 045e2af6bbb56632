"""The only clock. Everything that asks for the time asks here, so tests can set it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def today(zone: str) -> date:
    """The local calendar day in `zone` (such as Europe/Warsaw)."""
    return now().astimezone(ZoneInfo(zone)).date()
