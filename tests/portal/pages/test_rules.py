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
    Facts,
    Health,
    NewMunicipality,
    Standing,
    box_around,
    code_from,
    disk_health,
    fact_problems,
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


@pytest.mark.parametrize(("days", "assessed"), [(-100, RELEASED), (100, RELEASED + timedelta(100))])
def test_no_day_of_a_statement_lies_before_its_municipality(days: int, assessed: date) -> None:
    founded = RELEASED + timedelta(days)
    dates = statement_dates({"published": founded.isoformat()})
    assert (dates.published, dates.drawn_up) == (founded, founded)
    assert (dates.updated, dates.reviewed) == (assessed, assessed)


STANDING = Standing(
    country="PL",
    language="pl",
    centre=(51.246, 22.568),
    box=(22.4, 51.1, 22.7, 51.3),
    colours={},
    closures=["2026-12-24"],
    today=date(2026, 11, 28),
)


def refused(told: Facts) -> dict[str, str]:
    with speaking("en"):
        return {name: str(text) for name, text in fact_problems(told, STANDING).items()}


@pytest.mark.parametrize(
    "told",
    [
        Facts(),
        Facts(texts={"name": {"cs": ""}, "hours": {"pl": "", "en": "x" * 200}}),
        Facts(contact={"email": "", "phone": "+48 81 466 10 00", "address": "Plac 1"}),
        Facts(contact={"email": "urzad@lublin.example", "phone": "814661000"}),
        Facts(statement={"reviewed": "2026-11-28", "updated": ""}),
        Facts(centre=(51.2, 22.5), box=(22.3, 51.0, 22.8, 51.4)),
        Facts(colours={"brand": "#8a2432"}, mark=""),
        Facts(closed=[date(2026, 5, 2)], opened=[date(2026, 12, 24)]),
    ],
)
def test_sound_facts_are_taken(told: Facts) -> None:
    assert refused(told) == {}


@pytest.mark.parametrize(
    ("told", "field", "said"),
    [
        (Facts(texts={"name": {"pl": ""}}), "name", "Give the municipality a name."),
        (Facts(texts={"tagline": {"en": "x" * 161}}), "tagline", "at most 160"),
        (Facts(contact={"email": "office at town"}), "email", "is not an e-mail address"),
        (Facts(contact={"phone": "ask the porter"}), "phone", "+48 81 466 10 00"),
        (Facts(contact={"phone": "112"}), "phone", "digits and spaces"),
        (Facts(contact={"address": "x" * 201}), "address", "200"),
        (Facts(districts=["x" * 81]), "districts", "80"),
        (Facts(statement={"reviewed": "soon"}), "reviewed", "2026-03-31"),
        (Facts(statement={"reviewed": "2026-11-29"}), "reviewed", "no day up to today"),
        (Facts(centre=(22.568, 51.246)), "centre", "latitude first"),
        (Facts(centre=(50.0, 20.0)), "box", "surround the centre"),
        (Facts(box=(22.6, 51.1, 22.7, 51.3)), "box", "surround the centre"),
        (Facts(box=(2.0, 41.0, 32.0, 61.0)), "box", "within Poland"),
        (Facts(colours={"brand": "red"}), "colour", "red is no colour"),
        (Facts(colours={"brand": "#ffd000"}), "colour", "Text of #ffffff on #ffd000 cannot be read"),
        (Facts(mark="dragon"), "mark", "no such mark"),
        (Facts(opened=[date(2026, 12, 23)]), "opened", "2026-12-23 is not among"),
    ],
)
def test_facts_that_do_not_hold_are_refused_with_what_to_do(told: Facts, field: str, said: str) -> None:
    found = refused(told)
    assert said in found.pop(field)
    assert set(found) <= {"box"}
