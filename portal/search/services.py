"""Making the search anew from the things themselves."""

from collections.abc import Iterator

from sqlalchemy import delete, select

from portal.core import tenancy
from portal.core.db import db, writing
from portal.core.registry import ContentType, registry
from portal.search import queries
from portal.search.index import put_thing
from portal.search.models import SearchDocument, Spelling

BATCH = 200
"""Things indexed, or words looked at, in one transaction: others may write between two of them."""


def rebuild() -> Iterator[int]:
    """Index everything again, town by town; yields after each batch how many things it held.

    What no longer exists leaves the search. Works in batches of keys, in constant memory; the portal may
    run meanwhile, and an interrupted run is simply started again.
    """
    for town in tenancy.towns().values():
        with tenancy.within(town.id):
            for content_type in registry.content_types.values():
                if content_type.index is not None:
                    yield from _rebuild_type(content_type)


def _rebuild_type(content_type: ContentType) -> Iterator[int]:
    model = content_type.model
    with writing():
        gone = SearchDocument.object_id.not_in(select(model.id))
        db.session.execute(
            delete(SearchDocument)
            .where(SearchDocument.kind == content_type.key, gone)
            .execution_options(synchronize_session=False)
        )
    last = -1
    while True:
        with writing():
            keys = select(model.id).where(model.id > last).order_by(model.id).limit(BATCH)
            ids = list(db.session.scalars(keys))
            for thing_id in ids:
                put_thing(content_type, content_type.load(thing_id), anew=True)
            db.session.flush()
            db.session.expunge_all()  # Things of a batch are not needed again; memory stays flat.
        if not ids:
            return
        last = ids[-1]
        yield len(ids)


def forget_words() -> None:
    """Know no word any longer that no public text holds, so that what was erased is gone here too."""
    last = ""
    while True:
        with tenancy.unscoped("words are known of all municipalities together"):
            known = select(Spelling.word).where(Spelling.word > last, Spelling.key == Spelling.word)
            words = list(db.session.scalars(known.order_by(Spelling.word).limit(BATCH)))
            gone = [word for word in words if not queries.is_public_word(word)]
        db.session.rollback()
        if gone:
            with writing():
                db.session.execute(delete(Spelling).where(Spelling.word.in_(gone)))
        if not words:
            return
        last = words[-1]
