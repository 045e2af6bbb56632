"""The URL table of initiatives: every address, its view and its permission."""

from initiatives.desk import (
    agenda,
    batches,
    bulk,
    call,
    case,
    comments,
    lists,
    moves,
    realisation,
    redaction,
    settings,
    shortcuts,
    signatures,
    studies,
)
from initiatives.desk import statistics as desk_statistics
from initiatives.views import (
    acts,
    browse,
    changes,
    dataset,
    embed,
    filing,
    filters,
    mine,
    open311,
    statistics,
    talk,
)
from portal.core.registry import PUBLIC, Place, Route

FILTERS = ("phase", "category", "district", "outcome", "silent", "open", "q", "sort", "at")
PERIOD = ("from", "to")
GET_POST = ("GET", "POST")
GEOREPORT = "/open311/v2"
BASE = "/initiatives"
ONE = "/initiatives/<slug:number>"
DESK = "/desk/initiatives"
CASE = "/desk/initiatives/<slug:number>"

ROUTES = (
    # Reading
    Route(BASE, "listing", browse.listing, PUBLIC, cache=FILTERS),
    Route(f"{BASE}.csv", "listing_csv", browse.listing_csv, PUBLIC),
    Route(f"{BASE}.xlsx", "listing_xlsx", browse.listing_xlsx, PUBLIC),
    Route(f"{BASE}.json", "listing_json", browse.listing_json, PUBLIC),
    Route(f"{BASE}.geojson", "listing_geojson", browse.listing_geojson, PUBLIC),
    Route(f"{BASE}.atom", "listing_atom", browse.listing_atom, PUBLIC, cache=FILTERS),
    Route(f"{BASE}/map", "map", browse.map_page, PUBLIC, cache=FILTERS),
    Route(
        f"{BASE}/map/points.json", "points", browse.points, PUBLIC, cache=(*FILTERS, "zoom", "box", "card")
    ),
    Route(f"{BASE}/map/script.js", "map_script", browse.map_script, PUBLIC, cache=(*FILTERS, "picker")),
    # Before the numbers of cases, which look alike.
    Route(f"{BASE}/statistics", "statistics", statistics.statistics, PUBLIC, cache=PERIOD),
    Route(f"{BASE}/statistics.csv", "statistics_csv", statistics.statistics_csv, PUBLIC),
    Route(f"{BASE}/statistics.xlsx", "statistics_xlsx", statistics.statistics_xlsx, PUBLIC),
    Route(f"{BASE}/embed", "embed_list", embed.several, PUBLIC, cache=FILTERS),
    Route(f"{BASE}/embed-code", "embed_list_code", embed.list_code, PUBLIC, cache=FILTERS),
    Route(f"{BASE}/filters", "filters", filters.mine, "initiative.join", GET_POST),
    Route(f"{BASE}/filters/<int:filter_id>", "filter", filters.mine_one, "initiative.join", GET_POST),
    Route(f"{ONE}/embed", "embed", embed.one, PUBLIC, cache=()),
    Route(f"{ONE}/embed-code", "embed_code", embed.code, PUBLIC, cache=()),
    Route(ONE, "detail", browse.detail, PUBLIC, cache=()),
    Route(f"{ONE}/pdf", "paper", browse.paper, PUBLIC),
    Route(f"{ONE}/print", "printed", browse.printed, PUBLIC, cache=()),
    Route(f"{ONE}/files/<int:file_id>", "file", browse.file, PUBLIC),
    Route(BASE, "everywhere", browse.everywhere, PUBLIC, place=Place.PORTAL, cache=FILTERS),
    Route(
        f"{BASE}/statistics",
        "statistics_everywhere",
        statistics.everywhere,
        PUBLIC,
        place=Place.PORTAL,
        cache=PERIOD,
    ),
    Route(
        f"{BASE}/statistics.csv",
        "statistics_everywhere_csv",
        statistics.everywhere_csv,
        PUBLIC,
        place=Place.PORTAL,
    ),
    Route(
        f"{BASE}/statistics.xlsx",
        "statistics_everywhere_xlsx",
        statistics.everywhere_xlsx,
        PUBLIC,
        place=Place.PORTAL,
    ),
    Route("/open-data/initiatives", "codebook", dataset.codebook, PUBLIC, place=Place.PORTAL, cache=()),
    Route("/open-data/initiatives.csv", "codebook_csv", dataset.codebook_csv, PUBLIC, place=Place.PORTAL),
    Route("/open-data/catalog.jsonld", "catalogue", dataset.catalogue, PUBLIC, place=Place.BARE),
    # Filing
    Route(f"{BASE}/new", "new", filing.new, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/what", "new_what", filing.what, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/where", "new_where", filing.where, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/photos", "new_photos", filing.photos, "initiative.write", GET_POST),
    Route(
        f"{BASE}/new/<draft>/photos/<int:file_id>", "new_photo", filing.photo, "initiative.write", GET_POST
    ),
    Route(
        f"{BASE}/new/<draft>/photos/<int:file_id>/alt", "new_alt", filing.alt, "initiative.write", GET_POST
    ),
    Route(f"{BASE}/new/<draft>/you", "new_you", filing.you, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/preview", "new_preview", filing.preview, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/later", "new_later", filing.later, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/drop", "new_drop", filing.drop, "initiative.write", GET_POST),
    Route(f"{ONE}/receipt", "receipt", filing.receipt, "initiative.write"),
    # Everybody's acts
    Route(f"{ONE}/support", "support", acts.support, "initiative.join", GET_POST),
    Route(f"{ONE}/follow", "follow_one", acts.follow, "initiative.join", GET_POST),
    Route(f"{ONE}/join/<draft>", "join", acts.join, "initiative.join", GET_POST),
    Route(f"{ONE}/comment", "comment", talk.comment, "initiative.join", GET_POST),
    Route(f"{ONE}/report", "report", acts.report, "initiative.join", GET_POST),
    # The talk: all of it, one comment, and what readers do to it
    Route(f"{ONE}/comments", "comments", talk.comments, PUBLIC, cache=("sort", "at")),
    Route(f"{ONE}/comments/<int:comment_id>", "comment_one", talk.comment_one, PUBLIC),
    *(
        Route(f"{ONE}/comments/<int:comment_id>/{path}", endpoint, view, "initiative.join", GET_POST)
        for path, endpoint, view in (
            ("answer", "comment_answer", talk.comment_answer),
            ("edit", "comment_edit", talk.comment_edit),
            ("take-back", "comment_take_back", talk.comment_take_back),
            ("object", "comment_object", talk.comment_object),
            ("useful", "comment_useful", talk.comment_useful),
            ("report", "comment_report", talk.comment_report),
        )
    ),
    # The author's acts
    Route(f"{ONE}/complete", "complete", acts.complete, "initiative.own", GET_POST),
    Route(f"{ONE}/merge", "merge", acts.merge, "initiative.own", GET_POST),
    Route(f"{ONE}/withdraw", "withdraw", acts.withdraw, "initiative.own", GET_POST),
    Route(f"{ONE}/name", "name", acts.name, "initiative.own", GET_POST),
    Route(f"{ONE}/audience", "audience", acts.audience, "initiative.own", GET_POST),
    Route(f"{ONE}/appeal", "appeal", acts.appeal, "initiative.own", GET_POST),
    Route(f"{ONE}/change", "change", changes.change, "initiative.own", GET_POST),
    Route(f"{ONE}/change/withdraw", "change_withdraw", changes.withdraw, "initiative.own", GET_POST),
    Route(f"{ONE}/result", "result", acts.result, "initiative.own", GET_POST),
    Route("/follow", "follow", mine.follow, PUBLIC, GET_POST, Place.PORTAL, vital=True),
    Route("/follow/<token>", "follow_link", mine.follow_link, PUBLIC, place=Place.PORTAL),
    Route("/echo/<token>", "echo", mine.echo, "initiative.echo", GET_POST, Place.PORTAL, vital=True),
    Route("/account/initiatives", "mine", mine.initiatives, "account.own", place=Place.PORTAL),
    # The desk
    Route(DESK, "desk", lists.desk, "initiative.desk"),
    Route(f"{DESK}/board", "board", lists.board, "initiative.desk"),
    Route(f"{DESK}/statistics", "desk_statistics", desk_statistics.statistics, "initiative.statistics"),
    Route(
        f"{DESK}/statistics.csv",
        "desk_statistics_csv",
        desk_statistics.statistics_csv,
        "initiative.statistics",
    ),
    Route(
        f"{DESK}/statistics.xlsx",
        "desk_statistics_xlsx",
        desk_statistics.statistics_xlsx,
        "initiative.statistics",
    ),
    Route(f"{DESK}/bulk", "bulk", bulk.bulk, "initiative.assign", GET_POST),
    Route(f"{DESK}/bulk/<int:bulk_id>", "bulk_result", bulk.result, "initiative.assign"),
    Route(f"{DESK}/bulk/<int:bulk_id>/undo", "bulk_undo", bulk.undo, "initiative.assign", GET_POST),
    # Before the numbers of cases, which look alike.
    Route(f"{DESK}/comments", "comments_desk", comments.queue, "initiative.hear"),
    Route(f"{DESK}/signatures", "signatures_desk", signatures.desk, "initiative.count"),
    Route(f"{DESK}/filters", "filters_desk", filters.desk, "initiative.desk", GET_POST),
    Route(f"{DESK}/filters/<int:filter_id>", "filter_desk", filters.desk_one, "initiative.desk", GET_POST),
    Route(f"{DESK}/shortcuts", "shortcuts", shortcuts.shortcuts, "initiative.desk", GET_POST),
    Route(f"{DESK}/call", "call", call.call, "initiative.take", GET_POST),
    Route(f"{DESK}/settings", "settings", settings.settings, "initiative.configure"),
    Route(f"{DESK}/settings/<slug:part>", "settings_part", settings.part, "initiative.configure", GET_POST),
    Route(
        f"{DESK}/settings/questions/<int:key>/ask",
        "settings_ask",
        settings.ask,
        "initiative.configure",
        GET_POST,
    ),
    Route(
        f"{DESK}/settings/<slug:part>/<slug:key>",
        "settings_item",
        settings.item,
        "initiative.configure",
        GET_POST,
    ),
    # Before the numbers of cases, which look alike.
    Route(f"{DESK}/agenda", "agenda", agenda.agenda, "initiative.agenda"),
    Route(f"{DESK}/agenda/<slug:month>", "agenda_month", agenda.agenda_month, "initiative.agenda"),
    Route(f"{DESK}/agenda/<slug:month>.pdf", "agenda_pdf", agenda.agenda_file, "initiative.agenda"),
    Route(f"{DESK}/batches", "batches", batches.batches, "initiative.decide", GET_POST),
    Route(f"{DESK}/batches/<int:batch_id>", "batch", batches.batch, "initiative.decide", GET_POST),
    Route(
        f"{DESK}/batches/<int:batch_id>/<slug:number>",
        "prepare",
        batches.prepare,
        "initiative.decide",
        GET_POST,
    ),
    Route(CASE, "case", case.case, "initiative.desk"),
    Route(f"{CASE}/why", "why", case.why, "initiative.desk", GET_POST),
    Route(f"{CASE}/new-code", "new_code", case.new_code, "initiative.contact", GET_POST),
    Route(f"{CASE}/note", "note", case.note, "initiative.note", GET_POST),
    Route(f"{CASE}/mention", "mention", case.mention, "initiative.note", GET_POST),
    Route(f"{CASE}/contact", "contact", case.contact, "initiative.contact", GET_POST),
    Route(f"{CASE}/files/<int:file_id>", "case_file", case.file, "initiative.desk"),
    Route(f"{CASE}/redact", "redact", redaction.redact, "initiative.moderate"),
    Route(f"{CASE}/redact/<int:file_id>", "redact_photo", redaction.photo, "initiative.moderate", GET_POST),
    Route(f"{CASE}/redact/<int:file_id>/plain", "plain_photo", redaction.plain, "initiative.moderate"),
    Route(f"{CASE}/edit", "case_edit", case.edit, "initiative.moderate", GET_POST),
    Route(f"{CASE}/comments/<int:comment_id>", "case_comment", comments.one, "initiative.hear", GET_POST),
    Route(f"{CASE}/comments/new", "case_speak", comments.speak, "initiative.speak", GET_POST),
    Route(f"{CASE}/comments.csv", "comments_file", comments.file, "initiative.hear"),
    Route(f"{CASE}/move/<slug:verb>", "move", moves.move, "initiative.desk", GET_POST),
    Route(f"{CASE}/studies/<slug:kind>", "study", studies.study, "initiative.assess", GET_POST),
    Route(f"{CASE}/studies/<slug:kind>/compare", "compare", studies.compare, "initiative.assess", GET_POST),
    Route(f"{CASE}/citations", "cite", studies.cite, "initiative.assess", GET_POST),
    Route(f"{CASE}/synthesis", "synthesis", studies.synthesis, "initiative.recommend", GET_POST),
    Route(f"{CASE}/realisation", "realisation", realisation.realisation, "initiative.realise", GET_POST),
    Route(
        f"{CASE}/milestones/<int:milestone_id>",
        "milestone",
        realisation.milestone,
        "initiative.realise",
        GET_POST,
    ),
    Route(f"{CASE}/signatures", "signatures", signatures.signatures, "initiative.count", GET_POST),
    Route(f"{CASE}/signatures.pdf", "signatures_pdf", signatures.blank, "initiative.count"),
    Route(
        f"{CASE}/signatures/<int:sheet_id>", "signature_sheet", signatures.sheet, "initiative.count", GET_POST
    ),
    Route(
        f"{CASE}/signatures/<int:sheet_id>/strike",
        "signature_strike",
        signatures.strike,
        "initiative.count",
        GET_POST,
    ),
    Route(f"{CASE}/agenda", "case_agenda", agenda.case_agenda, "initiative.recommend", GET_POST),
    # Open311 GeoReport v2; the municipality stands in `jurisdiction_id`
    *(
        Route(
            f"{GEOREPORT}/{path}.<slug:ending>", endpoint, view, permission, (method,), Place.BARE, csrf=False
        )
        for path, endpoint, view, permission, method in (
            ("discovery", "open311_discovery", open311.discovery, PUBLIC, "GET"),
            ("services", "open311_services", open311.service_list, PUBLIC, "GET"),
            ("services/<slug:code>", "open311_service", open311.service, PUBLIC, "GET"),
            ("requests", "open311_requests", open311.request_list, PUBLIC, "GET"),
            ("requests", "open311_take", open311.take, "initiative.take", "POST"),
            ("requests/<slug:number>", "open311_request", open311.one, PUBLIC, "GET"),
        )
    ),
)
