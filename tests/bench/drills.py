"""`python3 dev.py drill`: what must hold of the portal when things go wrong, measured (docs/reliability.md).

    python3 dev.py drill                          every part, about an hour
    python3 dev.py drill --part inputs --part audit
    python3 dev.py drill --part kills --kills 20 --volleys 5
    python3 dev.py drill --part load --seconds 120

Each part starts a portal of its own in a temporary folder and ends with its figures; what a figure must be stands
beside it. Ends with 1 if one is missed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dev
from portal.core.config import ROOT
from tests.bench import drill, faults, inputs, mixed, mutants, outages, restoring, tampering
from tests.bench.bench import machine
from tests.bench.drill import Portal
from tests.bench.figures import Figure, at_least, at_most, note, table
from tests.factories.counted import counts

Part = Callable[[Path, argparse.Namespace], list[Figure]]


def _kills(folder: Path, options: argparse.Namespace) -> list[Figure]:
    return drill.volleys_and_kills(folder, options.volleys, options.kills, options.seed)


def _load(folder: Path, options: argparse.Namespace) -> list[Figure]:
    return mixed.load(folder, options.seconds, options.seed)


def _faults(folder: Path, _options: argparse.Namespace) -> list[Figure]:
    (folder / "messages").mkdir()
    trial = Portal(folder / "messages")
    note(
        "| way | fault at the first try | written | never sent | parked | same id twice | other ids |\n|---|---|---|---|---|---|---|"
    )
    try:
        found = faults.messages(trial)
    finally:
        trial.end()
    note("| fault | pages failed | writes | words lost | refused later |\n|---|---|---|---|---|")
    return [*faults.figures_of_messages(found), *outages.outages(folder)]


def _inputs(folder: Path, options: argparse.Namespace) -> list[Figure]:
    trial = Portal(folder)
    try:
        told, routes = inputs.attack(trial, options.seed)
    finally:
        trial.end()
    inputs.tell(told)
    return told.figures(routes)


def _audit(folder: Path, _options: argparse.Namespace) -> list[Figure]:
    data = folder / "audit"
    data.mkdir()
    return tampering.audit(Portal(data))


def _restore(folder: Path, _options: argparse.Namespace) -> list[Figure]:
    return restoring.restore(folder)


def _static(_folder: Path, _options: argparse.Namespace) -> list[Figure]:
    """What linters and the suite find; the suite's own figures are those of its last run here."""
    words = [
        str(dev.PYTHON),
        "-m",
        "ruff",
        "check",
        "--select",
        "S",
        "--output-format",
        "json",
        "portal",
        "initiatives",
    ]
    found = json.loads(subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False).stdout)
    return [
        at_most("F13", "findings of ruff's S rules in portal and initiatives", len(found), 0),
        at_least(
            "F13",
            "lines and branches the suite must walk (gate of `dev.py test --cover`)",
            dev.COVERED_PERCENT,
            95,
            " %",
        ),
        *_of_the_suite(),
    ]


def _of_the_suite() -> Iterator[Figure]:
    """F8 to F10 as the last run of these tests here counted them."""
    for key, what, hold in (
        ("F8", "questions of route × role × municipality × method; leaks", "0"),
        ("F9", "pages × languages looked at; faults of axe, html-validate and of the width", "0"),
        ("F10", "pages weighed; the heaviest share of what it may weigh", "≤ 100 %"),
    ):
        last = counts(key)
        if last is None:
            yield Figure(key, what, "its tests were not run here", hold, False)
        elif key == "F10":
            yield Figure(
                key, what, f"{last.asked:,}; {last.worst:.0f} % ({last.day})", hold, last.worst <= 100
            )
        else:
            yield Figure(key, what, f"{last.asked:,}; {last.wrong} ({last.day})", hold, not last.wrong)


PARTS: dict[str, Part] = {
    "load": _load,
    "kills": _kills,
    "faults": _faults,
    "inputs": _inputs,
    "audit": _audit,
    "restore": _restore,
    "static": _static,
    "mutation": lambda folder, _options: mutants.mutation(folder),
}


def main() -> int:
    """Drill and tell."""
    parser = argparse.ArgumentParser(
        "python3 dev.py drill", description="The figures of docs/reliability.md."
    )
    parser.add_argument(
        "--part", action="append", choices=PARTS, help="one part alone; may be given several times"
    )
    parser.add_argument("--kills", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--volleys", type=int, default=100, help="how many of each kind (default 100)")
    parser.add_argument("--seconds", type=int, default=600, help="of the load (default 600)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of everything random")
    options = parser.parse_args()
    found: list[Figure] = []
    note(f"Machine: {machine()}; seed {options.seed}")
    for name in options.part or PARTS:
        note(f"{name} …")
        with tempfile.TemporaryDirectory() as scratch:
            found += PARTS[name](Path(scratch), options)
    print("\n" + table(found))
    return 0 if all(one.holds for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
