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

from initiatives import cli
from initiatives.formats import warszawa19115
from initiatives.formats.readers import READERS
from initiatives.formats.records import Office
from initiatives.models import Initiative
from initiatives.services import importing
from portal.core import tenancy
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import Busy
from portal.core.money import Currency
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


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.csv"


def test_a_report_names_what_became_of_every_row(town: Town, run: Run, table: Path, report: Path) -> None:
    table.write_text(TABLE.replace("51.2465", "54.2465"), encoding="utf-8")
    result = run("import", table, "--municipality", "lublin", "--report", report)
    assert result.exit_code == 0
    assert [(row["row"], row["number"], row["outcome"]) for row in rows_of(report)] == [
        ("2", "", "warning"),
        ("2", "1/26", "new"),
        ("3", "2/26", "new"),
    ]
    assert "outside the municipality" in rows_of(report)[0]["message"]
    run("import", table, "--municipality", "lublin", "--report", report)
    assert [row["outcome"] for row in rows_of(report)] == ["warning", "unchanged", "unchanged"]


def test_nothing_of_a_faulty_file_is_called_new(
    town: Town, run: Run, table: Path, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 1)
    table.write_text(TABLE + "3/26,,2026-03-16 12:30,,\n4/26,Most,2026-03-15 12:30,,\n", encoding="utf-8")
    result = run("import", table, "--municipality", "lublin", "--report", report)
    assert result.exit_code == 1
    assert [(row["row"], row["outcome"]) for row in rows_of(report)] == [
        ("2", "refused"),
        ("3", "refused"),
        ("4", "error"),
        ("5", "refused"),
    ]
    assert not report.with_name("report.csv.part").exists()


def test_nothing_is_called_new_when_the_database_was_busy(
    town: Town, run: Run, table: Path, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> None:
        raise Busy

    monkeypatch.setattr("initiatives.services.take_over", busy)
    result = run("import", table, "--municipality", "lublin", "--report", report)
    assert result.exit_code == 1
    assert "try again" in result.output
    assert {row["outcome"] for row in rows_of(report)} == {"refused"}


def test_a_report_that_cannot_be_written_is_told_before_anything_is_taken_over(
    town: Town, run: Run, table: Path, tmp_path: Path
) -> None:
    result = run("import", table, "--municipality", "lublin", "--report", tmp_path / "no" / "report.csv")
    assert result.exit_code == 1
    assert "cannot be written" in result.output
    result = run("import", table, "--municipality", "lublin", "--report", table)
    assert result.exit_code == 2
    assert "would overwrite the FILE" in result.output
    assert table.read_text(encoding="utf-8") == TABLE
    assert counted() == 0


def test_more_than_the_terminal_shows_is_told_and_stands_in_the_report(
    town: Town, run: Run, table: Path, report: Path
) -> None:
    lines = "".join(f"{n}/26,Ławka,2026-03-14 12:30,54.5,22.5\n" for n in range(1, 206))
    table.write_text(TABLE.splitlines()[0] + "\n" + lines, encoding="utf-8")
    result = run("import", table, "--municipality", "lublin", "--dry-run")
    assert result.output.count("warning: The place") == importing.REPORTED
    assert "… and 5 more. --report FILE writes down every row." in result.output
    result = run("import", table, "--municipality", "lublin", "--dry-run", "--report", report)
    assert "… and 5 more.\n" in result.output
    assert len([row for row in rows_of(report) if row["outcome"] == "warning"]) == 205


# Places outside the area

OUTSIDE = TABLE + "3/26,Most,2026-03-16 12:30,51.35,22.40\n4/26,Morze,2026-03-16 12:30,54.5,18.5\n"


def test_places_outside_the_area_are_counted_with_what_to_do(town: Town, run: Run, table: Path) -> None:
    table.write_text(OUTSIDE, encoding="utf-8")
    result = run("import", table, "--municipality", "lublin")
    assert "Places outside the area of the municipality: 2." in result.output
    assert "So far away that the area does not grow to them: 1." in result.output
    assert "--grow-box widens the area" in result.output
    assert tenancy.town("lublin").box == town.box


def test_the_area_grows_to_the_places_of_the_file(
    town: Town, run: Run, table: Path, outbox: Callable[[], list[Any]]
) -> None:
    table.write_text(OUTSIDE, encoding="utf-8")
    words = ("import", table, "--municipality", "lublin", "--grow-box")
    dry = run(*words, "--dry-run")
    assert "The area would become (south, west, north, east): 51.1398,22.4000,51.3500,22.6735" in dry.output
    assert tenancy.town("lublin").box == town.box
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert "The area is now (south, west, north, east): 51.1398,22.4000,51.3500,22.6735" in result.output
    assert tenancy.town("lublin").box == (22.4, 51.1398, 22.6735, 51.35)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.code, entry.chain) == ("municipality.grown", town.id)
    again = run(*words)
    assert "Places outside the area of the municipality: 1." in again.output
    assert "The area is now" not in again.output


def test_a_faulty_file_moves_no_border(town: Town, run: Run, table: Path) -> None:
    table.write_text(OUTSIDE + "5/26,,2026-03-16 12:30,,\n", encoding="utf-8")
    assert run("import", table, "--municipality", "lublin", "--grow-box").exit_code == 1
    assert tenancy.town("lublin").box == town.box


# Progress


@pytest.mark.parametrize("kind", ["csv", "warszawa19115"])
def test_the_bar_moves_from_the_first_passage_on(
    kind: str, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    path = tmp_path / "file"
    head = TABLE.splitlines()[0] + "\n" if kind == "csv" else "\t".join(warszawa19115.COLUMNS) + "\n"
    encoding = "utf-8" if kind == "csv" else "utf-16"
    path.write_text(head + "x\n" * 40_000, encoding=encoding)
    bar = cli._Bar(path.stat().st_size, passages=2)
    bar.begin()
    shares: list[int] = []
    monkeypatch.setattr(bar, "_draw", lambda: shares.append(bar._share))
    with cli._Watched(path, bar) as source:
        office = Office("Europe/Warsaw", Currency("PLN"), "pl")
        next(iter(READERS[kind](source, office)))
        assert shares, "nothing was drawn before the first row was delivered"
        assert max(shares) > 90 or kind == "csv"


def test_the_bar_is_drawn_where_somebody_watches(capsys: Any, monkeypatch: Any) -> None:
    bar = cli._Bar(200, passages=2)
    bar.begin()
    bar.reached(100)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    bar(250)
    bar.reached(200)
    drawn = capsys.readouterr().err.split("\r")
    assert drawn[1].rstrip() == f"1/2 [{'#' * 12:<25}]  50 %  250"
    assert drawn[2].rstrip() == f"1/2 [{'#' * 25}] 100 %  250"
