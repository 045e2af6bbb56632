"""`flask municipalities`."""

import pytest
from click.testing import Result
from flask import Flask

from portal.core import tenancy


def run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=["municipalities", *args])


WARSAW = ("add", "warszawa", "--name", "Warszawa", "--country", "PL", "--centre", "52.23,21.01")


def test_a_municipality_is_founded(app: Flask) -> None:
    result = run(app, *WARSAW)
    assert result.exit_code == 0, result.output
    assert "/pl/warszawa/" in result.output
    town = tenancy.town("warszawa")
    assert (town.code, town.name, town.centre) == ("WAR", "Warszawa", (52.23, 21.01))


def test_options_are_passed_on(app: Flask) -> None:
    result = run(
        app, *WARSAW, "--code", "wwa", "--language", "en", "--zone", "Europe/Prague", "--currency", "EUR"
    )
    assert result.exit_code == 0, result.output
    town = tenancy.town("warszawa")
    assert (town.code, town.language, town.zone, town.currency) == ("WWA", "en", "Europe/Prague", "EUR")


def test_founding_twice_says_what_to_do(app: Flask) -> None:
    run(app, *WARSAW)
    result = run(app, *WARSAW)
    assert result.exit_code == 1
    assert "There is already a municipality with the short name warszawa." in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("slug", ["search", "initiatives", "visits"])
def test_words_of_addresses_are_refused(app: Flask, slug: str) -> None:
    result = run(app, "add", slug, "--name", "X", "--country", "PL", "--centre", "52.23,21.01")
    assert result.exit_code == 1
    assert "already an address" in result.output


@pytest.mark.parametrize("centre", ["", "52.23", "52.23;21.01", "a,b", "1,2,3", "nan,nan", "inf,21"])
def test_a_centre_that_is_none_is_refused(app: Flask, centre: str) -> None:
    result = run(app, "add", "warszawa", "--name", "X", "--country", "PL", "--centre", centre)
    assert result.exit_code in (1, 2)
    assert "atitude" in result.output
    assert not tenancy.towns()


def test_the_list_names_them(app: Flask) -> None:
    run(app, *WARSAW)
    result = run(app, "list")
    assert result.exit_code == 0
    assert result.output.split() == ["warszawa", "WAR", "PL", "pl", "Warszawa"]


def test_the_list_of_none_is_empty(app: Flask) -> None:
    assert run(app, "list").output == ""
