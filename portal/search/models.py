"""One row per thing that can be found, whatever its type."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, UtcDateTime
from portal.core.tenancy import Municipal


class SearchDocument(Municipal, Base):
    """How a thing stands in the search.

    `id` grows with `at` (see `rules.document_id`), so reading the index backwards is newest first at no
    cost. `scope` and `words` are what the index holds; `number` may be several, separated by spaces;
    `href` is the thing's path without language.
    """

    __tablename__ = "search_document"
    __table_args__ = (UniqueConstraint("municipality_id", "kind", "object_id"),)
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    object_id: Mapped[int] = mapped_column(Key)
    number: Mapped[str]
    title: Mapped[str]
    excerpt: Mapped[str]
    href: Mapped[str]
    language: Mapped[str]
    public: Mapped[bool]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    scope: Mapped[str]
    words: Mapped[str]

    def __repr__(self) -> str:
        return f"<SearchDocument {self.kind} {self.object_id}>"


class Spelling(Base):
    """A word of public texts under every key a misspelt one is looked up by (`rules.spelling_keys`).

    `word` is folded, `shown` as somebody wrote it. Of all municipalities together: what is offered to a reader
    is looked for in what they may find first.
    """

    __tablename__ = "search_spelling"
    __table_args__ = (Index("ix_search_spelling_word", "word"),)
    AUDITED = False

    key: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    shown: Mapped[str]
