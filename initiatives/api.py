"""Initiatives for other programs: reading what is public, working lists and moves by key."""

from datetime import date
from functools import lru_cache
from typing import Any

from flask import current_app
from werkzeug.datastructures import MultiDict

from initiatives import queries, services
from initiatives.forms.desk import AssignForm, CallForm
from initiatives.forms.filing import asked_by, asking
from initiatives.forms.verbs import PAGES, move_of
from initiatives.kinds import theme_of
from initiatives.models import Initiative, StudyKind
from initiatives.queries import TABS, Answered, Card, DeskFilter, Referral, Wanted
from initiatives.states import AUTHOR_WHO, CHANNELS, OUTCOMES, PHASES, WHO, WORKFLOW
from portal.content import queries as content
from portal.content import talk
from portal.content.models import FileRole, Stance
from portal.content.rules import THREADS
from portal.core import actor as actors
from portal.core import tenancy
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LOCALES
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import can, need
from portal.core.registry import ApiRoute, Schema
from portal.core.workflow import Lane
from portal.search.queries import cursor_of
from portal.ui.api import LINKS, MAYBE_TEXT, TEXT, WHEN, list_of, object_of, reference
from portal.ui.pages import public_address

_DAY: Schema = {"type": ["string", "null"], "format": "date"}
_LABELLED: Schema = {
    "type": "object",
    "required": ["key", "label"],
    "properties": {"key": TEXT, "label": TEXT},
}
_MONEY: Schema = {
    "type": ["object", "null"],
    "required": ["minor", "currency"],
    "properties": {"minor": {"type": "integer"}, "currency": TEXT},
}


_REFERRAL: Schema = {
    "type": ["object", "null"],
    "description": "Who has the case now, or who referred it here; `href` is its page there, for a municipality of the portal.",
    "required": ["name", "on", "municipality", "href"],
    "properties": {"name": TEXT, "on": MAYBE_TEXT, "municipality": MAYBE_TEXT, "href": MAYBE_TEXT},
}


_CARD = object_of(
    number=TEXT,
    title=TEXT,
    excerpt=TEXT,
    language=TEXT,
    category=object_of(key=TEXT, label=TEXT, theme=TEXT),
    state=_LABELLED,
    phase=_LABELLED,
    district=TEXT,
    listed_at=WHEN,
    support_count={"type": "integer"},
    support_online={"type": "integer"},
    support_paper={"type": "integer"},
    comment_count={"type": "integer"},
    links=LINKS,
)
SCHEMAS: dict[str, Schema] = {
    "InitiativeCard": _CARD,
    "Initiative": object_of(
        number=TEXT,
        external_number=MAYBE_TEXT,
        municipality=TEXT,
        title=TEXT,
        text=TEXT,
        language=TEXT,
        category=object_of(key=TEXT, label=TEXT, theme=TEXT),
        state=_LABELLED,
        state_meaning=TEXT,
        next_actor=TEXT,
        phase=_LABELLED,
        outcome=_LABELLED,
        due_on=_DAY,
        submitted_at=WHEN,
        listed_at=WHEN,
        changed_at=WHEN,
        district=TEXT,
        address=TEXT,
        lat={"type": ["number", "null"]},
        lon={"type": ["number", "null"]},
        rough_cost=_MONEY,
        department=TEXT,
        progress={"type": "integer"},
        silent_since=_DAY,
        support_count={"type": "integer"},
        support_online={"type": "integer"},
        support_paper={"type": "integer"},
        support_until=_DAY,
        support_threshold={"type": ["integer", "null"]},
        threshold_reached_on=_DAY,
        comment_count={"type": "integer"},
        merged_into=MAYBE_TEXT,
        joined=list_of(object_of(number=TEXT, links=LINKS)),
        referred_to=_REFERRAL,
        referred_from=_REFERRAL,
        version={"type": "integer"},
        channel=_LABELLED,
        place={"enum": [None, "point", "address", "whole"]},
        answers=list_of(object_of(question=TEXT, answer=TEXT)),
        photos=list_of(object_of(alt=TEXT, href=TEXT)),
        documents=list_of(object_of(name=TEXT, alt=TEXT, href=TEXT)),
        returns_on=_DAY,
        appeal_until=_DAY,
        synthesis={
            "type": ["object", "null"],
            "required": [
                "wanted",
                "allowed",
                "tradeoff",
                "time",
                "owner",
                "risks",
                "cost_once",
                "cost_yearly",
            ],
            "properties": {
                **dict.fromkeys(("wanted", "allowed", "tradeoff", "time", "owner", "risks"), TEXT),
                "cost_once": _MONEY,
                "cost_yearly": _MONEY,
            },
        },
        studies=list_of(
            object_of(
                kind={"enum": [kind.value for kind in StudyKind]},
                score={"type": ["number", "null"]},
                parts=list_of(
                    object_of(
                        key=TEXT,
                        label=TEXT,
                        findings=list_of(TEXT),
                        mean={"type": ["number", "null"]},
                    )
                ),
                cost_once=_MONEY,
                cost_yearly=_MONEY,
            )
        ),
        decisions=list_of(
            object_of(
                at=WHEN,
                verdict=_LABELLED,
                reasons=TEXT,
                left_out=TEXT,
                returns_on=_DAY,
                on_appeal={"type": "boolean"},
            )
        ),
        changes=list_of(
            object_of(
                at=WHEN,
                of=_LABELLED,
                wanted=TEXT,
                why=TEXT,
                outcome=_LABELLED,
                due_on=_DAY,
                answered_at=WHEN,
                changes=TEXT,
                reasons=TEXT,
            )
        ),
        milestones=list_of(object_of(title=TEXT, planned_on=_DAY, done_on=_DAY, share={"type": "integer"})),
        links=LINKS,
    ),
    "Step": object_of(at=WHEN, title=TEXT, verb=TEXT, state=TEXT, who=TEXT, note=TEXT),
    "Comment": object_of(
        at=WHEN,
        stance={"enum": [stance.value for stance in Stance]},
        text=TEXT,
        language=TEXT,
        official={"type": "boolean"},
        id={"type": "integer"},
        answers={"type": ["integer", "null"]},
        by_author={"type": "boolean"},
        useful_count={"type": "integer"},
        highlighted={"type": "boolean"},
        links=LINKS,
    ),
    "Stances": {
        "type": "object",
        "required": ["for", "against", "neutral"],
        "properties": {key: {"type": "integer"} for key in ("for", "against", "neutral")},
    },
    "WorkRow": object_of(
        number=TEXT,
        title=TEXT,
        language=TEXT,
        state=_LABELLED,
        category=object_of(key=TEXT, label=TEXT, theme=TEXT),
        submitted_at=WHEN,
        due_on=_DAY,
        links=LINKS,
    ),
    "Workflow": object_of(
        state=_LABELLED,
        meaning=TEXT,
        next_actor=TEXT,
        due_on=_DAY,
        version={"type": "integer"},
        moves=list_of(object_of(verb=TEXT, label=TEXT, href=TEXT, blocked=TEXT)),
    ),
}


def _labelled(key: str, labels: Any) -> dict[str, str]:
    return {"key": key, "label": str(labels.get(key, key))}


def _category(key: str, municipality_id: int | None = None) -> dict[str, str]:
    """A category as the office calls it, with the theme by which municipalities are compared."""
    return {
        "key": key,
        "label": str(queries.category_label(key, municipality_id) or key),
        "theme": theme_of(key),
    }


def _links(number: str, slug: str, language: str) -> dict[str, str]:
    base: str = current_app.extensions["portal.settings"].base_url
    lower = number.lower()
    return {name: head + lower + tail for name, head, tail in _link_moulds(base, slug, language)}


@lru_cache(maxsize=256)
def _link_moulds(_base: str, slug: str, language: str) -> list[tuple[str, str, str]]:
    """Name, beginning and end of each link: routing six addresses a card took most of a list's time."""
    number = "number-of-a-case"
    one = {"town": slug, "number": number}
    links = {
        "self": public_address("api.initiative", **one),
        "html": public_address("initiatives.detail", lang=language, **one),
        "history": public_address("api.initiative_history", **one),
        "workflow": public_address("api.initiative_workflow", **one),
        "translations": public_address("api.initiative_translations", **one),
        "comments": public_address("api.initiative_comments", **one),
    }
    cut = {name: link.rpartition(number) for name, link in links.items()}
    return [(name, head, tail) for name, (head, _number, tail) in cut.items()]


def _card(card: Card) -> dict[str, Any]:
    return {
        "number": card.number,
        "title": card.title,
        "excerpt": "" if card.state == "withdrawn" else card.text,
        "language": card.language,
        "category": _category(card.category, card.municipality_id),
        "state": {"key": card.state, "label": str(card.present.label)},
        "phase": _labelled(card.phase, PHASES),
        "district": "" if card.state == "withdrawn" else card.district,
        "listed_at": card.listed_at.isoformat(),
        "support_count": card.support_count,
        "support_online": card.support_count - card.paper_count,
        "support_paper": card.paper_count,
        "comment_count": card.comment_count,
        "links": _links(card.number, card.town.slug, card.language),
    }


def listing(query: dict[str, Any]) -> dict[str, Any]:
    """A page of the public list."""
    wanted = Wanted(
        phase=query.get("phase", ""),
        category=query.get("category", ""),
        district=query.get("district", ""),
        text=" ".join(query.get("q", "").split()),
        sort=query.get("sort", "new"),
        outcome=query.get("outcome", ""),
        silent=query.get("silent", "") == "1",
        open=query.get("open", "") == "1",
    )
    found = queries.listing(wanted, cursor_of(query.get("at")), query.get("size", queries.PAGE_SIZE))
    return {"items": [_card(card) for card in found.items], "older": found.older, "newer": found.newer}


def _public(number: str) -> Initiative:
    """The public case. Raises Missing."""
    case = queries.case_by_number(number, with_sheets=False)
    if not case.is_public:
        raise Missing
    return case


def _when(instant: Any) -> str | None:
    return None if instant is None else instant.isoformat()


def _money(minor: int | None, currency: str) -> dict[str, Any] | None:
    return None if minor is None else {"minor": minor, "currency": currency}


def _due(case: Initiative) -> date | None:
    rows = content.open_deadlines(*case.about) if case.state in services.TIMED else []
    return rows[0].due_on if rows else None


def _file_address(case: Initiative, file_id: int, where: dict[str, str]) -> str:
    return public_address("initiatives.file", lang=case.language, file_id=file_id, **where)


def _studies(case: Initiative) -> list[dict[str, Any]]:
    """What the finished sheets of each study say, without names."""
    sheets = queries.sheets(case.id)
    return [
        {
            "kind": kind.value,
            "parts": [
                {
                    "key": part.key,
                    "label": part.label,
                    "findings": [*part.given, *part.texts],
                    "mean": part.mean,
                }
                for part in found.parts
                if part.texts or part.given or part.mean is not None
            ],
            "score": found.score,
            "cost_once": _money(found.cost_once, case.currency),
            "cost_yearly": _money(found.cost_yearly, case.currency),
        }
        for kind in StudyKind
        if (found := queries.study_found(case, sheets, kind)) is not None
    ]


def _joined(case: Initiative, slug: str) -> list[dict[str, Any]]:
    """The public cases that go on in this one, as its page names them, with what was merged into those before."""
    return [
        {"number": one.number, "links": _links(one.number or "", slug, one.language)}
        for one in queries.joined_to([case.id])
        if one.is_public
    ]


def _changes(case: Initiative) -> list[dict[str, Any]]:
    """What its author proposed after the decision, the newest first, and what the office answered."""
    return [
        {
            "at": _when(told.at),
            "of": {"key": told.of_key, "label": str(told.of)},
            "wanted": told.wanted,
            "why": told.why,
            "outcome": {"key": told.outcome_key, "label": str(told.outcome)},
            "due_on": _when(told.due),
            "answered_at": _when(told.ended_at),
            "changes": told.changes,
            "reasons": told.reasons,
        }
        for told in queries.changes_told(case)
    ]


def _referral(case: Initiative, found: Referral | None) -> dict[str, Any] | None:
    """The other municipality of a case that was referred, or the other body."""
    if found is None:
        return None
    where = {"town": found.slug, "number": (case.number or "").lower()}
    return {
        "name": found.name,
        "on": _when(found.on),
        "municipality": found.slug or None,
        "href": public_address("initiatives.detail", lang=_first_language(found.slug), **where)
        if found.slug
        else None,
    }


def _first_language(slug: str) -> str:
    return tenancy.town(slug).language


def _answer(said: Answered) -> dict[str, str]:
    return {"question": said.words, "answer": said.text}


def one(number: str) -> dict[str, Any]:
    """A public initiative: everything its page shows. Of a withdrawn one title and day are left."""
    case = _public(number)
    gone = case.state == "withdrawn"
    slug = tenancy.town_by_id(case.municipality_id).slug
    files = [] if gone else content.files(*case.about)
    # As on the page: what the team worked out is public with the decision.
    decided = case.decided_by_user_id is not None or case.state in ("adopted", "partly_adopted", "refused")
    verdicts = {state.key: str(state.label) for state in WORKFLOW.states}
    where = {"town": slug, "number": (case.number or "").lower()}
    return {
        "number": case.number,
        "external_number": case.external_number,
        "municipality": slug,
        "title": case.title,
        "text": "" if gone else case.text,
        "language": case.language,
        "category": _category(case.category, case.municipality_id),
        "state": {"key": case.state, "label": str(case.present.label)},
        "state_meaning": str(case.present.help),
        "next_actor": str(case.present.next_actor),
        "phase": _labelled(case.phase, PHASES),
        "outcome": _labelled(case.outcome.value, OUTCOMES),
        "due_on": _when(_due(case)),
        "submitted_at": _when(case.submitted_at),
        "listed_at": _when(case.listed_at),
        "changed_at": _when(case.updated_at),
        "district": "" if gone else case.district,
        "address": "" if gone else case.address,
        "lat": None if gone else case.lat,
        "lon": None if gone else case.lon,
        "rough_cost": None if gone else _money(case.cost_minor, case.currency),
        "department": case.department,
        "progress": case.progress,
        "silent_since": _when(case.silent_since),
        "support_count": case.support_count,
        "support_online": case.online_count,
        "support_paper": case.paper_count,
        "support_until": _when(case.support_until),
        "support_threshold": queries.office(case.municipality_id).support.threshold,
        "threshold_reached_on": _when(case.threshold_on),
        "comment_count": case.comment_count,
        "merged_into": queries.number_of(case.merged_into_id) if case.merged_into_id else None,
        "joined": _joined(case, slug) if case.joined_count and not gone else [],
        "referred_to": _referral(case, queries.referred_to(case)),
        "referred_from": _referral(case, queries.referred_from(case)),
        "version": case.version,
        "channel": _labelled(case.channel.value, CHANNELS),
        "place": None if gone or case.place is None else case.place.value,
        "answers": [] if gone else [_answer(said) for said in queries.answered(case)],
        "photos": [
            {"alt": row.alt, "href": _file_address(case, row.id, where)}
            for row in files
            if row.role is FileRole.PHOTO
        ],
        "documents": [
            {"name": row.name, "alt": row.alt, "href": _file_address(case, row.id, where)}
            for row in files
            if row.role is FileRole.DOCUMENT
        ],
        "returns_on": _when(case.returns_on) if case.state == "deferred" else None,
        "appeal_until": _when(case.appeal_until) if case.state == "refused" else None,
        "synthesis": {
            "wanted": case.wanted,
            "allowed": case.allowed,
            "tradeoff": case.tradeoff,
            "time": case.plan_time,
            "owner": case.plan_owner,
            "risks": case.plan_risks,
            "cost_once": _money(case.cost_once_minor, case.currency),
            "cost_yearly": _money(case.cost_yearly_minor, case.currency),
        }
        if decided and case.wanted and not gone
        else None,
        "studies": _studies(case) if decided and not gone else [],
        "decisions": [
            {
                "at": _when(row.at),
                "verdict": _labelled(row.verdict, verdicts),
                "reasons": row.reasons,
                "left_out": row.left_out,
                "returns_on": _when(row.returns_on),
                "on_appeal": row.on_appeal,
            }
            for row in queries.decisions(case.id)
        ],
        "changes": [] if gone else _changes(case),
        "milestones": [
            {
                "title": row.title,
                "planned_on": _when(row.planned_on),
                "done_on": _when(row.done_on),
                "share": row.share,
            }
            for row in queries.milestones(case.id)
        ],
        "links": _links(case.number or "", slug, case.language),
    }


def history(number: str) -> dict[str, Any]:
    """The public history, oldest first. What authors wrote to the office is not in it."""
    case = _public(number)
    steps = content.history(*case.about, (Lane.PUBLIC,))
    return {
        "items": [
            {
                "at": _when(step.at),
                "title": queries.step_title(case, step),
                "verb": step.verb,
                "state": step.to_state,
                "who": str(WHO.get(step.who, "")),
                "note": "" if step.who in AUTHOR_WHO else step.note,
            }
            for step in steps
        ]
    }


def comments(number: str, query: dict[str, Any]) -> dict[str, Any]:
    """What is said under it, a page of comments in the order asked for, each followed by its answers; nobody's name."""
    case = _public(number)
    if case.state == "withdrawn":
        return {"items": [], "stances": {"for": 0, "against": 0, "neutral": 0}, "older": None, "newer": None}
    cursor = cursor_of(query.get("at"))
    found = talk.page(*case.about, query.get("sort", "new"), cursor, query.get("size", THREADS))
    top = talk.highlighted(*case.about) if cursor is None else []
    sums = talk.stances(*case.about)
    slug = tenancy.town_by_id(case.municipality_id).slug
    rows = [one for said in (*top, *found.items) for one in (said, *said.answers) if one.is_seen]
    return {
        "items": [_said(row, slug, case) for row in rows],
        "stances": {"for": sums.for_it, "against": sums.against, "neutral": sums.neutral},
        "older": found.older,
        "newer": found.newer,
    }


def _said(row: talk.Said, slug: str, case: Initiative) -> dict[str, Any]:
    where = {"town": slug, "number": (case.number or "").lower(), "comment_id": row.id}
    return {
        "at": _when(row.at),
        "stance": row.stance.value,
        "text": row.text,
        "language": row.language,
        "official": row.official,
        "id": row.id,
        "answers": row.parent_id,
        "by_author": row.by_author,
        "useful_count": row.useful_count,
        "highlighted": row.highlighted_at is not None,
        "links": {"html": public_address("initiatives.comment_one", lang=case.language, **where)},
    }


def translations(number: str) -> dict[str, Any]:
    """Title and text in other languages, with how far each can be trusted."""
    case = _public(number)
    found = [queries.translation(case.id, language) for language in LOCALES if language != case.language]
    rows = [] if case.state == "withdrawn" else [row for row in found if row is not None]
    return {
        "items": [
            {
                "language": row.language,
                "title": row.title,
                "text": row.text,
                "status": row.status,
                "outdated": row.made_from_version < case.version,
            }
            for row in rows
        ]
    }


def workflow(number: str) -> dict[str, Any]:
    """Where it stands, and the moves this key could make now."""
    case = queries.case_by_number(number)
    actor = actors.current()
    if not case.is_public and not can(actor, "initiative.desk", case):
        raise Missing
    slug = tenancy.town_by_id(case.municipality_id).slug
    moves = []
    for move in WORKFLOW.moves_from(case.state):
        if move.verb not in PAGES or actor.key_id is None or not can(actor, move.permission, case):
            continue
        refusals = [str(refusal) for guard in move.guards if (refusal := guard(case))]
        moves.append(
            {
                "verb": move.verb,
                "label": str(case.move_told(move).label),
                "href": public_address(
                    "api.initiative_move", town=slug, number=(case.number or "").lower(), verb=move.verb
                ),
                "blocked": refusals[0] if refusals else "",
            }
        )
    return {
        "state": {"key": case.state, "label": str(case.present.label)},
        "meaning": str(case.present.help),
        "next_actor": str(case.present.next_actor),
        "due_on": _when(_due(case)),
        "version": case.version,
        "moves": moves,
    }


def move(number: str, verb: str, body: dict[str, Any]) -> dict[str, Any]:
    """Make a move of the desk. The body holds the fields of its form; `version` is the one that was read."""
    actor = actors.current()
    case = queries.case_by_number(number)
    need(actor, "initiative.desk", case)
    chosen = move_of(verb)
    need(actor, chosen.permission, case)
    if body["version"] != case.version or case.state not in chosen.sources:
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    form = PAGES[verb].form(_sent(body), meta={"csrf": False})
    if isinstance(form, AssignForm):
        form.offer(queries.team_without_stake(case))
    _need_sound(form)
    PAGES[verb].run(actor, case.id, form)
    return workflow(number)


def _sent(values: dict[str, Any]) -> MultiDict[str, str]:
    """Values of a body as a browser would have sent them."""
    sent: MultiDict[str, str] = MultiDict()
    for name, value in values.items():
        for part in value if isinstance(value, list) else [value]:
            if part not in (None, False):
                sent.add(name, "y" if part is True else str(part))
    return sent


def _need_sound(form: Any) -> None:
    """Raises Invalid that names each field."""
    if not form.validate():
        told = {name or "form": text for name, text in reversed(form.problems)}
        raise Invalid(_l("The values are not right."), told)


def take(body: dict[str, Any]) -> dict[str, Any]:
    """File for a resident who wrote, called or came; the answer holds the code to hand out, once."""
    town = tenancy.town_by_id(tenancy.current_id() or 0)
    values = {"channel": "paper", "language": town.language, "locale": town.language, **body}
    form = asking(CallForm, values.get("category", ""))(
        _sent(values | asked_by(values.get("category", ""), values.pop("answers", {}))), meta={"csrf": False}
    )
    form.set_town(town, queries.districts_offered())
    _need_sound(form)
    receipt = services.take_call(
        actors.current(),
        form.came_by,
        form.what(),
        form.where(),
        form.who(),
        form.locale.data,
        f"api:{body['idempotency_key']}",
    )
    return {
        "number": receipt.number,
        "code": receipt.code,
        "links": {
            "workflow": public_address(
                "api.initiative_workflow", town=town.slug, number=receipt.number.lower()
            )
        },
    }


def work(query: dict[str, Any]) -> dict[str, Any]:
    """A working list of the desk, in the order of the desk."""
    actor = actors.current()
    wanted = DeskFilter(
        tab=query.get("tab", "all"), state=query.get("state", ""), category=query.get("category", "")
    )
    found = queries.work_list(actor, wanted, cursor_of(query.get("at")), query.get("size", 25))
    slug = tenancy.town_by_id(tenancy.current_id() or 0).slug
    return {
        "items": [
            {
                "number": row.number,
                "title": row.title,
                "language": row.language,
                "state": {"key": row.state, "label": str(row.present.label)},
                "category": _category(row.category),
                "submitted_at": _when(row.submitted_at),
                "due_on": _when(row.due_on),
                "links": {"workflow": public_address("api.initiative_workflow", town=slug, number=row.slug)},
            }
            for row in found.items
        ],
        "older": found.older,
        "newer": found.newer,
    }


def _page_of(name: str) -> Schema:
    return {
        "type": "object",
        "required": ["items"],
        "properties": {"items": list_of(reference(name)), "older": MAYBE_TEXT, "newer": MAYBE_TEXT},
    }


BASE = "/municipalities/<slug:town>/initiatives"
ONE = f"{BASE}/<slug:number>"
_CATEGORY: Schema = {
    "type": "string",
    "maxLength": 40,
    "description": "Key of a category: one of ours, or of the municipality’s own, such as `roads-2`.",
}
_PAGING: dict[str, Schema] = {
    "size": {"type": "integer", "minimum": 1, "maximum": 100},
    "at": {"type": "string", "maxLength": 40},
}
_STATES = [state.key for state in WORKFLOW.states if state.key != "draft"]
OPERATIONS = (
    ApiRoute(
        BASE,
        "initiatives",
        "Public initiatives of a municipality.",
        listing,
        _page_of("InitiativeCard"),
        query={
            "phase": {"enum": list(PHASES)},
            "category": _CATEGORY,
            "district": {"type": "string", "maxLength": 80},
            "outcome": {"enum": list(queries.OUTCOMES_TO_FILTER)},
            "silent": {"enum": ["1"]},
            "open": {"enum": ["1"]},
            "q": {"type": "string", "maxLength": 200},
            "sort": {"enum": list(queries.SORTS)},
            **_PAGING,
        },
    ),
    ApiRoute(ONE, "initiative", "One public initiative.", one, reference("Initiative")),
    ApiRoute(
        f"{ONE}/@history",
        "initiative_history",
        "Its public history, oldest first.",
        history,
        object_of(items=list_of(reference("Step"))),
    ),
    ApiRoute(
        f"{ONE}/@translations",
        "initiative_translations",
        "Its translations.",
        translations,
        object_of(
            items=list_of(
                object_of(language=TEXT, title=TEXT, text=TEXT, status=TEXT, outdated={"type": "boolean"})
            )
        ),
    ),
    ApiRoute(
        f"{ONE}/comments",
        "initiative_comments",
        "What residents and the office say under it.",
        comments,
        {
            "type": "object",
            "required": ["items", "stances"],
            "properties": {
                "items": list_of(reference("Comment")),
                "stances": reference("Stances"),
                "older": MAYBE_TEXT,
                "newer": MAYBE_TEXT,
            },
        },
        query={"sort": {"enum": list(talk.SORTS)}, **_PAGING},
    ),
    ApiRoute(
        f"{ONE}/@workflow",
        "initiative_workflow",
        "Where it stands; with a key also the moves it could make.",
        workflow,
        reference("Workflow"),
    ),
    ApiRoute(
        f"{ONE}/@workflow/<verb>",
        "initiative_move",
        "Make a move. Besides `version` and `note` the body holds what the form of the move on the desk asks for.",
        move,
        reference("Workflow"),
        permission="initiative.desk",
        method="POST",
        body={
            "type": "object",
            "required": ["version"],
            "properties": {
                "version": {"type": "integer", "minimum": 0},
                "note": {"type": "string", "maxLength": 20_000},
            },
            "additionalProperties": {
                "anyOf": [
                    {"type": ["string", "integer", "boolean", "null"]},
                    {"type": "array", "items": {"type": ["string", "integer"]}, "maxItems": 50},
                ]
            },
        },
    ),
    ApiRoute(
        BASE,
        "take_initiative",
        "File for a resident who wrote, called or came.",
        take,
        object_of(number=TEXT, code=MAYBE_TEXT, links=LINKS),
        permission="initiative.take",
        method="POST",
        status=201,
        body={
            "type": "object",
            "required": ["idempotency_key", "title", "text", "category", "place"],
            "additionalProperties": False,
            "properties": {
                "idempotency_key": {"type": "string", "minLength": 8, "maxLength": 80},
                "title": {"type": "string", "maxLength": 400},
                "text": {"type": "string", "maxLength": 20_000},
                "category": _CATEGORY,
                "language": {"enum": list(LOCALES)},
                "answers": {
                    "type": "object",
                    "maxProperties": 40,
                    "additionalProperties": {"type": ["string", "number", "boolean"]},
                    "description": "Answers to the questions of the municipality, by their number.",
                },
                "cost": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "Rough cost in whole units of the currency.",
                },
                "place": {"enum": ["point", "address", "whole"]},
                "lat": {"type": "number", "minimum": -90, "maximum": 90},
                "lon": {"type": "number", "minimum": -180, "maximum": 180},
                "address": {"type": "string", "maxLength": 400},
                "district": {"type": "string", "maxLength": 80},
                "channel": {"enum": ["phone", "paper", "meeting", "email"]},
                "name": {"type": "string", "maxLength": 200},
                "shows_name": {"type": "boolean"},
                "withheld": {"type": "boolean"},
                "email": {"type": "string", "maxLength": 300},
                "phone": {"type": "string", "maxLength": 40},
                "postal": {"type": "string", "maxLength": 800},
                "locale": {"enum": list(LOCALES), "description": "Language for messages."},
            },
        },
    ),
    ApiRoute(
        "/municipalities/<slug:town>/desk/initiatives",
        "work",
        "A working list of the desk.",
        work,
        _page_of("WorkRow"),
        permission="initiative.desk",
        query={
            "tab": {"enum": list(TABS)},
            "state": {"enum": _STATES},
            "category": _CATEGORY,
            **_PAGING,
        },
    ),
)
SCOPES = tuple(
    dict.fromkeys(("initiative.desk", "initiative.take", *(move_of(verb).permission for verb in PAGES)))
)
"""Permissions a key can be given: those of the operations, and of the moves."""
