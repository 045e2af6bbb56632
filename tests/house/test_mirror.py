"""Tests mirror the tree: what a file does is tried where a reader looks for it.

`portal/x/y.py` has `tests/portal/x/test_y.py`. A room that outgrew its file may be tried as a whole by the test of
its folder (`services/` by `test_services.py`). Everything else stands below, with where it is tried and why there.
"""

import ast
from pathlib import Path

import pytest

from tests.house.sources import ROOT, name, python_files

ROOMS = {
    "models": "tables: tried by every service, by the migrations and by tests/house/test_tenants.py",
    "module": "the record of a module: read by the registry at start, compared by the tests of the house",
    "roles": "names and words of roles, no decision",
    "menu": "entries of the frame: tried by the pages that show them",
    "forms": "shapes of what is sent: tried through the pages that show them",
}
"""Rooms that are tried elsewhere in every package."""
ELSEWHERE = {
    "portal/worker.py": ("tests/bench/drill.py", "a process: started and killed by the drill"),
    "portal/accounts/session_store.py": ("tests/portal/accounts/test_session.py", "the table behind the sessions"),
    "portal/content/talk.py": ("tests/initiatives/views/test_talk.py", "pages of comments, read as readers read them"),
    "portal/content/mixins.py": ("tests/portal/content/test_move.py", "columns and properties of what is moved"),
    "portal/api/seed.py": ("tests/journeys/stops.py", "one key and one webhook, which the walk over all pages opens"),
    "portal/articles/seed": ("tests/portal/articles/test_seed.py", "one demonstration, looked at as a whole"),
    "portal/core/catalogues.py": ("tests/house/test_catalogues.py", "works on all catalogues at once"),
    "portal/core/clock.py": ("tests/portal/core/test_jobs.py", "two lines; stopped by every test of time"),
    "portal/core/errors.py": ("tests/portal/ui/test_http.py", "names of refusals; what they answer is asked there"),
    "portal/core/extensions.py": ("tests/portal/ui/test_http.py", "form protection, asked by real requests"),
    "portal/core/i18n.py": ("tests/house/test_catalogues.py", "texts of all languages, one by one"),
    "portal/privacy/messages.py": ("tests/portal/privacy/test_jobs.py", "who is told of unusual readings, and once"),
    "portal/privacy/privacy.py": ("tests/portal/privacy/test_views.py", "consents and requests in copies and erasures"),
    "portal/privacy/seed.py": ("tests/journeys/stops.py", "what the walk over all pages opens"),
    "portal/privacy/services/consents.py": ("tests/portal/privacy/test_views.py", "taken back on the page that lists them"),
    "portal/privacy/services/retention.py": ("tests/portal/privacy/test_jobs.py", "the nightly work, run as the worker does"),
    "portal/privacy/services/watch.py": ("tests/portal/privacy/test_jobs.py", "the nightly work, run as the worker does"),
    "portal/migrations/env.py": ("tests/house/test_migrations.py", "run whenever a migration is"),
    "portal/notify/summaries.py": ("tests/portal/notify/test_choices.py", "what waits for a summary, and the summary of it"),
    "portal/notify/cli.py": ("tests/portal/notify/test_switches.py", "budgets and stops, beside the pages that set the same"),
    "portal/notify/formats.py": ("tests/portal/notify/test_tasks.py", "letters, read from the pages that are printed"),
    "portal/notify/seed.py": ("tests/journeys/stops.py", "messages of every way, which the walk over all pages opens"),
    "portal/notify/kinds.py": ("tests/portal/notify/test_outbox.py", "names of channels and states"),
    "initiatives/desk/actions.py": ("tests/initiatives/desk/test_case.py", "buttons of the case desk"),
    "initiatives/desk/sheets.py": ("tests/initiatives/desk/test_studies.py", "sheets side by side"),
    "initiatives/forms/verbs.py": ("tests/initiatives/desk/test_moves.py", "one row a verb, tried verb by verb"),
    "initiatives/formats/readers.py": ("tests/initiatives/formats/test_records.py", "one list of the readers"),
    "initiatives/formats/tabular.py": ("tests/initiatives/formats/test_table.py", "what tables have in common"),
    "initiatives/seed": ("tests/initiatives/test_seed.py", "one demonstration, looked at as a whole"),
}  # fmt: skip
"""Files and folders tried by a test of another name: which, and why."""


def acts(path: Path) -> bool:
    """Whether a file does or decides anything: records and names alone need no test."""
    if path.stem in ("policy", "states"):
        return True
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def mirrors(path: Path) -> tuple[Path, ...]:
    """The tests a reader would look for."""
    tests = ROOT / "tests" / path.relative_to(ROOT).parent
    whole_room = tests.parent / f"test_{path.parent.name}.py"
    return tests / f"test_{path.stem}.py", whole_room


def is_tried(path: Path) -> bool:
    """Whether a file has its mirror, or needs none."""
    told = {name(path), *map(str, path.relative_to(ROOT).parents)} & ELSEWHERE.keys()
    if told or path.stem in ROOMS or path.parent.name in ROOMS or not acts(path):
        return True
    return any(mirror.is_file() for mirror in mirrors(path))


def test_every_file_that_acts_has_its_mirrored_test() -> None:
    missing = [
        f"{name(path)} needs {name(mirrors(path)[0])}" for path in python_files() if not is_tried(path)
    ]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("source", ELSEWHERE)
def test_what_is_tried_elsewhere_is_there_and_has_no_mirror(source: str) -> None:
    path, (test, why) = ROOT / source, ELSEWHERE[source]
    assert path.exists(), f"{source} is gone: take it off the list"
    assert (ROOT / test).is_file(), f"{test} is gone"
    assert why
    assert path.is_dir() or not mirrors(path)[0].is_file(), (
        f"{source} has its mirror now: take it off the list"
    )


def test_a_file_without_a_test_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.house.test_mirror.ROOT", tmp_path)
    monkeypatch.setattr("tests.house.sources.ROOT", tmp_path)
    (tmp_path / "portal/core").mkdir(parents=True)
    (tmp_path / "tests/portal/core").mkdir(parents=True)
    source, other = tmp_path / "portal/core/db.py", tmp_path / "tests/portal/core/test_jobs.py"
    source.write_text("def write():\n    return 1\n")
    other.touch()
    assert not is_tried(source), "a test of a neighbour is no mirror"
    (tmp_path / "tests/portal/core/test_db.py").touch()
    assert is_tried(source)
