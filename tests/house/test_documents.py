"""The documents say what the code does: settings, commands, workflow, links. Facts that move are compared here."""

import re
from pathlib import Path

import pytest

import dev
from initiatives import states
from initiatives.policy import PERMISSIONS
from initiatives.states import WORKING_DAYS
from portal.core.i18n import speaking
from portal.core.workflow import Move, Note, State
from tests.house.sources import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
INITIATIVES = (ROOT / "docs" / "initiatives.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"")
REASON = {Note.NONE: "–", Note.OPTIONAL: "may", Note.REQUIRED: "must"}


def state_row(state: State) -> str:
    """A state as a row of the document."""
    clock = f"{WORKING_DAYS[state.key][1]} wd" if state.key in WORKING_DAYS else "–"
    seen = "public" if state.public else "hidden"
    with speaking("en"):
        return f"| `{state.key}` | {state.label} | {state.phase} | {seen} | {state.next_actor} | {clock} |"


def move_row(move: Move) -> str:
    """A move as a row of the document."""
    many = "see below" if move.verb == "correct" else ""
    sources, targets = (
        many or ", ".join(f"`{key}`" for key in keys) for keys in (move.sources, move.targets)
    )
    notice = f"`{move.notice}`" if move.notice else "–"
    return f"| `{move.verb}` | {sources} | {targets} | `{move.permission}` | {REASON[move.note]} | {notice} |"


@pytest.mark.parametrize("state", states.STATES, ids=lambda state: state.key)
def test_every_state_is_described(state: State) -> None:
    assert state_row(state) in INITIATIVES, f"docs/initiatives.md needs the row\n{state_row(state)}"


@pytest.mark.parametrize("move", states.MOVES, ids=lambda move: move.verb)
def test_every_move_is_described(move: Move) -> None:
    assert move_row(move) in INITIATIVES, f"docs/initiatives.md needs the row\n{move_row(move)}"


def test_no_state_or_move_is_described_that_is_gone() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", INITIATIVES, re.MULTILINE))
    assert rows <= {state.key for state in states.STATES} | {move.verb for move in states.MOVES}


def test_every_permission_is_described() -> None:
    described = set(re.findall(r"^\| `(initiative\.\w+)` –", INITIATIVES, re.MULTILINE))
    assert described == {permission.key for permission in PERMISSIONS}


def test_the_readme_names_just_the_settings_there_are() -> None:
    asked = set(re.findall(r"PORTAL_[A-Z0-9_]+", (ROOT / "portal" / "core" / "config.py").read_text()))
    described = set(re.findall(r"^\| `(PORTAL_[A-Z0-9_]+)`", README, re.MULTILINE))
    assert described == asked


def test_the_readme_names_every_command() -> None:
    missing = [name for name in dev.COMMANDS if f"`{name}`" not in README and f"dev.py {name}" not in README]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in (first or second for first, second in LINK.findall(document.read_text(encoding="utf-8"))):
        # Pictures are made by a walk through the portal, not written.
        if "://" not in target and not target.endswith(".png"):
            assert (document.parent / target).exists(), f"{document.relative_to(ROOT)} links to {target}"


def test_tests_named_as_proof_are_there() -> None:
    proof = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", proof):
        assert (ROOT / path).is_file(), path
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_every_requirement_has_a_row_with_its_proof() -> None:
    """Or a row that says what is missing; nothing in place is a mere claim."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    in_place, _, not_yet = text.partition("## Not yet")
    rows = [line for line in in_place.splitlines() if re.match(r"\| (?:R\d|T\d|–)", line)]
    unproved = [row for row in rows if "`tests/" not in row and not row.startswith("| R38 |")]
    assert not unproved, "\n".join(unproved)
    named = [cell for line in [*rows, *not_yet.splitlines()] for cell in line.split("|")[1:2]]
    assert {number for cell in named for number in _numbers(cell)} == set(range(1, 74))


def _numbers(cell: str) -> set[int]:
    """R-numbers of a cell; `R49–R54` names all between."""
    found: set[int] = set()
    for first, last in re.findall(r"R(\d+)(?:–R(\d+))?", cell):
        found |= set(range(int(first), int(last or first) + 1))
    return found
