"""What can go wrong in a use case, with a reason that may be shown to the person who asked.

The pages of `ui/http.py` turn each into its HTTP status; nothing else decides on status codes.
"""

from datetime import datetime

from portal.core import clock
from portal.core.i18n import Text


class PortalError(Exception):
    """Base of the errors below; `reason` is a whole translated sentence."""

    status = 400

    def __init__(self, reason: Text = "") -> None:
        super().__init__(str(reason) if isinstance(reason, str) else "")
        self.reason = reason


class Invalid(PortalError):
    """The request cannot be carried out as it stands (422): `fields` maps field name → what to do."""

    status = 422

    def __init__(self, reason: Text = "", fields: dict[str, Text] | None = None) -> None:
        super().__init__(reason)
        self.fields = fields or {}


class NotAllowed(PortalError):
    """The actor lacks a permission (403, or the sign-in page when `would_help` says so)."""

    status = 403

    def __init__(self, reason: Text = "", would_help: str | None = None) -> None:
        super().__init__(reason)
        self.would_help = would_help


class Unexplained(NotAllowed):
    """What is sensitive opens once it is said what for (R35): `ask_href` is the page that asks and leads on to `?next=`."""

    def __init__(self, reason: Text, ask_href: str) -> None:
        super().__init__(reason)
        self.ask_href = ask_href


class Missing(PortalError):
    """There is no such thing, or not for this actor: the answer is the same (404).

    `would_help` says what opens things of this kind, whether or not there is this one.
    """

    status = 404

    def __init__(self, reason: Text = "", would_help: str | None = None) -> None:
        super().__init__(reason)
        self.would_help = would_help


class Conflict(PortalError):
    """Somebody else changed it first (409); `theirs` and `mine` let the page show both texts."""

    status = 409

    def __init__(self, reason: Text = "", theirs: object = None) -> None:
        super().__init__(reason)
        self.theirs = theirs


class TooMany(PortalError):
    """A throttle is closed (429); try again after `retry_after` seconds."""

    status = 429

    def __init__(self, reason: Text = "", retry_after: int = 60) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Busy(PortalError):
    """The database could not take the write in time (503); nothing was written."""

    status = 503
    retry_after = 5


class ReadOnly(PortalError):
    """Nothing is written while the portal is looked after (503); `until` is the expected end."""

    status = 503

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until

    @property
    def retry_after(self) -> int:
        """Seconds until the expected end."""
        return max(int((self.until - clock.now()).total_seconds()) + 1, 1)


class Full(PortalError):
    """The disk is nearly full, or full (503); nothing was written."""

    status = 503
    retry_after = 600
