"""The URL tables: typed, kebab-case, and exactly those of the frozen list."""

import os
import re
from pathlib import Path

from flask import Flask

from portal.core.registry import PUBLIC, ApiRoute, Route, registry

FROZEN = Path(__file__).with_name("routes.txt")
FREE = {"token", "draft"}
"""Parameters that carry a secret; everything else has a type."""


def _known() -> dict[str, Route | ApiRoute]:
    """Every route and every operation for machines by its endpoint."""
    known: dict[str, Route | ApiRoute] = {
        f"{module.name}.{route.endpoint}": route for module in registry.modules for route in module.routes
    }
    return known | {f"api.{operation.name}": operation for m in registry.modules for operation in m.api}


def _lines(app: Flask) -> list[str]:
    known = _known()
    lines = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        route = known[rule.endpoint]
        methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        lines.append(f"{rule.rule}  {methods}  {rule.endpoint}  {route.permission}")
    return sorted(lines)


def test_routes_are_those_of_the_frozen_list(portal: Flask) -> None:
    """A new, changed or lost address is seen in the diff. `FREEZE_ROUTES=1` writes the list anew."""
    lines = _lines(portal)
    if os.environ.get("FREEZE_ROUTES"):
        FROZEN.write_text("\n".join(lines) + "\n")
    assert FROZEN.read_text().splitlines() == lines


def test_every_route_comes_from_a_module_with_a_permission(portal: Flask) -> None:
    known = _known()
    for rule in portal.url_map.iter_rules():
        assert rule.endpoint == "static" or known[rule.endpoint].permission, rule.rule


def test_addresses_are_kebab_case_and_parameters_have_types(portal: Flask) -> None:
    for module in registry.modules:
        for route in module.routes:
            for part in route.path.strip("/").split("/"):
                plain = re.sub(r"<[^>]*>", "", part)
                assert re.fullmatch(r"[a-z0-9.\-]*", plain), f"{route.path}: {part} is not kebab-case"
            for parameter in re.findall(r"<([^>]*)>", route.path):
                assert ":" in parameter or parameter in FREE, f"{route.path}: give {parameter} a converter"


def test_what_changes_something_is_never_a_public_get_twin(portal: Flask) -> None:
    """A route that takes POST without a permission must say why it may: signing in, following, reports."""
    may = {"accounts", "pages.csp_report", "initiatives.follow", "notify.sms_report"}
    for module in registry.modules:
        for route in module.routes:
            if "POST" in route.methods and route.permission == PUBLIC:
                endpoint = f"{module.name}.{route.endpoint}"
                assert module.name in may or endpoint in may, f"{endpoint} takes posts from anybody"
