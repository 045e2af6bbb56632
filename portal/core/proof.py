"""Proof of work against robots (R45): the browser searches a number, which costs a crowd of requests and no person.

Bound to the key of one form at one address, whose repeated posts are carried out once (R59), so a proof is spent with
its form and nothing has to be remembered. Who has no script, or whose device was too slow, waits a little instead:
a pause is as long as anybody needs to read what it is for, and longer where one network asks for many.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from portal.core import clock, throttle
from portal.core.throttle import Limit
from portal.core.tokens import signer

FRESH = 4 * 3600
"""Seconds after which a challenge is given anew: nobody computes in advance for a day."""
PAUSES = Limit("proof-pause", 10, 3600)
"""So many pauses an hour a network gets at the usual length; a library or a family has room in it."""
LONGER = 6
"""How many times longer the pause is above that."""
_MOST_DIGITS = 12


@dataclass(slots=True)
class _Asked:
    bits: int = 16
    pause: int = 10


_asked = _Asked()


def ask(bits: int, pause: int) -> None:
    """Set how many leading zero bits a proof has, none for no proof at all, and how many seconds a pause lasts."""
    _asked.bits, _asked.pause = bits, pause


def is_asked() -> bool:
    """Whether visitors prove their work: not with zero bits, nor while all throttles are lifted."""
    return _asked.bits > 0 and not throttle.is_relaxed()


def bits() -> int:
    """How many leading zero bits a new challenge asks for."""
    return _asked.bits


def challenge(form_key: str, place: str) -> str:
    """A signed challenge for one form at one place; it says when it was made."""
    return signer.sign("proof", [form_key, place, _asked.bits])


def is_fresh(token: str, form_key: str, place: str) -> bool:
    """Whether a challenge is ours, for this form, and not too old."""
    return _opened(token, form_key, place) is not None


def is_solved(token: str, solution: str, form_key: str, place: str) -> bool:
    """Whether a number solves a challenge that is ours, for this form, and not too old."""
    wanted = _opened(token, form_key, place)
    if wanted is None or not (solution.isascii() and solution.isdigit() and len(solution) <= _MOST_DIGITS):
        return False
    return leading_zeros(sha256(f"{token}.{solution}".encode()).digest()) >= wanted


def _opened(token: str, form_key: str, place: str) -> int | None:
    found: Any = signer.open("proof", token, FRESH) if token else None
    if not isinstance(found, list) or found[:2] != [form_key, place]:
        return None
    return int(found[2])


def leading_zeros(digest: bytes) -> int:
    """How many bits are zero before the first that is not."""
    return len(digest) * 8 - int.from_bytes(digest, "big").bit_length()


def begin_pause(form_key: str, place: str, network: str) -> str:
    """A signed pause for one form, from now on; longer where this network asked for many lately."""
    crowded = throttle.hits(PAUSES, network) >= PAUSES.hits
    until = int(clock.now().timestamp()) + _asked.pause * (LONGER if crowded else 1)
    return signer.sign("proof-pause", [form_key, place, until])


def pause_left(token: str, form_key: str, place: str) -> int | None:
    """How many seconds of a pause are left, zero when it is over; None for what is no pause of this form."""
    found: Any = signer.open("proof-pause", token, FRESH) if token else None
    if not isinstance(found, list) or found[:2] != [form_key, place]:
        return None
    return max(0, int(found[2]) - int(clock.now().timestamp()))


def end_pause(network: str) -> None:
    """Count a pause that was used in place of a proof."""
    throttle.tally(PAUSES, network)
