"""Whoever holds a right gets in with it, in their own municipality and nowhere else (R20, R23, F8).

The other half of `test_access.py`. Every row of the URL table is asked as every role its permission names, with
real things in its address: a case in a state in which the page has something to show, handled by this very
person. What answers otherwise than with a page stands in `OTHERWISE`, with its reason. The same things in another
town, with this person's name on every case, must stay shut: work is given by roles, and roles end at the wall.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, url_for
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from initiatives import queries, services
from initiatives.forms.verbs import PAGES, move_of
from initiatives.kinds import Kind as InitiativeQuestion
from initiatives.models import Asked as AskedAs
from initiatives.models import ChangeOf, Echo, Initiative, Milestone, SignatureSheet
from initiatives.states import CHANGE_ANSWERS
from portal.accounts import rules
from portal.accounts.models import OperatorAccess, Passkey, User, Verification, VerificationKind
from portal.accounts.queries import phone_hash
from portal.accounts.roles import Role
from portal.accounts.services.links import issue
from portal.api import queries as api_queries
from portal.api import services as api_services
from portal.articles import services as article_services
from portal.articles.kinds import Level
from portal.articles.models import Article
from portal.articles.services.alerts import AlertWords
from portal.articles.states import WORKFLOW as ARTICLES
from portal.content import services as content
from portal.content.models import CommentState, FileRole, Stance
from portal.core import clock, files, jobs, policy, tenancy
from portal.core.actor import Actor
from portal.core.config import OidcProvider
from portal.core.db import db, writing
from portal.core.registry import PUBLIC, Place, Route, registry
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.core.tokens import digest, new_secret
from portal.notify import outbox
from portal.notify import queries as message_queries
from portal.notify import services as message_services
from portal.notify.kinds import Channel, Delivery
from portal.notify.models import Notice
from portal.notify.outbox import Recipient
from portal.notify.rules import OwnText
from portal.privacy.queries import Known
from portal.privacy.services import asked as asked_services
from tests.factories.actors import make_actor
from tests.factories.articles import make_article, translate
from tests.factories.browser import Browser
from tests.factories.counted import count
from tests.factories.initiatives import make_initiative

ROLES = ("visitor", "resident", *(role.value for role in Role))
EVERYBODY = {"visitor", "resident"}
"""Who needs no municipality to be given a right."""
STATE = {
    "initiatives.complete": "returned",
    "initiatives.appeal": "refused",
    "initiatives.change": "adopted",
    "initiatives.change_withdraw": "adopted",
    "initiatives.result": "done",
    "initiatives.study": "purpose_study",
    "initiatives.compare": "feasibility_study",
    "initiatives.cite": "purpose_study",
    "initiatives.prepare": "recommendation",
    "initiatives.synthesis": "feasibility_study",
    "initiatives.realisation": "in_progress",
    "initiatives.milestone": "in_progress",
    "initiatives.audience": "submitted",
}
"""The state in which the page of a case has something to show; *published* for all others."""
TOKENS = {
    "accounts.use_link": VerificationKind.LINK,
    "accounts.new_password": VerificationKind.RESET,
    "accounts.new_email": VerificationKind.EMAIL,
    "accounts.invitation": VerificationKind.INVITATION,
}
PAGE = {"GET": 200, "POST": 422}
"""A page is shown. A form sent without its token is shown again, when every right has been asked and found."""
ON_THE_WAY = "a step of signing in: nobody is on the way, so it begins anew"
AWAY = "goes to the provider, which is not there"
BACK_TO_CASE = "reads nothing by itself: its button on the case desk is pressed anew"
OTHERWISE = {
    ("GET", "initiatives.agenda"): (302, "leads to the present month"),
    ("GET", "initiatives.contact"): (303, BACK_TO_CASE),
    ("GET", "initiatives.new_code"): (303, BACK_TO_CASE),
    ("GET", "initiatives.why"): (303, "asks nothing about a case that is public"),
    ("GET", "initiatives.note"): (303, BACK_TO_CASE),
    ("GET", "initiatives.mention"): (303, BACK_TO_CASE),
    ("GET", "initiatives.bulk_undo"): (303, "a button of the page of the act"),
    ("GET", "api.webhook_act"): (303, "a button of the webhook's page"),
    ("GET", "privacy.copy"): (303, "a button of the page of the request"),
    ("GET", "notify.address"): (
        303,
        "reads nothing by itself: the reason is given on the page of the message",
    ),
    ("GET", "notify.letter_pages"): (
        303,
        "reads nothing by itself: the reason is given on the page of the batch",
    ),
    ("GET", "accounts.second_factor"): (303, "is asked for after a password only"),
    ("POST", "accounts.second_factor"): (303, "is asked for after a password only"),
    **{
        (method, f"accounts.{name}"): (303, ON_THE_WAY)
        for method in PAGE
        for name in ("recover", "second_factor_passkey", "phone_code", "confirm_phone_code")
    },
    ("GET", "accounts.codes"): (303, "codes are shown once, when they were made"),
    ("POST", "accounts.codes"): (303, "codes are shown once, when they were made"),
    ("GET", "accounts.confirm_passkey"): (303, "whoever has just signed in need not prove it again"),
    ("POST", "accounts.confirm_passkey"): (303, "whoever has just signed in need not prove it again"),
    ("GET", "accounts.oidc"): (303, AWAY),
    ("GET", "accounts.oidc_connect"): (303, AWAY),
    ("GET", "accounts.oidc_back"): (303, ON_THE_WAY),
    ("POST", "notify.mute"): (200, "mail programs post without a page before it"),
    ("GET", "accounts.confirm"): (303, "whoever has just signed in need not prove it again"),
    ("POST", "accounts.confirm"): (303, "whoever has just signed in need not prove it again"),
}
"""What a rights-holder is answered instead of a page, by method and endpoint, and why."""
PRESSED = {
    "initiatives.new_code": 200,
    "initiatives.new_photo": 303,
    "initiatives.bulk_undo": 303,
    "initiatives.mention": 303,
    "privacy.copy": 200,
    "api.end_key": 303,
    "articles.arrange": 303,
    "api.webhook_act": 303,
    "notify.resend": 303,
    "notify.done": 303,
    "notify.by_letter": 303,
    "notify.resend_stopped": 303,
    "notify.start_here": 303,
    "notify.unreached": 303,
    "notify.portal_start": 303,
    "notify.portal_start_all": 303,
    # Reason or day are missing: the form is shown again.
    "notify.plan_call": 422,
    "notify.give_up": 422,
    "notify.stop_here": 422,
    "notify.portal_stop": 422,
    "notify.portal_stop_all": 422,
    # Nor do they say which version they were made from.
    "notify.drop_text": 409,
    "notify.take_up_text": 409,
    "accounts.withdraw": 303,
    "accounts.end_access": 303,
    "pages.revive": 303,
    "accounts.sign_out": 303,
}
"""Addresses that only take posts: buttons are pressed with the token of a page, and act."""
CALLS = {"notify.by_letter", "notify.unreached", "notify.plan_call"}
"""Steps of a call; everything else is done with letters too."""
SIGNED_OUT_BY = "accounts.sign_out"
FORM = "/en/lublin/initiatives/new"
"""A page everybody may open, and whose form holds the token of their session."""
SIGN_IN = re.compile(r"/sign-in(/staff)?\?next=|/confirm\?next=")
OUR_OWN = {"Sec-Fetch-Site": "same-origin"}


def api_rows(town: Town) -> tuple[int, int]:
    """Ids of a key and a webhook of the town."""
    admin = make_actor("admin", town)
    api_services.make_key(admin, "Registry", ["leader"], ["initiative.desk"], 30, new_secret())
    hook = api_services.make_webhook(admin, "R", "https://example.org/h", ["initiative"], new_secret())
    return api_queries.all_keys()[0].id, hook


def bulk_act_on(case: Initiative, town: Town) -> int:
    """Id of a bulk act on one case, begun by some leader."""
    key = new_secret()
    return services.start_bulk(
        make_actor("leader", town), "hold", {"note": "–"}, [(case.id, case.version)], "", key
    )


def request_about(town: Town) -> int:
    """Id of a request for a copy of the data of somebody who filed here."""
    make_initiative(town, "published")
    officer = make_actor("dpo", town)
    return asked_services.open_request(
        officer, Known(email="author@people.example"), "document", new_secret()
    )


@dataclass(slots=True)
class Furnished:
    """A town in which every address has its thing, and as far as names go it is this person's to handle."""

    town: Town
    role: str
    actor: Actor
    draft: str = ""
    cases: dict[tuple[str, bool], Initiative] = field(default_factory=dict)
    articles: dict[str, Article] = field(default_factory=dict)

    def case(self, state: str, *, own: bool) -> Initiative:
        """A case in this state: this person's own, or one they work on."""
        if (state, own) not in self.cases:
            made = make_initiative(self.town, state, **self._handled(state, own=own))
            if own and made.author is not None:
                # Whether it is shown is asked only of those who gave one.
                with writing():
                    made.author.name = "Anna Próbna"
            self.cases[state, own] = made
        return self.cases[state, own]

    def _handled(self, state: str, *, own: bool) -> dict[str, Any]:
        if self.role == "operator":
            return {"taken_by_user_id": self.actor.user_id}
        if own:
            return {"author": self.actor if self.actor.user_id else None}
        if self.role in ("reviewer", "leader"):
            return {"lead": self.actor, "reviewers": [self.actor, make_actor("reviewer", self.town)]}
        # Whoever refused may take the step back, and must not judge the appeal.
        return {"decided_by_user_id": self.actor.user_id if state == "refused" else None}

    def article(self, state: str = "published") -> Article:
        """A page in this state, with a translation."""
        if state not in self.articles:
            made = self.articles[state] = make_article(self.town, state, title=f"A {state} page")
            translate(self.town, made)
        return self.articles[state]

    def about(self, endpoint: str, route: Route) -> Initiative:
        """The case an address of this route names."""
        on_list = self.role in ("steering", "expert")
        state = STATE.get(endpoint, "recommendation" if on_list else "published")
        return self.case(state, own=route.permission in ("initiative.own", "initiative.write"))

    def value(self, name: str, endpoint: str, route: Route) -> Any:
        """What stands in the address for a parameter."""
        if name == "draft":
            self.draft = self.draft or services.start_draft(self.actor, "pl", "draft")
            return self.draft
        makers: dict[str, Callable[[], Any]] = {
            "number": lambda: slug_of(self.about(endpoint, route)),
            "kind": lambda: "purpose",
            "part": lambda: "categories",
            "key": lambda: question_of(self.town) if endpoint == "initiatives.settings_ask" else "roads",
            "token": lambda: (
                outbox.mute_token(1, "initiatives.followed")
                if endpoint == "notify.mute"
                else question_to(self.case("done", own=False))
                if endpoint == "initiatives.echo"
                else link(TOKENS[endpoint])
            ),
            "file_id": lambda: photo_of(
                queries.drafted(self.value("draft", endpoint, route))
                if endpoint in ("initiatives.new_photo", "initiatives.new_alt")
                else self.about(endpoint, route)
            ),
            "comment_id": lambda: comment_on(self.about(endpoint, route), endpoint, self.actor),
            "user_id": lambda: make_actor("reviewer", self.town).user_id,
            "invitation_id": lambda: invitation_to(self.town),
            "notice_id": lambda: (
                call() if endpoint in CALLS else letter(undelivered=endpoint == "notify.resend")
            ),
            "batch_id": lambda: (
                batch_of_decisions(self.town)
                if endpoint.startswith("initiatives.")
                else batch_of_letters(self.town)
            ),
            "sheet_id": lambda: sheet_of(self.about(endpoint, route)),
            "filter_id": lambda: filter_of(self.actor, self.town, endpoint),
            "milestone_id": lambda: milestone_of(self.about(endpoint, route)),
            "month": lambda: "2026-03",
            "code": lambda: worded(self.town),
            "bulk_id": lambda: bulk_act_on(self.about(endpoint, route), self.town),
            "slug": lambda: self.town.slug,
            "job_id": dead_job,
            "access_id": lambda: access_to(self.town, self.actor if self.role == "portal_operator" else None),
            "passkey_id": lambda: passkey_of(self.actor.user_id or 0),
            "group": lambda: "residents",
            "key_id": lambda: api_rows(self.town)[0],
            "webhook_id": lambda: api_rows(self.town)[1],
            "act": lambda: "stop",
            "request_id": lambda: request_about(self.town),
            "article_id": lambda: self.article().id,
            # A leader works on originals, a translator on translations.
            "language": lambda: "pl" if endpoint == "articles.restore" and self.role == "leader" else "cs",
            "version": lambda: 1,
            "alert_id": lambda: alert_in(self.town),
        }
        return makers[name]()


def slug_of(case: Initiative) -> str:
    """Its number as it stands in addresses."""
    return (case.number or "").lower()


def batch_of_decisions(town: Town) -> int:
    """A batch that a decision-maker has begun."""
    with tenancy.within(town.id):
        return services.start_batch(make_actor("decision_maker", town), "Sesja", "batch")


def sheet_of(case: Initiative) -> int:
    """A sheet with signatures that somebody has counted once."""
    with writing():
        row = SignatureSheet(
            municipality_id=case.municipality_id,
            initiative_id=case.id,
            serial=int(new_secret().encode().hex()[:6], 16),
            signed_on=clock.now().date(),
            first=12,
            first_at=clock.now(),
        )
        db.session.add(row)
        db.session.flush()
        return row.id


def filter_of(actor: Actor, town: Town, endpoint: str) -> int:
    """A filter that somebody keeps here."""
    place = "desk" if endpoint.endswith("_desk") else "list"
    with tenancy.within(town.id):
        keeper = replace(actor, municipality_id=town.id)
        return services.save_filter(keeper, place, "Drogi", "category=roads")


def milestone_of(case: Initiative) -> int:
    """A milestone of a case that nobody has reached."""
    with writing():
        row = Milestone(municipality_id=case.municipality_id, initiative_id=case.id, title="Fundament")
        db.session.add(row)
        db.session.flush()
        return row.id


def question_to(case: Initiative) -> str:
    """What the link carries by which somebody is asked whether it helped."""
    with tenancy.within(case.municipality_id), writing():
        row = Echo(
            municipality_id=case.municipality_id,
            initiative_id=case.id,
            round=case.echo_round,
            person=new_secret(),
            asked_as=AskedAs.FOLLOWER,
            asked_at=clock.now(),
        )
        db.session.add(row)
        db.session.flush()
        return services.echo_token(row)


def question_of(town: Town) -> int:
    """The number of a question the office asks."""
    with tenancy.within(town.id):
        leader, mark = make_actor("leader", town), queries.settings_mark(queries.office(), "questions")
        return services.save_question(
            leader,
            town.id,
            None,
            services.Asked(InitiativeQuestion.SHORT, {"pl": "Po co?", "cs": "Proč?"}),
            mark,
        )


def link(kind: VerificationKind, town: Town | None = None) -> str:
    """The secret of a fresh link; of one that names nobody's account."""
    data = {
        "email": "nowa@poczta.example",
        "next": None,
        "locale": "pl",
        "language": "pl",
        "roles": ["editor"],
    }
    data |= {"factor": rules.new_factor()}
    with writing():
        return issue(kind, data, timedelta(hours=1), municipality_id=town.id if town else None)


def invitation_to(town: Town) -> int:
    """The id of an invitation that waits."""
    secret = link(VerificationKind.INVITATION, town)
    return db.session.scalars(select(Verification.id).where(Verification.digest == digest(secret))).one()


def photo_of(case: Initiative) -> int:
    """The id of a picture that hangs on it."""
    raw = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(raw, "PNG")
    with writing():
        row = content.attach(case, files.store_photo(raw.getvalue(), "a.png"), FileRole.PHOTO)
        db.session.flush()
        return row.id


def comment_on(case: Initiative, endpoint: str, actor: Actor) -> int:
    """The id of a comment: one's own where only its writer may do something, hidden where they object, else seen or waiting."""
    mine = endpoint in (
        "initiatives.comment_edit",
        "initiatives.comment_take_back",
        "initiatives.comment_object",
    )
    state = CommentState.HELD if endpoint == "initiatives.case_comment" else CommentState.VISIBLE
    if endpoint == "initiatives.comment_object":
        state = CommentState.HIDDEN
    with writing():
        row = content.add_comment(
            case,
            stance=Stance.FOR,
            text="Tak.",
            language="pl",
            user_id=actor.user_id if mine else None,
            name="",
            state=state,
        )
        db.session.flush()
        return row.id


def alert_in(town: Town) -> int:
    """The id of an alert that runs."""
    now = clock.now()
    words = AlertWords(Level.INFO, {"pl": "Uwaga."}, "", now, now + timedelta(days=1))
    return article_services.put_up_alert(make_actor("editor", town), words, new_secret())


def letter(*, undelivered: bool) -> int:
    """The id of a letter somebody has to post, or of one that was given up."""
    with writing():
        outbox.send("account.link", Recipient("pl", postal="Anna\nul. Próbna 1"), {})
        row = db.session.scalars(select(Notice).order_by(Notice.created_at.desc(), Notice.id.desc())).first()
        assert row is not None
        row.state = Delivery.DEAD if undelivered else Delivery.WAITING
        return row.id


def call() -> int:
    """The id of a call that waits, to somebody whose postal address is known."""
    with writing():
        person = Recipient("pl", phone="+48817654321", postal="Anna\nul. Próbna 1", prefers=Channel.PHONE)
        outbox.send("account.link", person, {})
        newest = select(Notice.id).order_by(Notice.created_at.desc(), Notice.id.desc()).limit(1)
        return db.session.scalars(newest).one()


def batch_of_letters(town: Town) -> int:
    """The id of a batch of one letter, printed and not yet posted."""
    waiting = letter(undelivered=False)
    with writing():
        row = db.session.get(Notice, waiting)
        assert row is not None
        row.body = "Dzień dobry."
    return message_services.make_batch(make_actor("leader", town), [waiting], new_secret())


def worded(town: Town) -> str:
    """A kind of message that the office has worded twice in Czech."""
    code, admin = "initiative.received", make_actor("admin", town)
    there = len(message_queries.versions(code, "cs"))
    for version, signature in enumerate(("Úřad", "{office}")[there:], there):
        message_services.write_text(admin, code, "cs", OwnText(signature=signature), version)
    return code


def dead_job() -> int:
    """The id of work the machine gave up."""
    with writing():
        jobs.enqueue("daily", {"key": "none"}, dedupe="given up")
        row = db.session.scalars(select(jobs.Job).where(jobs.Job.dedupe == "given up")).one()
        row.dead_at = clock.now()
        return row.id


def access_to(town: Town, operator: Actor | None) -> int:
    """The id of an access of a portal operator that runs: of this one, or of another."""
    who = operator or make_actor("portal_operator", None)
    now = clock.now()
    with writing():
        row = OperatorAccess(
            user_id=who.user_id,
            municipality_id=town.id,
            role=Role.EDITOR,
            reason="To mend the opening hours.",
            began_at=now,
            ends_at=now + timedelta(minutes=30),
        )
        db.session.add(row)
        db.session.flush()
        return row.id


def passkey_of(user_id: int) -> int:
    """The id of a passkey of this person."""
    with writing():
        row = Passkey(
            id=new_row_id(),
            user_id=user_id,
            credential_id=new_secret(),
            public_key="x",
            sign_count=0,
            synced=False,
            created_at=clock.now(),
        )
        row.name = "Mój telefon"
        db.session.add(row)
        return row.id


def complete(user_id: int) -> None:
    """Give an account what some of its pages are about: a number, a password and an app."""
    with writing():
        user = db.session.get_one(User, user_id)
        user.phone, user.phone_hash = "+48601234567", phone_hash("+48601234567")
        user.password_hash, user.totp = "none that fits", rules.new_factor()


@pytest.fixture
def providers(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider for teams and one for residents; nothing listens at its port."""
    one = OidcProvider("http://127.0.0.1:1", "portal", "a-secret-of-this-test", "Konto urzędu")
    settings = replace(app.extensions["portal.settings"], oidc_staff=one, oidc_residents=one)
    monkeypatch.setitem(app.extensions, "portal.settings", settings)


BY_KEY = {"initiatives.open311_take"}
"""Opened by a key and never by a session: asked in tests/initiatives/views/test_open311.py."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the portal: as a holder of the right, or as somebody without."""

    endpoint: str
    permission: str
    method: str
    address: str
    holds: bool


def questions(app: Flask, furnished: Furnished) -> Iterator[Asked]:
    """Every address the role is granted, by every method; of the moves of the desk each with its own permission."""
    for module in registry.modules:
        for route in module.routes:
            endpoint = f"{module.name}.{route.endpoint}"
            if route.permission == PUBLIC or furnished.role not in policy.holders(route.permission):
                continue
            if endpoint in BY_KEY:
                continue
            with tenancy.within(furnished.town.id):
                variants = list(
                    MOVES[endpoint](furnished) if endpoint in MOVES else _one(furnished, endpoint, route)
                )
            for values, holds in variants:
                address = _address(app, endpoint, route, furnished.town, values)
                yield from (
                    Asked(endpoint, route.permission, method, address, holds) for method in route.methods
                )


def _one(furnished: Furnished, endpoint: str, route: Route) -> Iterator[tuple[dict[str, Any], bool]]:
    names = re.findall(r"<(?:\w+:)?(\w+)>", route.path)
    yield {name: furnished.value(name, endpoint, route) for name in names}, True


def _moves(furnished: Furnished) -> Iterator[tuple[dict[str, Any], bool]]:
    for verb in PAGES:
        move = move_of(verb)
        takes_back = verb == "correct" and furnished.role == "decision_maker"
        # Steering and experts see a case only while it waits for a decision.
        watches = furnished.role in ("steering", "expert")
        state = "recommendation" if watches else "refused" if takes_back else move.sources[0]
        case = furnished.case(state, own=False)
        if verb in CHANGE_ANSWERS and not watches:
            propose_change(case)
        number = (case.number or "").lower()
        yield (
            {"number": number, "verb": verb.replace("_", "-")},
            furnished.role in policy.holders(move.permission),
        )


def propose_change(case: Initiative) -> None:
    """Let its author propose a change, once."""
    author = Actor(municipality_id=case.municipality_id, cases=frozenset({case.about}))
    asked = services.ChangeAsked(ChangeOf.WORK, "Dwie ławki.", "Jedna to za mało.")
    services.propose_change(author, case.id, asked, "change")


def _article_moves(furnished: Furnished) -> Iterator[tuple[dict[str, Any], bool]]:
    for move in ARTICLES.moves:
        # What is scheduled needs a day to come, and can be published at once like a draft.
        if move.verb == "unschedule":
            continue
        values = {"article_id": furnished.article(move.sources[0]).id, "verb": move.verb}
        yield values, furnished.role in policy.holders(move.permission)


MOVES: dict[str, Callable[[Furnished], Iterator[tuple[dict[str, Any], bool]]]] = {
    "initiatives.move": _moves,
    "articles.move": _article_moves,
}
"""Pages that ask for the permission of a verb."""


def _address(app: Flask, endpoint: str, route: Route, town: Town, values: dict[str, Any]) -> str:
    place: dict[str, Any] = {"town": town.slug} if route.place is Place.TOWN else {}
    with app.test_request_context("/en/"):
        return url_for(endpoint, lang="en", **place, **values)


def ask(client: Browser, asked: Asked) -> TestResponse:
    """The answer to a question; a button is pressed on the page it stands on, with the token it holds."""
    data = {}
    if asked.method == "POST" and asked.endpoint in PRESSED:
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(FORM).text)
        assert found
        data = {"csrf_token": found[1]}
    return client.open(asked.address, method=asked.method, data=data, headers=OUR_OWN)


def is_refused(answer: TestResponse) -> bool:
    """Whether somebody was turned away, or sent to prove who they are."""
    return answer.status_code in (401, 403, 404) or bool(SIGN_IN.search(answer.headers.get("Location", "")))


def expected(asked: Asked) -> tuple[int, str]:
    """The status a rights-holder is answered with, and the reason if it is not that of a page."""
    if asked.method == "POST" and asked.endpoint in PRESSED:
        return PRESSED[asked.endpoint], "after the button"
    return OTHERWISE.get((asked.method, asked.endpoint), (PAGE[asked.method], ""))


@pytest.mark.usefixtures("providers")
@pytest.mark.parametrize("role", ROLES)
def test_whoever_holds_a_right_gets_in(
    role: str, app: Flask, client: Browser, town: Town, sign_in: Callable[[Browser, Actor], None]
) -> None:
    actor = make_actor(role, town)
    if actor.user_id is not None:
        complete(actor.user_id)
    furnished = Furnished(town, role, actor)
    asked = sorted(questions(app, furnished), key=lambda question: question.endpoint == SIGNED_OUT_BY)
    own = frozenset(case.about for (_, own), case in furnished.cases.items() if own)
    sign_in(client, replace(actor, cases=own) if role == "visitor" else actor)
    wrong = []
    for question in asked:
        answer, (status, why) = ask(client, question), expected(question)
        told = f"{question.method} {question.address} answers {answer.status} to {role}"
        if question.holds != (not is_refused(answer)):
            wrong.append(told)
        elif question.holds and answer.status_code != status:
            wrong.append(f"{told}, not {status} {why}")
    count("F8", f"granted {role}", len(asked), len(wrong))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PORTAL_OPERATOR])
def test_nobody_gets_in_with_a_right_of_another_town(
    role: Role,
    app: Flask,
    client: Browser,
    town: Town,
    other_town: Town,
    sign_in: Callable[[Browser, Actor], None],
) -> None:
    actor = make_actor(role, town)
    asked = [
        question
        for question in questions(app, Furnished(other_town, role, actor))
        # What residents may do they may everywhere, with an account from anywhere.
        if not EVERYBODY & policy.holders(question.permission)
    ]
    assert asked
    sign_in(client, actor)
    got_in = [
        f"{question.method} {question.address}" for question in asked if not is_refused(ask(client, question))
    ]
    count("F8", f"elsewhere {role}", len(asked), len(got_in))
    assert not got_in, "\n".join(got_in)


def test_every_permission_of_a_route_is_granted_to_somebody(portal: Flask) -> None:
    """Or the questions above would be asked of nobody."""
    asked = {route.permission for module in registry.modules for route in module.routes} - {PUBLIC}
    assert {key for key in asked if not policy.holders(key) & set(ROLES)} == set()


def test_reasons_name_routes_there_are(portal: Flask) -> None:
    known = {(way, f"{m.name}.{r.endpoint}") for m in registry.modules for r in m.routes for way in r.methods}
    assert OTHERWISE.keys() | {("POST", name) for name in PRESSED} <= known
