"""Putting things into the search, in the transaction that changes them.

Modules need not call this: whoever tells the fact `content.changed` about a thing of a registered content
type is indexed; `content.arrived` does so for a list of new ones, `content.removed` takes one out again.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from random import randrange
from typing import Any

from sqlalchemy import delete, select, update

from portal.core import tenancy
from portal.core.db import db, insert_or_keep, insert_or_keep_all
from portal.core.events import Fact, listen
from portal.core.registry import ContentType, SearchText, registry
from portal.search.models import SearchDocument, Spelling
from portal.search.rules import (
    SLOTS,
    can_be_misspelt,
    document_id,
    excerpt_of,
    index_words,
    scopes,
    slot_of,
    spelling_keys,
    spellings,
)

LEARNT_AT_ONCE = 500
"""Words looked up by one statement; engines limit the number of values in it."""
TRIES = 8
"""A second holds 16 million places: even an import of one date finds a free one at once."""


def start() -> None:
    """Listen to what changes."""
    listen("content.changed", _changed)
    listen("content.arrived", _arrived)
    listen("content.removed", _removed)


def put(kind: str, object_id: int, text: SearchText, href: str, *, anew: bool = False) -> None:
    """Let a thing of the municipality in scope be found as `text`; `href` is its path without language.

    What stands there already is left as it is, unless all is made `anew`.
    """
    values = _values(kind, object_id, text, href)
    known = db.session.execute(
        select(SearchDocument.id, *(getattr(SearchDocument, name) for name in values)).where(
            SearchDocument.kind == kind, SearchDocument.object_id == object_id
        )
    ).one_or_none()
    if known is not None and not anew and tuple(known)[1:] == tuple(values.values()):
        return  # A step was noted: to index the same words again would cost the most.
    learn([text])
    if known is not None:
        if document_id(known.at, 0) == document_id(text.at, 0):
            db.session.execute(update(SearchDocument).where(SearchDocument.id == known.id).values(**values))
            return
        # The place in the list has changed, and with it the key.
        remove(kind, object_id)
    for slot in _slots(text.at):
        if insert_or_keep(
            SearchDocument,
            id=document_id(text.at, slot),
            **values,
        ):
            return
    raise RuntimeError(f"No free place in the search for {kind} {object_id}.")


def _values(kind: str, object_id: int, text: SearchText, href: str) -> dict[str, Any]:
    municipality_id = tenancy.current_id()
    if municipality_id is None:
        raise tenancy.OutsideScope(f"{kind} {object_id} indexed outside its municipality.")
    return {
        "municipality_id": municipality_id,
        "kind": kind,
        "object_id": object_id,
        "number": text.number,
        "title": text.title,
        "excerpt": excerpt_of(text.body),
        "href": href,
        "language": text.language,
        "public": text.public,
        "at": text.at,
        "scope": scopes(municipality_id, kind, public=text.public),
        "words": index_words(text.title, text.body, text.number),
    }


def put_new(content_type: ContentType, things: Sequence[Any]) -> None:
    """Index things that were not there before, of any number in a few statements; an import brings thousands."""
    if content_type.index is None:
        return
    texts = {thing.id: text for thing in things if (text := content_type.index(thing)) is not None}
    learn(texts.values())
    missing = {
        thing.id: _values(content_type.key, thing.id, texts[thing.id], content_type.address(thing))
        for thing in things
        if thing.id in texts
    }
    first = True
    for _ in range(1 + TRIES):
        rows = [
            values | {"id": document_id(values["at"], slot_of(values["at"]) if first else randrange(SLOTS))}  # noqa: S311
            for values in missing.values()
        ]
        if not rows:
            return
        insert_or_keep_all(SearchDocument, rows)
        found = select(SearchDocument.object_id).where(
            SearchDocument.kind == content_type.key, SearchDocument.object_id.in_(missing)
        )
        for object_id in db.session.scalars(found):
            missing.pop(object_id, None)
        first = False
    raise RuntimeError(f"No free place in the search for {len(missing)} of {content_type.key}.")


def learn(texts: Iterable[SearchText]) -> None:
    """Know the words of public texts, so that a slip of the keyboard is forgiven. Joins the transaction."""
    found = {
        word: shown
        for text in texts
        if text.public
        for word, shown in spellings(f"{text.title} {text.body}")
        if can_be_misspelt(word)
    }
    words = list(found)
    for first in range(0, len(words), LEARNT_AT_ONCE):
        batch = words[first : first + LEARNT_AT_ONCE]
        known = set(
            db.session.scalars(
                select(Spelling.word).where(Spelling.key.in_(batch), Spelling.key == Spelling.word)
            )
        )
        rows = [
            {"key": key, "word": word, "shown": found[word]}
            for word in batch
            if word not in known
            for key in spelling_keys(word)
        ]
        insert_or_keep_all(Spelling, rows)


def _slots(at: datetime) -> Iterator[int]:
    """Places to try: the one that keeps the order, then any of the second, which an import may fill."""
    yield slot_of(at)
    for _ in range(TRIES):
        yield randrange(SLOTS)  # noqa: S311 - only has to be free


def remove(kind: str, object_id: int) -> None:
    """Let a thing of the municipality in scope no longer be found."""
    db.session.execute(
        delete(SearchDocument).where(SearchDocument.kind == kind, SearchDocument.object_id == object_id)
    )


def put_thing(content_type: ContentType, thing: Any, *, anew: bool = False) -> None:
    """Index a thing as its content type says; what has no text, or no longer, is not found."""
    if content_type.index is None:
        return
    text = content_type.index(thing)
    if text is None:
        remove(content_type.key, thing.id)
    else:
        put(content_type.key, thing.id, text, content_type.address(thing), anew=anew)


def _changed(fact: Fact) -> None:
    content_type = _type_of(fact.thing)
    if content_type is not None:
        # A new thing gets its key, and a changed one its row, before it is read here.
        db.session.flush()
        put_thing(content_type, fact.thing)


def _arrived(fact: Fact) -> None:
    content_type = _type_of(fact.thing[0]) if fact.thing else None
    if content_type is not None:
        db.session.flush()
        put_new(content_type, fact.thing)


def _removed(fact: Fact) -> None:
    content_type = _type_of(fact.thing)
    if content_type is not None:
        remove(content_type.key, fact.thing.id)


def _type_of(thing: Any) -> ContentType | None:
    return registry.content_types.get(getattr(thing, "KIND", ""))
