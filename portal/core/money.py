"""Sums of money in whole minor units, and what people type when they mean one.

A rough cost, a budget and a travel fare are integers of grosze, hellers or cents with their
currency; floats and mixed currencies cannot happen. Showing money is the matter of `core.i18n`.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Self


class Currency(StrEnum):
    """Currencies of the portal; each has 100 minor units."""

    PLN = "PLN"
    CZK = "CZK"
    EUR = "EUR"


MINOR_PER_UNIT = 100
MAX_MINOR = 10**15
"""Ten billion units: beyond any municipal budget, far inside a 64-bit column."""

_LONGEST = 40

# What stands beside a number and names its currency; compared in lower case, without dots.
_SIGNS = {
    "zł": Currency.PLN, "zl": Currency.PLN, "pln": Currency.PLN, "złotych": Currency.PLN,
    "kč": Currency.CZK, "kc": Currency.CZK, "czk": Currency.CZK, "korun": Currency.CZK,
    "€": Currency.EUR, "eur": Currency.EUR, "euro": Currency.EUR,
}  # fmt: skip

_SHAPE = re.compile(
    r"(?:(?P<before>[^\W\d]+|€)\.? ?)?"
    r"(?P<number>[0-9][0-9 .,']*?)(?:,[-–—]{1,2})?"
    r"(?: ?(?P<after>[^\W\d]+|€)\.?)?"
)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<mark>[ .,'])[0-9]{3}(?:(?P=mark)[0-9]{3})*")
_DECIMAL = re.compile(r"(?P<whole>.+)[.,](?P<part>[0-9]{1,2})")


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """A sum: `minor` hundredths of a unit of `currency`; may be negative (a balance)."""

    minor: int
    currency: Currency

    @classmethod
    def of(cls, units: int, currency: Currency) -> Self:
        """A sum of whole units: `Money.of(12, Currency.PLN)` is 12 złoty."""
        return cls(units * MINOR_PER_UNIT, currency)

    @property
    def amount(self) -> Decimal:
        """The sum in units, exact."""
        return Decimal(self.minor) / MINOR_PER_UNIT

    @property
    def is_whole(self) -> bool:
        """Whether the sum has no grosze, hellers or cents."""
        return self.minor % MINOR_PER_UNIT == 0

    def __add__(self, other: Self) -> Self:
        """Sum of two sums; raises ValueError when the currencies differ."""
        return type(self)(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Self) -> Self:
        """Difference of two sums; raises ValueError when the currencies differ."""
        return type(self)(self.minor - self._same(other), self.currency)

    def __lt__(self, other: Self) -> bool:
        """Whether less than the other; raises ValueError when the currencies differ."""
        return self.minor < self._same(other)

    def __le__(self, other: Self) -> bool:
        """Whether at most the other; raises ValueError when the currencies differ."""
        return self.minor <= self._same(other)

    def _same(self, other: Self) -> int:
        if other.currency is not self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other.minor


def parse_money(text: str, currency: Currency, *, whole: bool = False) -> Money:
    """The sum somebody typed: "12 500,50 zł", "12.500", "1 200 Kč", "1200,-", "€ 7.50".

    `currency` holds when the text names none; one that it names wins, so compare the result where
    only one currency is allowed. A mark followed by exactly three digits groups thousands, one
    followed by one or two digits is the decimal mark. With `whole`, a part of a unit is refused.
    Raises ValueError for anything else: signs, words, sums beyond `MAX_MINOR`.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).lower().replace("’", "'").split())
    shape = _SHAPE.fullmatch(plain) if len(plain) <= _LONGEST else None
    if shape is None:
        raise ValueError("not a sum of money")
    names = [name for name in (shape["before"], shape["after"]) if name]
    if len(names) > 1 or any(name not in _SIGNS for name in names):
        raise ValueError("not a currency of the portal")
    minor = _minor_units(shape["number"].strip())
    if minor > MAX_MINOR:
        raise ValueError("a sum too large")
    if whole and minor % MINOR_PER_UNIT:
        raise ValueError("only whole units")
    return Money(minor, _SIGNS[names[0]] if names else currency)


def _minor_units(number: str) -> int:
    """Digits with their marks as hundredths; raises ValueError when the marks make no sense."""
    decimal = None if _GROUPED.fullmatch(number) else _DECIMAL.fullmatch(number)
    whole, part = (decimal["whole"], decimal["part"]) if decimal else (number, "")
    if grouped := _GROUPED.fullmatch(whole):
        # "1.500.25" would use one mark for both duties.
        if decimal and grouped["mark"] == number[len(whole)]:
            raise ValueError("one mark with two meanings")
        whole = whole.replace(grouped["mark"], "")
    if not whole.isascii() or not whole.isdigit():
        raise ValueError("not a number")
    return int(whole) * MINOR_PER_UNIT + int(part.ljust(2, "0"))
