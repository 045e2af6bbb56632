"""What a new municipality must bring, and when the installation is well."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.i18n import speaking
from portal.pages.rules import (
    COUNTRIES,
    LONGEST_WAIT,
    RELEASED,
    RESERVED,
    Health,
    NewMunicipality,
    box_around,
    code_from,
    disk_health,
    message_health,
    problems,
    statement_dates,
)

LUBLIN = NewMunicipality("lublin", {"pl": "Lublin"}, "PL", 51.246, 22.568)


def found(
    new: NewMunicipality, slugs: tuple[str, ...] = (), codes: dict[str, str] | None = None, **values: Any
) -> dict[str, str]:
    with speaking("en"):
        return {
            name: str(text)
            for name, text in problems(
                new, reserved=values.get("reserved", ()), slugs=slugs, codes=codes or {}
            ).items()
        }


def test_a_sound_municipality_has_no_problems() -> None:
    assert found(LUBLIN) == {}


@pytest.mark.parametrize(
    "slug", ["", "Lublin", "łódź", "a--b", "-a", "a-", "a b", "a/b", "a" * 61, "lublin\n"]
)
def test_a_slug_that_is_no_address_is_refused(slug: str) -> None:
    assert "small letters" in found(replace(LUBLIN, slug=slug, code="LUB"))["slug"]


@pytest.mark.parametrize(
    "slug", ["initiatives", "search", "desk", "portal", "surveys", "programme", "pl", "open-data"]
)
def test_a_slug_that_is_an_address_already_is_refused(slug: str) -> None:
    assert slug in RESERVED
    assert slug in found(replace(LUBLIN, slug=slug, code="LUB"))["slug"]


def test_modules_may_reserve_more_words() -> None:
    assert "lublin" in found(LUBLIN, reserved=("lublin",))["slug"]


def test_a_taken_slug_is_refused() -> None:
    assert "already a municipality" in found(LUBLIN, slugs=("lublin",))["slug"]


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("lublin", "LUB"),
        ("wodzislaw-slaski", "WOD"),
        ("a-b-c-d", "ABC"),
        ("17-dzielnica", "DZI"),
        ("a1", "A"),
    ],
)
def test_the_code_comes_from_the_first_letters(slug: str, code: str) -> None:
    assert code_from(slug) == code


def test_a_slug_with_too_few_letters_needs_a_code() -> None:
    assert "three letters" in found(replace(LUBLIN, slug="a1"))["code"]
    assert found(replace(LUBLIN, slug="a1", code="AJE")) == {}


def test_a_taken_code_says_whose_it_is() -> None:
    text = found(LUBLIN, codes={"LUB": "Lubartów"})["code"]
    assert "LUB" in text
    assert "Lubartów" in text


@pytest.mark.parametrize("code", ["LU", "LUBL", "lub", "ŁÓD", "L1B"])
def test_a_code_is_three_plain_capitals(code: str) -> None:
    assert "code" in found(replace(LUBLIN, code=code))


@pytest.mark.parametrize("names", [{}, {"pl": "  "}, {"pl": "x" * 81}])
def test_a_name_is_needed_and_short(names: dict[str, str]) -> None:
    assert "name" in found(replace(LUBLIN, names=names))


def test_an_unknown_country_is_refused_alone() -> None:
    assert set(found(replace(LUBLIN, country="DE"))) == {"country"}


def test_swapped_coordinates_are_noticed() -> None:
    assert "latitude first" in found(replace(LUBLIN, lat=22.568, lon=51.246))["centre"]


def test_a_polish_town_does_not_lie_in_czechia() -> None:
    assert "Czechia" in found(replace(LUBLIN, country="CZ"))["centre"]


def test_a_box_must_surround_the_centre() -> None:
    assert found(replace(LUBLIN, box=(22.4, 51.1, 22.7, 51.3))) == {}
    assert "box" in found(replace(LUBLIN, box=(22.7, 51.1, 22.4, 51.3)))


@pytest.mark.parametrize(
    ("field", "value"), [("language", "de"), ("zone", "Mars/Base"), ("zone", "../etc"), ("currency", "USD")]
)
def test_unknown_language_zone_and_currency_are_refused(field: str, value: str) -> None:
    changed: dict[str, Any] = {field: value}
    assert set(found(replace(LUBLIN, **changed))) == {field}


def test_what_a_country_brings_is_sound() -> None:
    for country in COUNTRIES.values():
        assert (
            found(replace(LUBLIN, language=country.language, zone=country.zone, currency=country.currency))
            == {}
        )


@given(st.floats(48.9, 55.1), st.floats(14.0, 24.3))
def test_the_box_made_for_a_centre_passes(lat: float, lon: float) -> None:
    assert found(replace(LUBLIN, lat=lat, lon=lon, box=box_around(lat, lon))) == {}


@pytest.mark.parametrize(
    ("free", "health"),
    [
        (0.5, Health.WELL),
        (0.10, Health.WELL),
        (0.099, Health.WARNING),
        (0.02, Health.WARNING),
        (0.019, Health.FAILED),
    ],
)
def test_a_filling_disk_warns_before_it_fails(free: float, health: Health) -> None:
    assert disk_health(free) is health


def test_a_late_message_warns_and_never_fails() -> None:
    assert message_health(None) is Health.WELL
    assert message_health(LONGEST_WAIT) is Health.WELL
    assert message_health(LONGEST_WAIT + timedelta(seconds=1)) is Health.WARNING
    assert message_health(timedelta(days=30)) is Health.WARNING


def test_a_municipality_may_give_its_own_dates() -> None:
    dates = statement_dates({"reviewed": "2027-03-30", "published": "yesterday"})
    assert dates.reviewed == date(2027, 3, 30)
    assert dates.published == dates.updated == dates.drawn_up == RELEASED
