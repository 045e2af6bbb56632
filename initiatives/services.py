"""Doing: one function per verb, each a use case. `settle` keeps everything that follows from a move."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update

from initiatives import messages, queries, rules
from initiatives.models import (
    Author,
    Count,
    Decision,
    Initiative,
    MapCell,
    Milestone,
    Outcome,
    Place,
    Reviewer,
    Sheet,
    StudyKind,
    Support,
)
from initiatives.states import CORRECTIONS
from portal.accounts import queries as accounts
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import Attachment, Comment, CommentState, FileRole, Stance
from portal.core import audit, clock, events, files, jobs, tenancy, tokens
from portal.core.actor import Actor, Channel
from portal.core.calendar import day_start
from portal.core.collate import fold
from portal.core.db import db, insert_or_keep
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.files import Stored
from portal.core.i18n import Filled, Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import need
from portal.core.sealed import new_row_id
from portal.core.usecase import once, use_case
from portal.core.workflow import Lane
from portal.maps.geo import cell as grid_cell

WORKING_DAYS = {
    "submitted": ("check", rules.CHECK_DAYS),
    "returned": ("complete", rules.COMPLETE_DAYS),
    "published": ("assign", rules.ASSIGN_DAYS),
    "purpose_study": ("purpose", rules.STUDY_DAYS),
    "feasibility_study": ("feasibility", rules.STUDY_DAYS),
    "recommendation": ("decision", rules.DECISION_DAYS),
    "disputed": ("dispute", rules.COMPLETE_DAYS),
}
"""The clock each state starts. Source: product 5.1."""
OUTCOME_OF_STATE = {
    "done": Outcome.DONE,
    "partly_done": Outcome.PARTLY,
    "refused": Outcome.REFUSED,
    "abandoned": Outcome.UNNEEDED,
}


@dataclass(frozen=True, slots=True)
class What:
    """What somebody proposes."""

    title: str
    text: str
    category: str
    cost: int | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """Where: a point, an address, or the whole municipality."""

    place: Place
    lat: float | None = None
    lon: float | None = None
    address: str = ""
    district: str = ""


@dataclass(frozen=True, slots=True)
class Who:
    """Who the author is, as far as they want to say."""

    name: str = ""
    email: str = ""
    phone: str = ""
    postal: str = ""
    shows_name: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the author takes home; `code` is shown once."""

    initiative_id: int
    number: str
    code: str | None


# ---- filing ----


@use_case("initiative.write", code="initiative.drafted")
def start_draft(actor: Actor, locale: str, key: str) -> str:
    """Begin a draft; gives the token of its address."""

    def act() -> int:
        case = _new_case(actor, locale)
        db.session.flush()  # The token and the author's row name it.
        _author_of(case, actor, locale)
        return case.id

    return queries.draft_token(once("initiative.draft", key, act))


def _new_case(actor: Actor, locale: str) -> Initiative:
    town = tenancy.town_by_id(_place_of(actor))
    now = clock.now()
    case = Initiative(
        municipality_id=town.id,
        language=locale,
        currency=town.currency,
        channel=actor.channel,
        created_at=now,
        updated_at=now,
        author_user_id=None if actor.on_behalf else actor.user_id,
        taken_by_user_id=actor.user_id if actor.on_behalf else None,
    )
    move.begin(case)
    db.session.add(case)
    return case


def _place_of(actor: Actor) -> int:
    current = tenancy.current_id() or actor.municipality_id
    if current is None:
        raise Missing
    return current


def _author_of(case: Initiative, actor: Actor, locale: str) -> Author:
    author = Author(
        id=new_row_id(),
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        locale=locale,
        shows_name=False,
        user_id=None if actor.on_behalf else actor.user_id,
    )
    case.author = author
    db.session.add(author)
    return author


@use_case("initiative.write", code="initiative.draft_saved")
def save_what(actor: Actor, token: str, what: What) -> None:
    """Keep what the author wrote. An unfinished text is kept too; sending asks for the rest."""
    case = queries.draft_by_token(token)
    _write_what(case, what)
    audit.note(f"initiative:{case.id}")


def _write_what(case: Initiative, what: What) -> None:
    case.title, case.text, case.category = what.title, what.text, what.category
    case.folded = fold(what.title)
    case.cost_minor = None if what.cost is None else what.cost * 100
    if what.language:
        case.language = what.language
    case.updated_at = clock.now()


@use_case("initiative.write", code="initiative.draft_saved")
def save_where(actor: Actor, token: str, where: Where) -> None:
    """Keep the place."""
    case = queries.draft_by_token(token)
    _write_where(case, where)
    audit.note(f"initiative:{case.id}")


def _write_where(case: Initiative, where: Where) -> None:
    case.place, case.lat, case.lon = where.place, where.lat, where.lon
    if where.place is Place.WHOLE:
        case.lat = case.lon = None
    case.address, case.district = where.address, where.district
    case.updated_at = clock.now()


@use_case("initiative.write", code="initiative.draft_saved")
def save_who(actor: Actor, token: str, who: Who) -> None:
    """Keep how the author wants to be told."""
    case = queries.draft_by_token(token)
    _write_who(case, who)
    audit.note(f"initiative:{case.id}")


def _write_who(case: Initiative, who: Who) -> None:
    author = case.author
    if author is None:
        raise Missing
    author.name, author.email = who.name or None, who.email or None
    author.phone, author.postal = who.phone or None, who.postal or None
    author.shows_name = who.shows_name and bool(who.name)
    author.person = content.person_of_email(who.email) if who.email else None


@use_case("initiative.write", code="initiative.file_added")
def add_file(actor: Actor, token: str, stored: Stored, role: FileRole, alt: str) -> None:
    """Hang a stored photo or document on the draft. Raises Invalid when there are enough."""
    case = queries.draft_by_token(token)
    _attach(case, stored, role, alt)


def _attach(case: Initiative, stored: Stored, role: FileRole, alt: str) -> None:
    limit = rules.PHOTOS_MAX if role is FileRole.PHOTO else rules.DOCUMENTS_MAX
    present = [row for row in content_queries.files(*case.about, public_only=False) if row.role is role]
    if len(present) >= limit:
        text = (
            "There are %(n)s photos already."
            if role is FileRole.PHOTO
            else "There are %(n)s documents already."
        )
        raise Invalid(str(Filled(text, {"n": limit})))
    content.attach(case, stored, role, alt)
    case.updated_at = clock.now()
    audit.note(f"initiative:{case.id}")


@use_case("initiative.write", code="initiative.file_removed")
def remove_file(actor: Actor, token: str, attachment_id: int) -> None:
    """Take a photo or document off the draft again; one that is gone already is fine."""
    case = queries.draft_by_token(token)
    row = content_queries.attachment(*case.about, attachment_id)
    if row is not None:
        _drop_file(row)


def _drop_file(row: Attachment) -> None:
    for key in (row.key, row.thumb_key, row.original_key):
        files.remove(key)
    db.session.delete(row)


@use_case("initiative.write", code="initiative.draft_dropped")
def drop_draft(actor: Actor, token: str) -> None:
    """Throw the draft away with its files and contact data."""
    erase_draft(queries.draft_by_token(token))


def erase_draft(case: Initiative) -> None:
    """Delete a draft entirely; called for thrown-away and for forgotten ones."""
    for row in db.session.scalars(
        select(Attachment).where(Attachment.kind == case.KIND, Attachment.object_id == case.id)
    ):
        _drop_file(row)
    if case.author is not None:
        db.session.delete(case.author)
    db.session.flush()  # The author's row points at the case.
    db.session.delete(case)


@use_case("initiative.write", code="initiative.submitted")
def submit(actor: Actor, token: str, key: str) -> Receipt:
    """Send the draft: number, code, deadline, receipt. A repeated post gets the same receipt."""

    def act() -> list[Any]:
        case = queries.draft_by_token(token)
        return _send(actor, case, key)

    initiative_id, number, coded = once("initiative.submit", key, act)
    return Receipt(initiative_id, number, tokens.derived_code(key, initiative_id) if coded else None)


def _send(actor: Actor, case: Initiative, key: str) -> list[Any]:
    refusal = rules.can_be_sent(case)
    if refusal:
        raise Invalid(refusal)
    town = tenancy.town_by_id(case.municipality_id)
    case.number = tokens.next_number(town, "I")
    case.submitted_at = clock.now()
    author = case.author
    if author is not None and author.user_id is None:
        author.code_hash = tokens.code_hash(tokens.derived_code(key, case.id))
    # Whoever holds the draft's link is its author: the move asks for that right.
    move.run(
        Actor(
            user_id=actor.user_id,
            name=actor.name,
            municipality_id=case.municipality_id,
            channel=actor.channel,
            on_behalf=actor.on_behalf,
            roles=actor.roles,
            cases=frozenset({case.about}),
        ),
        case,
        "submit",
        who="author",
    )
    audit.note(f"initiative:{case.id}", number=case.number)
    return [case.id, case.number, author is not None and author.user_id is None]


@use_case("initiative.take", code="initiative.taken")
def take_call(
    actor: Actor, channel: Channel, what: What, where: Where, who: Who, locale: str, key: str
) -> Receipt:
    """An operator files for a caller, from paper or at a meeting; both are recorded."""

    def act() -> list[Any]:
        helper = Actor(
            user_id=actor.user_id,
            name=actor.name,
            municipality_id=actor.municipality_id,
            roles=actor.roles,
            channel=channel,
            on_behalf=True,
        )
        case = _new_case(helper, locale)
        db.session.flush()  # The author's row names it.
        case.reviewers, case.sheets = [], []
        _author_of(case, helper, locale)
        _write_what(case, what)
        _write_where(case, where)
        _write_who(case, who)
        return _send(helper, case, key)

    initiative_id, number, coded = once("initiative.call", key, act)
    return Receipt(initiative_id, number, tokens.derived_code(key, initiative_id) if coded else None)


# ---- the author's acts ----


@use_case("initiative.own", code="initiative.completed", load=queries.case)
def complete(actor: Actor, case: Initiative, what: What, where: Where, version: int) -> None:
    """Send a returned or lapsed case again, completed. Raises Conflict when it changed meanwhile."""
    content.need_version(case, version)
    _write_what(case, what)
    _write_where(case, where)
    if case.state == "lapsed" and clock.now() > case.updated_at + timedelta(days=rules.REOPEN_DAYS):
        raise Invalid(_l("The 30 days in which it could be taken up again have passed. File it anew."))
    move.run(actor, case, "submit", who="author")
    audit.note(f"initiative:{case.id}")


@use_case("initiative.own", code="initiative.withdrawn", load=queries.case)
def withdraw(actor: Actor, case: Initiative, note: str) -> None:
    """The author takes it back."""
    move.run(actor, case, "withdraw", note=note, who="author")


@use_case("initiative.own", code="initiative.appealed", load=queries.case)
def appeal(actor: Actor, case: Initiative, note: str) -> None:
    """The author appeals against a refusal."""
    move.run(actor, case, "appeal", note=note, who="author")
    case.appealed_once = True


@use_case("initiative.own", code="initiative.judged", load=queries.case)
def judge(actor: Actor, case: Initiative, verb: str, note: str) -> None:
    """The author says whether it helped: `confirm` or `dispute`."""
    if verb not in ("confirm", "dispute"):
        raise Invalid(_l("Choose one of the possible results."))
    move.run(actor, case, verb, note=note, who="author")


def open_by_code(number: str, code: str) -> Initiative:
    """The case a number and its secret code open. Raises Missing, the same for every mistake."""
    canonical = tokens.canonical_number(number)
    with tenancy.unscoped("a code names its case in whatever town"):
        found = db.session.execute(
            select(Initiative.id, Initiative.municipality_id)
            .join(Author, Author.initiative_id == Initiative.id)
            .where(Initiative.number == (canonical or ""), Author.code_hash == tokens.code_hash(code))
        ).first()
    if found is None:
        raise Missing(_l("Number and code do not fit together. Check both; capital letters do not matter."))
    with tenancy.within(found.municipality_id):
        return queries.case(found.id)


# ---- everybody's acts ----


@use_case("initiative.join", code="initiative.supported", load=queries.case)
def support(actor: Actor, case: Initiative) -> bool:
    """Support it once; False when this person does already."""
    _need_public(case)
    person = content.person_of_user(_user_id(actor))
    inserted = insert_or_keep(
        Support,
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        person=person,
        user_id=actor.user_id,
        at=clock.now(),
    )
    if inserted:
        _count(case, support_count=1)
    return inserted


@use_case("initiative.join", code="initiative.unsupported", load=queries.case)
def unsupport(actor: Actor, case: Initiative) -> None:
    """Take the support back."""
    _need_public(case)
    person = content.person_of_user(_user_id(actor))
    gone = db.session.execute(
        delete(Support).where(Support.initiative_id == case.id, Support.person == person)
    ).rowcount  # type: ignore[attr-defined]
    if gone:
        _count(case, support_count=-1)


@use_case("initiative.join", code="initiative.followed", load=queries.case)
def follow(actor: Actor, case: Initiative, locale: str) -> None:
    """Hear of every step."""
    _need_public(case)
    user_id = _user_id(actor)
    content.follow(case, person=content.person_of_user(user_id), user_id=user_id, locale=locale)


@use_case("initiative.join", code="initiative.unfollowed", load=queries.case)
def unfollow(actor: Actor, case: Initiative) -> None:
    """Hear no more."""
    content.unfollow(case, content.person_of_user(_user_id(actor)))


@use_case("initiative.join", code="initiative.commented", load=queries.case)
def comment(
    actor: Actor, case: Initiative, stance: Stance, text: str, locale: str, key: str, *, shows_name: bool
) -> None:
    """Say something to it. A comment with a link waits for the team."""
    _need_public(case)
    if not text or len(text) > rules.COMMENT_MAX:
        raise Invalid(_l("Write a comment of at most 2,000 characters."), {"text": _l("Write a comment.")})
    held = "http://" in text or "https://" in text or "www." in text

    def act() -> None:
        content.add_comment(
            case,
            stance=stance,
            text=text,
            language=locale,
            user_id=actor.user_id,
            name=actor.name if shows_name else "",
            state=CommentState.HELD if held else CommentState.VISIBLE,
        )
        if not held:
            _count(case, comment_count=1)

    once(f"initiative.comment:{case.id}", key, act)


@use_case("initiative.join", code="initiative.reported", load=queries.case)
def report(actor: Actor, case: Initiative, reason: str, key: str) -> None:
    """Tell the team that something in it is not in order."""
    _need_public(case)
    if not reason.strip():
        raise Invalid(_l("Say what is wrong."), {"reason": _l("Say what is wrong.")})

    def act() -> None:
        move.record(actor, case, "report", lane=Lane.INTERNAL, internal_note=reason, who="resident")
        messages.to_team(case, "initiative.reported", reason=reason[:500])

    once(f"initiative.report:{case.id}", key, act)


def _user_id(actor: Actor) -> int:
    if actor.user_id is None:
        raise Missing
    return actor.user_id


def _need_public(case: Initiative) -> None:
    if not case.is_public:
        raise Missing


def _count(case: Initiative, **steps: int) -> None:
    """Raise counters in the database, so that parallel acts add up."""
    values = {name: getattr(Initiative, name) + step for name, step in steps.items()}
    db.session.execute(
        update(Initiative)
        .where(Initiative.id == case.id)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    events.tell("content.counted", case)
    events.tell("content.changed", case)


# ---- the monitoring team ----


@use_case("initiative.moderate", code="initiative.published", load=queries.case)
def publish(actor: Actor, case: Initiative, note: str = "") -> None:
    """Make it public."""
    move.run(actor, case, "publish", note=note, who="reviewer")


@use_case("initiative.moderate", code="initiative.returned", load=queries.case)
def send_back(actor: Actor, case: Initiative, note: str) -> None:
    """Return it once with a list of defects, one a line; five working days to complete."""
    move.run(actor, case, "send_back", note=note, who="reviewer")
    case.defects = [line.strip(" -•\t") for line in note.splitlines() if line.strip(" -•\t")]
    case.returned_once = True


@use_case("initiative.moderate", code="initiative.held", load=queries.case)
def hold(actor: Actor, case: Initiative, note: str) -> None:
    """Hold it back with a reason."""
    move.run(actor, case, "hold", note=note, who="reviewer")


@use_case("initiative.moderate", code="initiative.edited", load=queries.case)
def redact(
    actor: Actor, case: Initiative, title: str, text: str, category: str, version: int, note: str
) -> None:
    """Take personal data out of the text or put it into the right category; the original stays in the audit."""
    content.need_version(case, version)
    _forget_place_in_counts(case)
    case.title, case.text, case.category = title, text, category
    case.folded = fold(title)
    refusal = rules.can_be_sent(case)
    if refusal:
        raise Invalid(refusal)
    case.version += 1
    case.updated_at = clock.now()
    _remember_place_in_counts(case)
    move.record(actor, case, "edit", lane=Lane.AUTHOR, note=note, who="reviewer")
    events.tell("content.changed", case)


@use_case("initiative.assign", code="initiative.assigned", load=queries.case)
def assign(
    actor: Actor,
    case: Initiative,
    department: str,
    lead_user_id: int,
    reviewer_ids: list[int],
    note: str = "",
) -> None:
    """Name department, lead and reviewers; staff with a stake in the case are refused."""
    known = {person.user_id for person in accounts.colleagues(case.municipality_id, "reviewer", "leader")}
    if lead_user_id not in known or not set(reviewer_ids) <= known:
        raise Invalid(_l("Choose people of the monitoring team."))
    if case.author_user_id in {lead_user_id, *reviewer_ids}:
        raise Invalid(_l("The author cannot work on the case."))
    case.department, case.lead_user_id = department, lead_user_id
    wanted = set(reviewer_ids)
    for row in list(case.reviewers):
        if row.user_id not in wanted:
            case.reviewers.remove(row)
            db.session.delete(row)
    for user_id in sorted(wanted - {row.user_id for row in case.reviewers}):
        case.reviewers.append(Reviewer(municipality_id=case.municipality_id, user_id=user_id))
    if not wanted:
        raise Invalid(_l("At least two reviewers are needed."))
    move.run(actor, case, "assign", note=note, who="leader")


@use_case("initiative.note", code="initiative.noted", load=queries.case)
def add_note(actor: Actor, case: Initiative, text: str) -> None:
    """Write an internal note."""
    if not text.strip():
        raise Invalid(_l("Write the note."), {"text": _l("Write the note.")})
    move.record(actor, case, "note", lane=Lane.INTERNAL, internal_note=text, who="team")


@use_case("initiative.assess", code="initiative.study_started", load=queries.case)
def start_study(actor: Actor, case: Initiative, verb: str) -> None:
    """Start the purpose study, or go on to the feasibility study."""
    if verb not in ("start_purpose", "start_feasibility"):
        raise Missing
    move.run(actor, case, verb, who="reviewer")


@use_case("initiative.assess", code="initiative.sheet_saved", load=queries.case)
def save_sheet(
    actor: Actor,
    case: Initiative,
    kind: StudyKind,
    parts: dict[str, str],
    scores: dict[str, int],
    costs: tuple[int | None, int | None],
    version: int,
    *,
    finished: bool,
) -> None:
    """Keep one's own sheet of a study; `costs` are (once, yearly) in whole currency."""
    expected = {StudyKind.PURPOSE: ("purpose_study",), StudyKind.FEASIBILITY: ("feasibility_study",)}[kind]
    if case.state not in expected:
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    wanted = rules.PURPOSE_PARTS if kind is StudyKind.PURPOSE else rules.FEASIBILITY_PARTS
    if finished:
        missing = {part: _l("Write this part.") for part in wanted if not parts.get(part)}
        missing |= {f"{p}_score": _l("Choose a score.") for p in wanted if p not in scores}
        if missing:
            raise Invalid(_l("A finished study needs every part and every score."), missing)
    user_id = _user_id(actor)
    sheet = next((s for s in case.sheets if s.kind is kind and s.user_id == user_id), None)
    if sheet is None:
        sheet = Sheet(
            municipality_id=case.municipality_id, kind=kind, user_id=user_id, version=0, finished=False
        )
        case.sheets.append(sheet)
    if sheet.version != version:
        raise Conflict(
            _l("Somebody else changed this meanwhile. Compare both texts and save again."), theirs=sheet
        )
    sheet.parts = {part: parts.get(part, "") for part in wanted}
    sheet.scores = {part: scores[part] for part in wanted if part in scores}
    once_cost, yearly = costs
    sheet.cost_once_minor = None if once_cost is None else once_cost * 100
    sheet.cost_yearly_minor = None if yearly is None else yearly * 100
    sheet.finished, sheet.version, sheet.updated_at = finished, version + 1, clock.now()
    audit.note(f"initiative:{case.id}")


@use_case("initiative.recommend", code="initiative.recommended", load=queries.case)
def recommend(
    actor: Actor,
    case: Initiative,
    wanted: str,
    allowed: str,
    tradeoff: str,
    recommended: str,
    why: str,
    costs: tuple[int | None, int | None],
    source: str,
    version: int,
    *,
    send: bool,
) -> None:
    """Write the synthesis; with `send` pass it to the decision-maker."""
    content.need_version(case, version)
    if recommended and recommended not in ("adopted", "partly_adopted", "deferred", "refused"):
        raise Invalid(_l("Choose one of the possible results."))
    case.wanted, case.allowed, case.tradeoff = wanted, allowed, tradeoff
    case.recommended, case.recommended_why = recommended or None, why
    once_cost, yearly = costs
    case.cost_once_minor = None if once_cost is None else once_cost * 100
    case.cost_yearly_minor = None if yearly is None else yearly * 100
    case.cost_source = source
    case.updated_at = clock.now()
    if send:
        if recommended in ("adopted", "partly_adopted") and (once_cost is None or not source):
            raise Invalid(
                _l("A positive recommendation names the cost and where the money comes from."),
                {"cost_once": _l("Write the cost."), "source": _l("Say where the money comes from.")},
            )
        move.run(actor, case, "recommend", who="leader")
    else:
        case.version += 1


@use_case("initiative.decide", code="initiative.decided", load=queries.case)
def decide(
    actor: Actor,
    case: Initiative,
    verdict: str,
    reasons: str,
    left_out: str = "",
    returns_on: date | None = None,
) -> None:
    """Decide with reasons; published at once, author and followers are told."""
    _need_verdict_words(case, verdict, left_out, returns_on)
    case.returns_on = returns_on if verdict == "deferred" else None
    case.decided_by_user_id = actor.user_id
    move.run(actor, case, "decide", target=verdict, note=reasons, who="decision_maker")
    _add_decision(actor, case, verdict, reasons, left_out, on_appeal=False)


@use_case("initiative.decide_appeal", code="initiative.appeal_decided", load=queries.case)
def decide_appeal(
    actor: Actor,
    case: Initiative,
    verdict: str,
    reasons: str,
    left_out: str = "",
    returns_on: date | None = None,
) -> None:
    """Answer an appeal: `refused` upholds for good, anything else reverses."""
    if verdict == "refused":
        move.run(actor, case, "uphold", note=reasons, who="other_decision_maker")
        case.appeal_until = None
    else:
        _need_verdict_words(case, verdict, left_out, returns_on)
        case.returns_on = returns_on if verdict == "deferred" else None
        move.run(actor, case, "reverse", target=verdict, note=reasons, who="other_decision_maker")
    _add_decision(actor, case, verdict, reasons, left_out, on_appeal=True)


def _need_verdict_words(case: Initiative, verdict: str, left_out: str, returns_on: date | None) -> None:
    if verdict == "partly_adopted" and not left_out.strip():
        raise Invalid(_l("Say what is left out."), {"left_out": _l("Say what is left out, and why.")})
    if verdict == "deferred" and (returns_on is None or returns_on <= case.local_today):
        raise Invalid(
            _l("Name the day on which it returns."), {"returns_on": _l("Choose a day after today.")}
        )


def _add_decision(
    actor: Actor, case: Initiative, verdict: str, reasons: str, left_out: str, *, on_appeal: bool
) -> None:
    db.session.add(
        Decision(
            municipality_id=case.municipality_id,
            initiative_id=case.id,
            at=clock.now(),
            user_id=actor.user_id,
            verdict=verdict,
            reasons=reasons.strip(),
            left_out=left_out.strip(),
            returns_on=case.returns_on,
            on_appeal=on_appeal,
        )
    )


@use_case("initiative.assign", code="initiative.transferred", load=queries.case)
def transfer(actor: Actor, case: Initiative, to: str, note: str) -> None:
    """Refer it to another body; the page stays with a pointer."""
    if not to.strip():
        raise Invalid(_l("Name the body."), {"to": _l("Name the municipality or body it goes to.")})
    case.transferred_to = to.strip()
    move.run(actor, case, "transfer", note=note, who="leader")


@use_case("initiative.assign", code="initiative.merged", load=queries.case)
def merge(actor: Actor, case: Initiative, into_number: str, note: str, *, consented: bool) -> None:
    """Merge it into another public case; supporters of both count once there, both pages stay."""
    target = queries.case_by_number(into_number)
    if target.id == case.id or not target.is_public:
        raise Invalid(
            _l("Choose another public initiative of this municipality."), {"into": _l("Check the number.")}
        )
    need(actor, "initiative.assign", target)
    case.merge_consented, case.merged_into_id = consented, target.id
    move.run(actor, case, "merge", note=note, who="leader")
    content.link(case, "initiative", target.id, "merged")
    known = set(db.session.scalars(select(Support.person).where(Support.initiative_id == target.id)))
    moved = 0
    for row in db.session.scalars(select(Support).where(Support.initiative_id == case.id)):
        if row.person not in known:
            insert_or_keep(
                Support,
                municipality_id=case.municipality_id,
                initiative_id=target.id,
                person=row.person,
                user_id=row.user_id,
                at=row.at,
            )
            moved += 1
    if moved:
        _count(target, support_count=moved)


REALISATION = {
    "plan": "initiative.planned",
    "start": "initiative.started",
    "finish": "initiative.finished",
    "abandon": "initiative.abandoned",
    "resume_work": "initiative.resumed",
}


@use_case("initiative.realise", code="initiative.realised", load=queries.case)
def realise(
    actor: Actor,
    case: Initiative,
    verb: str,
    note: str,
    target: str | None = None,
    progress: int | None = None,
    outcome: str = "",
) -> None:
    """Report on the realisation: plan, start, finish, abandon, take up again."""
    if verb not in REALISATION:
        raise Missing
    if progress is not None:
        case.progress = max(0, min(100, progress))
    move.run(actor, case, verb, target=target, note=note, who="owner")
    if verb == "abandon":
        case.outcome = Outcome.REFUSED if outcome == "refused" else Outcome.UNNEEDED
    if verb == "finish" and case.state == "done":
        case.progress = 100


@use_case("initiative.realise", code="initiative.milestone_set", load=queries.case)
def set_milestone(
    actor: Actor,
    case: Initiative,
    title: str,
    planned_on: date | None,
    share: int,
    milestone_id: int | None = None,
) -> None:
    """Add a milestone, or mark one as reached today; the share done follows."""
    if milestone_id is None:
        if not title.strip():
            raise Invalid(_l("Name the milestone."), {"title": _l("Name the milestone.")})
        db.session.add(
            Milestone(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                title=title.strip(),
                planned_on=planned_on,
                share=max(0, min(100, share)),
            )
        )
        return
    row = db.session.scalar(
        select(Milestone).where(Milestone.id == milestone_id, Milestone.initiative_id == case.id)
    )
    if row is None:
        raise Missing
    row.done_on = case.local_today
    case.progress = max(case.progress, row.share)
    move.record(actor, case, "milestone", lane=Lane.PUBLIC, note=row.title, who="owner")
    messages.to_followers(case, "initiative.progress", note=row.title)
    events.tell("content.changed", case)


@use_case("initiative.correct", code="initiative.corrected", load=queries.case)
def correct(actor: Actor, case: Initiative, note: str) -> None:
    """Take the last step back; the correction itself stays in the history."""
    target = CORRECTIONS.get(case.state)
    if target is None:
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    move.run(actor, case, "correct", target=target, note=note, who="leader")
    if target == "recommendation":
        case.appeal_until = None


@use_case("initiative.assign", code="initiative.extended", load=queries.case)
def extend(actor: Actor, case: Initiative, due: date, note: str) -> None:
    """Give the running study or decision one new day, with a reason the public reads."""
    key = WORKING_DAYS.get(case.state, ("", 0))[0]
    if key not in ("purpose", "feasibility", "decision"):
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    if due <= case.local_today:
        raise Invalid(_l("Choose a day after today."), {"due": _l("Choose a day after today.")})
    if not note.strip():
        raise Invalid(_l("Give a reason."), {"note": _l("Write the reason; it is kept in the history.")})
    content.extend_deadline(case, key, due)
    move.record(actor, case, "extend", lane=Lane.PUBLIC, note=note, who="leader")
    messages.to_author(case, "initiative.extended", note=note, day=due.isoformat())
    events.tell("content.changed", case)


@use_case("initiative.moderate", code="initiative.comment_judged", load=queries.case)
def judge_comment(actor: Actor, case: Initiative, comment_id: int, *, visible: bool, reason: str) -> None:
    """Show a held comment, or hide one with a reason."""
    row = db.session.scalar(
        select(Comment).where(
            Comment.kind == case.KIND, Comment.object_id == case.id, Comment.id == comment_id
        )
    )
    if row is None:
        raise Missing
    if not visible and not reason.strip():
        raise Invalid(_l("Give a reason."), {"reason": _l("Give a reason.")})
    before = row.state is CommentState.VISIBLE
    row.state = CommentState.VISIBLE if visible else CommentState.HIDDEN
    row.hidden_reason = "" if visible else reason.strip()
    if before != visible:
        _count(case, comment_count=1 if visible else -1)


# ---- what follows from a move ----


def settle(fact: events.Fact) -> None:
    """After every move: phase, list, counters, map, clocks, notices. Listens to `initiative.moved`."""
    case: Initiative = fact.thing
    step = fact.values["step"]
    _forget_place_in_counts(case, state=step.from_state)
    present = case.present
    case.phase = present.phase
    was_public = case.listed_at is not None
    # A withdrawn case stays in public only if it had been public before: title and day.
    stays = present.public and (step.to_state != "withdrawn" or was_public)
    case.listed_at = (case.listed_at or clock.now()) if stays else None
    case.updated_at = clock.now()
    if step.to_state in OUTCOME_OF_STATE:
        case.outcome = OUTCOME_OF_STATE[step.to_state]
    elif step.verb in ("correct", "reverse", "resume_work"):
        case.outcome = Outcome.NONE
    _remember_place_in_counts(case)
    _set_clocks(case, step.to_state)
    db.session.flush()  # Counters and notices read the new state.
    messages.moved(case, step)


def _set_clocks(case: Initiative, state: str) -> None:
    content.finish_deadline(case)
    if state in WORKING_DAYS:
        key, days = WORKING_DAYS[state]
        content.start_deadline(case, key, days)
    elif state == "appealed":
        content.start_deadline_on(
            case, "appeal", case.local_today + timedelta(days=rules.APPEAL_DECISION_DAYS)
        )
    elif state == "refused" and not case.appealed_once:
        case.appeal_until = rules.appeal_deadline(case.local_today)
    elif state == "deferred" and case.returns_on is not None:
        town = tenancy.town_by_id(case.municipality_id)
        jobs.enqueue(
            "initiative.resume",
            {"initiative": case.id, "day": case.returns_on.isoformat()},
            due_at=day_start(case.returns_on, town.zone),
            dedupe=f"initiative.resume:{case.id}:{case.returns_on.isoformat()}",
        )


def _forget_place_in_counts(case: Initiative, state: str | None = None) -> None:
    _shift(case, state or case.state, -1)


def _remember_place_in_counts(case: Initiative) -> None:
    _shift(case, case.state, +1)


def _shift(case: Initiative, state: str, by: int) -> None:
    """Move the counters and, for public cases with a point, the stored map cells."""
    phase = case.WORKFLOW.state(state).phase
    if phase in ("draft", "hidden") or (state == "withdrawn" and case.listed_at is None):
        return
    insert_or_keep(Count, municipality_id=case.municipality_id, state=state, category=case.category, n=0)
    db.session.execute(
        update(Count)
        .where(
            Count.municipality_id == case.municipality_id,
            Count.state == state,
            Count.category == case.category,
        )
        .values(n=Count.n + by)
    )
    if case.lat is not None and case.lon is not None:
        shift_cells(case.municipality_id, case.lat, case.lon, phase, case.category, by)


def shift_cells(municipality_id: int, lat: float, lon: float, phase: str, category: str, by: int) -> None:
    """Add a point to, or take it from, the stored cells of every zoom and filter."""
    for zoom in queries.STORED_ZOOMS:
        cell = grid_cell(lat, lon, zoom)
        for key in ("", f"p:{phase}", f"c:{category}"):
            insert_or_keep(
                MapCell,
                municipality_id=municipality_id,
                filter=key,
                zoom=zoom,
                cell=cell,
                n=0,
                sum_lat=0,
                sum_lon=0,
            )
            db.session.execute(
                update(MapCell)
                .where(
                    MapCell.municipality_id == municipality_id,
                    MapCell.filter == key,
                    MapCell.zoom == zoom,
                    MapCell.cell == cell,
                )
                .values(
                    n=MapCell.n + by, sum_lat=MapCell.sum_lat + by * lat, sum_lon=MapCell.sum_lon + by * lon
                )
            )


def deadline_reached(fact: events.Fact) -> None:
    """A clock of an initiative rang: warn, tell the leader, tell the head; an uncompleted case lapses."""
    row = fact.thing
    if row.kind != Initiative.KIND:
        return
    case = queries.case(row.object_id)
    level: int = fact.values["level"]
    if row.key == "complete":
        if level == 1:
            messages.to_author(case, "initiative.complete_reminder", day=row.due_on.isoformat())
        elif level == 2:
            move.run(_system(case), case, "lapse", who="system")
        return
    messages.deadline(case, row.key, level, row.due_on)
    if level >= 2:
        move.record(_system(case), case, "late", lane=Lane.INTERNAL, internal_note=row.key, who="system")


def _system(case: Initiative) -> Actor:
    return Actor(name="clock", channel=Channel.JOB, municipality_id=case.municipality_id)


def contact_of(case: Initiative) -> Text:
    """The author's name for the desk, or that none was given."""
    return (case.author.name if case.author else None) or _l("not given")


def rebuild_counts(municipality_id: int) -> None:
    """Count a municipality's cases and points anew: after an import, which does not shift them one by one."""
    db.session.execute(delete(Count).where(Count.municipality_id == municipality_id))
    db.session.execute(delete(MapCell).where(MapCell.municipality_id == municipality_id))
    rows = db.session.execute(
        select(Initiative.state, Initiative.category, func.count())
        .where(Initiative.listed_at.is_not(None))
        .group_by(Initiative.state, Initiative.category)
    ).all()
    for state, category, n in rows:
        db.session.add(Count(municipality_id=municipality_id, state=state, category=category, n=n))
    cells: dict[tuple[str, int, int], list[float]] = {}
    points = db.session.execute(
        select(Initiative.lat, Initiative.lon, Initiative.phase, Initiative.category)
        .where(Initiative.listed_at.is_not(None), Initiative.lat.is_not(None))
        .execution_options(yield_per=5000)
    )
    for lat, lon, phase, category in points:
        for zoom in queries.STORED_ZOOMS:
            cell = grid_cell(lat, lon, zoom)
            for key in ("", f"p:{phase}", f"c:{category}"):
                kept = cells.setdefault((key, zoom, cell), [0, 0.0, 0.0])
                kept[0] += 1
                kept[1] += lat
                kept[2] += lon
    for (key, zoom, cell), (n, lat, lon) in cells.items():
        db.session.add(
            MapCell(
                municipality_id=municipality_id,
                filter=key,
                zoom=zoom,
                cell=cell,
                n=int(n),
                sum_lat=lat,
                sum_lon=lon,
            )
        )
