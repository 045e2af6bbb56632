"""Markdown becomes harmless HTML; links follow the reader's language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.articles.formats import html_of, is_link, spoken, words_of


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "[click](data:text/html;base64,PHN2Zz4=)",
        "![picture](https://evil.example/x.png)",
        '[x](https://a.example "onmouseover=alert(1)")',
        "<a href='javascript:alert(1)'>x</a>",
        "```\n<b onclick=x>\n```",
        "# Heading\n<style>*{}</style>",
    ],
)
def test_what_could_run_or_break_the_page_does_not_pass(attack: str) -> None:
    html = str(html_of(attack, "en"))
    for bad in (
        "<script",
        "<img",
        "<style",
        "<h1",
        "<b ",
        'href="javascript',
        'href="data',
        "onmouseover=",
        "title=",
    ):
        assert bad not in html


@given(st.text(max_size=200))
def test_only_allowed_tags_come_out(text: str) -> None:
    import re

    html = str(html_of(text, "en"))
    allowed = {"p", "br", "strong", "em", "s", "ul", "ol", "li", "blockquote", "a", "code", "hr"}
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= allowed


def test_usual_marks_are_understood() -> None:
    html = str(html_of("**bold** and *soft*\n\n- one\n- two\n\n[words](https://town.example)", "en"))
    assert "<strong>bold</strong>" in html
    assert "<em>soft</em>" in html
    assert html.count("<li>") == 2
    assert '<a href="https://town.example" rel="noopener">words</a>' in html


def test_phone_numbers_are_not_cut() -> None:
    assert ">+48\N{NO-BREAK SPACE}81</a>" in str(html_of("[+48 81](tel:+4881)", "en"))


def test_links_into_the_portal_speak_the_readers_language() -> None:
    assert 'href="/cs/lublin/news"' in str(html_of("[x](/pl/lublin/news)", "cs"))
    assert spoken("/pl", "en") == "/en"
    assert spoken("/plan", "en") == "/plan"
    assert spoken("https://x.example/pl/", "en") == "https://x.example/pl/"


@pytest.mark.parametrize(
    "good", ["/pl/lublin/news", "https://a.example/x?y=1", "mailto:a@b.example", "tel:+48 81"]
)
def test_addresses_that_may_stand_behind_a_button(good: str) -> None:
    assert is_link(good)


@pytest.mark.parametrize(
    "bad",
    ["", "javascript:alert(1)", "//evil.example", "/\\evil.example", "ftp://x", "data:,x", "https://", "a b"],
)
def test_other_addresses_may_not(bad: str) -> None:
    assert not is_link(bad)


def test_words_are_found_without_their_marks() -> None:
    assert words_of("**Two** [benches](/pl/x)\n- in *shade*") == "Two benches\nin shade"
