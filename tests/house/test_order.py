"""Small rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from tests.house.sources import ROOT, name, python_files, templates, trees

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
TEXT_BETWEEN_TAGS = re.compile(r">([^<>{}]*[^\W\d_]{3,}[^<>{}]*)<")
SPOKEN_ATTRIBUTE = re.compile(r'(?:alt|aria-label|title|placeholder)="([^"{}]*[^\W\d_]{2,}[^"{}]*)"')
KEPT_AS_IT_IS = re.compile(
    r"^data-i18n|^[A-Z]{3}-I-\d{4}-\d{4}$|^\W*(CSV|Excel|JSON|GeoJSON|Atom|PDF|OpenStreetMap|HTML|XML|RSS|ICS|CC BY 4\.0|EUPL-1\.2)?\W*$"
)


def test_nothing_is_left_unfinished() -> None:
    left = [
        f"{name(path)}:{number}"
        for path in (*python_files(), *templates())
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not left, left


def test_import_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(program)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_only_use_cases_commit() -> None:
    """No commit or rollback outside the core and the places that own a connection."""
    may = (
        "portal/core/",
        "portal/accounts/session.py",
        "portal/ui/http.py",
        "portal/migrations/",
        "portal/search/services.py",
        "portal/pages/queries.py",
    )
    breaches = []
    for path, tree in trees():
        if name(path).startswith(may):
            continue
        breaches += [
            f"{name(path)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr in ("commit", "rollback")
            and "session" in ast.unparse(node)
        ]
    assert not breaches, breaches


def test_features_use_no_raw_sql() -> None:
    breaches = []
    for path, tree in trees():
        if path.name == "models.py":  # A partial index is written in SQL.
            continue
        if name(path).startswith(
            ("portal/core/", "portal/search/", "portal/migrations/", "portal/pages/queries.py")
        ):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "text",
                "sa.text",
                "sqlalchemy.text",
            ):
                breaches.append(f"{name(path)}:{node.lineno}")
            if isinstance(node, ast.Attribute) and node.attr == "__table__":
                breaches.append(f"{name(path)}:{node.lineno}")
    assert not breaches, breaches


def test_no_text_is_run() -> None:
    """Neither as Python nor as a template, nor opened as an object (R47)."""
    running = {"eval", "exec", "compile", "__import__", "render_template_string", "from_string"}
    breaches = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                alone = called in running or called.endswith((".from_string", ".render_template_string"))
                if alone:
                    breaches.append(f"{name(path)}:{node.lineno} {called}")
            if isinstance(node, ast.Import | ast.ImportFrom):
                asked = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                if {"pickle", "marshal", "shelve", "dill"} & set(asked):
                    breaches.append(f"{name(path)}:{node.lineno} {asked}")
    assert not breaches, breaches


def test_unscoped_says_why() -> None:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("unscoped"):
                reason = node.args[0] if node.args else None
                assert isinstance(reason, ast.Constant), f"{name(path)}:{node.lineno}"
                assert len(str(reason.value).split()) >= 3, f"{name(path)}:{node.lineno}: {reason.value}"


def test_safe_is_said_in_macros_only() -> None:
    wrong = [
        name(path)
        for path in templates()
        if "|safe" in path.read_text(encoding="utf-8").replace(" ", "") and "macros" not in path.parts
    ]
    assert not wrong, wrong


def test_templates_hold_no_trans_blocks_inline_scripts_or_styles() -> None:
    for path in templates():
        source = path.read_text(encoding="utf-8")
        assert "{% trans" not in source, name(path)
        if path.suffix == ".html":
            assert not re.search(r"\sstyle=\"", source), f"{name(path)} has an inline style"
            assert not re.search(r"\son[a-z]+=\"", source), f"{name(path)} has an inline handler"
            inline = re.findall(r"<script>(?!\s*</script>)", source)
            assert not inline or path.name == "base.html", f"{name(path)} has an inline script"


def test_all_text_of_templates_is_marked() -> None:
    left = []
    for path in templates():
        if path.suffix != ".html":
            continue
        source = re.sub(
            r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<script>.*?</script>|<code>.*?</code>|<!--.*?-->",
            "",
            path.read_text("utf-8"),
            flags=re.S,
        )
        for pattern in (TEXT_BETWEEN_TAGS, SPOKEN_ATTRIBUTE):
            left += [
                f"{name(path)}: {text.strip()!r}"
                for text in pattern.findall(source)
                if not KEPT_AS_IT_IS.match(" ".join(text.split()))
            ]
    assert not left, "\n".join(left)


def test_templates_import_no_macro_they_do_not_use() -> None:
    left = []
    known: dict[str, list[str]] = {}
    for path in templates():
        known.setdefault("/".join(path.parts[-2:]), []).append(path.read_text(encoding="utf-8"))
    for path in templates():
        source = path.read_text(encoding="utf-8")
        # What a page imports, the pieces it includes may use.
        included = [
            found for part in re.findall(r"{% include \"([^\"]+)\"", source) for found in known.get(part, [])
        ]
        whole = source + "".join(included)
        for line, names in re.findall(r"(\{% from \"[^\"]+\" import ([^%]+?)(?: with context)? %\})", source):
            for part in names.split(","):
                used = part.split(" as ")[-1].strip()
                if len(re.findall(rf"\b{re.escape(used)}\b", whole.replace(line, ""))) == 0:
                    left.append(f"{name(path)}: {used}")
    assert not left, left


def test_commands_are_documented_and_the_makefile_follows() -> None:
    listed = subprocess.run(
        [sys.executable, "dev.py"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    makefile = (ROOT / "Makefile").read_text()
    for command in (
        "run",
        "test",
        "sure",
        "bench",
        "drill",
        "i18n",
        "migrate",
        "seed",
        "new-module",
        "doctor",
        "wheel",
    ):
        assert re.search(rf"^\s*{command}\b", listed, re.M), f"dev.py does not list {command}"
        assert re.search(rf"\b{command}\b", makefile), f"the Makefile lacks {command}"
