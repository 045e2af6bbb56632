"""Every page kind of the portal with an address in the demo data and somebody who may see it.

A route that shows a page and is missing here fails `test_every_page.py`, so a new page is walked from its
first day. What no demo row can hold (drafts, links of messages) is made on the running portal and handed in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import select

from initiatives.models import Author, Initiative, Reviewer, Sheet, StudyKind, Translation
from portal.accounts.models import User
from portal.api.models import ApiKey, Webhook
from portal.content.models import Comment
from portal.core import tenancy
from portal.core.db import db
from portal.privacy.models import DataRequest

LUBLIN = "lublin"
PAGELESS = {
    # Files and data
    "initiatives.listing_csv", "initiatives.listing_json", "initiatives.listing_geojson", "initiatives.listing_atom",
    "initiatives.points", "initiatives.map_script", "initiatives.file", "initiatives.case_file",
    "initiatives.new_photo", "accounts.data_file", "pages.municipalities_map", "pages.municipalities_points",
    "pages.theme", "pages.mark", "pages.tile", "pages.favicon", "pages.healthz", "pages.readyz", "pages.robots",
    "pages.settings_css", "pages.settings_mark", "pages.metrics",
    "pages.sitemap", "pages.opensearch", "pages.security_txt",
    "api.root", "api.openapi", "api.municipalities", "api.municipality", "api.search", "api.initiatives",
    "api.initiative", "api.initiative_history", "api.initiative_translations", "api.initiative_comments",
    "api.initiative_workflow", "api.work",
    # Go on to another page at once
    "pages.root", "initiatives.follow_link", "initiatives.note", "initiatives.contact", "initiatives.new_code",
    "initiatives.case_comment", "notify.address", "privacy.copy",
    # Only take posts
    "api.initiative_move", "api.take_initiative",
    "accounts.sign_out", "accounts.withdraw", "notify.resend", "notify.done", "pages.revive", "pages.csp_report",
}  # fmt: skip


REFUSED = {
    "accounts.sign_in", "accounts.sign_in_staff", "accounts.password", "accounts.second_factor", "accounts.email",
    "accounts.erase", "accounts.new_password", "accounts.invitation", "accounts.invite", "initiatives.new",
    "initiatives.follow", "initiatives.comment", "initiatives.report", "initiatives.appeal", "initiatives.result",
    "initiatives.call", "initiatives.study", "initiatives.milestones", "initiatives.case_edit",
    "pages.settings_team",
    "pages.portal_municipalities", "api.new_key", "api.new_webhook", "privacy.requests", "privacy.erase",
}  # fmt: skip
"""Forms that are refused when they are sent as they stand; the answer is looked at as well."""
REFUSED_MOVES = {
    "send-back", "hold", "assign", "merge", "transfer", "extend", "decide", "uphold", "reverse", "plan", "finish",
    "abandon", "split", "correct",
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
    yield Stop("accounts.demo")
    yield Stop("notify.demo_messages")
    yield Stop("initiatives.detail", {"town": LUBLIN, "number": "lub-i-1999-0001"}, status=404)


def entering(draft: str, receipt: str, link: str, reset: str, invitation: str) -> Iterator[Stop]:
    """Coming in, and filing without an account."""
    for name in ("sign_in", "link_sent", "sign_in_staff", "password"):
        yield Stop(f"accounts.{name}")
    yield Stop("accounts.second_factor")
    yield Stop("accounts.use_link", {"token": link})
    yield Stop("accounts.new_password", {"token": reset})
    yield Stop("accounts.invitation", {"token": invitation})
    yield Stop("accounts.use_link", {"token": "A" * 43}, status=410)
    yield Stop("initiatives.new", {"town": LUBLIN})
    for step in ("what", "where", "photos", "you", "preview", "drop"):
        yield Stop(f"initiatives.new_{step}", {"town": LUBLIN, "draft": draft})
    yield Stop("initiatives.receipt", {"town": LUBLIN, "number": receipt})


def an_author() -> str:
    """A resident with an account and a returned case."""
    return case("returned", Initiative.author_user_id.is_not(None)).author


def own(new_address: str) -> Iterator[Stop]:
    """One's own account and cases."""
    author = an_author()
    for name in ("account", "sessions", "data", "data_all", "email", "erase"):
        yield Stop(f"accounts.{name}", who=author)
    yield Stop("accounts.new_email", {"token": new_address}, who=author)
    yield Stop("initiatives.mine", who=author)
    published = case("published").values
    for name in ("support", "follow_one", "comment", "report", "detail"):
        yield Stop(f"initiatives.{name}", published, author)
    for state, name in (("returned", "complete"), ("done", "result"), ("published", "withdraw")):
        mine = case(state, Initiative.author_user_id.is_not(None))
        yield Stop(f"initiatives.{name}", mine.values, mine.author)
    named = case(
        "published",
        Initiative.author_user_id.is_not(None),
        Initiative.id.in_(select(Author.initiative_id).where(Author.name_sealed.is_not(None))),
    )
    yield Stop("initiatives.name", named.values, named.author)
    yield Stop("privacy.consents", who=named.author)
    mine = case("refused", Initiative.author_user_id.is_not(None), Initiative.appealed_once.is_(False))
    yield Stop("initiatives.appeal", mine.values, mine.author)


def confirming(lang: str) -> Iterator[Stop]:
    """What is asked of somebody whose sign-in lies back a while: in each language of somebody else."""
    town = {"pl": "rzeszow", "cs": "ostrava-jih", "en": "swidnik"}[lang]
    yield Stop("accounts.confirm", who=an_author())
    yield Stop("accounts.confirm", who=f"admin@{town}.example")


def desk() -> Iterator[Stop]:
    """The work of the monitoring team."""
    leader = f"leader@{LUBLIN}.example"
    operator = f"operator@{LUBLIN}.example"
    yield Stop("pages.desk", who="reviewer@powiat-lezajski.example")
    yield Stop("pages.town_desk", {"town": LUBLIN}, leader)
    yield Stop("initiatives.desk", {"town": LUBLIN}, leader)
    yield Stop("initiatives.desk", {"town": LUBLIN, "q": "niczegotakiegoniema"}, leader)
    yield Stop("initiatives.board", {"town": LUBLIN}, leader)
    yield Stop("initiatives.call", {"town": LUBLIN}, operator)
    for state in ("submitted", "feasibility_study", "recommendation", "refused", "in_progress"):
        found = case(state)
        yield Stop("initiatives.case", found.values, found.team("leader"))
    commented = case("published", Initiative.id.in_(select(Comment.object_id)))
    yield Stop("initiatives.case", commented.values, commented.team("leader"))
    edited = case("submitted")
    yield Stop("initiatives.case_edit", edited.values, edited.team("reviewer"))
    for kind in StudyKind:
        ours = case(f"{kind.value}_study", Initiative.id.in_(select(Sheet.initiative_id)))
        yield Stop("initiatives.study", {**ours.values, "kind": kind.value}, ours.reviewers[0])
    studied = case("feasibility_study")
    yield Stop("initiatives.synthesis", studied.values, studied.team("leader"))
    working = case("in_progress")
    yield Stop("initiatives.milestones", working.values, working.lead)


MOVES = {
    "publish": ("submitted", "reviewer"),
    "send-back": ("submitted", "reviewer"),
    "hold": ("submitted", "reviewer"),
    "assign": ("published", "leader"),
    "merge": ("published", "leader"),
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
    "resume-work": ("disputed", ""),
    "split": ("merged", "leader"),
    "correct": ("assigned", "leader"),
}
"""A state each verb leads out of, and who does it; nobody named: those the case is assigned to."""


def moves() -> Iterator[Stop]:
    """The page of each move."""
    for verb, (state, role) in MOVES.items():
        found = case(state)
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
    for section in ("name", "done"):
        yield Stop(
            f"pages.settings_{section}", {"town": "rzeszow", "setup": 1}, "portal-operator@portal.example"
        )
    leader = f"leader@{LUBLIN}.example"
    yield Stop("notify.messages", {"town": LUBLIN}, leader)
    yield Stop("notify.message", {"town": LUBLIN, "notice_id": int(notice)}, leader)
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
    for name in ("portal", "portal_health", "portal_jobs", "portal_municipalities"):
        yield Stop(f"pages.{name}", who="portal-operator@portal.example")
