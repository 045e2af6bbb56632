"""Proof of work against robots (R45): the browser searches some numbers, which costs a crowd of requests and no person.

Bound to the key of one form at one address, whose repeated posts are carried out once (R59), so a proof is spent with
its form and nothing has to be remembered. Who has no script, or whose device was too slow, waits a little instead:
a pause is as long as anybody needs to read what it is for, and longer where one network has used many. What counts is
when a pause is used, not when it was begun: whoever begins thousands side by side gets no more of them through.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from portal.core import clock, throttle
from portal.core.errors import TooMany
from portal.core.throttle import Limit
from portal.core.tokens import signer

FRESH = 4 * 3600
"""Seconds after which a challenge is given anew: nobody computes in advance for a day."""
PAUSES = Limit("proof-pause", 10, 3600)
"""So many pauses an hour a network gets at the usual length; a library or a family has room in it."""
LONGER = 6
"""How many times longer the pause is above that."""
RUSH = Limit("proof-pause-rush", 5, 60)
"""Above that, so many pauses a minute are taken from one network, whenever they were begun; others wait for the next."""
PARTS_BITS = 4
PARTS = 2**PARTS_BITS
"""A proof is of many small parts: one large search takes five times the usual now and then, sixteen small ones hardly twice."""
_MOST_SIGNS = 12 * PARTS


@dataclass(slots=True)
class _Asked:
    bits: int = 14
    pause: int = 10


_asked = _Asked()


def ask(bits: int, pause: int) -> None:
    """Set how much work a proof is, as a power of two, none for no proof at all, and how many seconds a pause lasts."""
    _asked.bits, _asked.pause = bits, pause


def is_asked() -> bool:
    """Whether visitors prove their work: not with zero bits, nor while all throttles are lifted."""
    return _asked.bits > 0 and not throttle.is_relaxed()


def bits() -> int:
    """How much work a new challenge asks for, as a power of two."""
    return _asked.bits


def challenge(form_key: str, place: str) -> str:
    """A signed challenge for one form at one place; it says when it was made."""
    return signer.sign("proof", [form_key, place, _asked.bits])


def is_fresh(token: str, form_key: str, place: str) -> bool:
    """Whether a challenge is ours, for this form, and not too old."""
    return _opened(token, form_key, place) is not None


def is_solved(token: str, solution: str, form_key: str, place: str) -> bool:
    """Whether numbers, one a part, solve a challenge that is ours, for this form, and not too old."""
    wanted = _opened(token, form_key, place)
    if wanted is None or len(solution) > _MOST_SIGNS:
        return False
    numbers = solution.split(".")
    return len(numbers) == PARTS and all(
        solves(token, part, number, wanted) for part, number in enumerate(numbers)
    )


def solves(token: str, part: int, number: str, wanted: int) -> bool:
    """Whether a number solves one part; each has its share of the bits."""
    if not (number.isascii() and number.isdigit()):
        return False
    found = sha256(f"{token}.{part}.{number}".encode()).digest()
    return leading_zeros(found) >= wanted - PARTS_BITS


def _opened(token: str, form_key: str, place: str) -> int | None:
    found: Any = signer.open("proof", token, FRESH) if token else None
    if not isinstance(found, list) or found[:2] != [form_key, place]:
        return None
    return int(found[2])


def leading_zeros(digest: bytes) -> int:
    """How many bits are zero before the first that is not."""
    return len(digest) * 8 - int.from_bytes(digest, "big").bit_length()


def begin_pause(form_key: str, place: str) -> str:
    """A signed pause for one form, from now on."""
    return signer.sign("proof-pause", [form_key, place, int(clock.now().timestamp())])


def pause_left(token: str, form_key: str, place: str, network: str) -> int | None:
    """How many seconds of a pause are left, zero when it is over; None for what is no pause of this form.

    It lasts longer where this network has used many lately, also if it began before.
    """
    found: Any = signer.open("proof-pause", token, FRESH) if token else None
    if not isinstance(found, list) or found[:2] != [form_key, place]:
        return None
    crowded = throttle.hits(PAUSES, network) >= PAUSES.hits
    until = int(found[2]) + _asked.pause * (LONGER if crowded else 1)
    return max(0, until - int(clock.now().timestamp()))


def use_pause(network: str) -> int:
    """Count a pause that is used in place of a proof; zero, or in how many seconds it can be, where many are used at once."""
    if throttle.tally(PAUSES, network) <= PAUSES.hits:
        return 0
    try:
        throttle.hit(RUSH, network)
    except TooMany as many:
        throttle.give_back(PAUSES, network)
        return many.retry_after
    return 0
