"""Open311 GeoReport v2: initiatives for city apps that speak the standard; a municipality is its jurisdiction.

Open are the phases new, study, decision and building, closed are built and ended; what nobody may see is not served.
Source: GeoReport v2, wiki.open311.org; product 7.1.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, g, request
from werkzeug.datastructures import MultiDict

from initiatives import queries, rules, services
from initiatives.forms.desk import AppForm
from initiatives.forms.filing import field_of, with_questions
from initiatives.kinds import Kind, Question
from initiatives.queries import Asked, RequestRow
from initiatives.states import OPEN_PHASES, PHASES, TAKEN_OVER, WORKFLOW
from portal.core import actor as actors
from portal.core import clock, tenancy
from portal.core.calendar import to_local
from portal.core.errors import Invalid, Missing
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import pgettext as _p
from portal.core.tokens import canonical_number
from portal.ui import georeport
from portal.ui.pages import public_address

FORMS = {"json": "application/json", "xml": "text/xml"}
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-11-29T00:00:00Z"
"""When the shape of these answers last changed."""
SPAN = timedelta(days=90)
MOST = 1000
"""The standard: at most 90 days and 1,000 requests an answer."""
MOST_NUMBERS = 100
STATUS = {"open": OPEN_PHASES, "closed": tuple(phase for phase in PHASES if phase not in OPEN_PHASES)}
TITLE, COST = "title", "cost"
NOT_KEPT = ("api_key", "jurisdiction_id")


def _form(ending: str) -> str:
    """Raises Missing for what is neither JSON nor XML."""
    if ending not in FORMS:
        raise Missing
    return ending


def _town() -> tenancy.Town:
    """The jurisdiction. Raises Invalid without one."""
    town: tenancy.Town | None = g.get("town")
    if town is None:
        raise Invalid(_l("jurisdiction_id is missing: name the municipality, for instance lublin."))
    return town


def discovery(ending: str) -> Response:
    """Where the service is and which forms it speaks."""
    root = public_address("initiatives.open311_discovery", ending="json").removesuffix("/discovery.json")
    found = {
        "changeset": CHANGESET,
        "contact": _("Write to the municipality: %(href)s", href=public_address("pages.contact")),
        "key_service": _(
            "The administrator of the municipality makes keys; %(href)s", href=public_address("pages.contact")
        ),
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": root,
                "changeset": CHANGESET,
                "type": "production",
                "formats": list(FORMS.values()),
            }
        ],
    }
    return georeport.answer("discovery", found, _form(ending))


def service_list(ending: str) -> Response:
    """The categories of the municipality."""
    form, _ = _form(ending), _town()
    found = [
        {
            "service_code": key,
            "service_name": str(label),
            "description": str(label),
            "metadata": True,
            "type": "realtime",
            "keywords": ", ".join(re.split(r",\s*|\s+(?:and|i|a)\s+", str(label))),
            "group": str(_l("Initiatives")),
        }
        for key, label in _services().items()
    ]
    return georeport.answer("services", found, form)


def _services() -> dict[str, Text]:
    """The categories somebody may file in here, by key."""
    return {found.key: queries.category_label(found.key) for found in queries.office().offered()}


def service(code: str, ending: str) -> Response:
    """What else can be said about a request of a category: a title, a rough cost, and what the office asks there."""
    form, _town_ = _form(ending), _town()
    if code not in _services():
        raise Missing(_l("There is no such service_code."))
    attributes = [
        _attribute(
            1,
            TITLE,
            "string",
            _("Title"),
            _("5 to 120 characters; without it the beginning of the description is taken."),
        ),
        _attribute(2, COST, "number", _("Rough cost"), _("In whole %(currency)s.", currency=_town_.currency)),
        *(_asked_as(order, question) for order, question in enumerate(queries.office().asked(code), 3)),
    ]
    return georeport.answer("service_definition", {"service_code": code, "attributes": attributes}, form)


DATATYPES = {
    Kind.SHORT: "string",
    Kind.LONG: "text",
    Kind.NUMBER: "number",
    Kind.CHOICE: "singlevaluelist",
    Kind.YES_NO: "singlevaluelist",
}


def _asked_as(order: int, question: Question) -> dict[str, Any]:
    """A question of the office as the standard asks it; its code is the name of its field."""
    office = queries.office()
    made = _attribute(
        order,
        field_of(question),
        DATATYPES[question.kind],
        office.say(question.words),
        office.say(question.help),
    )
    choices = [(str(number), office.say(texts)) for number, texts in enumerate(question.choices, 1)]
    if question.kind is Kind.YES_NO:
        choices = [("yes", _p("answer", "Yes")), ("no", _p("answer", "No"))]
    return {
        **made,
        "required": question.required,
        "values": [{"key": key, "name": name} for key, name in choices],
    }


def _attribute(order: int, code: str, datatype: str, description: str, hint: str) -> dict[str, Any]:
    return {
        "variable": True,
        "code": code,
        "datatype": datatype,
        "required": False,
        "datatype_description": hint,
        "order": order,
        "description": description,
        "values": [],
    }


def request_list(ending: str) -> Response:
    """Public requests, the last filed first."""
    form, town = _form(ending), _town()
    size, skip = _page()
    rows = queries.requests(_asked(town), size, skip)
    return georeport.answer("service_requests", [_record(row, town) for row in rows], form)


def one(number: str, ending: str) -> Response:
    """One public request. Raises Missing."""
    form, town = _form(ending), _town()
    canonical = canonical_number(number)
    rows = queries.requests(Asked(numbers=(canonical,)), 1) if canonical else []
    if not rows:
        raise Missing(_l("There is no such service_request_id."))
    return georeport.answer("service_requests", [_record(row, town) for row in rows], form)


def _page() -> tuple[int, int]:
    """How many, and from where on; `page_size` and `page` are what clients add to the standard."""
    size, page = _whole("page_size", MOST), _whole("page", MOST)
    size = size or MOST
    skip = ((page or 1) - 1) * size
    if skip >= MOST:
        raise Invalid(_l("At most 1,000 requests are given: narrow the dates."))
    return min(size, MOST - skip), skip


def _whole(name: str, most: int) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise Invalid(
            _l("The parameters are not right."), {name: _l("Write a whole number from 1 to 1,000.")}
        )
    return int(text)


def _asked(town: tenancy.Town) -> Asked:
    """The filters of the standard. Raises Invalid that names the wrong ones."""
    wanted = _listed("service_request_id")
    if wanted:
        if len(wanted) > MOST_NUMBERS:
            raise Invalid(
                _l("The parameters are not right."), {"service_request_id": _l("Name 100 at most.")}
            )
        # Unknown ones find nothing; alone among filters these ask for no dates.
        return Asked(numbers=tuple(canonical_number(number) or "-" for number in wanted))
    statuses = _among("status", STATUS)
    since, until = _dates()
    return Asked(
        categories=_among("service_code", dict(queries.category_choices())),
        phases=tuple(phase for status in statuses for phase in STATUS[status]),
        since=since,
        until=until,
    )


def _listed(name: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in request.args.get(name, "").split(","))))


def _among(name: str, known: Iterable[str]) -> tuple[str, ...]:
    found, choices = _listed(name), list(known)
    if not set(found) <= set(choices):
        told = _("Possible are: %(values)s.", values=", ".join(choices))
        raise Invalid(_l("The parameters are not right."), {name: told})
    return found


def _dates() -> tuple[datetime, datetime]:
    since, until = _instant("start_date"), _instant("end_date")
    if until is None:
        until = min(since + SPAN, clock.now()) if since else clock.now()
    since = since or until - SPAN
    if until - since > SPAN:
        raise Invalid(_l("start_date and end_date may span 90 days at most."))
    return since, until


def _instant(name: str) -> datetime | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        # A plus sign that nobody escaped arrives as a space.
        found = datetime.fromisoformat(text.strip().replace(" ", "+"))
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC).replace(year=max(1900, min(found.year, 9000)))
    except (ValueError, OverflowError):
        told = _l("Write an instant such as 2026-05-04T10:00:00Z.")
        raise Invalid(_l("The parameters are not right."), {name: told}) from None


def _record(row: RequestRow, town: tenancy.Town) -> dict[str, Any]:
    """A public case; nothing of who filed it. Of a withdrawn one title and days are left."""
    gone = row.state == "withdrawn"
    untouched = row.external_source is not None and row.version == row.untouched_version
    present = TAKEN_OVER.get(row.state) if untouched else None
    present = present or WORKFLOW.state(row.state)
    href = {"lang": town.language, "town": town.slug, "number": row.number.lower()}
    return {
        "service_request_id": row.number,
        "status": "open" if row.phase in OPEN_PHASES else "closed",
        "status_notes": str(present.label),
        "service_name": str(queries.category_label(row.category) or row.category),
        "service_code": row.category,
        "description": row.title if gone else "\n\n".join(filter(None, (row.title, row.text))),
        "agency_responsible": row.department or None,
        "service_notice": None,
        "requested_datetime": to_local(row.submitted_at, town.zone).isoformat(timespec="seconds"),
        "updated_datetime": to_local(row.updated_at, town.zone).isoformat(timespec="seconds"),
        "expected_datetime": None,
        "address": None if gone else row.address or None,
        "address_id": None,
        "zipcode": None,
        "lat": None if gone else row.lat,
        "long": None if gone else row.lon,
        "media_url": None
        if gone or row.photo_id is None
        else public_address("initiatives.file", file_id=row.photo_id, **href),
    }


# ---- filing ----


def take(ending: str) -> Response:
    """File what somebody told an app; answered with the number, and in the notice the code that opens the case."""
    form_, town = _form(ending), _town()
    sent = request.form
    problems = _refused(sent)
    if problems:
        raise Invalid(_l("The values are not right."), problems)
    form = with_questions(AppForm, queries.office().asked(sent["service_code"]))(
        _values(sent, town), meta={"csrf": False}
    )
    form.set_town(town, queries.districts_offered())
    if not form.validate():
        raise Invalid(_l("The values are not right."), _told(form))
    receipt = services.take_call(
        actors.current(),
        form.came_by,
        form.what(),
        form.where(),
        form.who(),
        form.locale.data,
        _once(sent),
    )
    notice = _(
        "The number is %(number)s. The team looks at it within two working days; then it is public.",
        number=receipt.number,
    )
    if receipt.code:
        href = public_address("initiatives.follow", lang=town.language)
        notice += " " + _(
            "With the secret code %(code)s the author follows it at %(href)s.", code=receipt.code, href=href
        )
    found = [{"service_request_id": receipt.number, "service_notice": notice, "account_id": None}]
    return georeport.answer("service_requests", found, form_, 201)


def _refused(sent: MultiDict[str, str]) -> dict[str, Any]:
    """What a form cannot tell: missing codes, places and things that are not taken."""
    found: dict[str, Any] = {}
    if sent.get("service_code") not in _services():
        found["service_code"] = _l("Name one of the services.")
    if sent.get("media_url") or request.files:
        found["media_url"] = _l(
            "Pictures are not taken here: the portal fetches nothing from other servers. Leave it out, and add photos on the page of the case."
        )
    if not (sent.get("lat") or sent.get("long") or sent.get("address_string")):
        found["address_string"] = _l(
            "Say where: lat and long, or address_string. There are no address_id here."
        )
    return found


def _values(sent: MultiDict[str, str], town: tenancy.Town) -> MultiDict[str, str]:
    text = sent.get("description", "").strip()
    has_point = bool(sent.get("lat") or sent.get("long"))
    asked = queries.office().asked(sent["service_code"])
    answers = {field_of(question): sent.get(f"attribute[{field_of(question)}]", "") for question in asked}
    return MultiDict(
        {
            **answers,
            "asked": ",".join(str(question.id) for question in asked),
            "title": sent.get(f"attribute[{TITLE}]", "").strip() or title_of(text),
            "text": text,
            "category": sent["service_code"],
            "cost": sent.get(f"attribute[{COST}]", ""),
            "language": town.language,
            "place": "point" if has_point else "address",
            "lat": sent.get("lat", ""),
            "lon": sent.get("long", ""),
            "address": sent.get("address_string", ""),
            "name": " ".join(filter(None, (sent.get("first_name"), sent.get("last_name")))),
            "email": sent.get("email", ""),
            "phone": sent.get("phone", ""),
            "locale": town.language,
        }
    )


NAMES = {
    "text": "description",
    "title": "attribute[title]",
    "cost": "attribute[cost]",
    "lon": "long",
    "place": "address_string",
    "address": "address_string",
    "category": "service_code",
    "name": "first_name",
}
"""What our form's fields are called in the standard."""


def _told(form: AppForm) -> dict[str, Any]:
    asked = {field_of(question): f"attribute[{field_of(question)}]" for question in form.questions}
    names = NAMES | asked
    return {names.get(name or "", name or "form"): text for name, text in reversed(form.problems)}


def title_of(text: str) -> str:
    """The first sentence of a description, cut at a word."""
    first = re.split(r"(?<=[.!?])\s|\n", text, maxsplit=1)[0].rstrip(".")
    if len(first) <= rules.TITLE_MAX:
        return first
    return first[: rules.TITLE_MAX - 1].rsplit(" ", 1)[0] + "…"


def _once(sent: MultiDict[str, str]) -> str:
    """The same words sent twice by the same key are the same case."""
    said = sorted((name, value) for name, value in sent.items(multi=True) if name not in NOT_KEPT)
    return f"open311:{actors.current().key_id}:{hashlib.sha256(repr(said).encode()).hexdigest()}"
