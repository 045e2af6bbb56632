"""Reading in public: the list and its pages, one initiative, and what of it stays with its author."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from initiatives import queries, services
from initiatives.formats.tabular import plain
from initiatives.models import Author, Initiative
from portal.content import queries as content_queries
from portal.content import services as content_services
from portal.content.models import FileRole
from portal.core import files, spreadsheet
from portal.core.actor import Actor
from portal.core.db import writing
from portal.core.spreadsheet import XLSX_TYPE
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import TEXT, make_initiative
from tests.factories.workbooks import rows_of

ActorAs = Callable[..., Actor]
LIST = "/en/lublin/initiatives"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = "Mówi pan Jan Kot z Lipowej."


def href(case: Initiative) -> str:
    return f"{LIST}/{(case.number or '').lower()}"


def numbers(page: str) -> list[str]:
    """Numbers of the cards of a page, in their order."""
    return re.findall(r'class="card__link" href="[^"]*/(lub-i-[\d-]+)"', page)


def turns(page: str) -> set[str]:
    """Addresses of the list at another place that a page leads to in its own language."""
    found = re.findall(rf'href="({LIST}\?[^"]*at=[^"]*)"', page)
    return {address.replace("&amp;", "&") for address in found}


def author_of(case: Initiative) -> Author:
    found = queries.case(case.id).author
    assert found is not None
    return found


def add_photo(case: Initiative) -> int:
    raw = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(raw, "JPEG")
    with writing():
        content_services.attach(case, files.store_photo(raw.getvalue(), "a.jpg"), FileRole.PHOTO)
    (row,) = content_queries.files(*case.about)
    return row.id


class TestList:
    def test_pages_lead_on_and_back_and_keep_the_filter(self, client: Browser, town: Town) -> None:
        cases = [make_initiative(town, listed_at=START + timedelta(days=n)) for n in range(21)]
        make_initiative(town, category="roads")
        first = client.get(f"{LIST}?category=greenery").text
        assert numbers(first) == [(case.number or "").lower() for case in reversed(cases)][:20]
        (older,) = turns(first)
        assert "category=greenery" in older
        second = client.get(older).text
        assert numbers(second) == [(cases[0].number or "").lower()]
        (newer,) = turns(second) - {older}
        assert numbers(client.get(newer).text) == numbers(first)

    def test_filters_of_the_address_narrow_the_list(self, client: Browser, town: Town) -> None:
        park = make_initiative(town, title="Ławka w parku", district="Wieniawa")
        road = make_initiative(town, "adopted", title="Chodnik", category="roads", support_count=5)
        both = [(case.number or "").lower() for case in (road, park)]
        for query, found in (
            ("", both),
            ("?phase=building", both[:1]),
            ("?category=greenery", both[1:]),
            ("?district=Wieniawa", both[1:]),
            ("?q=lawka", both[1:]),
            ("?q=lawka&phase=building", []),
            ("?sort=support", both),
            ("?phase=nonsense&category=nonsense&sort=nonsense", both),
        ):
            assert numbers(client.get(LIST + query).text) == found, query

    def test_a_broken_place_in_the_list_is_missing(self, client: Browser, town: Town) -> None:
        for at in ("x", "%00", "MjAyNg", "1" * 500):
            assert client.get(f"{LIST}?at={at}").status_code == 404, at

    def test_hidden_and_foreign_cases_are_not_listed(
        self, client: Browser, town: Town, other_town: Town
    ) -> None:
        shown, foreign = make_initiative(town), make_initiative(other_town, title="Ze sąsiedniej gminy")
        for state in ("draft", "submitted", "held", "returned", "lapsed"):
            make_initiative(town, state)
        assert numbers(client.get(LIST).text) == [(shown.number or "").lower()]
        everywhere = client.get("/en/initiatives").text
        assert (foreign.title in everywhere, numbers(everywhere)) == (True, [(shown.number or "").lower()])

    def test_the_feed_and_the_map_follow_the_filter(self, client: Browser, town: Town) -> None:
        make_initiative(town, title="Ławka w parku")
        make_initiative(town, title="Chodnik", category="roads")
        for path in (".atom?category=roads", "/map?category=roads"):
            page = client.get(LIST + path).text
            assert ("Chodnik" in page, "Ławka w parku" in page) == (True, False), path


class TestPoints:
    def test_a_box_that_is_none_is_refused(self, client: Browser, town: Town) -> None:
        for query in (
            "",
            "?box=1,2,3",
            "?box=a,b,c,d",
            "?box=nan,1,2,3",
            "?box=0,0,inf,1",
            "?box=22,51,23,52&zoom=x",
        ):
            assert client.get(f"{LIST}/map/points.json{query}").status_code == 400, query

    def test_a_point_opens_its_card(self, client: Browser, town: Town) -> None:
        case, hidden = make_initiative(town), make_initiative(town, "submitted")
        answer = client.get(f"{LIST}/map/points.json?box=22,51,23,52&zoom=12").get_json()
        (point,) = answer["points"]
        card = client.get(f"{LIST}/map/points.json?card={point[0]}").get_json()
        assert (card["title"], card["href"]) == (case.title, href(case))
        for wrong in (hidden.id, 999999, "x", "²", "1" * 30, "-1"):
            assert client.get(f"{LIST}/map/points.json?card={wrong}").status_code == 404, wrong


class TestOne:
    def test_a_number_has_one_address(self, client: Browser, town: Town) -> None:
        case = make_initiative(town)
        answer = client.get(f"{LIST}/{case.number}")
        assert (answer.status_code, answer.location) == (301, href(case))
        assert client.get(href(case)).status_code == 200

    def test_an_unknown_number_is_missing(self, client: Browser, town: Town) -> None:
        for number in ("lub-i-2026-9999", "nonsense", "xxx-i-2026-0001"):
            assert client.get(f"{LIST}/{number}").status_code == 404
            assert client.get(f"{LIST}/{number}/print").status_code == 404
            assert client.get(f"{LIST}/{number}/pdf").status_code == 404

    def test_paper_says_what_the_page_says_and_leads_back(
        self, client: Browser, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        case = make_initiative(town, "adopted", text="Pierwszy akapit.\n\nDrugi akapit.")
        assert f'href="{href(case)}/pdf"' in client.get(href(case)).text
        answer = client.get(f"{href(case)}/pdf")
        assert (answer.mimetype, answer.data[:5]) == ("application/pdf", b"%PDF-")
        told: dict[str, Any] = {}
        monkeypatch.setattr("initiatives.views.browse.sheet_pdf", lambda data: told.update(data) or b"%PDF-")
        client.get(f"{href(case)}/pdf")
        assert told["text"] == ["Pierwszy akapit.", "Drugi akapit."]
        assert told["href"].endswith(href(case))
        assert [part["title"] for part in told["parts"]][-1] == "What has happened"

    def test_paper_of_a_hidden_case_is_not_there(self, client: Browser, town: Town) -> None:
        assert client.get(f"{href(make_initiative(town, 'submitted'))}/pdf").status_code == 404

    def test_paper_of_a_withdrawn_case_is_its_title(
        self, client: Browser, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        case = make_initiative(town, "withdrawn", text=SECRET * 3)
        told: dict[str, Any] = {}
        monkeypatch.setattr("initiatives.views.browse.sheet_pdf", lambda data: told.update(data) or b"%PDF-")
        client.get(f"{href(case)}/pdf")
        assert told["text"] == []
        assert "Jan Kot" not in str(told)

    def test_a_hidden_case_is_for_its_author_and_kept_nowhere(
        self, client: Browser, town: Town, actor_as: ActorAs, sign_in: Callable[..., None]
    ) -> None:
        author = actor_as("resident")
        case = make_initiative(town, "returned", author=author, defects=["Prosimy podać adres."])
        assert client.get(href(case)).status_code == 404
        sign_in(client, actor_as("resident"))
        assert client.get(href(case)).status_code == 404
        sign_in(client, author)
        answer = client.get(href(case))
        assert "Prosimy podać adres." in answer.text
        assert f"{href(case)}/complete" in answer.text
        assert "no-store" in answer.headers["Cache-Control"]

    def test_withdrawn_leaves_its_title_only(self, client: Browser, town: Town) -> None:
        case = make_initiative(
            town,
            "withdrawn",
            title="Ławka przy szkole",
            text=SECRET * 3,
            address="Lipowa 3",
            cost_minor=123_400,
        )
        for path in (href(case), f"{href(case)}/print", LIST, f"{LIST}.atom"):
            page = client.get(path).text
            assert "Ławka przy szkole" in page, path
            assert not [word for word in ("Jan Kot", "Lipowa 3", "1,234") if word in page], path

    def test_withdrawn_names_its_author_no_more(self, client: Browser, town: Town) -> None:
        case = make_initiative(town, "withdrawn", district="Wieniawa")
        with writing():
            author = author_of(case)
            author.name, author.shows_name = "Ewa Sadowa", True
        page = client.get(href(case)).text
        assert not [word for word in ("Ewa Sadowa", "Wieniawa") if word in page]

    def test_withdrawn_leaves_no_decision_on_paper(
        self, client: Browser, town: Town, actor_as: ActorAs
    ) -> None:
        author, maker = actor_as("resident"), actor_as("decision_maker")
        case = make_initiative(town, "recommendation", author=author)
        day = case.local_today + timedelta(days=30)
        services.decide(maker, case.id, "deferred", "Czekamy na drogę pana Kota.", returns_on=day)
        services.withdraw(author, case.id, "")
        assert "Kota" not in client.get(f"{href(case)}/print").text

    def test_a_name_is_shown_only_by_the_authors_choice(self, client: Browser, town: Town) -> None:
        shown, hidden = make_initiative(town), make_initiative(town)
        with writing():
            author_of(shown).shows_name = True
        assert "Anna Próbna" in client.get(href(shown)).text
        assert "Anna Próbna" not in client.get(href(hidden)).text

    def test_the_authors_words_of_an_appeal_stay_with_author_and_office(
        self, client: Browser, town: Town, actor_as: ActorAs, sign_in: Callable[..., None]
    ) -> None:
        author = actor_as("resident")
        case = make_initiative(town, "refused", author=author)
        services.appeal(author, case.id, SECRET)
        for path in (href(case), f"{href(case)}/print"):
            assert SECRET not in client.get(path).text, path
        assert "Under appeal" in client.get(href(case)).text
        sign_in(client, author)
        assert SECRET in client.get(href(case)).text

    def test_steps_between_author_and_office_are_not_public(
        self, client: Browser, town: Town, actor_as: ActorAs, sign_in: Callable[..., None]
    ) -> None:
        author, reviewer = actor_as("resident"), actor_as("reviewer")
        case = make_initiative(town, author=author)
        services.redact(reviewer, case.id, case.title, TEXT, "", "greenery", 1, "Wyjęliśmy nazwisko.")
        services.add_note(reviewer, case.id, "Zadzwonić do zarządu.", "k")
        assert "Wyjęliśmy nazwisko." not in client.get(href(case)).text
        sign_in(client, author)
        page = client.get(href(case)).text
        assert "Wyjęliśmy nazwisko." in page
        assert "Zadzwonić" not in page

    def test_studies_are_public_once_there_is_a_decision(
        self, client: Browser, town: Town, actor_as: ActorAs
    ) -> None:
        case = make_initiative(town, "recommendation", wanted="Wygodne czekanie.")
        before = client.get(href(case)).text
        services.decide(actor_as("decision_maker"), case.id, "adopted", "Bo potrzebna.")
        # Past the page cache, which on PostgreSQL may be a second late.
        after = client.get(f"{href(case)}?again=1").text
        for words in ("W porządku.", "Wygodne czekanie.", "Bo potrzebna."):
            assert (words in before, words in after) == (False, True), words


class TestFiles:
    def test_a_photo_is_public_with_its_case(
        self, client: Browser, town: Town, actor_as: ActorAs, sign_in: Callable[..., None]
    ) -> None:
        author = actor_as("resident")
        shown = {}
        for state in ("published", "submitted", "withdrawn"):
            case = make_initiative(town, state, author=author)
            shown[state] = f"{href(case)}/files/{add_photo(case)}"
        statuses = {state: client.get(path).status_code for state, path in shown.items()}
        assert statuses == {"published": 200, "submitted": 404, "withdrawn": 404}
        answer = client.get(shown["published"])
        assert (answer.mimetype, answer.headers["Content-Security-Policy"]) == (
            "image/webp",
            "default-src 'none'; sandbox",
        )
        assert answer.headers["Cache-Control"].startswith("public")
        sign_in(client, author)
        own = client.get(shown["submitted"])
        assert (own.status_code, own.headers["Cache-Control"]) == (200, "private, no-store")

    def test_a_photo_is_found_under_its_own_case_only(self, client: Browser, town: Town) -> None:
        case, other = make_initiative(town), make_initiative(town)
        photo_id = add_photo(case)
        assert client.get(f"{href(other)}/files/{photo_id}").status_code == 404


# ---- the list as a workbook ----


def test_the_workbook_of_a_list_holds_what_its_table_holds(client: Browser, town: Town) -> None:
    make_initiative(town, title="=Ławka", lat=51.2465, lon=22.5684, cost_minor=120_050)
    make_initiative(town, title="Przystanek", category="transport")
    answer = client.get("/en/lublin/initiatives.xlsx")
    assert answer.content_type == XLSX_TYPE
    head, *cells = rows_of(answer.data)
    table = list(
        csv.reader(io.StringIO(client.get("/en/lublin/initiatives.csv").text.removeprefix("\ufeff")))
    )
    assert head == table[0]
    shown = [[*row, *[None] * (len(head) - len(row))] for row in cells]
    at = {name: place for place, name in enumerate(head)}
    assert [row[at["title"]] for row in shown] == ["Przystanek", "=Ławka"]
    assert [plain(row[at["title"]]) for row in table[1:]] == ["Przystanek", "=Ławka"]
    assert (shown[1][at["latitude"]], shown[1][at["cost"]], shown[1][at["supports"]]) == (
        51.2465,
        1200.5,
        0.0,
    )
    narrowed = rows_of(client.get("/en/lublin/initiatives.xlsx?category=transport").data)
    assert len(narrowed) == 2


def test_a_list_too_long_for_a_workbook_says_so(
    client: Browser, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "ROWS_MOST", 1)
    make_initiative(town)
    make_initiative(town)
    answer = client.get("/en/lublin/initiatives.xlsx")
    assert answer.status_code == 422
    assert "Narrow the list, or take the CSV file." in answer.text
    assert "Content-Disposition" not in answer.headers
