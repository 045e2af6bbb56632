"""Which comments wait for the team, and by which rules."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.content import rules
from portal.content.rules import Earlier

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=100)
KNOWN = [Earlier(NOW - timedelta(days=n + 1), f"Zdanie {n}.", seen=True) for n in range(rules.NEW_COMMENTS)]


def weigh(text, since=LONG_AGO, earlier=KNOWN, words=()):
    return rules.weigh(text, NOW, since, earlier, words)


def test_an_ordinary_comment_meets_no_rule_and_a_new_account_alone_holds_nothing():
    assert weigh("Bardzo potrzebne.") == []
    met = weigh("Bardzo potrzebne.", since=NOW, earlier=[])
    assert met == ["new"]
    assert not rules.holds(met)


@pytest.mark.parametrize("link", ["http://a.example", "HTTPS://a.example", "Www.a.example", "tani-sklep.top"])
def test_a_link_holds_a_new_account_only(link):
    text = f"Zobacz {link} koniecznie"
    assert rules.holds(weigh(text, earlier=[]))
    assert rules.told(weigh(text, earlier=[])) == ["link"]
    assert weigh(text) == []


def test_many_links_hold_anybody():
    assert rules.holds(weigh("www.a.example www.b.example www.c.example"))


@pytest.mark.parametrize(
    ("since", "seen", "new"),
    [
        (NOW - timedelta(days=rules.NEW_DAYS), rules.NEW_COMMENTS, False),
        (NOW - timedelta(days=rules.NEW_DAYS) + timedelta(seconds=1), rules.NEW_COMMENTS, True),
        (LONG_AGO, rules.NEW_COMMENTS - 1, True),
    ],
)
def test_an_account_is_new_for_a_week_and_until_two_comments_were_seen(since, seen, new):
    assert rules.is_new(since, KNOWN[:seen], NOW) is new
    hidden = [Earlier(said.at, said.text, seen=False) for said in KNOWN]
    assert rules.is_new(since, hidden, NOW)


def test_haste_and_repetition_hold():
    minute = timedelta(minutes=1)
    quick = [Earlier(NOW - minute * n, f"{n}", seen=True) for n in range(1, rules.VELOCITY + 1)]
    assert weigh("Piąte.", earlier=quick) == ["fast"]
    assert weigh("Piąte.", earlier=quick[1:]) == []
    assert weigh("zdanie 0.") == ["repeated"]


def test_capitals_hold_a_new_account_and_only_warn_a_known_one():
    text = "TO JEST SKANDAL I WSTYD DLA WSZYSTKICH"
    assert weigh(text) == ["capitals"]
    assert not rules.holds(weigh(text))
    assert rules.holds(weigh(text, since=NOW))
    assert rules.told(weigh(text, since=NOW)) == ["new", "capitals"]
    assert weigh("ZTM LUBLIN") == []


def test_words_are_found_without_accents_and_by_their_beginning():
    assert rules.blocked_in("Najlepsza REKLAMÓWKA w mieście", ["reklam*"]) == ["reklam*"]
    assert rules.blocked_in("Żółty płot", ["zolty"]) == ["zolty"]
    assert rules.blocked_in("Klasa pierwsza", ["las"]) == []
    assert rules.blocked_in("cokolwiek", ["*", " "]) == []
    assert rules.holds(weigh("Kup teraz pożyczkę", words=["pożyczk*"]))


def test_a_list_of_words_is_read_as_people_write_it():
    assert rules.word_list(" Kredyt\nkredyt, pożyczk* ;; \n") == ["kredyt", "pożyczk*"]


def test_a_comment_can_be_mended_for_a_quarter_of_an_hour():
    assert rules.may_edit(NOW - timedelta(minutes=14, seconds=59), NOW)
    assert not rules.may_edit(NOW - timedelta(minutes=15), NOW)


def test_every_rule_has_words_and_points():
    assert rules.RULES.keys() == rules.POINTS.keys()
