"""The door of the portal: where a request comes from, which host it names, what its address may hold."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from initiatives.models import Initiative
from portal.content.models import Comment
from portal.core.actor import Actor
from portal.core.db import db, refuse_writing, writing
from portal.core.errors import Conflict
from portal.core.tenancy import Town
from portal.core.throttle import Limit
from portal.ui.http import NumberConverter
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative


@pytest.mark.parametrize("host", ["[", "[::1", "elsewhere.example", "localhost:port", ""])
def test_an_unknown_or_broken_host_is_not_the_portal(client: Browser, host: str) -> None:
    assert client.get("/en/", headers={"Host": host}).status_code == 404


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        ("http://localhost/en/lublin/initiatives?q=a%20b", "/en/lublin/initiatives?q=a%20b"),
        ("http://localhost/en/nothing-here", ""),  # The very page.
        ("http://localhost//elsewhere.example/", ""),
        ("http://elsewhere.example/en/", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_a_refusal_leads_back_to_the_page_before_if_it_was_ours(
    client: Browser, town: Town, referrer: str, back: str
) -> None:
    text = client.get("/en/nothing-here", headers={"Referer": referrer}).text
    found = re.findall(r'href="([^"]+)">Back to the page before', text)
    assert found == ([back] if back else [])


@pytest.mark.parametrize("origin", ["http://[", "null", "http://elsewhere.example", "ftp", ""])
def test_a_form_of_another_origin_is_refused(client: Browser, origin: str) -> None:
    assert client.post("/en/sign-in", headers={"Origin": origin}).status_code == 403


def test_a_form_of_our_own_origin_passes_the_door(client: Browser) -> None:
    # It fails at the next check, that of the token.
    assert client.post("/en/sign-in", headers={"Origin": "http://localhost"}).status_code == 422


@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "9" * 5000])
@pytest.mark.parametrize("path", ["initiatives/lub-i-2026-0001/files/{}", "initiatives/lub-i-2026-{}"])
def test_a_number_that_no_database_holds_names_nothing(
    client: Browser, town: Town, path: str, number: str
) -> None:
    assert client.get(f"/en/{town.slug}/{path.format(number)}").status_code == 404


@pytest.mark.parametrize(("number", "status"), [(2**62 - 1, 200), (2**63 - 1, 200), (2**63, 404)])
def test_an_address_takes_every_id_a_row_may_have(number: int, status: int) -> None:
    app = Flask(__name__)
    app.url_map.converters["int"] = NumberConverter
    app.add_url_rule("/<int:row>", view_func="{row}".format)
    assert app.test_client().get(f"/{number}").status_code == status


def test_headers_asked_alone_are_those_of_the_page(client: Browser, town: Town) -> None:
    for path in ("/en/", f"/en/{town.slug}/initiatives", "/en/sign-in"):
        page, alone = client.get(path), client.head(path)
        assert alone.headers["Cache-Control"] == page.headers["Cache-Control"], path


IDEA = {"title": "Ławka przy przystanku", "text": "Przy przystanku nie ma gdzie usiąść, a czeka się długo."}


def test_form_of_a_page_too_old_comes_back_with_everything_typed(client: Browser, town: Town) -> None:
    answer = client.post("/cs/lublin/initiatives/new", data={**IDEA, "csrf_token": "of-yesterday"})
    assert answer.status_code == 422
    assert IDEA["text"] in answer.text
    assert IDEA["title"] in answer.text
    assert "příliš dlouho" in answer.text
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Initiative)) == 0
    # With the token of that answer it goes through.
    again = client.submit("/cs/lublin/initiatives/new", {**IDEA, "category": "greenery"})
    assert again.status_code == 303


def test_address_without_a_form_refuses_a_forged_post(client: Browser, town: Town) -> None:
    assert client.post("/en/sign-out", data={"csrf_token": "forged"}).status_code == 400


def test_nothing_is_written_by_a_request_whose_token_is_wrong(app: Flask) -> None:
    with app.app_context():
        refuse_writing(Conflict())
        with pytest.raises(Conflict), writing():
            pytest.fail("nothing may be written")
    with app.app_context(), writing():
        pass  # Only that request was refused.


def test_comment_written_before_the_session_ended_is_kept(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: Callable[[Browser, Actor], None]
) -> None:
    path = f"/pl/lublin/initiatives/{make_initiative(town).number.lower()}/comment"
    said = {"stance": "for", "text": "Popieram, bo sam tam czekam.", "password": "tajne hasło"}
    answer = client.post(path, data=said)
    assert answer.status_code == 403
    assert said["text"] in answer.text
    assert f'action="{path}"' in answer.text
    assert "tajne" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    sign_in(client, actor_as("resident"))
    assert said["text"] in client.post(path, data=said).text
    assert client.submit(path, {"stance": "for", "text": said["text"]}).status_code == 303
    db.session.rollback()
    assert db.session.scalars(select(Comment.text)).all() == [said["text"]]


def test_button_without_words_leads_straight_to_signing_in(client: Browser, town: Town) -> None:
    path = f"/pl/lublin/initiatives/{make_initiative(town).number.lower()}/support"
    answer = client.post(path, data={"wanted": "on"})
    assert answer.status_code == 303
    assert answer.location.startswith("/pl/sign-in?next=")


def test_what_a_throttle_refuses_is_kept_with_the_time_to_wait(
    client: Browser, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.core.throttle.FORM_NETWORK", Limit("form-network", 1, 3600))
    sent = {**IDEA, "category": "greenery"}
    assert client.submit("/en/lublin/initiatives/new", sent).status_code == 303
    answer = client.submit("/en/lublin/initiatives/new", sent)
    assert answer.status_code == 429
    assert IDEA["text"] in answer.text
    assert "Wait 60 minutes." in answer.text
    assert int(answer.headers["Retry-After"]) > 3500


def test_words_of_an_author_whose_case_closed_meanwhile_are_kept(client: Browser, town: Town) -> None:
    number = make_initiative(town, "returned").number.lower()
    said = {"title": "Ławka", "text": "Uzupełniony opis, pisany przez pół godziny."}
    answer = client.post(f"/pl/lublin/initiatives/{number}/complete", data=said)
    assert answer.status_code == 404
    assert said["text"] in answer.text
    assert 'href="/pl/follow" target="_blank"' in answer.text
    # Somebody else's case and none at all are answered alike.
    nobodys = client.post("/pl/lublin/initiatives/lub-i-2026-9999/complete", data=said)
    assert nobodys.status_code == 404
    assert said["text"] in nobodys.text


def test_who_finds_no_page_is_told_how_to_open_their_own_case(client: Browser, town: Town) -> None:
    hidden = make_initiative(town, "submitted").number.lower()
    for path in (f"initiatives/{hidden}", "initiatives/lub-i-2026-9999", "nowhere"):
        answer = client.get(f"/en/lublin/{path}")
        assert answer.status_code == 404
        main = answer.text.partition("<main")[2].partition("</main>")[0]
        assert 'href="/en/follow"' in main


def test_author_by_code_of_a_public_case_may_open_it_again_or_sign_in(client: Browser, town: Town) -> None:
    path = f"/pl/lublin/initiatives/{make_initiative(town, 'refused').number.lower()}/appeal"
    answer = client.post(path, data={"note": "Miejsce jest po drugiej stronie ulicy."})
    assert answer.status_code == 403
    assert "Miejsce jest po drugiej stronie ulicy." in answer.text
    assert 'href="/pl/follow" target="_blank"' in answer.text
    assert 'href="/pl/sign-in" target="_blank"' in answer.text
    assert client.get(path).location == f"/pl/sign-in?next={path}"


def test_what_is_missing_elsewhere_is_no_case_to_be_opened(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: Callable[[Browser, Actor], None]
) -> None:
    sign_in(client, actor_as("resident"))
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/pl/account/sessions").text)
    assert token
    answer = client.post("/pl/account/sessions", data={"device": "12345", "csrf_token": token[1]})
    assert answer.status_code == 404
    assert 'href="/pl/follow" target="_blank"' not in answer.text


def test_address_that_only_takes_forms_leads_its_reader_to_the_page_above(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: Callable[..., None]
) -> None:
    sign_in(client, actor_as("admin"))
    answer = client.get("/cs/lublin/desk/messages/settings/stop")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/cs/lublin/desk/messages/settings")
    # What another program asks for is told that it asks in the wrong way.
    assert client.delete("/cs/lublin/desk/messages/settings").status_code == 405
    assert client.get("/csp-report").status_code == 405
