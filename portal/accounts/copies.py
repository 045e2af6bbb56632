"""How a page shows a copy of somebody's data: names for the keys of the file, and words for what stands there as a key.

The file keeps the keys, so that another program can read it; a page has both, so that they can be compared.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from portal.accounts.roles import TEXTS, Role
from portal.core import consent
from portal.core.i18n import LANGUAGE_NAMES, Text, moment
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_pgettext as _p
from portal.core.registry import registry
from portal.notify.kinds import Channel, Choice, Delivery, Report

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_THING = re.compile(r"([a-z_]+):(\d+)")
LABELS: dict[str, Text] = {
    "kind": _p("copy of data", "Kind"),
    "code": _p("copy of data", "Kind"),
    "category": _p("copy of data", "Kind"),
    "email": _p("copy of data", "E-mail address"),
    "name": _p("copy of data", "Name"),
    "filter": _p("copy of data", "Filter"),
    "phone": _p("copy of data", "Phone number"),
    "phone_confirmed_at": _p("copy of data", "Phone number confirmed on"),
    "postal": _p("copy of data", "Postal address"),
    "language": _p("copy of data", "Language"),
    "created_at": _p("copy of data", "Made on"),
    "made_at": _p("copy of data", "Made on"),
    "made": _p("copy of data", "Made on"),
    "last_sign_in_at": _p("copy of data", "Last sign-in"),
    "device": _p("copy of data", "Device"),
    "issuer": _p("copy of data", "Service"),
    "began_at": _p("copy of data", "Began on"),
    "ended_at": _p("copy of data", "Ended on"),
    "last_used_at": _p("copy of data", "Last used on"),
    "used_at": _p("copy of data", "Used on"),
    "role": _p("copy of data", "Role"),
    "reason": _p("copy of data", "Reason"),
    "since": _p("copy of data", "Since"),
    "channel": _p("copy of data", "Way"),
    "when": _p("copy of data", "When"),
    "state": _p("copy of data", "State"),
    "sent_at": _p("copy of data", "Sent on"),
    "report": _p("copy of data", "What the phone company said"),
    "to": _p("copy of data", "To"),
    "subject": _p("copy of data", "Subject"),
    "text": _p("copy of data", "Text"),
    "number": _p("copy of data", "Number"),
    "title": _p("copy of data", "Title"),
    "place": _p("copy of data", "Place"),
    "why": _p("copy of data", "Why"),
    "before": _p("copy of data", "As it was before"),
    "files": _p("copy of data", "Photos and documents"),
    "answers": _p("copy of data", "Answers to questions of the office"),
    "answer": _p("copy of data", "Answer"),
    "submitted": _p("copy of data", "Filed on"),
    "as_sent": _p("copy of data", "As it was sent"),
    "saved": _p("copy of data", "Saved on"),
    "copied": _p("copy of data", "Answered on"),
    "at": _p("copy of data", "When"),
    "purpose": _p("copy of data", "What for"),
    "of": _p("copy of data", "About"),
    "initiative": _p("copy of data", "Internal number"),
    "given": _p("copy of data", "Given"),
    "version": _p("copy of data", "Version of the words"),
}
"""What the keys of the file are called on a page."""

KINDS: dict[str, Text] = {
    "access": _p("copy of data", "access of the portal operator"),
    "account": _p("copy of data", "account"),
    "article_version": _p("copy of data", "version of a page"),
    "change": _p("copy of data", "change you proposed after a decision"),
    "choice": _p("copy of data", "choice about messages"),
    "comment": _p("copy of data", "comment"),
    "comment_report": _p("copy of data", "report of a comment"),
    "comment_useful": _p("copy of data", "comment you found useful"),
    "consent": _p("copy of data", "consent"),
    "echo": _p("copy of data", "whether it helped, as you said"),
    "filter": _p("copy of data", "filter of a list that you keep"),
    "follow": _p("copy of data", "something you follow"),
    "identity": _p("copy of data", "sign-in with another service"),
    "initiative": _p("copy of data", "initiative"),
    "key": _p("copy of data", "key for another program"),
    "mention": _p("copy of data", "note of the office that names you"),
    "objection": _p("copy of data", "objection to hiding a comment"),
    "passkey": _p("copy of data", "passkey"),
    "recovery_code": _p("copy of data", "recovery code"),
    "request": _p("copy of data", "request about data"),
    "role": _p("copy of data", "role in a team"),
    "session": _p("copy of data", "device signed in"),
    "step": _p("copy of data", "your words at a step of the case"),
    "support": _p("copy of data", "support"),
}
"""Kinds of records; `tests/portal/accounts/test_copies.py` asks for one for every kind that a module exports."""


def _of_enum(family: Any) -> Mapping[str, Text]:
    return {member.value: member.label for member in family}


def _notice(code: str) -> Text:
    kind = registry.notices.get(code)
    return kind.title if kind else code


def _category(key: str) -> Text:
    category = registry.categories.get(key)
    return category.title if category else key


_WORDS: dict[str, Mapping[str, Text] | Callable[[str], Text]] = {
    "kind": KINDS,
    "code": _notice,
    "category": _category,
    "channel": {**_of_enum(Channel), "web": _p("copy of data", "in the portal")},
    "when": _of_enum(Choice),
    "state": _of_enum(Delivery),
    "report": _of_enum(Report),
    "role": {role.value: TEXTS[role].title for role in Role},
    "purpose": {purpose.value: wording.text for purpose, wording in consent.WORDS.items()},
    "language": LANGUAGE_NAMES,
    "answer": {
        "yes": _p("copy of data", "yes"),
        "partly": _p("copy of data", "partly"),
        "no": _p("copy of data", "no"),
    },
}


def readable(record: Mapping[str, Any]) -> list[tuple[str, Text, Any]]:
    """Key, its name and the value in words, for each line of a record; what has no words stays as it is."""
    return [(key, LABELS.get(key, ""), _in_words(key, value)) for key, value in record.items()]


def _in_words(key: str, value: Any) -> Any:
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict | list):
        return "\n".join(_lines(value))
    if not isinstance(value, str):
        return value
    if _INSTANT.fullmatch(value):
        return moment(datetime.fromisoformat(value))
    if key == "of" and (thing := _THING.fullmatch(value)):
        return _("%(kind)s, internal number %(n)s", kind=KINDS.get(thing[1], thing[1]), n=thing[2])
    words = _WORDS.get(key)
    if words is None:
        return value
    return words(value) if callable(words) else words.get(value, value)


def _lines(value: dict[str, Any] | list[Any]) -> list[str]:
    if isinstance(value, dict):
        return [f"{LABELS.get(name, name)}: {said}" for name, said in value.items()]
    return [str(each) for each in value]
