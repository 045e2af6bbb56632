"""Reading in public: lists, files of exactly what is shown, the map and its data, one initiative."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response, abort, g, redirect, request, stream_with_context
from markupsafe import Markup

from initiatives import queries, rules, services
from initiatives.formats import exports
from initiatives.formats.records import ExportedInitiative
from initiatives.formats.sheet import sheet_pdf
from initiatives.kinds import theme_of
from initiatives.models import CostChange, Initiative, StudyKind
from initiatives.states import AUTHOR_WHO, CHANGEABLE, HELPED, OUTCOMES, PHASES, WHO, WORKFLOW
from initiatives.views.talk import OFFICES, talk_of
from portal.content import queries as content
from portal.content import services as content_services
from portal.content import talk
from portal.content.models import FileRole
from portal.content.rules import REASONS
from portal.core import actor as actors
from portal.core import clock, tenancy
from portal.core.collate import sort_key
from portal.core.errors import Missing
from portal.core.i18n import LANGUAGE_NAMES, ago, current_locale, day, for_templates, foreign, from_json, iso
from portal.core.i18n import gettext as _
from portal.core.paging import Cursor, decode
from portal.core.policy import can
from portal.core.spreadsheet import XLSX_TYPE, workbook
from portal.core.workflow import Lane
from portal.maps.folium_map import MapParts, Picker, render_map
from portal.maps.geo import Point
from portal.ui import structured
from portal.ui.fragments import fragment, moulded, until_change
from portal.ui.pages import Link, page, public_address
from portal.ui.sending import send_stored
from portal.ui.templating import url_for


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
    values = {**filters_of(queries.wanted_from(request.args)), **changes}
    return {name: value for name, value in values.items() if value}


def filters_of(wanted: queries.Wanted) -> dict[str, Any]:
    """A filter as query values; empty ones fall away."""
    values = {
        "q": wanted.text,
        "phase": wanted.phase,
        "category": wanted.category,
        "district": wanted.district,
        "outcome": wanted.outcome,
        "silent": "1" if wanted.silent else "",
        "open": "1" if wanted.open else "",
        "sort": "" if wanted.sort == "new" else wanted.sort,
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

    if cursor is not None or replace(wanted, wide=False) != queries.Wanted():
        return read()
    return until_change(f"{endpoint}:{current_locale()}", read)


def _total(wanted: queries.Wanted) -> int | None:
    """How many there are; the same for all readers, so counted once per public change, but words each time."""
    if wanted.text or wanted.district or wanted.outcome or wanted.silent or wanted.open:
        return queries.total(wanted)
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
    categories = [(key, str(label)) for key, label in queries.category_choices()]
    outcomes = [(key, OUTCOMES[key]) for key in queries.OUTCOMES_TO_FILTER]
    values = {
        "phases": list(PHASES.items()),
        "categories": categories,
        "districts": districts,
        "outcomes": outcomes,
    }
    key = (here, wanted, tuple(districts), tuple(categories))
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
        icon = "" if photo else theme_of(card.category) or "other"
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


def listing_xlsx() -> Response:
    """The same table as a workbook, where the list is not too long for one."""
    name = _("Initiatives: %(town)s", town=g.town.name)
    body = workbook(name, exports.TABLE, map(exports.table_row, _rows()))
    return _download(iter((body,)), XLSX_TYPE, "xlsx")


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
        updated=max((card.updated_at or card.listed_at for card in found.items), default=clock.now()),
        # Permanent, whatever language or name of the server it is read by (RFC 4151).
        tag=f"tag:{urlsplit(public_address('pages.home')).hostname},2026:",
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
        names={key: str(label) for key, label in queries.category_choices()},
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
        "category": str(card.category_label),
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
    verb: str = ""
    href: str = ""


def steps_for_timeline(case: Initiative, lanes: tuple[Lane, ...]) -> list[StepView]:
    """Newest first. Authors write in the language of their case, everybody else in that of the office.

    The public reads that an author appealed or took it back, not in what words: nobody has checked those for
    names and numbers.
    """
    spoken = dict.fromkeys((*AUTHOR_WHO, "resident"), case.language)
    return [
        StepView(
            queries.step_title(case, step),
            WORKFLOW.state(step.to_state).look,
            step.at,
            str(WHO.get(step.who, "")),
            step.note if step.who not in AUTHOR_WHO or Lane.AUTHOR in lanes else "",
            internal=step.lane is Lane.INTERNAL,
            lang=foreign(step.language or spoken.get(step.who, g.town.language)),
            verb=step.verb,
            href=_href_in(case, queries.other_town(step)),
        )
        for step in reversed(content.history(*case.about, lanes))
    ]


def _changes_told(
    case: Initiative, steps: Sequence[StepView], *, mine: bool = False
) -> list[queries.ChangeView]:
    """What its author proposed after the decision; nothing is asked where the history knows of none."""
    asked = any(step.verb == "propose_change" for step in steps)
    return queries.changes_told(case, mine=mine) if asked else []


def _href_in(case: Initiative, town: tenancy.Town | None) -> str:
    """The page of a case in another municipality."""
    number = (case.number or "").lower()
    return url_for("initiatives.detail", town=town.slug, number=number) if town is not None else ""


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
    crumbs = _crumbs(g.town, Link(_("Initiatives"), url_for("initiatives.listing")))
    locale = current_locale()
    translation = queries.translation(case.id, locale) if case.language != locale else None
    bare = case.state == "withdrawn" and not mine
    person = content_services.person_of_user(actor.user_id) if actor.user_id else ""
    # What a case cannot have yet, or any more, is not asked for: most pages are of cases not decided.
    due = content.open_deadlines(*case.about) if case.state in services.TIMED else []
    decided = case.decided_by_user_id is not None or case.state in ("adopted", "partly_adopted", "refused")
    sheets = queries.sheets(case.id) if decided else []
    comments, stances = talk.top(*case.about) if case.comment_count and not bare else ([], None)
    proposal = queries.proposal(case)
    steps = steps_for_timeline(case, lanes)
    joined = _joined(case) if case.joined_count and not bare else []
    realised = case.phase in ("building", "built", "ended")
    response = page(
        "initiatives/detail.html",
        title=translation.title if translation else case.title,
        crumbs=crumbs,
        case=case,
        bare=bare,
        translation=translation,
        office_language=foreign(g.town.language),
        original_language=LANGUAGE_NAMES.get(case.language, case.language),
        category=queries.category_label(case.category),
        category_icon=theme_of(case.category) or "other",
        answers=[] if bare else queries.answered(case, team=mine),
        outcome=OUTCOMES[case.outcome.value],
        photos=[f for f in shown if f.role is FileRole.PHOTO],
        documents=[f for f in shown if f.role is FileRole.DOCUMENT],
        author_names=[] if bare else list(filter(None, (_shown_name(case), *(one.name for one in joined)))),
        author_name=_shown_name(case),
        joined=joined,
        proposal=proposal,
        proposal_foreign=foreign(proposal.language) if proposal else "",
        steps=steps,
        due=due[0].due_on if due else case.returns_on if case.state == "deferred" else None,
        late=bool(due and due[0].due_on < case.local_today),
        decisions=queries.decisions(case.id) if decided else [],
        purpose=queries.study_found(case, sheets, StudyKind.PURPOSE),
        feasibility=queries.study_found(case, sheets, StudyKind.FEASIBILITY),
        show_synthesis=decided and bool(case.wanted),
        milestones=queries.milestones(case.id) if realised else [],
        work=work_view(case, shown) if realised and not bare else None,
        said=queries.echo_counts(case.id, case.echo_round) if case.echo_round else None,
        helped=HELPED,
        echo_href=_echo_href(case, person) if person and case.echo_round and not mine else "",
        comments=comments,
        stances=stances,
        talk=talk_of(case, comments, back="case"),
        offices=OFFICES,
        hidden_reasons=REASONS,
        merged_number=queries.number_of(case.merged_into_id) if case.merged_into_id else None,
        referred_to=queries.referred_to(case),
        referred_from=queries.referred_from(case),
        mine=mine,
        supports=bool(person) and queries.supports(case.id, person),
        follows=bool(person) and content.follows(*case.about, person),
        changes=[] if bare else _changes_told(case, steps, mine=mine),
        can_change=mine and case.state in CHANGEABLE and case.change_id is None,
        can_appeal=mine and case.state == "refused" and rules.may_appeal(case) is None,
        name_href=_name_href(case) if mine else "",
        may_choose_audience=mine and not case.is_public and case.present.phase != "ended",
        can_withdraw=mine and "withdraw" in {m.verb for m in WORKFLOW.moves_from(case.state)},
        desk_href=_desk_href(case),
        slug=(case.number or "").lower(),
        terms=support_view(case),
        sheets_href=_sheets_href(case),
        meta=None if bare or not case.is_public else _meta(case, shown, crumbs),
        share_href=public_address("initiatives.detail", number=(case.number or "").lower()),
    )
    if not case.is_public:
        response.headers["Cache-Control"] = "no-store"
    return response


@dataclass(frozen=True, slots=True)
class SupportView:
    """How support stands: `threshold` with what happens then and how many are lacking, and the last day."""

    threshold: int | None
    promise: str
    reached_on: Any
    until: Any
    over: bool
    lacking: int


def support_view(case: Initiative) -> SupportView:
    """What the page says of support, read from the case and the snapshot of the office."""
    office = queries.office(case.municipality_id)
    terms = office.support
    # Of what is settled nothing is promised any more, but what was reached stays said.
    holds = case.phase in rules.SUPPORT_PHASES or case.threshold_on is not None
    threshold = terms.threshold if holds else None
    return SupportView(
        threshold,
        office.say(terms.promise),
        case.threshold_on,
        case.support_until,
        rules.support_is_over(case),
        max(0, (threshold or 0) - case.support_count),
    )


def _sheets_href(case: Initiative) -> str:
    """Where those who count signatures do so."""
    if not actors.current().is_staff or not can(actors.current(), "initiative.count", case):
        return ""
    return url_for("initiatives.signatures", number=(case.number or "").lower())


@dataclass(frozen=True, slots=True)
class WorkView:
    """The realisation as the public reads it: money, photos of before and after, the newest news."""

    changes: list[CostChange]
    before: list[content.FileRow]
    after: list[content.FileRow]
    spent_share: int | None
    today: Any

    @property
    def is_over(self) -> bool:
        """Whether more was spent than planned."""
        return self.spent_share is not None and self.spent_share > 100


def work_view(case: Initiative, shown: Sequence[content.FileRow]) -> WorkView:
    """What there is to show of the work; the log of money is read only where there is some."""
    money = case.planned_minor is not None or case.spent_minor is not None
    share = None
    if case.planned_minor and case.spent_minor is not None:
        share = case.spent_minor * 100 // case.planned_minor
    return WorkView(
        queries.cost_changes(case.id) if money else [],
        [file for file in shown if file.role is FileRole.BEFORE],
        [file for file in shown if file.role is FileRole.AFTER],
        share,
        case.local_today,
    )


@dataclass(frozen=True, slots=True)
class Joined:
    """A case that goes on in the one at hand, with its author's name where that is shown."""

    number: str
    title: str
    lang: str
    name: str


def _joined(case: Initiative) -> list[Joined]:
    return [
        Joined(one.number or "", one.title, foreign(one.language), _shown_name(one))
        for one in queries.joined_to([case.id])
        if one.is_public
    ]


def _shown_name(case: Initiative) -> str:
    """The author's name, if they want it shown."""
    return (case.author.name or "") if case.author and case.author.shows_name else ""


def _echo_href(case: Initiative, person: str) -> str:
    """Where a signed-in person who was asked whether it helped answers; nowhere once they have."""
    row = queries.echo_of(case.id, case.echo_round, person)
    if row is None or row.answer is not None or case.state not in services.ASKED_IN:
        return ""
    return url_for("initiatives.echo", token=services.echo_token(row))


def _meta(case: Initiative, files: list[content.FileRow], crumbs: list[Link]) -> structured.Meta:
    """What search engines read: what everybody reads, and never who filed it."""
    where = {"number": (case.number or "").lower()}
    pictures = [
        public_address("initiatives.file", file_id=file.id, **where)
        for file in files
        if file.role is FileRole.PHOTO
    ]
    about = {
        "@type": "CreativeWork",
        "identifier": case.number,
        "url": public_address("initiatives.detail", **where),
        "headline": case.title,
        "inLanguage": case.language,
        "about": str(queries.category_label(case.category)),
        "creativeWorkStatus": str(case.present.label),
        "datePublished": iso(case.listed_at) if case.listed_at else None,
        "dateModified": iso(case.updated_at),
        "contentLocation": structured.place(case.lat, case.lon, case.address or case.district),
        "image": pictures,
        "interactionStatistic": [
            structured.counted("LikeAction", case.support_count),
            structured.counted("CommentAction", case.comment_count),
        ],
        "publisher": structured.office(g.town),
    }
    return structured.meta(case.text or case.title, about, crumbs=crumbs, image=next(iter(pictures), ""))


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

    steps = steps_for_timeline(case, (Lane.PUBLIC,))
    href = public_address("initiatives.detail", number=(case.number or "").lower())
    return page(
        "initiatives/print.html",
        title=case.title,
        case=case,
        category=queries.category_label(case.category),
        answers=[] if case.state == "withdrawn" else queries.answered(case),
        steps=steps,
        decisions=queries.decisions(case.id) if case.state != "withdrawn" else [],
        changes=_changes_told(case, steps) if case.state != "withdrawn" else [],
        href=href,
        terms=support_view(case),
        qr=segno.make(href, error="m").svg_data_uri(scale=3),
        town_name=from_json(g.town.names),
    )


def paper(number: str) -> Response:
    """The same as a PDF, to keep or to send on."""
    case = queries.case_by_number(number)
    if not case.is_public:
        raise Missing
    import segno  # noqa: PLC0415 - needed for paper alone

    slug = (case.number or "").lower()
    href = public_address("initiatives.detail", number=slug)
    bare = case.state == "withdrawn"
    decided = [] if bare else queries.decisions(case.id)
    parts = [
        {
            "title": _("Answer to the appeal") if one.on_appeal else _("Decision and reasons"),
            "lines": [
                f"{WORKFLOW.state(one.verdict).label}, {day(one.at)}",
                *_lines(one.reasons),
                *([f"{_('What is left out:')} {one.left_out}"] if one.left_out else []),
            ],
        }
        for one in decided
    ]
    steps = steps_for_timeline(case, (Lane.PUBLIC,))
    for change in _changes_told(case, steps) if decided else []:
        if change.is_accepted:
            title = _("Changed on %(day)s:", day=day(change.ended_at)).rstrip(":")
            parts.append({"title": title, "lines": [*_lines(change.changes), *_lines(change.reasons)]})
    if decided and case.wanted:
        for title, words in (
            (_("What residents want"), case.wanted),
            (_("What law and money allow"), case.allowed),
            (_("The trade-off"), case.tradeoff),
        ):
            parts.append({"title": title, "lines": _lines(words)})
    parts.append(
        {
            "title": _("What has happened"),
            "lines": [": ".join((day(step.at), str(step.title))) for step in steps],
        }
    )
    data: dict[str, Any] = {
        "title": case.title,
        "town": from_json(g.town.names),
        "lang": current_locale(),
        "spoken": case.language,
        "over": " · ".join(
            (case.number or "", str(queries.category_label(case.category)), str(case.present.label))
        ),
        "text": [] if bare else _lines(case.text),
        "parts": parts,
        "qr": segno.make(href, error="m").svg_inline(),
        "alt": _("QR code with the address of this page"),
        "href": href,
    }
    response = Response(sheet_pdf(data), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{slug}.pdf"'
    return response


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def file(number: str, file_id: int) -> Response:
    """A public file of a public case, or of one's own; `?size=small` gives the small picture."""
    case = queries.case_by_number(number)
    own = bool(can(actors.current(), "initiative.own", case))
    if not (case.is_public and case.state != "withdrawn") and not own:
        raise Missing
    row = content.attachment(*case.about, file_id)
    if row is None or not ((row.public and not row.waits) or own):
        raise Missing
    if row.waits and not row.role.is_picture:
        raise Missing  # Its author is told that it is being checked, and gets it when it was.
    small = request.args.get("size") == "small" and row.thumb_key
    return send_stored(
        row.thumb_key if small and row.thumb_key else row.key,
        row.media_type,
        row.name,
        public=case.is_public and row.public and not row.waits,
    )
