"""Initiatives for tests: valid, boring ones in any state, with the people, sheets and clocks that state needs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from initiatives import queries, rules, services
from initiatives.models import Author, Initiative, Place, Reviewer, Sheet, StudyKind
from initiatives.states import CORRECTIONS, HIDDEN, WORKFLOW, WORKING_DAYS
from portal.content import move
from portal.content import services as content
from portal.core import clock, events, tenancy, tokens
from portal.core.actor import Actor, Channel
from portal.core.collate import fold
from portal.core.db import db, writing
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.actors import make_actor

TITLE = "Ławka przy przystanku"
TEXT = "Przy przystanku nie ma gdzie usiąść, a autobus jeździ co godzinę. Proszę o jedną ławkę z oparciem."
UNSTUDIED = ("draft", *HIDDEN, "published", "merged", "transferred", "withdrawn")
WITH_PURPOSE = frozenset(WORKFLOW.keys()) - {*UNSTUDIED, "assigned", "purpose_study"}
WITH_BOTH = WITH_PURPOSE - {"feasibility_study"}
CODE = "7QK2-M9XD-R4TH-B8WN"
"""Opens a case made with `with_code=True`; only one of them can be made per test."""


def make_initiative(
    town: Town,
    state: str = "published",
    *,
    author: Actor | None = None,
    email: str | None = "author@people.example",
    with_author: bool = True,
    with_code: bool = False,
    lead: Actor | None = None,
    reviewers: int | Sequence[Actor] | None = None,
    sheets: bool | None = None,
    **values: Any,
) -> Initiative:
    """An initiative in this state; `values` are columns of its table.

    Its author left an address, unless `author` has an account or `with_author` is off. From *assigned* on it
    has a lead and two reviewers, and as many finished sheets as its state asks for; `reviewers` (how many, or
    who) and `sheets` say otherwise. The state's clock runs, counters and search know it.
    """
    with tenancy.within(town.id), writing():
        case = _case(town, state, values)
        if author is not None:
            case.author_user_id = author.user_id
        db.session.flush()  # Author, reviewers and clocks name it.
        if with_author:
            _author(case, author, email, CODE if with_code else None)
        people = _people(town, state, reviewers)
        case.lead_user_id = (lead or people[0]).user_id if lead or people else None
        for actor in people:
            db.session.add(Reviewer(municipality_id=town.id, initiative_id=case.id, user_id=actor.user_id))
        _write_sheets(case, people, state, wanted=sheets)
        _write_history(case)
        _start_clock(case)
        db.session.flush()  # The counters are counted from the rows.
        services.rebuild_counts(town.id)
        events.tell("content.changed", case)
    return case


def merge(leader: Actor, case: Initiative, target: Initiative, why: str = "Bo to jedno i to samo.") -> None:
    """Merge a case into another one with the consent of both authors."""
    services.propose_merge(leader, case.id, target.number or "", why)
    for one in (case, target):
        proposed = queries.case(one.id).merge_id
        if proposed is not None:
            author = Actor(municipality_id=one.municipality_id, cases=frozenset({one.about}))
            services.answer_merge(author, one.id, proposed, "", agrees=True)


def _case(town: Town, state: str, values: dict[str, Any]) -> Initiative:
    now = clock.now()
    row = WORKFLOW.state(state)
    lat, lon = town.centre
    sent = state != "draft"
    columns: dict[str, Any] = {
        "title": TITLE,
        "text": TEXT,
        "category": "greenery",
        "place": Place.POINT,
        "lat": lat,
        "lon": lon,
        "language": town.language,
        "currency": town.currency,
        "channel": Channel.WEB,
        "created_at": now,
        "updated_at": now,
        "submitted_at": now if sent else None,
        "listed_at": now if row.public else None,
        "number": tokens.next_number(town, "I") if sent else None,
        "outcome": services.OUTCOME_OF_STATE.get(state, "none"),
        **values,
    }
    if state in WITH_BOTH:
        columns.setdefault("wanted", "Wygodne czekanie.")
        columns.setdefault("allowed", "Ławka mieści się w pasie drogowym.")
        columns.setdefault("tradeoff", "Jedna ławka zamiast dwóch.")
        columns.setdefault("recommended", "adopted")
    today = clock.today(town.zone)
    if state == "refused":
        columns.setdefault("appeal_until", today + timedelta(days=rules.APPEAL_DAYS))
    elif state == "deferred":
        columns.setdefault("returns_on", today + timedelta(days=60))
    elif state == "appealed":
        columns.setdefault("appealed_once", True)
    elif state in ("returned", "lapsed"):
        columns.setdefault("returned_once", True)
        columns.setdefault("defects", ["Prosimy podać adres."])
    case = Initiative(municipality_id=town.id, phase=row.phase, **columns)
    case.folded = fold(case.title)
    if case.place is Place.WHOLE:
        case.lat = case.lon = None
    move.place(case, state)
    db.session.add(case)
    return case


def _author(case: Initiative, account: Actor | None, email: str | None, code: str | None) -> None:
    author = Author(
        id=new_row_id(),
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        locale=case.language,
        user_id=account.user_id if account else None,
        code_hash=tokens.code_hash(code) if code else None,
    )
    if account is None:
        author.name, author.email = "Anna Próbna", email
        author.person = content.person_of_email(email) if email else None
    case.author = author
    db.session.add(author)


def _people(town: Town, state: str, wanted: int | Sequence[Actor] | None) -> list[Actor]:
    if wanted is None:
        wanted = 0 if state in UNSTUDIED else rules.REVIEWERS_MIN
    if isinstance(wanted, int):
        return [make_actor("reviewer", town) for _ in range(wanted)]
    return list(wanted)


def _write_sheets(case: Initiative, people: list[Actor], state: str, *, wanted: bool | None) -> None:
    studies = {
        StudyKind.PURPOSE: (rules.PURPOSE_PARTS, state in WITH_PURPOSE),
        StudyKind.FEASIBILITY: (rules.FEASIBILITY_PARTS, state in WITH_BOTH),
    }
    for kind, (parts, needed) in studies.items():
        if wanted if wanted is not None else needed:
            for actor in people:
                db.session.add(
                    Sheet(
                        municipality_id=case.municipality_id,
                        initiative_id=case.id,
                        kind=kind,
                        user_id=actor.user_id,
                        parts=dict.fromkeys(parts, "W porządku."),
                        scores=dict.fromkeys(parts, 4),
                        finished=True,
                        updated_at=clock.now(),
                    )
                )


def _write_history(case: Initiative) -> None:
    """Two steps everybody knows, and one to the present state where that lies further."""
    if case.state == "draft":
        return
    nobody = Actor(municipality_id=case.municipality_id)
    steps = [("submit", "draft", "submitted", "author", Lane.AUTHOR)]
    if case.listed_at is not None:
        steps.append(("publish", "submitted", "published", "reviewer", Lane.PUBLIC))
    if case.state not in ("submitted", "published"):
        before = CORRECTIONS.get(case.state, steps[-1][2])
        verb = next(m.verb for m in WORKFLOW.moves if case.state in m.targets and m.verb != "correct")
        steps.append((verb, before, case.state, "leader", WORKFLOW.move(verb).lane))
    for verb, before, after, who, lane in steps:
        row = move.record(nobody, case, verb, to_state=after, lane=lane, who=who)
        row.from_state = before


def _start_clock(case: Initiative) -> None:
    if case.state in WORKING_DAYS:
        services.start_clock(case, case.state)
    elif case.state == "appealed":
        due = case.local_today + timedelta(days=rules.APPEAL_DECISION_DAYS)
        content.start_deadline_on(case, "appeal", due)
