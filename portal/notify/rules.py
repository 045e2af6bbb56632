"""Decisions about messages on plain values: when and how one goes, how long an SMS is, what gates say, limits.

A decision and everything else that concerns one's own case in law goes out at once, whatever was chosen:
its kind is *transactional*. News may wait for the daily summary or be stopped. Source: product plan, section 8,
rows 6 and 7 (decisions that a frequency setting swallows; floods of mail).

An SMS of GSM-7 signs holds 160 of them, 153 in each part of a longer one; a single Polish or Czech letter
(but é) makes the whole text UCS-2, with 70 and 67. Source: 3GPP TS 23.038 (alphabet), 23.040 (joined parts).
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from portal.core.i18n import Text, gettext
from portal.core.i18n import lazy_gettext as _l
from portal.notify.kinds import Channel, Choice, Report

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Signs of the default alphabet, one seventh of eight bits each."""
GSM_TWICE = frozenset("^{}\\[~]|€\f")
"""Signs of its extension table: an escape before them, so they count twice."""
ONE_GSM, JOINED_GSM = 160, 153
ONE_UCS2, JOINED_UCS2 = 70, 67
MOST_PARTS = 6
"""Longer texts are no SMS any more; the gate is told as well (`max_parts`)."""
DEFAULT_PARTS_A_DAY = 1_000
MOST_PARTS_A_DAY = 100_000
ALARM_SHARE = 0.8
"""Part of a day's budget at which people are told (R55)."""
_PLAIN = str.maketrans(
    {
        "„": '"', "“": '"', "”": '"', "«": '"', "»": '"', "‚": "'", "‘": "'", "’": "'",
        "–": "-", "—": "-", "‑": "-", "…": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "•": "*",
        "\u00ad": "", "\u200b": "",
    }
)  # fmt: skip
"""Typographic signs that would turn a whole text into UCS-2 and say nothing."""
_NO_MARK = str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "Đ": "D"})
"""Letters whose stroke is no separate mark."""


@dataclass(frozen=True, slots=True)
class SmsLength:
    """How long a text is as an SMS: `signs` as they are counted, `parts` paid for, `left` in the last one."""

    signs: int
    parts: int
    left: int
    unicode: bool

    @property
    def too_long(self) -> bool:
        """Whether no gate should be asked to send it."""
        return self.parts > MOST_PARTS


def sms_text(text: str, *, folds: bool = False) -> str:
    """The text as it goes out: on one line, plain signs for typographic ones; `folds` drops marks of letters."""
    plain = " ".join(unicodedata.normalize("NFC", text).translate(_PLAIN).split())
    return fold(plain) if folds else plain


def fold(text: str) -> str:
    """Letters without their marks where GSM-7 has none of them: `zażółć` → `zazolc`, but `café` stays."""
    return "".join(sign if sign in GSM or sign in GSM_TWICE else _bare(sign) for sign in text)


def _bare(sign: str) -> str:
    parts = unicodedata.normalize("NFD", sign.translate(_NO_MARK))
    return "".join(part for part in parts if not unicodedata.combining(part)) or sign


def sms_length(text: str) -> SmsLength:
    """Count a text as a phone does. A sign of two units is never torn in two by the end of a part."""
    if all(sign in GSM or sign in GSM_TWICE for sign in text):
        sizes = [2 if sign in GSM_TWICE else 1 for sign in text]
        return _counted(sizes, ONE_GSM, JOINED_GSM, unicode=False)
    sizes = [2 if ord(sign) > 0xFFFF else 1 for sign in text]
    return _counted(sizes, ONE_UCS2, JOINED_UCS2, unicode=True)


def _counted(sizes: list[int], one: int, joined: int, *, unicode: bool) -> SmsLength:
    signs = sum(sizes)
    if signs <= one:
        return SmsLength(signs, 1, one - signs, unicode)
    parts, used = 1, 0
    for size in sizes:
        if used + size > joined:
            parts, used = parts + 1, 0
        used += size
    return SmsLength(signs, parts, joined - used, unicode)


class Answer(StrEnum):
    """What an error of a gate means for the message."""

    TAKEN_BEFORE = "taken-before"
    NEVER = "never"
    LATER = "later"


_TAKEN_BEFORE = 53
_NEVER = frozenset({11, 12, 13, 57, 59, 112})


def meaning(error: object) -> Answer:
    """SMSAPI error number → what to do. 53: an earlier try with the same index got through.

    Never: text too long or empty (11, 12), no such number (13), blocked (57), opted out (59), a country we
    do not send to (112). All else, such as an empty account (103), is ours to mend. Source: SMSAPI.pl, errors.
    """
    if error == _TAKEN_BEFORE:
        return Answer.TAKEN_BEFORE
    return Answer.NEVER if error in _NEVER else Answer.LATER


_DELIVERED = frozenset({"404", "delivered"})
_UNDELIVERED = frozenset(
    {"401", "402", "405", "406", "407", "not_found", "expired", "undelivered", "failed", "rejected"}
)


def reported(status: str) -> Report | None:
    """A gate's status, by number or name; None for what is under way. Source: SMSAPI.pl, delivery reports."""
    word = status.strip().lower()
    if word in _DELIVERED:
        return Report.DELIVERED
    return Report.UNDELIVERED if word in _UNDELIVERED else None


def is_alarm(before: int, after: int, budget: int) -> bool:
    """Whether this step is the one that crosses the alarm's share of a budget."""
    line = budget * ALARM_SHARE
    return before < line <= after


UNREACHED_TWICE = 2
"""Calls in vain after which somebody decides how to go on. Source: product plan, section 5.3."""
PLAN_AHEAD_DAYS = 60


def plan_problem(day: date, today: date, *, works: bool) -> Text:
    """What is wrong with a day for a call, or nothing: it comes, soon enough, and the office `works` on it."""
    if day <= today:
        return _l("Choose a day that comes: tomorrow or later.")
    if (day - today).days > PLAN_AHEAD_DAYS:
        return _l("Choose a day within the next 60 days.")
    return "" if works else _l("The office is closed on this day. Choose another one.")


TEXT_LENGTHS = {"subject": 120, "extra": 1_000, "signature": 300, "body": 4_000, "sms": 300}
"""Signs of the parts of an office's own text."""
OFFICE = "office"
"""The placeholder that every kind has: the municipality's name."""
SUBJECT_HOLDS = frozenset({"number"})
SMS_HOLDS = frozenset({"number", "page", OFFICE})
"""What subjects and SMS may hold: lock screens and mail lists show them to others (R48)."""
_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")


@dataclass(frozen=True, slots=True)
class OwnText:
    """An office's own words for a kind of message in one language; an empty part leaves ours.

    `body` stands instead of our text, `extra` is a paragraph after it, `signature` the end of either.
    """

    subject: str = ""
    extra: str = ""
    signature: str = ""
    body: str = ""
    sms: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it differs from ours."""
        return not (self.subject or self.extra or self.signature or self.body or self.sms)


def names_in(text: str) -> list[str]:
    """The placeholders of a text, as they stand in it."""
    return _PLACEHOLDER.findall(text)


def text_problems(own: OwnText, known: Collection[str], required: Collection[str]) -> dict[str, str]:
    """What is wrong with an office's own text, by part, and what to do about it."""
    found = {
        "subject": _part_problem(own.subject, SUBJECT_HOLDS & set(known)),
        "extra": _part_problem(own.extra, known),
        "signature": _part_problem(own.signature, {OFFICE}),
        "body": _part_problem(own.body, known) or _lacking(own.body, required),
        "sms": _part_problem(own.sms, SMS_HOLDS & set(known)),
    }
    return {part: problem for part, problem in found.items() if problem}


def _part_problem(text: str, allowed: Collection[str]) -> str:
    unknown = [name for name in names_in(text) if name not in allowed]
    if unknown:
        offered = ", ".join(f"{{{name}}}" for name in sorted(allowed))
        if not offered:
            return gettext("{%(name)s} cannot stand here. Take it out.", name=unknown[0])
        return gettext(
            "{%(name)s} cannot stand here. Use one of these, or take it out: %(offered)s",
            name=unknown[0],
            offered=offered,
        )
    if "{" in _PLACEHOLDER.sub("", text) or "}" in _PLACEHOLDER.sub("", text):
        return gettext("Write { and } around a placeholder only, such as {number}.")
    return ""


def _lacking(text: str, required: Collection[str]) -> str:
    missing = [name for name in sorted(required) if name not in names_in(text)]
    if not text or not missing:
        return ""
    return gettext("Put {%(name)s} into the text: people need it.", name=missing[0])


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its values; a paragraph whose value is empty this time is left out.

    Only names in `values` are filled, and what is filled in is not looked at again: a value that holds braces
    stays as it is.
    """
    kept = [
        part
        for part in re.split(r"\n\s*\n", text)
        if all(values.get(name) for name in names_in(part) if name in values)
    ]
    filled = "\n\n".join(kept)
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), filled)


# What readers chose ------------------------------------------------------------------------------------------


class Category(Protocol):
    """What the rules need of a category of messages."""

    @property
    def preset(self) -> str: ...
    @property
    def may_stop(self) -> bool: ...
    @property
    def stops_all(self) -> bool: ...


Chosen = Mapping[Channel, Choice]
"""What somebody chose in one category; what is missing is as preset."""


def choices(category: Category) -> tuple[Choice, ...]:
    """What one may choose for e-mail in a category."""
    offered = (Choice.AT_ONCE, Choice.DIGEST)
    return (*offered, Choice.NEVER) if category.may_stop else offered


def by_mail(category: Category, chosen: Chosen) -> Choice:
    """When e-mail of a category comes; what is no longer offered falls back to the preset."""
    choice = chosen.get(Channel.MAIL, Choice(category.preset))
    return choice if choice in choices(category) else Choice(category.preset)


def ways(category: Category, chosen: Chosen, *, transactional: bool) -> dict[Channel, Choice]:
    """How one message goes to somebody with an e-mail address, and when; empty when they wanted none of these.

    An SMS comes only at once: a summary by SMS would be none.
    """
    mail = by_mail(category, chosen)
    if transactional and not (mail is Choice.NEVER and category.stops_all):
        mail = Choice.AT_ONCE
    found: dict[Channel, Choice] = {} if mail is Choice.NEVER else {Channel.MAIL: mail}
    if chosen.get(Channel.SMS) is Choice.AT_ONCE:
        found[Channel.SMS] = Choice.AT_ONCE
    return found


def is_mutable(category: Category, *, transactional: bool) -> bool:
    """Whether one click in a message may stop messages like it."""
    return category.may_stop and (category.stops_all or not transactional)
