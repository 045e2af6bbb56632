"""The commands: dry run, copy, erasure, erasing again, sealing anew."""

import json
from collections.abc import Callable
from typing import Any

from flask import Flask

from portal.accounts.queries import by_email
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.config import Settings
from portal.core.db import db
from portal.core.sealed import ring
from portal.core.tenancy import Town
from tests.factories.initiatives import CODE, make_initiative
from tests.portal.privacy.conftest import author_of, erased_lines


def run(app: Flask, *words: str) -> Any:
    db.session.close()
    with tenancy.within(None):
        return app.test_cli_runner().invoke(args=["privacy", *words])


def test_a_dry_run_only_counts(app: Flask, town: Town, frozen: Any) -> None:
    frozen("2025-03-02 10:00")
    case = make_initiative(town, "confirmed")
    frozen("2026-11-28 10:00")
    dry = run(app, "retention", "--dry-run")
    assert dry.exit_code == 0
    assert "Nothing was erased" in dry.output
    assert ["lublin", "initiative.contact", "1"] in [line.split() for line in dry.output.splitlines()]
    assert author_of(case).email == "author@people.example"
    db.session.rollback()
    assert run(app, "retention").exit_code == 0
    assert author_of(case).email is None


def test_a_copy_is_printed_by_municipality(
    app: Flask, town: Town, other_town: Town, filed: Any, actor_as: Callable[..., Actor]
) -> None:
    filed()
    filed(place=other_town)
    actor_as("resident", email="anna@people.example")
    everything = json.loads(run(app, "export", "--email", "anna@people.example").output)
    assert set(everything) == {"lublin", "ostrava-jih", "installation"}
    here = json.loads(run(app, "export", "--email", "anna@people.example", "--municipality", "lublin").output)
    assert set(here) == {"lublin"}


def test_an_erasure_by_code_finds_who_has_no_account(app: Flask, town: Town, filed: Any) -> None:
    case = filed(with_code=True)
    done = run(app, "erase", "--number", case.number or "", "--code", CODE, "--yes")
    assert (done.exit_code, "records erased" in done.output) == (0, True)
    assert author_of(case).email is None
    assert len(erased_lines(app)) == 1


def test_an_erasure_everywhere_takes_the_account_along(
    app: Flask, town: Town, other_town: Town, filed: Any, actor_as: Callable[..., Actor]
) -> None:
    here, there = filed(), filed(place=other_town)
    actor_as("resident", email="anna@people.example")
    assert run(app, "erase", "--email", "anna@people.example", "--yes").exit_code == 0
    db.session.rollback()
    assert [author_of(case).email for case in (here, there)] == [None, None]
    assert by_email("anna@people.example") is None


def test_a_mistake_is_told(app: Flask, town: Town) -> None:
    assert run(app, "erase", "--yes").exit_code == 2
    assert run(app, "export", "--number", "LUB-I-2026-0001").exit_code == 2
    assert "no municipality" in run(app, "export", "--email", "a@b.example", "--municipality", "x").output
    assert "no day" in run(app, "reerase", "--since", "gestern").output


def test_erasing_again_is_told_and_harmless(app: Flask, town: Town, filed: Any) -> None:
    filed()
    run(app, "erase", "--email", "anna@people.example", "--yes")
    again = run(app, "reerase", "--since", "2020-01-01")
    assert (again.exit_code, again.output.strip()) == (
        0,
        "0 records erased again, from 1 lines of erased.jsonl.",
    )


def test_sealing_anew_says_which_key_may_go(app: Flask, town: Town, filed: Any, settings: Settings) -> None:
    filed()
    try:
        ring.load({**settings.seal_keys, "new": b"n" * 32}, settings.secret_key)
        done = run(app, "reseal")
        assert done.exit_code == 0, done.output
        assert "key test: may be removed" in done.output
        assert "key new: seals now" in done.output
    finally:
        ring.load(settings.seal_keys, settings.secret_key)


def test_a_cell_under_a_lost_key_is_an_error(app: Flask, town: Town, filed: Any, settings: Settings) -> None:
    filed()
    try:
        ring.load({"new": b"n" * 32}, settings.secret_key)
        done = run(app, "reseal")
        assert done.exit_code == 1
        assert "keys that are not in the ring: test" in done.output
    finally:
        ring.load(settings.seal_keys, settings.secret_key)
