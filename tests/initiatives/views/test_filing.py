"""Filing step by step: what was typed is checked for this municipality, kept, and shown before it is sent."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from initiatives import queries, rules
from initiatives.models import Author, Initiative
from portal.accounts.models import User
from portal.content import queries as content
from portal.content import services as content_services
from portal.content.models import Attachment
from portal.core import clock, files, proof, tenancy, throttle
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.config import Settings
from portal.core.db import db, writing
from portal.core.scanning import Scan
from portal.core.tenancy import Town
from tests import clamd as fake
from tests.clamd import EICAR, Clamd
from tests.factories.browser import Browser, Forms
from tests.factories.initiatives import make_initiative
from tests.factories.proofs import solution_of

WHAT = {
    "title": "Ławka przy przystanku",
    "text": "Przy przystanku nie ma gdzie usiąść, a czeka się długo.",
    "category": "greenery",
}
PDF = b"%PDF-1.4\n%%EOF"
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
        assert "far outside the area of this office" in answer.text
        assert f'value="{lat}"' in answer.text

    def test_in_the_municipality_is_taken(self, client: Browser, town: Town, begin: Begin) -> None:
        draft = begin()
        answer = client.submit(f"{draft}/where", {"place": "point", "lat": "51,2465", "lon": "22,5684"})
        assert answer.status_code == 303

    def test_degrees_that_cannot_be_read_are_told_once(
        self, client: Browser, town: Town, begin: Begin
    ) -> None:
        answer = client.submit(
            f"{begin('/en/lublin')}/where", {"place": "point", "lat": "north", "lon": "east"}
        )
        assert answer.status_code == 422
        for field in ("latitude", "longitude"):
            # In the summary and at the field.
            assert answer.text.count(f"Write the {field} as a number of degrees") == 2
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
    before = set(files.store().listed())
    for _ in range(2):
        sent = {"csrf_token": token[1], "photo": (BytesIO(raw.getvalue()), "a.jpg")}
        assert client.post(f"{draft}/photos", data=sent).status_code == 303
    assert len(set(files.store().listed()) - before) == 3  # Photo, small copy, original.
    with tenancy.within(town.id):
        assert len(db.session.scalars(select(Attachment)).all()) == 1


def test_a_file_that_was_found_later_is_told_on_the_draft_until_another_is_added(
    client: Browser,
    town: Town,
    begin: Begin,
    clamd: Clamd,
    frozen: Callable[[str], None],
    run_jobs: Callable[[], int],
) -> None:
    frozen("2026-03-02 10:00")
    draft = begin("/en/lublin")

    def add(raw: bytes) -> int:
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(f"{draft}/photos").text)
        assert token
        sent = {"csrf_token": token[1], "document": (BytesIO(raw), "podanie.pdf")}
        return client.post(f"{draft}/photos", data=sent).status_code

    clamd.broken = True
    assert add(PDF + EICAR + b"\n%%EOF") == 303
    clamd.broken = False
    frozen("2026-03-02 10:06")
    run_jobs()
    words = "One of your files was removed: the virus scanner found something in it."
    for step in ("photos", "preview"):
        assert words in client.get(f"{draft}/{step}").text
    assert add(PDF) == 303
    assert words not in client.get(f"{draft}/photos").text


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

    def test_author_who_sends_it_from_a_second_tab_is_led_to_the_receipt(
        self, client: Browser, town: Town, begin: Begin
    ) -> None:
        draft = begin()
        client.submit(f"{draft}/where", {"place": "whole"})
        tab = client.get(f"{draft}/preview").text
        fields = {
            name: re.search(rf'name="{name}"[^>]* value="([^"]+)"', tab)[1]  # type: ignore[index]
            for name in ("csrf_token", "form_key")
        }
        receipt = client.submit(f"{draft}/preview", {}).location
        answer = client.post(f"{draft}/preview", data=fields)
        assert (answer.status_code, answer.location) == (303, receipt)

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


def send_file(client: Browser, draft: str, field: str, raw: bytes, name: str) -> TestResponse:
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(f"{draft}/photos").text)
    assert token
    sent = {"csrf_token": token[1], "alt": "Co widać", field: (BytesIO(raw), name)}
    return client.post(f"{draft}/photos", data=sent)


@pytest.fixture
def clamd(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clamd]:
    with fake.running() as found:
        monkeypatch.setitem(app.extensions, "portal.settings", replace(settings, clamav=found.address))
        yield found


def test_an_infected_file_is_refused_at_its_field_and_logged_without_its_name(
    client: Browser, town: Town, begin: Begin, clamd: Clamd
) -> None:
    draft = begin("/en/lublin")
    before = set(files.store().listed())
    answer = send_file(client, draft, "document", PDF + EICAR + b"%%EOF", "tajne.pdf")
    assert answer.status_code == 422
    assert "found something harmful" in answer.text
    assert "Co widać" in answer.text, "what was typed is kept"
    assert set(files.store().listed()) == before
    with tenancy.within(town.id):
        entry = db.session.scalars(
            select(AuditEntry).where(AuditEntry.code == "initiative.file_refused")
        ).one()
        assert "tajne" not in f"{entry.subject}{entry.details}"
        assert db.session.scalars(select(Attachment)).all() == []


def test_a_clean_file_is_taken_and_one_nobody_could_scan_is_being_checked(
    client: Browser, town: Town, begin: Begin, clamd: Clamd
) -> None:
    draft = begin("/en/lublin")
    assert send_file(client, draft, "document", PDF, "a.pdf").status_code == 303
    assert "being checked" not in client.get(f"{draft}/photos").text
    clamd.broken = True
    assert send_file(client, draft, "document", PDF + b"\n%%EOF", "b.pdf").status_code == 303
    assert "being checked" in client.get(f"{draft}/photos").text
    with tenancy.within(town.id):
        waiting = db.session.scalars(select(Attachment).where(Attachment.scan == Scan.WAITING)).one()
        assert waiting.name == "b.pdf"
    assert client.get(f"{draft}/photos/{waiting.id}").status_code == 404


def test_a_day_has_an_end_for_one_person_and_what_was_typed_is_kept(
    client: Browser, town: Town, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "UPLOAD_DAY", throttle.Limit("upload-day", 3, 86400))
    draft = begin("/en/lublin")
    assert (
        send_file(client, draft, "document", b"%PDF-1.4\n" + b"x" * 2000 + b"%%EOF", "a.pdf").status_code
        == 303
    )
    answer = send_file(client, draft, "document", b"%PDF-1.4\n" + b"y" * 2100 + b"%%EOF", "b.pdf")
    assert answer.status_code == 422
    assert "as one person may send a day" in answer.text
    assert "Co widać" in answer.text


def test_a_municipality_without_room_says_so_at_the_field_and_keeps_no_file(
    client: Browser, town: Town, begin: Begin
) -> None:
    draft = begin("/en/lublin")
    with tenancy.within(town.id), writing():
        db.session.execute(update(tenancy.Municipality).values(upload_bytes=10_000_000_000))
    before = set(files.store().listed())
    answer = send_file(client, draft, "document", PDF, "a.pdf")
    assert answer.status_code == 422
    assert "used up its room" in answer.text
    assert set(files.store().listed()) == before


def add_photo(client: Browser, draft: str) -> None:
    raw = BytesIO()
    Image.new("RGB", (60, 40)).save(raw, "JPEG")
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(f"{draft}/photos").text)
    assert token
    sent = {"csrf_token": token[1], "photo": (BytesIO(raw.getvalue()), "a.jpg")}
    assert client.post(f"{draft}/photos", data=sent).status_code == 303


def test_a_picture_of_a_draft_needs_the_session_that_opened_the_draft(
    app: Flask, client: Browser, town: Town, begin: Begin
) -> None:
    draft = begin("/en/lublin")
    add_photo(client, draft)
    picture = re.search(r'src="([^"]*/photos/\d+)"', client.get(f"{draft}/photos").text)
    assert picture
    answer = client.get(picture[1])
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    stranger = Browser(app)
    assert stranger.get(picture[1]).status_code == 404, "its address alone opens nothing"
    assert stranger.get(f"{draft}/photos").status_code == 200, "the link of the draft goes on elsewhere"
    assert stranger.get(picture[1]).status_code == 200


class TestAccount:
    """Whoever is signed in finds the name of the account in the field, and it is theirs to change or clear."""

    def test_the_name_of_the_account_fills_the_field_until_it_is_cleared(
        self,
        client: Browser,
        town: Town,
        begin: Begin,
        actor_as: Callable[..., Actor],
        sign_in: Callable[..., None],
    ) -> None:
        sign_in(client, actor_as("resident", name="Ewa Lis"))
        draft = begin("/en/lublin")
        shown = client.get(f"{draft}/you").text
        assert 'value="Ewa Lis"' in shown
        assert "From your account. You can change or clear it for this initiative." in shown
        assert client.submit(f"{draft}/you", {"name": ""}).status_code == 303
        assert 'value="Ewa Lis"' not in client.get(f"{draft}/you").text

    def test_a_draft_begun_before_signing_in_is_filled_too(
        self,
        client: Browser,
        town: Town,
        begin: Begin,
        actor_as: Callable[..., Actor],
        sign_in: Callable[..., None],
    ) -> None:
        draft = begin()
        sign_in(client, actor_as("resident", name="Ewa Lis"))
        assert 'value="Ewa Lis"' in client.get(f"{draft}/you").text

    def test_an_account_without_a_name_is_not_named(
        self,
        client: Browser,
        town: Town,
        begin: Begin,
        sign_in: Callable[..., None],
        actor_as: Callable[..., Actor],
    ) -> None:
        resident = actor_as("resident")
        with writing():
            db.session.get_one(User, resident.user_id).name = None
        sign_in(client, resident)
        shown = client.get(f"{begin('/en/lublin')}/you").text
        assert "You are signed in. We tell you at the address of your account." in shown
        assert "From your account" not in shown


class TestSimilar:
    """What is there already: shown once for the text and once for the place, and joined instead of filing a double."""

    def test_join_keeps_the_draft_until_the_button_and_then_drops_it(
        self,
        client: Browser,
        town: Town,
        begin: Begin,
        actor_as: Callable[..., Actor],
        sign_in: Callable[..., None],
    ) -> None:
        other = make_initiative(town, title=WHAT["title"]).id
        actor = actor_as("resident")
        sign_in(client, actor)
        draft = begin()
        shown = client.get(f"{draft}/what?similar=1").text
        found = re.search(r'href="([^"]+/join/[^"]+)"', shown)
        assert found
        assert WHAT["title"] in client.get(found[1]).text
        assert queries.drafted(draft.rpartition("/")[2]).state == "draft"
        assert client.submit(found[1], {"wanted": "on"}).status_code == 303
        assert client.get(f"{draft}/what").status_code == 404
        db.session.expire_all()
        case = queries.case(other)
        assert case.support_count == 1
        assert content.follows(*case.about, content_services.person_of_user(actor.user_id or 0))

    def test_join_asks_a_visitor_to_sign_in_and_keeps_the_draft(
        self, client: Browser, town: Town, begin: Begin
    ) -> None:
        number = (make_initiative(town, title=WHAT["title"]).number or "").lower()
        draft = begin()
        path = f"/pl/lublin/initiatives/{number}/join/{draft.rpartition('/')[2]}"
        assert "/sign-in" in client.get(path).location
        assert client.get(f"{draft}/what").status_code == 200

    def test_the_place_brings_up_what_the_text_did_not(
        self, client: Browser, town: Town, begin: Begin
    ) -> None:
        lat, lon = town.centre
        # A third of its long words are the draft's: too few alone, enough beside it.
        make_initiative(town, title="Ławka naprzeciwko cmentarza", lat=lat, lon=lon)
        draft = begin(title="Ławka parkowa drewniana")
        place = {"place": "point", "lat": str(lat), "lon": str(lon)}
        answer = client.submit(f"{draft}/where", place)
        assert answer.location.endswith("/where?similar=1")
        assert "0 m" in client.get(answer.location).text
        assert client.submit(answer.location, {**place, "go": "on"}).location.endswith("/photos")


def test_a_photo_is_described_anew(client: Browser, town: Town, begin: Begin) -> None:
    draft = begin()
    raw = BytesIO()
    Image.new("RGB", (60, 40)).save(raw, "JPEG")
    client.submit(
        f"{draft}/photos", {"photo": (BytesIO(raw.getvalue()), "a.jpg"), "alt": "Ławka", "go": "stay"}
    )
    row = db.session.scalars(select(Attachment)).one()
    assert client.submit(f"{draft}/photos/{row.id}/alt", {"alt": "x" * 201}).status_code == 422
    assert client.submit(f"{draft}/photos/{row.id}/alt", {"alt": "Brak ławki"}).status_code == 303
    assert "Brak ławki" in client.get(f"{draft}/photos").text
    assert client.get(f"{draft}/photos/{row.id + 1}/alt").status_code == 404


class TestLater:
    def test_the_way_back_is_shown_and_sent(
        self, client: Browser, town: Town, begin: Begin, outbox: Callable[[], list[Any]]
    ) -> None:
        draft = begin("/en/lublin")
        page = client.get(f"{draft}/later").text
        assert f"{draft}/what" in page
        assert 'src="data:image/svg+xml' in page
        assert client.submit(f"{draft}/later", {"email": "Ewa@poczta.example"}).location == f"{draft}/later"
        assert [notice.email for notice in outbox()] == ["ewa@poczta.example"]

    def test_a_mistyped_address_is_shown_with_what_to_do(
        self, client: Browser, town: Town, begin: Begin, outbox: Callable[[], list[Any]]
    ) -> None:
        answer = client.submit(f"{begin('/en/lublin')}/later", {"email": "ewa at home"})
        assert answer.status_code == 422
        assert 'value="ewa at home"' in answer.text
        assert "Write an e-mail address such as name@example.org." in answer.text
        assert outbox() == []


def test_without_a_proof_the_text_comes_back_and_waits(
    client: Browser, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "_asked", proof._Asked(bits=12, pause=5))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    page = client.get("/en/lublin/initiatives/new").text
    assert "data-proof" in page
    first = client.submit("/en/lublin/initiatives/new", WHAT)
    assert first.status_code == 422
    assert WHAT["text"] in first.text
    assert "Please wait a moment" in first.text
    fields = dict(Forms(first.text).found[0][1])
    early = client.post("/en/lublin/initiatives/new", data=fields)
    assert early.status_code == 422
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=6))
    again = client.post("/en/lublin/initiatives/new", data=fields)
    assert again.status_code == 303
    # The same form once more is the same draft.
    assert client.post("/en/lublin/initiatives/new", data=fields).location == again.location


def test_a_proof_opens_the_first_step_and_no_other_town(
    client: Browser, town: Town, other_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "_asked", proof._Asked(bits=4, pause=5))
    fields = dict(Forms(client.get("/en/lublin/initiatives/new").text).found[0][1]) | WHAT
    fields["solution"] = solution_of(fields["proof"], 4)
    elsewhere = client.post(f"/en/{other_town.slug}/initiatives/new", data=fields)
    assert elsewhere.status_code == 422
    assert client.post("/en/lublin/initiatives/new", data=fields).status_code == 303


def test_whoever_is_signed_in_files_without_a_proof(
    client: Browser, town: Town, actor_as: Any, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "_asked", proof._Asked(bits=20, pause=5))
    sign_in(client, actor_as("resident"))
    assert "data-proof" not in client.get("/en/lublin/initiatives/new").text
    assert client.submit("/en/lublin/initiatives/new", WHAT).status_code == 303
