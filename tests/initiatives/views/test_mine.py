"""One's own cases: by number and code, by the link of a message, in the account."""

import re
from collections.abc import Callable

from initiatives import messages, queries, services
from portal.core.actor import Actor
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import CODE, make_initiative

ActorAs = Callable[..., Actor]


def test_number_and_code_open_a_hidden_case_for_fifteen_minutes(
    client: Browser, town: Town, frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "submitted", with_code=True)
    number = (case.number or "").lower()
    address = f"/en/lublin/initiatives/{number}"
    answer = client.submit("/en/follow", {"number": f" {number} ", "code": CODE.lower()})
    assert (answer.status_code, answer.location) == (303, address)
    assert client.get(address).status_code == 200
    another = client.application.test_client()
    assert another.get(address).status_code == 404
    frozen("2026-03-02 10:16")
    assert client.get(address).status_code == 404


def test_every_mistake_gets_the_same_answer(client: Browser, town: Town) -> None:
    case = make_initiative(town, "submitted", with_code=True)
    said = set()
    for number, code in (
        (case.number, "AAAA-BBBB-CCCC-DDDD"),
        ("LUB-I-2026-9999", CODE),
        ("nonsense", CODE),
        (case.number, "x"),
    ):
        answer = client.submit("/en/follow", {"number": number, "code": code})
        assert answer.status_code == 422
        assert "Number and code do not fit together." in answer.text
        said.add(answer.text.count("do not fit together"))
    assert len(said) == 1
    assert client.get(f"/en/lublin/initiatives/{(case.number or '').lower()}").status_code == 404


def test_codes_cannot_be_tried_without_end(client: Browser, town: Town) -> None:
    case = make_initiative(town, "submitted", with_code=True)
    data = {"number": case.number, "code": "AAAA-BBBB-CCCC-DDDD"}
    answers = [client.submit("/en/follow", data).status_code for _ in range(12)]
    assert answers[0] == 422
    assert answers[-1] == 429


def test_a_link_of_a_message_is_exchanged_for_the_page(client: Browser, town: Town) -> None:
    case = make_initiative(town, "submitted", with_code=True)
    token = messages.follow_token(queries.case(case.id))
    address = f"/en/lublin/initiatives/{(case.number or '').lower()}"
    answer = client.get(f"/en/follow/{token}")
    assert (answer.status_code, answer.location) == (303, address)
    assert client.get(address).status_code == 200


def test_a_link_older_than_the_code_or_forged_opens_nothing(
    client: Browser, town: Town, actor_as: ActorAs
) -> None:
    case = make_initiative(town, "submitted", with_code=True)
    token = messages.follow_token(queries.case(case.id))
    draft = queries.draft_token(case.id)
    services.new_code(actor_as("reviewer"), case.id, "k")
    for wrong in (token, draft, token[:-1], "nonsense"):
        answer = client.get(f"/en/follow/{wrong}")
        assert answer.status_code == 404, wrong
        assert "no longer works" in answer.text
    assert client.get(f"/en/lublin/initiatives/{(case.number or '').lower()}").status_code == 404


def test_an_account_lists_its_own_cases_and_drafts(
    client: Browser, town: Town, other_town: Town, actor_as: ActorAs, sign_in: Callable[..., None]
) -> None:
    ewa = actor_as("resident")
    draft = make_initiative(town, "draft", author=ewa, title="Jeszcze niewysłane")
    make_initiative(other_town, "submitted", author=ewa, title="Wysłane do sąsiadów")
    make_initiative(town, author=actor_as("resident"), title="Kogoś innego")
    sign_in(client, ewa)
    begun, number = draft.id, (queries.of_author(ewa.user_id or 0)[0].number or "").lower()
    page = client.get("/en/account/initiatives").text
    (link,) = re.findall(r'href="/en/lublin/initiatives/new/([^"/]+)/what"', page)
    assert queries.draft_by_token(link).id == begun
    assert f'/en/ostrava-jih/initiatives/{number}"' in page
    assert "Kogoś innego" not in page


def test_an_empty_account_is_led_on_and_a_visitor_to_the_sign_in(
    client: Browser, town: Town, actor_as: ActorAs, sign_in: Callable[..., None]
) -> None:
    assert client.get("/en/account/initiatives").status_code in (302, 303)
    sign_in(client, actor_as("resident"))
    assert "You have not filed anything yet" in client.get("/en/account/initiatives").text
