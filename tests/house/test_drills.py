"""The drill's own eyes: what it takes for a mark that ran, a message lost, a log tampered with (docs/reliability.md)."""

import itertools
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.bench import faults, hostile, mixed, tampering
from tests.bench.figures import Figure, at_least, at_most, table
from tests.bench.inputs import own_links
from tests.factories.counted import count, counts

HTML = "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "body",
    [
        "<p><mkx id=1></p>",
        '<a title="" mkxon="1">x</a>',
        '<img src="x" onerror="mkx()">',
        "<a href=' java\nscript:mkx()'>x</a>",
        "<p>36481</p>",
    ],
)
def test_a_mark_that_ran_is_seen(body: str) -> None:
    assert hostile.marks_run(HTML, {}, body.encode())


@pytest.mark.parametrize("mark", hostile.MARKS)
def test_a_mark_that_is_text_is_none(mark: str) -> None:
    from markupsafe import escape

    body = f'<p>{escape(mark)}</p><input value="{escape(mark)}"><textarea>{escape(mark)}</textarea>'
    assert hostile.marks_run(HTML, {}, body.encode()) == []


def test_what_a_browser_might_take_for_a_page_is_seen() -> None:
    body = b'{"title": "<mkx>"}'
    assert hostile.marks_run("application/json", {}, body)
    assert not hostile.marks_run("application/json", {"x-content-type-options": "nosniff"}, body)
    assert hostile.marks_run(HTML, {"x-mkx": "1"}, b"")


@pytest.mark.parametrize("cell", ["=1+mkf", " @mkf", "+mkf", "＝mkf", "-1 mkf"])
def test_a_formula_in_a_table_is_seen(cell: str) -> None:
    assert hostile.marks_run("text/csv", {"x-content-type-options": "nosniff"}, f"a,{cell}\r\n".encode())
    assert not hostile.formulas(f"a,'{cell}\r\n")


def test_equal_seeds_make_equal_inputs() -> None:
    form = hostile.Page(
        "<form method=post><input name=title><select name=kind><option value=a></select></form>"
    ).forms[0]

    def made(seed: int) -> list[hostile.Sent]:
        chance = random.Random(seed)
        foreign = {"town": "ostrava-jih", "number": "oji-i-2026-0001", "home": "lublin"}
        bad = hostile.gets(chance, "/en/lublin/x/7", "/en/lublin/x/<int:id>", ["phase"], foreign)
        return [*bad, *hostile.posts(chance, "/x", form), *hostile.programs(chance, "POST", "/api")]

    assert made(1) == made(1)
    assert made(1) != made(2)
    assert {sent.path for sent in made(1)} & {"/en/lublin/x/oji-i-2026-0001", "/en/ostrava-jih/x/7"}


def test_only_our_own_links_are_followed() -> None:
    links = [
        "b?x=1#top",
        "/c",
        "//evil.example/",
        "https://evil.example",
        "mailto:a@b.example",
        "javascript:x",
        "http://[",
    ]
    assert own_links("/a/", links) == ["/a/b?x=1", "/c"]


def test_messages_are_counted_by_their_recipients() -> None:
    rows = {name: {"parked": name == "parked"} for name in ("fine", "lost", "parked", "again", "doubled")}
    taken = [
        ("fine", "1"),
        ("again", "2"),
        ("again", "2"),
        ("doubled", "3"),
        ("doubled", "4"),
        ("stranger", "5"),
    ]
    found = faults.count("mail", "slow", list(rows), taken, rows)
    assert (found.written, found.never, found.parked, found.same_twice, found.other_twice) == (5, 1, 1, 1, 1)


def entries(number: int) -> list[list[Any]]:
    """A chain as its table holds it."""
    return [
        [1, seq, f"at {seq}", None, "web", 0, "x.y", "", "{}", f"h{seq - 1}", f"h{seq}"]
        for seq in range(1, number + 1)
    ]


@pytest.mark.parametrize("kind", tampering.KINDS)
def test_tampering_leaves_a_chain_that_looks_whole(kind: str) -> None:
    found = tampering.KINDS[kind](entries(9))
    assert found != entries(9)
    assert [row[1] for row in found] == list(range(1, len(found) + 1))
    assert all(late[9] == early[10] for early, late in itertools.pairwise(found))


def test_a_tenth_of_the_load_writes() -> None:
    one = {"path": "/p", "token": "t", "cookie": "c"}
    ready = {kind: [one] * 400 for kind in mixed.KINDS} | {
        "cookie": "n=",
        "leader": "l",
        "numbers": ["lub-1"],
        "box": "1,2,3,4",
    }
    wanted = mixed.plan(ready, 30, seed=1)
    writes = [sent for kind, sent in wanted if kind in mixed.KINDS]
    assert len(wanted) == 30 * mixed.RATE
    assert 0.08 < len(writes) / len(wanted) < 0.12
    assert all((sent.method == "POST") == (kind in mixed.KINDS) for kind, sent in wanted)
    assert all(sent.path.isascii() for _, sent in wanted)


def test_a_share_of_values() -> None:
    assert mixed.share([], 0.95) == 0
    assert mixed.share([3.0, 1.0, 2.0], 0.5) == 2.0
    assert mixed.share([1.0], 0.99) == 1.0


def test_a_missed_figure_says_so() -> None:
    lines = table([at_most("F1", "errors", 1, 0), at_least("F6", "sent", 5_000, 5_000)]).splitlines()
    assert lines[2] == "| F1 | errors | 1 | 0 | **missed** |"
    assert lines[3] == "| F6 | sent | 5,000 | ≥ 5,000 | holds |"
    assert at_most("F1", "p95", 12.3456, 300.0, " ms") == Figure("F1", "p95", "12.35 ms", "≤ 300.0 ms", True)


def test_what_tests_counted_is_added_up(tmp_path: Path) -> None:
    assert counts("F8", tmp_path) is None
    count("F8", "one [pl]", 10, folder=tmp_path)
    count("F8", "one [pl]", 20, wrong=1, folder=tmp_path)
    count("F8", "another", 5, worst=80.0, folder=tmp_path)
    found = counts("F8", tmp_path)
    assert found is not None
    assert (found.asked, found.wrong, found.worst) == (25, 1, 80.0)
    assert found.day == datetime.now(UTC).date()
