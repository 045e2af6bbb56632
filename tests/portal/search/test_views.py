"""The results page, through the browser."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from portal.core import clock
from portal.core.tenancy import Town

Put = Callable[..., None]


@pytest.mark.parametrize(
    "path", ["/pl/search", "/cs/lublin/search", "/en/search?q=nothing", "/pl/lublin/search?q=nic"]
)
def test_empty_or_in_vain_the_page_says_how_to_go_on(town: Town, client: Any, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert 'class="empty"' in page.text
    assert "Set-Cookie" not in page.headers


def test_a_hit_is_a_link_in_the_readers_language(town: Town, put: Put, client: Any) -> None:
    put(1, "Nový chodník", "U školy", number="LUB-I-2026-0001 12/3", language="cs")
    text = client.get("/pl/lublin/search?q=chodnik").text
    assert 'href="/pl/lublin/things/1" lang="cs">Nový chodník</a>' in text
    assert "LUB-I-2026-0001, 12/3" in text
    assert 'href="/pl/search?q=chodnik"' in text


def test_over_all_towns_each_hit_names_its_own(town: Town, other_town: Town, put: Put, client: Any) -> None:
    put(1, "Chodnik")
    put(2, "Chodník", place=other_town)
    put(3, "Chodník tajný", place=other_town, public=False)
    text = client.get("/pl/search?q=chodnik").text
    assert "/pl/lublin/things/1" in text
    assert "/pl/ostrava-jih/things/2" in text
    assert "Ostrawa-Południe" in text
    assert "things/3" not in text


def test_what_people_wrote_is_text(town: Town, put: Put, client: Any) -> None:
    put(1, "<script>alert(1)</script> chodnik")
    text = client.get("/pl/search?q=chodnik").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "&lt;b&gt;" in client.get("/pl/search?q=<b>x</b>").text


def test_the_list_goes_on_and_back(town: Town, put: Put, client: Any) -> None:
    for number in range(21):
        put(number, f"Chodnik numer {number}", at=clock.now() + timedelta(seconds=number))
    first = client.get("/en/lublin/search?q=chodnik").text
    assert "21 hits" in first
    assert 'things/0"' not in first
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(older).text
    assert 'things/0"' in second
    newer = second.split('rel="prev" href="')[1].split('"')[0].replace("&amp;", "&")
    assert 'things/20"' in client.get(newer).text


@pytest.mark.parametrize("query", ["q=" + "a" * 5000, "q=%00%ff", "q=" + "a+" * 900, "q='%22*)(:&|!"])
def test_strange_queries_are_only_words(town: Town, client: Any, query: str) -> None:
    assert client.get(f"/pl/search?{query}").status_code == 200


def test_a_place_we_did_not_write_is_not_found(town: Town, client: Any) -> None:
    assert client.get("/pl/search?q=x&page=zzz").status_code == 404


def test_a_slip_of_the_keyboard_shows_what_was_meant(town: Town, put: Put, client: Any) -> None:
    put(1, "Nowy chodnik")
    text = client.get("/en/lublin/search?q=chodnki").text
    assert "Nothing found for “chodnki”. This is what fits “chodnik”." in text
    assert 'href="/en/lublin/things/1"' in text
    assert 'value="chodnki"' in text


def test_tabs_divide_the_hits_and_keep_the_words(town: Town, put: Put, client: Any) -> None:
    put(1, "Nowy chodnik", kind="initiative")
    put(2, "Chodnik otwarty", kind="news")
    text = client.get("/en/lublin/search?q=chodnik").text
    assert 'href="/en/lublin/search?q=chodnik&amp;kind=news"' in text
    only = client.get("/en/lublin/search?q=chodnik&kind=news").text
    assert "Chodnik otwarty" in only
    assert "Nowy chodnik" not in only
    assert 'kind=news" aria-current="page"' in only
    assert client.get("/en/lublin/search?q=chodnik&kind=nonsense").status_code == 200
    without = client.get("/en/lublin/search?q=chodnik&kind=page").text
    assert 'kind=page" aria-current="page"' in without
    assert "Nothing found" in without


def test_hits_of_several_towns_lead_to_each(town: Town, other_town: Town, put: Put, client: Any) -> None:
    put(1, "Chodnik")
    put(2, "Chodník", place=other_town)
    text = client.get("/en/search?q=chodnik").text
    assert 'href="/en/lublin/search?q=chodnik"' in text
    assert 'href="/en/ostrava-jih/search?q=chodnik"' in text


def test_suggestions_are_hits_else_what_was_meant(
    town: Town, other_town: Town, put: Put, client: Any
) -> None:
    put(1, "Nowy chodnik", number="LUB-I-2026-0001", kind="initiative", language="cs")
    put(2, "Chodník", place=other_town)
    put(3, "Chodnik tajny", public=False)
    answer = client.get("/en/lublin/search/suggest.json?q=chod")
    assert answer.json == {
        "items": [
            {
                "title": "Nowy chodnik",
                "href": "/en/lublin/things/1",
                "note": "Initiative · LUB-I-2026-0001",
                "language": "cs",
            }
        ]
    }
    assert "Set-Cookie" not in answer.headers
    assert len(client.get("/pl/search/suggest.json?q=chod").json["items"]) == 2
    meant = client.get("/en/lublin/search/suggest.json?q=chodniik").json["items"]
    assert [one["href"] for one in meant] == ["/en/lublin/search?q=chodnik"]
    assert client.get("/en/lublin/search/suggest.json").json == {"items": []}
