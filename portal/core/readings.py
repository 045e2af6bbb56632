"""Why somebody reads sensitive data: a reason from a short list, kept in the audit entry of the reading (R35)."""

from dataclasses import dataclass
from enum import StrEnum

from portal.core import audit
from portal.core.errors import Invalid
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l

WORDS_MAX = 200
SAY_WHAT_FOR = _l("Say in a few words what it is for.")


class Reason(StrEnum):
    """What a reading is for. The list is short so that the officer can compare."""

    WORK = "work"
    CONTACT = "contact"
    TASK = "task"
    CHECK = "check"
    WISH = "wish"
    FAULT = "fault"
    OTHER = "other"


REASONS: dict[Reason, Text] = {
    Reason.WORK: _l("To work on the case"),
    Reason.CONTACT: _l("To ask or answer the person"),
    Reason.TASK: _l("To post a letter or make a call"),
    Reason.CHECK: _l("To check the case, for instance whether it is a double"),
    Reason.WISH: _l("The person asked for it"),
    Reason.FAULT: _l("A message did not arrive"),
    Reason.OTHER: _l("Something else"),
}


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, with words where the list has none that fits. The words name nobody: the log is never erased."""

    reason: Reason
    words: str = ""

    def __post_init__(self) -> None:
        if self.reason is Reason.OTHER and not self.words.strip():
            raise Invalid(fields={"words": SAY_WHAT_FOR})


def record(subject: str, why: Why, *numbers: str) -> None:
    """Write into the entry of the running use case what was read, of which cases and why."""
    words = {"words": why.words.strip()[:WORDS_MAX]} if why.words.strip() else {}
    cases = sorted(set(filter(None, numbers)))
    audit.note(subject, reason=why.reason.value, **words)
    if len(cases) == 1:
        audit.note(number=cases[0])
    elif cases:
        audit.note(numbers=cases)
