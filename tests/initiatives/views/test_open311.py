"""Open311 GeoReport v2: what city apps read and send, in both forms, with its rules and refusals; and the real client."""

import itertools
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from werkzeug.serving import make_server

from initiatives import queries
from initiatives.states import CATEGORIES, OPEN_PHASES, WORKFLOW
from initiatives.views.open311 import title_of
from portal.api import services as keys
from portal.core import clock
from portal.core.actor import Actor
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import TEXT, TITLE, make_initiative

ROOT = "/open311/v2"
HERE = "jurisdiction_id=lublin"
SENT = {
    "jurisdiction_id": "lublin",
    "service_code": "greenery",
    "lat": "51.2465",
    "long": "22.5684",
    "description": TEXT,
    "first_name": "Jan",
    "last_name": "Próbny",
    "email": "jan@people.example",
}


@pytest.fixture
def key(actor_as: Callable[..., Actor]) -> str:
    """A key that may file for others."""
    return keys.make_key(actor_as("admin"), "City app", ["operator"], ["initiative.take"], 30, "form")


def got(client: Browser, path: str, query: str = "") -> Any:
    answer = client.get(f"{ROOT}/{path}?{HERE}&{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def codes(answer: Any) -> list[int]:
    return [error["code"] for error in answer.json]


class TestReading:
    def test_discovery_names_both_forms(self, client: Browser, town: Town) -> None:
        found = client.get(f"{ROOT}/discovery.json").json
        (endpoint,) = found["endpoints"]
        assert endpoint["formats"] == ["application/json", "text/xml"]
        assert endpoint["url"].endswith(ROOT)

    def test_services_are_the_categories(self, client: Browser, town: Town) -> None:
        found = got(client, "services.json")
        assert [service["service_code"] for service in found] == list(CATEGORIES)
        assert all(service["type"] == "realtime" and service["metadata"] for service in found)

    def test_definition_lists_what_else_can_be_said(self, client: Browser, town: Town) -> None:
        found = got(client, "services/roads.json")
        assert [attribute["code"] for attribute in found["attributes"]] == ["title", "cost"]
        assert client.get(f"{ROOT}/services/nothing.json?{HERE}").status_code == 404

    @pytest.mark.parametrize("state", WORKFLOW.keys())
    def test_open_and_closed_follow_the_phase_and_hidden_is_not_served(
        self, client: Browser, town: Town, state: str
    ) -> None:
        case = make_initiative(town, state)
        listed = got(client, "requests.json")
        phase = WORKFLOW.state(state).phase
        if not case.is_public:
            assert listed == []
            assert client.get(f"{ROOT}/requests/{case.number or 'x'}.json?{HERE}").status_code == 404
            return
        assert listed[0]["status"] == ("open" if phase in OPEN_PHASES else "closed")
        assert got(client, f"requests/{case.number}.json") == listed

    def test_of_a_withdrawn_one_title_and_days_are_left(self, client: Browser, town: Town) -> None:
        make_initiative(town, "withdrawn", listed_at=clock.now(), address="Krótka 1")
        (found,) = got(client, "requests.json")
        assert (found["description"], found["address"], found["lat"]) == (TITLE, None, None)

    def test_nothing_of_the_author_is_in_it(self, client: Browser, town: Town) -> None:
        make_initiative(town, "published", email="secret@people.example")
        assert "secret" not in client.get(f"{ROOT}/requests.json?{HERE}").text

    def test_filters_of_the_standard(self, client: Browser, town: Town) -> None:
        now = clock.now()
        first = make_initiative(town, "published", category="roads", submitted_at=now - timedelta(days=10))
        second = make_initiative(town, "done", category="parking", submitted_at=now - timedelta(days=20))
        old = make_initiative(town, "published", submitted_at=now - timedelta(days=200))

        def numbers(query: str) -> list[str]:
            return [row["service_request_id"] for row in got(client, "requests.json", query)]

        assert numbers("") == [first.number, second.number]
        assert numbers("status=closed") == [second.number]
        assert numbers("status=open,closed") == [first.number, second.number]
        assert numbers("service_code=roads") == [first.number]
        assert numbers("service_code=roads,parking&page_size=1&page=2") == [second.number]
        assert numbers(f"service_request_id={old.number},nonsense,{(first.number or '').lower()}") == [
            first.number,
            old.number,
        ]
        since = (now - timedelta(days=210)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert numbers(f"start_date={since}") == [old.number]
        until = (now - timedelta(days=15)).isoformat()
        assert numbers(f"end_date={until}") == [second.number]

    def test_another_municipality_is_another_jurisdiction(
        self, client: Browser, town: Town, other_town: Town
    ) -> None:
        case = make_initiative(other_town, "published")
        assert got(client, "requests.json") == []
        assert client.get(f"{ROOT}/requests/{case.number}.json?{HERE}").status_code == 404

    @pytest.mark.parametrize(
        "query",
        [
            "status=nearly", "service_code=nothing", "start_date=yesterday", "page_size=0", "page_size=2000",
            "page=x", "page=3&page_size=900", "start_date=2020-01-01T00:00:00Z&end_date=2026-01-01T00:00:00Z",
            "service_request_id=" + ",".join(["x"] * 101), "start_date=0001-01-01T00:00:00%2B14:00",
        ],
    )  # fmt: skip
    def test_bad_filters_are_refused_in_the_shape_of_the_standard(
        self, client: Browser, town: Town, query: str
    ) -> None:
        answer = client.get(f"{ROOT}/requests.json?{HERE}&{query}")
        if "0001" in query:
            assert answer.status_code in (200, 400)
            return
        assert (answer.status_code, codes(answer)[0]) == (400, 400)

    def test_without_a_jurisdiction_or_with_a_strange_one(self, client: Browser, town: Town) -> None:
        missing = client.get(f"{ROOT}/requests.json")
        strange = client.get(f"{ROOT}/requests.json?jurisdiction_id=atlantis")
        assert (missing.status_code, codes(missing)) == (400, [400])
        assert (strange.status_code, codes(strange)) == (404, [404])

    def test_xml_says_the_same(self, client: Browser, town: Town) -> None:
        make_initiative(town, "published", title="Ławka & <cień>")
        json = got(client, "requests.json")[0]
        answer = client.get(f"{ROOT}/requests.xml?{HERE}")
        assert answer.content_type == "text/xml; charset=utf-8"
        (found,) = ET.fromstring(answer.data)
        assert found.tag == "request"
        assert {child.tag: child.text for child in found} == {
            name: None if value is None else str(value) for name, value in json.items()
        }
        for path, tag in (
            ("services.xml", "services"),
            ("services/roads.xml", "service_definition"),
            ("discovery.xml", "discovery"),
        ):
            assert ET.fromstring(client.get(f"{ROOT}/{path}?{HERE}").data).tag == tag
        wrong = ET.fromstring(client.get(f"{ROOT}/requests/x.xml?{HERE}").data)
        assert (wrong.tag, wrong[0].tag, wrong[0][0].text) == ("errors", "error", "404")

    def test_other_endings_and_methods(self, client: Browser, town: Town) -> None:
        assert client.get(f"{ROOT}/requests.yaml?{HERE}").status_code == 404
        assert client.delete(f"{ROOT}/requests.json?{HERE}").status_code == 405

    def test_unchanged_answers_cost_a_304(self, client: Browser, town: Town) -> None:
        answer = client.get(f"{ROOT}/services.json?{HERE}")
        again = client.get(f"{ROOT}/services.json?{HERE}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304


class TestFiling:
    def test_a_request_becomes_a_case_that_waits_for_the_team(
        self, client: Browser, town: Town, key: str
    ) -> None:
        answer = client.post(
            f"{ROOT}/requests.json", data={**SENT, "api_key": key, "attribute[title]": TITLE}
        )
        assert answer.status_code == 201, answer.text
        (found,) = answer.json
        case = queries.case_by_number(found["service_request_id"])
        assert (case.state, case.title, case.text, case.channel.value) == ("submitted", TITLE, TEXT, "api")
        assert case.author is not None
        assert (case.author.name, case.author.email) == ("Jan Próbny", "jan@people.example")
        assert re.search(r"(\w{4}-){3}\w{4}", found["service_notice"])
        # Nobody sees it before the team has looked at it.
        assert got(client, "requests.json") == []

    def test_the_same_words_twice_are_one_case(self, client: Browser, town: Town, key: str) -> None:
        first, second = (
            client.post(f"{ROOT}/requests.json", data={**SENT, "api_key": key}).json for _ in range(2)
        )
        assert first[0]["service_request_id"] == second[0]["service_request_id"]

    def test_in_xml(self, client: Browser, town: Town, key: str) -> None:
        answer = client.post(f"{ROOT}/requests.xml", data={**SENT, "api_key": key})
        found = ET.fromstring(answer.data)
        assert (answer.status_code, found.tag, found[0].tag) == (201, "service_requests", "request")

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"service_code": "nothing"}, "service_code"),
            ({"service_code": ""}, "service_code"),
            ({"description": "krótko"}, "description"),
            ({"description": "x" * 9000}, "description"),
            ({"lat": "", "long": ""}, "address_string"),
            ({"lat": "51.2465", "long": ""}, "address_string"),
            ({"lat": "abc"}, "lat"),
            ({"lat": "22.5", "long": "51.2"}, "address_string"),
            ({"email": "nobody"}, "email"),
            ({"phone": "12"}, "phone"),
            ({"media_url": "https://example.org/a.jpg"}, "media_url"),
            ({"attribute[cost]": "much"}, "attribute[cost]"),
        ],
    )
    def test_what_is_wrong_is_named_as_the_standard_calls_it(
        self, client: Browser, town: Town, key: str, changes: dict[str, str], named: str
    ) -> None:
        answer = client.post(f"{ROOT}/requests.json", data={**SENT, "api_key": key, **changes})
        assert answer.status_code == 400
        assert any(error["description"].startswith(f"{named}: ") for error in answer.json), answer.text

    @pytest.mark.parametrize("secret", ["", "pk_wrong"])
    def test_without_a_good_key(self, client: Browser, town: Town, secret: str) -> None:
        answer = client.post(f"{ROOT}/requests.json", data={**SENT, "api_key": secret})
        assert (answer.status_code, codes(answer)) == (403, [403])

    def test_a_key_of_another_municipality(
        self, client: Browser, town: Town, other_town: Town, key: str
    ) -> None:
        answer = client.post(
            f"{ROOT}/requests.json", data={**SENT, "api_key": key, "jurisdiction_id": other_town.slug}
        )
        assert answer.status_code == 403

    def test_a_key_without_the_permission(
        self, client: Browser, town: Town, actor_as: Callable[..., Actor]
    ) -> None:
        narrow = keys.make_key(actor_as("admin"), "R", ["leader"], ["initiative.desk"], 30, "narrow")
        assert client.post(f"{ROOT}/requests.json", data={**SENT, "api_key": narrow}).status_code == 403

    @pytest.mark.parametrize(
        ("text", "title"),
        [("Krótko. I dalej.", "Krótko"), ("Jedna linia\ndruga", "Jedna linia"), ("słowo " * 40, None)],
    )
    def test_without_a_title_the_first_sentence_is_one(self, text: str, title: str | None) -> None:
        found = title_of(text.strip())
        assert len(found) <= 120
        assert found == title or found.endswith("słowo…")


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The portal at a port of this machine, for a client that knows nothing but HTTP."""
    server = make_server("127.0.0.1", 0, app, threaded=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}{ROOT}"
    server.shutdown()
    thread.join()


def test_the_real_client_reads_and_files(address: str, town: Town, key: str) -> None:
    itertools.ifilter = filter  # type: ignore[attr-defined] # It was written for Python 2.
    try:
        three = pytest.importorskip(
            "three", reason="The Open311 client three 0.8.0 is not installed: pip install three==0.8.0"
        )
        case = make_initiative(town, "published", category="roads")
        client = three.Three(address, api_key=key, jurisdiction="lublin")
        assert client.discovery()["endpoints"][0]["specification"].endswith("GeoReport_v2")
        assert [service["service_code"] for service in client.services()] == list(CATEGORIES)
        assert client.services("roads")["service_code"] == "roads"
        assert [row["service_request_id"] for row in client.requests(status="open", count=5)] == [case.number]
        assert client.requests("parking") == []
        assert client.request(case.number)[0]["service_code"] == "roads"
        (made,) = client.post("greenery", description=TEXT, lat=51.2465, long=22.5684, name="Jan Próbny")
        assert made["service_request_id"].startswith("LUB-I-")
        assert client.post("greenery", description="x", address="Krótka 1")[0]["code"] == 400
    finally:
        del itertools.ifilter  # type: ignore[attr-defined]
