"""Polish, Czech and English order of words, and the folding that makes search forgiving.

A database sorts čaj after hora and finds nothing for "lodz", and SQLite and PostgreSQL do not even
agree with each other. So lists are ordered by `sort_key` and searched through `fold`, the same on
both sides of every comparison. Pure and without tables from elsewhere: three alphabets are short
enough to stand here.
"""

import re
import unicodedata
from functools import lru_cache

# Letters that Unicode does not take apart into a base and a mark.
_STROKES = str.maketrans(
    {
        "ł": "l", "đ": "d", "ð": "d", "ø": "o", "ħ": "h", "ŧ": "t", "ŋ": "n", "ı": "i", "ĸ": "k",
        "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th",
    }
)  # fmt: skip

# One string per letter, in order; what is missing here is an accent and counts only between equals.
_ALPHABETS = {
    "pl": list("aąbcćdeęfghijklłmnńoópqrsśtuvwxyzźż"),
    "cs": [*"abcčdefgh", "ch", *"ijklmnopqrřsštuvwxyzž"],
    "en": list("abcdefghijklmnopqrstuvwxyz"),
}

_WORD = re.compile(r"[^\W_]+")
_LETTER_OR_GAP = {
    "pl": re.compile(r"[^\W_]|[\W_]+"),
    "cs": re.compile(r"ch|[^\W_]|[\W_]+"),
    "en": re.compile(r"[^\W_]|[\W_]+"),
}

# Primary weights: a gap between words, digits, our letters, then every other script by code point.
_GAP = 0
_DIGITS = 1
_LETTERS = 100
_OTHER = 1000

SortKey = tuple[tuple[int, ...], str, str]


def fold(text: str) -> str:
    """Text as search compares it: lower case, no accents, ł đ ø ß æ spelt plainly, single spaces.

    Folding twice changes nothing. Never show the result to anybody.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    # Twice, because lower-casing can make new composed letters and taking apart new capitals.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text).casefold().translate(_STROKES)
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    return " ".join(text.split())


def tokens(text: str) -> list[str]:
    """The folded words of a text in their order, repeated ones included; punctuation is left out."""
    return _WORD.findall(fold(text))


@lru_cache(maxsize=8)
def _weights(language: str) -> dict[str, int]:
    return {letter: _LETTERS + place for place, letter in enumerate(_ALPHABETS[language])}


def _weigh(sign: str, weights: dict[str, int]) -> list[int]:
    """Primary weights of one letter or gap; an accent foreign to the alphabet weighs as its base."""
    if sign in weights:
        return [weights[sign]]
    if not sign.isalnum():
        return [_GAP]
    return [
        weights.get(part)
        or (_DIGITS + int(part) if part.isascii() and part.isdigit() else _OTHER + ord(part))
        for part in fold(sign)
    ]


def sort_key(text: str, locale: str) -> SortKey:
    """Key for `sorted` in the order of the locale's dictionary: letters, then accents, then case.

    Words count before letters ("Dolny Las" before "Dolnyl"), punctuation only separates, digits
    come before letters. An unknown locale is ordered as English. Keys of different texts differ.
    Source: glossary, sorting; for Czech ČSN 97 6030.
    """
    language = locale.replace("-", "_").partition("_")[0]
    if language not in _ALPHABETS:
        language = "en"
    plain = unicodedata.normalize("NFC", text).lower().strip()
    weights = _weights(language)
    letters = (_weigh(sign, weights) for sign in _LETTER_OR_GAP[language].findall(plain))
    primary = tuple(weight for letter in letters for weight in letter)
    # Combining marks lie behind all Latin letters, so the plain letter comes before the accented one;
    # swapped case puts small letters first.
    return primary, unicodedata.normalize("NFD", plain), text.swapcase() + "\0" + text
