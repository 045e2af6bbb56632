"""`new-module` writes rooms that compile, lint and answer their first page, and says what is left to do."""

import compileall
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from portal.core import skeleton
from portal.core.config import ROOT
from portal.core.skeleton import names_of, next_steps, problems, write

JOINING = """
import sys
import portal, portal.modules
portal.__path__.append(sys.argv[1] + "/portal")
from portal.petitions.module import MODULE
portal.modules.MODULES += (MODULE,)
from portal.app import create_app
from portal.core.db import db
app = create_app()
with app.app_context():
    db.create_all()
    with db.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO municipality (id, slug, code, name, tagline, intro, country, currency, language, zone, "
            "colours, mark, contact, centre_lat, centre_lon, box, closures, settings, upload_bytes, content_version, facts_version) VALUES (1, 'lublin', "
            "'LUB', '{}', '{}', '{}', 'PL', 'PLN', 'pl', 'Europe/Warsaw', '{}', '', '{}', 51.2, 22.6, "
            "'[22.4, 51.1, 22.7, 51.3]', '[]', '{}', 0, 1, 1)"
        )
client = app.test_client()
for path in ("petitions", "petitions/new", "petitions/1"):
    print(client.get("/en/lublin/" + path).status_code)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout as far as the command looks at it."""
    (tmp_path / "portal" / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "portal" / "migrations" / "versions" / "0001_first.py").write_text('"""First."""\n')
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    return tmp_path


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("petitions", "petition"),
        ("open_calls", "open_call"),
        ("parties", "party"),
        ("boxes", "box"),
        ("places", "place"),
        ("addresses", "address"),
        ("news", "new"),
        ("staff", "staff"),
    ],
)
def test_one_of_many_is_called_without_the_ending(many: str, one: str) -> None:
    assert names_of(many).one == one


@pytest.mark.parametrize("name", ["petitions", "open_calls", "audits", "surveys"])
def test_what_is_written_compiles_and_lints_whatever_the_name(name: str, tree: Path) -> None:
    names = names_of(name)
    written = write(names, tree)
    assert compileall.compile_dir(str(tree), quiet=1)
    assert not [path for path in written if "$" in path.read_text(encoding="utf-8")]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "."],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_usual_name_needs_no_formatting(tree: Path) -> None:
    write(names_of("petitions"), tree)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "."],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_room_has_its_docstring_and_behaviour_its_mirrored_test(tree: Path) -> None:
    write(names_of("petitions"), tree)
    rooms = tree / "portal" / "petitions"
    for path in rooms.glob("*.py"):
        assert path.read_text(encoding="utf-8").startswith('"""'), path.name
    tested = {path.name for path in (tree / "tests" / "portal" / "petitions").iterdir()}
    for room in ("rules", "states", "policy", "queries", "messages", "services", "privacy", "views"):
        assert (rooms / f"{room}.py").is_file()
        assert f"test_{room}.py" in tested
    assert (tree / "tests" / "factories" / "petitions.py").is_file()
    assert (rooms / "templates" / "petitions" / "listing.html").is_file()


def test_surveys_stand_beside_the_portal(tree: Path) -> None:
    write(names_of("surveys"), tree)
    assert (tree / "surveys" / "module.py").is_file()
    assert "from surveys.models import Survey" in (tree / "surveys" / "policy.py").read_text()
    assert "root_packages" in next_steps(names_of("surveys"), tree)


def test_a_new_module_answers_its_first_page(tree: Path, tmp_path: Path) -> None:
    write(names_of("petitions"), tree)
    done = subprocess.run(
        [sys.executable, "-c", JOINING, str(tree)],
        cwd=ROOT,
        env={"PORTAL_MODE": "test", "PORTAL_DATA": str(tmp_path / "data"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["200", "303", "404"], done.stderr[-2000:]


@pytest.mark.usefixtures("portal")
@pytest.mark.parametrize(
    ("name", "one", "path", "said"),
    [
        ("initiatives", "", "", "address of the portal already"),
        ("privacy", "", "", "--at"),
        ("desk", "", "", "--one"),
        ("cs", "", "", "address of the portal"),
        ("staff", "", "", "--one"),
        ("views", "", "", "name of a room"),
        ("Petitions", "", "", "cannot name"),
        ("open-calls", "", "", "cannot name"),
        ("petitions", "class", "", "cannot name"),
        ("../evil", "", "", "cannot name"),
        ("petitions", "", "Peti tions", "cannot stand in an address"),
    ],
)
def test_names_in_the_way_are_refused(name: str, one: str, path: str, said: str, tree: Path) -> None:
    assert any(said in problem for problem in problems(names_of(name, one, path), tree))


@pytest.mark.usefixtures("portal")
def test_a_good_name_is_taken_once(tree: Path) -> None:
    names = names_of("petitions")
    assert problems(names, tree) == []
    write(names, tree)
    assert len(problems(names, tree)) == 3


def test_what_the_house_tests_demand_is_named(tree: Path) -> None:
    told = next_steps(names_of("petitions"), tree)
    for demand in (
        "from portal.petitions.module import MODULE as PETITIONS",
        "(portal.petitions)",
        "states.py and policy.py",
        "--rev-id 0002",
        "privacy.py",
        "dev.py i18n",
        "FREEZE_ROUTES=1",
        "dev.py sure",
    ):
        assert demand in told
    assert "pyproject.toml" not in next_steps(names_of("meetings"), tree), "its row is there already"


def test_the_command_writes_and_says_what_is_next(
    portal: Flask, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skeleton, "ROOT", tree)
    run = portal.test_cli_runner().invoke
    refused = run(args=["new-module", "petitions"])
    assert refused.exit_code == 1
    assert "in a checkout" in refused.output
    (tree / "tests" / "house").mkdir(parents=True)
    done = run(args=["new-module", "petitions"])
    assert done.exit_code == 0, done.output
    assert "wrote portal/petitions/module.py" in done.output
    assert "to MODULES" in done.output
    again = run(args=["new-module", "petitions"])
    assert again.exit_code == 1
    assert "portal/petitions is there already" in again.output
