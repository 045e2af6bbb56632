"""What an office sets, as pure records: what is offered and asked, and how an answer is read."""

from typing import Any

import pytest

from initiatives.kinds import (
    Kind,
    Question,
    Reply,
    fill_in,
    lacking,
    office_of,
    read_answer,
    reply_row,
    row_of,
    strange_placeholders,
    theme_of,
)

WORDS = {"pl": "Po co?"}
THEMES = ("roads", "greenery")


def question(number: int, **values: Any) -> Question:
    return Question(number, values.pop("thread", number), values.pop("kind", Kind.SHORT), WORDS, **values)


def office(*questions: Question, **settings: Any) -> Any:
    rows = [row_of(found) for found in questions]
    return office_of({"questions": rows, **settings}, [], "pl", THEMES, {"check": 2, "assign": 2})


@pytest.mark.parametrize(
    ("key", "theme"), [("roads", "roads"), ("roads-2", "roads"), ("roads-x", "roads-x"), ("", "")]
)
def test_a_key_tells_its_theme(key: str, theme: str) -> None:
    assert theme_of(key) == theme


def test_without_settings_all_is_as_we_ship_it() -> None:
    found = office()
    assert [category.key for category in found.categories] == list(THEMES)
    assert (found.questions, found.districts, found.days) == ((), (), {"check": 2, "assign": 2})


def test_a_category_of_a_later_release_joins_at_the_end() -> None:
    found = office(
        categories=[{"key": "roads-2", "names": {"pl": "mosty"}}, {"key": "roads", "hidden": True}]
    )
    assert [category.key for category in found.categories] == ["roads-2", "roads", "greenery"]
    assert [category.key for category in found.offered()] == ["roads-2", "greenery"]
    assert [category.key for category in found.offered("roads")] == ["roads-2", "roads", "greenery"]
    assert found.categories[0].theme == "roads"


def test_questions_go_with_their_category_and_end() -> None:
    found = office(question(1), question(2, category="roads"), question(3, ended=True))
    assert [asked.id for asked in found.asked("roads")] == [1, 2]
    assert [asked.id for asked in found.asked("greenery")] == [1]


def test_an_earlier_wording_counts_as_answered_and_fills_the_form() -> None:
    found = office(
        question(1, thread=1, required=True, ended=True),
        question(2, thread=1, required=True),
        question(3, required=True),
    )
    assert [asked.id for asked in found.unanswered("roads", {1: "Tak"})] == [3]
    assert found.answer_to(found.question(2), {1: "Tak"}) == "Tak"
    assert found.answer_to(found.question(3), {1: "Tak"}) is None


def test_an_answer_chosen_from_others_fills_no_form() -> None:
    old = question(1, thread=1, kind=Kind.CHOICE, choices=({"pl": "a"}, {"pl": "b"}), ended=True)
    new = question(2, thread=1, kind=Kind.CHOICE, choices=({"pl": "b"}, {"pl": "a"}))
    found = office(old, new)
    assert found.answer_to(new, {1: "1"}) is None
    assert found.answer_to(new, {2: "1"}) == "1"


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (Kind.SHORT, "  kilka słów ", "kilka słów"),
        (Kind.LONG, "x" * 2000, "x" * 2000),
        (Kind.CHOICE, "2", "2"),
        (Kind.NUMBER, "1 234,5", 1234.5),
        (Kind.NUMBER, "12", 12),
        (Kind.NUMBER, "−3", -3),
        (Kind.YES_NO, "yes", True),
        (Kind.YES_NO, "no", False),
        (Kind.NUMBER, "   ", None),
    ],
)
def test_answers_are_read(kind: Kind, typed: str, kept: object) -> None:
    choices = ({"pl": "a"}, {"pl": "b"})
    assert read_answer(question(1, kind=kind, choices=choices), typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Kind.SHORT, "x" * 201),
        (Kind.LONG, "x" * 2001),
        (Kind.CHOICE, "0"),
        (Kind.CHOICE, "3"),
        (Kind.CHOICE, "²"),
        (Kind.NUMBER, "dużo"),
        (Kind.NUMBER, "1e9"),
        (Kind.NUMBER, "٣"),
        (Kind.NUMBER, "1" * 13),
        (Kind.YES_NO, "maybe"),
    ],
)
def test_nonsense_is_refused(kind: Kind, typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_answer(question(1, kind=kind, choices=({"pl": "a"}, {"pl": "b"})), typed)


def reply(**values: Any) -> Reply:
    return Reply(1, "Brak adresu", ("send_back", "reply"), {"pl": "Sprawa {number}: {due}."}, **values)


@pytest.mark.parametrize(
    ("values", "verb", "state", "category", "suits"),
    [
        ({}, "reply", "assigned", "roads", True),
        ({}, "hold", "submitted", "roads", False),
        ({"hidden": True}, "reply", "assigned", "roads", False),
        ({"states": ("submitted",)}, "reply", "submitted", "roads", True),
        ({"states": ("submitted",)}, "reply", "assigned", "roads", False),
        ({"categories": ("greenery",)}, "reply", "assigned", "roads", False),
        ({"categories": ("greenery",)}, "reply", "assigned", "greenery", True),
    ],
)
def test_a_template_is_offered_by_step_state_and_category(
    values: dict[str, Any], verb: str, state: str, category: str, suits: bool
) -> None:
    assert reply(**values).suits(verb, state, category) is suits
    kept = office(replies=[reply_row(reply(**values))])
    assert bool(kept.replies_for(verb, state, category)) is suits
    assert kept.reply(1) == reply(**values)
    assert kept.reply(2) is None


def test_a_text_is_read_in_the_first_language_that_has_one() -> None:
    texts = Reply(1, "x", ("reply",), {"pl": "Tak", "en": ""})
    assert texts.in_language("en", "cs", "pl") == ("Tak", "pl")
    assert texts.in_language("cs") == ("Tak", "pl")
    assert Reply(1, "x", ("reply",), {}).in_language("cs") == ("", "")


def test_placeholders_are_filled_once_and_what_is_not_known_stays_visible() -> None:
    values = {"number": "LUB-I-2026-0001", "title": "Plac {due}", "due": ""}
    assert fill_in("{number} {title}: {due}", values) == "LUB-I-2026-0001 Plac {due}: …"
    assert lacking("{number} {title}…", values) == []
    assert lacking("{due} {number}: {due}", values) == ["due"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sprawa {number}.", []),
        ("{Number} {due", ["{Number}", "{"]),
        ("{}", ["{}"]),
        ("koniec }", ["}"]),
    ],
)
def test_unknown_placeholders_are_found(text: str, found: list[str]) -> None:
    assert strange_placeholders(text) == found
