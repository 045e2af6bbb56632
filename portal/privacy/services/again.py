"""The list of erasures that a restored backup would undo, and erasing again from it (R33).

It lies beside the database, in `erased.jsonl` of the data folder, so that it outlives a restore of the
database; a line holds when, which municipality, and keyed hashes, nothing by which a reader could tell who.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.services.account import erase_everywhere
from portal.content.services import person_of_user
from portal.core import audit, clock, events, tenancy
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.registry import Whom, registry
from portal.core.usecase import use_case
from portal.privacy.queries import keys_of_account

FILE = "erased.jsonl"


@dataclass(frozen=True, slots=True)
class Line:
    """One erasure: slug of the municipality, or empty for a whole account; `account` is its hash, or empty."""

    at: datetime
    town: str
    keys: frozenset[str]
    account: str


def path() -> Path:
    """Where the list lies."""
    folder: Path = current_app.extensions["portal.settings"].data
    return folder / FILE


def remember(whom: Whom, town: str = "") -> None:
    """Append an erasure, on disk before the transaction at hand commits.

    A line too many asks again for what the person wanted anyway; a line too few would bring them back.
    """
    account = person_of_user(whom.user_id) if whom.user_id is not None and not town else ""
    line = {"at": clock.now().isoformat(), "town": town, "keys": sorted(whom.keys), "account": account}
    handle = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def account_erasing(fact: events.Fact) -> None:
    """An account is about to go: note by which hashes it was known. Listens to `account.erasing`."""
    user: User = fact.thing
    remember(Whom(keys_of_account(user), user.id))


def lines() -> Iterator[Line]:
    """The list, oldest first; a line cut off by a crash is left out."""
    if not path().exists():
        return
    for text in path().read_text(encoding="utf-8").splitlines():
        try:
            found = json.loads(text)
            at = datetime.fromisoformat(found["at"])
            yield Line(at, found["town"], frozenset(found["keys"]), found["account"])
        except (ValueError, KeyError, TypeError):
            continue


def erase_again(actor: Actor, since: datetime | None = None) -> int:
    """Carry out every erasure of the list again, or those since an instant; how many records went."""
    accounts = _accounts_by_hash()
    total = 0
    for line in lines():
        if since is not None and line.at < since:
            continue
        total += _again(actor, line, accounts.get(line.account) if line.account else None)
    return total


def _accounts_by_hash() -> dict[str, int]:
    ids = db.session.scalars(select(User.id).where(User.erased_at.is_(None)))
    return {person_of_user(user_id): user_id for user_id in ids}


def _again(actor: Actor, line: Line, user_id: int | None) -> int:
    whom = Whom(line.keys, user_id, until=line.at)
    rows = 0
    for town in tenancy.towns().values():
        if line.town in ("", town.slug):
            with tenancy.within(town.id):
                rows += _again_here(actor, whom)
    if user_id is not None:
        rows += _account_again(actor, user_id, line.at)
    return rows


@use_case("privacy.run", code="person.erased_again")
def _again_here(_actor: Actor, whom: Whom) -> int:
    rows = erase_here(whom)
    audit.note(count=rows)
    return rows


@use_case("privacy.run", code="account.erased_again")
def _account_again(_actor: Actor, user_id: int, until: datetime) -> int:
    user = db.session.scalar(
        select(User).where(User.id == user_id, User.erased_at.is_(None), User.created_at <= until)
    )
    if user is None:
        return 0
    erase_everywhere(user)
    return 1


def erase_here(whom: Whom) -> int:
    """Let every module erase a person in the municipality in scope, in the transaction at hand; how many records."""
    parts = [part for module in registry.modules for part in module.personal if part.erase_here]
    rows = sum(part.erase_here(whom) for part in parts if part.erase_here)
    db.session.flush()  # Inside this municipality, or the wall refuses the rows.
    return rows
