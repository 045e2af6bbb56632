"""Tables of initiatives. What people said stands in `Initiative`; who they are, sealed, in `Author`."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, event
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from initiatives.counting import Part
from initiatives.kinds import thread_of
from initiatives.rules import takes_support
from initiatives.states import CHECK_OFF, TAKEN_OVER, WITHHELD, WORKFLOW
from portal.content.mixins import Content
from portal.core import clock, tenancy
from portal.core.actor import Channel
from portal.core.db import Base, EnumText, Key, UtcDateTime
from portal.core.sealed import Sealed
from portal.core.tenancy import Municipal
from portal.core.workflow import Move, State
from portal.maps.geo import MAX_CELL_ZOOM
from portal.maps.geo import cell as grid_cell

HEAD = "ix_initiative"


class Place(StrEnum):
    """How the place of an initiative is told."""

    POINT = "point"
    ADDRESS = "address"
    WHOLE = "whole"


class Audience(StrEnum):
    """Who may ever read it. ASKED: the team alone so far, but its author asks to publish it."""

    EVERYBODY = "everybody"
    TEAM = "team"
    ASKED = "asked"


class Outcome(StrEnum):
    """What became of it, apart from its state."""

    NONE = "none"
    DONE = "done"
    PARTLY = "partly"
    REFUSED = "refused"
    UNNEEDED = "unneeded"


LOST_FILE = "lost_file"
"""Key among the `details` of a draft off which the virus scanner took a file."""


class Initiative(Content, Municipal, Base):
    """A resident's initiative.

    `listed_at` is set while everybody may see it and orders the lists; `folded` is the title folded for
    searching; `phase` repeats the state's phase for indexes and filters; `cell` is the finest map cell its
    point lies in, set with it. `details` keeps what an import brought that has no column of its own,
    and in a draft that the virus scanner took a file off it. `answers` are those to public questions of the
    office, by the number of the wording; those for the team alone lie sealed with the author.
    `news_at` is when the office last told something of its realisation, `silent_since` the local day of that
    once it was too long ago. `support_count` are all who support it, `paper_count` those of them who signed on
    paper; `support_until` is the last day of support as the office had set it when the case was published,
    `takes_support` keeps `rules.takes_support` for the filter of the list, `threshold_on` is the local day on which
    support reached what the office had promised something for.
    `merge_id` is the open proposal to merge it in which it takes part, on whichever
    side; `change_id` is the author's open proposal to change what was decided; `joined_count` is how many others go
    on in it. `transferred_to` names whom it was referred to, `referred_on`
    the local day; where that is a municipality of the portal, `referred_to_id` is it, and the case goes on there in a
    row of its own with the same number, which names in `referred_from_id` whence and in `arrived_on` the local day it
    came. `echo_round` counts how often people were, or are to be, asked whether it helped.
    """

    __tablename__ = "initiative"
    __table_args__ = (
        # A case that was referred to another municipality has a row in each, under the one number.
        UniqueConstraint("number", "municipality_id"),
        UniqueConstraint("municipality_id", "external_source", "external_number"),
        CheckConstraint("(lat is null) = (lon is null)", name="whole_point"),
        CheckConstraint("(lat is null) = (cell is null)", name="point_has_cell"),
        CheckConstraint("place <> 'point' or lat is not null", name="point_has_place"),
        CheckConstraint("cost_minor is null or cost_minor >= 0", name="cost"),
        CheckConstraint("planned_minor is null or planned_minor >= 0", name="planned"),
        CheckConstraint("spent_minor is null or spent_minor >= 0", name="spent"),
        CheckConstraint("paper_count between 0 and support_count", name="paper"),
        CheckConstraint("referred_to_id is null or referred_on is not null", name="referred"),
        CheckConstraint("(referred_from_id is null) = (arrived_on is null)", name="arrived"),
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
        # What became of it, as a filter of the list.
        Index(f"{HEAD}_town_outcome", "municipality_id", "outcome", "listed_at", "id"),
        # The few that go on in another one, found from the joint page.
        Index(
            f"{HEAD}_merged_into",
            "merged_into_id",
            sqlite_where=sql_text("merged_into_id is not null"),
            postgresql_where=sql_text("merged_into_id is not null"),
        ),
        # The few from which nothing was heard for long.
        Index(
            f"{HEAD}_silent",
            "municipality_id",
            "listed_at",
            "id",
            sqlite_where=sql_text("silent_since is not null"),
            postgresql_where=sql_text("silent_since is not null"),
        ),
        # Those that support can still carry on.
        Index(
            f"{HEAD}_town_open",
            "municipality_id",
            "listed_at",
            "id",
            sqlite_where=sql_text("takes_support = 1"),
            postgresql_where=sql_text("takes_support"),
        ),
        Index(
            f"{HEAD}_town_open_support",
            "municipality_id",
            "support_count",
            "id",
            sqlite_where=sql_text("takes_support = 1"),
            postgresql_where=sql_text("takes_support"),
        ),
    )
    KIND = "initiative"
    WORKFLOW = WORKFLOW
    PERSONAL = ("title", "text", "folded", "address", "lat", "lon", "cell", "details", "answers")

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
    audience: Mapped[Audience] = mapped_column(EnumText(Audience), default=Audience.EVERYBODY)
    support_count: Mapped[int] = mapped_column(default=0)
    paper_count: Mapped[int] = mapped_column(default=0)
    support_until: Mapped[date | None]
    takes_support: Mapped[bool] = mapped_column(default=False)
    threshold_on: Mapped[date | None]
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
    plan_time: Mapped[str] = mapped_column(default="")
    plan_owner: Mapped[str] = mapped_column(default="")
    plan_risks: Mapped[str] = mapped_column(default="")
    decided_by_user_id: Mapped[int | None] = mapped_column(Key)
    returns_on: Mapped[date | None]
    appeal_until: Mapped[date | None]
    appealed_once: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[int | None] = mapped_column(Key, ForeignKey("initiative.id"))
    merge_consented: Mapped[bool] = mapped_column(default=False)
    merge_id: Mapped[int | None] = mapped_column(Key)
    change_id: Mapped[int | None] = mapped_column(Key)
    joined_count: Mapped[int] = mapped_column(default=0)
    transferred_to: Mapped[str] = mapped_column(default="")
    referred_to_id: Mapped[int | None] = mapped_column(Key, ForeignKey("municipality.id"))
    referred_on: Mapped[date | None]
    referred_from_id: Mapped[int | None] = mapped_column(Key, ForeignKey("municipality.id"))
    arrived_on: Mapped[date | None]
    progress: Mapped[int] = mapped_column(default=0)
    planned_minor: Mapped[int | None] = mapped_column(BigInteger)
    spent_minor: Mapped[int | None] = mapped_column(BigInteger)
    news_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    silent_since: Mapped[date | None]
    echo_round: Mapped[int] = mapped_column(default=0)
    group_id: Mapped[int | None] = mapped_column(Key)
    untouched_version: Mapped[int] = mapped_column(default=1)
    """The version an imported case has while nobody changed it here; a bulk act that is taken back sets it anew."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

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
        return self.external_source is not None and self.version == self.untouched_version

    @property
    def lost_a_file(self) -> bool:
        """Whether the virus scanner took a file off the draft, and nothing was added or sent since."""
        return bool(self.details.get(LOST_FILE))

    @property
    def present(self) -> State:
        """The state's row of the table."""
        return self.state_told(self.state)

    def state_told(self, key: str) -> State:
        """The row of a state in the words that fit this case."""
        told = TAKEN_OVER if self.is_untouched_import else WITHHELD if self.withheld else {}
        return told.get(key) or self.WORKFLOW.state(key)

    def move_told(self, move: Move) -> Move:
        """A move in the words that fit this case."""
        return CHECK_OFF if self.withheld and move.verb == "publish" else move

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
    def withheld(self) -> bool:
        """Whether its author wanted it handled without publication."""
        return self.audience is not Audience.EVERYBODY

    @property
    def online_count(self) -> int:
        """How many support it in the portal itself."""
        return self.support_count - self.paper_count

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it."""
        return self.listed_at is not None


@event.listens_for(Initiative, "before_insert")
@event.listens_for(Initiative, "before_update")
def _place_on_map(_mapper: object, _connection: object, case: Initiative) -> None:
    case.cell = finest_cell(case.lat, case.lon)


@event.listens_for(Initiative, "before_insert")
@event.listens_for(Initiative, "before_update")
def _open_to_support(_mapper: object, _connection: object, case: Initiative) -> None:
    case.takes_support = takes_support(case)


def finest_cell(lat: float | None, lon: float | None) -> int | None:
    """What stands in `Initiative.cell` for a point; rows written past the ORM set it themselves."""
    return None if lat is None or lon is None else grid_cell(lat, lon, MAX_CELL_ZOOM)


class Author(Municipal, Base):
    """Who filed it, sealed. `shows_name` is the author's own choice; without it the public sees nobody.

    `person` and `phone_key` are keyed hashes of e-mail address and telephone: by them somebody without an
    account is found who asks for a copy or for erasure.
    """

    __tablename__ = "initiative_author"
    # The code of a case that was referred opens it in both municipalities.
    __table_args__ = (UniqueConstraint("code_hash", "municipality_id"),)
    PERSONAL = ("code_hash", "person", "phone_key")

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"), unique=True)
    name_sealed: Mapped[str | None]
    email_sealed: Mapped[str | None]
    phone_sealed: Mapped[str | None]
    postal_sealed: Mapped[str | None]
    original_sealed: Mapped[str | None]
    answers_sealed: Mapped[str | None]
    shows_name: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Key)
    code_hash: Mapped[str | None]
    person: Mapped[str | None] = mapped_column(index=True)
    phone_key: Mapped[str | None] = mapped_column(index=True)

    name = Sealed()
    email = Sealed()
    phone = Sealed()
    postal = Sealed()
    original = Sealed()
    """Title and text as they came in, once the team took something out; for staff only, kept as long as the name."""
    answers = Sealed()
    """Answers to questions that only the team reads, as JSON by the number of the wording."""

    initiative: Mapped[Initiative] = relationship(back_populates="author", lazy="raise")

    @property
    def is_erased(self) -> bool:
        """Whether nothing is left by which the author could be reached, or come back."""
        kept = (
            self.user_id,
            self.code_hash,
            self.name_sealed,
            self.email_sealed,
            self.phone_sealed,
            self.postal_sealed,
        )
        return not any(kept)


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
    """One reviewer's sheet of one study, all by the wording of the criterion: words, scores of 0 to 5, and other
    answers (`yes`, `no`, `unclear`, minor units, an ISO day).

    `weights` are those the office had set when it was saved last. `changes` tells what was changed after its
    reviewer had seen a colleague's sheet.
    """

    __tablename__ = "initiative_sheet"
    __table_args__ = (UniqueConstraint("initiative_id", "kind", "user_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    kind: Mapped[StudyKind] = mapped_column(EnumText(StudyKind))
    user_id: Mapped[int] = mapped_column(Key)
    parts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    scores: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    weights: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    finished: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    initiative: Mapped[Initiative] = relationship(back_populates="sheets", lazy="raise")

    def cost(self, thread: str) -> int | None:
        """Minor units of `cost-once` or `cost-yearly`, in whatever wording it was asked."""
        return next((value for key, value in self.values.items() if thread_of(key) == thread), None)


class StudyNote(Municipal, Base):
    """What reviewers say to each other about a criterion on which their views part; only the team reads it."""

    __tablename__ = "initiative_study_note"
    __table_args__ = (Index("ix_initiative_study_note_case", "initiative_id", "kind", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    kind: Mapped[StudyKind] = mapped_column(EnumText(StudyKind))
    criterion: Mapped[str]
    user_id: Mapped[int] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str]


class Citation(Municipal, Base):
    """A result of a survey that speaks for or against a case, cited by a reviewer."""

    __tablename__ = "initiative_citation"
    __table_args__ = (Index("ix_initiative_citation_case", "initiative_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    user_id: Mapped[int] = mapped_column(Key)
    survey: Mapped[str]
    wave: Mapped[str] = mapped_column(default="")
    question: Mapped[str] = mapped_column(default="")
    result: Mapped[str]
    link: Mapped[str] = mapped_column(default="")
    held_on: Mapped[date | None]


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


class SheetState(StrEnum):
    """How far a sheet with signatures has come."""

    WAITING = "waiting"
    DIFFERS = "differs"
    COUNTED = "counted"
    STRUCK = "struck"


class SignatureSheet(Municipal, Base):
    """A sheet of paper with signatures for a case: how many are valid, by two countings; nobody's name.

    `serial` is what the office writes on the sheet, so that it is found again. `first` and `second` are the last two
    countings, `valid` is the number on which two agree; only then it is part of `Initiative.paper_count`.
    """

    __tablename__ = "initiative_signature_sheet"
    __table_args__ = (
        UniqueConstraint("initiative_id", "serial"),
        Index("ix_initiative_signature_sheet_open", "municipality_id", "state", "id"),
        CheckConstraint("first >= 0", name="first"),
        CheckConstraint("second is null or second >= 0", name="second"),
        CheckConstraint("valid is null or valid >= 0", name="valid"),
        CheckConstraint("state <> 'counted' or valid is not null", name="counted"),
        CheckConstraint("state <> 'struck' or struck_why <> ''", name="struck"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    # Without the mixin's index on this column alone, as the one above begins with it.
    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"))
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    serial: Mapped[int]
    signed_on: Mapped[date]
    place: Mapped[str] = mapped_column(default="")
    remark: Mapped[str] = mapped_column(default="")
    state: Mapped[SheetState] = mapped_column(EnumText(SheetState), default=SheetState.WAITING)
    first: Mapped[int]
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    first_by: Mapped[int | None] = mapped_column(Key)
    second: Mapped[int | None]
    second_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    second_by: Mapped[int | None] = mapped_column(Key)
    valid: Mapped[int | None]
    counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    struck_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    struck_by: Mapped[int | None] = mapped_column(Key)
    struck_why: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)


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


class CostChange(Municipal, Base):
    """What the realisation was said to cost, or to have cost so far: each change with who, when and why; immutable."""

    __tablename__ = "initiative_cost"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(Key)
    planned_minor: Mapped[int | None] = mapped_column(BigInteger)
    spent_minor: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str]


class Asked(StrEnum):
    """Why somebody is asked whether it helped."""

    AUTHOR = "author"
    SUPPORTER = "supporter"
    FOLLOWER = "follower"


class Helped(StrEnum):
    """Whether it helped."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


class Echo(Municipal, Base):
    """Somebody who was asked, after the work, whether it helped, and what they said; once per person and round."""

    __tablename__ = "initiative_echo"
    __table_args__ = (UniqueConstraint("initiative_id", "round", "person"),)
    PERSONAL = ("person", "words")

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    round: Mapped[int]
    person: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Key, index=True)
    asked_as: Mapped[Asked] = mapped_column(EnumText(Asked))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[Helped | None] = mapped_column(EnumText(Helped))
    words: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MergeState(StrEnum):
    """What became of a proposal to merge: still open, carried out, or why it was not."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"
    DROPPED = "dropped"
    OVERTAKEN = "overtaken"


class Merge(Municipal, Base):
    """A leader's proposal that one case goes on in another, and what the two authors said to it.

    `until` is the last local day to answer. What authors say in words stands in the history of their own case.
    """

    __tablename__ = "initiative_merge"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"), index=True)
    into_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str]
    until: Mapped[date]
    outcome: Mapped[MergeState] = mapped_column(EnumText(MergeState), default=MergeState.OPEN)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    case_agrees: Mapped[bool | None]
    into_agrees: Mapped[bool | None]


class ChangeOf(StrEnum):
    """What an author proposes to change after a decision: the words, the place, or what is to be done."""

    TEXT = "text"
    PLACE = "place"
    WORK = "work"


class ChangeState(StrEnum):
    """What became of a proposal to change: still open, how it was answered, or why it was not."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"


class Change(Municipal, Base):
    """An author's proposal to change what was decided, and the leader's answer; the decision itself stays.

    `wanted` and `why` are the author's words, read by everybody while `shown`. `changes` is what changes, in the
    words of the office, and `reasons` why, or why not. `before` keeps title, text and place as they stood, as far as
    they were rewritten with it.
    """

    __tablename__ = "initiative_change"
    __table_args__ = (
        Index("ix_initiative_change_case", "initiative_id", "id"),
        Index(
            "uq_initiative_change_open",
            "initiative_id",
            unique=True,
            sqlite_where=sql_text("outcome = 'open'"),
            postgresql_where=sql_text("outcome = 'open'"),
        ),
        CheckConstraint("(outcome = 'open') = (ended_at is null)", name="ended"),
        CheckConstraint("outcome <> 'accepted' or changes <> ''", name="accepted"),
    )
    PERSONAL = ("wanted", "why", "before")

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    of: Mapped[ChangeOf] = mapped_column(EnumText(ChangeOf))
    wanted: Mapped[str]
    why: Mapped[str]
    shown: Mapped[bool] = mapped_column(default=True)
    outcome: Mapped[ChangeState] = mapped_column(EnumText(ChangeState), default=ChangeState.OPEN)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(Key)
    """Who answered it."""
    changes: Mapped[str] = mapped_column(default="")
    reasons: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    """The language of the answer."""
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Count(Municipal, Base):
    """How many initiatives a municipality has per state, category and outcome; kept with every change."""

    __tablename__ = "initiative_count"
    AUDITED = False

    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"), primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(EnumText(Outcome), primary_key=True)
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


class Figure(Municipal, Base):
    """Sums for statistics, by month: what `counting.entries` says each case adds, kept with every move.

    `month` is its first local day. A row holds no case and no person, and stays when a case is erased.
    """

    __tablename__ = "initiative_figure"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - read by SQLAlchemy
    AUDITED = False

    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"), primary_key=True)
    part: Mapped[Part] = mapped_column(EnumText(Part), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]


class Done(StrEnum):
    """How a case fared in a bulk act."""

    WAITING = "waiting"
    MOVED = "moved"
    LEFT = "left"
    UNDONE = "undone"
    KEPT = "kept"


class BulkAct(Municipal, Base):
    """One act on many cases, carried out case by case; for some minutes it can be taken back as a whole.

    `values` are those of the verb's form, `query` is the list it began in. `undo_until` is set anew when the
    last case is done; messages are held back until shortly after it. `undone_by` took it back, `restored_at`
    says that this came to its end.
    """

    __tablename__ = "initiative_bulk"
    __table_args__ = (Index("ix_initiative_bulk_town", "municipality_id", "at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"))
    user_id: Mapped[int] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    verb: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    query: Mapped[str] = mapped_column(default="")
    cases: Mapped[int]
    undo_until: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by: Mapped[int | None] = mapped_column(Key)
    restored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Mention(Municipal, Base):
    """Somebody of the office was named in an internal note; `done_at` once they have read it.

    `step_id` is the note in the history.
    """

    __tablename__ = "initiative_mention"
    __table_args__ = (
        UniqueConstraint("step_id", "user_id"),
        Index("ix_initiative_mention_open", "municipality_id", "user_id", "done_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    # Without the mixin's index on this column alone, as the one above begins with it.
    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"))
    initiative_id: Mapped[int] = mapped_column(
        Key, ForeignKey("initiative.id", ondelete="CASCADE"), index=True
    )
    step_id: Mapped[int] = mapped_column(Key)
    user_id: Mapped[int] = mapped_column(Key)
    by_user_id: Mapped[int | None] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SavedFilter(Municipal, Base):
    """A filter of a list that somebody keeps under a name of their own; `query` is the end of its address."""

    __tablename__ = "initiative_filter"
    __table_args__ = (UniqueConstraint("municipality_id", "user_id", "place", "name"),)
    PERSONAL = ("name", "query")
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    # Without the mixin's index on this column alone, as the constraint begins with it.
    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"))
    user_id: Mapped[int] = mapped_column(Key)
    place: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BulkItem(Municipal, Base):
    """A case of a bulk act: the version that was seen, how it fared and why, and how it stood before.

    `after` is the version the act left behind: a case changed since then is not put back. `why` is packed,
    so that it reads in the language of whoever looks.
    """

    __tablename__ = "initiative_bulk_item"
    __table_args__ = (
        UniqueConstraint("bulk_id", "initiative_id"),
        Index("ix_initiative_bulk_item_next", "bulk_id", "outcome", "id"),
    )
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    bulk_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative_bulk.id", ondelete="CASCADE"))
    initiative_id: Mapped[int] = mapped_column(
        Key, ForeignKey("initiative.id", ondelete="CASCADE"), index=True
    )
    seen: Mapped[int]
    after: Mapped[int | None]
    outcome: Mapped[Done] = mapped_column(EnumText(Done), default=Done.WAITING)
    why: Mapped[str] = mapped_column(default="")
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class AgendaItem(Municipal, Base):
    """A case on the agenda of a meeting of the steering group, and what the group thought of it.

    Votes are those of the group, which advises; who decides is bound by none.
    """

    __tablename__ = "initiative_agenda"
    __table_args__ = (
        UniqueConstraint("initiative_id", "session_on"),
        Index("ix_initiative_agenda_day", "municipality_id", "session_on"),
        CheckConstraint("votes_for is null or votes_for >= 0", name="votes_for"),
        CheckConstraint("votes_against is null or votes_against >= 0", name="votes_against"),
        CheckConstraint("votes_abstained is null or votes_abstained >= 0", name="votes_abstained"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    # Without the mixin's index on this column alone, as the one above begins with it.
    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"))
    initiative_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative.id"))
    session_on: Mapped[date]
    opinion: Mapped[str] = mapped_column(default="")
    votes_for: Mapped[int | None]
    votes_against: Mapped[int | None]
    votes_abstained: Mapped[int | None]
    user_id: Mapped[int] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class BatchState(StrEnum):
    """Where a batch of decisions stands."""

    OPEN = "open"
    TIMED = "timed"
    RUNNING = "running"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class Batch(Municipal, Base):
    """Decisions that are prepared and published at one moment; until then only decision-makers know of them.

    `publish_at` is the end of the embargo. `log` says who made, timed, moved or cancelled it and when.
    """

    __tablename__ = "initiative_batch"
    __table_args__ = (Index("ix_initiative_batch_town", "municipality_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    # Without the mixin's index on this column alone, as the one above begins with it.
    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"))
    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[BatchState] = mapped_column(EnumText(BatchState), default=BatchState.OPEN)
    publish_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_by: Mapped[int | None] = mapped_column(Key)
    version: Mapped[int] = mapped_column(default=1)
    log: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class BatchItem(Municipal, Base):
    """A prepared decision of a batch; `seen` is the version of the case it was written for, `why` as in BulkItem."""

    __tablename__ = "initiative_batch_item"
    __table_args__ = (UniqueConstraint("batch_id", "initiative_id"),)
    AUDITED = False
    """The audit log is read by more people than may know of an embargo; it says who prepared what when that is out."""

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    batch_id: Mapped[int] = mapped_column(Key, ForeignKey("initiative_batch.id", ondelete="CASCADE"))
    initiative_id: Mapped[int] = mapped_column(
        Key, ForeignKey("initiative.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int] = mapped_column(Key)
    verdict: Mapped[str]
    reasons: Mapped[str]
    left_out: Mapped[str] = mapped_column(default="")
    returns_on: Mapped[date | None]
    seen: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    outcome: Mapped[Done] = mapped_column(EnumText(Done), default=Done.WAITING)
    why: Mapped[str] = mapped_column(default="")
