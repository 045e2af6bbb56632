"""When a message goes, and how, by its kind and what its reader chose."""

from dataclasses import dataclass
from itertools import product

import pytest

from portal.notify.kinds import Channel, Choice
from portal.notify.rules import by_mail, choices, is_mutable, ways


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
