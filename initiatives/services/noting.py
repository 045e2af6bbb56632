"""Notes of the team: read by the office alone, and by colleagues who are told that they are named in one."""

from collections.abc import Collection

from sqlalchemy import update

from initiatives import messages, queries, rules
from initiatives.models import Initiative, Mention
from portal.content import move
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.i18n import Filled
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case
from portal.core.workflow import Lane


@use_case("initiative.note", code="initiative.noted", load=queries.case)
def add_note(actor: Actor, case: Initiative, text: str, key: str, people: Collection[int] = ()) -> None:
    """Write an internal note and tell the `people` ticked and those it names with `@`; a repeated post writes none.

    Only who may read the case is told. Whoever writes has read what the notes so far wanted of them.
    Raises Invalid for a name that is nobody's, or that of several.
    """
    if not text.strip():
        raise Invalid(_l("Write the note."), {"text": _l("Write the note.")})
    told = _meant(case, text, people, actor.user_id)

    def act() -> None:
        step = move.record(actor, case, "note", lane=Lane.INTERNAL, internal_note=text, who="team")
        db.session.flush()  # The mentions name it.
        db.session.add_all(
            Mention(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                step_id=step.id,
                user_id=user_id,
                by_user_id=actor.user_id,
                at=step.at,
            )
            for user_id in told
        )
        _close(case, actor.user_id)
        messages.mentioned(case, told, actor.name)

    once(f"initiative.note:{case.id}", key, act)


def _meant(case: Initiative, text: str, people: Collection[int], but: int | None) -> list[int]:
    known = dict(queries.to_mention(case, but))
    if not set(people) <= set(known):
        reason = _l("Choose colleagues who may read this case.")
        raise Invalid(reason, {"people": reason})
    found, nobody, several = rules.mentioned(text, known)
    # Somebody ticked answers the question which of several is meant.
    several = [name for name in several if not rules.mentioned(f"@{name}", _ticked(known, people))[0]]
    wrong = None
    if nobody:
        wrong = Filled(
            "No colleague who may read this case is called “%(name)s”. Tick the right one below, or write it without @.",
            {"name": nobody[0]},
        )
    elif several:
        wrong = Filled(
            "Several colleagues are called “%(name)s”. Write the whole name, or tick the right one below.",
            {"name": several[0]},
        )
    if wrong:
        raise Invalid(str(wrong), {"text": str(wrong)})
    return list(dict.fromkeys([*people, *found]))


def _ticked(known: dict[int, str], people: Collection[int]) -> dict[int, str]:
    return {user_id: name for user_id, name in known.items() if user_id in people}


@use_case("initiative.note", code="initiative.mention_read", load=queries.case)
def read_mentions(actor: Actor, case: Initiative) -> None:
    """Say that what a note wanted of one is read; harmless the second time."""
    _close(case, actor.user_id)


def _close(case: Initiative, user_id: int | None) -> None:
    mine = update(Mention).where(
        Mention.initiative_id == case.id, Mention.user_id == user_id, Mention.done_at.is_(None)
    )
    db.session.execute(mine.values(done_at=clock.now()).execution_options(synchronize_session=False))
