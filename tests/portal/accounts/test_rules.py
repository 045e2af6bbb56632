"""Passwords, codes, addresses and lifetimes, with plain values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts import rules
from portal.accounts.rules import SessionKind

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAMES = ("Lublin", "powiat-lezajski", "hanna.michalczuk@lublin.example")


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "kwietny rower zielony", "xK9#mL2$vQ7zWq4!", "ř" * 5 + "abcdžhoře"],
)
def test_long_unlikely_password_is_taken(password):
    assert rules.password_problem(password, NAMES) is None


@pytest.mark.parametrize(
    "password",
    [
        "Lublin2026!Lublin",
        "haslo-do-lublina",
        "P@ssw0rd2024!!",
        "aaaaaaaaaaaaaa",
        "abc1abc1abc1",
        "abcdefghijkl",
        "123456789012",
        "zaq12wsxcde3",
        "Hanna.Michalczuk1",
        "ŁeżajskiŁeżajski1",
    ],
)
def test_password_that_is_easy_to_guess_is_refused(password):
    assert rules.password_problem(password, NAMES) == rules.TOO_COMMON


def test_password_of_eleven_signs_is_too_short_and_of_64_is_taken():
    assert rules.password_problem("xK9#mL2$vQ7", ()) == rules.TOO_SHORT
    assert rules.password_problem("xK9#mL2$vQ7zWq4!" * 4 + "a1b", ()) is None
    assert rules.password_problem("xK9#mL2$vQ7zWq4!" * 13, ()) == rules.TOO_LONG


@given(st.text(alphabet="bcdfghjkmnpqrtvwxz", min_size=24, max_size=60))
def test_password_needs_no_digits_or_capitals(password):
    # Chance rarely makes a word or a run; then what is left of two dozen letters still counts.
    assert rules.password_problem(password, ()) in (None, rules.TOO_COMMON)


def test_code_counts_with_spaces_and_a_step_early_or_late():
    secret = rules.new_factor()
    step = rules.step_at(NOW)
    for drift in (-1, 0, 1):
        code = rules.code_at(secret, step + drift)
        assert rules.matching_step(secret, f" {code[:3]} {code[3:]}", NOW) == step + drift
    assert rules.matching_step(secret, rules.code_at(secret, step + 2), NOW) is None


@given(st.text(max_size=12))
def test_whatever_is_typed_as_a_code_never_fails(typed):
    assert rules.matching_step(rules.demo_factor("a@b.example"), typed, NOW) is None or len(typed) >= 6


def test_full_width_digits_make_a_code():
    secret = rules.demo_factor("a@b.example")
    code = rules.code_at(secret, rules.step_at(NOW)).translate({48 + n: 0xFF10 + n for n in range(10)})
    assert rules.matching_step(secret, code, NOW) is not None


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Ewa@Poczta.EXAMPLE ", "ewa@poczta.example"),
        ("a+b@xn--d1acufc.example", "a+b@xn--d1acufc.example"),
        ("ewa@mestský.example", "ewa@xn--mestsk-gza.example"),
        ("nobody", None),
        ("a@b@c.example", None),
        ("a b@c.example", None),
        ("a@b.example\r\nBcc: c@d.example", None),
        ("x" * 300 + "@c.example", None),
        ("", None),
    ],
)
def test_address_has_one_spelling(typed, stored):
    assert rules.canonical_email(typed) == stored


@pytest.mark.parametrize(
    ("typed", "country", "stored"),
    [
        ("600 100 200", "PL", "+48600100200"),
        ("601 123 456", "CZ", "+420601123456"),
        ("+420 601 123 456", "PL", "+420601123456"),
        ("+44 20 7946 0958", "PL", None),
        ("12", "PL", None),
        ("call me", "PL", None),
    ],
)
def test_phone_is_polish_or_czech(typed, country, stored):
    assert rules.canonical_phone(typed, country) == stored


@pytest.mark.parametrize("target", ["/pl/", "/cs/ostrava-jih/initiatives?q=http://x", "/en/account"])
def test_own_path_is_kept(target):
    assert rules.own_path(target) == target


@pytest.mark.parametrize(
    "target",
    [None, "", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/xx/", "pl/", "/pl\n/x",
     "/pl\\..\\x", "http:/pl/", "///pl/", "/" + "pl/" * 1000, "//[pl/"],
)  # fmt: skip
def test_foreign_target_is_refused(target):
    assert rules.own_path(target) is None


@given(st.text())
def test_accepted_target_always_begins_with_a_language(target):
    assert rules.own_path(target) in (None, target)
    if rules.own_path(target):
        assert target.startswith(("/pl", "/cs", "/en"))


def test_agent_is_kept_by_family_only():
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
    assert rules.agent_family(agent) == "Firefox, Linux"
    assert rules.agent_family("") == ""


@pytest.mark.parametrize("kind", SessionKind)
def test_session_ends_by_idleness_and_by_age(kind):
    life = rules.LIFETIMES[kind]
    second = timedelta(seconds=1)
    assert rules.alive(kind, NOW, NOW, NOW + life.idle - second)
    assert not rules.alive(kind, NOW, NOW, NOW + life.idle)
    assert not rules.alive(kind, NOW - life.absolute, NOW, NOW)


def test_staff_sessions_are_short():
    life = rules.LIFETIMES[SessionKind.STAFF]
    assert (life.idle, life.absolute) == (timedelta(minutes=30), timedelta(hours=10))


def test_demo_factor_follows_from_the_address():
    assert rules.demo_factor("leader@lublin.example") == rules.demo_factor("leader@lublin.example")
    assert rules.demo_factor("leader@lublin.example") != rules.demo_factor("leader@swidnik.example")
    assert "leader%40lublin.example" in rules.factor_uri(
        rules.demo_factor("x"), "leader@lublin.example", "Portal"
    )
