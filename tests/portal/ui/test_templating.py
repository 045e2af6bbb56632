"""Addresses and icons that are made once, and stay those of the reader."""

import pytest
from flask import Flask

from portal.core import i18n
from portal.core.tenancy import Town
from portal.ui import templating
from portal.ui.templating import kept, url_for


def test_an_address_is_made_once_for_each_place_and_language(
    app: Flask, town: Town, other_town: Town
) -> None:
    found = {}
    for lang, slug in (("pl", "lublin"), ("cs", "lublin"), ("pl", "ostrava-jih")):
        with app.test_request_context(f"/{lang}/{slug}/"):
            app.preprocess_request()
            found[lang, slug] = [url_for("pages.town"), url_for("pages.town")]
    assert {key: paths[0] for key, paths in found.items()} == {
        ("pl", "lublin"): "/pl/lublin/",
        ("cs", "lublin"): "/cs/lublin/",
        ("pl", "ostrava-jih"): "/pl/ostrava-jih/",
    }
    assert all(one == again for one, again in found.values())
    i18n.speak("en")


def test_only_plain_addresses_are_kept(app: Flask, town: Town) -> None:
    with app.test_request_context("/en/lublin/"):
        app.preprocess_request()
        before = templating._address.cache_info().currsize
        assert url_for("pages.home", _anchor="main").endswith("#main")
        assert url_for("pages.home", _external=True).startswith("http")
        assert url_for("initiatives.listing", town="lublin", q=["a", "b"]).endswith("?q=a&q=b")
        assert templating._address.cache_info().currsize == before
        url_for("initiatives.listing", town="lublin", q="never asked before")
        assert templating._address.cache_info().currsize == before + 1


def test_a_kept_macro_is_asked_once() -> None:
    asked: list[str] = []

    def icon(name: str) -> str:
        asked.append(name)
        return f"<svg>{name}</svg>"

    once = kept(icon)
    assert [once("pin"), once("pin"), once("map")] == ["<svg>pin</svg>", "<svg>pin</svg>", "<svg>map</svg>"]
    assert asked == ["pin", "map"]


def test_globals_of_a_template_are_one_plain_dictionary(app: Flask) -> None:
    made = app.jinja_env.make_globals({"mine": 1})
    assert type(made) is dict
    assert made["mine"] == 1
    assert made["url_for"] is url_for


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("ul. Lipowa 3, 20-109 Lublin", 'ul. Lipowa 3, <span class="nowrap">20-109</span> Lublin'),
        ("Horní 791/3, 700 30 Ostrava", 'Horní 791/3, <span class="nowrap">700 30</span> Ostrava'),
        ("<b>1-2</b>", "&lt;b&gt;1-2&lt;/b&gt;"),
        ("", ""),
    ],
)
def test_a_post_code_does_not_break_at_the_end_of_a_line(typed: str, shown: str) -> None:
    assert str(i18n.TEMPLATE_FILTERS["address"](typed)) == shown
