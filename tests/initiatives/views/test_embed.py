"""Pages for frames on other sites: they alone may be framed, and hold nothing of who reads them."""

import html

import pytest

from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative

LIST = "/en/lublin/initiatives"


def test_one_may_be_framed_and_sets_no_cookie(client: Browser, town: Town) -> None:
    case = make_initiative(town, "published", title='Ławka "u nas" <b>')
    answer = client.get(f"{LIST}/{(case.number or '').lower()}/embed")
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors *" in policy
    assert "form-action 'none'" in policy
    assert "X-Frame-Options" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.text.count("<h1") == 1
    assert "<script" not in answer.text
    assert "<form" not in answer.text
    # Kept by the page cache, it is the same.
    again = client.get(f"{LIST}/{(case.number or '').lower()}/embed")
    assert again.headers["Content-Security-Policy"] == policy
    assert "X-Frame-Options" not in again.headers


def test_list_shows_what_its_filters_find(client: Browser, town: Town) -> None:
    make_initiative(town, "published", category="roads", title="Chodnik")
    make_initiative(town, "published", category="greenery", title="Drzewo")
    answer = client.get(f"{LIST}/embed?category=roads")
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "Chodnik" in answer.text
    assert "Drzewo" not in answer.text
    assert "Nothing has been published" in client.get(f"{LIST}/embed?category=parking").text


def test_code_to_copy_is_escaped_and_not_framed_itself(client: Browser, town: Town) -> None:
    case = make_initiative(town, "published", title='Ławka "u nas" <b>')
    answer = client.get(f"{LIST}/{(case.number or '').lower()}/embed-code")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    code = html.unescape(answer.text.split("readonly", 1)[1].split(">", 1)[1].split("</textarea>", 1)[0])
    assert code.startswith('<iframe src="http')
    assert 'title="Ławka &#34;u nas&#34; &lt;b&gt;"' in code
    assert "category=roads" in client.get(f"{LIST}/embed-code?category=roads&sort=x").text


@pytest.mark.parametrize("state", ["draft", "submitted", "held"])
def test_hidden_cases_have_none(client: Browser, town: Town, state: str) -> None:
    case = make_initiative(town, state)
    for page in ("embed", "embed-code"):
        assert client.get(f"{LIST}/{(case.number or 'lub-i-2026-9999').lower()}/{page}").status_code == 404


def test_of_a_withdrawn_one_only_the_title_is_left(client: Browser, town: Town) -> None:
    case = make_initiative(town, "withdrawn")
    page = client.get(f"{LIST}/{(case.number or '').lower()}/embed").text
    assert case.title in page
    assert "supporter" not in page
