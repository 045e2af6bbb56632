"""Copies of data on a page: every key has a name, every kind a word, and what has none stays as it is."""

import re
from pathlib import Path

import pytest

from portal.accounts import copies
from tests.house.sources import ROOT

KIND = re.compile(r'"kind": "([a-z_]+)"')


def test_every_kind_that_a_module_exports_has_a_word() -> None:
    found = {
        kind
        for file in (*Path(ROOT, "portal").glob("*/privacy.py"), Path(ROOT, "initiatives/privacy.py"))
        for kind in KIND.findall(file.read_text(encoding="utf-8"))
    }
    assert found == set(copies.KINDS)


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("kind", "initiative", "initiative"),
        ("kind", "something", "something"),
        ("code", "initiative.unheard", "initiative.unheard"),
        ("category", "unheard", "unheard"),
        ("channel", "mail", "E-mail"),
        ("channel", "web", "in the portal"),
        ("state", "sent", "Sent"),
        ("role", "dpo", "Data-protection officer"),
        ("purpose", "name", "Show my name with the initiative"),
        ("language", "cs", "Čeština"),
        ("given", True, "yes"),
        ("given", False, "no"),
        ("of", "initiative:59", "initiative, internal number 59"),
        ("of", "petition:59", "petition, internal number 59"),
        ("text", "mail", "mail"),
        ("text", "", "–"),
        ("at", None, "–"),
        ("initiative", 59, 59),
        ("answer", "partly", "partly"),
        ("answers", {"How many?": "three", "Since when?": "May"}, "How many?: three\nSince when?: May"),
        ("files", ["a.jpg – a bench", "b.pdf"], "a.jpg – a bench\nb.pdf"),
        ("files", [], "–"),
        ("answers", {}, "–"),
        ("at", "2026-11-29T02:57:04+00:00", "29 November 2026, 03:57"),
    ],
)
def test_a_value_is_shown_in_words(key: str, value: object, word: object) -> None:
    ((shown, label, found),) = copies.readable({key: value})
    assert (shown, str(found), bool(label)) == (key, str(word), True)


@pytest.mark.usefixtures("app")
def test_a_message_is_called_by_its_title() -> None:
    ((_key, _label, title),) = copies.readable({"code": "initiative.received"})
    assert str(title)
    assert "." not in str(title)
