"""Demo people: staff of every municipality, one portal operator, twelve residents. Demo and test mode only.

The names come from the demo data the caller hands in. All staff share one password; the second factor of
each follows from the address, so the demo page and `flask demo-accounts` can show the current code.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from portal.accounts import queries, rules
from portal.accounts.models import Membership, OperatorAccess, Passkey, User
from portal.accounts.roles import Role
from portal.accounts.services.recovery import write_codes
from portal.accounts.services.sign_in import hasher
from portal.core import clock, tenancy
from portal.core.db import db
from portal.notify import choices
from portal.notify.kinds import Channel, Choice

HERE_FOR = timedelta(days=700)


def seed_people(data: dict[str, Any]) -> dict[str, int]:
    """Found the accounts, inside the caller's transaction; the municipalities are there already.

    `data`: `residents` (name, email, language), `staff_names` by slug and role, `also_in` by slug and role
    (slugs of further municipalities), `passkeys` and `phones` (by address),
    `choices` (about messages, by address and category), `portal_operator` (a name). Returns address → account.
    """
    # One hash for all: sixty would take as long as everything else together.
    password_hash = hasher().hash(rules.DEMO_PASSWORD)
    towns = tenancy.towns()
    found: dict[str, int] = {}
    roles: list[tuple[User, Role, int | None, bool]] = []
    for slug, names in data["staff_names"].items():
        for key, name in names.items():
            user = _staff(f"{key}@{slug}.example", name, towns[slug].language, password_hash)
            places = (slug, *data.get("also_in", {}).get(slug, {}).get(key, ()))
            roles += [(user, role_of(key), towns[place].id, key == "decision-maker") for place in places]
            found[user.email or ""] = user.id
    operator = _staff("portal-operator@portal.example", data["portal_operator"], "pl", password_hash)
    roles.append((operator, Role.PORTAL_OPERATOR, None, False))
    found[operator.email or ""] = operator.id
    for resident in data["residents"]:
        found[resident["email"]] = _user(resident["email"], resident["name"], resident["language"]).id
    db.session.flush()  # The roles point to the accounts, and so does whoever seeds next.
    for user, role, municipality_id, is_head in roles:
        _give(user, role, municipality_id, is_head=is_head)
    _equip(data, found)
    _help_given(operator.id, towns["lublin"].id if "lublin" in towns else None)
    for user in {user for user, *_ in roles}:
        write_codes(user.id, f"demo-recovery-{user.email}")
    return found


def _help_given(operator_id: int, municipality_id: int | None) -> None:
    """An access of the portal operator that is over, for the pages that show such."""
    if municipality_id is None:
        return
    began = clock.now() - timedelta(days=12, hours=3)
    db.session.add(
        OperatorAccess(
            user_id=operator_id,
            municipality_id=municipality_id,
            role=Role.EDITOR,
            reason="Na prośbę urzędu: poprawa godzin otwarcia, których nie dało się zapisać.",
            began_at=began,
            ends_at=began + timedelta(minutes=30),
        )
    )


def _equip(data: dict[str, Any], found: dict[str, int]) -> None:
    """Passkeys, and what somebody chose about messages."""
    for email, name in data.get("passkeys", {}).items():
        _passkey(found[email], name)
    for email, number in data.get("phones", {}).items():
        user = db.session.get_one(User, found[email])
        user.phone, user.phone_hash = number, queries.phone_hash(number)
        user.phone_confirmed_at = clock.now() - HERE_FOR / 2
    for email, chosen in data.get("choices", {}).items():
        for category, choice in chosen.items():
            choices.choose(found[email], category, Channel.MAIL, Choice(choice))


def _passkey(user_id: int, name: str) -> None:
    """A passkey in somebody's list; its other half exists nowhere, so it opens nothing."""
    digest = sha256(f"portal demo passkey {user_id} {name}".encode())
    passkey = Passkey(
        id=int.from_bytes(digest.digest()[:8]) >> 2,
        user_id=user_id,
        credential_id=digest.hexdigest(),
        public_key="",
        sign_count=0,
        synced=True,
        created_at=clock.now() - HERE_FOR / 4,
    )
    passkey.name = name
    db.session.add(passkey)


def role_of(key: str) -> Role:
    """The role in an address: `decision-maker2` → decision-maker."""
    return Role(key.rstrip("0123456789").replace("-", "_"))


def _staff(email: str, name: str, language: str, password_hash: str) -> User:
    user = _user(email, name, language)
    user.password_hash, user.totp = password_hash, rules.demo_factor(email)
    return user


def _user(email: str, name: str, language: str) -> User:
    # The same number each time, so that demo addresses of members stay the same too.
    number = int.from_bytes(sha256(f"portal demo {email}".encode()).digest()[:8]) >> 2
    user = User(id=number, language=language, created_at=clock.now() - HERE_FOR, session_version=1)
    user.email, user.email_hash, user.name = email, queries.email_hash(email), name
    db.session.add(user)
    return user


def _give(user: User, role: Role, municipality_id: int | None, *, is_head: bool) -> None:
    since = clock.now() - HERE_FOR
    db.session.add(
        Membership(user_id=user.id, municipality_id=municipality_id, role=role, is_head=is_head, since=since)
    )
