"""How many wrong lines the tests find: mutmut changes one thing at a time where access and outbox are decided.

What is changed and which tests look stands in `[tool.mutmut]` of pyproject.toml. Source: F13 of docs/reliability.md.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import dev
from portal.core.config import ROOT
from tests.bench.figures import Figure, at_least, note

LEFT_OUT = (".git", ".venv", ".tools", "var", "node_modules", "__pycache__", "mutants", ".*_cache", "htmlcov")
LEAST_PERCENT = 80


def mutation(folder: Path) -> list[Figure]:
    """Change a copy of the checkout and count. Raises CalledProcessError when the tests fail unchanged."""
    copy = folder / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    mutmut = [str(dev.PYTHON), "-m", "mutmut"]
    subprocess.run(
        [*mutmut, "run", "--max-children", str(os.cpu_count() or 1)],
        cwd=copy,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    subprocess.run([*mutmut, "export-cicd-stats"], cwd=copy, check=True, stdout=subprocess.DEVNULL)
    told = json.loads((copy / "mutants" / "mutmut-cicd-stats.json").read_text())
    note(f"mutants: {told}")
    # A change that hangs the tests is noticed as well.
    found = told["killed"] + told["timeout"]
    share = round(100 * found / told["total"], 1)
    what = f"mutants of access and outbox that the tests find, of {told['total']:,}"
    return [at_least("F13", what, share, LEAST_PERCENT, " %")]
