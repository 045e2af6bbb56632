"""When a message goes by what its reader chose, the length of an SMS, and what gates mean: pure."""

from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.notify.kinds import Channel, Choice, Report
from portal.notify.rules import (
    GSM,
    Answer,
    by_mail,
    choices,
    fold,
    is_alarm,
    is_mutable,
    meaning,
    reported,
    sms_length,
    sms_text,
    ways,
)


@pytest.mark.parametrize(
    ("text", "signs", "parts", "left", "unicode"),
    [
        ("", 0, 1, 160, False),
        ("a" * 160, 160, 1, 0, False),
        ("a" * 161, 161, 2, 306 - 161, False),
        ("a" * 306, 306, 2, 0, False),
        ("a" * 307, 307, 3, 459 - 307, False),
        ("é" * 160, 160, 1, 0, False),
        ("€" * 80, 160, 1, 0, False),
        (
            "€" * 81,
            162,
            2,
            153 - 10,
            False,
        ),  # 76 pairs fill 152 of the first 153: the escape is not torn off.
        ("ł" + "a" * 69, 70, 1, 0, True),
        ("ř" + "a" * 70, 71, 2, 134 - 71, True),
        ("ł" * 134, 134, 2, 0, True),
        ("ó", 1, 1, 69, True),
        ("😀" * 35, 70, 1, 0, True),
        ("😀" * 36, 72, 2, 67 - 6, True),  # 33 pairs fill 66 of the first 67.
    ],
)
def test_signs_and_parts(text: str, signs: int, parts: int, left: int, unicode: bool) -> None:
    found = sms_length(text)
    assert (found.signs, found.parts, found.left, found.unicode) == (signs, parts, left, unicode)


def test_six_parts_are_the_most() -> None:
    assert not sms_length("a" * 153 * 6).too_long
    assert sms_length("a" * (153 * 6 + 1)).too_long


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Zażółć gęślą jaźń ŁÓDŹ", "Zazolc gesla jazn LODZ"),
        (
            "Příliš žluťoučký kůň úpěl ďábelské ódy",
            "Prilis zlutoucky kun upel dábelské ody".replace("á", "a"),
        ),
        ("café für ñandú", "café für ñandu"),
        ("дім", "дім"),
    ],
)
def test_folding_takes_the_marks_no_phone_counts_as_one(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_typographic_signs_do_not_make_a_text_dear() -> None:
    text = sms_text("„Park” – nowa\u00a0ławka…\n\nhttps://p.example/x", folds=True)
    assert text == '"Park" - nowa lawka... https://p.example/x'
    assert not sms_length(text).unicode
    assert sms_text("„Ławka”") == '"Ławka"'


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400))
def test_every_text_is_counted(text: str) -> None:
    found = sms_length(sms_text(text))
    assert found.parts >= 1
    assert found.left >= 0
    # What folding cannot take away is at worst as long as before.
    assert sms_length(sms_text(text, folds=True)).parts <= max(found.parts, 1) or not set(text) <= GSM


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (53, Answer.TAKEN_BEFORE),
        (13, Answer.NEVER),
        (12, Answer.NEVER),
        (103, Answer.LATER),
        ("x", Answer.LATER),
    ],
)
def test_what_an_error_means(error: object, answer: Answer) -> None:
    assert meaning(error) is answer


@pytest.mark.parametrize(
    ("status", "report"),
    [
        ("404", Report.DELIVERED),
        ("DELIVERED", Report.DELIVERED),
        ("405", Report.UNDELIVERED),
        ("Expired", Report.UNDELIVERED),
        ("403", None),
        ("QUEUE", None),
        ("", None),
    ],
)
def test_what_a_report_means(status: str, report: Report | None) -> None:
    assert reported(status) is report


@pytest.mark.parametrize(
    ("before", "after", "alarm"),
    [(79, 80, True), (78, 79, False), (80, 81, False), (10, 100, True), (0, 0, False)],
)
def test_the_alarm_rings_where_the_share_is_crossed(before: int, after: int, alarm: bool) -> None:
    assert is_alarm(before, after, 100) is alarm


@dataclass(frozen=True)
class Kind:
    preset: str = "at_once"
    may_stop: bool = True
    stops_all: bool = False


MINE, FOLLOWED, WORK = Kind(), Kind("digest", stops_all=True), Kind(may_stop=False)
ALL = (MINE, FOLLOWED, WORK)


def test_decision_is_never_put_into_a_summary():
    for category, mail, sms in product(ALL, (None, *Choice), (None, *Choice)):
        chosen = {c: v for c, v in ((Channel.MAIL, mail), (Channel.SMS, sms)) if v}
        assert Choice.DIGEST not in ways(category, chosen, transactional=True).values()


def test_message_on_ones_own_case_comes_whatever_was_chosen():
    for mail in Choice:
        found = ways(MINE, {Channel.MAIL: mail}, transactional=True)
        assert found == {Channel.MAIL: Choice.AT_ONCE}


@pytest.mark.parametrize(
    ("category", "mail", "expected"),
    [
        (MINE, None, {Channel.MAIL: Choice.AT_ONCE}),
        (FOLLOWED, None, {Channel.MAIL: Choice.DIGEST}),
        (FOLLOWED, Choice.AT_ONCE, {Channel.MAIL: Choice.AT_ONCE}),
        (MINE, Choice.NEVER, {}),
        (WORK, Choice.NEVER, {Channel.MAIL: Choice.AT_ONCE}),
    ],
)
def test_news_come_as_chosen(category, mail, expected):
    assert ways(category, {Channel.MAIL: mail} if mail else {}, transactional=False) == expected


def test_whoever_follows_can_stop_even_decisions():
    assert ways(FOLLOWED, {Channel.MAIL: Choice.NEVER}, transactional=True) == {}


def test_sms_comes_at_once_or_not_at_all():
    for choice in Choice:
        found = ways(FOLLOWED, {Channel.SMS: choice}, transactional=False)
        assert (Channel.SMS in found) is (choice is Choice.AT_ONCE)
    assert ways(MINE, {Channel.MAIL: Choice.NEVER, Channel.SMS: Choice.AT_ONCE}, transactional=False) == {
        Channel.SMS: Choice.AT_ONCE
    }


def test_what_is_not_offered_counts_as_preset():
    assert choices(WORK) == (Choice.AT_ONCE, Choice.DIGEST)
    assert by_mail(WORK, {Channel.MAIL: Choice.NEVER}) is Choice.AT_ONCE


def test_one_click_stops_only_what_may_be_stopped():
    assert [is_mutable(c, transactional=False) for c in ALL] == [True, True, False]
    assert [is_mutable(c, transactional=True) for c in ALL] == [False, True, False]
