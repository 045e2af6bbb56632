"""One door for state changes."""

import ast

from tests.house.sources import name, trees

DOOR = "portal/content/move.py"


def _assigned(tree: ast.Module) -> list[tuple[int, str]]:
    """Lines on which an attribute `state` is assigned, with what it belongs to."""
    found = []
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = [t for target in node.targets for t in ast.walk(target) if isinstance(t, ast.Attribute)]
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Attribute):
            targets = [node.target]
        found += [
            (t.lineno, ast.unparse(t.value))
            for t in targets
            if isinstance(t, ast.Attribute) and t.attr == "state"
        ]
    return found


def test_only_the_door_assigns_a_state() -> None:
    breaches = []
    for path, tree in trees():
        file = name(path)
        if file == DOOR or file.startswith("portal/notify/") or file == "portal/core/tenancy.py":
            continue
        for line, owner in _assigned(tree):
            if owner in ("row",) and file == "initiatives/services/team.py":
                continue  # A comment, whose visibility is no workflow.
            breaches.append(f"{file}:{line} assigns {owner}.state; call content.move.run instead")
    assert not breaches, "\n".join(breaches)


def test_the_door_itself_is_seen_by_the_check() -> None:
    trees_of = {name(path): tree for path, tree in trees()}
    assert _assigned(trees_of[DOOR])
