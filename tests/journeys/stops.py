"""Every page kind of the portal with an address in the demo data and somebody who may see it.

A route that shows a page and is missing here fails `test_every_page.py`, so a new page is walked from its
first day. What no demo row can hold (drafts, links of messages) is made on the running portal and handed in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import select

from initiatives.models import (
    AgendaItem,
    Audience,
    Author,
    BatchItem,
    BulkAct,
    Change,
    Echo,
    Initiative,
    Milestone,
    Reviewer,
    SavedFilter,
    Sheet,
    SheetState,
    SignatureSheet,
    StudyKind,
    Support,
    Translation,
)
from initiatives.queries import draft_token
from initiatives.services import echo_token
from portal.accounts.models import OperatorAccess, Passkey, User
from portal.accounts.queries import email_hash
from portal.api.models import ApiKey, Webhook
from portal.articles.models import Alert, Article
from portal.content.models import Attachment, Comment, CommentState, Objection
from portal.core import tenancy
from portal.core.db import db
from portal.notify.models import LetterBatch, Notice
from portal.notify.outbox import mute_token
from portal.privacy.models import DataRequest

LUBLIN = "lublin"
PAGELESS = {
    # Files and data
    "initiatives.listing_csv", "initiatives.listing_xlsx", "initiatives.listing_json", "initiatives.listing_geojson", "initiatives.listing_atom",
    "initiatives.codebook_csv", "initiatives.catalogue",
    "initiatives.open311_discovery", "initiatives.open311_services", "initiatives.open311_service",
    "initiatives.open311_requests", "initiatives.open311_request", "initiatives.open311_take",
    "initiatives.comments_file", "initiatives.statistics_csv", "initiatives.statistics_everywhere_csv", "initiatives.desk_statistics_csv",
    "initiatives.statistics_xlsx", "initiatives.statistics_everywhere_xlsx", "initiatives.desk_statistics_xlsx",
    "initiatives.points", "initiatives.map_script", "initiatives.file", "initiatives.case_file", "initiatives.plain_photo",
    "initiatives.new_photo", "accounts.data_file", "pages.municipalities_map", "pages.municipalities_points",
    "pages.theme", "pages.mark", "pages.tile", "pages.favicon", "pages.healthz", "pages.readyz", "pages.robots",
    "pages.settings_css", "pages.settings_mark", "pages.metrics",
    "pages.sitemap", "pages.opensearch", "pages.security_txt", "search.suggest", "search.town_suggest",
    "articles.news_atom", "articles.file", "articles.places_script", "articles.places_points",
    "api.root", "api.openapi", "api.municipalities", "api.municipality", "api.search", "api.initiatives",
    "api.initiative", "api.initiative_history", "api.initiative_translations", "api.initiative_comments",
    "api.initiative_workflow", "api.work",
    # Go on to another page at once
    "articles.document",
    "pages.root", "initiatives.follow_link", "initiatives.note", "initiatives.mention", "initiatives.contact", "initiatives.new_code",
    "initiatives.agenda_pdf", "initiatives.signatures_pdf", "initiatives.paper", "initiatives.agenda", "initiatives.bulk_undo", "notify.address", "privacy.copy",
    # Only take posts
    "articles.arrange",
    "api.initiative_move", "api.take_initiative",
    "accounts.sign_out", "accounts.withdraw", "accounts.end_access", "notify.resend", "notify.done", "pages.revive",
    "pages.csp_report",
    "notify.stop_here", "notify.start_here", "notify.portal_stop_all", "notify.portal_start_all",
    "notify.portal_stop", "notify.portal_start", "notify.sms_report", "notify.unreached", "notify.plan_call",
    "notify.drop_text", "notify.resend_stopped", "notify.take_up_text", "notify.by_letter", "notify.give_up", "notify.letter_pages",
    # Lead to another service and back; where none is set up they are not there (tests/portal/accounts/test_oidc.py)
    "accounts.oidc", "accounts.oidc_back", "accounts.oidc_connect", "accounts.oidc_disconnect",
}  # fmt: skip


REFUSED = {
    "accounts.sign_in_phone", "accounts.phone_code", "accounts.confirm_phone_code",
    "accounts.sign_in", "accounts.sign_in_staff", "accounts.password", "accounts.second_factor", "accounts.email", "accounts.claim", "accounts.recover",
    "accounts.erase", "accounts.new_password", "accounts.invitation", "accounts.invite", "accounts.begin_access", "initiatives.new",
    "initiatives.realisation", "initiatives.echo", "initiatives.signatures", "initiatives.signature_sheet", "initiatives.signature_strike",
    "initiatives.filters", "initiatives.filters_desk",
    "initiatives.follow", "initiatives.comment", "initiatives.report", "initiatives.comment_answer", "initiatives.comment_report",
    "initiatives.comment_object", "initiatives.case_speak", "initiatives.appeal", "initiatives.result",
    "initiatives.merge", "initiatives.change",
    "initiatives.call", "initiatives.why", "initiatives.study", "initiatives.case_edit", "initiatives.redact_photo",
    "pages.settings_team",
    "pages.portal_municipalities", "api.new_key", "api.new_webhook", "privacy.requests", "privacy.erase",
    "articles.new", "articles.new_alert",
}  # fmt: skip
"""Forms that are refused when they are sent as they stand; the answer is looked at as well."""
REFUSED_MOVES = {
    "send-back", "hold", "assign", "merge", "drop-merge", "transfer", "extend", "decide", "uphold", "reverse", "plan", "finish",
    "abandon", "answer", "split", "correct", "reply", "schedule", "accept-change", "decline-change",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stop:
    """One page: its endpoint, the values of its address, who looks at it, what it answers."""

    endpoint: str
    values: dict[str, Any] = field(default_factory=dict)
    who: str = ""
    status: int = 200

    @property
    def name(self) -> str:
        """For files about it."""
        return self.endpoint.replace(".", "-")

    @property
    def is_refused(self) -> bool:
        """Whether its form, sent as it stands, comes back with what is to be mended."""
        verb = self.values.get("verb")
        return self.status == 200 and (self.endpoint in REFUSED if verb is None else verb in REFUSED_MOVES)

    def path(self, app: Flask, lang: str) -> str:
        """Its address in a language."""
        with app.test_request_context():
            address: str = app.url_for(self.endpoint, lang=lang, **self.values)
        return address


@dataclass(frozen=True, slots=True)
class Found:
    """A case of the demo data."""

    town: str
    number: str
    id: int
    lead: str
    reviewers: tuple[str, ...]
    author: str

    @property
    def values(self) -> dict[str, str]:
        """For its address."""
        return {"town": self.town, "number": self.number}

    def team(self, role: str) -> str:
        """Address of somebody with this role here."""
        return f"{role}@{self.town}.example"


def case(state: str, *conditions: Any, towns: tuple[str, ...] = ()) -> Found:
    """A case in this state, of Lublin if there is one."""
    order = towns or (LUBLIN, "ostrava-jih", *tenancy.towns())
    for slug in order:
        with tenancy.within(tenancy.town(slug).id):
            row = db.session.scalar(
                select(Initiative)
                .where(Initiative.state == state, *conditions)
                .order_by(Initiative.id)
                .limit(1)
            )
            if row is not None:
                author = db.session.scalar(select(Author.user_id).where(Author.initiative_id == row.id))
                studying = (
                    select(Reviewer.user_id).where(Reviewer.initiative_id == row.id).order_by(Reviewer.id)
                )
                reviewers = tuple(map(_email, db.session.scalars(studying).all()))
                return Found(
                    slug,
                    (row.number or "").lower(),
                    row.id,
                    _email(row.lead_user_id),
                    reviewers,
                    _email(author),
                )
    raise AssertionError(f"The demo data holds no case in state {state} that would do.")


def _email(user_id: int | None) -> str:
    user = db.session.get(User, user_id) if user_id else None
    return (user.email or "") if user else ""


def public() -> Iterator[Stop]:
    """What anybody may read."""
    for name in (
        "home",
        "municipalities",
        "about",
        "help",
        "accessibility",
        "privacy",
        "contact",
        "open_data",
    ):
        yield Stop(f"pages.{name}")
    for name in ("town", "town_accessibility", "town_privacy", "town_contact"):
        yield Stop(f"pages.{name}", {"town": LUBLIN})
    yield Stop("initiatives.everywhere")
    yield Stop("initiatives.statistics_everywhere")
    yield Stop("initiatives.codebook")
    yield Stop("initiatives.statistics", {"town": LUBLIN})
    yield Stop("initiatives.embed_list", {"town": LUBLIN})
    yield Stop("initiatives.embed_list_code", {"town": LUBLIN})
    shown = case("adopted").values
    yield Stop("initiatives.embed", shown)
    yield Stop("initiatives.embed_code", shown)
    yield Stop("initiatives.listing", {"town": LUBLIN})
    yield Stop("initiatives.listing", {"town": LUBLIN, "q": "niczegotakiegoniema"})
    yield Stop("initiatives.map", {"town": LUBLIN})
    yield Stop("initiatives.map", {"town": "powiat-lezajski", "category": "roads"})
    yield Stop("search.results", {"q": "park"})
    yield Stop("search.town_results", {"town": LUBLIN, "q": "droga"})
    for state in ("published", "adopted", "refused", "in_progress", "merged", "transferred", "withdrawn"):
        yield Stop("initiatives.detail", case(state, Initiative.listed_at.is_not(None)).values)
    translated = Initiative.id.in_(select(Translation.initiative_id))
    yield Stop(
        "initiatives.detail", case("published", translated, towns=("wodzislaw-slaski", "ostrava-jih")).values
    )
    yield Stop("initiatives.printed", case("adopted").values)
    yield Stop("initiatives.follow")
    yield Stop("notify.mute", {"token": mute_token(1, "initiatives.followed")})
    yield Stop("accounts.demo")
    yield Stop("accounts.signed_out")
    yield Stop("notify.demo_messages")
    yield Stop("initiatives.detail", {"town": LUBLIN, "number": "lub-i-1999-0001"}, status=404)


def articles() -> Iterator[Stop]:
    """Pages and news as everybody reads them, and the work on them."""
    yield Stop("articles.index", {"town": LUBLIN})
    for slug in ("about", "help"):
        yield Stop("articles.page", {"town": LUBLIN, "slug": slug})
    yield Stop("articles.page", {"town": "wodzislaw-slaski", "slug": "partners"})
    yield Stop("articles.page", {"town": "wodzislaw-slaski", "slug": "partners", "original": 1})
    yield Stop("articles.news", {"town": LUBLIN})
    yield Stop("articles.news", {"town": "poniatowa"})
    yield Stop("articles.news_item", {"town": LUBLIN, "slug": "bench-vote"})
    yield Stop("pages.town", {"town": "swidnik"})
    yield Stop("pages.town", {"town": "ostrava-jih"})
    editor, translator, leader = (f"{role}@{LUBLIN}.example" for role in ("editor", "translator", "leader"))
    about, draft, pending = written("about"), written("draft-volunteers"), written("new-tram")
    scheduled, news, partners = written("budget-launch"), written("bench-vote"), written("old-consultation")
    for kind in ("page", "news"):
        yield Stop("articles.desk", {"town": LUBLIN, "kind": kind}, editor)
    yield Stop("articles.desk", {"town": LUBLIN, "q": "niczegotakiegoniema"}, editor)
    yield Stop("articles.new", {"town": LUBLIN, "kind": "news"}, editor)
    for found in (about, draft, pending, scheduled):
        yield Stop("articles.one", found, editor)
    yield Stop("articles.edit", about, editor)
    yield Stop("articles.edit", draft, leader)
    yield Stop("articles.settings", about, editor)
    yield Stop("articles.drop", draft, editor)
    yield Stop("articles.preview", {**about, "language": "cs"}, editor)
    yield Stop("articles.versions", {**about, "language": "pl"}, editor)
    yield Stop("articles.compare", {**about, "language": "pl", "old": 1, "new": 2}, editor)
    yield Stop("articles.restore", {**about, "language": "pl", "version": 1}, editor)
    for found, verb in (
        (draft, "submit"),
        (draft, "publish"),
        (draft, "schedule"),
        (pending, "send-back"),
        (pending, "take-back"),
        (scheduled, "unschedule"),
        (about, "publish"),
        (about, "withdraw"),
    ):
        yield Stop("articles.move", {**found, "verb": verb}, editor)
    yield Stop("articles.translations", {"town": LUBLIN}, translator)
    yield Stop("articles.translations", {"town": LUBLIN, "standing": "reviewed"}, translator)
    yield Stop("articles.translate", {**about, "language": "cs"}, translator)
    yield Stop("articles.translate", {**news, "language": "en"}, translator)
    yield Stop("articles.translate", {**partners, "language": "cs"}, translator)
    yield Stop("articles.alerts", {"town": LUBLIN}, editor)
    yield Stop("articles.new_alert", {"town": LUBLIN}, editor)
    with tenancy.within(tenancy.town("swidnik").id):
        alert = db.session.scalars(select(Alert.id).order_by(Alert.ends_at.desc())).first()
    yield Stop("articles.alerts", {"town": "swidnik"}, "admin@swidnik.example")
    for name in ("alert", "end_alert"):
        yield Stop(f"articles.{name}", {"town": "swidnik", "alert_id": alert}, "admin@swidnik.example")


def written(slug: str) -> dict[str, Any]:
    """Address values of a page or news item of Lublin in the demo data."""
    with tenancy.within(tenancy.town(LUBLIN).id):
        found = db.session.scalar(select(Article.id).where(Article.slug == slug))
    assert found is not None, slug
    return {"town": LUBLIN, "article_id": found}


def closed_doors() -> Iterator[Stop]:
    """Pages on which somebody comes in, or begins to file, as whoever knows nothing yet sees them."""
    for name in ("sign_in", "link_sent", "sign_in_staff", "password"):
        yield Stop(f"accounts.{name}")
    yield Stop("initiatives.new", {"town": LUBLIN})


def entering(draft: str, photo: int, receipt: str, link: str, reset: str, invitation: str) -> Iterator[Stop]:
    """Coming in, and filing without an account."""
    yield from closed_doors()
    yield Stop("accounts.second_factor")
    yield Stop("accounts.recover")
    yield Stop("accounts.sign_in_phone")
    yield Stop("accounts.phone_code")
    yield Stop("accounts.second_factor_passkey")
    yield Stop("accounts.sign_in_passkey")
    yield Stop("accounts.use_link", {"token": link})
    yield Stop("accounts.new_password", {"token": reset})
    yield Stop("accounts.invitation", {"token": invitation})
    yield Stop("accounts.use_link", {"token": "A" * 43}, status=410)
    for step in ("what", "where", "photos", "you", "preview", "later", "drop"):
        yield Stop(f"initiatives.new_{step}", {"town": LUBLIN, "draft": draft})
    yield Stop("initiatives.receipt", {"town": LUBLIN, "number": receipt})
    yield Stop("initiatives.new_alt", {"town": LUBLIN, "draft": draft, "file_id": photo})


def an_author() -> str:
    """A resident with an account and a returned case."""
    return case("returned", Initiative.author_user_id.is_not(None)).author


def said_in(**wanted: Any) -> tuple[dict[str, Any], str]:
    """Address of a comment of the demo data with these values, and who wrote it."""
    for town in tenancy.towns().values():
        with tenancy.within(town.id):
            row = db.session.execute(
                select(Initiative.number, Comment)
                .join(Comment, Comment.object_id == Initiative.id)
                .where(Initiative.listed_at.is_not(None), Initiative.state != "withdrawn")
                .where(*(getattr(Comment, name) == value for name, value in wanted.items()))
                .where(Comment.user_id.is_not(None) if "state" in wanted else Comment.official.is_(False))
                .order_by(Comment.id)
                .limit(1)
            ).one_or_none()
            if row is not None:
                where = {"town": town.slug, "number": row[0].lower(), "comment_id": row[1].id}
                return where, _email(row[1].user_id)
    raise LookupError(wanted)


def _talk() -> Iterator[Stop]:
    """Comments as those see them who read, write, wait or were hidden."""
    reader = an_author()
    answered, _writer = said_in(answer_count=1, parent_id=None)
    listed = {name: answered[name] for name in ("town", "number")}
    for sort in ("new", "useful"):
        yield Stop("initiatives.comments", {**listed, "sort": sort})
    yield Stop("initiatives.comments", listed, reader)
    yield Stop("initiatives.comment_one", answered, reader)
    for name in ("answer", "report", "useful"):
        yield Stop(f"initiatives.comment_{name}", answered, reader)
    held, writer = said_in(state=CommentState.HELD)
    for name in ("one", "edit", "take_back"):
        yield Stop(f"initiatives.comment_{name}", held, writer)
    hidden, writer = said_in(state=CommentState.HIDDEN)
    yield Stop("initiatives.comment_one", hidden, writer)
    open_to_object, writer = said_in(state=CommentState.HIDDEN, objection=Objection.NONE)
    yield Stop("initiatives.comment_object", open_to_object, writer)


def own(new_address: str) -> Iterator[Stop]:
    """One's own account and cases."""
    author = an_author()
    draft = case("draft")
    there = case("published", towns=(draft.town,))
    joining = {"town": draft.town, "number": there.number, "draft": draft_token(draft.id)}
    yield Stop("initiatives.join", joining, author)
    for name in (
        "account",
        "claim",
        "notifications",
        "security",
        "sessions",
        "data",
        "data_all",
        "email",
        "erase",
    ):
        yield Stop(f"accounts.{name}", who=author)
    for name in ("account", "notifications", "confirm_phone", "confirm_phone_code"):
        yield Stop(f"accounts.{name}", who="teresa.wolniak@poczta.example")
    yield Stop("accounts.new_email", {"token": new_address}, who=author)
    yield Stop("initiatives.mine", who=author)
    yield from filters("list")
    published = case("published").values
    for name in ("support", "follow_one", "comment", "report", "detail"):
        yield Stop(f"initiatives.{name}", published, author)
    for state, name in (
        ("returned", "complete"),
        ("returned", "audience"),
        ("done", "result"),
        ("published", "withdraw"),
    ):
        mine = case(state, Initiative.author_user_id.is_not(None))
        yield Stop(f"initiatives.{name}", mine.values, mine.author)
    named = case(
        "published",
        Initiative.author_user_id.is_not(None),
        Initiative.id.in_(select(Author.initiative_id).where(Author.name_sealed.is_not(None))),
    )
    yield Stop("initiatives.name", named.values, named.author)
    yield from _merging()
    yield from _talk()
    yield Stop("privacy.consents", who=named.author)
    mine = case("refused", Initiative.author_user_id.is_not(None), Initiative.appealed_once.is_(False))
    yield Stop("initiatives.appeal", mine.values, mine.author)
    yield from _changing()


def _changing() -> Iterator[Stop]:
    """A change proposed after the decision: written, open, accepted, declined."""
    free = case("adopted", Initiative.author_user_id.is_not(None), Initiative.change_id.is_(None))
    yield Stop("initiatives.change", free.values, free.author)
    asked = case("adopted", Initiative.change_id.is_not(None))
    for name in ("change_withdraw", "detail"):
        yield Stop(f"initiatives.{name}", asked.values, asked.author)
    yield Stop("initiatives.case", asked.values, asked.team("leader"))
    changed = Initiative.id.in_(select(Change.initiative_id).where(Change.outcome == "accepted"))
    done = case("in_progress", changed)
    yield Stop("initiatives.detail", done.values, done.author)


def _merging() -> Iterator[Stop]:
    """A proposal to merge as its authors see it, and what a supporter of a merged case is asked."""
    asked = case("published", Initiative.merge_id.is_not(None))
    yield Stop("initiatives.merge", asked.values, asked.author)
    yield Stop("initiatives.detail", asked.values, asked.author)
    with tenancy.unscoped("whoever supports a merged case, wherever"):
        found = db.session.execute(
            select(Initiative.id, Support.user_id)
            .join(Support, Support.initiative_id == Initiative.id)
            .where(Initiative.state == "merged", Support.user_id.is_not(None))
            .order_by(Support.id)
        ).first()
    if found is not None:
        merged = case("merged", Initiative.id == found[0])
        for name in ("support", "detail"):
            yield Stop(f"initiatives.{name}", merged.values, _email(found[1]))


def securing() -> Iterator[Stop]:
    """How a member of the team signs in; the codes were made a moment ago."""
    who = f"expert@{LUBLIN}.example"
    for name in ("codes", "notifications", "security", "new_codes", "new_app", "new_passkey"):
        yield Stop(f"accounts.{name}", who=who)
    ours = select(Passkey.id).join(User, User.id == Passkey.user_id).where(User.email_hash == email_hash(who))
    for name in ("passkey", "remove_passkey"):
        yield Stop(f"accounts.{name}", {"passkey_id": db.session.scalars(ours).one()}, who)


def confirming(lang: str) -> Iterator[Stop]:
    """What is asked of somebody whose sign-in lies back a while: in each language of somebody else."""
    town = {"pl": "rzeszow", "cs": "ostrava-jih", "en": "swidnik"}[lang]
    yield Stop("accounts.confirm", who=an_author())
    yield Stop("accounts.confirm", who=f"admin@{town}.example")
    yield Stop("accounts.confirm_passkey", who=f"admin@{town}.example")


def desk() -> Iterator[Stop]:
    """The work of the monitoring team."""
    leader = f"leader@{LUBLIN}.example"
    operator = f"operator@{LUBLIN}.example"
    yield Stop("pages.desk", who="reviewer@powiat-lezajski.example")
    yield Stop("pages.town_desk", {"town": LUBLIN}, leader)
    yield Stop("initiatives.desk", {"town": LUBLIN}, leader)
    yield Stop("initiatives.desk", {"town": LUBLIN, "q": "niczegotakiegoniema"}, leader)
    yield Stop("initiatives.board", {"town": LUBLIN}, leader)
    yield Stop("initiatives.desk_statistics", {"town": LUBLIN}, leader)
    whole_list = {"town": LUBLIN, "tab": "all", "take": "100"}
    yield Stop("initiatives.bulk", {"town": LUBLIN}, leader)
    yield Stop("initiatives.bulk", {**whole_list, "verb": "assign"}, leader)
    yield Stop("initiatives.bulk", {**whole_list, "verb": "reply"}, leader)
    with tenancy.within(tenancy.town(LUBLIN).id):
        act = db.session.scalars(select(BulkAct.id).order_by(BulkAct.at).limit(1)).one()
    yield Stop("initiatives.bulk_result", {"town": LUBLIN, "bulk_id": act}, leader)
    yield Stop("initiatives.call", {"town": LUBLIN}, operator)
    yield Stop("initiatives.settings", {"town": LUBLIN}, leader)
    for part in (
        "categories", "districts", "questions", "purpose", "feasibility", "help", "deadlines", "words", "support",
    ):  # fmt: skip
        yield Stop("initiatives.settings_part", {"town": LUBLIN, "part": part}, leader)
    for part, key in (
        ("categories", "roads"),
        ("categories", "new"),
        ("districts", "new"),
        ("questions", "2"),
        ("questions", "5"),
        ("questions", "new"),
        ("purpose", "need"),
        ("feasibility", "own1"),
        ("feasibility", "new"),
        ("help", "what"),
    ):
        yield Stop("initiatives.settings_item", {"town": LUBLIN, "part": part, "key": key}, leader)
    yield Stop("initiatives.settings_ask", {"town": LUBLIN, "key": 2}, leader)
    yield Stop("initiatives.settings_part", {"town": LUBLIN, "part": "replies"}, leader)
    yield Stop("initiatives.settings_item", {"town": LUBLIN, "part": "replies", "key": "1"}, leader)
    yield Stop("initiatives.shortcuts", {"town": LUBLIN}, leader)
    yield from filters("desk")
    for state in ("submitted", "feasibility_study", "recommendation", "refused", "in_progress"):
        found = case(state)
        yield Stop("initiatives.case", found.values, found.team("leader"))
    commented = case("published", Initiative.id.in_(select(Comment.object_id)))
    yield Stop("initiatives.case", commented.values, commented.team("leader"))
    for tab in ("waiting", "objected", "judged"):
        yield Stop("initiatives.comments_desk", {"town": LUBLIN, "tab": tab}, leader)
    for state in (CommentState.HELD, CommentState.HIDDEN):
        judged, _writer = said_in(state=state)
        yield Stop("initiatives.case_comment", judged, f"leader@{judged['town']}.example")
    yield Stop("initiatives.case_speak", commented.values, commented.team("leader"))
    withheld = case("submitted", Initiative.audience == Audience.TEAM)
    yield Stop("initiatives.why", withheld.values, withheld.team("leader"))
    edited = case("submitted")
    yield Stop("initiatives.case_edit", edited.values, edited.team("reviewer"))
    yield from _redacting()
    merging = case("published", Initiative.merge_id.is_not(None))
    yield Stop("initiatives.case", merging.values, merging.team("leader"))
    for kind in StudyKind:
        ours = case(f"{kind.value}_study", Initiative.id.in_(select(Sheet.initiative_id)))
        yield Stop("initiatives.study", {**ours.values, "kind": kind.value}, ours.reviewers[0])
    studied = case("feasibility_study")
    yield Stop("initiatives.compare", {**studied.values, "kind": "purpose"}, studied.reviewers[0])
    yield Stop("initiatives.cite", studied.values, studied.reviewers[0])
    yield from sessions(leader)
    yield Stop("initiatives.synthesis", studied.values, studied.team("leader"))
    yield from realisation()
    yield from signatures()


def signatures() -> Iterator[Stop]:
    """Support on paper: what is to be counted, the sheets of a case, one to count again, one to strike out."""
    with tenancy.unscoped("a sheet of whatever municipality"):
        row = db.session.scalars(
            select(SignatureSheet)
            .where(SignatureSheet.state == SheetState.DIFFERS)
            .order_by(SignatureSheet.id)
        ).first()
        waits = db.session.scalars(
            select(SignatureSheet)
            .where(SignatureSheet.state == SheetState.WAITING)
            .order_by(SignatureSheet.id)
        ).first()
        number = (
            db.session.scalar(select(Initiative.number).where(Initiative.id == row.initiative_id))
            if row
            else ""
        )
    if row is None or waits is None or not number:
        return
    town = tenancy.town_by_id(row.municipality_id).slug
    operator, values = f"operator@{town}.example", {"town": town, "number": number.lower()}
    yield Stop("initiatives.signatures_desk", {"town": town}, operator)
    yield Stop("initiatives.signatures", values, operator)
    for sheet in (row, waits):
        yield Stop("initiatives.signature_sheet", {**values, "sheet_id": sheet.id}, operator)
    yield Stop("initiatives.signature_strike", {**values, "sheet_id": waits.id}, operator)


def filters(place: str) -> Iterator[Stop]:
    """Filters that somebody keeps of a list, and keeping one more."""
    ending = "_desk" if place == "desk" else ""
    with tenancy.within(tenancy.town(LUBLIN).id):
        row = db.session.scalars(
            select(SavedFilter).where(SavedFilter.place == place).order_by(SavedFilter.id)
        ).first()
    if row is not None:
        who = _email(row.user_id)
        yield Stop(f"initiatives.filter{ending}", {"town": LUBLIN, "filter_id": row.id}, who)
        yield Stop(f"initiatives.filters{ending}", {"town": LUBLIN, "category": "roads"}, who)


def _redacting() -> Iterator[Stop]:
    """A photo of which parts are blacked out."""
    with tenancy.within(tenancy.town(LUBLIN).id):
        row = db.session.scalars(select(Attachment).where(Attachment.plain_key.is_not(None))).first()
        assert row is not None
        file_id, case_id = row.id, row.object_id
        state = db.session.scalars(select(Initiative.state).where(Initiative.id == case_id)).one()
    shown = case(state, Initiative.id == case_id)
    yield Stop("initiatives.redact", shown.values, shown.team("reviewer"))
    yield Stop("initiatives.redact_photo", {**shown.values, "file_id": file_id}, shown.team("reviewer"))


def realisation() -> Iterator[Stop]:
    """The work on what was adopted, and the question whether it helped."""
    working = case("in_progress")
    yield Stop("initiatives.realisation", working.values, working.lead)
    with tenancy.within(tenancy.town(working.town).id):
        ahead = db.session.scalars(
            select(Milestone.id).where(Milestone.initiative_id == working.id, Milestone.done_on.is_(None))
        ).first()
    if ahead is not None:
        yield Stop("initiatives.milestone", {**working.values, "milestone_id": ahead}, working.lead)
    with tenancy.unscoped("whoever was asked, wherever"):
        asked = db.session.scalars(select(Echo).where(Echo.answer.is_(None)).order_by(Echo.id)).first()
    if asked is not None:
        yield Stop("initiatives.echo", {"token": echo_token(asked)})


MOVES = {
    "publish": ("submitted", "reviewer"),
    "send-back": ("submitted", "reviewer"),
    "hold": ("submitted", "reviewer"),
    "assign": ("published", "leader"),
    "merge": ("published", "leader"),
    "drop-merge": ("published", "leader"),
    "transfer": ("published", "leader"),
    "start-purpose": ("assigned", ""),
    "start-feasibility": ("purpose_study", ""),
    "extend": ("purpose_study", "leader"),
    "decide": ("recommendation", "decision-maker"),
    "resume": ("deferred", "leader"),
    "uphold": ("appealed", "decision-maker"),
    "reverse": ("appealed", "decision-maker"),
    "plan": ("adopted", ""),
    "start": ("planned", ""),
    "finish": ("in_progress", ""),
    "abandon": ("in_progress", ""),
    "answer": ("disputed", ""),
    "resume-work": ("disputed", ""),
    "split": ("merged", "leader"),
    "correct": ("assigned", "leader"),
    "reply": ("published", "leader"),
    "open": ("assigned", "reviewer"),
    "accept-change": ("adopted", "leader"),
    "decline-change": ("adopted", "leader"),
}
"""A state each verb leads out of, and who does it; nobody named: those the case is assigned to."""


def moves() -> Iterator[Stop]:
    """The page of each move."""
    for verb, (state, role) in MOVES.items():
        asked = {
            "open": Initiative.audience == Audience.ASKED,
            "merge": Initiative.merge_id.is_(None),
            "drop-merge": Initiative.merge_id.is_not(None),
            "accept-change": Initiative.change_id.is_not(None),
            "decline-change": Initiative.change_id.is_not(None),
        }
        found = case(state, *([asked[verb]] if verb in asked else []))
        who = found.team(role) if role else found.reviewers[0]
        if state == "appealed" and who == _email(_decider(found.id)):
            who = found.team("decision-maker2")
        yield Stop("initiatives.move", {**found.values, "verb": verb}, who)


def _decider(case_id: int) -> int | None:
    with tenancy.unscoped("looking for whoever refused"):
        return db.session.scalar(select(Initiative.decided_by_user_id).where(Initiative.id == case_id))


def _key_and_webhook() -> tuple[int, int]:
    """Ids of the key and the webhook of the demo data."""
    with tenancy.unscoped("the demo data's own rows"):
        key, hook = db.session.scalar(select(ApiKey.id)), db.session.scalar(select(Webhook.id))
    assert key is not None
    assert hook is not None
    return key, hook


def _batch() -> int:
    """A batch of letters that is printed and not yet posted."""
    with tenancy.within(tenancy.town(LUBLIN).id):
        return db.session.scalars(select(LetterBatch.id).where(LetterBatch.posted_at.is_(None))).first() or 0


def _call() -> int:
    """A call that was in vain twice."""
    with tenancy.within(tenancy.town(LUBLIN).id):
        return db.session.scalars(select(Notice.id).where(Notice.unreached >= 2)).first() or 0


def running(notice: str) -> Iterator[Stop]:
    """Messages, members, the installation."""
    admin = f"admin@{LUBLIN}.example"
    with tenancy.unscoped("looking for a colleague"):
        users = {user.email: user.id for user in db.session.scalars(select(User)) if user.email}
    colleague = users[f"reviewer@{LUBLIN}.example"]
    yield Stop("api.keys", {"town": LUBLIN}, admin)
    yield Stop("api.new_key", {"town": LUBLIN}, admin)
    yield Stop("api.new_webhook", {"town": LUBLIN}, admin)
    key, hook = _key_and_webhook()
    yield Stop("api.end_key", {"town": LUBLIN, "key_id": key}, admin)
    yield Stop("api.webhook", {"town": LUBLIN, "webhook_id": hook}, admin)
    yield Stop("api.webhook_act", {"town": LUBLIN, "webhook_id": hook, "act": "remove"}, admin)
    yield Stop("accounts.members", {"town": LUBLIN}, admin)
    yield Stop("accounts.invite", {"town": LUBLIN}, admin)
    for name in ("member", "roles", "remove", "close", "reopen", "setup"):
        yield Stop(f"accounts.{name}", {"town": LUBLIN, "user_id": colleague}, admin)
    yield Stop("pages.settings", {"town": LUBLIN}, admin)
    for section in ("name", "look", "contact", "days", "team"):
        yield Stop(f"pages.settings_{section}", {"town": LUBLIN}, admin)
    for section in ("name", "residents", "done"):
        yield Stop(
            f"pages.settings_{section}", {"town": "rzeszow", "setup": 1}, "portal-operator@portal.example"
        )
    leader = f"leader@{LUBLIN}.example"
    yield Stop("notify.messages", {"town": LUBLIN}, leader)
    yield Stop("notify.message", {"town": LUBLIN, "notice_id": int(notice)}, leader)
    yield Stop("notify.letters", {"town": LUBLIN}, leader)
    yield Stop("notify.letter_batch", {"town": LUBLIN, "batch_id": _batch()}, leader)
    yield Stop("notify.calls", {"town": LUBLIN}, leader)
    yield Stop("notify.message", {"town": LUBLIN, "notice_id": _call()}, leader)
    yield Stop("notify.settings", {"town": LUBLIN}, admin)
    yield Stop("notify.texts", {"town": LUBLIN}, admin)
    yield Stop("notify.text", {"town": LUBLIN, "code": "initiative.received", "language": "pl"}, admin)
    yield Stop("notify.portal_messages", who="portal-operator@portal.example")
    yield Stop("notify.portal_all", who="portal-operator@portal.example")
    yield Stop("notify.portal_place", {"slug": LUBLIN}, "portal-operator@portal.example")
    officer = f"dpo@{LUBLIN}.example"
    with tenancy.within(tenancy.town(LUBLIN).id):
        asked = {row.is_over: row.id for row in db.session.scalars(select(DataRequest))}
    yield Stop("privacy.retention", {"town": LUBLIN}, officer)
    yield Stop("privacy.readings", {"town": LUBLIN}, officer)
    yield Stop("privacy.readings", {"town": LUBLIN, "case": "LUB-I-2020-0001"}, officer)
    yield Stop("privacy.requests", {"town": LUBLIN}, officer)
    yield Stop("privacy.requests", {"town": LUBLIN}, admin)
    for is_over in (False, True):
        yield Stop("privacy.request", {"town": LUBLIN, "request_id": asked[is_over]}, officer)
    yield Stop("privacy.erase", {"town": LUBLIN, "request_id": asked[False]}, officer)
    yield Stop("accounts.accesses", {"town": LUBLIN}, officer)
    found = db.session.scalars(
        select(OperatorAccess.id).where(OperatorAccess.municipality_id == tenancy.town(LUBLIN).id)
    ).first()
    yield Stop("accounts.access", {"town": LUBLIN, "access_id": found}, officer)
    for name in ("operator_access", "begin_access"):
        yield Stop(f"accounts.{name}", who="portal-operator@portal.example")
    for name in ("portal", "portal_health", "portal_jobs", "portal_municipalities"):
        yield Stop(f"pages.{name}", who="portal-operator@portal.example")


def sessions(leader: str) -> Iterator[Stop]:
    """The steering group's agenda, and decisions under embargo."""
    with tenancy.within(tenancy.town(LUBLIN).id):
        spoken = db.session.scalars(select(AgendaItem).order_by(AgendaItem.session_on).limit(1)).one()
        prepared = db.session.scalars(select(BatchItem).order_by(BatchItem.id).limit(1)).one()
    month = f"{spoken.session_on:%Y-%m}"
    yield Stop("initiatives.agenda_month", {"town": LUBLIN, "month": month}, leader)
    yield Stop("initiatives.agenda_month", {"town": LUBLIN, "month": month}, f"steering@{LUBLIN}.example")
    yield Stop("initiatives.agenda_month", {"town": LUBLIN, "month": "2020-01"}, leader)
    talked = case("recommendation", Initiative.id == spoken.initiative_id)
    yield Stop("initiatives.case_agenda", talked.values, leader)
    decider = f"decision-maker@{LUBLIN}.example"
    yield Stop("initiatives.batches", {"town": LUBLIN}, decider)
    yield Stop("initiatives.batch", {"town": LUBLIN, "batch_id": prepared.batch_id}, decider)
    held = case("recommendation", Initiative.id == prepared.initiative_id)
    yield Stop("initiatives.prepare", {**held.values, "batch_id": prepared.batch_id}, decider)
