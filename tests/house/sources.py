"""Python and template sources of the portal, as the house tests read them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("portal", "initiatives", "surveys")


def python_files() -> Iterator[Path]:
    """Every Python file of the portal but its migrations."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in path.parts and "versions" not in path.parts:
                yield path


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """Each file with its syntax tree."""
    for path in python_files():
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def templates() -> Iterator[Path]:
    """Every template of the portal."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("templates/**/*.*")):
            if path.suffix in (".html", ".txt", ".xml", ".svg"):
                yield path


def name(path: Path) -> str:
    """The file as it is named in messages."""
    return str(path.relative_to(ROOT))
