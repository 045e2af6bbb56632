"""Pure decisions on comments: how long one may be changed, which rules hold one back, what a moderator may name.

Each rule of `weigh` gives points and says why in plain words; a comment of `HOLD_AT` points or more waits for the
team. Nothing is thrown away, and whoever wrote is told which rule it was.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.core.collate import fold, tokens
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l

COMMENT_MAX = 2000
REPORT_MAX = 1000
EDIT_MINUTES = 15
"""How long its author may mend a comment: a slip of the pen, not a new opinion under old answers."""
THREADS = 20
"""Comments on a page, each with its answers."""
ANSWERS = 50
"""Answers shown below a comment in a list; its own page shows the rest as well."""

REASONS: Mapping[str, Text] = {
    "personal": _l("Personal data of somebody"),
    "insult": _l("An insult or a threat"),
    "hatred": _l("Hatred against a group of people"),
    "advertising": _l("Advertising"),
    "off-topic": _l("It has nothing to do with the initiative"),
    "false-name": _l("It is written under somebody else’s name"),
    "unlawful": _l("It breaks the law in another way"),
    "other": _l("Something else"),
}
"""Rules a comment may break: for reports, and for hiding."""

HOLD_AT = 3
NEW_DAYS = 7
NEW_COMMENTS = 2
"""An account is new for so many days, and until so many of its comments were seen."""
VELOCITY, VELOCITY_MINUTES = 4, 10
CAPITALS_FROM = 20
CAPITALS_SHARE = 0.7
LINKS_MANY = 3
WORDS_MAX, WORD_MAX = 500, 40

RULES: Mapping[str, Text] = {
    "new": _l("The account is new."),
    "link": _l("It holds a link, and the account is new."),
    "links": _l("It holds several links."),
    "fast": _l("Several comments were written within a few minutes."),
    "repeated": _l("The same was written before."),
    "capitals": _l("It is written in capital letters."),
    "word": _l("It holds a word that the office wants to look at first."),
}
POINTS = {"new": 1, "link": 3, "links": 3, "fast": 3, "repeated": 3, "capitals": 2, "word": 3}

_LINK = re.compile(
    r"https?://|www\.|\b[a-z0-9-]+\.(?:com|net|org|info|biz|xyz|top|shop|online|ru|pl|cz|eu)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier comment of the same account here."""

    at: datetime
    text: str
    seen: bool


def is_new(since: datetime, earlier: Sequence[Earlier], now: datetime) -> bool:
    """Whether an account is too young, or was seen too seldom, to be known."""
    return now - since < timedelta(days=NEW_DAYS) or sum(said.seen for said in earlier) < NEW_COMMENTS


def weigh(
    text: str, now: datetime, since: datetime, earlier: Sequence[Earlier], words: Collection[str]
) -> list[str]:
    """The rules a comment meets; `since`: when the account was made, `words`: what the office looks at first."""
    new = is_new(since, earlier, now)
    links = len(_LINK.findall(text))
    lately = [said for said in earlier if now - said.at < timedelta(minutes=VELOCITY_MINUTES)]
    folded = fold(text)
    met = {
        "new": new,
        "link": new and links > 0,
        "links": links >= LINKS_MANY,
        "fast": len(lately) >= VELOCITY,
        "repeated": any(fold(said.text) == folded for said in earlier),
        "capitals": _is_shouted(text),
        "word": bool(blocked_in(text, words)),
    }
    return [rule for rule, is_met in met.items() if is_met]


def holds(met: Collection[str]) -> bool:
    """Whether these rules together hold a comment back."""
    return sum(POINTS[rule] for rule in met) >= HOLD_AT


def told(met: Sequence[str]) -> list[str]:
    """The rules worth telling: that an account is new says nothing beside a rule that holds by itself."""
    weighty = [rule for rule in met if POINTS[rule] >= HOLD_AT]
    return weighty or list(met)


def _is_shouted(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha()]
    return len(letters) >= CAPITALS_FROM and sum(map(str.isupper, letters)) / len(letters) > CAPITALS_SHARE


def blocked_in(text: str, words: Collection[str]) -> list[str]:
    """Which of these words a text holds. `word*` stands for every word that begins so; accents do not count."""
    said = frozenset(tokens(text))
    found = []
    for word in words:
        bare = "".join(tokens(word))
        if not bare:
            continue
        if bare in said or (word.endswith("*") and any(one.startswith(bare) for one in said)):
            found.append(word)
    return found


def word_list(typed: str) -> list[str]:
    """Words as somebody writes them, one a line or between commas, each once."""
    parts = (" ".join(part.split()) for part in re.split(r"[\n,;]", typed))
    return list(dict.fromkeys(part.casefold() for part in parts if part))


def may_edit(at: datetime, now: datetime) -> bool:
    """Whether its author may still mend it."""
    return now - at < timedelta(minutes=EDIT_MINUTES)
