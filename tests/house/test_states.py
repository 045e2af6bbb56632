"""One door for state changes."""

import ast

from tests.house.sources import name, trees

DOOR = "portal/content/move.py"
NO_WORKFLOW = ("CommentState", "Delivery", "BatchState", "SheetState")
"""Families of states that are no workflow: whether a comment is seen, how a message fares, how far a batch or a sheet is."""


def _assigned(tree: ast.Module) -> list[tuple[int, str]]:
    """Lines on which an attribute `state` is assigned, with what it belongs to."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            continue
        if node.value is not None and any(family in ast.unparse(node.value) for family in NO_WORKFLOW):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        found += [
            (part.lineno, ast.unparse(part.value))
            for target in targets
            for part in ast.walk(target)
            if isinstance(part, ast.Attribute) and part.attr == "state"
        ]
    return found


def test_only_the_door_assigns_a_state() -> None:
    breaches = [
        f"{name(path)}:{line} assigns {owner}.state; call content.move.run instead"
        for path, tree in trees()
        if name(path) != DOOR
        for line, owner in _assigned(tree)
    ]
    assert not breaches, "\n".join(breaches)


def test_the_door_itself_is_seen_by_the_check() -> None:
    trees_of = {name(path): tree for path, tree in trees()}
    assert _assigned(trees_of[DOOR])
