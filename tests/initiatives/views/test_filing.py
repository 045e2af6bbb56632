"""Filing step by step: what was typed is checked for this municipality, kept, and shown before it is sent."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from initiatives import rules
from initiatives.models import Author, Initiative
from portal.content.models import Attachment
from portal.core import files, tenancy
from portal.core.db import db
from portal.core.tenancy import Town
from tests.factories.browser import Browser

WHAT = {
    "title": "Ławka przy przystanku",
    "text": "Przy przystanku nie ma gdzie usiąść, a czeka się długo.",
    "category": "greenery",
}
Begin = Callable[..., str]


@pytest.fixture
def begin(client: Browser) -> Begin:
    """The first step, done; gives the address of the draft."""

    def go(place: str = "/pl/lublin", **more: str) -> str:
        answer = client.submit(f"{place}/initiatives/new", {**WHAT, **more})
        assert answer.status_code == 303, answer.text
        found = re.search(r"(/\w\w/[\w-]+/initiatives/new/[^/]+)/", answer.location)
        assert found
        return found[1]

    return go


def send(client: Browser, draft: str) -> str:
    """The last step; gives the address of the receipt."""
    assert client.submit(f"{draft}/where", {"place": "whole"}).status_code == 303
    answer = client.submit(f"{draft}/preview", {})
    assert answer.status_code == 303
    return answer.location


class TestPlace:
    @pytest.mark.parametrize(("lat", "lon"), [("0", "0"), ("22.5684", "51.2465"), ("52.23", "21.01")])
    def test_far_outside_is_refused_with_everything_kept(
        self, client: Browser, town: Town, begin: Begin, lat: str, lon: str
    ) -> None:
        draft = begin("/en/lublin")
        answer = client.submit(f"{draft}/where", {"place": "point", "lat": lat, "lon": lon})
        assert answer.status_code == 422
        assert "far outside the municipality" in answer.text
        assert f'value="{lat}"' in answer.text

    def test_in_the_municipality_is_taken(self, client: Browser, town: Town, begin: Begin) -> None:
        draft = begin()
        answer = client.submit(f"{draft}/where", {"place": "point", "lat": "51,2465", "lon": "22,5684"})
        assert answer.status_code == 303

    def test_degrees_that_cannot_be_read_are_told_once(
        self, client: Browser, town: Town, begin: Begin
    ) -> None:
        answer = client.submit(
            f"{begin('/en/lublin')}/where", {"place": "point", "lat": "north", "lon": "22.5"}
        )
        assert answer.status_code == 422
        assert "Write degrees" in answer.text
        assert "Mark the place" not in answer.text


class TestContact:
    @pytest.mark.parametrize("language", ["pl", "cs", "en"])
    @pytest.mark.parametrize(
        ("place", "stored"), [("lublin", "+48602123456"), ("ostrava-jih", "+420602123456")]
    )
    def test_number_without_prefix_is_of_the_municipality(
        self,
        client: Browser,
        town: Town,
        other_town: Town,
        begin: Begin,
        language: str,
        place: str,
        stored: str,
    ) -> None:
        draft = begin(f"/{language}/{place}")
        assert client.submit(f"{draft}/you", {"phone": "602 123 456"}).status_code == 303
        with tenancy.within(tenancy.town(place).id):
            assert db.session.scalars(select(Author)).one().phone == stored

    def test_is_shown_before_it_is_sent(self, client: Browser, town: Town, begin: Begin) -> None:
        draft = begin(cost="12 500")
        client.submit(f"{draft}/you", {"email": "ewa@poczta.example", "phone": "602 123 456"})
        page = client.get(f"{draft}/preview").text
        assert "ewa@poczta.example" in page
        assert "+48602123456" in page
        assert re.search(r"12\s500", page)


def test_part_of_a_whole_sum_is_not_cut_off(client: Browser, town: Town) -> None:
    answer = client.submit("/en/lublin/initiatives/new", {**WHAT, "cost": "1500,75"})
    assert answer.status_code == 422
    assert "whole number" in answer.text
    assert 'value="1500,75"' in answer.text


def test_too_many_photos_are_told_in_the_language_of_the_page(
    client: Browser, town: Town, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin("/cs/lublin")
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(f"{draft}/photos").text)
    assert token
    # The page offers no further field then; another tab still may.
    monkeypatch.setattr(rules, "PHOTOS_MAX", 0)
    raw = BytesIO()
    Image.new("RGB", (60, 40)).save(raw, "JPEG")
    sent = {"csrf_token": token[1], "photo": (BytesIO(raw.getvalue()), "a.jpg")}
    answer = client.post(f"{draft}/photos", data=sent)
    assert answer.status_code == 422
    assert "víc fotografií přidat nelze" in answer.text


def test_a_double_click_hangs_a_photo_once_and_leaves_no_file_behind(
    client: Browser, town: Town, begin: Begin
) -> None:
    draft = begin("/en/lublin")
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(f"{draft}/photos").text)
    assert token
    raw = BytesIO()
    Image.new("RGB", (60, 40)).save(raw, "JPEG")
    before = set(files.folder().rglob("*.*"))
    for _ in range(2):
        sent = {"csrf_token": token[1], "photo": (BytesIO(raw.getvalue()), "a.jpg")}
        assert client.post(f"{draft}/photos", data=sent).status_code == 303
    assert len(set(files.folder().rglob("*.*")) - before) == 3  # Photo, small copy, original.
    with tenancy.within(town.id):
        assert len(db.session.scalars(select(Attachment)).all()) == 1


class TestSent:
    def test_author_who_goes_back_is_led_to_the_receipt(
        self, client: Browser, town: Town, begin: Begin
    ) -> None:
        draft = begin()
        receipt = send(client, draft)
        for step in ("what", "where", "photos", "you", "preview"):
            answer = client.get(f"{draft}/{step}")
            assert answer.status_code == 303
            assert answer.location == receipt

    def test_anybody_else_is_told_how_to_follow_it(
        self, app: object, client: Browser, town: Town, begin: Begin
    ) -> None:
        draft = begin("/en/lublin")
        send(client, draft)
        client.delete_cookie("portal")
        answer = client.get(f"{draft}/what")
        assert answer.status_code == 404
        assert "sent already" in answer.text
        assert 'href="/en/follow"' in answer.text

    def test_case_is_found_by_its_street_and_district(
        self, client: Browser, town: Town, begin: Begin
    ) -> None:
        from portal.search import queries as search

        draft = begin()
        client.submit(f"{draft}/where", {"place": "address", "address": "ulica Głęboka 12"})
        client.submit(f"{draft}/preview", {})
        db.session.rollback()
        case = db.session.scalars(select(Initiative)).one()
        found = search.ids("initiative", "gleboka", town.id, public_only=False)
        assert db.session.scalars(select(Initiative.id).where(Initiative.id.in_(found))).all() == [case.id]
