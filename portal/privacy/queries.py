"""Reading for the officer: what is kept and due, and who read what."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, or_, select

from portal.accounts import queries as accounts
from portal.accounts.models import User
from portal.accounts.rules import canonical_email, canonical_phone
from portal.content.services import person_of_email, person_of_user
from portal.core import clock, tenancy
from portal.core.actor import PORTAL
from portal.core.audit import AuditEntry
from portal.core.calendar import day_start
from portal.core.collate import sort_key
from portal.core.db import db, is_writing
from portal.core.errors import Missing
from portal.core.i18n import Text, current_locale
from portal.core.i18n import gettext as _
from portal.core.readings import REASONS, Reason
from portal.core.registry import PersonalData, Whom, registry
from portal.notify.outbox import recipient_key
from portal.privacy import rules
from portal.privacy.models import DataRequest

PAGE_SIZE = 30
CASES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """A line of what is kept: `due` and `last` are None where nothing is ever ended, or only for all together."""

    title: Text
    period: str
    due: int | None
    last: int | None
    everywhere: bool


def kept() -> list[Kept]:
    """What is kept of people in the municipality in scope, how much is due now, what the last run ended."""
    counts = _last_counts(tenancy.current_id() or PORTAL)
    found = []
    for row in registry.retentions():
        ours = row.erase is not None and not row.everywhere
        due = row.due() if ours and row.due else None
        found.append(
            Kept(row.title, str(row.period), due, counts.get(row.key) if ours else None, row.everywhere)
        )
    return found


def last_run() -> datetime | None:
    """When the daily work last went through the municipality in scope."""
    entry = _last_entry(tenancy.current_id() or PORTAL)
    return entry.at if entry else None


def _last_entry(chain: int) -> AuditEntry | None:
    return db.session.scalar(
        select(AuditEntry)
        .where(AuditEntry.chain == chain, AuditEntry.code == "retention.ran")
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    )


def _last_counts(chain: int) -> dict[str, int]:
    entry = _last_entry(chain)
    counts: Any = entry.details.get("counts", {}) if entry else {}
    return {str(key): int(value) for key, value in counts.items()}


# ---- who read what ----


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody whose readings are in the log, for the filter."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One reading: who, when, what, of which case, why."""

    seq: int
    at: datetime
    who: str
    what: Text
    number: str
    reason: Text
    words: str


@dataclass(frozen=True, slots=True)
class Unusual:
    """A person who read unusually much on a day."""

    user_id: int
    name: str
    day: date
    count: int
    usual: float


@dataclass(frozen=True, slots=True)
class Readings:
    """A screen of the log; `older` is where the next one begins."""

    rows: list[ReadingRow]
    older: int | None


def readings(user_id: int | None = None, number: str = "", before: int | None = None) -> Readings:
    """Who read what in the municipality in scope, newest first; of one person, or of one case."""
    statement = _log().order_by(AuditEntry.seq.desc()).limit(PAGE_SIZE + 1)
    if user_id is not None:
        statement = statement.where(AuditEntry.user_id == user_id)
    if number:
        alone, among = (AuditEntry.details[key].as_string() for key in ("number", "numbers"))
        listed = among.contains(json.dumps(number), autoescape=True)
        statement = statement.where(or_(alone == number, listed))
    if before is not None:
        statement = statement.where(AuditEntry.seq < before)
    entries = list(db.session.scalars(statement))
    names = accounts.names({entry.user_id for entry in entries if entry.user_id})
    rows = [_row(entry, names) for entry in entries[:PAGE_SIZE]]
    return Readings(rows, rows[-1].seq if len(entries) > PAGE_SIZE else None)


def _titles() -> dict[str, Text]:
    return {row.code: row.title for module in registry.modules for row in module.readings}


def _log() -> Select[AuditEntry]:
    chain = tenancy.current_id() or PORTAL
    return select(AuditEntry).where(AuditEntry.chain == chain, AuditEntry.code.in_(_titles()))


def _row(entry: AuditEntry, names: dict[int, str]) -> ReadingRow:
    said = entry.details.get("reason", "")
    return ReadingRow(
        seq=entry.seq,
        at=entry.at,
        who=names.get(entry.user_id or 0, "")
        or (_("a former account") if entry.user_id else _("the portal")),
        what=_titles()[entry.code],
        number=_cases(entry.details),
        reason=REASONS[Reason(said)] if said in set(Reason) else "",
        words=str(entry.details.get("words", "")),
    )


def _cases(details: dict[str, Any]) -> str:
    """The case that was read, or the first of many: the search knows them all."""
    numbers = [str(number) for number in details.get("numbers", [])]
    more = " …" if len(numbers) > CASES_SHOWN else ""
    return str(details.get("number", "")) or ", ".join(numbers[:CASES_SHOWN]) + more


def readers() -> list[Reader]:
    """Everybody whose readings are in the log, by name."""
    chain = tenancy.current_id() or PORTAL
    ids = db.session.scalars(
        select(AuditEntry.user_id)
        .where(AuditEntry.chain == chain, AuditEntry.code.in_(_titles()), AuditEntry.user_id.is_not(None))
        .distinct()
    )
    names = accounts.names(id_ for id_ in ids if id_)
    found = [Reader(id_, name) for id_, name in names.items()]
    return sorted(found, key=lambda reader: sort_key(reader.name, current_locale()))


def unusual(today: date, zone: str, days: int = 7) -> list[Unusual]:
    """Who read unusually much on one of the last days, each compared with the month before it; newest first."""
    begin = day_start(today - timedelta(days=days + rules.WATCHED_DAYS), zone)
    statement = _log().where(AuditEntry.at >= begin, AuditEntry.user_id.is_not(None))
    rows = db.session.execute(statement.with_only_columns(AuditEntry.user_id, AuditEntry.at))
    counts: Counter[tuple[int, date]] = Counter(
        (user_id, at.astimezone(ZoneInfo(zone)).date()) for user_id, at in rows if user_id
    )
    found = []
    for (user_id, day), count in counts.items():
        earlier = [
            n
            for (other, then), n in counts.items()
            if other == user_id and day - timedelta(days=rules.WATCHED_DAYS) <= then < day
        ]
        if day > today - timedelta(days=days) and rules.is_unusual(count, earlier):
            found.append((user_id, day, count, median(earlier) if earlier else 0))
    names = accounts.names(row[0] for row in found)
    shown = [Unusual(id_, names.get(id_, ""), day, count, usual) for id_, day, count, usual in found]
    return sorted(shown, key=lambda row: (-row.day.toordinal(), -row.count))


# ---- whom a request is about ----


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody is known by, as typed: any of them is enough; a number needs its code."""

    email: str = ""
    phone: str = ""
    number: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What a module keeps of a person in the municipality in scope; `key` is the module's name."""

    key: str
    title: Text
    records: list[dict[str, Any]]


def keys_of_email(email: str) -> frozenset[str]:
    """Every hash under which an address stands somewhere."""
    return frozenset({accounts.email_hash(email), person_of_email(email), recipient_key(email)})


def keys_of_phone(phone: str) -> frozenset[str]:
    """The same of a canonical number."""
    return frozenset({accounts.phone_hash(phone), recipient_key(phone)})


def keys_of_account(user: User) -> frozenset[str]:
    """The same of an account: its address, its number and itself."""
    keys = {person_of_user(user.id)}
    if user.email:
        keys |= keys_of_email(user.email)
    if user.phone:
        keys |= keys_of_phone(user.phone)
    return frozenset(keys)


def find(known: Known, country: str) -> Whom:
    """The person by keyed look-ups, in the municipality in scope; without keys when nothing was typed that fits.

    An account is found by what it has confirmed: its address, or its number once a code came back from it. A
    number that was only typed finds none.
    """
    keys: set[str] = set()
    user_id = None
    email = canonical_email(known.email) if known.email else None
    if email:
        keys |= keys_of_email(email)
        user = accounts.by_email(email)
        if user is not None:
            user_id = user.id
            keys |= keys_of_account(user)
    phone = canonical_phone(known.phone, country) if known.phone else None
    if phone:
        keys |= keys_of_phone(phone)
        user = accounts.by_phone(phone)
        if user is not None and user_id is None:
            user_id = user.id
            keys |= keys_of_account(user)
    if known.number and known.code:
        for _name, part in _parts():
            keys |= part.locate(known.number, known.code) if part.locate else frozenset()
    return Whom(frozenset(keys), user_id)


def _parts() -> list[tuple[str, PersonalData]]:
    return [(module.name, part) for module in registry.modules for part in module.personal]


def kept_of(whom: Whom) -> list[Part]:
    """Everything the modules keep of a person in the municipality in scope."""
    return [Part(name, part.title, part.export_here(whom)) for name, part in _parts() if part.export_here]


def counted(counts: Mapping[str, int]) -> list[tuple[Text, int]]:
    """What a request's counts say, under the titles of the parts they are kept by."""
    handed_out = [(name, part) for name, part in _parts() if part.export_here]
    return [(part.title, counts[name]) for name, part in handed_out if counts.get(name)]


def request(request_id: int) -> DataRequest:
    """A request of the municipality in scope. Raises Missing."""
    statement = select(DataRequest).where(DataRequest.id == request_id)
    if is_writing():
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(statement)
    if found is None:
        raise Missing
    return found


def requests() -> list[DataRequest]:
    """The newest requests of the municipality in scope."""
    newest = select(DataRequest).order_by(DataRequest.created_at.desc(), DataRequest.id).limit(100)
    return list(db.session.scalars(newest))


def open_requests() -> list[DataRequest]:
    """Requests of the municipality in scope that nobody has answered yet, oldest first."""
    statement = select(DataRequest).where(
        DataRequest.who_sealed.is_not(None), DataRequest.copied_at.is_(None), DataRequest.erased_at.is_(None)
    )
    return list(db.session.scalars(statement.order_by(DataRequest.created_at, DataRequest.id)))


def whom_of(asked: DataRequest) -> Whom:
    """The person of a request."""
    return Whom(frozenset(asked.keys), asked.person_id)


def answered_long_ago() -> Select[int]:
    """Requests that still say whose they were though they were answered weeks ago, or nobody went on with them."""
    before = clock.now() - timedelta(days=rules.IDENTITY_DAYS)
    last = func.coalesce(DataRequest.copied_at, DataRequest.created_at)
    return select(DataRequest.id).where(
        DataRequest.who_sealed.is_not(None), last < before, DataRequest.created_at < before
    )


def count_answered() -> int:
    """How many there are."""
    return db.session.scalar(select(func.count()).select_from(answered_long_ago().subquery())) or 0
