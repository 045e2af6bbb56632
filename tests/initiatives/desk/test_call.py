"""A call: one page, a receipt with number and code, and nothing asked that is not needed."""

import pytest
from sqlalchemy import select

from initiatives.models import Initiative
from portal.core.actor import Channel
from portal.core.db import db
from tests.factories.initiatives import make_initiative

CALL = "/en/lublin/desk/initiatives/call"
SAID = {
    "channel": "phone",
    "title": "Ławka przy aptece",
    "text": "Nie ma gdzie usiąść, kiedy czeka się na otwarcie apteki.",
    "category": "access",
    "place": "whole",
    "language": "pl",
    "locale": "cs",
}


@pytest.fixture
def operator(actor_as, client, sign_in):
    """An operator, signed in."""
    actor = actor_as("operator")
    sign_in(client, actor)
    return actor


def only_case():
    return db.session.scalars(select(Initiative)).one()


def test_call_is_filed_and_ends_on_a_receipt(client, town, operator):
    sent = client.submit(CALL, {**SAID, "name": "Jan Dzwoniący", "phone": "600 100 200"})
    assert sent.status_code == 303
    case = only_case()
    assert case.state == "submitted"
    assert case.channel is Channel.PHONE
    assert case.taken_by_user_id == operator.user_id
    assert case.author_user_id is None
    page = client.get(sent.location).text
    assert case.number in page
    assert "Secret code:" in page
    assert "You will be told" in page
    code = page.split("Secret code:")[1].split('class="code">')[1].split("<")[0]
    followed = client.submit("/en/follow", {"number": case.number, "code": code})
    assert followed.status_code == 303


def test_without_contact_number_and_code_are_enough(client, town, operator):
    sent = client.submit(CALL, SAID)
    assert "You gave no address" in client.get(sent.location).text


def test_receipt_without_the_code_in_another_session(client, town, operator, sign_in):
    sent = client.submit(CALL, SAID)
    client.delete_cookie("portal")
    sign_in(client, operator)
    page = client.get(sent.location).text
    assert "Secret code:" not in page
    assert "no longer shown" in page


def test_receipt_of_a_foreign_case_is_not_found(client, town, operator, actor_as):
    other = actor_as("operator")
    case = make_initiative(town, "submitted", taken_by_user_id=other.user_id)
    assert client.get(f"{CALL}?receipt={case.number}").status_code == 404


def test_receipt_is_for_the_one_who_took_the_call(client, town, actor_as, sign_in):
    other = actor_as("operator")
    sign_in(client, actor_as("operator"))
    case = make_initiative(town, "published", taken_by_user_id=other.user_id)
    assert client.get(f"{CALL}?receipt={case.number}").status_code == 403


def test_double_click_files_one_case(client, town, operator, token):
    data = {**SAID, "csrf_token": token(CALL), "form_key": "k" * 22}
    first, second = client.post(CALL, data=data), client.post(CALL, data=data)
    assert first.location == second.location
    only_case()


def test_likely_double_is_shown_once_before(client, town, operator, token):
    other = make_initiative(town, "published", title="Ławka przy aptece")
    shown = client.submit(CALL, SAID)
    assert shown.status_code == 422
    assert other.number in shown.text
    assert "It is something else: file it" in shown.text
    assert "Nie ma gdzie usiąść" in shown.text
    assert client.post(CALL, data={**SAID, "go": "anyway", "csrf_token": token(CALL)}).status_code == 303


def test_mistakes_are_told_and_everything_typed_stays(client, town, operator):
    wrong = {**SAID, "title": "Ław", "place": "point", "lat": "sto", "phone": "12", "name": "Jan Żółty"}
    page = client.submit(CALL, wrong)
    assert page.status_code == 422
    assert "Error: File for a caller" in page.text
    for kept in ('value="Ław"', 'value="sto"', 'value="12"', "Jan Żółty", "Nie ma gdzie usiąść"):
        assert kept in page.text
    assert db.session.scalars(select(Initiative)).first() is None


def test_mistakes_are_told_to_the_operator_and_not_to_the_author(client, town, operator):
    wrong = client.submit(
        CALL, {**SAID, "text": "Ławka", "shows_name": "y", "place": "point", "lat": "x", "lon": "y"}
    )
    for words in (
        "Write down what they propose in 30",
        "Write their name",
        "the latitude as",
        "the longitude as",
    ):
        assert words in wrong.text
    assert not any(words in wrong.text for words in ("Describe your idea", "Write your name"))
    assert "Write down what they propose." in client.submit(CALL, {**SAID, "text": ""}).text


def test_channel_must_be_one_of_the_four(client, town, operator):
    page = client.submit(CALL, {**SAID, "channel": "telepathy"})
    assert page.status_code == 422
    assert "Choose one." in page.text


def test_point_on_the_map_is_kept(client, town, operator):
    client.submit(CALL, {**SAID, "place": "point", "lat": "51,2465", "lon": "22,5684"})
    case = only_case()
    assert (case.lat, case.lon) == (51.2465, 22.5684)


@pytest.mark.parametrize("role", ["reviewer", "leader", "decision_maker", "resident"])
def test_only_operators_take_calls(client, town, actor_as, sign_in, role):
    sign_in(client, actor_as(role))
    assert client.get(CALL).status_code == 403
