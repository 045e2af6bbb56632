"""Desks of staff, and the portal operator's view."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from portal.core import clock, jobs, tenancy
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.jobs import Job
from portal.core.registry import Fact, Module, WorkItem, WorkList, registry
from portal.core.tenancy import Town
from portal.pages import queries
from portal.pages.policy import STAFF
from portal.pages.rules import Health
from tests.factories.browser import Browser

SignIn = Callable[[Browser, Actor], None]
ActorAs = Callable[..., Actor]
OPERATOR_PATHS = ("portal", "portal/health", "portal/jobs", "portal/municipalities")


def todo(_actor: Actor, limit: int) -> list[WorkItem]:
    return [WorkItem(f"Ławka {n}", f"/pl/case/{n}", "submitted", date(2026, 11, 25)) for n in range(limit)]


def late(_actor: Actor, limit: int) -> list[WorkItem]:
    return [
        WorkItem("Kosz <b>", "/pl/case/9", "published", date(2026, 11, 2), late=True, note="LUB-I-2026-0042")
    ][:limit]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two work lists and a figure in the place of those of the installed modules."""
    module = Module(
        name="stub",
        title="Stub",
        work=(
            WorkList("todo", "To do", "desk.open", lambda _: 7, todo),
            WorkList("late", "Overdue", "desk.open", lambda _: 1, late, late=True),
            WorkList("secret", "Not for you", "portal.operate", lambda _: 3, todo),
        ),
        facts=(Fact("Initiatives filed", lambda: 220),),
    )
    menus = tuple(Module(name=m.name, title=m.title, menu=m.menu) for m in registry.modules)
    monkeypatch.setattr(registry, "modules", (*menus, module))


@pytest.mark.parametrize("path", ["desk", "lublin/desk", *OPERATOR_PATHS])
def test_visitors_are_asked_to_sign_in(client: Browser, town: Town, path: str) -> None:
    answer = client.get(f"/pl/{path}")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(("/pl/sign-in?next=", "/pl/sign-in/staff?next="))


@pytest.mark.parametrize("path", ["lublin/desk", *OPERATOR_PATHS])
def test_residents_are_refused(
    client: Browser, town: Town, actor_as: ActorAs, sign_in: SignIn, path: str
) -> None:
    sign_in(client, actor_as("resident"))
    assert client.get(f"/pl/{path}").status_code == 403


@pytest.mark.parametrize("role", STAFF)
def test_every_role_of_an_office_opens_its_desk(
    client: Browser, actor_as: ActorAs, sign_in: SignIn, role: str
) -> None:
    sign_in(client, actor_as(role))
    answer = client.get("/pl/lublin/desk")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.count("<h1") == 1


def test_a_role_elsewhere_opens_no_desk_here(
    client: Browser, actor_as: ActorAs, sign_in: SignIn, other_town: Town
) -> None:
    sign_in(client, actor_as("leader", other_town))
    assert client.get("/pl/lublin/desk").status_code == 403
    assert client.get("/pl/ostrava-jih/desk").status_code == 200


def test_the_desk_shows_what_waits_late_first(
    client: Browser, work: None, actor_as: ActorAs, sign_in: SignIn
) -> None:
    sign_in(client, actor_as("reviewer"))
    text = client.get("/en/lublin/desk").text
    assert text.index('id="late"') < text.index('id="todo"')
    assert text.count("Ławka") == queries.ITEMS_SHOWN
    assert "The first 5 of 7" in text
    assert "Kosz &lt;b&gt;" in text
    assert "LUB-I-2026-0042" in text
    assert "220" in text
    assert "Not for you" not in text
    assert "Nothing waits for you" not in text


def test_an_empty_desk_says_so(
    client: Browser, monkeypatch: pytest.MonkeyPatch, actor_as: ActorAs, sign_in: SignIn
) -> None:
    monkeypatch.setattr(queries, "waiting", lambda actor, limit=5: [])
    sign_in(client, actor_as("reviewer"))
    assert "Nothing waits for you" in client.get("/en/lublin/desk").text


def test_my_desks_are_those_of_my_roles(
    client: Browser, work: None, actor_as: ActorAs, sign_in: SignIn, other_town: Town
) -> None:
    sign_in(client, actor_as("reviewer"))
    text = client.get("/en/desk").text
    assert "/en/lublin/desk#late" in text
    assert "ostrava-jih" not in text


def test_without_a_role_there_is_no_dead_end(client: Browser, actor_as: ActorAs, sign_in: SignIn) -> None:
    sign_in(client, actor_as("resident"))
    text = client.get("/en/desk").text
    assert "/en/municipalities" in text
    sign_in(client, actor_as("portal_operator"))
    assert 'href="/en/portal"' in client.get("/en/desk").text


@pytest.fixture
def operator(client: Browser, actor_as: ActorAs, sign_in: SignIn) -> Browser:
    sign_in(client, actor_as("portal_operator"))
    return client


@pytest.mark.parametrize("path", OPERATOR_PATHS)
def test_the_operator_sees_the_installation(operator: Browser, path: str) -> None:
    answer = operator.get(f"/en/{path}")
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
    assert 'href="/en/portal/jobs"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_operator_opens_no_desk_of_a_town(operator: Browser) -> None:
    assert operator.get("/en/lublin/desk").status_code == 403


@pytest.mark.parametrize(
    ("health", "value", "words"),
    [
        (Health.WARNING, 7200, "The oldest message has been waiting for 120 minutes."),
        (Health.FAILED, None, "The waiting messages cannot be counted."),
    ],
)
def test_what_is_unwell_is_said(
    operator: Browser, monkeypatch: pytest.MonkeyPatch, health: Health, value: int | None, words: str
) -> None:
    monkeypatch.setattr(queries, "checks", lambda: [queries.Check("messages", health, value)])
    assert words in operator.get("/en/portal/health").text
    assert "All parts of the installation are well." not in operator.get("/en/portal").text


def test_every_part_can_fail_on_the_page(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [queries.Check(key, Health.FAILED) for key in ("database", "migrations", "disk", "messages")]
    monkeypatch.setattr(queries, "checks", lambda: broken)
    assert operator.get("/en/portal/health").text.count("failed</strong>") == 4


def dead_letter(town_id: int | None) -> int:
    with writing():
        jobs.enqueue("stub.kind", {"to": "ewa@people.example"}, dedupe="stub")
        job: Any = db.session.query(Job).filter_by(dedupe="stub").one()
        job.municipality_id = town_id
        job.dead_at, job.tries, job.last_error = clock.now(), 20, "SMTPError: ewa@people.example refused"
        return int(job.id)


def test_a_dead_letter_is_shown_without_addresses_and_revived(operator: Browser, town: Town) -> None:
    job_id = dead_letter(town.id)
    text = operator.get("/en/portal/jobs").text
    assert "stub.kind" in text
    assert "SMTPError" in text
    assert "ewa@people.example" not in text
    token = re.search(
        r'action="/en/portal/jobs/\d+/revive">\s*<input type="hidden" name="csrf_token" value="([^"]+)"', text
    )
    assert token
    answer = operator.post(f"/en/portal/jobs/{job_id}/revive", data={"csrf_token": token[1]})
    assert answer.status_code == 303
    after = operator.get(answer.headers["Location"]).text
    assert "It will be tried again at once." in after
    assert "stub.kind" not in after
    assert operator.post(f"/en/portal/jobs/{job_id}/revive", data={"csrf_token": token[1]}).status_code == 404


def test_reviving_needs_a_token(operator: Browser, town: Town) -> None:
    assert operator.post(f"/en/portal/jobs/{dead_letter(None)}/revive").status_code == 400


GOOD = {"name": "Opava", "slug": "opava", "country": "CZ", "centre": "49.938, 17.903", "code": "opa"}


def test_the_operator_founds_a_municipality_by_form(operator: Browser) -> None:
    answer = operator.submit("/en/portal/municipalities", GOOD)
    assert answer.status_code == 303, answer.text
    tenancy.forget_towns()
    assert tenancy.town("opava").code == "OPA"
    assert "Opava has been founded" in operator.get(answer.headers["Location"]).text
    assert answer.headers["Location"] == "/en/opava/desk/settings/name?setup=1"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Give the municipality a name."),
        ("slug", "", "Write the short name"),
        ("centre", "", "Write latitude and longitude"),
        ("slug", "search", "already an address"),
        ("slug", "lublin", "already a municipality"),
        ("centre", "here", "Write latitude and longitude"),
        ("centre", "17.903,49.938", "latitude first"),
        ("code", "LUB", "belongs to Lublin already"),
    ],
)
def test_a_form_with_a_fault_keeps_what_was_typed(
    operator: Browser, town: Town, field: str, value: str, words: str
) -> None:
    answer = operator.submit("/en/portal/municipalities", {**GOOD, field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="49.938, 17.903"' in answer.text or field == "centre"
    assert answer.text.count("<h1") == 1
    assert "opava" not in tenancy.towns()
