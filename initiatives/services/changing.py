"""A change after the decision: its author proposes it, the leader accepts or declines with reasons, the decision stays.

One proposal at a time. Its clock runs beside those of the states, and goes on while the case stays where it fits.
"""

from dataclasses import dataclass
from typing import Any

from initiatives import messages, queries, rules
from initiatives.models import Change, ChangeOf, ChangeState, Initiative, Place
from initiatives.services import figures
from initiatives.services.author import speaker
from initiatives.services.settling import forget_in_counts, remember_in_counts, system, warning_share
from initiatives.states import CHANGE_CLOCK, CHANGEABLE
from portal.content import move
from portal.content import services as content
from portal.content.models import StateChange
from portal.core import audit, clock, events, tenancy
from portal.core.actor import Actor
from portal.core.collate import fold
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import Filled
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case
from portal.core.workflow import Lane

METRE_DEGREES = 0.00001
WORDS = ("title", "text", "address")
OVER = _l("This proposal is over: it was answered, taken back, or the case has moved on.")


@dataclass(frozen=True, slots=True)
class ChangeAsked:
    """What an author proposes to change, and why."""

    of: ChangeOf
    wanted: str
    why: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What of the case is written anew with an accepted change; what is empty stays. `point`: latitude, longitude."""

    title: str = ""
    text: str = ""
    address: str = ""
    point: tuple[float, float] | None = None


@use_case("initiative.own", code="initiative.change_proposed", load=queries.case)
def propose_change(actor: Actor, case: Initiative, asked: ChangeAsked, key: str) -> None:
    """The author proposes a change of what was decided; sent twice with one key it is one.

    Raises Conflict when the case is not at work, or a proposal is open already; Invalid for what everybody would read and must not.
    """
    once(f"initiative.change:{case.id}", key, lambda: _propose(actor, case, asked))


def _propose(actor: Actor, case: Initiative, asked: ChangeAsked) -> None:
    if case.state not in CHANGEABLE:
        raise Conflict(_l("A change can be proposed while an adopted initiative is being carried out."))
    refusal = rules.has_no_change_proposal(case)
    if refusal:
        raise Conflict(refusal)
    _need_sound(asked, public=not case.withheld)
    row = Change(
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        at=clock.now(),
        of=asked.of,
        wanted=asked.wanted.strip(),
        why=asked.why.strip(),
    )
    db.session.add(row)
    db.session.flush()  # The case names it.
    case.change_id = row.id
    days = queries.office(case.municipality_id).days[CHANGE_CLOCK]
    content.start_deadline(case, CHANGE_CLOCK, days, None, warning_share(CHANGE_CLOCK))
    # The words stand in the proposal alone: a history cannot be hidden where they name somebody.
    move.record(actor, case, "propose_change", lane=Lane.PUBLIC, who=speaker(actor, case))
    audit.note(f"initiative:{case.id}", change=row.id)
    _shown_anew(case)
    messages.to_author(case, "initiative.change_proposed")
    messages.to_team(case, "initiative.change_waits")


def _need_sound(asked: ChangeAsked, *, public: bool) -> None:
    wrong: dict[str, Any] = {}
    for name, text, lack in (
        ("wanted", asked.wanted, _l("Write what should change.")),
        ("why", asked.why, _l("Write why it should change.")),
    ):
        found = rules.contacts_in(text) if public else []
        if not text.strip():
            wrong[name] = lack
        elif len(text.strip()) > rules.CHANGE_MAX:
            wrong[name] = _l("Write at most 2,000 characters.")
        elif found:
            wrong[name] = str(
                Filled("Everybody reads this. Take it out: %(what)s", {"what": ", ".join(found)})
            )
    if wrong:
        raise Invalid(next(iter(wrong.values())), wrong)


@use_case("initiative.own", code="initiative.change_withdrawn", load=queries.case)
def withdraw_change(actor: Actor, case: Initiative, change_id: int) -> None:
    """The author takes the open proposal back. Raises Conflict when it is over."""
    row = _open_of(case)
    if row.id != change_id:
        raise Conflict(OVER)
    _close(case, row, ChangeState.WITHDRAWN)
    move.record(actor, case, "withdraw_change", lane=Lane.PUBLIC, who=speaker(actor, case))
    audit.note(f"initiative:{case.id}", change=row.id)
    _shown_anew(case)


@use_case("initiative.assign", code="initiative.change_accepted", load=queries.case)
def accept_change(
    actor: Actor,
    case: Initiative,
    changes: str,
    reasons: str,
    version: int,
    new: Rewritten | None = None,
    *,
    shown: bool = True,
) -> None:
    """The leader accepts: `changes` says what changes; the decision and the state stay.

    `version` is that of the case whose proposal was read; `shown`: whether the author's words stay public. Raises
    Conflict when somebody was faster, Invalid for what is missing.
    """
    row = _to_answer(case, version)
    if not changes.strip():
        raise Invalid(_l("Say what changes."), {"changes": _l("Say what changes.")})
    _need_reasons(reasons)
    row.changes, row.before = changes.strip(), _rewrite(case, new or Rewritten())
    step = _answer(actor, case, row, ChangeState.ACCEPTED, "accept_change", reasons, shown=shown)
    messages.to_author(case, "initiative.change_accepted", note=step.note)
    if case.is_public:
        messages.to_followers(case, "initiative.change_accepted", note=step.note)


@use_case("initiative.assign", code="initiative.change_declined", load=queries.case)
def decline_change(actor: Actor, case: Initiative, reasons: str, version: int, *, shown: bool = True) -> None:
    """The leader declines, with reasons that everybody reads. Raises as `accept_change` does."""
    row = _to_answer(case, version)
    _need_reasons(reasons)
    step = _answer(actor, case, row, ChangeState.DECLINED, "decline_change", reasons, shown=shown)
    messages.to_author(case, "initiative.change_declined", note=step.note)


def _to_answer(case: Initiative, version: int) -> Change:
    row = _open_of(case)
    content.need_version(case, version)
    return row


def _open_of(case: Initiative) -> Change:
    row = db.session.get(Change, case.change_id) if case.change_id is not None else None
    if row is None:
        raise Conflict(OVER)
    return row


def _need_reasons(reasons: str) -> None:
    if not reasons.strip():
        raise Invalid(_l("Give a reason."), {"note": _l("Write the reason; it is kept in the history.")})


def _answer(
    actor: Actor,
    case: Initiative,
    row: Change,
    outcome: ChangeState,
    verb: str,
    reasons: str,
    *,
    shown: bool,
) -> StateChange:
    row.reasons, row.user_id, row.shown = reasons.strip(), actor.user_id, shown
    _close(case, row, outcome)
    note = "\n".join(filter(None, (row.changes, row.reasons)))
    step = move.record(actor, case, verb, lane=Lane.PUBLIC, note=note, who="leader")
    row.language = step.language
    _shown_anew(case)
    return step


def _close(case: Initiative, row: Change, outcome: ChangeState) -> None:
    row.outcome, row.ended_at = outcome, clock.now()
    case.change_id = None
    running = content.open_deadline(case, CHANGE_CLOCK)
    if running is not None:
        figures.stopped(case, [running])
        content.finish_deadline(case, CHANGE_CLOCK)


def _shown_anew(case: Initiative) -> None:
    """A new version too: whoever answers must have read this very proposal."""
    case.version += 1
    case.updated_at = clock.now()
    events.tell("content.changed", case, public=case.is_public)


def _rewrite(case: Initiative, new: Rewritten) -> dict[str, Any]:
    """Write title, text and place anew as far as they differ; the answer is how they stood before."""
    before = _differing(case, new)
    if not before:
        return before
    forget_in_counts(case)
    with figures.counted_anew(case):
        for name in before.keys() & set(WORDS):
            setattr(case, name, getattr(new, name).strip())
        if new.point is not None and "place" in before:
            case.place = Place.POINT
            case.lat, case.lon = new.point
    case.folded = fold(case.title)
    refusal = None if case.external_source else rules.can_be_sent(case)
    if refusal:
        raise Invalid(refusal)
    if not rules.lies_near(tenancy.town_by_id(case.municipality_id).box, case.lat, case.lon):
        raise Invalid(rules.FAR_OFF, {"lat": rules.FAR_OFF})
    remember_in_counts(case)
    return before


def _differing(case: Initiative, new: Rewritten) -> dict[str, Any]:
    """What of the case would be written anew, as it stands."""
    typed = {name: getattr(new, name).strip() for name in WORDS}
    found: dict[str, Any] = {
        name: getattr(case, name)
        for name, text in typed.items()
        if text and text != getattr(case, name).strip()
    }
    if new.point is not None and not _is_there(case, new.point):
        found |= {"place": case.place.value if case.place else None, "lat": case.lat, "lon": case.lon}
    return found


def _is_there(case: Initiative, point: tuple[float, float]) -> bool:
    """Whether the case lies there already: a form shows degrees rounded to a metre."""
    if case.lat is None or case.lon is None:
        return False
    return abs(case.lat - point[0]) < METRE_DEGREES and abs(case.lon - point[1]) < METRE_DEGREES


def forget_words(case: Initiative) -> None:
    """Take what its author proposed out of a case whose words go; an open proposal ends with them."""
    for row in queries.changes(case.id):
        if row.id == case.change_id:
            _close(case, row, ChangeState.WITHDRAWN)
        row.wanted, row.why, row.before, row.shown = "", "", {}, False


def change_moved(fact: events.Fact) -> None:
    """After every move: a proposal falls where the decision is no longer being carried out. Listens to `initiative.moved`."""
    case: Initiative = fact.thing
    if case.change_id is not None and case.state not in CHANGEABLE:
        _close(case, _open_of(case), ChangeState.OVERTAKEN)
        move.record(system(case), case, "close_change", lane=Lane.PUBLIC, who="system")
