"""THE state door: the only place that assigns `.state` (a house test sees to it)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar, Protocol

from portal.content.models import StateChange
from portal.core import clock, events
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import need
from portal.core.workflow import Lane, Move, Note, Workflow

UNDO = "undo"
"""The verb of a step that takes another one back."""


_template: ContextVar[tuple[tuple[str, int], str, str]] = ContextVar("template", default=(("", 0), "", ""))


@contextmanager
def worded_from(about: tuple[str, int], template: str, language: str = "") -> Iterator[None]:
    """Note in the steps of this thing (kind, id) taken meanwhile that their words began with this reply template, and in which language.

    An empty name notes none.
    """
    token = _template.set((about, template, language if template else ""))
    try:
        yield
    finally:
        _template.reset(token)


class Movable(Protocol):
    """What a thing must offer to be moved."""

    KIND: ClassVar[str]
    WORKFLOW: ClassVar[Workflow]
    id: int
    municipality_id: int
    state: str
    version: int


def begin(thing: Movable) -> None:
    """Put a new thing into its workflow's first state; leaves no step of history."""
    thing.state = thing.WORKFLOW.initial


AUTHOR = "author"
"""`who` of steps that a resident takes: they are kept without their account."""
SYSTEM = "system"
"""`who` of steps that follow by themselves."""


def place(thing: Movable, state: str) -> None:
    """Put an imported or planted thing into a state without a move; its history is written beside."""
    thing.WORKFLOW.state(state)
    thing.state = state


def run(
    actor: Actor,
    thing: Movable,
    verb: str,
    *,
    target: str | None = None,
    note: str = "",
    internal_note: str = "",
    who: str = "",
) -> StateChange:
    """Carry a move out: permission, guards, state, history, event. Called inside a use case.

    `target` is needed where the table offers several. Raises Conflict when the thing is no longer in a
    state the move starts from, Invalid when words are missing or a guard refuses, NotAllowed.
    """
    move = thing.WORKFLOW.move(verb)
    if thing.state not in move.sources:
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    need(actor, move.permission, thing)
    chosen = _target(move, target)
    if move.note is Note.REQUIRED and not note.strip():
        raise Invalid(_l("Give a reason."), {"note": _l("Write the reason; it is kept in the history.")})
    for guard in move.guards:
        refusal = guard(thing)
        if refusal:
            raise Invalid(refusal)
    step = record(
        actor, thing, verb, to_state=chosen, lane=move.lane, note=note, internal_note=internal_note, who=who
    )
    thing.state = chosen
    thing.version += 1
    events.tell(f"{thing.KIND}.moved", thing, step=step)
    public = any(thing.WORKFLOW.state(key).public for key in (step.from_state, step.to_state))
    events.tell("content.changed", thing, public=public)
    return step


def put_back(
    actor: Actor, thing: Movable, state: str, *, lane: Lane = Lane.PUBLIC, note: str = "", who: str = ""
) -> StateChange:
    """Put a thing back into the state that a move led it out of, as a step of its history; no row of the table.

    For acts that can be taken back as a whole before anybody was told. The caller's use case has asked the
    permission and knows that nothing happened since. Tells the fact that a move tells.
    """
    return put(actor, thing, UNDO, state, lane=lane, note=note, who=who)


def put(
    actor: Actor,
    thing: Movable,
    verb: str,
    state: str,
    *,
    lane: Lane = Lane.PUBLIC,
    note: str = "",
    internal_note: str = "",
    who: str = "",
    language: str = "",
) -> StateChange:
    """Put a thing into a state as a step that no table of moves offers anybody: what follows from another thing.

    Such as from a case of another municipality, where the permission was asked. `language` is that of the words.
    Tells the fact that a move tells.
    """
    thing.WORKFLOW.state(state)
    step = record(
        actor,
        thing,
        verb,
        to_state=state,
        lane=lane,
        note=note,
        internal_note=internal_note,
        who=who,
        spoken=language,
    )
    thing.state = state
    thing.version += 1
    events.tell(f"{thing.KIND}.moved", thing, step=step)
    events.tell("content.changed", thing)
    return step


def record(
    actor: Actor,
    thing: Movable,
    verb: str,
    *,
    to_state: str | None = None,
    lane: Lane = Lane.INTERNAL,
    note: str = "",
    internal_note: str = "",
    who: str = "",
    spoken: str = "",
) -> StateChange:
    """Write a step of the history; without `to_state` the thing stays where it is (a note, an extension).

    `spoken`: the language of words that came from another office. What the public reads of it is told as `<kind>.noted`.
    """
    # What the portal notes beside, such as a passed deadline, and what follows for another thing, has no such words.
    about, template, language = _template.get()
    if not note.strip() or who == SYSTEM or about != (thing.KIND, thing.id):
        template = language = ""
    step = StateChange(
        municipality_id=thing.municipality_id,
        kind=thing.KIND,
        object_id=thing.id,
        at=clock.now(),
        verb=verb,
        from_state=thing.state,
        to_state=to_state or thing.state,
        lane=lane,
        # The history never changes, so an erasure could not take a private person out of it.
        user_id=None if who == AUTHOR else actor.user_id,
        who=who,
        note=note.strip(),
        internal_note=internal_note.strip(),
        template=template,
        language=language or spoken,
    )
    db.session.add(step)
    if lane is Lane.PUBLIC and to_state is None:
        events.tell(f"{thing.KIND}.noted", thing, step=step)
    return step


def _target(move: Move, target: str | None) -> str:
    if target is None and len(move.targets) == 1:
        return move.targets[0]
    if target not in move.targets:
        raise Invalid(_l("Choose one of the possible results."))
    return target
