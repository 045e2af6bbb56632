"""`flask backup`: what it says, what it keeps, how it fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal.core.tenancy import Town

Run = Callable[..., Any]


@pytest.fixture
def run(app: Flask, town: Town) -> Run:
    """`run("make", …)` gives the result of the command."""
    return lambda *words: app.test_cli_runner().invoke(args=["backup", *map(str, words)])


def test_a_backup_is_made_and_found_whole(run: Run, tmp_path: Path) -> None:
    made = run("make", tmp_path)
    assert made.exit_code == 0, made.output
    assert "It is not encrypted" in made.output
    (path,) = tmp_path.iterdir()
    checked = run("check", path)
    assert (checked.exit_code, checked.output[:6]) == (0, "Whole:")


def test_older_backups_go_and_other_files_stay(
    run: Run, tmp_path: Path, frozen: Callable[[str], None]
) -> None:
    (tmp_path / "notes.txt").write_text("keep me")
    for day in (1, 2, 3):
        frozen(f"2026-03-0{day} 10:00")
        assert run("make", tmp_path, "--keep", 2).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "notes.txt",
        "portal-20260302T090000Z.tar",
        "portal-20260303T090000Z.tar",
    ]


def test_what_is_no_backup_is_told_in_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_text("hello")
    for verb in ("check", "restore"):
        result = run(verb, tmp_path / "x.tar")
        assert (result.exit_code, "is no backup of this portal" in result.output) == (1, True)


def test_nothing_is_restored_over_a_database_with_rows(run: Run, tmp_path: Path) -> None:
    run("make", tmp_path)
    result = run("restore", next(tmp_path.iterdir()))
    assert (result.exit_code, "There is a database already" in result.output) == (1, True)


def test_a_drill_restores_beside_the_portal_and_asks_its_audit_log(run: Run) -> None:
    result = run("drill")
    assert result.exit_code == 0, result.output
    assert "restored and verified in" in result.output
