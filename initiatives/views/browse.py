"""Reading in public: lists, files of exactly what is shown, the map and its data, one initiative."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, g, redirect, request, send_file, stream_with_context
from markupsafe import Markup

from initiatives import queries, rules, services
from initiatives.formats import exports
from initiatives.formats.records import ExportedInitiative
from initiatives.models import Initiative, Sheet, StudyKind
from initiatives.states import AUTHOR_WHO, CATEGORIES, OUTCOMES, PARTS, PHASES, WHO, WORKFLOW
from portal.content import queries as content
from portal.content import services as content_services
from portal.content.models import FileRole
from portal.core import actor as actors
from portal.core import clock, files, tenancy
from portal.core.collate import sort_key
from portal.core.errors import Missing
from portal.core.i18n import LANGUAGE_NAMES, ago, current_locale, for_templates, from_json, iso
from portal.core.i18n import gettext as _
from portal.core.paging import Cursor, decode
from portal.core.policy import can
from portal.core.workflow import Lane
from portal.maps.folium_map import MapParts, Picker, render_map
from portal.maps.geo import Point
from portal.ui.fragments import fragment, moulded, until_change
from portal.ui.pages import Link, page, public_address
from portal.ui.templating import url_for

FILE_SECONDS = 86400


def _cursor() -> Cursor | None:
    text = request.args.get("at")
    if not text:
        return None
    try:
        return decode(text)
    except ValueError:
        raise Missing from None


def _query(**changes: str) -> dict[str, Any]:
    """The present filters as query values, changed; empty ones fall away."""
    wanted = queries.wanted_from(request.args)
    values = {
        "q": wanted.text,
        "phase": wanted.phase,
        "category": wanted.category,
        "district": wanted.district,
        "sort": "" if wanted.sort == "new" else wanted.sort,
        **changes,
    }
    return {name: value for name, value in values.items() if value}


def listing() -> Response:
    """The public list of a municipality."""
    return _listing("initiatives.listing")


def everywhere() -> Response:
    """The list over all municipalities."""
    with tenancy.unscoped("the public list of all municipalities"):
        return _listing("initiatives.everywhere")


def _listing(endpoint: str) -> Response:
    wanted = queries.wanted_from(request.args)
    town: tenancy.Town | None = g.get("town")
    total, districts = _total(wanted), _districts() if town else []
    older, newer, cards = _found(endpoint, wanted)
    here, filters = url_for(endpoint), _query()
    title = _("Initiatives of residents") if town is None else _("Initiatives: %(town)s", town=town.name)
    return page(
        "initiatives/listing.html",
        title=title,
        crumbs=_crumbs(town),
        wanted=wanted,
        cards=cards,
        total=total,
        filters_form=_filters(here, wanted, districts),
        # Put together here: no two pages have the same neighbours, so `url_for` would find none of them kept.
        newer_href=f"{here}?{urlencode({**filters, 'at': newer})}" if newer else "",
        older_href=f"{here}?{urlencode({**filters, 'at': older})}" if older else "",
        here=here,
        filters=filters,
        in_town=town is not None,
    )


def _found(endpoint: str, wanted: queries.Wanted) -> tuple[str | None, str | None, list[Markup]]:
    """Cursors to older and newer cards, and the cards; those of the page people come to are kept ready."""
    cursor = _cursor()

    def read() -> tuple[str | None, str | None, list[Markup]]:
        found = queries.listing(wanted, cursor)
        return found.older, found.newer, cards_for_page(found.items, with_town="town" not in g)

    if cursor is not None or wanted != queries.Wanted():
        return read()
    return until_change(f"{endpoint}:{current_locale()}", read)


def _total(wanted: queries.Wanted) -> int | None:
    """How many there are; the same for all readers, so counted once per public change."""
    if wanted.text or wanted.district:
        return None
    name = f"initiatives.total:{wanted.phase}:{wanted.category}"
    return until_change(name, lambda: queries.total(wanted))


def _districts() -> list[str]:
    """The choices of the filter."""
    language = g.town.language  # They are names of the place, so they stand in its order.
    return until_change(
        "initiatives.districts",
        lambda: sorted(queries.districts(), key=lambda name: sort_key(name, language)),
    )


def _filters(here: str, wanted: queries.Wanted, districts: list[str]) -> Markup:
    """The filter form of the page at `here`."""
    values = {"phases": list(PHASES.items()), "categories": list(CATEGORIES.items()), "districts": districts}
    key = (here, wanted, tuple(districts))
    return fragment("initiatives/_filters.html", *key, here=here, wanted=wanted, **values)


def cards_for_page(cards: Sequence[queries.Card], *, with_town: bool = False) -> list[Markup]:
    """The cards of a list as markup."""
    towns = {card.municipality_id: card.town for card in cards}
    lists = {key: url_for("initiatives.listing", town=town.slug) for key, town in towns.items()}
    locale = current_locale()
    ngettext = for_templates(locale)["ngettext"]
    made = []
    for card in cards:
        href = f"{lists[card.municipality_id]}/{card.slug}"
        present = card.present
        # Of a withdrawn case only title and day are public.
        gone = card.state == "withdrawn"
        photo = f"{href}/files/{card.photo_id}?size=small" if card.photo_id else ""
        texts = {
            "href": href,
            "photo": photo,
            "category": str(card.category_label),
            "place": towns[card.municipality_id].name if with_town else "" if gone else card.district,
            "language": card.language if card.language != locale else "",
            "title": card.title,
            "text": "" if gone else card.text,
            "state": str(present.label),
            "listed_at": iso(card.listed_at),
            "day": ago(card.listed_at),
            "supporters": ngettext("%(n)s supporter", "%(n)s supporters", card.support_count),
            "comments": ngettext("%(n)s comment", "%(n)s comments", card.comment_count)
            if card.comment_count
            else "",
        }
        icon = "" if photo else card.category or "other"
        made.append(moulded("initiatives/_card.html", texts, look=present.look, category_icon=icon))
    return made


def _crumbs(town: tenancy.Town | None, *more: Link) -> list[Link]:
    first = [Link(_("Home"), url_for("pages.home"))]
    if town:
        first.append(Link(town.name, url_for("pages.town")))
    return [*first, *more]


# ---- files of what is shown ----


def listing_csv() -> Response:
    """What the list shows, as the table that an import takes."""
    return _download(exports.write_csv(_rows()), "text/csv; charset=utf-8", "csv")


def listing_json() -> Response:
    """What the list shows, as JSON."""
    return _download(exports.write_json(_rows()), "application/json", "json")


def listing_geojson() -> Response:
    """What the list shows, as RFC 7946 features; those without a point have none."""
    return _download(exports.write_geojson(_rows()), "application/geo+json", "geojson")


def _rows() -> Iterator[ExportedInitiative]:
    """Everything the present filter shows, with the address of each."""
    pattern = public_address("initiatives.detail", number="x")[:-1]
    wanted, town = queries.wanted_from(request.args), g.town
    # Rows are fetched while they are sent, when the request's own scope has ended.
    with tenancy.within(town.id):
        yield from queries.exported(wanted, lambda number: pattern + number.lower())


def _download(body: Iterator[bytes], mimetype: str, ending: str) -> Response:
    # Streamed, so that a long list costs no memory; the request's session lives until the last row.
    response = Response(stream_with_context(body), content_type=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="initiatives-{g.town.slug}.{ending}"'
    return response


def listing_atom() -> Response:
    """The newest of what the list shows, as an Atom feed."""
    wanted = queries.wanted_from(request.args)
    found = queries.listing(wanted, None, size=30)
    response = page(
        "initiatives/feed.xml",
        title=_("Initiatives: %(town)s", town=g.town.name),
        cards=found.items,
        updated=found.items[0].listed_at if found.items else clock.now(),
        self_href=public_address("initiatives.listing_atom", **_query()),
        page_href=public_address("initiatives.listing", **_query()),
        address_of=public_address,
    )
    response.content_type = "application/atom+xml; charset=utf-8"
    return response


# ---- map ----


def map_page() -> Response:
    """The map with its list twin."""
    wanted = queries.wanted_from(request.args)
    districts = _districts()
    found = queries.listing(wanted, None)
    return page(
        "initiatives/map.html",
        title=_("Map of initiatives: %(town)s", town=g.town.name),
        crumbs=_crumbs(g.town, Link(_("Initiatives"), url_for("initiatives.listing"))),
        wanted=wanted,
        cards=cards_for_page(found.items),
        map=_map_parts(),
        script_href=url_for("initiatives.map_script", **_query()),
        list_href=url_for("initiatives.listing", **_query()),
        filters_form=_filters(url_for("initiatives.map"), wanted, districts),
        phases=list(PHASES),
        names={key: str(label) for key, label in CATEGORIES.items()},
    )


def _map_parts(*, picker: bool = False) -> MapParts:
    town: tenancy.Town = g.town
    lat, lon = town.centre
    return render_map(
        "place" if picker else "initiatives",
        Point(lat, lon),
        12,
        "/map/tiles/{z}/{x}/{y}.svg",
        _("Drawing of our own, not a survey map"),
        points_url=None if picker else url_for("initiatives.points", **_query()),
        picker=Picker("#lat", "#lon", "#place-status") if picker else None,
    )


def map_script() -> Response:
    """The script that starts a map of this municipality; a file of its own, as no page has inline script."""
    parts = _map_parts(picker=request.args.get("picker") == "1")
    response = Response(parts.script, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def points() -> Response:
    """The map's data for a box and zoom, or the card of one point (`?card=id`)."""
    if "card" in request.args:
        return _point_card()
    try:
        box = tuple(float(edge) for edge in request.args.get("box", "").split(","))
        zoom = int(request.args.get("zoom", "12"))
        west, south, east, north = box
    except ValueError:
        abort(400)
    if not all(map(math.isfinite, box)):
        abort(400)
    data = queries.map_data(
        queries.wanted_from(request.args), max(0, min(zoom, 22)), (west, south, east, north)
    )
    body = json.dumps({"cells": data.cells, "points": data.points}, separators=(",", ":"))
    response = Response(body, content_type="application/json")
    response.headers["Cache-Control"] = "public, max-age=30, stale-while-revalidate=300"
    return response


def _point_card() -> Response:
    wanted = request.args["card"]
    card = (
        queries.public_card(int(wanted))
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 19
        else None
    )
    if card is None:
        raise Missing
    body = {
        "title": card.title,
        "href": url_for("initiatives.detail", number=card.slug),
        "state": str(card.present.label),
        "category": str(CATEGORIES.get(card.category, "")),
    }
    response = Response(json.dumps(body, ensure_ascii=False), content_type="application/json")
    response.headers["Cache-Control"] = "public, max-age=30"
    return response


# ---- one initiative ----


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of the history as the timeline macro reads it."""

    title: str
    phase: str
    at: Any
    who: str
    note: str
    internal: bool = False
    lang: str = ""


def steps_for_timeline(case: Initiative, lanes: tuple[Lane, ...]) -> list[StepView]:
    """Newest first. Authors write in the language of their case, everybody else in that of the office.

    The public reads that an author appealed or took it back, not in what words: nobody has checked those for
    names and numbers.
    """
    spoken = dict.fromkeys((*AUTHOR_WHO, "resident"), case.language)
    return [
        StepView(
            queries.step_title(step),
            WORKFLOW.state(step.to_state).look,
            step.at,
            str(WHO.get(step.who, "")),
            step.note if step.who not in AUTHOR_WHO or Lane.AUTHOR in lanes else "",
            internal=step.lane is Lane.INTERNAL,
            lang=foreign(spoken.get(step.who, g.town.language)),
        )
        for step in reversed(content.history(*case.about, lanes))
    ]


def foreign(language: str) -> str:
    """The language, if it is another than that of the page."""
    return language if language != current_locale() else ""


@dataclass(frozen=True, slots=True)
class StudyView:
    """A study as the public reads it once there is a decision."""

    kind: str
    parts: list[tuple[str, list[str]]]
    means: dict[str, float]
    cost_once: int | None
    cost_yearly: int | None


def study_view(sheets: list[Sheet], kind: StudyKind) -> StudyView | None:
    """What the finished sheets of one study say, without names."""
    own = [sheet for sheet in sheets if sheet.kind is kind and sheet.finished]
    if not own:
        return None
    parts = rules.PURPOSE_PARTS if kind is StudyKind.PURPOSE else rules.FEASIBILITY_PARTS
    findings = rules.weigh_findings(own, parts)
    costs = [sheet.cost_once_minor for sheet in own if sheet.cost_once_minor is not None]
    yearly = [sheet.cost_yearly_minor for sheet in own if sheet.cost_yearly_minor is not None]
    return StudyView(
        kind.value,
        [(str(PARTS[p][0]), [s.parts[p] for s in own if s.parts.get(p)]) for p in parts],
        {str(PARTS[p][0]): mean for p, mean in findings.means.items()},
        max(costs, default=None),
        max(yearly, default=None),
    )


def detail(number: str) -> Response:
    """One initiative: public for everybody, more for its author."""
    case = queries.case_by_number(number, with_sheets=False)
    actor = actors.current()
    mine = bool(can(actor, "initiative.own", case))
    if not case.is_public and not mine:
        raise Missing
    if number != (case.number or "").lower():
        return redirect(url_for("initiatives.detail", number=(case.number or "").lower()), 301)  # type: ignore[return-value]
    lanes = (Lane.PUBLIC, Lane.AUTHOR) if mine else (Lane.PUBLIC,)
    shown = files_of(case)
    locale = current_locale()
    translation = queries.translation(case.id, locale) if case.language != locale else None
    bare = case.state == "withdrawn" and not mine
    person = content_services.person_of_user(actor.user_id) if actor.user_id else ""
    # What a case cannot have yet, or any more, is not asked for: most pages are of cases not decided.
    due = content.open_deadlines(*case.about) if case.state in services.TIMED else []
    decided = case.decided_by_user_id is not None or case.state in ("adopted", "partly_adopted", "refused")
    sheets = queries.sheets(case.id) if decided else []
    realised = case.phase in ("building", "built", "ended")
    response = page(
        "initiatives/detail.html",
        title=translation.title if translation else case.title,
        crumbs=_crumbs(g.town, Link(_("Initiatives"), url_for("initiatives.listing"))),
        case=case,
        bare=bare,
        translation=translation,
        office_language=foreign(g.town.language),
        original_language=LANGUAGE_NAMES.get(case.language, case.language),
        category=CATEGORIES.get(case.category, ""),
        outcome=OUTCOMES[case.outcome.value],
        photos=[f for f in shown if f.role is FileRole.PHOTO],
        documents=[f for f in shown if f.role is FileRole.DOCUMENT],
        author_name=case.author.name if case.author and case.author.shows_name and not bare else "",
        steps=steps_for_timeline(case, lanes),
        due=due[0].due_on if due else case.returns_on if case.state == "deferred" else None,
        late=bool(due and due[0].due_on < case.local_today),
        decisions=queries.decisions(case.id) if decided else [],
        purpose=study_view(sheets, StudyKind.PURPOSE),
        feasibility=study_view(sheets, StudyKind.FEASIBILITY),
        show_synthesis=decided and bool(case.wanted),
        milestones=queries.milestones(case.id) if realised else [],
        comments=content.comments(*case.about) if case.comment_count and not bare else [],
        merged_number=queries.number_of(case.merged_into_id) if case.merged_into_id else None,
        mine=mine,
        supports=bool(person) and queries.supports(case.id, person),
        follows=bool(person) and content.follows(*case.about, person),
        can_appeal=mine and case.state == "refused" and rules.may_appeal(case) is None,
        name_href=_name_href(case) if mine else "",
        can_withdraw=mine and "withdraw" in {m.verb for m in WORKFLOW.moves_from(case.state)},
        desk_href=_desk_href(case),
        slug=(case.number or "").lower(),
    )
    if not case.is_public:
        response.headers["Cache-Control"] = "no-store"
    return response


def _name_href(case: Initiative) -> str:
    """Where the author shows or hides their name; nowhere when they left none."""
    if case.author is None or not case.author.name or case.state == "withdrawn":
        return ""
    return url_for("initiatives.name", number=(case.number or "").lower())


def files_of(case: Initiative) -> list[content.FileRow]:
    """Files the public sees; none of a withdrawn case."""
    return [] if case.state == "withdrawn" else content.files(*case.about)


def _desk_href(case: Initiative) -> str:
    if not actors.current().is_staff or not can(actors.current(), "initiative.desk", case):
        return ""
    return url_for("initiatives.case", number=(case.number or "").lower())


def printed(number: str) -> Response:
    """The page for paper, with a QR code back to it."""
    case = queries.case_by_number(number)
    if not case.is_public:
        raise Missing
    import segno  # noqa: PLC0415 - needed on this page alone

    href = public_address("initiatives.detail", number=(case.number or "").lower())
    return page(
        "initiatives/print.html",
        title=case.title,
        case=case,
        category=CATEGORIES.get(case.category, ""),
        steps=steps_for_timeline(case, (Lane.PUBLIC,)),
        decisions=queries.decisions(case.id) if case.state != "withdrawn" else [],
        href=href,
        qr=segno.make(href, error="m").svg_data_uri(scale=3),
        town_name=from_json(g.town.names),
    )


def file(number: str, file_id: int) -> Response:
    """A public file of a public case, or of one's own; `?size=small` gives the small picture."""
    case = queries.case_by_number(number)
    own = bool(can(actors.current(), "initiative.own", case))
    if not (case.is_public and case.state != "withdrawn") and not own:
        raise Missing
    row = content.attachment(*case.about, file_id)
    if row is None or not (row.public or own):
        raise Missing
    small = request.args.get("size") == "small" and row.thumb_key
    return send_stored(
        row.thumb_key if small and row.thumb_key else row.key, row.media_type, row.name, public=case.is_public
    )


def send_stored(key: str, media_type: str, name: str, *, public: bool) -> Response:
    """Send a stored file: pictures inline, everything else as a download, never as a page (R27)."""
    path = files.path_of(key)
    if not path.exists():
        raise Missing
    inline = media_type.startswith("image/")
    response = send_file(
        path, mimetype=media_type, as_attachment=not inline, download_name=name, conditional=True
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = f"public, max-age={FILE_SECONDS}" if public else "no-store"
    return response
