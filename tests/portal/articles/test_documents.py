"""docs/pages.md says what the tables say."""

import re

import pytest

from portal.articles.kinds import Standing
from portal.articles.policy import PERMISSIONS
from portal.articles.states import MOVES, STATES
from portal.core.i18n import speaking
from portal.core.workflow import Move, State
from tests.house.sources import ROOT

DOCUMENT = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.key)
def test_every_state_is_described(state: State) -> None:
    with speaking("en"):
        row = f"| `{state.key}` | {'public' if state.public else 'hidden'} | {state.help} |"
    assert row in DOCUMENT, row


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.verb)
def test_every_move_is_described(move: Move) -> None:
    sources, targets = (", ".join(f"`{key}`" for key in keys) for keys in (move.sources, move.targets))
    notice = f"`{move.notice}`" if move.notice else "–"
    row = f"| `{move.verb}` | {sources} | {targets} | `{move.permission}` | {notice} |"
    assert row in DOCUMENT, row


def test_every_permission_is_described_with_its_roles() -> None:
    described = dict(re.findall(r"^\| `((?:page|alert)\.\w+)` –[^|]*\|(.*)\|$", DOCUMENT, re.M))
    roles = ("editor", "admin", "leader", "translator")
    for permission in PERMISSIONS:
        holders = {grant.role for grant in permission.grants}
        cells = [cell.strip() for cell in described[permission.key].split("|")]
        assert {role for role, cell in zip(roles, cells, strict=True) if cell} == holders, permission.key
    assert set(described) == {permission.key for permission in PERMISSIONS}


def test_every_standing_is_described() -> None:
    for standing in Standing:
        assert standing is Standing.ORIGINAL or f"| `{standing}` |" in DOCUMENT
