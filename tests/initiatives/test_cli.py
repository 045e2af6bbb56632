"""`flask initiatives import|export`: reports, dry runs, refusals, and what an export gives back."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from initiatives.models import Initiative
from portal.core import tenancy
from portal.core.db import db
from portal.core.tenancy import Town
from tests.factories.initiatives import TITLE, make_initiative

Run = Callable[..., Any]
TABLE = "number,title,submitted_at,latitude,longitude\n1/26,Ławka,2026-03-14 12:30,51.2465,22.5684\n2/26,Lampa,2026-03-15 12:30,,\n"


@pytest.fixture
def run(app: Flask) -> Run:
    """`run("import", …)` gives the result of the command."""
    return lambda *words: app.test_cli_runner().invoke(args=["initiatives", *map(str, words)])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def counted() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Initiative)) or 0


def test_a_file_is_taken_over_and_again_changes_nothing(town: Town, run: Run, table: Path) -> None:
    first, second = (run("import", table, "--municipality", "lublin") for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "New: 2. Extended: 0. Unchanged: 0." in first.output
    assert "New: 0. Extended: 0. Unchanged: 2." in second.output
    assert counted() == 2


def test_a_dry_run_keeps_nothing_and_says_so(town: Town, run: Run, table: Path) -> None:
    result = run("import", table, "--municipality", "lublin", "--dry-run")
    assert result.exit_code == 0
    assert "New: 2." in result.output
    assert "nothing was kept" in result.output
    assert counted() == 0


def test_a_faulty_file_fails_with_row_and_column(town: Town, run: Run, table: Path) -> None:
    table.write_text(TABLE + "3/26,,2026-03-16 12:30,,\n4/26,Most,yesterday,,\n", encoding="utf-8")
    result = run("import", table, "--municipality", "lublin")
    assert result.exit_code == 1
    assert "row 4, title: error: This cell must not be empty." in result.output
    assert "row 5, submitted_at: error:" in result.output
    assert "Errors: 2." in result.output
    assert "nothing was taken over" in result.output
    assert counted() == 0


def test_a_doubtful_file_is_taken_with_warnings(town: Town, run: Run, table: Path) -> None:
    table.write_text(TABLE.replace("51.2465", "54.2465"), encoding="utf-8")
    result = run("import", table, "--municipality", "lublin")
    assert result.exit_code == 0
    assert "row 2" in result.output
    assert "warning: The place" in result.output
    assert counted() == 2


def test_what_is_taken_over_belongs_to_the_municipality_named(
    town: Town, other_town: Town, run: Run, table: Path
) -> None:
    assert run("import", table, "--municipality", "ostrava-jih").exit_code == 0
    assert counted() == 0
    with tenancy.within(other_town.id):
        assert counted() == 2


def test_an_unknown_municipality_is_told_with_those_there_are(town: Town, run: Run, table: Path) -> None:
    for words in (("import", table), ("export",)):
        result = run(*words, "--municipality", "nowhere")
        assert result.exit_code != 0
        assert "There is no municipality 'nowhere'. Known: lublin." in result.output


def test_an_import_names_file_and_municipality(town: Town, run: Run, table: Path) -> None:
    for words in ((), (table,), ("--municipality", "lublin")):
        result = run("import", *words)
        assert result.exit_code == 2
        assert "Name the FILE and its --municipality." in result.output


def test_the_template_can_be_taken_over(town: Town, run: Run, table: Path) -> None:
    printed = run("import", "--template", "csv")
    table.write_bytes(printed.stdout_bytes)
    assert "New: 2." in run("import", table, "--municipality", "lublin").output


def test_an_export_holds_what_is_public_and_no_person(
    town: Town, other_town: Town, run: Run, tmp_path: Path
) -> None:
    public, gone = make_initiative(town), make_initiative(town, "withdrawn", text="Przed drzwiami.")
    hidden, foreign = make_initiative(town, "submitted"), make_initiative(other_town)
    target = tmp_path / "out.csv"
    result = run("export", "--municipality", "lublin", "--output", target)
    assert result.exit_code == 0
    assert str(target) in result.output
    text = target.read_text(encoding="utf-8-sig")
    for case, there in ((public, True), (gone, True), (hidden, False), (foreign, False)):
        assert ((case.number or "") in text) is there
    assert not [word for word in ("author@people.example", "Anna Próbna", "drzwiami") if word in text]
    assert len(list(csv.reader(io.StringIO(text)))) == 3


def test_an_export_to_the_terminal_can_be_piped(town: Town, run: Run) -> None:
    case = make_initiative(town)
    result = run("export", "--municipality", "lublin", "--format", "json")
    (found,) = json.loads(result.stdout_bytes)["initiatives"]
    assert (found["number"], found["title"]) == (case.number, TITLE)
    assert found["url"].endswith(f"/pl/lublin/initiatives/{(case.number or '').lower()}")


def test_what_was_exported_is_taken_over_elsewhere(
    town: Town, other_town: Town, run: Run, table: Path
) -> None:
    make_initiative(town, title="Ławka, „przy” moście")
    run("export", "--municipality", "lublin", "--output", table)
    assert "New: 1." in run("import", table, "--municipality", "ostrava-jih").output
    with tenancy.within(other_town.id):
        assert db.session.scalars(select(Initiative.title)).all() == ["Ławka, „przy” moście"]
