"""Commands of the installation: the audit log, due work, demo data, and how a refused command ends."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select, update

from portal.core import audit, clock, jobs, tenancy
from portal.core.audit import AuditHead
from portal.core.cli import in_plain_words, refusal
from portal.core.config import ROOT, Mode
from portal.core.db import db, writing
from portal.core.errors import Busy, Invalid, Missing, PortalError
from portal.core.jobs import Job
from portal.core.registry import registry
from portal.core.tenancy import Municipality, Town
from tests.factories import portals
from tests.factories.databases import Databases

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """`run("jobs", "run")` gives the result of the command."""
    return lambda *words: app.test_cli_runner().invoke(args=list(words))


def test_a_sound_log_holds(run: Run, town: Town) -> None:
    result = run("audit", "verify")
    assert (result.exit_code, result.output) == (0, "All chains hold, also against 0 anchors.\n")


def test_a_log_that_was_cut_is_told_with_the_place(run: Run, town: Town) -> None:
    run("municipalities", "set", "lublin", "--population", "5")
    assert audit.verify() == []
    with writing():
        db.session.execute(update(AuditHead).where(AuditHead.chain == town.id).values(seq=7))
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert result.output == f"chain {town.id}, entry 7: cut short\n"


def test_due_work_is_done_and_counted(run: Run, town: Town) -> None:
    with writing():
        jobs.enqueue("no.such.kind", {})
    result = run("jobs", "run")
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "1 jobs run."
    job = db.session.scalars(select(Job).where(Job.kind == "no.such.kind")).one()
    assert job.dead_at is not None
    assert job.dead_at <= clock.now()
    assert run("jobs", "run").output == "0 jobs run.\n"


@pytest.fixture
def one_seed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Demo data of one municipality instead of all, and a note of each time it was planted."""
    planted: list[str] = []

    def plant() -> None:
        planted.append("lublin")
        db.session.add(
            Municipality(
                slug="lublin", code="LUB", name={"pl": "Lublin"}, country="PL", currency="PLN", language="pl",
                zone="Europe/Warsaw", centre_lat=51.2, centre_lon=22.5, box=[22.4, 51.1, 22.7, 51.3],
            )
        )  # fmt: skip

    monkeypatch.setattr(registry, "modules", (replace(registry.modules[0], seed=plant),))
    return planted


def test_demo_data_goes_into_an_empty_database_once(run: Run, one_seed: list[str]) -> None:
    first = run("seed")
    assert first.exit_code == 0, first.output
    assert "Demo data ready" in first.output
    second = run("seed")
    assert second.exit_code == 1
    assert "holds municipalities already" in second.output
    again = run("seed", "--again")
    assert (again.exit_code, again.output) == (0, "")
    assert one_seed == ["lublin"]


def test_demo_data_is_refused_in_production(run: Run, app: Flask, one_seed: list[str]) -> None:
    kept = app.extensions["portal.settings"]
    app.extensions["portal.settings"] = replace(kept, mode=Mode.PRODUCTION)
    try:
        result = run("seed")
    finally:
        app.extensions["portal.settings"] = kept
    assert result.exit_code == 1
    assert "demo and test mode only" in result.output
    assert not one_seed


def test_an_interrupted_seed_leaves_nothing(
    run: Run, one_seed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise Busy

    monkeypatch.setattr(registry, "modules", (*registry.modules, replace(registry.modules[0], seed=broken)))
    result = run("seed")
    assert result.exit_code == 1
    assert "The database is busy; nothing was written. Try again." in result.output
    with tenancy.unscoped("counting what is left"):
        assert db.session.scalar(select(func.count()).select_from(Municipality)) == 0


# How a refused command ends


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (Busy(), "The database is busy; nothing was written. Try again."),
        (Missing(), "There is no such thing."),
        (
            Invalid("No.", {"email": "Write an address.", "name": "Write a name."}),
            "Write an address.\nWrite a name.",
        ),
        (Invalid("No."), "No."),
        (PortalError(), "This cannot be done."),
    ],
)
def test_an_error_is_told_in_plain_words(problem: PortalError, said: str) -> None:
    assert refusal(problem) == said


def test_every_command_ends_with_a_line_and_one(app: Flask) -> None:
    def leaves(command: click.Command) -> list[click.Command]:
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        return [leaf for one in inner for leaf in leaves(one)] if inner else [command]

    ours = [
        leaf
        for leaf in leaves(app.cli)
        if (leaf.callback.__module__ if leaf.callback else "").startswith(("portal", "initiatives"))
    ]
    assert len(ours) > 15
    assert not [leaf.name for leaf in ours if not hasattr(leaf.callback, "in_plain_words")]


def test_a_refusal_inside_a_group_is_caught_once() -> None:
    @click.group()
    def outer() -> None: ...

    @outer.command()
    def inner() -> None:
        raise Busy

    for _ in range(2):
        in_plain_words(outer)
    result = CliRunner().invoke(outer, ["inner"])
    assert (result.exit_code, result.output) == (
        1,
        "Error: The database is busy; nothing was written. Try again.\n",
    )


def test_a_database_without_tables_says_what_to_call(run: Run, app: Flask, databases: Databases) -> None:
    portals.disconnect(app)
    databases.clear()
    for words in (("municipalities", "list"), ("audit", "verify"), ("jobs", "run"), ("demo-accounts",)):
        result = run(*words)
        db.session.rollback()  # Each command of a shell has a session of its own.
        assert result.exit_code == 1
        assert "flask db upgrade" in result.output
        assert len(result.output.splitlines()) < 5


# Settings that cannot be used


def flask(tmp_path: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env: dict[str, Any] = {
        name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")
    }
    env |= {"PORTAL_DATA": str(tmp_path), **settings}
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("words", [("-m", "flask", "--app", "wsgi", "doctor"), ("-m", "portal.worker")])
def test_settings_that_cannot_be_used_are_told_alone(tmp_path: Path, words: tuple[str, ...]) -> None:
    answer = flask(tmp_path, *words, PORTAL_MODE="production", PORTAL_DATABASE_URL="mysql://a:hush@b/c")
    assert answer.returncode == 1
    assert answer.stderr.startswith("The settings are not usable:\n  - PORTAL_SECRET_KEY")
    assert "PORTAL_DATABASE_URL begins mysql://" in answer.stderr
    for word in ("Traceback", "No such command", "hush"):
        assert word not in answer.stderr + answer.stdout
