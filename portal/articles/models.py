"""Tables of pages and news: the article, its languages, their versions; alerts.

An article is one thing in up to three languages. A language has numbered versions that never change: `latest` is
what the office works on, `public` what everybody reads. So an edit of a public page is seen when it is published,
not while it is written.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.articles import kinds, rules
from portal.articles.kinds import Level, Standing
from portal.articles.states import WORKFLOW
from portal.content.mixins import Content
from portal.core.db import Base, EnumText, Key, UtcDateTime
from portal.core.tenancy import Municipal


class Spot(StrEnum):
    """Where a page is shown: at its own address, or above what a front page shows anyhow."""

    PAGE = "page"
    FRONT = "front"
    HOME = "home"


class Article(Content, Municipal, Base):
    """A page or a news item. `wanted` are the languages it should exist in beside its own."""

    __tablename__ = "article"
    __table_args__ = (
        UniqueConstraint("municipality_id", "kind", "slug"),
        Index("ix_article_list", "municipality_id", "kind", "state", "published_at", "id"),
        CheckConstraint("kind in ('page', 'news')", name="kind"),
    )
    KIND: ClassVar[str] = "article"
    WORKFLOW = WORKFLOW

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str]
    slug: Mapped[str]
    spot: Mapped[Spot] = mapped_column(EnumText(Spot), default=Spot.PAGE)
    parent_id: Mapped[int | None] = mapped_column(Key, ForeignKey("article.id"), index=True)
    in_menu: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    wanted: Mapped[list[str]] = mapped_column(JSON, default=list)
    publish_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expire_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    author_user_id: Mapped[int | None] = mapped_column(Key, index=True)

    __mapper_args__ = {"polymorphic_on": "kind"}  # noqa: RUF012 - SQLAlchemy's own way

    def examine(self, content: kinds.Content) -> None:
        """Look at what is about to be published; the guards of the moves read what it lacks."""
        self.__dict__["_lacking"] = rules.lacks(content)

    @property
    def lacking(self) -> list[rules.Lack]:
        """What `examine` found. Raises KeyError when nobody looked: no guard passes unseen."""
        found: list[rules.Lack] = self.__dict__["_lacking"]
        return found

    @property
    def is_public(self) -> bool:
        """Whether everybody can read it."""
        return self.present.public

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.slug} {self.state}>"


class Page(Article):
    """A standing page, or what an office writes on top of a front page."""

    KIND = "page"
    __mapper_args__ = {"polymorphic_identity": "page"}  # noqa: RUF012


class NewsItem(Article):
    """Something that happened or will happen, listed by its day."""

    KIND = "news"
    __mapper_args__ = {"polymorphic_identity": "news"}  # noqa: RUF012


MODELS: dict[str, type[Article]] = {"page": Page, "news": NewsItem}


class FormerAddress(Municipal, Base):
    """An address that a page or news item had while it was public; it leads to the present one for good."""

    __tablename__ = "article_former_address"
    __table_args__ = (UniqueConstraint("municipality_id", "kind", "slug"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    article_id: Mapped[int] = mapped_column(Key, ForeignKey("article.id"), index=True)
    kind: Mapped[str]
    slug: Mapped[str]


class ArticleText(Municipal, Base):
    """A language of an article. `due` of the original is the version that translations must follow.

    `based_on` of a translation is the original's version its latest version was made from.
    """

    __tablename__ = "article_text"
    __table_args__ = (UniqueConstraint("article_id", "language"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    article_id: Mapped[int] = mapped_column(Key, ForeignKey("article.id"))
    language: Mapped[str]
    status: Mapped[Standing] = mapped_column(EnumText(Standing))
    latest: Mapped[int]
    public: Mapped[int | None]
    due: Mapped[int] = mapped_column(default=0)
    based_on: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ArticleVersion(Municipal, Base):
    """What was saved once, in one language; it is never changed afterwards."""

    __tablename__ = "article_version"
    __table_args__ = (UniqueConstraint("article_id", "language", "number"),)
    AUDITED = False  # It is its own record; the audit entry names its number.

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    article_id: Mapped[int] = mapped_column(Key, ForeignKey("article.id"))
    language: Mapped[str]
    number: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    based_on: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(Key, index=True)
    note: Mapped[str] = mapped_column(default="")

    @property
    def content(self) -> kinds.Content:
        """What it holds."""
        return kinds.Content(self.title, self.summary, rules.unpacked(self.blocks))


class Alert(Municipal, Base):
    """A banner on every page of a municipality from one moment to another. Texts are {locale: text}."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_time", "municipality_id", "ends_at"),
        CheckConstraint("ends_at >= starts_at", name="ends_after_start"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    level: Mapped[Level] = mapped_column(EnumText(Level))
    texts: Mapped[dict[str, str]] = mapped_column(JSON)
    href: Mapped[str] = mapped_column(default="")
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    user_id: Mapped[int | None] = mapped_column(Key)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def __repr__(self) -> str:
        return f"<Alert {self.id} {self.level}>"
