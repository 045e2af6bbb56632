"""Things filed without an account become an account's. The modules know which (`Claims` of the registry)."""

from collections.abc import Iterable

from portal.accounts import queries
from portal.core import throttle
from portal.core.actor import Actor
from portal.core.errors import Missing
from portal.core.registry import Claimable, Claims, registry
from portal.core.throttle import CODE_CASE, CODE_NETWORK
from portal.core.tokens import canonical_number


def _claims() -> list[Claims]:
    return [claims for module in registry.modules for claims in module.claims]


def offered(user_id: int) -> list[tuple[str, Claimable]]:
    """What was filed with the confirmed address of an account: key of the kind and the thing."""
    email = queries.account(user_id).email
    return [(claims.key, found) for claims in _claims() for found in claims.by_email(email)] if email else []


def by_code(actor: Actor, number: str, code: str, network: str) -> Claimable:
    """Take over what number and code open, counted with those who open a case so.

    Raises Missing, the same for every mistake; Invalid for what is another account's; TooMany.
    """
    throttle.hit(CODE_NETWORK, network)
    throttle.hit(CODE_CASE, canonical_number(number) or number)
    refusal: Missing | None = None
    for claims in _claims():
        try:
            return claims.take_by_code(actor, number, code)
        except Missing as problem:
            refusal = problem
    raise refusal or Missing


def take(actor: Actor, user_id: int, chosen: Iterable[str]) -> int:
    """Take over some of what is offered, by `kind:number of the row`; how many. What is not offered is left out."""
    wanted = set(chosen)
    email = queries.account(user_id).email or ""
    known = {claims.key: claims for claims in _claims()}
    count = 0
    for key, found in offered(user_id):
        if f"{key}:{found.id}" in wanted:
            known[key].take_by_email(actor, email, found.id)
            count += 1
    return count
