"""The door of the portal: where a request comes from, which host it names, what its address may hold."""

import pytest
from flask import Flask

from portal.core.tenancy import Town
from portal.ui.http import NumberConverter
from tests.factories.browser import Browser


@pytest.mark.parametrize("host", ["[", "[::1", "elsewhere.example", "localhost:port", ""])
def test_an_unknown_or_broken_host_is_not_the_portal(client: Browser, host: str) -> None:
    assert client.get("/en/", headers={"Host": host}).status_code == 404


@pytest.mark.parametrize("origin", ["http://[", "null", "http://elsewhere.example", "ftp", ""])
def test_a_form_of_another_origin_is_refused(client: Browser, origin: str) -> None:
    assert client.post("/en/sign-in", headers={"Origin": origin}).status_code == 403


def test_a_form_of_our_own_origin_passes_the_door(client: Browser) -> None:
    # It fails at the next check, that of the token.
    assert client.post("/en/sign-in", headers={"Origin": "http://localhost"}).status_code == 400


@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "9" * 5000])
@pytest.mark.parametrize("path", ["initiatives/lub-i-2026-0001/files/{}", "initiatives/lub-i-2026-{}"])
def test_a_number_that_no_database_holds_names_nothing(
    client: Browser, town: Town, path: str, number: str
) -> None:
    assert client.get(f"/en/{town.slug}/{path.format(number)}").status_code == 404


@pytest.mark.parametrize(("number", "status"), [(2**62 - 1, 200), (2**63 - 1, 200), (2**63, 404)])
def test_an_address_takes_every_id_a_row_may_have(number: int, status: int) -> None:
    app = Flask(__name__)
    app.url_map.converters["int"] = NumberConverter
    app.add_url_rule("/<int:row>", view_func="{row}".format)
    assert app.test_client().get(f"/{number}").status_code == status


def test_headers_asked_alone_are_those_of_the_page(client: Browser, town: Town) -> None:
    for path in ("/en/", f"/en/{town.slug}/initiatives", "/en/sign-in"):
        page, alone = client.get(path), client.head(path)
        assert alone.headers["Cache-Control"] == page.headers["Cache-Control"], path
