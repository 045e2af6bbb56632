"""Publishing: the moves of the workflow, at once or by the clock, and what follows from them.

What becomes public is the version somebody looked at: its number comes with the form. A schedule pins that version
too, so that what is written afterwards does not slip out at night.
"""

from datetime import datetime

from portal.articles import messages, queries, rules
from portal.articles.models import Article, ArticleText
from portal.content import move
from portal.core import audit, clock, events, jobs
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import can
from portal.core.usecase import use_case

CLOCK = "clock"
"""Who made a move that came by itself."""


@use_case("page.edit", code="article.submitted", load=queries.article)
def submit(actor: Actor, thing: Article, note: str = "") -> None:
    """Ask an editor to publish it. Raises Invalid while something is missing."""
    title = _examined(thing)
    move.run(actor, thing, "submit", note=note, who=who_of(actor))
    audit.note(f"{thing.KIND}:{thing.id}")
    messages.pending(actor, thing, title)


@use_case("page.edit", code="article.taken_back", load=queries.article)
def take_back(actor: Actor, thing: Article) -> None:
    """Write on after all."""
    move.run(actor, thing, "take-back", who=who_of(actor))
    audit.note(f"{thing.KIND}:{thing.id}")


@use_case("page.publish", code="article.sent_back", load=queries.article)
def send_back(actor: Actor, thing: Article, note: str) -> None:
    """Give it back to its author with a reason."""
    title = _examined(thing)
    move.run(actor, thing, "send-back", note=note, who=who_of(actor))
    audit.note(f"{thing.KIND}:{thing.id}")
    messages.returned(actor, thing, title, note)


@use_case("page.publish", code="article.published", load=queries.article)
def publish(
    actor: Actor, thing: Article, number: int, *, minor: bool = False, until: datetime | None = None
) -> None:
    """Show version `number` of the original to everybody, for the first time or in place of an older one.

    `minor` leaves the translations up to date. Raises Conflict when that is not the newest version, Invalid.
    """
    title = _examined(thing)
    _need_plan(None, until)
    own = _pinned(thing, number)
    _show(own, minor=minor)
    _end_at(thing, until)
    thing.publish_at = None
    if thing.is_public:
        if thing.lacking:
            raise Invalid(thing.lacking[0].text)
        thing.version += 1
        move.record(actor, thing, "publish", who=who_of(actor))
        events.tell("content.changed", thing)
    else:
        thing.published_at = thing.published_at or clock.now()
        move.run(actor, thing, "publish", who=who_of(actor))
    audit.note(f"{thing.KIND}:{thing.id}", number=number)
    messages.published(actor, thing, title)


@use_case("page.publish", code="article.scheduled", load=queries.article)
def schedule(
    actor: Actor, thing: Article, number: int, start: datetime, until: datetime | None = None
) -> None:
    """Let version `number` become public by itself at `start`. Raises Conflict, Invalid."""
    _examined(thing)
    _need_plan(start, until)
    own = _pinned(thing, number)
    _show(own, minor=False)
    thing.publish_at = start
    move.run(actor, thing, "schedule", who=who_of(actor))
    _plan("article.publish", thing, start)
    _end_at(thing, until)
    audit.note(f"{thing.KIND}:{thing.id}", number=number)


@use_case("page.publish", code="article.unscheduled", load=queries.article)
def unschedule(actor: Actor, thing: Article) -> None:
    """It will not become public by itself after all."""
    move.run(actor, thing, "unschedule", who=who_of(actor))
    thing.publish_at = thing.expire_at = None
    audit.note(f"{thing.KIND}:{thing.id}")


@use_case("page.publish", code="article.withdrawn", load=queries.article)
def withdraw(actor: Actor, thing: Article, note: str = "") -> None:
    """Nobody outside the office reads it any more."""
    move.run(actor, thing, "withdraw", note=note, who=who_of(actor))
    thing.expire_at = None
    audit.note(f"{thing.KIND}:{thing.id}")


@use_case("page.publish", code="article.published", load=queries.article)
def publish_due(actor: Actor, thing: Article, at: datetime) -> None:
    """The planned moment came; nothing happens when the plan was changed or dropped meanwhile."""
    if thing.state != "scheduled" or thing.publish_at != at:
        return
    own = queries.tongue(thing.id, thing.language)
    assert own is not None  # noqa: S101 - no article without its own language
    thing.examine(queries.version(thing.id, thing.language, own.public or own.latest).content)
    thing.publish_at = None
    thing.published_at = thing.published_at or at
    move.run(actor, thing, "publish", who=CLOCK)
    audit.note(f"{thing.KIND}:{thing.id}")


@use_case("page.publish", code="article.withdrawn", load=queries.article)
def expire_due(actor: Actor, thing: Article, at: datetime) -> None:
    """The end came; nothing happens when it was moved or the article is not public."""
    if not thing.is_public or thing.expire_at != at:
        return
    move.run(actor, thing, "withdraw", who=CLOCK)
    thing.expire_at = None
    audit.note(f"{thing.KIND}:{thing.id}")


def who_of(actor: Actor) -> str:
    """Who acts, as histories name it: a role, never a person."""
    if actor.is_system:
        return CLOCK
    return "editor" if can(actor, "page.publish") else "author"


def _examined(thing: Article) -> str:
    """Look at the original for the guards; its title."""
    content = queries.original(thing).content
    thing.examine(content)
    return content.title


def _pinned(thing: Article, number: int) -> ArticleText:
    """The original's row, when `number` is its newest version."""
    own = queries.tongue(thing.id, thing.language)
    if own is None or own.latest != number:
        raise Conflict(_l("Somebody saved a newer version meanwhile. Look at it before you publish it."))
    return own


def _show(own: ArticleText, *, minor: bool) -> None:
    """Make the newest version the one everybody gets; translations must follow it unless it is `minor`."""
    before = own.public
    own.public = own.latest
    # What was a small correction stays one: the translations still follow the version that counted before.
    if own.latest != before and not (minor and own.due):
        own.due = own.latest
    db.session.flush()  # The search reads what is public now.


def _need_plan(start: datetime | None, until: datetime | None) -> None:
    wrong = rules.plan_problems(clock.now(), start, until)
    if wrong:
        raise Invalid("", wrong)


def _end_at(thing: Article, until: datetime | None) -> None:
    thing.expire_at = until
    if until is not None:
        _plan("article.expire", thing, until)


def _plan(kind: str, thing: Article, at: datetime) -> None:
    jobs.enqueue(
        kind,
        {"article": thing.id, "at": at.isoformat()},
        due_at=at,
        # The same moment chosen again after a change of mind needs a row of its own: the old one may be done.
        dedupe=f"{kind}:{thing.id}:{at.isoformat()}:{thing.version}",
    )
