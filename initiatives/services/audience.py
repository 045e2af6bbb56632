"""Who may read a case: handled without publication where its author wants so, opened when the author asks for it.

What was never checked for the public is not opened by its author alone: a moderator reads it once more. What is
public once stays so; it can be withdrawn.
"""

from initiatives import messages, queries
from initiatives.models import Audience, Initiative
from initiatives.services import figures, supporting
from initiatives.services.author import speaker
from initiatives.services.settling import forget_in_counts, remember_in_counts
from portal.content import move
from portal.core import audit, clock, events
from portal.core.actor import Actor
from portal.core.errors import Conflict
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case
from portal.core.workflow import Lane


@use_case("initiative.own", code="initiative.audience_chosen", load=queries.case)
def choose_audience(actor: Actor, case: Initiative, *, withheld: bool) -> None:
    """The author wants it handled without publication, or published after all; once checked, that is a wish.

    Raises Conflict when it is public already.
    """
    if withheld and case.is_public:
        raise Conflict(_l("It is public already. You can withdraw it instead."))
    unchecked = case.present.phase in ("draft", "hidden")
    wanted = Audience.TEAM if withheld else Audience.EVERYBODY if unchecked else Audience.ASKED
    if case.is_public or case.audience is wanted:
        return
    audit.note(f"initiative:{case.id}", audience=wanted.value)
    turn(case, wanted)
    move.record(
        actor, case, "withheld" if withheld else "asked_public", lane=Lane.AUTHOR, who=speaker(actor, case)
    )
    if wanted is Audience.ASKED:
        messages.to_staff(case, ("reviewer", "leader"), "initiative.asked_public", {})


@use_case("initiative.moderate", code="initiative.opened", load=queries.case)
def publish_withheld(actor: Actor, case: Initiative, note: str) -> None:
    """Open a case to the public as its author asked. Raises Conflict when nobody asks for it any more."""
    if case.audience is not Audience.ASKED:
        raise Conflict(_l("The author does not ask for it any more. Look at the case again."))
    audit.note(f"initiative:{case.id}")
    turn(case, Audience.EVERYBODY)
    move.record(actor, case, "open", lane=Lane.PUBLIC, note=note, who="reviewer")
    messages.to_author(case, "initiative.published", note=note)


def turn(case: Initiative, audience: Audience) -> None:
    """Give a case another audience: list, counters, figures and search follow."""
    forget_in_counts(case)
    with figures.shown_or_withheld(case):
        case.audience = audience
    is_listed = case.present.public and not case.withheld and case.state != "withdrawn"
    case.listed_at = clock.now() if is_listed else None
    if is_listed:
        supporting.opened(case)
    case.updated_at = clock.now()
    case.version += 1
    remember_in_counts(case)
    events.tell("content.changed", case, public=case.is_public)
