"""Every permission is asked somewhere, and every question is in the table."""

import ast

import pytest
from flask import Flask

from portal.core import policy
from portal.core.registry import PUBLIC, registry
from tests.house.sources import name, templates, trees

ASKING = {"can", "need", "visible", "use_case"}


def _asked() -> dict[str, set[str]]:
    """Permission → where it is asked: services, views, routes, menus, templates."""
    found: dict[str, set[str]] = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called not in ASKING:
                continue
            for argument in node.args:
                if (
                    isinstance(argument, ast.Constant)
                    and isinstance(argument.value, str)
                    and "." in argument.value
                ):
                    found.setdefault(argument.value, set()).add(name(path))
    return found


@pytest.mark.usefixtures("portal")
def test_every_question_is_in_the_table() -> None:
    table = policy.permissions()
    lost = {key: places for key, places in _asked().items() if key not in table}
    assert not lost, f"asked but not defined: {lost}"


@pytest.mark.usefixtures("portal")
def test_every_permission_is_asked_somewhere() -> None:
    asked = set(_asked())
    asked |= {route.permission for module in registry.modules for route in module.routes}
    asked |= {work.permission for module in registry.modules for work in module.work}
    asked |= {item.permission for module in registry.modules for item in module.menu}
    asked |= {move.permission for module in registry.modules for w in module.workflows for move in w.moves}
    text = "\n".join(path.read_text(encoding="utf-8") for path in templates())
    never = [key for key in policy.permissions() if key not in asked and f'"{key}"' not in text]
    assert not never, f"defined but never asked: {never}"


def test_every_route_names_a_permission_of_the_table(portal: Flask) -> None:
    table = policy.permissions()
    wrong = [
        f"{module.name}.{route.endpoint}: {route.permission}"
        for module in registry.modules
        for route in module.routes
        if route.permission != PUBLIC and route.permission not in table
    ]
    assert not wrong, "\n".join(wrong)


def test_no_role_is_asked_outside_the_tables() -> None:
    """`if role == …` belongs into policy.py and states.py only."""
    breaches = []
    for path, tree in trees():
        if path.name in ("policy.py", "states.py", "roles.py", "actor.py"):
            continue
        for node in ast.walk(tree):
            if not (
                isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id == "role"
            ):
                continue
            if any(isinstance(getattr(side, "value", None), str) for side in node.comparators):
                breaches.append(f"{name(path)}:{node.lineno}")
    assert not breaches, f"roles compared outside policy: {breaches}"
