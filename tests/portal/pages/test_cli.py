"""`flask municipalities` and `flask doctor`."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal.core import clock, taking, tenancy
from portal.core.config import Mode
from portal.core.db import db, writing
from portal.core.taking import Maintenance
from portal.core.tenancy import Town
from portal.pages import cli, queries
from portal.pages.queries import Check
from portal.pages.rules import Health
from tests.factories import portals
from tests.factories.databases import Databases


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


def test_facts_may_be_given_when_founding(app: Flask) -> None:
    result = run(
        app, *WARSAW, "--name-cs", "Varšava", "--email", "um@warszawa.example", "--colour", "#8A2432"
    )
    assert result.exit_code == 0, result.output
    town = tenancy.town("warszawa")
    assert town.names == {"pl": "Warszawa", "cs": "Varšava"}
    assert town.contact["email"] == "um@warszawa.example"
    assert town.colours["brand"] == "#8a2432"
    assert set(town.colours) == {"brand", "dark", "ink", "soft"}


def test_facts_are_set_and_shown(app: Flask, town: Town) -> None:
    result = run(
        app, "set", "lublin", "--name", "Lublin!", "--name-en", "City of Lublin", "--tagline", "Miasto",
        "--phone", "+48 81 466 10 00", "--protection-email", "iod@lublin.example", "--districts", "Czuby, Bronowice,",
        "--statement", "reviewed=2026-03-30", "--box", "51.0,22.3,51.4,22.8", "--centre", "51.2,22.5",
        "--colour", "brand=#0a4778", "--mark", "letters", "--closed", "2026-12-24", "--closed", "2026-05-02",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    found = tenancy.town("lublin")
    assert (found.names["pl"], found.names["en"], found.taglines) == (
        "Lublin!",
        "City of Lublin",
        {"pl": "Miasto"},
    )
    assert (found.box, found.centre) == ((22.3, 51.0, 22.8, 51.4), (51.2, 22.5))
    assert (found.mark, found.closures) == ("", {"2026-05-02", "2026-12-24"})
    shown = run(app, "show", "lublin")
    assert shown.exit_code == 0
    assert shown.output == result.output
    lines = dict(line.split(maxsplit=1) for line in shown.output.splitlines())
    assert lines["name-en"] == "City of Lublin"
    assert lines["box"] == "51.0,22.3,51.4,22.8"
    assert lines["phone"] == "+48 81 466 10 00"
    assert lines["protection-email"] == "iod@lublin.example"
    assert lines["districts"] == "Czuby, Bronowice"
    assert lines["closed"] == "2026-05-02, 2026-12-24"
    assert lines["hours-pl"] == "–"
    assert "reviewed=2026-03-30" in lines["statement"]
    assert lines["address"] == "ul. Próbna 1"
    assert lines["page"] == "http://127.0.0.1:8000/pl/lublin/"


def test_what_is_empty_is_taken_away_and_a_closed_day_taken_back(app: Flask, town: Town) -> None:
    run(app, "set", "lublin", "--closed", "2026-12-24", "--districts", "Czuby")
    result = run(app, "set", "lublin", "--open", "2026-12-24", "--districts", "", "--phone", "")
    assert result.exit_code == 0, result.output
    found = tenancy.town("lublin")
    assert not found.closures
    assert not {"districts", "phone"} & set(found.contact)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere", "--phone", "1"), 1, "There is no municipality nowhere"),
        (("lublin",), 2, "Say what to change"),
        (("lublin", "--phone", "x", "--mark", "sun"), 1, "+48 81 466 10 00"),
        (("lublin", "--box", "51,22,52"), 2, "four numbers"),
        (("lublin", "--box", "22.3,51.0,22.8,51.4"), 1, "south, west, north, east"),
        (("lublin", "--colour", "red"), 1, "red is no colour"),
        (("lublin", "--colour", "pink=#ff00ff"), 2, "brand, dark, ink, soft"),
        (("lublin", "--closed", "24.12.2026"), 2, "%Y-%m-%d"),
        (("lublin", "--mark", "dragon"), 2, "letters"),
    ],
)
def test_wrong_facts_are_refused_in_plain_words(
    app: Flask, town: Town, words: tuple[str, ...], code: int, said: str
) -> None:
    result = run(app, "set", *words)
    assert result.exit_code == code
    assert said in result.output
    assert isinstance(result.exception, SystemExit)
    assert tenancy.town("lublin") == town


def doctor(app: Flask) -> Result:
    return app.test_cli_runner().invoke(args=["doctor"])


def test_a_sound_installation_passes(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Not every machine that runs tests has built everything.
    (tmp_path / "manifest.json").touch()
    monkeypatch.setattr(cli, "STATIC", tmp_path)
    monkeypatch.setattr(cli, "FRAME", tmp_path / "manifest.json")
    for locale in ("pl", "cs"):
        folder = tmp_path / locale / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "messages.mo").touch()
    monkeypatch.setattr(cli, "CATALOGUES", tmp_path)
    result = doctor(app)
    assert result.exit_code == 0, result.output
    assert f"database {db.engine.dialect.name} " in result.output
    assert "mail is shown in the portal only" in result.output
    monkeypatch.setattr(cli, "CATALOGUES", tmp_path / "elsewhere")
    monkeypatch.setattr(cli, "STATIC", tmp_path / "elsewhere")
    result = doctor(app)
    assert result.exit_code == 1
    assert "WRONG  catalogue pl" in result.output
    assert "WRONG  styles and scripts" in result.output


def test_an_empty_database_is_not_well(app: Flask, databases: Databases) -> None:
    portals.disconnect(app)
    databases.clear()
    result = doctor(app)
    assert result.exit_code == 1
    assert "WRONG  the tables are not those of this release: call `flask db upgrade`" in result.output


def test_the_doctor_asks_what_readyz_asks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        queries, "checks", lambda: [Check("disk", Health.WARNING), Check("messages", Health.FAILED)]
    )
    result = doctor(app)
    assert result.exit_code == 1
    assert "warn   the disk of the data folder is nearly full" in result.output
    assert "WRONG  messages cannot be read" in result.output


def test_the_doctor_tells_what_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "checks", list)
    for free, words in ((0.09, "uploads are refused"), (0.04, "uploads and residents' forms are refused")):
        monkeypatch.setattr("portal.core.disk.free_share", lambda _folder, free=free: free)
        taking.watch(app).forget()
        assert f"warn   {words}" in doctor(app).output
    with writing():
        now = clock.now()
        db.session.add(Maintenance(id=1, begun_at=now, until_at=now + timedelta(minutes=5)))
    taking.watch(app).forget()
    assert "warn   read-only until " in doctor(app).output


@pytest.fixture
def production(app: Flask) -> Iterator[None]:
    kept = app.extensions["portal.settings"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Bound and not listened on: whoever knocks is refused.
        url = f"smtp://127.0.0.1:{taken.getsockname()[1]}"
        app.extensions["portal.settings"] = replace(kept, mode=Mode.PRODUCTION, smtp_url=url)
        yield
    app.extensions["portal.settings"] = kept


def test_a_mail_server_that_does_not_answer_is_told(app: Flask, production: None) -> None:
    result = doctor(app)
    assert result.exit_code == 1
    assert "WRONG  mail by 127.0.0.1: ConnectionRefusedError" in result.output
    assert "text messages: none" in result.output


def test_a_mail_server_that_answers_is_well(
    app: Flask, production: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.Smtp, "knock", lambda _self: None)
    assert "ok     mail by 127.0.0.1, which answers" in doctor(app).output


def test_a_municipality_gets_room_of_its_own(app: Flask, town: Town) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["municipalities", "quota", town.slug, "50"]).output == "0 of 50 MB are used.\n"
    assert run(args=["municipalities", "quota", town.slug, "-"]).output == "0 of 10000 MB are used.\n"
    assert run(args=["municipalities", "quota", town.slug, "0"]).exit_code == 1
