"""Signing in through an OpenID Connect provider: authorization code with PKCE, state and nonce.

People are known by issuer and subject, never by an address alone. At the first time a *member of a team* is found
by the address the provider has verified; their account exists already, an administrator invited it. A *resident*
gets a new account for a verified address that nobody has; who has an account connects it there, signed in, so a
provider cannot open what it did not make. The provider takes the place of the password: unless it says that
several factors were proved (`amr` holds `mfa`), members still show the code or a passkey (R3).
Source: OpenID Connect Core 1.0, sections 3.1 and 5; RFC 7636 (PKCE); RFC 8176 (amr); RFC 9207 (iss).
"""

import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import current_app
from sqlalchemy import select

from portal.accounts import messages, queries, rules
from portal.accounts.models import Identity, User
from portal.accounts.services.sign_in import new_user
from portal.core import audit, clock
from portal.core.actor import Actor
from portal.core.config import OidcProvider, Settings
from portal.core.db import db
from portal.core.errors import Invalid, Missing
from portal.core.i18n import DEFAULT_LOCALE
from portal.core.i18n import lazy_gettext as _l
from portal.core.tokens import new_secret, pseudonym
from portal.core.usecase import use_case

log = structlog.get_logger(__name__)

STAFF, RESIDENTS = "staff", "residents"
TIMEOUT_S = 8
LEEWAY_S = 60
DISCOVERY_FOR_S = 3600
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key pair only: a shared secret would let whoever holds it write identities."""

UNREACHABLE = _l("The other service did not answer. Try again, or sign in another way.")
REFUSED = _l("The other service did not confirm who you are. Try again, or sign in another way.")
NO_STAFF = _l("No member of a team has this identity. Sign in with your password, or ask your administrator.")
UNVERIFIED = _l(
    "The other service has not verified your e-mail address, so we cannot open an account with it."
)
TAKEN = _l(
    "Your address has an account here. Sign in by a link, then connect the other service in your account."
)


def provider(group: str) -> OidcProvider:
    """The provider of staff or of residents. Raises Missing where none is set up."""
    settings: Settings = current_app.extensions["portal.settings"]
    found = {STAFF: settings.oidc_staff, RESIDENTS: settings.oidc_residents}.get(group)
    if found is None:
        raise Missing
    return found


def name_of(group: str) -> str:
    """What the button says; empty where no provider is set up."""
    try:
        return provider(group).name
    except Missing:
        return ""


@dataclass(frozen=True, slots=True)
class Errand:
    """One walk to the provider and back, kept in the session of whoever goes; nonce and verifier stay there."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a provider confirmed. `email` is canonical, and empty unless the provider has verified it."""

    issuer: str
    subject: str
    email: str
    name: str
    several_factors: bool


def back_address(group: str) -> str:
    """The one redirect address that is registered with the provider, whatever language somebody reads."""
    settings: Settings = current_app.extensions["portal.settings"]
    return f"{settings.base_url}/{DEFAULT_LOCALE}/sign-in/oidc/{group}/back"


def errand(group: str, locale: str) -> Errand:
    """Where to send somebody, and what must come back. Raises Invalid when the provider cannot be reached."""
    ours = provider(group)
    state, nonce, verifier = new_secret(), new_secret(), new_secret()
    endpoint = str(_metadata(ours)["authorization_endpoint"])
    with _client(group) as client:
        url, _state = client.create_authorization_url(
            endpoint, state=state, code_verifier=verifier, nonce=nonce, ui_locales=locale
        )
    return Errand(url, state, nonce, verifier)


def _client(group: str) -> Any:
    from authlib.integrations.requests_client import (  # noqa: PLC0415 - needed only on the way to a provider
        OAuth2Session,
    )

    ours = provider(group)
    return OAuth2Session(
        ours.client_id,
        ours.client_secret,
        scope="openid email profile",
        redirect_uri=back_address(group),
        code_challenge_method="S256",
        default_timeout=TIMEOUT_S,
    )


def _metadata(ours: OidcProvider) -> dict[str, Any]:
    """What the provider says of itself, kept for an hour by each process."""
    kept: dict[str, tuple[float, dict[str, Any]]] = current_app.extensions.setdefault("portal.oidc", {})
    now = clock.now().timestamp()
    if ours.issuer in kept and now - kept[ours.issuer][0] < DISCOVERY_FOR_S:
        return kept[ours.issuer][1]
    found = _get(f"{ours.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != ours.issuer:
        log.warning("oidc discovery names another issuer")
        raise Invalid(UNREACHABLE)
    kept[ours.issuer] = (now, found)
    return found


def _get(url: str) -> dict[str, Any]:
    import requests  # noqa: PLC0415 - needed only on the way to a provider

    db.session.close()  # Nothing is read while a server keeps us waiting.
    try:
        answer = requests.get(url, timeout=TIMEOUT_S, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as problem:
        log.warning("oidc provider unreachable", why=type(problem).__name__)
        raise Invalid(UNREACHABLE) from problem
    if not isinstance(found, dict):
        raise Invalid(UNREACHABLE)
    return found


def person(group: str, came: dict[str, str], went: Errand) -> Person:
    """Whom the provider confirmed, from what came back and the errand of this session. Raises Invalid."""
    ours = provider(group)
    metadata = _metadata(ours)
    fits = hmac.compare_digest(came.get("state", ""), went.state)
    if not fits or came.get("iss", ours.issuer) != ours.issuer or "code" not in came:
        log.info("oidc answer refused", error="error" in came)
        raise Invalid(REFUSED)
    tokens = _exchange(group, metadata, came["code"], went.verifier)
    claims = _claims(ours, metadata, str(tokens.get("id_token", "")), went.nonce)
    facts = {**_userinfo(metadata, tokens, str(claims["sub"])), **claims}
    verified = facts.get("email_verified") in (True, "true")
    email = rules.canonical_email(str(facts.get("email") or "")) if verified else None
    amr = claims.get("amr")
    return Person(
        issuer=ours.issuer,
        subject=str(claims["sub"]),
        email=email or "",
        name=" ".join(str(facts.get("name") or "").split())[: rules.NAME_MAX],
        several_factors=isinstance(amr, list) and "mfa" in amr,
    )


def _exchange(group: str, metadata: dict[str, Any], code: str, verifier: str) -> dict[str, Any]:
    import requests  # noqa: PLC0415 - needed only on the way to a provider
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 - the same

    db.session.close()
    try:
        with _client(group) as client:
            found = client.fetch_token(str(metadata["token_endpoint"]), code=code, code_verifier=verifier)
    except requests.RequestException as problem:
        raise Invalid(UNREACHABLE) from problem
    except (AuthlibBaseError, ValueError) as problem:
        log.info("oidc code refused", why=type(problem).__name__)
        raise Invalid(REFUSED) from problem
    return dict(found)


def _claims(ours: OidcProvider, metadata: dict[str, Any], id_token: str, nonce: str) -> dict[str, Any]:
    """What the signed token says, once signature, issuer, audience, time and nonce are right."""
    from joserfc import jwt  # noqa: PLC0415 - needed only on the way back from a provider
    from joserfc.errors import JoseError  # noqa: PLC0415 - the same
    from joserfc.jwk import KeySet  # noqa: PLC0415 - the same

    keys = _get(str(metadata["jwks_uri"]))
    try:
        token = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        jwt.JWTClaimsRegistry(
            now=lambda: int(clock.now().timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": ours.issuer},
            aud={"essential": True, "value": ours.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(token.claims)
    except (JoseError, ValueError, KeyError, TypeError) as problem:
        log.warning("oidc token refused", why=type(problem).__name__)
        raise Invalid(REFUSED) from problem
    claims = dict(token.claims)
    # A token for several parties names the one it was made for.
    if claims.get("azp", ours.client_id) != ours.client_id:
        raise Invalid(REFUSED)
    return claims


def _userinfo(metadata: dict[str, Any], tokens: dict[str, Any], subject: str) -> dict[str, Any]:
    """What the provider tells besides the token; nothing when it tells of somebody else, or not at all."""
    import requests  # noqa: PLC0415 - needed only on the way back from a provider

    endpoint = metadata.get("userinfo_endpoint")
    if not endpoint:
        return {}
    try:
        answer = requests.get(
            str(endpoint),
            headers={"Authorization": f"Bearer {tokens.get('access_token', '')}"},
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("sub") == subject else {}


def end_address(group: str) -> str:
    """Where one signs out at the provider as well; empty when it offers none or cannot be asked."""
    settings: Settings = current_app.extensions["portal.settings"]
    try:
        ours = provider(group)
        endpoint = _metadata(ours).get("end_session_endpoint")
    except (Invalid, Missing):
        return ""
    after = {"client_id": ours.client_id, "post_logout_redirect_uri": f"{settings.base_url}/"}
    return f"{endpoint}?{urlencode(after)}" if endpoint else ""


# Whose account it is -----------------------------------------------------------------------------------------


def _subject(found: Person) -> str:
    return pseudonym("oidc", found.issuer, found.subject)


def _known(found: Person) -> User | None:
    """The open account this identity is tied to."""
    row = db.session.scalar(
        select(Identity).where(Identity.issuer == found.issuer, Identity.subject_hash == _subject(found))
    )
    if row is None:
        return None
    row.last_used_at = clock.now()
    user = db.session.scalar(select(User).where(User.id == row.user_id))
    if user is None or user.disabled_at is not None:
        raise Invalid(REFUSED)
    return user


def _tie(user: User, found: Person) -> None:
    now = clock.now()
    db.session.add(
        Identity(
            user_id=user.id,
            issuer=found.issuer,
            subject_hash=_subject(found),
            created_at=now,
            last_used_at=now,
        )
    )
    messages.account_changed(messages.recipient_of(user), "identity")


@use_case("account.enter", code="account.identity_proved")
def staff_member(_actor: Actor, found: Person) -> int:
    """The member of a team whom this identity is, tied at the first time by the verified address. Raises Invalid."""
    user = _known(found)
    if user is None:
        user = queries.by_email(found.email) if found.email else None
        if user is None or user.disabled_at is not None or user.password_hash is None:
            raise Invalid(NO_STAFF)
        if not queries.is_staff(user.id):
            raise Invalid(NO_STAFF)
        _tie(user, found)
    elif not queries.is_staff(user.id) or user.password_hash is None:
        raise Invalid(NO_STAFF)
    if found.several_factors:
        user.last_sign_in_at = clock.now()
    audit.note(f"user:{user.id}", by="identity provider", several_factors=found.several_factors)
    return user.id


@use_case("account.enter", code="account.signed_in")
def resident(_actor: Actor, found: Person, locale: str) -> int:
    """The resident whom this identity is; a new account for a verified address nobody has. Raises Invalid."""
    user = _known(found)
    if user is None:
        if not found.email:
            raise Invalid(UNVERIFIED)
        if queries.by_email(found.email) is not None:
            raise Invalid(TAKEN)
        user = new_user(found.email, locale, found.name)
        db.session.add(user)
        db.session.flush()  # The identity points to it.
        _tie(user, found)
    elif queries.is_staff(user.id):
        raise Invalid(
            _l("Members of a team sign in with their password, or with the service of their office.")
        )
    user.last_sign_in_at = clock.now()
    audit.note(f"user:{user.id}", by="identity provider")
    return user.id


@use_case("account.secure", code="account.identity_connected", load=queries.account)
def connect(_actor: Actor, user: User, found: Person) -> None:
    """Tie an identity to one's own account. Raises Invalid when it is another account's."""
    known = _known(found)
    if known is not None and known.id != user.id:
        raise Invalid(_l("This identity belongs to another account."))
    if known is None:
        _tie(user, found)
    audit.note(f"user:{user.id}")


@use_case("account.secure", code="account.identity_removed", load=queries.account)
def disconnect(_actor: Actor, user: User, group: str) -> None:
    """Let the provider's identities open one's account no more."""
    for row in of(user.id, group):
        db.session.delete(row)
    audit.note(f"user:{user.id}")


def of(user_id: int, group: str) -> list[Identity]:
    """The identities of a provider that are tied to an account."""
    issuer = provider(group).issuer
    return list(
        db.session.scalars(select(Identity).where(Identity.user_id == user_id, Identity.issuer == issuer))
    )
