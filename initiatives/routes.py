"""The URL table of initiatives: every address, its view and its permission."""

from initiatives.desk import call, case, lists, moves, studies
from initiatives.views import acts, browse, filing, mine
from portal.core.registry import PUBLIC, Place, Route

FILTERS = ("phase", "category", "district", "q", "sort", "at")
GET_POST = ("GET", "POST")
BASE = "/initiatives"
ONE = "/initiatives/<slug:number>"
DESK = "/desk/initiatives"
CASE = "/desk/initiatives/<slug:number>"

ROUTES = (
    # Reading
    Route(BASE, "listing", browse.listing, PUBLIC, cache=FILTERS),
    Route(f"{BASE}.csv", "listing_csv", browse.listing_csv, PUBLIC),
    Route(f"{BASE}.json", "listing_json", browse.listing_json, PUBLIC),
    Route(f"{BASE}.geojson", "listing_geojson", browse.listing_geojson, PUBLIC),
    Route(f"{BASE}.atom", "listing_atom", browse.listing_atom, PUBLIC, cache=FILTERS),
    Route(f"{BASE}/map", "map", browse.map_page, PUBLIC, cache=FILTERS),
    Route(
        f"{BASE}/map/points.json", "points", browse.points, PUBLIC, cache=(*FILTERS, "zoom", "box", "card")
    ),
    Route(f"{BASE}/map/script.js", "map_script", browse.map_script, PUBLIC, cache=(*FILTERS, "picker")),
    Route(ONE, "detail", browse.detail, PUBLIC, cache=()),
    Route(f"{ONE}/print", "printed", browse.printed, PUBLIC, cache=()),
    Route(f"{ONE}/files/<int:file_id>", "file", browse.file, PUBLIC),
    Route(BASE, "everywhere", browse.everywhere, PUBLIC, place=Place.PORTAL, cache=FILTERS),
    # Filing
    Route(f"{BASE}/new", "new", filing.new, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/what", "new_what", filing.what, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/where", "new_where", filing.where, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/photos", "new_photos", filing.photos, "initiative.write", GET_POST),
    Route(
        f"{BASE}/new/<draft>/photos/<int:file_id>", "new_photo", filing.photo, "initiative.write", GET_POST
    ),
    Route(f"{BASE}/new/<draft>/you", "new_you", filing.you, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/preview", "new_preview", filing.preview, "initiative.write", GET_POST),
    Route(f"{BASE}/new/<draft>/drop", "new_drop", filing.drop, "initiative.write", GET_POST),
    Route(f"{ONE}/receipt", "receipt", filing.receipt, "initiative.write"),
    # Everybody's acts
    Route(f"{ONE}/support", "support", acts.support, "initiative.join", GET_POST),
    Route(f"{ONE}/follow", "follow_one", acts.follow, "initiative.join", GET_POST),
    Route(f"{ONE}/comment", "comment", acts.comment, "initiative.join", GET_POST),
    Route(f"{ONE}/report", "report", acts.report, "initiative.join", GET_POST),
    # The author's acts
    Route(f"{ONE}/complete", "complete", acts.complete, "initiative.own", GET_POST),
    Route(f"{ONE}/withdraw", "withdraw", acts.withdraw, "initiative.own", GET_POST),
    Route(f"{ONE}/name", "name", acts.name, "initiative.own", GET_POST),
    Route(f"{ONE}/appeal", "appeal", acts.appeal, "initiative.own", GET_POST),
    Route(f"{ONE}/result", "result", acts.result, "initiative.own", GET_POST),
    Route("/follow", "follow", mine.follow, PUBLIC, GET_POST, Place.PORTAL, vital=True),
    Route("/follow/<token>", "follow_link", mine.follow_link, PUBLIC, place=Place.PORTAL),
    Route("/account/initiatives", "mine", mine.initiatives, "account.own", place=Place.PORTAL),
    # The desk
    Route(DESK, "desk", lists.desk, "initiative.desk"),
    Route(f"{DESK}/board", "board", lists.board, "initiative.desk"),
    Route(f"{DESK}/call", "call", call.call, "initiative.take", GET_POST),
    Route(CASE, "case", case.case, "initiative.desk"),
    Route(f"{CASE}/new-code", "new_code", case.new_code, "initiative.contact", GET_POST),
    Route(f"{CASE}/note", "note", case.note, "initiative.note", GET_POST),
    Route(f"{CASE}/contact", "contact", case.contact, "initiative.contact", GET_POST),
    Route(f"{CASE}/files/<int:file_id>", "case_file", case.file, "initiative.desk"),
    Route(f"{CASE}/edit", "case_edit", case.edit, "initiative.moderate", GET_POST),
    Route(f"{CASE}/comments/<int:comment_id>", "case_comment", case.comment, "initiative.moderate", GET_POST),
    Route(f"{CASE}/move/<slug:verb>", "move", moves.move, "initiative.desk", GET_POST),
    Route(f"{CASE}/studies/<slug:kind>", "study", studies.study, "initiative.assess", GET_POST),
    Route(f"{CASE}/synthesis", "synthesis", studies.synthesis, "initiative.recommend", GET_POST),
    Route(f"{CASE}/milestones", "milestones", studies.milestones, "initiative.realise", GET_POST),
)
