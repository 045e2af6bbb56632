"""Problems speak sentences without controls; titles keep to their length."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives.formats.records import (
    TITLE_MAX,
    Code,
    Step,
    many_lines,
    one_line,
    problem,
    short_title,
    shown,
)

VALUES = {"value": "abc", "found": "1", "expected": "2"}


@pytest.mark.parametrize("code", list(Code))
def test_every_problem_has_a_sentence(code: Code) -> None:
    text = str(problem(3, "column", code, **VALUES).message)
    assert text.endswith(".")
    assert "%(" not in text


def test_values_in_a_message_cannot_move_the_terminal() -> None:
    text = str(problem(1, "", Code.DATE, value="\x1b[2J\u202e" + "x" * 500, expected="e").message)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text) < 250


@given(st.text())
def test_shown_text_is_one_short_line(text: str) -> None:
    assert len(shown(text)) <= 120
    assert "\n" not in shown(text)


@given(st.text(min_size=1))
def test_title_keeps_its_length_and_its_beginning(text: str) -> None:
    title = short_title(text)
    assert len(title) <= TITLE_MAX
    assert title == text or (title.endswith("…") and text.startswith(title[:-1]))


def test_long_title_ends_with_a_whole_word() -> None:
    assert short_title("słowo " * 30).endswith("słowo…")
    assert len(short_title("x" * 500)) == TITLE_MAX


def test_texts_are_composed_and_trimmed() -> None:
    assert one_line(" Z\u0307abia\n  6 ") == "Żabia 6"
    assert many_lines("\r\nraz  \r\ndwa\rtrzy\n\n") == "raz\ndwa\ntrzy"


def test_equal_steps_have_one_fingerprint() -> None:
    at = datetime(2014, 3, 13, tzinfo=UTC)
    assert Step("a", "b", at).fingerprint == Step("a", "b", at).fingerprint
    assert Step("a", "b", at).fingerprint != Step("a", "b", None, at).fingerprint
    assert len(Step("a").fingerprint) == 16
