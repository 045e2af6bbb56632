"""The ways a message can go, when it may, and how it can fare: closed families with their labels."""

from enum import StrEnum

from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _pl

TRIES = 20
"""With the pauses of `core.jobs` the last try comes some 13 hours after the first (R63 asks for four)."""


class Channel(StrEnum):
    """How a message reaches its recipient; letters and calls are tasks for the office."""

    MAIL = "mail"
    SMS = "sms"
    LETTER = "letter"
    PHONE = "phone"

    @property
    def label(self) -> Text:
        """Its name for readers."""
        return _CHANNELS[self]

    @property
    def is_task(self) -> bool:
        """Whether a person of the office has to do it."""
        return self in (Channel.LETTER, Channel.PHONE)


class Delivery(StrEnum):
    """How a message fared: FAILED is tried again, DEAD is not; DONE is a task ticked off.

    QUIET waits for its reader's daily summary, GATHERED went out in one.
    """

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    DEAD = "dead"
    DONE = "done"
    QUIET = "quiet"
    GATHERED = "gathered"

    @property
    def label(self) -> Text:
        """Its name for readers."""
        return _DELIVERIES[self]

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self in (Delivery.SENT, Delivery.DEAD, Delivery.DONE, Delivery.GATHERED)


class Choice(StrEnum):
    """When a reader wants messages of a category."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    NEVER = "never"

    @property
    def label(self) -> Text:
        """Its name for readers."""
        return _CHOICES[self]


class Outcome(StrEnum):
    """What one attempt, or an act of the staff, came to."""

    SENT = "sent"
    FAILED = "failed"
    REFUSED = "refused"
    REVIVED = "revived"
    DONE = "done"
    ARRIVED = "arrived"
    LOST = "lost"
    REROUTED = "rerouted"
    PRINTED = "printed"
    SPOILT = "spoilt"
    UNREACHED = "unreached"
    PLANNED = "planned"
    BY_LETTER = "by-letter"
    GIVEN_UP = "given-up"

    @property
    def label(self) -> Text:
        """Its name for readers."""
        return _OUTCOMES[self]


class Trouble(StrEnum):
    """Why we handed a message to nobody; what others answered is kept in their words."""

    SMS_OFF = "sms-off"
    SMS_SPENT = "sms-spent"
    SMS_OFTEN = "sms-often"
    SMS_TOO_LONG = "sms-too-long"
    NO_MOBILE = "no-mobile"
    NO_ADDRESS = "no-address"


def trouble(kept: str | None) -> Text:
    """What an attempt keeps of its failure, for readers: our own words in their language, those of others as they are."""
    return _TROUBLES.get(kept or "", kept or "")


class Report(StrEnum):
    """What a gate reported of an SMS in the end."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"

    @property
    def label(self) -> Text:
        """Its name for readers."""
        return _REPORTS[self]


_CHANNELS: dict[Channel, Text] = {
    Channel.MAIL: _pl("message channel", "E-mail"),
    Channel.SMS: _pl("message channel", "SMS"),
    Channel.LETTER: _pl("message channel", "Letter"),
    Channel.PHONE: _pl("message channel", "Phone call"),
}
_DELIVERIES: dict[Delivery, Text] = {
    Delivery.WAITING: _pl("message state", "Waiting"),
    Delivery.SENT: _pl("message state", "Sent"),
    Delivery.FAILED: _pl("message state", "Failed, will be tried again"),
    Delivery.DEAD: _pl("message state", "Not delivered"),
    Delivery.DONE: _pl("message state", "Done"),
    Delivery.QUIET: _pl("message state", "Waiting for the daily summary"),
    Delivery.GATHERED: _pl("message state", "Sent in a daily summary"),
}
_CHOICES: dict[Choice, Text] = {
    Choice.AT_ONCE: _pl("when messages come", "At once"),
    Choice.DIGEST: _pl("when messages come", "In one summary a day"),
    Choice.NEVER: _pl("when messages come", "Not at all"),
}
_OUTCOMES: dict[Outcome, Text] = {
    Outcome.SENT: _pl("message attempt", "Sent"),
    Outcome.FAILED: _pl("message attempt", "Failed for now"),
    Outcome.REFUSED: _pl("message attempt", "Refused for good"),
    Outcome.REVIVED: _pl("message attempt", "Put back into the queue"),
    Outcome.DONE: _pl("message attempt", "Done"),
    Outcome.ARRIVED: _pl("message attempt", "Arrived on the phone"),
    Outcome.LOST: _pl("message attempt", "Did not arrive on the phone"),
    Outcome.REROUTED: _pl("message attempt", "Goes on by e-mail"),
    Outcome.PRINTED: _pl("message attempt", "Put into a batch of letters"),
    Outcome.SPOILT: _pl("message attempt", "Not posted, taken out of the batch"),
    Outcome.UNREACHED: _pl("message attempt", "Nobody reached"),
    Outcome.PLANNED: _pl("message attempt", "Planned for another day"),
    Outcome.BY_LETTER: _pl("message attempt", "Goes by letter instead"),
    Outcome.GIVEN_UP: _pl("message attempt", "Given up"),
}
_REPORTS: dict[Report, Text] = {
    Report.DELIVERED: _pl("message report", "arrived on the phone"),
    Report.UNDELIVERED: _pl("message report", "did not arrive on the phone"),
}
_TROUBLES: dict[str, Text] = {
    Trouble.SMS_OFF: _l("SMS are stopped."),
    Trouble.SMS_SPENT: _l("The SMS of this day are used up; tried again later."),
    Trouble.SMS_OFTEN: _l("Too many SMS to this number, or from this network; tried again later."),
    Trouble.SMS_TOO_LONG: _l("The text is too long for an SMS."),
    Trouble.NO_MOBILE: _l("This is not a Polish or Czech mobile number."),
    Trouble.NO_ADDRESS: _l("This is not an e-mail address."),
}
