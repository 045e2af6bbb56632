"""The audit log: append-only rows in one hash chain per municipality, written with what they describe.

Each use case leaves one entry. Its changed rows are collected while the session flushes; the chain's head
row is taken last, just before the commit, so that writers wait as short as can be. Columns marked PERSONAL
appear as "changed". Triggers of the migration refuse update and delete. Source: R36 (docs/security.md).
"""

import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint, event, inspect, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core import clock, tenancy
from portal.core.actor import PORTAL, Actor
from portal.core.db import Base, Key, UtcDateTime, db, insert_or_keep
from portal.core.sealed import ring

GENESIS = "0" * 64
MAX_VALUE = 300


class AuditEntry(Base):
    """One act: who, when, what, on which rows. `seq` counts from 1 in each municipality's chain."""

    __tablename__ = "audit_entry"
    __table_args__ = (UniqueConstraint("chain", "seq"), Index("ix_audit_entry_code", "chain", "code", "seq"))
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    chain: Mapped[int] = mapped_column(Key)
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    user_id: Mapped[int | None] = mapped_column(Key)
    channel: Mapped[str]
    on_behalf: Mapped[bool] = mapped_column(default=False)
    code: Mapped[str]
    subject: Mapped[str] = mapped_column(default="", index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    prev_hash: Mapped[str]
    hash: Mapped[str]


class AuditHead(Base):
    """The newest link of each chain; its row is the chain's lock."""

    __tablename__ = "audit_head"
    AUDITED = False

    chain: Mapped[int] = mapped_column(Key, primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str]


@dataclass(slots=True)
class Draft:
    """An entry being collected during a use case."""

    actor: Actor
    code: str
    chain: int
    subject: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    lists_rows: bool = True


def begin(actor: Actor, code: str) -> Draft:
    """Start collecting the entry of a use case."""
    draft = Draft(actor, code, tenancy.current_id() or PORTAL)
    if actor.key_id is not None:
        draft.details["api_key"] = actor.key_id
    db.session.info["audit"] = draft
    return draft


def note(subject: str = "", **details: Any) -> None:
    """Say what the running use case is about, and facts no row shows. Never personal data."""
    draft: Draft | None = db.session.info.get("audit")
    if draft is not None:
        draft.subject = subject or draft.subject
        draft.details.update(details)


def counts_only() -> None:
    """Keep no list of changed rows in this entry: an import of 100,000 says how many, not which."""
    draft: Draft | None = db.session.info.get("audit")
    if draft is not None:
        draft.lists_rows = False


def on_behalf() -> None:
    """Mark this entry as an act for somebody else, such as a caller."""
    draft: Draft | None = db.session.info.get("audit")
    if draft is not None:
        draft.actor = replace(draft.actor, on_behalf=True)


def drop() -> None:
    """Forget the entry of a use case that failed, and those beside it."""
    db.session.info.pop("audit", None)
    db.session.info.pop("audit_beside", None)


@contextmanager
def beside(actor: Actor, code: str) -> Iterator[None]:
    """What the running use case does meanwhile in the municipality in scope stands in that one's chain, not in its own.

    Both flush their rows before and after, so that each entry lists its own. Sealed together with the running one.
    """
    outer: Draft | None = db.session.info.pop("audit", None)
    inner = begin(actor, code)
    try:
        yield
        if outer is not None:
            db.session.info.setdefault("audit_beside", []).append(inner)
    finally:
        db.session.info.pop("audit", None)
        if outer is not None:
            db.session.info["audit"] = outer


@event.listens_for(Session, "after_flush")
def _collect(session: Session, _context: object) -> None:
    draft: Draft | None = session.info.get("audit")
    if draft is None or not draft.lists_rows:
        return
    for kind, rows in (("new", session.new), ("changed", session.dirty), ("gone", session.deleted)):
        for row in rows:
            if isinstance(row, Base) and row.AUDITED and (diff := _diff(row, kind)) is not None:
                draft.rows.append(diff)


def _diff(row: Base, kind: str) -> dict[str, Any] | None:
    state = inspect(row)
    changes: dict[str, Any] = {}
    if kind != "gone":
        for column in state.mapper.column_attrs:
            history: Any = state.attrs[column.key].history
            if not history.has_changes() or (kind == "new" and history.added in ([None], [])):
                continue
            if column.key in row.PERSONAL or column.key.endswith("_sealed"):
                changes[column.key] = "changed"
            elif kind == "new":
                changes[column.key] = _plain(history.added[0])
            else:
                changes[column.key] = [
                    _plain(history.deleted[0]) if history.deleted else None,
                    _plain(history.added[0]),
                ]
        if kind == "changed" and not changes:
            return None
    identity = ",".join(str(part) for part in state.mapper.primary_key_from_instance(row))
    return {"row": f"{state.mapper.local_table}:{identity}", "kind": kind, "changes": changes}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str):
        return value if len(value) <= MAX_VALUE else value[:MAX_VALUE] + "…"
    if isinstance(value, int | float | bool) or value is None:
        return value
    return _plain(json.dumps(value, ensure_ascii=False, default=str, sort_keys=True))


def seal() -> None:
    """Append what was collected to its chain, and to others; called once, last, before the commit."""
    info = db.session.info
    draft: Draft | None = info.pop("audit", None)
    drafts: list[Draft] = info.pop("audit_beside", [])
    # In the order of the chains: two acts that concern the same two municipalities wait for each other.
    for one in sorted([*drafts, *([draft] if draft is not None else [])], key=lambda found: found.chain):
        _append(one)


def _append(draft: Draft) -> None:
    session = db.session
    statement = (
        select(AuditHead)
        .where(AuditHead.chain == draft.chain)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    head = session.scalar(statement)
    if head is None:  # The first entry of a chain; of two at the same instant the later waits here.
        insert_or_keep(AuditHead, chain=draft.chain, seq=0, hash=GENESIS)
        head = session.scalars(statement).one()
    if draft.chain in draft.actor.lent:
        draft.details["lent_role"] = draft.actor.lent[draft.chain]
    details = {**draft.details, **({"rows": draft.rows} if draft.rows else {})}
    entry = AuditEntry(
        chain=draft.chain,
        seq=head.seq + 1,
        at=clock.now(),
        user_id=draft.actor.user_id,
        channel=draft.actor.channel.value,
        on_behalf=draft.actor.on_behalf,
        code=draft.code,
        subject=draft.subject,
        details=json.loads(json.dumps(details, default=str)),
        prev_hash=head.hash,
        hash="",
    )
    entry.hash = link_hash(entry)
    head.seq, head.hash = entry.seq, entry.hash
    session.add(entry)


def link_hash(entry: AuditEntry) -> str:
    """Keyed hash over the canonical row and the link before it."""
    body = json.dumps(
        [
            entry.chain,
            entry.seq,
            entry.at.isoformat(),
            entry.user_id,
            entry.channel,
            entry.on_behalf,
            entry.code,
            entry.subject,
            entry.details,
            entry.prev_hash,
        ],
        ensure_ascii=False,
        sort_keys=True,
    )
    return hmac.new(ring.lookup("audit", "chain").encode(), body.encode(), sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain does not hold."""

    chain: int
    seq: int
    what: str


def verify() -> list[Break]:
    """Every place where a chain was changed, cut or shortened; empty when all hold."""
    session = db.session
    breaks: list[Break] = []
    heads = {head.chain: head for head in session.scalars(select(AuditHead))}
    last: dict[int, tuple[int, str]] = {}
    rows = session.scalars(
        select(AuditEntry).order_by(AuditEntry.chain, AuditEntry.seq).execution_options(yield_per=1000)
    )
    for entry in rows:
        seq, before = last.get(entry.chain, (0, GENESIS))
        if entry.seq != seq + 1:
            breaks.append(Break(entry.chain, seq + 1, "missing"))
        elif entry.prev_hash != before:
            breaks.append(Break(entry.chain, entry.seq, "out of line"))
        if link_hash(entry) != entry.hash:
            breaks.append(Break(entry.chain, entry.seq, "changed"))
        last[entry.chain] = (entry.seq, entry.hash)
    for chain, head in heads.items():
        if last.get(chain, (0, GENESIS)) != (head.seq, head.hash):
            breaks.append(Break(chain, head.seq, "cut short"))
    breaks += [Break(chain, seq, "head missing") for chain, (seq, _) in last.items() if chain not in heads]
    return breaks
