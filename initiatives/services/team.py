"""The monitoring team: checking, assigning, studying, recommending."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from initiatives import messages, queries, rules
from initiatives.models import Initiative, Reviewer
from initiatives.services import figures, referring
from initiatives.services.settling import forget_in_counts, remember_in_counts
from initiatives.states import CORRECTIONS, STUDIES, WORKING_DAYS
from portal.accounts import queries as accounts
from portal.content import move
from portal.content import services as content
from portal.core import audit, clock, events, readings, tokens
from portal.core.actor import Actor
from portal.core.collate import fold
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import lazy_gettext as _l
from portal.core.readings import Why
from portal.core.usecase import use_case
from portal.core.workflow import Lane


@use_case("initiative.moderate", code="initiative.published", load=queries.case)
def publish(actor: Actor, case: Initiative, note: str = "") -> None:
    """Make it public."""
    move.run(actor, case, "publish", note=note, who="reviewer")


@use_case("initiative.moderate", code="initiative.returned", load=queries.case)
def send_back(actor: Actor, case: Initiative, note: str) -> None:
    """Return it once with a list of defects, one a line; five working days to complete."""
    # Before the move, which writes the message that lists them.
    case.defects = [line.strip(" -•\t") for line in note.splitlines() if line.strip(" -•\t")]
    move.run(actor, case, "send_back", note=note, who="reviewer")
    case.returned_once = True


@use_case("initiative.moderate", code="initiative.held", load=queries.case)
def hold(actor: Actor, case: Initiative, note: str) -> None:
    """Hold it back with a reason."""
    move.run(actor, case, "hold", note=note, who="reviewer")


@use_case("initiative.moderate", code="initiative.edited", load=queries.case)
def redact(
    actor: Actor,
    case: Initiative,
    title: str,
    text: str,
    address: str,
    category: str,
    version: int,
    note: str,
    answers: Mapping[int, str] | None = None,
    district: str | None = None,
) -> None:
    """Take personal data out of the words, or put it into the right category or district; the audit log keeps that, not what.

    `answers`: public answers in words by the number of their question, as they should stand; an empty one goes.
    Without `district` the present one stays.
    """
    content.need_version(case, version)
    if case.author is not None and case.author.original is None:
        said = (f"{one.words}: {one.text}" for one in queries.answered(case))
        case.author.original = "\n\n".join(filter(None, (case.title, case.text, case.address, *said)))
    forget_in_counts(case)
    before = {name: getattr(case, name) for name in referring.REDACTED}
    with figures.counted_anew(case):
        case.title, case.text, case.address, case.category = title, text, address, category
        if district is not None:
            case.district = district
    case.folded = fold(title)
    if answers:
        changed = case.answers | {str(number): text for number, text in answers.items()}
        case.answers = {number: value for number, value in changed.items() if value != ""}
    # Imported cases may be shorter than ours, and have no text at all.
    refusal = None if case.external_source else rules.can_be_sent(case)
    if refusal:
        raise Invalid(refusal)
    case.version += 1
    case.updated_at = clock.now()
    remember_in_counts(case)
    move.record(actor, case, "edit", lane=Lane.AUTHOR, note=note, who="reviewer")
    events.tell("content.changed", case)
    referring.redact_words(actor, case, before, note)


@use_case("initiative.assign", code="initiative.assigned", load=queries.case)
def assign(
    actor: Actor,
    case: Initiative,
    department: str,
    lead_user_id: int,
    reviewer_ids: list[int],
    note: str = "",
    version: int | None = None,
) -> None:
    """Name department, lead and reviewers; staff with a stake in the case are refused.

    `version` is the one a form was made from. Raises Conflict when the case changed meanwhile.
    """
    if version is not None:
        content.need_version(case, version)
    known = {person.user_id for person in accounts.colleagues(case.municipality_id, "reviewer", "leader")}
    if lead_user_id not in known or not set(reviewer_ids) <= known:
        raise Invalid(_l("Choose people of the monitoring team."))
    if queries.with_a_stake(case, {lead_user_id, *reviewer_ids}):
        raise Invalid(
            _l("Choose people who took no part in it: not its author, a supporter or somebody who commented.")
        )
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


@dataclass(frozen=True, slots=True)
class Contact:
    """How the author can be reached; `by_account` if that is what their account says."""

    name: str
    email: str
    phone: str
    postal: str
    locale: str
    by_account: bool


@use_case("initiative.contact", code="initiative.contact_read", load=queries.case)
def read_contact(actor: Actor, case: Initiative, why: Why) -> Contact:
    """The author's contact data; that they were read, by whom and why, stays in the audit log (R35)."""
    author = case.author
    if author is None:
        raise Missing
    readings.record(f"initiative:{case.id}", why, case.number or "")
    account = accounts.person(author.user_id) if author.user_id is not None else None
    if account is not None:
        return Contact(account.name, account.email, "", "", account.language, by_account=True)
    return Contact(
        author.name or "",
        author.email or "",
        author.phone or "",
        author.postal or "",
        author.locale,
        by_account=False,
    )


@use_case("initiative.desk", code="initiative.withheld_read", load=queries.case)
def read_withheld(actor: Actor, case: Initiative, why: Why) -> None:
    """That somebody opened a case which is not for the public, and why, stays in the audit log (R35)."""
    readings.record(f"initiative:{case.id}", why, case.number or "")


@use_case("initiative.contact", code="initiative.code_renewed", load=queries.case)
def new_code(actor: Actor, case: Initiative, key: str) -> str:
    """A new code for an author without account; earlier codes and links are worth nothing from now on.

    Goes as a link to the contact the author left, and back to the caller to be read out. A repeated post
    gives the same code. Source: product section 7.3.
    """
    author = case.author
    if author is None or author.user_id is not None:
        raise Invalid(_l("This author signs in with an account; there is no code."))
    code = tokens.derived_code(key, case.id)
    if author.code_hash != tokens.code_hash(code):
        before, author.code_hash = author.code_hash, tokens.code_hash(code)
        referring.renew_code(case, before, author.code_hash)
        messages.to_author(case, "initiative.new_code")
    audit.note(f"initiative:{case.id}")
    return code


@use_case("initiative.moderate", code="initiative.answered", load=queries.case)
def reply(actor: Actor, case: Initiative, note: str, version: int | None = None) -> None:
    """Write to the author: a message, and a step that the author and the team read. The state stays.

    `version` is the one a form was made from: a double click must not write twice. Raises Conflict.
    """
    if version is not None:
        content.need_version(case, version)
    refusal = rules.has_author(case)
    if refusal:
        raise Invalid(refusal)
    if not note.strip():
        raise Invalid(_l("Write the message."), {"note": _l("Write the message.")})
    move.record(actor, case, "reply", lane=Lane.AUTHOR, note=note, who="reviewer")
    case.version += 1
    case.updated_at = clock.now()
    messages.to_author(case, "initiative.reply", note=note.strip())


@use_case("initiative.assess", code="initiative.study_started", load=queries.case)
def start_study(actor: Actor, case: Initiative, verb: str) -> None:
    """Start the purpose study, or go on to the feasibility study."""
    if verb not in ("start_purpose", "start_feasibility"):
        raise Missing
    move.run(actor, case, verb, who="reviewer")


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
    plan: tuple[str, str, str] = ("", "", ""),
) -> None:
    """Write the synthesis; with `send` pass it to the decision-maker. `plan`: time, owner, risks."""
    if case.state not in STUDIES:
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    content.need_version(case, version)
    if recommended and recommended not in ("adopted", "partly_adopted", "deferred", "refused"):
        raise Invalid(_l("Choose one of the possible results."))
    case.wanted, case.allowed, case.tradeoff = wanted, allowed, tradeoff
    case.recommended, case.recommended_why = recommended or None, why
    once_cost, yearly = costs
    case.cost_once_minor = None if once_cost is None else once_cost * 100
    case.cost_yearly_minor = None if yearly is None else yearly * 100
    case.cost_source = source
    case.plan_time, case.plan_owner, case.plan_risks = plan
    case.updated_at = clock.now()
    if send:
        lacks = rules.synthesis_lacks(wanted, allowed, tradeoff, recommended, why, once_cost, source)
        if lacks:
            raise Invalid(next(iter(lacks.values())), lacks)
        move.run(actor, case, "recommend", who="leader")
    else:
        case.version += 1


@use_case("initiative.recommend", code="initiative.resumed", load=queries.case)
def resume(actor: Actor, case: Initiative) -> None:
    """A deferred case returns to the decision-maker: on its day by itself, earlier by the leader's hand."""
    move.run(actor, case, "resume", who="system" if actor.is_system else "leader")


@use_case("initiative.correct", code="initiative.corrected", load=queries.case_to_refer)
def correct(actor: Actor, case: Initiative, note: str, version: int | None = None) -> None:
    """Take the last step back; the correction itself stays in the history.

    `version` is the one a form was made from: a double click must not go back two steps. Raises Conflict; also when
    something has happened to a case in the municipality it was referred to.
    """
    if version is not None:
        content.need_version(case, version)
    target = CORRECTIONS.get(case.state)
    if target is None:
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    if case.state == "transferred":
        referring.call_back(actor, case, note)
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
    if due > case.local_today + timedelta(days=rules.EXTENSION_MAX_DAYS):
        text = _l("Choose a day within the next six months.")
        raise Invalid(text, {"due": text})
    if not note.strip():
        raise Invalid(_l("Give a reason."), {"note": _l("Write the reason; it is kept in the history.")})
    content.extend_deadline(case, key, due)
    move.record(actor, case, "extend", lane=Lane.PUBLIC, note=note, who="leader")
    messages.to_author(case, "initiative.extended", note=note, day=due)
    events.tell("content.changed", case)
