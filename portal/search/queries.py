"""Finding: first the keys from the index, newest first, then the rows; both times inside the scope."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, cast, column, func, literal, select, table
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import TSQUERY

from portal.core import tenancy
from portal.core.db import db
from portal.core.errors import Missing
from portal.core.paging import Cursor, Direction, Page, decode, page_of
from portal.core.tokens import canonical_number
from portal.search.models import SearchDocument, Spelling
from portal.search.rules import (
    KEPT_PREFIX,
    MAX_QUERY_WORDS,
    Query,
    can_be_misspelt,
    exactly,
    fts5,
    fts5_any,
    read_query,
    scope_of,
    spelling_keys,
    spellings,
    tsquery,
    tsquery_any,
)

PAGE_SIZE = 20
COUNT_CAP = 1000
MAX_QUERY = 200
"""Signs of a query that are read."""

COMPLETIONS = 64
NEAR, NEAREST = 200, 8
"""Words looked at, and tried, for a misspelt one."""
CLOSENESS = 0.7
"""Ratio of `difflib` from which two words are one misspelt; two swapped letters of four make 0.75."""

# From one term to the next by jumps: a term is told once, not once for each document that holds it. A blank
# comes before every sign a word has, so nothing lies between a term and the same with a blank.
_COMPLETIONS = sql_text("""
    WITH RECURSIVE found (term) AS (
        SELECT (SELECT term FROM search_index_terms WHERE term >= :word AND term <= :beyond LIMIT 1)
        UNION ALL
        SELECT (
            SELECT term FROM search_index_terms WHERE term >= found.term || ' ' AND term <= :beyond LIMIT 1
        ) FROM found WHERE found.term IS NOT NULL
    )
    SELECT term FROM found WHERE term IS NOT NULL LIMIT :most
""")

_INDEX = table("search_index", column("rowid", BigInteger), column("id", BigInteger), column("words"))


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found. `href` is a path without language; `id` is its place in the index."""

    id: int
    kind: str
    object_id: int
    number: str
    title: str
    excerpt: str
    language: str
    at: datetime
    municipality_id: int
    href: str


@dataclass(frozen=True, slots=True)
class Facets:
    """How hits divide: kinds and municipalities (ids), each with its number of hits."""

    kinds: tuple[tuple[str, int], ...]
    towns: tuple[tuple[int, int], ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(number for _kind, number in self.kinds)


def cursor_of(text: str | None) -> Cursor | None:
    """The place in a list that an address names. Raises Missing for one we did not write."""
    try:
        return decode(text) if text else None
    except ValueError:
        raise Missing from None


def find(
    text: str,
    municipality_id: int | None,
    *,
    public_only: bool = True,
    limit: int = PAGE_SIZE,
    before: int | None = None,
) -> list[Hit]:
    """What fits, newest first; `before` is the `id` of the last hit of the page above.

    Every word must be there, the last one may be half typed. A text that is the number of a case, in
    any spelling, finds just that. Raises ValueError for what is not public across municipalities.
    """
    return _rows(_keys(text, municipality_id, public_only, limit, before=before), municipality_id)


def page(
    text: str, municipality_id: int | None, cursor: Cursor | None, size: int = PAGE_SIZE, kind: str = ""
) -> Page[Hit]:
    """A screen of what is public, of one kind or of all, with the ways to older and newer hits."""
    if cursor is not None and cursor.direction is Direction.NEWER:
        keys = _keys(text, municipality_id, True, size + 1, after=cursor.id, kind=kind)
    else:
        before = cursor.id if cursor else None
        keys = _keys(text, municipality_id, True, size + 1, before=before, kind=kind)
    return page_of(_rows(keys, municipality_id), size, cursor, lambda hit: (hit.at, hit.id))


def ids(
    kind: str, text: str, municipality_id: int | None, *, public_only: bool, limit: int = COUNT_CAP
) -> list[int]:
    """Object ids of one kind that fit, for lists that filter further; the newest `limit` of them."""
    return _objects(kind, municipality_id, _keys(text, municipality_id, public_only, limit))


def any_word_ids(kind: str, words: Iterable[str], municipality_id: int | None, *, limit: int) -> list[int]:
    """Object ids of one kind that are public and hold any of these folded words, newest first."""
    wanted = list(words)
    if not wanted:
        return []
    scope = scope_of(municipality_id, public_only=True)
    if _is_sqlite():
        fits = column("search_index").op("MATCH", is_comparison=True)(fts5_any(wanted, scope))
    else:
        fits = _INDEX.c.words.op("@@", is_comparison=True)(cast(literal(tsquery_any(wanted, scope)), TSQUERY))
    statement = select(_key()).select_from(_INDEX).where(fits).order_by(_key().desc()).limit(limit)
    return _objects(kind, municipality_id, list(db.session.scalars(statement)))


def _objects(kind: str, municipality_id: int | None, keys: list[int]) -> list[int]:
    """What the keys stand for; the tenant wall stands here a second time."""
    if not keys:
        return []
    statement = select(
        SearchDocument.object_id, SearchDocument.kind, SearchDocument.municipality_id, SearchDocument.public
    ).where(SearchDocument.id.in_(keys))
    if municipality_id is None:
        return [row.object_id for row in db.session.execute(statement) if row.kind == kind and row.public]
    # A condition on the municipality would lead SQLite to read all documents of it instead of these keys.
    with tenancy.unscoped("the keys come from the index of this scope, and each row is checked below"):
        rows = db.session.execute(statement).all()
    return [row.object_id for row in rows if row.kind == kind and row.municipality_id == municipality_id]


def newest(kind: str, municipality_id: int | None, limit: int) -> list[Hit]:
    """The newest public things of one kind, here or in all municipalities, for lists on other pages."""
    statement = (
        select(SearchDocument.id)
        .where(SearchDocument.kind == kind, SearchDocument.public)
        .order_by(SearchDocument.id.desc())
        .limit(limit)
    )
    if municipality_id is not None:
        with tenancy.within(municipality_id):
            return _rows(list(db.session.scalars(statement)), municipality_id)
    with tenancy.unscoped("what is public and new in all municipalities"):
        return _rows(list(db.session.scalars(statement)), None)


def count(text: str, municipality_id: int | None, *, public_only: bool = True, kind: str = "") -> int:
    """How many hits there are; COUNT_CAP + 1 says "more than COUNT_CAP"."""
    query = _chosen(text, municipality_id, public_only)
    if not query:
        return 0
    scope = scope_of(municipality_id, public_only=public_only, kind=kind)
    hits = _matching(query, scope).limit(COUNT_CAP + 1)
    return db.session.scalar(select(func.count()).select_from(hits.subquery())) or 0


def facets(text: str, municipality_id: int | None) -> Facets:
    """How the newest COUNT_CAP + 1 public hits divide, the most first; so many in all say "more than COUNT_CAP"."""
    query = _chosen(text, municipality_id, True)
    if not query:
        return Facets((), ())
    hits = _matching(query, scope_of(municipality_id, public_only=True)).order_by(_key().desc())
    of = (SearchDocument.kind, SearchDocument.municipality_id)
    statement = (
        select(*of, func.count()).where(SearchDocument.id.in_(hits.limit(COUNT_CAP + 1))).group_by(*of)
    )
    kinds: Counter[str] = Counter()
    towns: Counter[int] = Counter()
    with tenancy.unscoped("the keys come from the index of this scope, which holds what is public"):
        for kind, town_id, number in db.session.execute(statement):
            kinds[kind] += number
            towns[town_id] += number
    return Facets(_most_first(kinds), _most_first(towns))


def _most_first(found: Counter[Any]) -> tuple[tuple[Any, int], ...]:
    return tuple(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def corrected(text: str, municipality_id: int | None) -> str:
    """A text that found nothing with its slips of the keyboard set right; empty where that finds nothing either.

    A word that nothing public here holds is taken for the nearest one that something does. Words are
    looked for one by one, so a text is not corrected whose words only never stand together.
    """
    text = text[:MAX_QUERY].strip()
    scope = scope_of(municipality_id, public_only=True)
    beginning = read_query(text).beginning
    set_right = []
    for word, written in spellings(text)[:MAX_QUERY_WORDS]:
        if _is_found(exactly([word]), scope) or (word == beginning and _is_found(Query((), word, ""), scope)):
            set_right.append(written)
        elif nearest := _nearest(word, scope):
            set_right.append(nearest)
        else:
            return ""
    better = " ".join(set_right)
    return better if _keys(better, municipality_id, True, 1) else ""


def is_public_word(word: str) -> bool:
    """Whether anything public in any municipality holds this folded word."""
    return _is_found(exactly([word]), scope_of(None, public_only=True))


def _is_found(query: Query, scope: str) -> bool:
    return db.session.scalar(_matching(query, scope).limit(1)) is not None


def _nearest(word: str, scope: str) -> str:
    """The known word nearest to this one that something in the scope holds, as it is written; empty if none."""
    if not can_be_misspelt(word):
        return ""
    rows = db.session.execute(
        select(Spelling.word, Spelling.shown).where(Spelling.key.in_(spelling_keys(word))).limit(NEAR)
    )
    shown: dict[str, str] = {row.word: row.shown for row in rows}
    for candidate in get_close_matches(word, shown, n=NEAREST, cutoff=CLOSENESS):
        if _is_found(exactly([candidate]), scope):
            return shown[candidate]
    return ""


def _keys(
    text: str,
    municipality_id: int | None,
    public_only: bool,
    limit: int,
    *,
    before: int | None = None,
    after: int | None = None,
    kind: str = "",
) -> list[int]:
    query = _chosen(text, municipality_id, public_only)
    if not query:
        return []
    key = _key()
    scope = scope_of(municipality_id, public_only=public_only, kind=kind)
    statement = _matching(query, scope).limit(limit)
    if after is not None:
        statement = statement.where(key > after).order_by(key)
    elif before is not None:
        statement = statement.where(key < before).order_by(key.desc())
    else:
        statement = statement.order_by(key.desc())
    return list(db.session.scalars(statement))


def _chosen(text: str, municipality_id: int | None, public_only: bool) -> Query:
    """The query for a text: its number where a document has just that, else its words."""
    text = text[:MAX_QUERY].strip()
    query = read_query(text, canonical_number(text))
    if query.number:
        as_number = exactly([query.number])
        scope = scope_of(municipality_id, public_only=public_only)
        if _is_found(as_number, scope):
            return as_number
    return _completed(query)


def _completed(query: Query) -> Query:
    """The query with the words its beginning may become, where that is quicker and they are not too many."""
    if not _is_sqlite() or len(query.beginning) <= KEPT_PREFIX:
        return query
    values = {
        "word": query.beginning,
        "beyond": query.beginning + chr(sys.maxunicode),
        "most": COMPLETIONS + 1,
    }
    found = tuple(db.session.scalars(_COMPLETIONS, values))
    return replace(query, completions=found) if len(found) <= COMPLETIONS else query


def _matching(query: Query, scope: str) -> Select[int]:
    """Keys of the documents that fit, without order."""
    return select(_key()).select_from(_INDEX).where(_fits(query, scope))


def _key() -> ColumnElement[int]:
    return _INDEX.c.rowid if _is_sqlite() else _INDEX.c.id


def _fits(query: Query, scope: str) -> ColumnElement[bool]:
    if _is_sqlite():
        # The table's own name as a column is how FTS5 is asked over all its columns.
        return column("search_index").op("MATCH", is_comparison=True)(fts5(query, scope))
    return _INDEX.c.words.op("@@", is_comparison=True)(cast(literal(tsquery(query, scope)), TSQUERY))


def _is_sqlite() -> bool:
    return bool(db.engine.dialect.name == "sqlite")


def _rows(keys: list[int], municipality_id: int | None) -> list[Hit]:
    """The documents of these keys in their order; the tenant wall stands here a second time."""
    if not keys:
        return []
    statement = select(
        SearchDocument.id,
        SearchDocument.kind,
        SearchDocument.object_id,
        SearchDocument.number,
        SearchDocument.title,
        SearchDocument.excerpt,
        SearchDocument.language,
        SearchDocument.at,
        SearchDocument.municipality_id,
        SearchDocument.href,
    ).where(SearchDocument.id.in_(keys))
    if municipality_id is None:
        with tenancy.unscoped("the search over all municipalities shows what is public"):
            found = db.session.execute(statement.where(SearchDocument.public.is_(True))).all()
    else:
        with tenancy.within(municipality_id):
            found = db.session.execute(statement).all()
    by_key = {row.id: Hit(**row._mapping) for row in found}
    return [by_key[key] for key in keys if key in by_key]
