"""Record of the initiatives module."""

from pathlib import Path

from initiatives import api, jobs, messages, queries, services
from initiatives.cli import COMMANDS
from initiatives.desk.work import FACTS, WORK
from initiatives.models import Initiative
from initiatives.policy import PERMISSIONS
from initiatives.privacy import PERSONAL, READINGS, RETENTION
from initiatives.routes import ROUTES
from initiatives.states import WORKFLOW
from portal.core import events
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import (
    Claims,
    ContentType,
    JobKind,
    MenuItem,
    Module,
    News,
    Place,
    SearchText,
    SetupTask,
)
from portal.core.tenancy import town_by_id
from portal.notify import outbox


def _address(case: Initiative) -> str:
    return f"/{town_by_id(case.municipality_id).slug}/initiatives/{(case.number or '').lower()}"


def _index(case: Initiative) -> SearchText | None:
    """How a case stands in the search; drafts do not."""
    if case.number is None:
        return None
    return SearchText(
        title=case.title,
        body="\n".join(filter(None, (case.text, case.address, case.district)))
        if case.state != "withdrawn"
        else "",
        number=" ".join(filter(None, (case.number, case.external_number))),
        public=case.listed_at is not None,
        # Of the rows of one number the one that goes on is the newest, so that it is found first.
        at=(None if case.referred_to_id else case.listed_at) or case.submitted_at or case.created_at,
        language=case.language,
    )


def _start() -> None:
    events.listen("initiative.moved", services.settle)
    # After it, which writes the messages of the move.
    events.listen("initiative.moved", services.merge_moved)
    events.listen("initiative.moved", services.change_moved)
    events.listen("consent.withdrawn", services.consent_withdrawn)
    events.listen("deadline.reached", services.deadline_reached)
    events.listen("file.found", services.file_found)
    outbox.provide("initiative.followers", messages.followers)
    outbox.provide("initiative.supporters", messages.supporters)


def _seed() -> None:
    from initiatives import seed  # noqa: PLC0415 - it draws pictures, which no server needs

    seed.plant()


MODULE = Module(
    name="initiatives",
    title=_l("Initiatives"),
    routes=ROUTES,
    permissions=PERMISSIONS,
    workflows=(WORKFLOW,),
    content_types=(
        ContentType(
            "initiative", _l("Initiative"), Initiative, WORKFLOW, queries.case, _address, index=_index
        ),
    ),
    menu=(
        MenuItem("initiatives.listing", _l("Initiatives"), order=10),
        MenuItem("initiatives.map", _l("Map"), order=20),
        MenuItem("initiatives.new", _l("Propose something"), order=30),
        MenuItem("initiatives.everywhere", _l("Initiatives"), place=Place.PORTAL, order=10),
        MenuItem("initiatives.desk", _l("Initiatives"), permission="initiative.desk", desk=True, order=20),
        MenuItem(
            "initiatives.call", _l("File for a caller"), permission="initiative.take", desk=True, order=30
        ),
        MenuItem(
            "initiatives.agenda",
            _l("Steering group’s agenda"),
            permission="initiative.agenda",
            desk=True,
            order=24,
        ),
        MenuItem(
            "initiatives.batches",
            _l("Batches of decisions"),
            permission="initiative.decide",
            desk=True,
            order=25,
        ),
        MenuItem(
            "initiatives.comments_desk", _l("Comments"), permission="initiative.hear", desk=True, order=26
        ),
        MenuItem(
            "initiatives.signatures_desk",
            _l("Signature sheets"),
            permission="initiative.count",
            desk=True,
            order=32,
        ),
        MenuItem(
            "initiatives.settings",
            _l("Settings of initiatives"),
            permission="initiative.configure",
            desk=True,
            order=35,
        ),
        MenuItem(
            "initiatives.shortcuts",
            _l("Keyboard shortcuts"),
            permission="initiative.desk",
            desk=True,
            order=95,
        ),
        MenuItem(
            "initiatives.desk_statistics",
            _l("Numbers"),
            permission="initiative.statistics",
            desk=True,
            order=40,
        ),
    ),
    jobs=(
        JobKind("initiative.resume", jobs.resume),
        JobKind("initiative.bulk", jobs.bulk),
        JobKind("initiative.nudge", jobs.nudge),
        JobKind("initiative.silence", jobs.silence),
        JobKind("initiative.ask", jobs.ask),
        JobKind("initiative.batch", jobs.batch),
        JobKind("initiative.support_end", jobs.support_end),
        JobKind("initiative.thresholds", jobs.thresholds),
        JobKind("initiative.merge", jobs.merge),
        JobKind("initiative.district", jobs.district),
    ),
    notices=messages.NOTICES,
    categories=messages.CATEGORIES,
    personal=(PERSONAL,),
    retention=RETENTION,
    readings=READINGS,
    claims=(Claims("initiative", services.claimable, services.claim_by_code, services.claim_by_email),),
    work=WORK,
    facts=FACTS,
    setup=(
        SetupTask(
            "categories",
            _l("Categories of initiatives"),
            _l(
                "Residents choose one when they file, and everybody filters by it. Rename, hide or add what your office needs."
            ),
            "initiatives.settings_part",
            "initiative.configure",
            _l("Change the categories"),
            queries.categories_standing,
            {"part": "categories"},
        ),
    ),
    news=(
        News(
            "initiatives",
            _l("New initiatives"),
            queries.newest,
            "initiatives/_news_card.html",
            "initiatives.listing",
        ),
    ),
    commands=COMMANDS,
    seed=_seed,
    templates=str(Path(__file__).parent / "templates"),
    start=_start,
    reserved_slugs=("initiatives", "echo", "follow", "open311", "open-data"),
    api=api.OPERATIONS,
    api_schemas=api.SCHEMAS,
    api_scopes=api.SCOPES,
)
