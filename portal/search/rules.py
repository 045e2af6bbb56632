"""Words of a document, words of a query, and the number a document goes by. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from portal.core.collate import tokens

MAX_WORD = 60
"""Signs of a word that count; what is longer is no word anybody looks for."""
MAX_QUERY_WORDS = 8
MIN_PREFIX = 3
"""Signs from which a half-typed last word is completed; shorter ones would complete to half the index."""
KEPT_PREFIX = 5
"""Signs of the longest beginning that FTS5 keeps an index of (`ddl`)."""
EXCERPT = 200
MIN_SPELT, MAX_SPELT = 4, 24
_WRITTEN = re.compile(r"[^\W_]+")
_SLOT_BITS = 24
MICROSECOND_BITS = 20
SLOTS = 1 << _SLOT_BITS
"""Documents that may share a second."""


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for: whole words, and perhaps the beginning of one more.

    `number` is the same text taken as a number, or empty when it cannot be one. `completions` are all the words
    that begin so, where they were looked up: FTS5 walks through every hit of a beginning, but not of a word.
    """

    words: tuple[str, ...]
    beginning: str
    number: str
    completions: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.beginning)


def document_id(at: datetime, slot: int) -> int:
    """A key that grows with the instant; `slot` keeps apart what happened in the same second."""
    return (int(at.astimezone(UTC).timestamp()) << _SLOT_BITS) | (slot % SLOTS)


def slot_of(at: datetime) -> int:
    """The slot that keeps the order within the second, to the microsecond."""
    return at.microsecond << (_SLOT_BITS - MICROSECOND_BITS)


def index_words(title: str, body: str, numbers: str) -> str:
    """Every word of a document once, and each number also in one piece."""
    found = [*tokens(title), *tokens(numbers), *map(number_word, numbers.split()), *tokens(body)]
    return " ".join(dict.fromkeys(word[:MAX_WORD] for word in found if word))


def number_word(number: str) -> str:
    """A number as one word no text has: `LUB-I-2026-0042` → `nrlubi20260042`, `222489/14` → `nr22248914`."""
    return ("nr" + "".join(tokens(number)))[:MAX_WORD]


def scopes(municipality_id: int, kind: str, *, public: bool) -> str:
    """Who may find a document, and as one of which kind, as the index holds it."""
    here = f"m{municipality_id}"
    return f"{here} {here}p p {here}p{kind} p{kind}" if public else here


def scope_of(municipality_id: int | None, *, public_only: bool, kind: str = "") -> str:
    """What a reader may find, of one kind or of all. Raises ValueError for what is not public everywhere at once."""
    if not public_only and (municipality_id is None or kind):
        raise ValueError("Across municipalities, and by kind, only what is public can be found.")
    here = "" if municipality_id is None else f"m{municipality_id}"
    return f"{here}p{kind}" if public_only else here


def read_query(text: str, canonical_number: str | None = None) -> Query:
    """The words of a query. `canonical_number` is the case number it spells, where it does."""
    words = [word[:MAX_WORD] for word in tokens(text)][:MAX_QUERY_WORDS]
    has_digit = any(sign.isdigit() for sign in text)
    number = number_word(canonical_number or text) if canonical_number or has_digit else ""
    # A sign after the last word says that the word is finished.
    ends_open = bool(text) and text[-1].isalnum()
    beginning = words.pop() if words and ends_open and len(words[-1]) >= MIN_PREFIX else ""
    return Query(tuple(words), beginning, number)


def spellings(text: str) -> list[tuple[str, str]]:
    """The words of a text in their order: each as search compares it and as it is written, in small letters."""
    written = _WRITTEN.findall(unicodedata.normalize("NFC", text).lower())
    return [(word[:MAX_WORD], shown) for shown in written for word in tokens(shown)]


def can_be_misspelt(word: str) -> bool:
    """Whether a word is long enough to be known in another spelling; short ones are near to everything."""
    return MIN_SPELT <= len(word) <= MAX_SPELT and word.isalpha()


def spelling_keys(word: str) -> set[str]:
    """The word and what is left of it without any one letter.

    Two words one slip apart (a letter too many, missing, wrong, or two swapped) share a key, so a lookup by
    equality finds what was meant. Source: symmetric deletion, Garbe 2012.
    """
    return {word} | {word[:place] + word[place + 1 :] for place in range(len(word))}


def excerpt_of(body: str) -> str:
    """The beginning of a text, cut between words."""
    text = " ".join(body.split())
    if len(text) <= EXCERPT:
        return text
    return text[:EXCERPT].rsplit(" ", 1)[0] + "…"


def fts5(query: Query, scope: str) -> str:
    """The query in the words of SQLite's FTS5; every term is quoted, so nothing typed is syntax."""
    terms = [f'"{word}"' for word in query.words]
    if query.completions:
        completed = " OR ".join(f'"{word}"' for word in query.completions)
        terms.append(f"({completed})")
    elif query.beginning:
        terms.append(f'"{query.beginning}"*')
    return f"scope : {scope} AND words : ({' AND '.join(terms)})"


def tsquery(query: Query, scope: str) -> str:
    """The query in the words of PostgreSQL; lexemes are quoted and hold only letters and digits."""
    terms = [f"'@{scope}'", *(f"'{word}'" for word in query.words)]
    if query.beginning:
        terms.append(f"'{query.beginning}':*")
    return " & ".join(terms)


def fts5_any(words: Iterable[str], scope: str) -> str:
    """Documents that hold any of the words, in the words of FTS5."""
    terms = " OR ".join(f'"{word[:MAX_WORD]}"' for word in words)
    return f"scope : {scope} AND words : ({terms})"


def tsquery_any(words: Iterable[str], scope: str) -> str:
    """Documents that hold any of the words, in the words of PostgreSQL."""
    terms = " | ".join(f"'{word[:MAX_WORD]}'" for word in words)
    return f"'@{scope}' & ({terms})"


def exactly(words: Iterable[str]) -> Query:
    """A query for whole words only."""
    return Query(tuple(words), "", "")
