"""`flask new-module NAME`: writes the rooms of a new module and their mirrored tests from `skeleton_files/`.

What it writes is whole and runs: a thing with a title and a text that residents write, a leader publishes
and the author takes back. Whoever fills it changes `states.py` and `policy.py` first. The list of what is
then still missing is the one the house tests ask for; docs/modules.md explains each point.
"""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

import click

from portal.core.config import ROOT
from portal.core.i18n import LOCALES
from portal.core.registry import registry

FILES = Path(__file__).parent / "skeleton_files"
SUFFIX = ".skeleton"
NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
BESIDE_THE_PORTAL = frozenset({"surveys"})
"""Packages that stand at the top of the tree, as `initiatives` does; every other module lives in `portal/`."""
ROOMS = frozenset(path.name.partition(".")[0] for path in (FILES / "module").glob(f"*.py{SUFFIX}"))
OUR_IMPORT = re.compile(r"from ((?:initiatives|portal|surveys|tests)[\w.]*) import ")


@dataclass(frozen=True, slots=True)
class Names:
    """What the new module is called: `petitions`, one `petition`, `portal.petitions`, at `/petitions`."""

    many: str
    one: str
    path: str

    @property
    def package(self) -> str:
        """Where it is imported from."""
        return self.many if self.many in BESIDE_THE_PORTAL else f"portal.{self.many}"

    def words(self) -> dict[str, str]:
        """What stands in for each `$word` of the skeleton."""
        many, one = self.many.replace("_", " "), self.one.replace("_", " ")
        return {
            "package": self.package,
            "many": self.many,
            "one": self.one,
            "path": self.path,
            "many_words": many,
            "one_words": one,
            "Many": many.capitalize(),
            "One": one.capitalize(),
            "Class": one.title().replace(" ", ""),
        }

    def folders(self, root: Path) -> tuple[Path, Path, Path]:
        """Where rooms, tests and the factory go below `root`."""
        package = Path(*self.package.split("."))
        return root / package, root / "tests" / package, root / "tests" / "factories" / f"{self.many}.py"


def names_of(many: str, one: str = "", path: str = "") -> Names:
    """The names that follow from the plural noun where they are not given."""
    return Names(many, one or singular(many), path or many.replace("_", "-"))


def singular(many: str) -> str:
    """An English plural without its ending; the word itself where it has none of the usual ones."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if many.endswith(ending):
            return many.removesuffix(ending) + instead
    return many if many.endswith("ss") else many.removesuffix("s")


def problems(names: Names, root: Path) -> list[str]:
    """Why this module cannot be written, each with the way out; empty when it can."""
    found = [
        f"{word!r} cannot name Python things: small letters, digits and single underscores."
        for word in dict.fromkeys((names.many, names.one))
        if not NAME.fullmatch(word) or keyword.iskeyword(word)
    ]
    if names.one == names.many:
        found.append(f"What is one of the {names.many} called? Say it: --one WORD.")
    if not WORD.fullmatch(names.path):
        found.append(f"{names.path!r} cannot stand in an address: small letters, digits and single hyphens.")
    if names.many in ROOMS:
        found.append(f"{names.many} is the name of a room, not of a module.")
    if names.path in taken_words():
        found.append(f"/{names.path} is an address of the portal already. Give another word: --at WORD.")
    found += [f"{path.relative_to(root)} is there already." for path in names.folders(root) if path.exists()]
    return found


def taken_words() -> frozenset[str]:
    """First words of every address there is, and of every module's reserved ones."""
    words = {*LOCALES}
    for module in registry.modules:
        words.update(module.reserved_slugs)
        words.update(route.path.strip("/").split("/")[0] for route in module.routes)
    return frozenset(words)


def write(names: Names, root: Path) -> list[Path]:
    """Write every file below `root`; which. The caller has asked `problems` before."""
    rooms, tests, factory = names.folders(root)
    written = []
    for source in sorted(FILES.rglob(f"*{SUFFIX}")):
        part = source.relative_to(FILES)
        inside = part.relative_to(part.parts[0])
        if part.parts[0] == "tests":
            target = factory if inside.name == f"factory.py{SUFFIX}" else tests / inside
        elif inside.parts[0] == "templates":
            # A module's templates stand in a folder of its name, so that no two modules' meet.
            target = rooms / "templates" / names.many / inside.relative_to("templates")
        else:
            target = rooms / inside
        target = target.with_name(target.name.removesuffix(SUFFIX))
        target.parent.mkdir(parents=True, exist_ok=True)
        text = Template(source.read_text(encoding="utf-8")).substitute(names.words())
        target.write_text("".join(_imports_in_order(text)), encoding="utf-8")
        written.append(target)
    return written


def _imports_in_order(text: str) -> Iterator[str]:
    """Sort each run of our own one-line imports: where the new package belongs depends on its name."""
    run: list[tuple[str, str]] = []
    for line in text.splitlines(keepends=True):
        match = OUR_IMPORT.match(line)
        if match and line.rstrip()[-1] != "(":
            run.append((match[1], line))
            continue
        yield from _sorted(run)
        run = []
        yield line
    yield from _sorted(run)


def _sorted(run: list[tuple[str, str]]) -> Iterator[str]:
    return (line for _, line in sorted(run, key=lambda pair: pair[0]))


def next_steps(names: Names, root: Path) -> str:
    """What to do now, in order; the house tests fail until all of it is done."""
    alias, title = names.many.upper(), names.many.replace("_", " ")
    number = 1 + len(list((root / "portal" / "migrations" / "versions").glob("[0-9]*.py")))
    revise = f'python3 dev.py flask db migrate --rev-id {number:04d} -m "Add {title}"'
    steps = [
        f"portal/modules.py: add {alias} to MODULES and the line",
        f"   from {names.package}.module import MODULE as {alias}",
        f"{names.folders(Path())[0]}/states.py and policy.py: what can happen, and who may do it.",
        f"The table: {revise}",
        "   Read what it wrote, then python3 dev.py migrate.",
        "privacy.py: name every personal column, hand it out and erase it.",
        "The words: python3 dev.py i18n, then translate what it lists into pl and cs.",
        "The list of addresses: FREEZE_ROUTES=1 .venv/bin/python -m pytest tests/house/test_routes.py",
        "python3 dev.py format, then python3 dev.py sure; docs/modules.md explains what it may still ask for.",
    ]
    if f"({names.package})" not in (root / "pyproject.toml").read_text(encoding="utf-8"):
        steps.insert(2, f"pyproject.toml: add | ({names.package}) to the row below the word FEATURES.")
        if "." not in names.package:
            joins = "root_packages, containers, the pure rooms, mypy, coverage and the wheel"
            steps.insert(3, f"   A package at the top also joins {joins}.")
    return "\n".join(f"  {'' if step.startswith(' ') else '- '}{step}" for step in steps)


@click.command("new-module")
@click.argument("name")
@click.option("--one", default="", help="One of them, such as petition; else NAME without its plural ending.")
@click.option("--at", "path", default="", help="Its word in addresses; else NAME with hyphens.")
def new_module(name: str, one: str, path: str) -> None:
    """Write a new module and its tests; NAME is a plural noun such as petitions."""
    if not (ROOT / "tests" / "house").is_dir():
        raise click.ClickException(
            "New modules are written in a checkout of the portal, not in an installation."
        )
    names = names_of(name, one, path)
    if found := problems(names, ROOT):
        raise click.ClickException("\n".join(found))
    for file in write(names, ROOT):
        click.echo(f"  wrote {file.relative_to(ROOT)}")
    click.echo(f"\nThe module {names.package} is there. It joins the portal when you have done this:")
    click.echo(next_steps(names, ROOT))
