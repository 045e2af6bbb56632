"""The demo's message viewer, through the browser."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.core import tenancy
from portal.core.config import Mode
from portal.core.tenancy import Town

Write = Callable[..., None]
VIEWER = "/pl/demo/messages"


def test_a_resident_finds_the_link_to_sign_in(
    town: Town, write_for_nobody: Write, run_jobs: Callable[[], int], client: Any
) -> None:
    values = {"token": "x", "link": "http://127.0.0.1:8000/pl/sign-in/link/abc"}
    write_for_nobody("test.link", values, secret=("link",))
    run_jobs()
    page = client.get(VIEWER)
    assert page.status_code == 200
    assert '<a href="/pl/sign-in/link/abc">' in page.text
    assert page.text.count("<h1") == 1


def test_a_message_appears_before_its_text(town: Town, write: Write, client: Any) -> None:
    write()
    assert "jan@people.example" in client.get(VIEWER).text


def test_by_town_and_recipient_and_page_by_page(
    town: Town, other_town: Town, write: Write, client: Any
) -> None:
    with tenancy.within(other_town.id):
        write(email="eva@people.example")
    for _ in range(31):
        write()
    first = client.get(f"{VIEWER}?town=lublin").text
    assert "eva@people.example" not in first
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "town=lublin" in older
    assert client.get(older).text.count("jan@people.example") == 1
    assert "eva@people.example" in client.get(f"{VIEWER}?to=eva@people.example").text
    assert client.get(f"{VIEWER}?to=nobody@people.example").status_code == 200


def test_empty_it_says_what_to_do(town: Town, client: Any) -> None:
    assert client.get(VIEWER).status_code == 200


@pytest.mark.parametrize("query", ["town=atlantis", "page=nonsense"])
def test_what_is_not_there_is_not_found(town: Town, client: Any, query: str) -> None:
    assert client.get(f"{VIEWER}?{query}").status_code == 404


def test_production_has_no_viewer(town: Town, client: Any, configure: Callable[..., None]) -> None:
    configure(mode=Mode.PRODUCTION)
    assert client.get(VIEWER).status_code == 404
