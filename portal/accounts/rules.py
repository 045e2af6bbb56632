"""Pure decisions about people: addresses, passwords, second-factor codes, session lifetimes, own paths.

No database and no Flask, so every rule can be tried with plain values.
"""

import base64
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from urllib.parse import urlsplit

import pyotp

from portal.core.collate import fold
from portal.core.i18n import LOCALES, Text
from portal.core.i18n import lazy_gettext as _l

PASSWORD_MIN = 12
PASSWORD_MAX = 200
NAME_MAX = 100
EMAIL_MAX = 254

LINK_LIFE = timedelta(hours=1)
RESET_LIFE = timedelta(hours=1)
INVITATION_LIFE = timedelta(hours=24)
FRESH_FOR = timedelta(minutes=10)
CASE_OPEN_FOR = timedelta(minutes=15)
SECOND_FACTOR_WITHIN = timedelta(minutes=10)
INACTIVE_DAYS = 730
WARNING_DAYS = 30
LAST_WARNING_DAYS = 7
"""A resident's account unused for so long is erased, warned so many days before. Source: product 9, no. 33."""
LINK_KEPT_DAYS = 7
"""How long a single-use link is kept past its end, so that whoever opens it late is told what it was."""

CODE_SECONDS = 30
CODE_DIGITS = 6
CODE_DRIFT = 1
"""Steps a clock may be early or late, each way."""


ACCESS_MINUTES = (15, 30, 60, 120)
"""How long the portal operator may ask for a municipality's role. Source: order of the platform, part 1."""
ACCESS_REASON_MIN = 15
ACCESS_REASON_MAX = 500
ACCESS_PATH_MAX = 200

PHONE_DIGITS = 6
PHONE_LIFE = timedelta(minutes=10)
PHONE_TRIES = 5

RECOVERY_CODES = 10
RECOVERY_SIGNS = 12
"""60 random bits a code; with the throttle of codes nobody guesses one."""
PASSKEYS_MAX = 10
PASSKEY_WITHIN = timedelta(minutes=5)
"""How long the challenge of a page with a passkey is good."""
SHOWN_FOR = timedelta(minutes=10)
"""How long fresh recovery codes stay on the screen of the session that made them."""


class SessionKind(StrEnum):
    """Who a session belongs to; it decides how long it lives."""

    VISITOR = "visitor"
    RESIDENT = "resident"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A session ends after `idle` without a request, and in any case `absolute` after it began."""

    idle: timedelta
    absolute: timedelta


LIFETIMES: dict[SessionKind, Lifetime] = {
    # A visitor's session only holds the token of a form being filled in; a slow writer keeps it alive.
    SessionKind.VISITOR: Lifetime(timedelta(hours=2), timedelta(hours=24)),
    # Many residents read on a shared computer of a library or an office, so no month-long sessions: a new
    # link costs them one click.
    SessionKind.RESIDENT: Lifetime(timedelta(hours=2), timedelta(hours=12)),
    # Source: R9 (docs/security.md).
    SessionKind.STAFF: Lifetime(timedelta(minutes=30), timedelta(hours=10)),
}


def alive(kind: SessionKind, created_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Whether a session of this kind still counts."""
    life = LIFETIMES[kind]
    return now - seen_at < life.idle and now - created_at < life.absolute


def canonical_email(typed: str) -> str | None:
    """The address as we store and compare it: lower case, domain in ASCII; None if it cannot be one."""
    from email_validator import (  # noqa: PLC0415 - slow to load, needed only where somebody types an address
        EmailNotValidError,
        validate_email,
    )

    try:
        found = validate_email(typed.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    address = (found.ascii_email or "").lower()
    return address if 0 < len(address) <= EMAIL_MAX else None


def canonical_phone(typed: str, country: str) -> str | None:
    """A Polish or Czech number in international form (+48600100200), or None. Source: R55, only these two.

    Without a prefix it is one of the municipality's `country`, whatever language the page is in.
    """
    import phonenumbers  # noqa: PLC0415 - 23 MB, needed only where somebody types a number

    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        return None
    if number.country_code not in (48, 420) or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone_hint(number: str) -> str:
    """Enough of a canonical number to see a slip in it: prefix and end, as in `+420 … 567`. Both countries have nine digits."""
    return f"{number[:-9]} … {number[-3:]}"


def own_path(target: str | None) -> str | None:
    """`target` if it is a path of our own pages, else None: nobody is led elsewhere (R18)."""
    if not target or len(target) > 2000 or "\\" in target or not target.isprintable():
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    first, _, _ = parts.path.lstrip("/").partition("/")
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        return None
    return target if first in LOCALES else None


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def agent_family(agent: str) -> str:
    """Browser and system by their names, such as `Firefox, Windows`; empty when unknown. Nothing finer is kept."""
    names = [next((name for mark, name in table if mark in agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in names if name)


# Passwords ---------------------------------------------------------------------------------------------------

# Stems of the commonest passwords in English, Polish and Czech. With twelve characters required, a common
# password is nearly always some of these, a year and a sign; `password_problem` looks at what is left of it.
_COMMON_TEXT = """
password passwort passw0rd passwd haslo tajnehaslo heslo tajneheslo mojehaslo mojeheslo secret tajne
qwerty qwertz azerty admin administrator root user guest test tester testowe demo portal welcome
witaj witam vitejte letmein login logowanie changeme zmienmnie zmenit default master superman batman
pokemon starwars dragon monkey shadow sunshine princess ksiezniczka princezna football pilkanozna
fotbal baseball hockey hokej iloveyou kochamcie kochanie milujite lasko misiaczek misiek kotek
piesek kocicka pejsek kwiatuszek slonko slunicko aniolek andilek michael jordan jennifer jessica
ashley daniel thomas charlie andrew matthew joshua robert george polska polskie czechy cesko cesky
ceska republika bohemia warszawa krakow praha prague ostrava lublin slask krolestwo legia wisla
sparta slavia banik marcin mateusz michal bartek bartosz tomasz tomas piotr petr pawel pavel lukasz
lukas kamil dawid david damian daniela patrik patryk karolina monika agnieszka katarzyna katerina
natalia weronika veronika martina martin jakub krzysztof grzegorz wojtek jirka honza zuzana lenka
barbora tereza internet computer komputer pocitac telefon mobil android windows google facebook
instagram samsung apple iphone nokia whatever trustno freedom wolnosc svoboda solidarnosc matrix
killer hunter ranger mustang ferrari porsche mercedes corvette harley yankee banana cookie pepper
ginger summer winter spring autumn lato zima wiosna jesien leto jaro podzim poniedzialek piatek
sobota niedziela pondeli patek nedele january styczen leden december grudzien prosinec urzad gmina
miasto mesto obec starosta burmistrz wojt mieszkaniec obyvatel inicjatywa podnet radny urednik
urzednik
"""
_COMMON = frozenset(_COMMON_TEXT.split())
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm",
         "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb")  # fmt: skip
_LEET = str.maketrans("013457@$", "oieastas")
_YEAR = re.compile(r"(?:19|20)\d\d")
_RUN_MIN = 4
_LEFT_MIN = 6
_DISTINCT_MIN = 5

TOO_SHORT = _l("Use at least 12 characters. Three or four words you can remember are a good choice.")
TOO_LONG = _l("Use at most 200 characters.")
TOO_COMMON = _l("This password is easy to guess. Choose words that do not belong together.")


def password_problem(password: str, names: tuple[str, ...] = ()) -> Text | None:
    """What is wrong with a new password, or None. `names` are words tied to the person and the municipalities.

    No rule asks for capitals or digits. Source: R1 (docs/security.md; ASVS 5.0.0 6.2.1, 6.2.4, 6.2.5, 6.2.11).
    """
    if len(password) < PASSWORD_MIN:
        return TOO_SHORT
    if len(password) > PASSWORD_MAX:
        return TOO_LONG
    plain = re.sub(r"\s", "", fold(password))
    if len(set(plain)) < _DISTINCT_MIN or _is_repeated(plain):
        return TOO_COMMON
    plain = _YEAR.sub(" ", plain)
    words = _COMMON | {w for name in names for w in re.findall(r"[a-z]{4,}", fold(name))}
    if min(_left(plain, words), _left(plain.translate(_LEET), words)) < _LEFT_MIN:
        return TOO_COMMON
    return None


def _is_repeated(text: str) -> bool:
    """Whether the whole is one short block again and again."""
    return any((text[:size] * len(text))[: len(text)] == text for size in range(1, len(text) // 2 + 1))


def _left(text: str, words: frozenset[str]) -> int:
    """How many letters and digits remain without common words and keyboard runs."""
    for word in sorted((w for w in words if w in text), key=len, reverse=True):
        text = text.replace(word, " ")
    for run in (*_RUNS, *(run[::-1] for run in _RUNS)):
        for size in range(len(run), _RUN_MIN - 1, -1):
            for start in range(len(run) - size + 1):
                text = text.replace(run[start : start + size], " ")
    return sum(sign.isalnum() for sign in text)


# Second factor -----------------------------------------------------------------------------------------------


def new_factor() -> str:
    """A fresh secret for an authenticator app: 160 bits in base 32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


DEMO_PASSWORD = "demo-portal-2026"  # noqa: S105 - shown on the demo page; no such account exists outside demo and test
"""Of every staff account of the demo data."""


def demo_factor(email: str) -> str:
    """The secret of a demo account: always the same, so that anybody can compute its codes. Never outside demo."""
    return base64.b32encode(sha256(f"portal demo {email}".encode()).digest()[:20]).decode()


def factor_uri(secret: str, email: str, issuer: str) -> str:
    """The `otpauth:` address an authenticator app reads from the QR code."""
    return pyotp.TOTP(secret, interval=CODE_SECONDS).provisioning_uri(name=email, issuer_name=issuer)


def step_at(now: datetime) -> int:
    """Number of the 30-second step an instant lies in."""
    return int(now.timestamp()) // CODE_SECONDS


def code_at(secret: str, step: int) -> str:
    """The six digits of a step."""
    return pyotp.TOTP(secret, interval=CODE_SECONDS).generate_otp(step)


def canonical_code(typed: str) -> str:
    """The digits of a typed code: spaces, hyphens and full-width digits do no harm (R3)."""
    return re.sub(r"[\s\-–]", "", unicodedata.normalize("NFKC", typed))


def is_phone_code(typed: str) -> bool:
    """Whether this can be a code of an SMS: as many digits as it has."""
    code = canonical_code(typed)
    return len(code) == PHONE_DIGITS and code.isascii() and code.isdigit()


def matching_step(secret: str, typed: str, now: datetime) -> int | None:
    """The step whose code was typed, one step of drift either way; None when it fits none of them."""
    code = canonical_code(typed)
    if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
        return None
    here = step_at(now)
    for step in range(here + CODE_DRIFT, here - CODE_DRIFT - 1, -1):
        if hmac.compare_digest(code_at(secret, step), code):
            return step
    return None
