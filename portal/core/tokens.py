"""Signed links, keyed pseudonyms, case numbers and secret codes.

Numbers look like `LUB-I-2026-0042`, codes like `7QK2-M9XD-R4TH-B8WN` (docs/glossary.md).
"""

import re
import secrets
from hashlib import sha256
from typing import Any

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Base, Key, db, insert_or_keep
from portal.core.sealed import ring
from portal.core.tenancy import Municipal, Town

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_SIGNS = 16
CODE_GROUP = 4
SERIAL_DIGITS = 4
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
# No more digits than a counter ever reaches: Python refuses to read numbers of thousands of them.
_NUMBER = re.compile(r"([A-Z]{3})[-\s]*([IVMBAP])[-\s]*([0-9]{4})[-\s]*0{0,99}([0-9]{1,12})")


class CaseCounter(Municipal, Base):
    """Last serial given per municipality, kind of case and local year."""

    __tablename__ = "case_counter"
    __table_args__ = (UniqueConstraint("municipality_id", "kind", "year"),)
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str]
    year: Mapped[int]
    last: Mapped[int]


def next_number(town: Town, kind: str) -> str:
    """The next case number, taken inside the transaction of the filing; never given twice."""
    year = clock.today(town.zone).year
    statement = (
        select(CaseCounter)
        .where(CaseCounter.municipality_id == town.id, CaseCounter.kind == kind, CaseCounter.year == year)
        .with_for_update()
    )
    counter = db.session.scalar(statement)
    if counter is None:  # The first of a year; of two at the same instant the later waits here.
        insert_or_keep(CaseCounter, municipality_id=town.id, kind=kind, year=year, last=0)
        counter = db.session.scalars(statement).one()
    counter.last += 1
    db.session.flush()  # The row is locked from here, so a second filing waits for the next serial.
    return f"{town.code}-{kind}-{year}-{counter.last:0{SERIAL_DIGITS}d}"


def canonical_number(typed: str) -> str | None:
    """The number as we store it, from what somebody typed: lower case, no hyphens, no zeros."""
    match = _NUMBER.fullmatch(typed.strip().upper())
    if not match:
        return None
    code, kind, year, serial = match.groups()
    return f"{code}-{kind}-{year}-{int(serial):0{SERIAL_DIGITS}d}"


def new_code() -> str:
    """A secret code: 16 signs of Crockford's base 32 in fours, 80 random bits."""
    signs = "".join(secrets.choice(CROCKFORD) for _ in range(CODE_SIGNS))
    return "-".join(signs[i : i + CODE_GROUP] for i in range(0, CODE_SIGNS, CODE_GROUP))


def derived_code(form_key: str, case_id: int) -> str:
    """The code of a case filed with this form: a repeated post shows the same one, and nobody stores it."""
    number = int(ring.lookup("case-code", f"{form_key}\x00{case_id}"), 16)
    return spelled(number)


def spelled(number: int, count: int = CODE_SIGNS) -> str:
    """A number as a code of `count` signs in fours; only its lowest five bits a sign count."""
    signs = "".join(CROCKFORD[(number >> 5 * i) & 31] for i in range(count))
    return "-".join(signs[i : i + CODE_GROUP] for i in range(0, count, CODE_GROUP))


def canonical_code(typed: str, count: int = CODE_SIGNS) -> str | None:
    """The signs of a code without hyphens, from what somebody typed; None when it cannot be one of `count` signs."""
    signs = re.sub(r"[\s\-–]", "", typed).upper().translate(_ALIKE)
    return signs if len(signs) == count and all(s in CROCKFORD for s in signs) else None


def code_hash(typed: str) -> str:
    """Keyed hash under which a code is stored; of anything else a hash that fits nothing."""
    return ring.lookup("code", canonical_code(typed) or f"no-code:{typed}")


def new_secret() -> str:
    """256 random bits for links and sessions, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 of a high-entropy secret, as stored: the secret itself never is."""
    return sha256(secret.encode()).hexdigest()


def pseudonym(kind: str, *parts: object) -> str:
    """Keyed pseudonym of a person or an address for one purpose."""
    return ring.lookup(kind, "\x00".join(str(part) for part in parts))


class Signer:
    """Signs small values into links; bound once to the portal's secret."""

    def __init__(self) -> None:
        self._secret = ""

    def load(self, secret: str) -> None:
        """Take over the secret of the settings."""
        self._secret = secret

    def sign(self, purpose: str, value: Any) -> str:
        """A URL-safe token; a token of another purpose does not open here."""
        return str(URLSafeTimedSerializer(self._secret, salt=purpose).dumps(value))

    def open(self, purpose: str, token: str, max_age: int) -> Any | None:
        """The value, or None when forged, of another purpose or older than `max_age` seconds."""
        try:
            return URLSafeTimedSerializer(self._secret, salt=purpose).loads(token, max_age=max_age)
        except (BadSignature, SignatureExpired):
            return None


signer = Signer()
