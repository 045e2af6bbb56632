"""The small form pages of one case: everybody's acts, and the author's own."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from initiatives import queries, rules, services
from initiatives.models import Initiative
from portal.content import move
from portal.content import queries as content_queries
from portal.content.models import FileRole
from portal.content.services import attach
from portal.core import files, tenancy
from portal.core.actor import Actor
from portal.core.db import writing
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import TEXT, make_initiative, merge

ActorAs = Callable[..., Actor]
LIST = "/en/lublin/initiatives"
JOINING = ("support", "follow", "comment", "report")


def href(case: Initiative, act: str = "") -> str:
    return f"{LIST}/{(case.number or '').lower()}" + (f"/{act}" if act else "")


@pytest.fixture
def token(client: Browser) -> Callable[[str], str]:
    """The form token of a page, for posts that come after something happened."""

    def find(path: str) -> str:
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(path).text)
        assert found
        return found[1]

    return find


def picture(number: int) -> bytes:
    """A small photo, another for each number."""
    raw = BytesIO()
    Image.new("RGB", (60, 40 + number)).save(raw, "JPEG")
    return raw.getvalue()


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

    def test_before_the_check_it_is_handled_without_publication_and_back(
        self, client: Browser, town: Town, ewa: Actor
    ) -> None:
        case = make_initiative(town, "submitted", author=ewa)
        assert "Handle it without publication" in client.get(href(case)).text
        assert client.submit(href(case, "audience"), {"wanted": "off"}).location == href(case)
        page = client.get(href(case)).text
        assert "It is handled without publication, as you wished." in page
        assert "Ask to publish it" in page
        client.submit(href(case, "audience"), {"wanted": "on"})
        assert "It will be published once the team has checked it." in client.get(href(case)).text

    def test_what_is_public_has_no_such_page(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town, author=ewa)
        assert client.get(href(case, "audience")).status_code == 404
        assert "Handle it without publication" not in client.get(href(case)).text

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

    def test_a_missing_photo_is_sent_with_the_completed_case(
        self, client: Browser, town: Town, ewa: Actor
    ) -> None:
        case = make_initiative(town, "returned", author=ewa, defects=["Prosimy o zdjęcie."])
        before = set(files.store().listed())
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(href(case, "complete")).text)
        assert token
        sent = {
            "csrf_token": token[1], "title": "Ławka", "text": TEXT, "category": "roads", "language": "pl",
            "place": "whole", "version": str(case.version), "alt": "Pusty chodnik",
        }  # fmt: skip
        refused = client.post(href(case, "complete"), data={**sent, "photo": (BytesIO(b"no"), "a.jpg")})
        assert (refused.status_code, state(case)) == (422, "returned")
        assert "Choose a JPEG, PNG or WebP" in refused.text
        assert set(files.store().listed()) == before

        raw = BytesIO()
        Image.new("RGB", (60, 40)).save(raw, "JPEG")
        answer = client.post(
            href(case, "complete"), data={**sent, "photo": (BytesIO(raw.getvalue()), "a.jpg")}
        )
        assert (answer.status_code, state(case)) == (303, "submitted")
        with tenancy.within(town.id):
            assert [row.alt for row in content_queries.files(*case.about, public_only=False)] == [
                "Pusty chodnik"
            ]

    def test_files_are_taken_off_and_replaced_when_it_is_completed(
        self, client: Browser, town: Town, ewa: Actor, token: Callable[[str], str]
    ) -> None:
        case = make_initiative(town, "returned", author=ewa, defects=["Prosimy o inne zdjęcie."])
        with tenancy.within(town.id), writing():
            for number in range(rules.PHOTOS_MAX):
                attach(
                    queries.case(case.id),
                    files.store_photo(picture(number), f"{number}.jpg"),
                    FileRole.PHOTO,
                    "Chodnik",
                )
        ids = [row.id for row in content_queries.files(*case.about, public_only=False)]
        page = client.get(href(case, "complete")).text
        assert page.count('name="drop"') == rules.PHOTOS_MAX
        sent = {
            "csrf_token": token(href(case, "complete")), "title": "Ławka inna", "text": TEXT + " Jeszcze.",
            "category": "roads", "language": "pl", "place": "whole", "version": str(case.version), "alt": "Nowe",
        }  # fmt: skip
        kept = set(files.store().listed())

        def photo() -> tuple[BytesIO, str]:
            return BytesIO(picture(9)), "nowe.jpg"

        refused = client.post(href(case, "complete"), data={**sent, "photo": photo()})
        assert (refused.status_code, state(case)) == (422, "returned")
        for words in ("which is the most", "Ławka inna", "Jeszcze.", 'value="Nowe"'):
            assert words in refused.text
        wrong = {**sent, "title": "", "drop": [str(ids[0]), str(ids[1])]}
        shown = client.post(href(case, "complete"), data=wrong)
        assert shown.status_code == 422
        ticked = [
            tag
            for tag in re.findall(r"<input[^>]*>", shown.text)
            if 'name="drop"' in tag and "checked" in tag
        ]
        assert len(ticked) == 2
        assert set(files.store().listed()) == kept
        answer = client.post(
            href(case, "complete"), data={**sent, "drop": [str(ids[0]), "x", "9" * 19], "photo": photo()}
        )
        assert (answer.status_code, state(case)) == (303, "submitted")
        found = content_queries.files(*case.about, public_only=False)
        assert [row.name for row in found] == ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "nowe.jpg"]
        assert len(set(files.store().listed())) == len(kept)

    def test_a_completed_case_sent_twice_is_shown(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town, "submitted", author=ewa)
        answer = client.get(href(case, "complete"))
        assert (answer.status_code, answer.location) == (303, href(case))

    def test_a_case_is_withdrawn_after_a_question(self, client: Browser, town: Town, ewa: Actor) -> None:
        case = make_initiative(town, author=ewa)
        assert "Withdraw your initiative?" in client.get(href(case, "withdraw")).text
        assert state(case) == "published"
        answer = client.submit(href(case, "withdraw"), {"note": ""})
        assert (answer.status_code, answer.location, state(case)) == (303, href(case), "withdrawn")

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


class TestMerging:
    """What authors and supporters see of a proposal to merge."""

    @pytest.fixture
    def asked(self, town: Town, ewa: Actor, actor_as: ActorAs) -> tuple[Initiative, Initiative]:
        case = make_initiative(town, author=ewa)
        target = make_initiative(town, title="Ławki na wszystkich przystankach")
        services.propose_merge(actor_as("leader"), case.id, target.number or "", "To jedno i to samo.")
        return queries.case(case.id), queries.case(target.id)

    def test_both_pages_say_so_and_the_author_is_led_to_the_question(
        self, client: Browser, town: Town, asked: tuple[Initiative, Initiative]
    ) -> None:
        case, target = asked
        mine, theirs = client.get(href(case)).text, client.get(href(target)).text
        assert "it would go on in another one" in mine
        assert href(case, "merge") in mine
        assert "merge another initiative into this one" in theirs
        assert href(target, "merge") not in theirs
        page = client.get(href(case, "merge")).text
        assert "Ławki na wszystkich przystankach" in page
        assert "To jedno i to samo." in page

    def test_a_no_needs_a_sentence_and_ends_it(
        self, client: Browser, town: Town, asked: tuple[Initiative, Initiative]
    ) -> None:
        case = asked[0]
        none = client.submit(href(case, "merge"), {"agrees": None, "note": ""})
        assert (none.status_code, "Choose one." in none.text) == (422, True)
        short = client.submit(href(case, "merge"), {"agrees": "no", "note": " "})
        assert (short.status_code, "Say in one sentence why not." in short.text) == (422, True)
        answer = client.submit(href(case, "merge"), {"agrees": "no", "note": "Moja jest inna."})
        assert (answer.status_code, answer.location) == (303, href(case))
        assert "would go on in another one" not in client.get(href(case)).text
        over = client.get(href(case, "merge"))
        assert (over.status_code, "There is no proposal" in over.text) == (200, True)

    def test_an_answer_that_comes_too_late_keeps_its_words(
        self,
        client: Browser,
        town: Town,
        asked: tuple[Initiative, Initiative],
        actor_as: ActorAs,
        token: Callable[[str], str],
    ) -> None:
        case, _target = asked
        key = token(href(case, "merge"))
        services.drop_merge(actor_as("leader"), case.id, "Pomyłka.")
        sent = {"csrf_token": key, "agrees": "no", "note": "Moja jest inna.", "merge": str(case.merge_id)}
        answer = client.post(href(case, "merge"), data=sent)
        assert answer.status_code == 422
        assert "Moja jest inna." in answer.text
        for wrong in ("x", "9" * 30, ""):
            assert client.post(href(case, "merge"), data={**sent, "merge": wrong}).status_code == 422

    def test_the_joint_page_names_joint_authors_who_show_their_names(
        self, client: Browser, town: Town, actor_as: ActorAs
    ) -> None:
        leader, fan = actor_as("leader"), actor_as("resident")
        shown, hidden, target = (make_initiative(town, title=f"Ławka {name}") for name in "ABC")
        for case, name, shows in (
            (shown, "Anna Próbna", True),
            (hidden, "Jan Skryty", False),
            (target, "Ola Nowa", True),
        ):
            with writing():
                author = queries.case(case.id).author
                assert author is not None
                author.name, author.shows_name = name, shows
        services.support(fan, shown.id)
        for case in (shown, hidden):
            merge(leader, case, target)
        page = client.get(href(target)).text
        assert "Joint authors" in page
        assert "Ola Nowa, Anna Próbna" in page
        assert "Jan Skryty" not in page
        assert href(shown) in page
        assert "Support it on the joint page" in client.get(href(shown)).text

    def test_a_supporter_moves_the_support_with_one_click(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs
    ) -> None:
        case, target = make_initiative(town), make_initiative(town)
        services.support(ewa, case.id)
        merge(actor_as("leader"), case, target)
        assert "Move my support there" in client.get(href(case)).text
        page = client.get(href(case))
        answer = client.post_button(page, href(case, "support"))
        assert (answer.status_code, answer.location) == (303, href(target))
        assert queries.case(target.id).support_count == 1
        again = client.get(href(case, "support"))
        assert (again.status_code, again.location) == (303, href(target, "support"))

    def test_a_supporter_may_keep_none(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs, token: Callable[[str], str]
    ) -> None:
        case, target = make_initiative(town), make_initiative(town)
        services.support(ewa, case.id)
        merge(actor_as("leader"), case, target)
        back = {"wanted": "off", "csrf_token": token(href(case, "support"))}
        assert client.post(href(case, "support"), data=back).location == href(case)
        assert [queries.case(one.id).support_count for one in (case, target)] == [0, 0]

    def test_the_button_of_a_page_from_before_the_merge_does_what_it_said(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs
    ) -> None:
        case, target = make_initiative(town), make_initiative(town)
        services.support(ewa, case.id)
        before = client.get(href(case))
        merge(actor_as("leader"), case, target)
        for _again in range(2):
            assert client.post_button(before, href(case, "support")).location == href(case)
            assert [queries.case(one.id).support_count for one in (case, target)] == [0, 0]

    def test_a_button_that_did_not_say_what_it_does_moves_nothing(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs, token: Callable[[str], str]
    ) -> None:
        case, target = make_initiative(town), make_initiative(town)
        services.support(ewa, case.id)
        merge(actor_as("leader"), case, target)
        answer = client.post(href(case, "support"), data={"csrf_token": token(href(case, "support"))})
        assert "Move my support there" in answer.text
        assert queries.case(case.id).support_count == 1

    def test_a_double_click_on_moving_ends_on_the_joint_page(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs
    ) -> None:
        case, target = make_initiative(town), make_initiative(town)
        services.support(ewa, case.id)
        merge(actor_as("leader"), case, target)
        page = client.get(href(case))
        for _again in range(2):
            assert client.post_button(page, href(case, "support")).location == href(target)
        assert queries.case(target.id).support_count == 1

    def test_a_double_click_supports_and_follows_and_does_not_undo_it(
        self, client: Browser, town: Town, ewa: Actor
    ) -> None:
        case = make_initiative(town)
        page = client.get(href(case))
        for act in ("support", "follow"):
            for _again in range(2):
                assert client.post_button(page, href(case, act)).status_code == 303
        assert queries.case(case.id).support_count == 1
        assert len(content_queries.followers(*case.about)) == 1

    @pytest.mark.parametrize("gone", ["withdrawn", "submitted"])
    def test_of_a_joint_page_that_is_gone_nothing_is_told(
        self, client: Browser, town: Town, ewa: Actor, gone: str
    ) -> None:
        joint = make_initiative(town, gone, title="Sprawa pani Nowakowej")
        case = make_initiative(town)
        services.support(ewa, case.id)
        with writing():
            row = queries.case(case.id)
            move.place(row, "merged")
            row.merged_into_id = joint.id
        page = client.get(href(case, "support"))
        assert "Nowakowej" not in page.text
        assert "Move my support there" not in page.text
        assert client.submit(href(case, "support"), {"wanted": "off"}).location == href(case)
        assert queries.case(case.id).support_count == 0

    def test_who_completes_a_case_that_was_merged_meanwhile_gets_both_texts(
        self, client: Browser, town: Town, ewa: Actor, actor_as: ActorAs, token: Callable[[str], str]
    ) -> None:
        case = make_initiative(town, "returned", author=ewa)
        target = make_initiative(town, with_author=False, title="Ławki wszędzie", text=TEXT + " Wszędzie.")
        key = token(href(case, "complete"))
        sent = {
            "csrf_token": key, "title": "Moja ławka", "text": "Mój dopisany tekst, nad którym siedziałam długo.",
            "category": "roads", "language": "pl", "place": "whole", "version": str(case.version),
        }  # fmt: skip
        # From another window it was completed, then published and merged.
        assert client.post(href(case, "complete"), data={**sent, "text": TEXT}).status_code == 303
        services.publish(actor_as("reviewer"), case.id)
        merge(actor_as("leader"), case, target)
        answer = client.post(href(case, "complete"), data=sent)
        assert answer.status_code == 409
        for words in ("Mój dopisany tekst", "Moja ławka", "Wszędzie.", TEXT):
            assert words in answer.text
        assert queries.case(case.id).text == TEXT
        twice = client.post(href(case, "complete"), data={**sent, "text": TEXT})
        assert (twice.status_code, twice.location) == (303, href(case))


# ---- referred to another municipality ----


def test_both_pages_lead_to_each_other_and_support_moves_by_one_click(
    client: Browser, town: Town, other_town: Town, ewa: Actor, actor_as: ActorAs
) -> None:
    case = make_initiative(town)
    services.support(ewa, case.id)
    services.transfer(actor_as("leader"), case.id, "", "To nie nasza droga.", other_town.slug)
    number = (case.number or "").lower()
    there = f"/en/{other_town.slug}/initiatives/{number}"
    page = client.get(href(case)).text
    assert page.count(f'href="{there}"') >= 3  # The notice, the side, the history.
    assert "this initiative was referred to: Ostrava-South." in page
    assert "Move my support there" in page
    other = client.get(there).text
    assert f'href="{href(case)}"' in other
    assert "Referred here by: Lublin, on" in other
    assert "To nie nasza droga." in other
    moved = client.submit(href(case, "support"), {"wanted": "on"})
    assert (moved.status_code, moved.location) == (303, there)
    assert "Move my support there" not in client.get(href(case)).text
    with tenancy.within(other_town.id):
        assert queries.case_by_number(number).support_count == 1


def test_who_does_not_support_it_yet_is_led_there(
    client: Browser, town: Town, other_town: Town, ewa: Actor, actor_as: ActorAs
) -> None:
    case = make_initiative(town)
    services.transfer(actor_as("leader"), case.id, "", "To nie nasza droga.", other_town.slug)
    found = client.get(href(case, "support"))
    number = (case.number or "").lower()
    assert (found.status_code, found.location) == (303, f"/en/{other_town.slug}/initiatives/{number}/support")
    assert client.get(f"/en/{other_town.slug}/initiatives/{number}/support").status_code == 200
