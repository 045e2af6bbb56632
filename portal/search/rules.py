"""Words of a document, words of a query, and the number a document goes by. Pure."""

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


def scopes(municipality_id: int, *, public: bool) -> str:
    """Who may find a document, as the index holds it."""
    return f"m{municipality_id} m{municipality_id}p p" if public else f"m{municipality_id}"


def scope_of(municipality_id: int | None, *, public_only: bool) -> str:
    """What a reader may find. Raises ValueError for what is not public everywhere at once."""
    if municipality_id is None:
        if not public_only:
            raise ValueError("Across municipalities only what is public can be found.")
        return "p"
    return f"m{municipality_id}p" if public_only else f"m{municipality_id}"


def read_query(text: str, canonical_number: str | None = None) -> Query:
    """The words of a query. `canonical_number` is the case number it spells, where it does."""
    words = [word[:MAX_WORD] for word in tokens(text)][:MAX_QUERY_WORDS]
    has_digit = any(sign.isdigit() for sign in text)
    number = number_word(canonical_number or text) if canonical_number or has_digit else ""
    # A sign after the last word says that the word is finished.
    ends_open = bool(text) and text[-1].isalnum()
    beginning = words.pop() if words and ends_open and len(words[-1]) >= MIN_PREFIX else ""
    return Query(tuple(words), beginning, number)


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
