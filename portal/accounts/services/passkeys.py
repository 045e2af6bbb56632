"""Passkeys: a key in somebody's phone, computer or security key, unlocked there by finger, face or PIN.

Because the device proves that its owner unlocked it (user verification is required), a passkey is two factors
at once: it signs in alone, or takes the place of the code after the password. What a browser sends is checked
against a challenge of the session that is good once and for five minutes, against our own address, and
against the counter of the key. Source: W3C, Web Authentication Level 3, sections 7.1 and 7.2.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import structlog
from flask import current_app
from sqlalchemy import func, select, update

from portal.accounts import messages, queries, rules
from portal.accounts.models import Passkey, User
from portal.core import audit, clock, throttle
from portal.core.actor import Actor
from portal.core.config import Settings
from portal.core.db import db
from portal.core.errors import Invalid, Missing
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.sealed import new_row_id, ring
from portal.core.throttle import SIGN_IN_NETWORK
from portal.core.tokens import pseudonym
from portal.core.usecase import use_case

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

log = structlog.get_logger(__name__)

T = TypeVar("T")

ANSWER_MAX = 20_000
"""Signs of the largest answer of a browser that is looked at; real ones have some two thousand."""
UNREADABLE = _l("The passkey could not be checked. Try again.")
UNKNOWN = _l("This passkey is not known here. Sign in another way; then you can add it in your account.")
COUNTED_BACK = _l(
    "This passkey was refused, because it may have been copied. Sign in another way and remove it from your account."
)


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks for a passkey: the name it is bound to, and the address pages have."""

    id: str
    origin: str


def party(host: str) -> Party | None:
    """Who we are towards a browser; None under a bare number, which no passkey can be bound to.

    The configured address alone counts. Demo and test mode also answer to `localhost`, where browsers allow
    passkeys without encryption; `host` is what the request asked for, checked against the hosts we have (R17).
    """
    settings: Settings = current_app.extensions["portal.settings"]
    name = host.partition(":")[0]
    if settings.shows_demo and name == "localhost":
        return Party("localhost", f"http://{host}")
    parts = urlsplit(settings.base_url)
    own = parts.hostname or ""
    if own.replace(".", "").isdigit() or ":" in own:
        return None
    return Party(own, f"{parts.scheme}://{parts.netloc}")


def handle_of(user_id: int) -> bytes:
    """The name of an account inside passkeys: says nothing of the person."""
    return bytes.fromhex(ring.lookup("passkey-user", str(user_id)))


def creation_options(user: User, challenge: str, us: Party) -> str:
    """What the browser needs to make a passkey, as JSON."""
    from webauthn import (  # noqa: PLC0415 - slow to load, needed only on pages of passkeys
        base64url_to_bytes,
        generate_registration_options,
        options_to_json,
    )
    from webauthn.helpers.structs import (  # noqa: PLC0415 - the same
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=us.id,
        rp_name=str(_("Residents’ Portal")),
        user_name=user.email or user.name or "",
        user_display_name=user.name or user.email or "",
        user_id=handle_of(user.id),
        challenge=base64url_to_bytes(challenge),
        timeout=int(rules.PASSKEY_WITHIN.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(user.id),
    )
    return options_to_json(options)


def request_options(challenge: str, us: Party, user_id: int | None = None) -> str:
    """What the browser needs to use a passkey, as JSON; one of `user_id`'s, or any that it has for us."""
    from webauthn import (  # noqa: PLC0415 - slow to load, needed only on pages of passkeys
        base64url_to_bytes,
        generate_authentication_options,
        options_to_json,
    )
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415 - the same

    options = generate_authentication_options(
        rp_id=us.id,
        challenge=base64url_to_bytes(challenge),
        timeout=int(rules.PASSKEY_WITHIN.total_seconds() * 1000),
        allow_credentials=_descriptors(user_id) if user_id is not None else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def _descriptors(user_id: int) -> "list[PublicKeyCredentialDescriptor]":
    from webauthn import base64url_to_bytes  # noqa: PLC0415 - see above
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor  # noqa: PLC0415 - see above

    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(p.credential_id)) for p in of(user_id)]


def of(user_id: int) -> list[Passkey]:
    """The passkeys of an account, oldest first."""
    return list(
        db.session.scalars(
            select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.created_at, Passkey.id)
        )
    )


def has(user_id: int) -> bool:
    """Whether an account has a passkey."""
    return db.session.scalar(select(Passkey.id).where(Passkey.user_id == user_id).limit(1)) is not None


def _read(answer: str, check: Callable[[dict[str, Any]], T]) -> T:
    """What a browser answered, checked by the library. Raises Invalid for anything it does not like."""
    if len(answer) > ANSWER_MAX:
        raise Invalid(UNREADABLE)
    try:
        return check(dict(json.loads(answer)))
    except Exception as problem:
        # The library reads bytes that anybody may have made up, and fails in more ways than it names; each
        # of them means the same to us.
        log.info("passkey refused", why=type(problem).__name__)
        raise Invalid(UNREADABLE) from problem


@use_case("account.secure", code="account.passkey_added", load=queries.account)
def add(_actor: Actor, user: User, answer: str, challenge: str, us: Party, name: str) -> None:
    """Keep a passkey that the browser has just made. Raises Invalid."""
    from webauthn import base64url_to_bytes, verify_registration_response  # noqa: PLC0415 - slow to load
    from webauthn.helpers import bytes_to_base64url  # noqa: PLC0415 - the same

    if len(of(user.id)) >= rules.PASSKEYS_MAX:
        raise Invalid(_l("You have ten passkeys. Remove one that you no longer use."))
    made = _read(
        answer,
        lambda found: verify_registration_response(
            credential=found,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=us.id,
            expected_origin=us.origin,
            require_user_verification=True,
        ),
    )
    credential_id = bytes_to_base64url(made.credential_id)
    if db.session.scalar(select(func.count()).where(Passkey.credential_id == credential_id)):
        raise Invalid(_l("This passkey belongs to an account already."))
    passkey = Passkey(
        id=new_row_id(),
        user_id=user.id,
        credential_id=credential_id,
        public_key=bytes_to_base64url(made.credential_public_key),
        sign_count=made.sign_count,
        synced=made.credential_backed_up,
        created_at=clock.now(),
    )
    passkey.name = name
    db.session.add(passkey)
    audit.note(f"user:{user.id}", passkey=passkey.id)
    messages.account_changed(messages.recipient_of(user), "passkey_added")


@use_case("account.own", code="account.passkey_named", load=queries.account)
def rename(_actor: Actor, user: User, passkey_id: int, name: str) -> None:
    """Call a passkey by another name. Raises Missing for anybody else's."""
    own(user.id, passkey_id).name = name
    audit.note(f"user:{user.id}", passkey=passkey_id)


@use_case("account.secure", code="account.passkey_removed", load=queries.account)
def remove(_actor: Actor, user: User, passkey_id: int) -> None:
    """Let a passkey open nothing any more. Raises Missing for anybody else's."""
    db.session.delete(own(user.id, passkey_id))
    audit.note(f"user:{user.id}", passkey=passkey_id)
    messages.account_changed(messages.recipient_of(user), "passkey_removed")


def own(user_id: int, passkey_id: int) -> Passkey:
    """One of somebody's passkeys. Raises Missing."""
    found = db.session.scalar(select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user_id))
    if found is None:
        raise Missing
    return found


@dataclass(frozen=True, slots=True)
class Proved:
    """Who came by a passkey; `strong`: a member of a team or once one, with password and second factor."""

    user_id: int
    email: str
    strong: bool


def prove(actor: Actor, answer: str, challenge: str, us: Party, source: str, user_id: int | None) -> Proved:
    """Whose passkey this is; of `user_id`, where the password or the session said who it must be.

    Raises Invalid for whatever does not fit, TooMany when a network tries too often.
    """
    throttle.hit(SIGN_IN_NETWORK, source)
    owner = _owner(answer)
    if owner is None or (user_id is not None and owner != user_id):
        log.info("sign-in refused", step="passkey")
        raise Invalid(UNKNOWN)
    try:
        return _prove(replace(actor, user_id=owner), answer, challenge, us)
    except Missing:  # The account was closed.
        raise Invalid(UNKNOWN) from None


def _owner(answer: str) -> int | None:
    """The account of the key an answer names; nothing is believed yet."""
    named = _read(answer, lambda found: str(found["id"]))
    return db.session.scalar(select(Passkey.user_id).where(Passkey.credential_id == named))


@use_case("account.enter", code="account.signed_in")
def _prove(actor: Actor, answer: str, challenge: str, us: Party) -> Proved:
    from webauthn import base64url_to_bytes, verify_authentication_response  # noqa: PLC0415 - slow to load

    user = queries.account(actor.user_id or 0)
    named = _read(answer, lambda found: str(found["id"]))
    passkey = db.session.scalars(
        select(Passkey).where(Passkey.credential_id == named, Passkey.user_id == user.id)
    ).one()
    before = passkey.sign_count
    proved = _read(
        answer,
        lambda found: verify_authentication_response(
            credential=found,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=us.id,
            expected_origin=us.origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            # The library only says that the answer was refused; we tell the owner of a copied key.
            credential_current_sign_count=0,
            require_user_verification=True,
        ),
    )
    if (proved.new_sign_count or before) and proved.new_sign_count <= before:
        log.warning("passkey counted back", account=pseudonym("log", user.id)[:12])
        raise Invalid(COUNTED_BACK)
    taken = (
        update(Passkey)
        .where(Passkey.id == passkey.id, Passkey.sign_count == before)
        .values(
            sign_count=proved.new_sign_count, last_used_at=clock.now(), synced=proved.credential_backed_up
        )
    )
    if db.session.execute(taken).rowcount != 1:  # type: ignore[attr-defined]
        raise Invalid(UNREADABLE)
    user.last_sign_in_at = clock.now()
    audit.note(f"user:{user.id}", by="passkey", passkey=passkey.id)
    return Proved(user.id, user.email or "", user.password_hash is not None)
