"""Facts in the past tense, delivered inside the transaction that made them.

`search` hears that a text changed, the page cache that a public page did; neither module knows who told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Listener = Callable[["Fact"], None]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to a thing: `noun.verbed`."""

    code: str
    thing: Any
    values: dict[str, Any]


_listeners: dict[str, list[Listener]] = {}


def listen(code: str, listener: Listener) -> None:
    """Call `listener` for every fact of this code; `*` hears all. Twice the same counts once."""
    known = _listeners.setdefault(code, [])
    if listener not in known:
        known.append(listener)


def tell(code: str, thing: Any, **values: Any) -> None:
    """Deliver a fact now; an error of a listener undoes the transaction."""
    fact = Fact(code, thing, values)
    for listener in (*_listeners.get(code, ()), *_listeners.get("*", ())):
        listener(fact)
