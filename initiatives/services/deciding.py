"""Decisions and answers to appeals."""

from datetime import date

from initiatives import queries, rules
from initiatives.models import (
    Decision,
    Initiative,
)
from portal.content import move
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.usecase import use_case


@use_case("initiative.decide", code="initiative.decided", load=queries.case)
def decide(
    actor: Actor,
    case: Initiative,
    verdict: str,
    reasons: str,
    left_out: str = "",
    returns_on: date | None = None,
) -> None:
    """Decide with reasons; published at once, author and followers are told."""
    need_verdict_words(case, verdict, left_out, returns_on)
    case.returns_on = returns_on if verdict == "deferred" else None
    case.decided_by_user_id = actor.user_id
    # Before the move, whose messages say what is left out.
    _add_decision(actor, case, verdict, reasons, left_out, on_appeal=False)
    move.run(actor, case, "decide", target=verdict, note=reasons, who="decision_maker")


@use_case("initiative.decide_appeal", code="initiative.appeal_decided", load=queries.case)
def decide_appeal(
    actor: Actor,
    case: Initiative,
    verdict: str,
    reasons: str,
    left_out: str = "",
    returns_on: date | None = None,
) -> None:
    """Answer an appeal: `refused` upholds for good, anything else reverses."""
    if verdict != "refused":
        need_verdict_words(case, verdict, left_out, returns_on)
        case.returns_on = returns_on if verdict == "deferred" else None
    _add_decision(actor, case, verdict, reasons, left_out, on_appeal=True)
    if verdict == "refused":
        move.run(actor, case, "uphold", note=reasons, who="other_decision_maker")
        case.appeal_until = None
    else:
        move.run(actor, case, "reverse", target=verdict, note=reasons, who="other_decision_maker")


def need_verdict_words(case: Initiative, verdict: str, left_out: str, returns_on: date | None) -> None:
    """Raise Invalid for what a verdict has to say besides its reasons."""
    has_day = returns_on is not None and returns_on > case.local_today
    for name, text in rules.verdict_lacks(verdict, left_out, has_day).items():
        raise Invalid(text, {name: text})


def _add_decision(
    actor: Actor, case: Initiative, verdict: str, reasons: str, left_out: str, *, on_appeal: bool
) -> None:
    db.session.add(
        Decision(
            municipality_id=case.municipality_id,
            initiative_id=case.id,
            at=clock.now(),
            user_id=actor.user_id,
            verdict=verdict,
            reasons=reasons.strip(),
            left_out=left_out.strip(),
            returns_on=case.returns_on,
            on_appeal=on_appeal,
        )
    )
