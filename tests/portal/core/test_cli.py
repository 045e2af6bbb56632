"""Commands of the installation: audit log, due work, demo data."""

from dataclasses import replace

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, text

from portal.core import cli, jobs
from portal.core.config import Mode
from portal.core.db import db, writing
from portal.core.registry import Module, registry
from portal.core.tenancy import Municipality, Town
from tests.factories.actors import make_actor
from tests.factories.initiatives import make_initiative


def run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=list(args))


def test_a_whole_audit_log_holds(app: Flask, town: Town) -> None:
    from initiatives import services

    services.publish(make_actor("reviewer", town), make_initiative(town, "submitted").id)
    result = run(app, "audit", "verify")
    assert (result.exit_code, result.output) == (0, "All chains hold.\n")


def test_a_shortened_audit_log_is_told_and_fails(app: Flask, town: Town) -> None:
    from initiatives import services

    services.publish(make_actor("reviewer", town), make_initiative(town, "submitted").id)
    with writing():
        db.session.execute(text("UPDATE audit_head SET seq = seq + 1"))
    result = run(app, "audit", "verify")
    assert result.exit_code == 1
    assert f"chain {town.id}, entry 2: cut short" in result.output


def test_due_work_is_run_and_counted(app: Flask, town: Town) -> None:
    with writing():
        jobs.enqueue("daily", {"key": "none"})
    assert run(app, "jobs", "run").output == "1 jobs run.\n"
    assert run(app, "jobs", "run").output == "0 jobs run.\n"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which modules were asked for their demo data."""
    asked: list[str] = []
    modules = tuple(
        Module(name, name, seed=lambda name=name: asked.append(name)) for name in ("first", "second")
    )
    monkeypatch.setattr(registry, "modules", modules)
    return asked


def test_demo_data_goes_into_an_empty_database_module_by_module(app: Flask, planted: list[str]) -> None:
    result = run(app, "seed")
    assert result.exit_code == 0, result.output
    assert "Demo data ready" in result.output
    assert planted == ["first", "second"]


def test_demo_data_goes_into_no_other_database(app: Flask, town: Town, planted: list[str]) -> None:
    refused = run(app, "seed")
    assert refused.exit_code == 1
    assert "holds municipalities already" in refused.output
    again = run(app, "seed", "--again")
    assert (again.exit_code, again.output) == (0, "")
    assert planted == []


def test_production_takes_no_demo_data(
    app: Flask, monkeypatch: pytest.MonkeyPatch, planted: list[str]
) -> None:
    settings = app.extensions["portal.settings"]
    monkeypatch.setitem(app.extensions, "portal.settings", replace(settings, mode=Mode.PRODUCTION))
    assert run(app, "seed").exit_code == 1
    assert planted == []


def test_a_seed_that_fails_leaves_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.factories.towns import make_town

    def fail() -> None:
        raise RuntimeError("half way")

    first, second = Module("first", "", seed=lambda: make_town() and None), Module("second", "", seed=fail)
    monkeypatch.setattr(registry, "modules", (first, second))
    with pytest.raises(RuntimeError, match="half way"):
        cli.plant()
    assert db.session.scalars(select(Municipality.id)).all() == []
