"""Tables of initiatives. What people said stands in `Initiative`; who they are, sealed, in `Author`."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from initiatives.states import TAKEN_OVER, WORKFLOW
from portal.content.mixins import Content
from portal.core import clock, tenancy
from portal.core.actor import Channel
from portal.core.db import Base, EnumText, Key, UtcDateTime
from portal.core.sealed import Sealed
from portal.core.tenancy import Municipal
from portal.core.workflow import State
from portal.maps.geo import MAX_CELL_ZOOM
from portal.maps.geo import cell as grid_cell

HEAD = "ix_initiative"


class Place(StrEnum):
    """How the place of an initiative is told."""

    POINT = "point"
    ADDRESS = "address"
    WHOLE = "whole"


class Outcome(StrEnum):
    """What became of it, apart from its state."""

    NONE = "none"
    DONE = "done"
    PARTLY = "partly"
    REFUSED = "refused"
    UNNEEDED = "unneeded"


class Initiative(Content, Municipal, Base):
    """A resident's initiative.

    `listed_at` is set while everybody may see it and orders the lists; `folded` is the title folded for
    searching; `phase` repeats the state's phase for indexes and filters; `cell` is the finest map cell its
    point lies in, set with it. `details` keeps what an import brought that has no column of its own.
    """

    __tablename__ = "initiative"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("municipality_id", "external_source", "external_number"),
        CheckConstraint("(lat is null) = (lon is null)", name="whole_point"),
        CheckConstraint("(lat is null) = (cell is null)", name="point_has_cell"),
        CheckConstraint("place <> 'point' or lat is not null", name="point_has_place"),
        CheckConstraint("cost_minor is null or cost_minor >= 0", name="cost"),
        # Newest first within a town, by phase and category, and over all towns: one index each, read backwards.
        Index(f"{HEAD}_town", "municipality_id", "listed_at", "id"),
        Index(f"{HEAD}_town_phase", "municipality_id", "phase", "listed_at", "id"),
        Index(f"{HEAD}_town_category", "municipality_id", "category", "listed_at", "id"),
        Index(
            f"{HEAD}_town_both",
            "municipality_id",
            "phase",
            "category",
            "listed_at",
            "id",
        ),
        # Also the list of districts that occur: read by jumps from name to name.
        Index(f"{HEAD}_town_district", "municipality_id", "district", "listed_at", "id"),
        Index(f"{HEAD}_town_support", "municipality_id", "support_count", "id"),
        Index(f"{HEAD}_all", "listed_at", "id"),
        Index(f"{HEAD}_all_support", "support_count", "id"),
        # What came in since a day, for the numbers of a municipality.
        Index(f"{HEAD}_submitted", "municipality_id", "submitted_at"),
        Index(f"{HEAD}_desk", "municipality_id", "state", "updated_at", "id"),
        # For the map; not led by the municipality, as the stored cells that a query comes from name it.
        Index(f"{HEAD}_cell", "cell"),
        Index(f"{HEAD}_lead", "municipality_id", "lead_user_id", "state"),
    )
    KIND = "initiative"
    WORKFLOW = WORKFLOW
    PERSONAL = ("title", "text", "folded", "address", "lat", "lon", "cell", "details")

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    # Without the mixin's index on this column alone: SQLite would take it for half of the queries above.
    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"))
    number: Mapped[str | None]
    external_source: Mapped[str | None]
    external_number: Mapped[str | None]
    title: Mapped[str] = mapped_column(default="")
    folded: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    district: Mapped[str] = mapped_column(default="")
    place: Mapped[Place | None] = mapped_column(EnumText(Place))
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    cell: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(default="")
    cost_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str]
    channel: Mapped[Channel] = mapped_column(EnumText(Channel))
    phase: Mapped[str] = mapped_column(default="draft")
    outcome: Mapped[Outcome] = mapped_column(EnumText(Outcome), default=Outcome.NONE)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    listed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    support_count: Mapped[int] = mapped_column(default=0)
    comment_count: Mapped[int] = mapped_column(default=0)
    returned_once: Mapped[bool] = mapped_column(default=False)
    defects: Mapped[list[str]] = mapped_column(JSON, default=list)
    department: Mapped[str] = mapped_column(default="")
    lead_user_id: Mapped[int | None] = mapped_column(Key)
    taken_by_user_id: Mapped[int | None] = mapped_column(Key)
    author_user_id: Mapped[int | None] = mapped_column(Key, index=True)
    wanted: Mapped[str] = mapped_column(default="")
    allowed: Mapped[str] = mapped_column(default="")
    tradeoff: Mapped[str] = mapped_column(default="")
    recommended: Mapped[str | None]
    recommended_why: Mapped[str] = mapped_column(default="")
    cost_once_minor: Mapped[int | None] = mapped_column(BigInteger)
    cost_yearly_minor: Mapped[int | None] = mapped_column(BigInteger)
    cost_source: Mapped[str] = mapped_column(default="")
    decided_by_user_id: Mapped[int | None] = mapped_column(Key)
    returns_on: Mapped[date | None]
    appeal_until: Mapped[date | None]
    appealed_once: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[int | None] = mapped_column(Key, ForeignKey("initiative.id"))
    merge_consented: Mapped[bool] = mapped_column(default=False)
    transferred_to: Mapped[str] = mapped_column(default="")
    progress: Mapped[int] = mapped_column(default=0)
    group_id: Mapped[int | None] = mapped_column(Key)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    author: Mapped["Author | None"] = relationship(back_populates="initiative", lazy="raise")
    reviewers: Mapped[list["Reviewer"]] = relationship(back_populates="initiative", lazy="raise")
    sheets: Mapped[list["Sheet"]] = relationship(back_populates="initiative", lazy="raise")

    conflicts: frozenset[int] = frozenset()
    """Staff to whom the desk closes this case; filled by `queries.case`."""

    def __repr__(self) -> str:
        return f"<Initiative {self.number or 'draft'} {self.state}>"

    @property
    def is_untouched_import(self) -> bool:
        """Whether it was taken over from another system and nobody has changed it here."""
        return self.external_source is not None and self.version == 1

    @property
    def present(self) -> State:
        """The state's row of the table."""
        present = super().present
        return TAKEN_OVER.get(present.key, present) if self.is_untouched_import else present

    @property
    def has_place(self) -> bool:
        """Whether somebody said where."""
        return self.place is not None

    @property
    def reviewer_ids(self) -> Sequence[int]:
        """Ids of the people who study it."""
        return [row.user_id for row in self.reviewers]

    @property
    def local_today(self) -> date:
        """Today in the municipality's zone."""
        return clock.today(tenancy.town_by_id(self.municipality_id).zone)

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it."""
        return self.listed_at is not None


@event.listens_for(Initiative, "before_insert")
@event.listens_for(Initiative, "before_update")
def _place_on_map(_mapper: object, _connection: object, case: Initiative) -> None:
    case.cell = finest_cell(case.lat, case.lon)


def finest_cell(lat: float | None, lon: float | None) -> int | None:
    """What stands in `Initiative.cell` for a point; rows written past the ORM set it themselves."""
    return None if lat is None or lon is None else grid_cell(lat, lon, MAX_CELL_ZOOM)


class Author(Municipal, Base):
    """Who filed it, sealed. `shows_name` is the author's own choice; without it the public sees nobody.

    `person` and `phone_key` are keyed hashes of e-mail address and telephone: by them somebody without an
    account is found who asks for a copy or for erasure.
    """

    __tablename__ = "initiative_author"
    PERSONAL = ("code_hash", "person", "phone_key")

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"), unique=True)
    name_sealed: Mapped[str | None]
    email_sealed: Mapped[str | None]
    phone_sealed: Mapped[str | None]
    postal_sealed: Mapped[str | None]
    original_sealed: Mapped[str | None]
    shows_name: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Key)
    code_hash: Mapped[str | None] = mapped_column(unique=True)
    person: Mapped[str | None] = mapped_column(index=True)
    phone_key: Mapped[str | None] = mapped_column(index=True)

    name = Sealed()
    email = Sealed()
    phone = Sealed()
    postal = Sealed()
    original = Sealed()
    """Title and text as they came in, once the team took something out; for staff only, kept as long as the name."""

    initiative: Mapped[Initiative] = relationship(back_populates="author", lazy="raise")


class Reviewer(Municipal, Base):
    """A member of the team who studies a case."""

    __tablename__ = "initiative_reviewer"
    __table_args__ = (UniqueConstraint("initiative_id", "user_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    user_id: Mapped[int] = mapped_column(Key, index=True)

    initiative: Mapped[Initiative] = relationship(back_populates="reviewers", lazy="raise")


class StudyKind(StrEnum):
    """The two studies."""

    PURPOSE = "purpose"
    FEASIBILITY = "feasibility"


class Sheet(Municipal, Base):
    """One reviewer's sheet of one study: words and a score of 1 to 5 per part."""

    __tablename__ = "initiative_sheet"
    __table_args__ = (
        UniqueConstraint("initiative_id", "kind", "user_id"),
        CheckConstraint("cost_once_minor is null or cost_once_minor >= 0", name="cost_once"),
        CheckConstraint("cost_yearly_minor is null or cost_yearly_minor >= 0", name="cost_yearly"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    kind: Mapped[StudyKind] = mapped_column(EnumText(StudyKind))
    user_id: Mapped[int] = mapped_column(Key)
    parts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    scores: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    cost_once_minor: Mapped[int | None] = mapped_column(BigInteger)
    cost_yearly_minor: Mapped[int | None] = mapped_column(BigInteger)
    finished: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    initiative: Mapped[Initiative] = relationship(back_populates="sheets", lazy="raise")


class Decision(Municipal, Base):
    """A decision, or the answer to an appeal, as it was published."""

    __tablename__ = "initiative_decision"
    __table_args__ = (Index("ix_initiative_decision_case", "initiative_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(Key)
    verdict: Mapped[str]
    reasons: Mapped[str]
    left_out: Mapped[str] = mapped_column(default="")
    returns_on: Mapped[date | None]
    on_appeal: Mapped[bool] = mapped_column(default=False)


class Support(Municipal, Base):
    """Somebody's support: once per person, an account or a confirmed address."""

    __tablename__ = "initiative_support"
    __table_args__ = (UniqueConstraint("initiative_id", "person"),)
    PERSONAL = ("person",)
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    person: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Key, index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Translation(Municipal, Base):
    """An initiative in another language, with how far the translation can be trusted."""

    __tablename__ = "initiative_translation"
    __table_args__ = (UniqueConstraint("initiative_id", "language"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    language: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    status: Mapped[str] = mapped_column(default="human")
    made_from_version: Mapped[int] = mapped_column(default=1)


class Milestone(Municipal, Base):
    """A step of the realisation: planned day, share of the whole when it is done, money."""

    __tablename__ = "initiative_milestone"
    __table_args__ = (CheckConstraint("share between 0 and 100", name="share"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"), index=True)
    title: Mapped[str]
    planned_on: Mapped[date | None]
    done_on: Mapped[date | None]
    share: Mapped[int] = mapped_column(default=0)


class Count(Municipal, Base):
    """How many initiatives a municipality has per state and category; kept with every change."""

    __tablename__ = "initiative_count"
    AUDITED = False

    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"), primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]


class MapCell(Municipal, Base):
    """Points of the public map summed per grid cell and zoom; `filter` is '', 'p:<phase>' or 'c:<category>'.

    `tile` (see `portal.maps.geo`) stands before the cell in the key, so that a screen reads its own tiles.
    """

    __tablename__ = "initiative_map_cell"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - read by SQLAlchemy
    AUDITED = False

    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"), primary_key=True)
    filter: Mapped[str] = mapped_column(primary_key=True)
    zoom: Mapped[int] = mapped_column(primary_key=True)
    tile: Mapped[int] = mapped_column(Key, primary_key=True)
    cell: Mapped[int] = mapped_column(Key, primary_key=True)
    n: Mapped[int]
    sum_lat: Mapped[float]
    sum_lon: Mapped[float]
