"""Who acts: a frozen record built once per request, job or command, and handed to every service first."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum

PORTAL = 0
"""Key of the roles held for the whole installation."""


class Channel(StrEnum):
    """How an act reached us."""

    WEB = "web"
    PHONE = "phone"
    PAPER = "paper"
    MEETING = "meeting"
    EMAIL = "email"
    MOBILE = "mobile"
    API = "api"
    JOB = "job"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that acts.

    `roles` maps municipality id (PORTAL for the installation) → role keys. `cases` holds the cases a
    secret code has opened in this session, as (kind, id). `fresh` says that the person proved who they
    are within the last ten minutes. `on_behalf` describes the caller an operator acts for. `key_id` is the
    API key that acts instead of a person, `scopes` the only permissions it was given (None: no such limit).
    `shortcuts` says that the person wants keys of the desk to do something.
    `lent` maps municipality id → the one role that a portal operator was lent there for a while.
    """

    user_id: int | None = None
    name: str = ""
    municipality_id: int | None = None
    roles: Mapping[int, frozenset[str]] = field(default_factory=dict)
    channel: Channel = Channel.WEB
    on_behalf: bool = False
    cases: frozenset[tuple[str, int]] = frozenset()
    fresh: bool = False
    lent: Mapping[int, str] = field(default_factory=dict)
    locale: str = "pl"
    key_id: int | None = None
    scopes: frozenset[str] | None = None
    shortcuts: bool = True

    @property
    def signed_in(self) -> bool:
        """Whether this is a known person."""
        return self.user_id is not None

    def roles_in(self, municipality_id: int | None) -> frozenset[str]:
        """Roles held in one municipality, visitor and resident included."""
        own: set[str] = {"visitor"}
        if self.user_id is not None:
            own.add("resident")
        if municipality_id is not None:
            own |= self.roles.get(municipality_id, frozenset())
            if municipality_id in self.lent:
                own.add(self.lent[municipality_id])
        own |= self.roles.get(PORTAL, frozenset())
        return frozenset(own)

    @property
    def is_staff(self) -> bool:
        """Whether any municipality gave this person a role."""
        return any(self.roles.values())  # Whoever is lent a role is a portal operator anyway.

    @property
    def is_system(self) -> bool:
        """Whether a job or a command acts, not a person."""
        return self.channel in (Channel.JOB, Channel.COMMAND)


NOBODY = Actor()
COMMANDER = Actor(name="command line", channel=Channel.COMMAND)
"""Who acts in a command of the command line."""
_current: ContextVar[Actor] = ContextVar("actor", default=NOBODY)


def current() -> Actor:
    """Who acts right now."""
    return _current.get()


def become(actor: Actor) -> None:
    """Set the actor of this request; its end sets NOBODY."""
    _current.set(actor)


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """Act as somebody for a while: jobs, commands, tests."""
    token = _current.set(actor)
    try:
        yield actor
    finally:
        _current.reset(token)
