"""Initiatives for other programs: reading what is public, working lists and moves by key."""

from datetime import date
from typing import Any

from werkzeug.datastructures import MultiDict

from initiatives import queries, services
from initiatives.forms.desk import AssignForm, CallForm
from initiatives.forms.verbs import PAGES, move_of
from initiatives.models import Initiative
from initiatives.queries import TABS, Card, DeskFilter, Wanted
from initiatives.states import AUTHOR_WHO, CATEGORIES, OUTCOMES, PHASES, WHO, WORKFLOW
from portal.content import queries as content
from portal.content.models import FileRole, Stance
from portal.core import actor as actors
from portal.core import tenancy
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LOCALES
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import can, need
from portal.core.registry import ApiRoute, Schema
from portal.core.workflow import Lane
from portal.search.queries import cursor_of
from portal.ui.pages import public_address

_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_WHEN: Schema = {"type": ["string", "null"], "format": "date-time"}
_DAY: Schema = {"type": ["string", "null"], "format": "date"}
_LABELLED: Schema = {
    "type": "object",
    "required": ["key", "label"],
    "properties": {"key": _TEXT, "label": _TEXT},
}
_MONEY: Schema = {
    "type": ["object", "null"],
    "required": ["minor", "currency"],
    "properties": {"minor": {"type": "integer"}, "currency": _TEXT},
}


def _object(**properties: Schema) -> Schema:
    """A schema of an object that always has all of these."""
    return {"type": "object", "required": sorted(properties), "properties": properties}


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_CARD = _object(
    number=_TEXT,
    title=_TEXT,
    excerpt=_TEXT,
    language=_TEXT,
    category=_LABELLED,
    state=_LABELLED,
    phase=_LABELLED,
    district=_TEXT,
    listed_at=_WHEN,
    support_count={"type": "integer"},
    comment_count={"type": "integer"},
    links={"type": "object", "additionalProperties": _TEXT},
)
SCHEMAS: dict[str, Schema] = {
    "InitiativeCard": _CARD,
    "Initiative": _object(
        number=_TEXT,
        external_number=_MAYBE,
        municipality=_TEXT,
        title=_TEXT,
        text=_TEXT,
        language=_TEXT,
        category=_LABELLED,
        state=_LABELLED,
        state_meaning=_TEXT,
        next_actor=_TEXT,
        phase=_LABELLED,
        outcome=_LABELLED,
        due_on=_DAY,
        submitted_at=_WHEN,
        listed_at=_WHEN,
        changed_at=_WHEN,
        district=_TEXT,
        address=_TEXT,
        lat={"type": ["number", "null"]},
        lon={"type": ["number", "null"]},
        rough_cost=_MONEY,
        department=_TEXT,
        progress={"type": "integer"},
        support_count={"type": "integer"},
        comment_count={"type": "integer"},
        merged_into=_MAYBE,
        referred_to=_TEXT,
        version={"type": "integer"},
        photos=_list_of(_object(alt=_TEXT, href=_TEXT)),
        decisions=_list_of(
            _object(
                at=_WHEN,
                verdict=_LABELLED,
                reasons=_TEXT,
                left_out=_TEXT,
                returns_on=_DAY,
                on_appeal={"type": "boolean"},
            )
        ),
        milestones=_list_of(_object(title=_TEXT, planned_on=_DAY, done_on=_DAY, share={"type": "integer"})),
        links={"type": "object", "additionalProperties": _TEXT},
    ),
    "Step": _object(at=_WHEN, title=_TEXT, verb=_TEXT, state=_TEXT, who=_TEXT, note=_TEXT),
    "Comment": _object(
        at=_WHEN,
        stance={"enum": [stance.value for stance in Stance]},
        text=_TEXT,
        language=_TEXT,
        official={"type": "boolean"},
    ),
    "WorkRow": _object(
        number=_TEXT,
        title=_TEXT,
        language=_TEXT,
        state=_LABELLED,
        category=_LABELLED,
        submitted_at=_WHEN,
        due_on=_DAY,
        links={"type": "object", "additionalProperties": _TEXT},
    ),
    "Workflow": _object(
        state=_LABELLED,
        meaning=_TEXT,
        next_actor=_TEXT,
        due_on=_DAY,
        moves=_list_of(_object(verb=_TEXT, label=_TEXT, href=_TEXT, blocked=_TEXT)),
    ),
}


def _labelled(key: str, labels: Any) -> dict[str, str]:
    return {"key": key, "label": str(labels.get(key, key))}


def _links(number: str, slug: str, language: str) -> dict[str, str]:
    one = {"town": slug, "number": number.lower()}
    return {
        "self": public_address("api.initiative", **one),
        "html": public_address("initiatives.detail", lang=language, **one),
        "history": public_address("api.initiative_history", **one),
        "workflow": public_address("api.initiative_workflow", **one),
        "translations": public_address("api.initiative_translations", **one),
        "comments": public_address("api.initiative_comments", **one),
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "number": card.number,
        "title": card.title,
        "excerpt": "" if card.state == "withdrawn" else card.text,
        "language": card.language,
        "category": _labelled(card.category, CATEGORIES),
        "state": {"key": card.state, "label": str(card.present.label)},
        "phase": _labelled(card.phase, PHASES),
        "district": "" if card.state == "withdrawn" else card.district,
        "listed_at": card.listed_at.isoformat(),
        "support_count": card.support_count,
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


def one(number: str) -> dict[str, Any]:
    """A public initiative: everything its page shows. Of a withdrawn one title and day are left."""
    case = _public(number)
    gone = case.state == "withdrawn"
    slug = tenancy.town_by_id(case.municipality_id).slug
    photos = [] if gone else [row for row in content.files(*case.about) if row.role is FileRole.PHOTO]
    verdicts = {state.key: str(state.label) for state in WORKFLOW.states}
    where = {"town": slug, "number": (case.number or "").lower()}
    return {
        "number": case.number,
        "external_number": case.external_number,
        "municipality": slug,
        "title": case.title,
        "text": "" if gone else case.text,
        "language": case.language,
        "category": _labelled(case.category, CATEGORIES),
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
        "support_count": case.support_count,
        "comment_count": case.comment_count,
        "merged_into": queries.number_of(case.merged_into_id) if case.merged_into_id else None,
        "referred_to": case.transferred_to,
        "version": case.version,
        "photos": [
            {
                "alt": row.alt,
                "href": public_address("initiatives.file", lang=case.language, file_id=row.id, **where),
            }
            for row in photos
        ],
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
                "title": queries.step_title(step),
                "verb": step.verb,
                "state": step.to_state,
                "who": str(WHO.get(step.who, "")),
                "note": "" if step.who in AUTHOR_WHO else step.note,
            }
            for step in steps
        ]
    }


def comments(number: str) -> dict[str, Any]:
    """What is said under it, oldest first; nobody's name."""
    case = _public(number)
    rows = [] if case.state == "withdrawn" else content.comments(*case.about)
    return {
        "items": [
            {
                "at": _when(row.at),
                "stance": row.stance.value,
                "text": row.text,
                "language": row.language,
                "official": row.official,
            }
            for row in rows
        ]
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
                "label": str(move.label),
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
    form = CallForm(_sent(values), meta={"csrf": False})
    form.set_town(
        town, [district["name"] for district in town.contact.get("districts", [])] or queries.districts()
    )
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
    """A working list of the desk, what was touched last on top."""
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
                "category": _labelled(row.category, CATEGORIES),
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
        "properties": {"items": _list_of(_reference(name)), "older": _MAYBE, "newer": _MAYBE},
    }


BASE = "/municipalities/<slug:town>/initiatives"
ONE = f"{BASE}/<slug:number>"
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
            "category": {"enum": list(CATEGORIES)},
            "district": {"type": "string", "maxLength": 80},
            "q": {"type": "string", "maxLength": 200},
            "sort": {"enum": list(queries.SORTS)},
            **_PAGING,
        },
    ),
    ApiRoute(ONE, "initiative", "One public initiative.", one, _reference("Initiative")),
    ApiRoute(
        f"{ONE}/@history",
        "initiative_history",
        "Its public history, oldest first.",
        history,
        _object(items=_list_of(_reference("Step"))),
    ),
    ApiRoute(
        f"{ONE}/@translations",
        "initiative_translations",
        "Its translations.",
        translations,
        _object(
            items=_list_of(
                _object(language=_TEXT, title=_TEXT, text=_TEXT, status=_TEXT, outdated={"type": "boolean"})
            )
        ),
    ),
    ApiRoute(
        f"{ONE}/comments",
        "initiative_comments",
        "What residents and the office say under it.",
        comments,
        _object(items=_list_of(_reference("Comment"))),
    ),
    ApiRoute(
        f"{ONE}/@workflow",
        "initiative_workflow",
        "Where it stands; with a key also the moves it could make.",
        workflow,
        _reference("Workflow"),
    ),
    ApiRoute(
        f"{ONE}/@workflow/<verb>",
        "initiative_move",
        "Make a move. Besides `version` and `note` the body holds what the form of the move on the desk asks for.",
        move,
        _reference("Workflow"),
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
        _object(number=_TEXT, code=_MAYBE, links={"type": "object", "additionalProperties": _TEXT}),
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
                "category": {"enum": list(CATEGORIES)},
                "language": {"enum": list(LOCALES)},
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
            "category": {"enum": list(CATEGORIES)},
            **_PAGING,
        },
    ),
)
SCOPES = tuple(
    dict.fromkeys(("initiative.desk", "initiative.take", *(move_of(verb).permission for verb in PAGES)))
)
"""Permissions a key can be given: those of the operations, and of the moves."""
