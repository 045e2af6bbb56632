"""The officer's pages: periods, readings, requests."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.registry import registry
from portal.core.tenancy import Town
from portal.privacy import rules
from portal.privacy.models import DataRequest
from tests.factories.actors import make_session
from tests.factories.browser import Browser
from tests.factories.initiatives import CODE, make_initiative
from tests.portal.privacy.conftest import PHONE, author_of

DESK = "/en/lublin/desk/privacy"
ActorAs = Callable[..., Actor]


@pytest.fixture
def officer(client: Browser, sign_in: Callable[..., None], actor_as: ActorAs) -> Actor:
    """A data-protection officer of Lublin, signed in."""
    actor = actor_as("dpo", name="Robert Próbny")
    sign_in(client, actor)
    return actor


def only_request() -> DataRequest:
    db.session.rollback()
    return db.session.scalars(select(DataRequest)).one()


def test_the_page_and_both_notices_print_the_same_periods(
    client: Browser, town: Town, officer: Actor
) -> None:
    pages = [client.get(path).text for path in (DESK, "/en/lublin/privacy", "/en/privacy")]
    for record in registry.retentions():
        period = str(record.period)
        assert period in pages[0], record.key
        if record.asked:
            assert all(period in page for page in pages), record.key
    assert "Until 12 months after the case has ended" in pages[1]


def test_what_is_due_is_counted(client: Browser, town: Town, officer: Actor, frozen: Any) -> None:
    frozen("2025-03-02 10:00")
    make_initiative(town, "confirmed")
    frozen("2026-11-28 10:00")
    client.set_cookie("portal", make_session(officer))
    assert '<td data-label="Due now" class="number">1</td>' in client.get(DESK).text
    assert "It has not run here yet." in client.get(DESK).text


def test_readings_are_listed_and_filtered(client: Browser, town: Town, officer: Actor, read: Any) -> None:
    case = make_initiative(town, "submitted")
    reader = read(1, case=case)
    page = client.get(f"{DESK}/readings").text
    for words in (reader.name, case.number, "kontrola", "Contact data of an author"):
        assert str(words) in page
    assert "kontrola" in client.get(f"{DESK}/readings?case={(case.number or '').lower()}").text
    assert "No readings" in client.get(f"{DESK}/readings?case=LUB-I-2020-0001").text
    assert "No readings" in client.get(f"{DESK}/readings?who={officer.user_id}").text


def test_unusual_readers_stand_at_the_top(client: Browser, town: Town, officer: Actor, read: Any) -> None:
    reader = read(41)
    page = client.get(f"{DESK}/readings").text
    assert "Unusually many" in page
    assert f"{reader.name}</a>: 41 readings" in page


@pytest.mark.parametrize("query", ["who=x", "who=-1", "before=x", "who=" + "9" * 30, "before=%00"])
def test_numbers_that_name_nothing_are_not_there(
    client: Browser, town: Town, officer: Actor, query: str
) -> None:
    assert client.get(f"{DESK}/readings?{query}").status_code == 404


def test_a_request_goes_from_looking_up_to_erased(
    client: Browser, town: Town, officer: Actor, filed: Any
) -> None:
    case = filed(with_code=True)
    asked = {"number": case.number, "code": CODE, "proof": "code"}
    answer = client.submit(f"{DESK}/requests", asked)
    assert answer.status_code == 303
    row = only_request()
    here = answer.location
    assert str(row.id) in here
    assert "anna" not in here
    page = client.get(here)
    assert page.headers["Cache-Control"] == "no-store"
    assert "anna@people.example" not in page.text  # Found by the code: only what was typed is shown.
    erased = client.submit(f"{here}/erase", {"sure": "y"})
    assert erased.status_code == 303
    done = client.get(here).text
    assert "Erased on" in done
    for part in (
        "What was erased",
        "Initiatives, comments, supports and follows: 1 record",
        "What was kept, and why",
    ):
        assert part in done
    assert "Requests about your data" not in done
    assert author_of(case).email is None
    assert only_request().who is None


def test_a_copy_comes_as_a_file_and_as_a_page(
    client: Browser, town: Town, officer: Actor, filed: Any, token: Any
) -> None:
    filed()
    here = client.submit(f"{DESK}/requests", {"email": "anna@people.example", "proof": "document"}).location
    csrf = token(here)
    # The officer reads about somebody else: no record may be titled "sent to you".
    assert "Messages sent" in client.get(here).text
    assert "to you" not in client.get(here).text.split("<tbody>")[1].split("</tbody>")[0]
    file = client.post(f"{here}/copy", data={"csrf_token": csrf, "as": "file"})
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["Cache-Control"] == "no-store"
    records = json.loads(file.text)
    assert PHONE in str(records)
    page = client.post(f"{here}/copy", data={"csrf_token": csrf, "as": "page"})
    assert PHONE in page.text
    assert 'Phone number <code class="small" lang="en">phone</code>' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert client.get(f"{here}/copy").location == here


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Write an e-mail address, a phone number, or the number and code of a case."),
        ({"email": "x"}, "Write the whole address"),
        ({"phone": "12"}, "Write a Polish or Czech number"),
        ({"number": "LUB"}, "Write the number as on the receipt"),
        ({"number": "LUB-I-2026-0001", "code": "x"}, "Write the sixteen signs"),
        ({"email": "nikt@people.example"}, "Nothing is kept under this here."),
    ],
)
def test_what_cannot_be_looked_up_keeps_what_was_typed(
    client: Browser, town: Town, officer: Actor, fields: dict[str, str], words: str
) -> None:
    answer = client.submit(f"{DESK}/requests", {"proof": "document", **fields})
    assert answer.status_code == 422
    assert words in answer.text
    for value in fields.values():
        assert f'value="{value}"' in answer.text


def test_a_proof_is_asked(client: Browser, town: Town, officer: Actor) -> None:
    answer = client.submit(f"{DESK}/requests", {"email": "anna@people.example"})
    assert answer.status_code == 422
    assert "Choose how they proved who they are." in answer.text


def test_an_erasure_takes_a_tick(client: Browser, town: Town, officer: Actor, filed: Any) -> None:
    case = filed()
    here = client.submit(f"{DESK}/requests", {"email": "anna@people.example", "proof": "document"}).location
    refused = client.submit(f"{here}/erase", {"sure": "false"})
    assert refused.status_code == 422
    assert author_of(case).email == "anna@people.example"


def test_the_second_person_confirms_and_the_first_cannot(
    client: Browser,
    town: Town,
    officer: Actor,
    filed: Any,
    actor_as: ActorAs,
    sign_in: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "MASS_RECORDS", 1)
    case = filed()
    here = client.submit(f"{DESK}/requests", {"email": "anna@people.example", "proof": "document"}).location
    client.submit(f"{here}/erase", {"sure": "y"})
    assert "You asked for it; somebody else has to confirm it." in client.get(here).text
    assert client.get(f"{here}/erase").status_code == 403
    assert author_of(case).email == "anna@people.example"
    sign_in(client, actor_as("admin"))
    assert client.submit(f"{here}/erase", {"sure": "y"}).status_code == 303
    assert author_of(case).email is None


def test_a_request_of_another_town_is_not_there(
    client: Browser, town: Town, other_town: Town, officer: Actor, filed: Any
) -> None:
    filed()
    client.submit(f"{DESK}/requests", {"email": "anna@people.example", "proof": "document"})
    with tenancy.within(town.id):
        number = only_request().id
    assert client.get(f"/en/ostrava-jih/desk/privacy/requests/{number}").status_code in (403, 404)


@pytest.mark.parametrize("role", ["admin"])
def test_the_administrator_handles_requests_but_reads_no_log(
    client: Browser, town: Town, actor_as: ActorAs, sign_in: Callable[..., None], role: str
) -> None:
    sign_in(client, actor_as(role))
    assert client.get(f"{DESK}/requests").status_code == 200
    assert client.get(f"{DESK}/readings").status_code == 403
    assert client.get(DESK).status_code == 403


def test_open_requests_wait_on_the_desk_with_the_day_of_the_law(
    client: Browser, town: Town, officer: Actor, filed: Any, frozen: Any
) -> None:
    filed()
    here = client.submit(f"{DESK}/requests", {"email": "anna@people.example", "proof": "document"}).location
    assert here in client.get("/en/lublin/desk").text
    assert "anna" not in client.get("/en/lublin/desk").text
    client.submit(f"{here}/erase", {"sure": "y"})
    assert here not in client.get("/en/lublin/desk").text
