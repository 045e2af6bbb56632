"""The staff pages of messages, through the browser."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.registry import registry
from portal.core.tenancy import Town
from portal.notify.desk.lists import masked
from portal.notify.kinds import Delivery
from portal.notify.models import Notice

Write = Callable[..., None]
Outbox = Callable[[], list[Any]]
Run = Callable[[], int]
LIST = "/pl/lublin/desk/messages"


@pytest.fixture
def leader(client: Any, sign_in: Callable[..., None], actor_as: Callable[..., Any]) -> Any:
    """The browser of a team leader of Lublin."""
    sign_in(client, actor_as("leader"))
    return client


def put(state: Delivery) -> None:
    with writing():
        db.session.execute(update(Notice).values(state=state))


def test_the_list_shows_whom_what_and_how(town: Town, write: Write, run_jobs: Run, leader: Any) -> None:
    write()
    run_jobs()
    page = leader.get(LIST)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "j…@people.example" in page.text
    assert "jan@people.example" not in page.text
    assert "Plain 100 % words" in page.text
    assert page.text.count("<h1") == 1


def test_whole_address_is_shown_on_its_own_page_and_the_reading_is_logged(
    town: Town, write: Write, outbox: Outbox, leader: Any
) -> None:
    write()
    here = f"{LIST}/{outbox()[0].id}"
    assert "jan@people.example" not in leader.get(here).text
    refused = leader.submit(here, {"why-reason": "", "why-words": ""})
    assert refused.status_code == 422
    assert "jan@people.example" not in refused.text
    assert leader.submit(here, {"why-reason": "other", "why-words": ""}).status_code == 422
    db.session.rollback()
    opened = select(AuditEntry).where(AuditEntry.code == "message.opened")
    assert db.session.scalars(opened).all() == []
    page = leader.submit(here, {"why-reason": "fault", "why-words": "odbite"})
    assert "jan@people.example" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    db.session.rollback()
    read = db.session.scalars(opened).one()
    assert read.subject == f"message:{outbox()[0].id}"
    assert read.user_id is not None
    assert (read.details["reason"], read.details["words"]) == ("fault", "odbite")


def test_the_address_of_a_message_alone_leads_back_to_it(
    town: Town, write: Write, outbox: Outbox, leader: Any
) -> None:
    write()
    here = f"{LIST}/{outbox()[0].id}"
    answer = leader.get(f"{here}/address")
    assert (answer.status_code, answer.location) == (303, here)


@pytest.mark.parametrize(
    ("contact", "seen"),
    [
        ("ewa@poczta.example", "e…@poczta.example"),
        ("+48600100200", "…200"),
        ("+48 00 100 00 22", "…022"),
        ("Ewa Sadowa", "E…"),
        ("", ""),
    ],
)
def test_lists_show_no_whole_contact(contact: str, seen: str) -> None:
    assert masked(contact) == seen


@pytest.mark.parametrize("box", ["waiting", "failed", "dead", "letters", "calls", "sent", "done", "all"])
def test_every_box_opens_also_when_empty(town: Town, leader: Any, box: str) -> None:
    assert leader.get(f"{LIST}?box={box}").status_code == 200


@pytest.mark.parametrize("query", ["box=nonsense", "page=nonsense"])
def test_an_address_we_did_not_write_is_not_found(town: Town, leader: Any, query: str) -> None:
    assert leader.get(f"{LIST}?{query}").status_code == 404


def test_the_list_goes_on(town: Town, write: Write, leader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(31):
        write(email=f"person@p{number}.example")
    first = leader.get(LIST).text
    assert "@p0.example" not in first
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = leader.get(older).text
    assert "@p0.example" in second
    assert 'rel="prev"' in second


def test_a_dead_letter_is_sent_again(
    town: Town, write: Write, run_jobs: Run, outbox: Outbox, leader: Any
) -> None:
    write()
    run_jobs()
    put(Delivery.DEAD)
    address = f"{LIST}/{outbox()[0].id}"
    page = leader.get(address)
    answer = leader.submit(address, {"website": ""})
    assert page.status_code == 200
    assert answer.status_code == 303
    assert run_jobs() == 1
    assert outbox()[0].state is Delivery.SENT
    assert leader.get(answer.headers["Location"]).status_code == 200


def test_a_broken_form_changes_nothing(
    town: Town, write: Write, run_jobs: Run, outbox: Outbox, leader: Any
) -> None:
    write()
    run_jobs()
    put(Delivery.DEAD)
    answer = leader.submit(f"{LIST}/{outbox()[0].id}", {"website": "a\x00b"})
    assert answer.status_code == 422
    assert outbox()[0].state is Delivery.DEAD


def test_a_sent_message_offers_no_button_and_refuses_the_post(
    town: Town, write: Write, run_jobs: Run, outbox: Outbox, leader: Any
) -> None:
    write()
    run_jobs()
    address = f"{LIST}/{outbox()[0].id}"
    assert "/resend" not in leader.get(address).text
    assert leader.post(f"{address}/resend").status_code == 400
    assert outbox()[0].state is Delivery.SENT


def test_a_letter_is_ticked_off_with_a_note(
    town: Town, write: Write, run_jobs: Run, outbox: Outbox, leader: Any
) -> None:
    write(postal="Jan Próbny\nul. Próbna 1")
    run_jobs()
    address = f"{LIST}/{outbox()[0].id}"
    assert "ul. Próbna 1" in leader.get(address).text
    assert leader.submit(address, {"note": "Posted on Monday"}).status_code == 303
    assert outbox()[0].state is Delivery.DONE
    assert "Posted on Monday" in leader.get(address).text


def test_too_long_a_note_is_shown_again(
    town: Town, write: Write, run_jobs: Run, outbox: Outbox, leader: Any
) -> None:
    write(phone="+48817654321")
    run_jobs()
    address = f"{LIST}/{outbox()[0].id}"
    answer = leader.submit(address, {"note": "x" * 501})
    assert answer.status_code == 422
    assert "x" * 501 in answer.text
    assert "govuk-error-summary" in answer.text
    assert outbox()[0].state is Delivery.WAITING


def test_a_message_without_text_yet_opens(town: Town, write: Write, outbox: Outbox, leader: Any) -> None:
    write()
    assert leader.get(f"{LIST}/{outbox()[0].id}").status_code == 200


def test_another_towns_message_is_not_found(
    town: Town, other_town: Town, write: Write, outbox: Outbox, leader: Any
) -> None:
    write()
    assert leader.get(f"/pl/ostrava-jih/desk/messages/{outbox()[0].id}").status_code in (403, 404)
    assert leader.get(f"{LIST}/1").status_code == 404


def test_only_the_team_enters(
    town: Town, client: Any, sign_in: Callable[..., None], actor_as: Callable[..., Any]
) -> None:
    assert client.get(LIST).status_code == 303
    for role, status in {"editor": 403, "admin": 403, "operator": 200, "reviewer": 200}.items():
        browser = client.application.test_client()
        sign_in(browser, actor_as(role))
        assert browser.get(LIST).status_code == status


def test_the_first_page_of_the_desk_gets_its_work(
    app: Any, town: Town, write: Write, run_jobs: Run, actor_as: Callable[..., Any]
) -> None:
    write(postal="Jan\nul. Próbna 1")
    write(phone="+48817654321")
    write(email="x@people.example")
    run_jobs()
    with writing():
        db.session.execute(update(Notice).where(Notice.channel == "mail").values(state=Delivery.DEAD))
    actor = actor_as("leader")
    lists = {work.key: work for module in registry.modules for work in module.work}
    with app.test_request_context("/pl/lublin/desk"):
        app.preprocess_request()
        for key, note in (("messages.letters", "J…"), ("messages.calls", "…321")):
            assert lists[key].count(actor) == 1
            assert [item.note for item in lists[key].items(actor, 5)] == [note]
        assert lists["messages.undecided"].count(actor) == 0
        with writing():
            db.session.execute(update(Notice).where(Notice.channel == "phone").values(unreached=2))
        assert lists["messages.undecided"].count(actor) == 1
        assert [item.note for item in lists["messages.undecided"].items(actor, 5)] == ["…321"]
        assert lists["messages.dead"].count(actor) == 1
        (item,) = lists["messages.dead"].items(actor, 5)
        assert item.late
        assert item.href.startswith(LIST)
