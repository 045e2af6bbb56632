"""The small form pages of one case: everybody's acts, and the author's own."""

from collections.abc import Callable

import pytest

from initiatives import queries
from initiatives.models import Initiative
from portal.content import queries as content_queries
from portal.core.actor import Actor
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import TEXT, make_initiative

ActorAs = Callable[..., Actor]
LIST = "/en/lublin/initiatives"
JOINING = ("support", "follow", "comment", "report")


def href(case: Initiative, act: str = "") -> str:
    return f"{LIST}/{(case.number or '').lower()}" + (f"/{act}" if act else "")


@pytest.fixture
def ewa(client: Browser, actor_as: ActorAs, sign_in: Callable[..., None]) -> Actor:
    """A resident, signed in."""
    actor = actor_as("resident", name="Ewa Sadowa")
    sign_in(client, actor)
    return actor


def state(case: Initiative) -> str:
    return queries.case(case.id).state


class TestJoining:
    def test_a_visitor_is_led_to_the_sign_in(self, client: Browser, town: Town) -> None:
        case = make_initiative(town)
        for act in JOINING:
            answer = client.get(href(case, act))
            assert answer.status_code in (302, 303), act
            assert "sign-in" in answer.location, act

    def test_what_is_not_public_or_taken_back_has_no_acts(
        self, client: Browser, town: Town, ewa: Actor
    ) -> None:
        for hidden in (make_initiative(town, "submitted"), make_initiative(town, "withdrawn")):
            assert {client.get(href(hidden, act)).status_code for act in JOINING} == {404}

    def test_support_and_follow_lead_back_to_the_case(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town)
        for act in ("support", "follow"):
            answer = client.submit(href(case, act), {"wanted": "on"})
            assert (answer.status_code, answer.location) == (303, href(case))
        assert queries.case(case.id).support_count == 1
        assert len(content_queries.followers(*case.about)) == 1
        page = client.get(href(case)).text
        assert "Take your support back" in page
        assert "Stop following" in page

    def test_a_comment_is_shown_with_a_name_only_if_wanted(
        self, client: Browser, town: Town, ewa: Actor
    ) -> None:
        case = make_initiative(town)
        path = href(case, "comment")
        assert client.submit(path, {"stance": "for", "text": "Bardzo potrzebne."}).status_code == 303
        client.delete_cookie("portal")
        page = client.get(href(case)).text
        assert "Bardzo potrzebne." in page
        assert "Ewa Sadowa" not in page

    def test_a_comment_that_cannot_be_taken_is_kept(self, client: Browser, town: Town, ewa: Actor) -> None:
        path = href(make_initiative(town), "comment")
        for sent, says in (
            ({"text": "Bez stanowiska."}, "Choose one."),
            ({"stance": "for", "text": ""}, "Write a comment."),
            ({"stance": "perhaps", "text": "Bez stanowiska."}, "Choose one."),
        ):
            answer = client.submit(path, sent)
            assert (answer.status_code, says in answer.text) == (422, True), sent
            assert sent["text"] in answer.text

    def test_a_comment_with_a_link_says_that_it_waits(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town)
        client.submit(href(case, "comment"), {"stance": "for", "text": "https://a.example"})
        page = client.get(href(case)).text
        assert "the team looks at it before others see it" in page
        assert "https://a.example" not in page

    def test_a_report_thanks_and_shows_nothing(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town)
        assert client.submit(href(case, "report"), {"reason": ""}).status_code == 422
        client.submit(href(case, "report"), {"reason": "Stoi tam nazwisko."})
        page = client.get(href(case)).text
        assert "Thank you. The team looks at it." in page
        assert "nazwisko" not in page


class TestAuthor:
    def test_others_are_refused_and_hidden_cases_are_not_there(
        self, client: Browser, town: Town, actor_as: ActorAs, ewa: Actor
    ) -> None:
        author = actor_as("resident")
        for kind, act, status in (
            ("refused", "appeal", 403),
            ("done", "result", 403),
            ("published", "withdraw", 403),
            ("returned", "complete", 404),
            ("submitted", "withdraw", 404),
        ):
            case = make_initiative(town, kind, author=author)
            assert client.get(href(case, act)).status_code == status, (kind, act)

    def test_an_act_belongs_to_its_state(self, client: Browser, town: Town, ewa: Actor) -> None:
        for kind, act in (
            ("published", "appeal"),
            ("published", "result"),
            ("published", "complete"),
            ("adopted", "withdraw"),
        ):
            case = make_initiative(town, kind, author=ewa)
            assert client.get(href(case, act)).status_code == 404, (kind, act)

    def test_a_returned_case_is_completed_on_one_page(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(
            town, "returned", author=ewa, defects=["Prosimy podać adres."], cost_minor=1200
        )
        page = client.get(href(case, "complete")).text
        assert "Prosimy podać adres." in page
        short = client.submit(href(case, "complete"), {"text": "Krótko."})
        assert (short.status_code, state(case)) == (422, "returned")
        answer = client.submit(href(case, "complete"), {"title": "Ławka z oparciem", "text": TEXT})
        assert (answer.status_code, answer.location) == (303, href(case))
        found = queries.case(case.id)
        assert (found.state, found.title, found.cost_minor, found.lat) == (
            "submitted",
            "Ławka z oparciem",
            1200,
            case.lat,
        )

    def test_a_case_is_withdrawn_after_a_question(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town, author=ewa)
        assert "Withdraw your initiative?" in client.get(href(case, "withdraw")).text
        assert state(case) == "published"
        answer = client.submit(href(case, "withdraw"), {"note": ""})
        assert (answer.status_code, answer.location, state(case)) == (303, LIST, "withdrawn")

    def test_an_appeal_gives_its_reasons_in_time(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town, "refused", author=ewa)
        assert client.submit(href(case, "appeal"), {"note": " "}).status_code == 422
        assert client.submit(href(case, "appeal"), {"note": "Nie zbadano."}).status_code == 303
        assert state(case) == "appealed"
        late = make_initiative(town, "refused", author=ewa, appealed_once=True)
        assert "the refusal stands for good" in client.get(href(late, "appeal")).text

    def test_a_result_that_did_not_help_says_what_is_missing(
        self, client: Browser, town: Town, ewa: Actor
    ) -> None:
        case = make_initiative(town, "done", author=ewa)
        refused = client.submit(href(case, "result"), {"verdict": "dispute", "note": ""})
        assert (refused.status_code, state(case)) == (422, "done")
        assert "what is missing" in refused.text
        client.submit(href(case, "result"), {"verdict": "dispute", "note": "Brakuje oparcia."})
        assert state(case) == "disputed"
