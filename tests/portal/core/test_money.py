"""What people type for a sum, and that currencies never mix."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.money import MAX_MINOR, Currency, Money, parse_money

PLN, CZK, EUR = Currency.PLN, Currency.CZK, Currency.EUR


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("12 500,50 zł", 1_250_050, PLN),
        ("12.500", 1_250_000, PLN),
        ("12,500", 1_250_000, PLN),
        ("12.5", 1_250, PLN),
        ("1 200 Kč", 120_000, CZK),
        ("1\u00a0234\u00a0567,50\u00a0zł", 123_456_750, PLN),
        ("1\u202f200,-", 120_000, PLN),
        ("1.234.567,8 PLN", 123_456_780, PLN),
        ("1'000.25 EUR", 100_025, EUR),
        ("€ 7.50", 750, EUR),
        ("7,50€", 750, EUR),
        ("1000 ZŁ.", 100_000, PLN),
        ("0", 0, PLN),
        ("007", 700, PLN),
        ("1200,-- Kč", 120_000, CZK),
    ],
)
def test_sums_as_people_type_them(text: str, minor: int, currency: Currency) -> None:
    assert parse_money(text, PLN) == Money(minor, currency)


@pytest.mark.parametrize(
    "text",
    [
        "", "zł", "dużo", "-5", "+5", "1 2 3", "1 23,50", "0.500", "1,2345", "1.500.25", "12,5,5", "12 $",
        "5 zł Kč", "zł 5 zł", "1e9", "٣٤", "1_000", "9" * 41, "99999999999999999", "12 000 500 zł 5",
        "1,234.567,8", ".5", "5,", "5.", "5. zł", "12 500 .",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(not a|a sum|one mark)"):
        parse_money(text, PLN)


def test_rough_costs_have_no_grosze() -> None:
    assert parse_money("12 500,00", PLN, whole=True) == Money.of(12_500, PLN)
    with pytest.raises(ValueError, match="whole"):
        parse_money("12 500,50", PLN, whole=True)


def test_too_large_sum_is_refused() -> None:
    assert parse_money(str(MAX_MINOR // 100), PLN).minor == MAX_MINOR
    with pytest.raises(ValueError, match="too large"):
        parse_money(str(MAX_MINOR // 100 + 1), PLN)


@given(st.text())
def test_no_text_does_worse_than_a_refusal(text: str) -> None:
    try:
        money = parse_money(text, CZK)
    except ValueError:
        return
    assert 0 <= money.minor <= MAX_MINOR


@given(st.integers(0, MAX_MINOR))
def test_plain_decimal_text_is_read_exactly(minor: int) -> None:
    assert parse_money(f"{minor // 100},{minor % 100:02}", EUR) == Money(minor, EUR)
    grouped = f"{minor // 100:,}".replace(",", " ")
    assert parse_money(f"{grouped},{minor % 100:02} Kč", EUR) == Money(minor, CZK)


def test_sums_add_and_compare_within_one_currency() -> None:
    assert Money(150, PLN) + Money(50, PLN) == Money.of(2, PLN)
    assert Money(150, PLN) - Money(250, PLN) == Money(-100, PLN)
    assert Money(1, PLN) < Money(2, PLN) <= Money(2, PLN)
    assert Money(1250, PLN).amount == Decimal("12.5")
    assert not Money(1250, PLN).is_whole
    assert Money.of(3, CZK).is_whole
    for mix in (lambda: Money(1, PLN) + Money(1, CZK), lambda: Money(1, PLN) < Money(1, EUR)):
        with pytest.raises(ValueError, match="do not mix"):
            mix()
