"""Finding: first the keys from the index, newest first, then the rows; both times inside the scope."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Select, cast, column, func, literal, select, table
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import TSQUERY

from portal.core import tenancy
from portal.core.db import db
from portal.core.errors import Missing
from portal.core.paging import Cursor, Direction, Page, decode, page_of
from portal.core.tokens import canonical_number
from portal.search.models import SearchDocument
from portal.search.rules import (
    KEPT_PREFIX,
    Query,
    exactly,
    fts5,
    fts5_any,
    read_query,
    scope_of,
    tsquery,
    tsquery_any,
)

PAGE_SIZE = 20
COUNT_CAP = 1000
MAX_QUERY = 200
"""Signs of a query that are read."""

COMPLETIONS = 64

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


def page(text: str, municipality_id: int | None, cursor: Cursor | None, size: int = PAGE_SIZE) -> Page[Hit]:
    """A screen of what is public, with the ways to older and newer hits."""
    if cursor is not None and cursor.direction is Direction.NEWER:
        keys = _keys(text, municipality_id, True, size + 1, after=cursor.id)
    else:
        keys = _keys(text, municipality_id, True, size + 1, before=cursor.id if cursor else None)
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


def count(text: str, municipality_id: int | None, *, public_only: bool = True) -> int:
    """How many hits there are; COUNT_CAP + 1 says "more than COUNT_CAP"."""
    query = _chosen(text, municipality_id, public_only)
    if not query:
        return 0
    hits = _matching(query, scope_of(municipality_id, public_only=public_only)).limit(COUNT_CAP + 1)
    return db.session.scalar(select(func.count()).select_from(hits.subquery())) or 0


def _keys(
    text: str,
    municipality_id: int | None,
    public_only: bool,
    limit: int,
    *,
    before: int | None = None,
    after: int | None = None,
) -> list[int]:
    query = _chosen(text, municipality_id, public_only)
    if not query:
        return []
    key = _key()
    statement = _matching(query, scope_of(municipality_id, public_only=public_only)).limit(limit)
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
        if db.session.scalar(_matching(as_number, scope).limit(1)) is not None:
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
