"""The talk in public: in three orders, page by page, at an address for each comment, and what its author alone sees."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from initiatives import services
from initiatives.models import Initiative
from portal.content import rules, talk
from portal.content import services as content
from portal.content.models import Comment, CommentState, Stance
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
LIST = "/en/lublin/initiatives"
ACTS = ("answer", "edit", "take-back", "object", "useful", "report")


def href(case: Initiative, path: str = "") -> str:
    return f"{LIST}/{(case.number or '').lower()}" + (f"/{path}" if path else "")


def say(actor: Actor, case: Initiative, text: str = "Bardzo potrzebne.", **more: Any) -> int:
    values: dict[str, Any] = {"shows_name": False, **more}
    return services.comment(actor, case.id, Stance.FOR, text, "pl", text, **values).id


def several(case: Initiative, count: int) -> list[int]:
    with writing():
        rows = [
            content.add_comment(
                case, stance=Stance.FOR, text=f"Zdanie {n}.", language="pl", user_id=None, name="",
                state=CommentState.VISIBLE,
            )
            for n in range(count)
        ]  # fmt: skip
        for n, row in enumerate(rows):
            row.useful_count = n % 7
        case.comment_count = count
        db.session.merge(case)
        db.session.flush()
        return [row.id for row in rows]


def shown(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'id="comment-(\d+)"', page)]


@pytest.fixture
def ewa(client: Browser, actor_as: ActorAs, sign_in: Callable[..., None]) -> Actor:
    """A resident, signed in."""
    actor = actor_as("resident", name="Ewa Sadowa")
    sign_in(client, actor)
    return actor


class TestReading:
    @pytest.mark.parametrize("sort", talk.SORTS)
    def test_every_comment_is_on_one_page_in_its_order(self, client: Browser, town: Town, sort: str) -> None:
        case = make_initiative(town)
        ids = several(case, 2 * rules.THREADS + 3)
        useful = {one: n % 7 for n, one in enumerate(ids)}
        wanted = {
            "new": ids[::-1],
            "old": ids,
            "useful": sorted(ids, key=lambda one: (useful[one], one), reverse=True),
        }[sort]
        found, path, pages = [], href(case, f"comments?sort={sort}"), []
        while path:
            page = client.get(path).text
            pages.append(shown(page))
            found += pages[-1]
            older = re.search(r'rel="next" href="([^"]+)"', page)
            path = older[1].replace("&amp;", "&") if older else ""
        assert found == wanted
        newer = re.search(r'rel="prev" href="([^"]+)"', page)
        assert newer
        assert shown(client.get(newer[1].replace("&amp;", "&")).text) == pages[-2]

    def test_the_case_shows_some_and_leads_to_all(self, client: Browser, town: Town) -> None:
        case = make_initiative(town)
        ids = several(case, talk.SHOWN + 5)
        page = client.get(href(case)).text
        assert shown(page) == ids[: -talk.SHOWN - 1 : -1]
        assert f'href="{href(case, "comments")}"' in page
        assert "All 13 comments" in page

    def test_nonsense_in_the_address_is_not_found(self, client: Browser, town: Town) -> None:
        case, other = make_initiative(town), make_initiative(town)
        (foreign,) = several(other, 1)
        for path in ("comments?sort=best", "comments?at=xyz", f"comments/{foreign}", "comments/99999"):
            assert client.get(href(case, path)).status_code == 404, path
        for hidden in (make_initiative(town, "submitted"), make_initiative(town, "withdrawn")):
            assert client.get(href(hidden, "comments")).status_code == 404

    def test_a_comment_has_an_address_with_its_answers(
        self, client: Browser, town: Town, actor_as: ActorAs
    ) -> None:
        case, leader = make_initiative(town), actor_as("leader")
        said = say(actor_as("resident"), case)
        answer = services.speak(leader, case.id, "Odpowiemy w studium.", "s", answers=said)
        for one in (said, answer):
            page = client.get(href(case, f"comments/{one}")).text
            assert shown(page) == [said, answer]
            assert "The office · Team leader" in page
            assert page.count("comment--here") == 1


class TestSaying:
    def test_a_name_is_shown_only_if_wanted(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town)
        path = href(case, "comment")
        answer = client.submit(path, {"stance": "for", "text": "Bardzo potrzebne."})
        assert re.search(r"/comments/\d+#comment-\d+$", answer.location)
        client.delete_cookie("portal")
        page = client.get(href(case)).text
        assert "Bardzo potrzebne." in page
        assert "Ewa Sadowa" not in page

    def test_what_cannot_be_taken_is_kept(self, client: Browser, town: Town, ewa: Actor) -> None:
        path = href(make_initiative(town), "comment")
        for sent, says in (
            ({"text": "Bez stanowiska."}, "Choose one."),
            ({"stance": "for", "text": ""}, "Write a comment."),
            ({"stance": "perhaps", "text": "Bez stanowiska."}, "Choose one."),
        ):
            answer = client.submit(path, sent)
            assert (answer.status_code, says in answer.text) == (422, True), sent
            assert sent["text"] in answer.text

    def test_one_that_waits_says_so_and_why_and_only_to_its_author(
        self, client: Browser, town: Town, ewa: Actor
    ) -> None:
        case = make_initiative(town)
        there = client.submit(href(case, "comment"), {"stance": "for", "text": "https://a.example"}).location
        page = client.get(there).text
        assert "waits for the team before others see it" in page
        assert "It holds a link, and the account is new." in page
        assert "https://a.example" not in client.get(href(case)).text
        client.delete_cookie("portal")
        assert client.get(there).status_code == 404

    def test_an_answer_to_an_answer_leads_to_its_comment(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs
    ) -> None:
        case, jan = make_initiative(town), actor_as("resident")
        said = say(jan, case)
        assert client.submit(href(case, f"comments/{said}/answer"), {"text": "Zgoda."}).status_code == 303
        answer = db.session.scalars(select(Comment.id).where(Comment.parent_id == said)).one()
        led = client.get(href(case, f"comments/{answer}/answer"))
        assert led.location == href(case, f"comments/{said}") + f"#comment-{said}"
        assert "This is an answer already." in client.get(led.location).text

    def test_a_visitor_is_led_to_the_sign_in(self, client: Browser, town: Town, actor_as: ActorAs) -> None:
        case = make_initiative(town)
        said = say(actor_as("resident"), case)
        for act in ACTS:
            answer = client.get(href(case, f"comments/{said}/{act}"))
            assert answer.status_code in (302, 303), act
            assert "sign-in" in answer.location, act


class TestOnesOwn:
    def test_it_is_changed_and_taken_back_by_a_click(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town)
        said = say(ewa, case)
        one = href(case, f"comments/{said}")
        assert f'href="{one}/edit"' in client.get(one).text
        assert client.submit(f"{one}/edit", {"text": ""}).status_code == 422
        client.submit(f"{one}/edit", {"text": "Poprawione."})
        page = client.get(one).text
        assert "Poprawione." in page
        assert "changed</span>" in page
        client.submit(f"{one}/take-back", {"website": ""})
        page = client.get(one).text
        assert "Taken back by its author." in page
        assert "Poprawione." not in page

    def test_somebody_elses_is_not_ones_own(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs
    ) -> None:
        case = make_initiative(town)
        said = say(actor_as("resident"), case)
        for act in ("edit", "take-back", "object"):
            assert client.get(href(case, f"comments/{said}/{act}")).status_code == 404, act

    def test_a_hidden_one_shows_its_author_the_reason_and_the_way_to_object(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs
    ) -> None:
        case, reviewer = make_initiative(town), actor_as("reviewer")
        said = say(ewa, case)
        services.moderate(reviewer, case.id, said, "hide", "insult", "Bez wyzwisk.")
        one = href(case, f"comments/{said}")
        page = client.get(one).text
        assert all(words in page for words in ("An insult or a threat", "Bez wyzwisk.", "I object"))
        client.submit(f"{one}/object", {"words": "Nikogo nie obraziłam."})
        page = client.get(one).text
        assert "Nikogo nie obraziłam." in page
        assert "I object" not in page
        services.decide_objection(actor_as("leader"), case.id, said, "Zostaje.", restore=False)
        assert "Zostaje." in client.get(one).text
        client.delete_cookie("portal")
        assert client.get(one).status_code == 404


class TestUsefulAndReports:
    def test_the_button_counts_and_leads_back_to_where_it_stood(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs
    ) -> None:
        case = make_initiative(town)
        said = say(actor_as("resident"), case)
        for path, back in (
            (href(case), href(case)),
            (href(case, "comments?sort=useful"), href(case, "comments?sort=useful")),
            (href(case, f"comments/{said}"), href(case, f"comments/{said}")),
        ):
            answer = client.submit(path, {"wanted": "on"} if "sort" in path else {"back": _back(path)})
            assert answer.location == f"{back}#comment-{said}", path
        assert db.session.get_one(Comment, said).useful_count in (0, 1)

    def test_a_report_thanks_shows_nothing_and_is_made_once(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs
    ) -> None:
        case = make_initiative(town)
        said = say(actor_as("resident"), case)
        one = href(case, f"comments/{said}")
        assert client.submit(f"{one}/report", {"rule": "other", "words": ""}).status_code == 422
        client.submit(f"{one}/report", {"rule": "other", "words": "Stoi tam nazwisko."})
        page = client.get(one).text
        assert "Thank you. The team looks at it." in page
        assert "nazwisko" not in page
        assert client.get(f"{one}/report").status_code == 303


def _back(path: str) -> str:
    return "case" if "comments" not in path else "one"
