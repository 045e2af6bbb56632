"""What people who wish us ill, click twice, leave all empty or come back later do to the pages of initiatives."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import update

from initiatives import services
from initiatives.forms.filing import DraftForm
from initiatives.models import Author, Place
from initiatives.services import What, Where
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.errors import Missing
from portal.core.tenancy import Town
from portal.notify.models import Notice
from tests.factories.browser import Browser
from tests.factories.initiatives import TEXT, TITLE, make_initiative

SAID = {"title": TITLE, "text": TEXT, "category": "greenery"}
KEY = "the-same-key-of-two-people"


@pytest.mark.parametrize("key", ["", "1"])
def test_two_people_without_a_form_key_get_drafts_of_their_own(client: Browser, town: Town, key: str) -> None:
    path = f"/en/{town.slug}/initiatives/new"
    drafts = {client.submit(path, {**SAID, "form_key": key}).headers["Location"] for _ in range(2)}
    assert len(drafts) == 2


def test_a_form_key_of_somebody_else_shows_no_receipt(town: Town, actor_as: Callable[..., Actor]) -> None:
    visitor = actor_as("visitor")
    drafts = [services.start_draft(visitor, "pl", f"{KEY}-{i}") for i in range(2)]
    for draft in drafts:
        services.save_what(visitor, draft, What(TITLE, TEXT, "greenery"))
        services.save_where(visitor, draft, Where(Place.WHOLE))
    mine, theirs = (services.submit(visitor, draft, KEY) for draft in drafts)
    assert mine.number != theirs.number
    assert mine.code != theirs.code
    assert services.submit(visitor, drafts[0], KEY) == mine
    with pytest.raises(Missing):
        services.submit(visitor, "no-draft", KEY)


@pytest.mark.parametrize("verb", ["support", "follow"])
def test_a_double_click_does_not_undo_itself(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: Callable[..., None], verb: str
) -> None:
    case = make_initiative(town)
    sign_in(client, actor_as("resident"))
    path = f"/en/{town.slug}/initiatives/{(case.number or '').lower()}/{verb}"
    page = client.get(path).get_data(as_text=True)
    sent = {
        name: (re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) or [""] * 2)[1]
        for name in ("csrf_token", "form_key", "wanted")
    }
    answers = [client.post(path, data=sent).status_code for _ in range(2)]
    assert answers == [303, 303]
    assert 'value="off"' in client.get(path).get_data(as_text=True)
    client.submit(path, {"wanted": "off"})
    assert 'value="on"' in client.get(path).get_data(as_text=True)


@pytest.mark.parametrize("sent", ["²", "٣", "-1", "1e3", "9" * 5000, " ", "x"])
def test_a_version_that_is_no_number_is_none(client: Browser, town: Town, sent: str) -> None:
    with client.application.test_request_context(method="POST", data={"version": sent}):
        assert DraftForm(meta={"csrf": False}).made_from is None


@pytest.mark.parametrize("ending", ["csv", "json", "geojson"])
def test_a_withdrawn_case_leaves_no_text_and_no_place_in_files(
    client: Browser, town: Town, ending: str
) -> None:
    make_initiative(
        town, "withdrawn", text="Przed naszymi drzwiami.", address="Cicha 7", lat=51.23456, lon=22.54321
    )
    body = client.get(f"/en/{town.slug}/initiatives.{ending}").get_data(as_text=True)
    assert TITLE in body
    assert not [word for word in ("drzwiami", "Cicha", "51.23", "22.54") if word in body]


def test_an_empty_field_is_told_one_thing(client: Browser, town: Town) -> None:
    answer = client.submit(f"/en/{town.slug}/initiatives/new", {"title": "", "text": ""})
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Write a title." in body
    assert "The title must have" not in body


def test_every_step_shows_the_link_that_opens_the_draft_elsewhere(client: Browser, town: Town) -> None:
    first = f"/en/{town.slug}/initiatives/new"
    assert "Link to your draft" not in client.get(first).get_data(as_text=True)
    place = client.submit(first, SAID).headers["Location"].partition("?")[0]
    base = place.rpartition("/")[0]
    for step in ("what", "where", "photos", "you", "preview"):
        body = client.get(f"{base}/{step}").get_data(as_text=True)
        assert f'<a href="{base}/what">Link to your draft</a>' in body
    another = client.application.test_client()
    assert TITLE in another.get(f"{base}/what").get_data(as_text=True)


def test_the_message_of_a_returned_case_lists_what_is_missing(
    town: Town,
    actor_as: Callable[..., Actor],
    run_jobs: Callable[[], int],
    outbox: Callable[[], list[Notice]],
) -> None:
    case = make_initiative(town, "submitted")
    services.send_back(actor_as("reviewer"), case.id, "- An address\n\n• A photo")
    run_jobs()
    (told,) = [notice for notice in outbox() if notice.code == "initiative.returned"]
    assert "- An address\n- A photo" in (told.body or "")


@pytest.mark.parametrize(
    ("language", "day"), [("pl", "1 marca 2027"), ("cs", "1. března 2027"), ("en", "1 March 2027")]
)
def test_the_message_of_a_moved_deadline_names_the_new_day(
    town: Town,
    actor_as: Callable[..., Actor],
    run_jobs: Callable[[], int],
    outbox: Callable[[], list[Notice]],
    frozen: Callable[[str], None],
    language: str,
    day: str,
) -> None:
    frozen("2027-01-20 10:00")
    case = make_initiative(town, "purpose_study")
    with writing():
        db.session.execute(update(Author).where(Author.initiative_id == case.id).values(locale=language))
    services.extend(actor_as("leader"), case.id, date(2027, 3, 1), "Czekamy na opinię.")
    run_jobs()
    (told,) = [notice for notice in outbox() if notice.code == "initiative.extended"]
    assert day in (told.body or "")


@pytest.mark.parametrize("path", [".atom", ".json", ".csv", "/{}/print"])
def test_no_name_that_a_request_used_stands_in_what_readers_keep(
    client: Browser, town: Town, path: str
) -> None:
    case = make_initiative(town)
    where = f"/en/{town.slug}/initiatives{path.format((case.number or '').lower())}"
    body = client.get(where, headers={"Host": "localhost:6666"}).get_data(as_text=True)
    base = client.application.extensions["portal.settings"].base_url
    assert "6666" not in body
    assert f"{base}/en/{town.slug}/initiatives/{(case.number or '').lower()}" in body
