"""Workflow tables: states, moves, guards, and a self-check at start. Pure.

A module writes its table in `states.py`; only `content/move.py` carries a move out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from portal.core.i18n import Text


class Note(StrEnum):
    """Whether a move asks for words."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Lane(StrEnum):
    """Who sees a step of the history."""

    PUBLIC = "public"
    AUTHOR = "author"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class State:
    """A state: `phase` groups it for filters and pins, `public` says whether everybody sees the case.

    `help` is what the reader is told it means, `next_actor` who acts next. `closes` names permissions
    nobody has while the case is in it: a state may only narrow. `mark` is the phase whose colour and icon it
    borrows where its own would mislead.
    """

    key: str
    label: Text
    phase: str
    help: Text
    next_actor: Text = ""
    public: bool = True
    closes: frozenset[str] = frozenset()
    mark: str = ""

    @property
    def look(self) -> str:
        """The phase by whose colour and icon it is shown."""
        return self.mark or self.phase


Check = Callable[[Any], Text | None]


@dataclass(frozen=True, slots=True)
class Move:
    """A move from one of `sources` to `target` (none: chosen among `targets` when it is made)."""

    verb: str
    label: Text
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    permission: str
    guards: tuple[Check, ...] = ()
    note: Note = Note.OPTIONAL
    lane: Lane = Lane.PUBLIC
    notice: str | None = None
    help: Text = ""


@dataclass(frozen=True, slots=True)
class Workflow:
    """The table of one content type. `check()` runs at start."""

    key: str
    initial: str
    states: tuple[State, ...]
    moves: tuple[Move, ...]
    _by_key: dict[str, State] = field(default_factory=dict, compare=False)
    _by_verb: dict[str, Move] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self._by_key.update((state.key, state) for state in self.states)
        self._by_verb.update((move.verb, move) for move in self.moves)

    def state(self, key: str) -> State:
        """The state with this key. Raises KeyError."""
        return self._by_key[key]

    def move(self, verb: str) -> Move:
        """The move with this verb. Raises KeyError."""
        return self._by_verb[verb]

    def moves_from(self, key: str) -> tuple[Move, ...]:
        """Moves that start in this state, in the table's order."""
        return tuple(move for move in self.moves if key in move.sources)

    def keys(self, *phases: str) -> tuple[str, ...]:
        """State keys of these phases; of all without any."""
        return tuple(s.key for s in self.states if not phases or s.phase in phases)

    def public_keys(self) -> tuple[str, ...]:
        """Keys of the states everybody may see."""
        return tuple(s.key for s in self.states if s.public)

    def problems(self, permissions: Iterable[str]) -> list[str]:
        """What is wrong with the table; empty when sound."""
        known, found = set(permissions), []
        if len(self._by_key) != len(self.states):
            found.append("a state key stands twice")
        if len(self._by_verb) != len(self.moves):
            found.append("a verb stands twice")
        for move in self.moves:
            found += [
                f"move {move.verb} names unknown state {key}"
                for key in (*move.sources, *move.targets)
                if key not in self._by_key
            ]
            if move.permission not in known:
                found.append(f"move {move.verb} asks unknown permission {move.permission}")
        found += [f"state {key} is never reached" for key in self._unreachable()]
        return [f"{self.key}: {text}" for text in found]

    def _unreachable(self) -> list[str]:
        reached, todo = {self.initial}, [self.initial]
        while todo:
            here = todo.pop()
            for move in self.moves_from(here):
                fresh = set(move.targets) - reached
                reached |= fresh
                todo += fresh
        return [state.key for state in self.states if state.key not in reached]
