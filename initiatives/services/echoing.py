"""Did it help? Four weeks after the work its author and everybody who supports or follows it are asked, once each.

A link needs no account. The author's no is a dispute, which the owner answers within working days; most of the
others saying no goes to the leaders.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from sqlalchemy import select

from initiatives import messages, queries, rules
from initiatives.models import Asked, Echo, Helped, Initiative, Support
from portal.accounts.messages import recipients
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.core import audit, clock, events, jobs, tenancy, tokens
from portal.core.actor import Actor
from portal.core.calendar import to_utc
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import lazy_gettext as _l
from portal.core.tokens import pseudonym
from portal.core.usecase import use_case
from portal.core.workflow import Lane
from portal.notify.outbox import Recipient

AT_ONCE = 100
"""People asked in one transaction: others wait for the writer's turn meanwhile."""
ASK_HOUR = time(9)
ASKED_IN = ("done", "partly_done", "confirmed", "disputed")
"""States of work that came to its end: somebody may still say that it did not help when others disagree."""
JUDGED_IN = ("done", "partly_done")
MOVE_OF = {Helped.YES: "confirm", Helped.NO: "dispute"}
"""What an author's answer does to the case; "partly" leaves it where it is."""
OVER = _l("The work goes on again. You will be asked anew when it is done.")
ANSWERED = _l("You have answered already. Thank you.")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to ask. `person` is the pseudonym by which everybody is asked once."""

    person: str
    asked_as: Asked
    user_id: int | None
    recipient: Recipient


def plan_question(case: Initiative) -> None:
    """The work is done: another round of the question, due in four weeks."""
    case.echo_round += 1
    town = tenancy.town_by_id(case.municipality_id)
    jobs.enqueue(
        "initiative.ask",
        {"initiative": case.id, "round": case.echo_round},
        due_at=to_utc(datetime.combine(rules.ask_day(case.local_today), ASK_HOUR), town.zone),
        dedupe=f"initiative.ask:{case.id}:{case.echo_round}",
    )


@use_case("initiative.realise", code="initiative.asked", load=queries.case)
def ask(actor: Actor, case: Initiative, number: int) -> bool:
    """Ask some of those who were not asked yet in this round; whether everybody is. Nobody once the work goes on."""
    if case.echo_round != number or case.state not in ASKED_IN:
        return True
    known = set(
        db.session.scalars(select(Echo.person).where(Echo.initiative_id == case.id, Echo.round == number))
    )
    waiting = [one for one in _people(case) if one.person not in known]
    for one in waiting[:AT_ONCE]:
        row = _add(case, one.person, one.user_id, one.asked_as)
        db.session.flush()  # The link names it.
        messages.ask(case, one.recipient, echo_token(row), is_author=one.asked_as is Asked.AUTHOR)
    return len(waiting) <= AT_ONCE


def _people(case: Initiative) -> list[Person]:
    """Whom to ask, each once, in an order that stays: the author, supporters, followers, and those asked before."""
    found: dict[str, Person] = {}
    for recipient in messages.authors([case]):
        if recipient.email or recipient.phone or recipient.postal:
            _take(found, author_person(case), Asked.AUTHOR, recipient.user_id, recipient)
    follows = content_queries.followers_of(case.KIND, [case.id])
    accounts = _accounts(case, [row.user_id for row in follows if row.user_id is not None])
    for recipient in recipients(list(accounts)):
        user_id = recipient.user_id or 0
        _take(found, content.person_of_user(user_id), accounts[user_id], user_id, recipient)
    for row in follows:
        if row.user_id is None and row.email:
            person = content.person_of_email(row.email)
            _take(found, person, Asked.FOLLOWER, None, Recipient(locale=row.locale, email=row.email))
    return list(found.values())


def _accounts(case: Initiative, following: Sequence[int]) -> dict[int, Asked]:
    """Accounts to ask. Of a first round long ago nobody knows any more who supported it, so its people come too."""
    supports = select(Support.user_id).where(Support.initiative_id == case.id)
    before = select(Echo.user_id, Echo.asked_as).where(
        Echo.initiative_id == case.id, Echo.asked_as != Asked.AUTHOR
    )
    asked_as = dict.fromkeys(db.session.scalars(supports.order_by(Support.id)), Asked.SUPPORTER)
    for user_id in following:
        asked_as.setdefault(user_id, Asked.FOLLOWER)
    for asked_id, kind in db.session.execute(before.order_by(Echo.id)):
        asked_as.setdefault(asked_id, kind)
    return {user_id: kind for user_id, kind in asked_as.items() if user_id is not None}


def _take(
    found: dict[str, Person], person: str, asked_as: Asked, user_id: int | None, recipient: Recipient
) -> None:
    found.setdefault(person, Person(person, asked_as, user_id, recipient))


def author_person(case: Initiative) -> str:
    """The author's pseudonym: of the account, of the address, or of the case where there is neither."""
    author = case.author
    if author is not None and author.user_id is not None:
        return content.person_of_user(author.user_id)
    return (author.person if author else None) or pseudonym("person", "author", case.id)


def _add(case: Initiative, person: str, user_id: int | None, asked_as: Asked) -> Echo:
    row = Echo(
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        round=case.echo_round,
        person=person,
        user_id=user_id,
        asked_as=asked_as,
        asked_at=clock.now(),
        words="",
    )
    db.session.add(row)
    return row


def echo_token(row: Echo) -> str:
    """What the link of a question carries; it answers this question and opens nothing else."""
    return tokens.signer.sign("initiative-echo", [row.municipality_id, row.id])


def echo_place(token: str) -> tuple[int, int]:
    """Municipality and question of a link. Raises Missing."""
    opened = tokens.signer.open("initiative-echo", token, messages.LINK_SECONDS)
    if not isinstance(opened, list) or len(opened) != 2:
        raise Missing(_l("This link no longer works."))
    return int(opened[0]), int(opened[1])


@use_case("initiative.echo", code="initiative.echoed")
def answer_echo(actor: Actor, token: str, answer: str, words: str) -> None:
    """Take down what the person of a link says. Raises Conflict when they said it before or the work goes on again."""
    _town, echo_id = echo_place(token)
    row = db.session.scalar(select(Echo).where(Echo.id == echo_id).with_for_update())
    if row is None:
        raise Missing(_l("This link no longer works."))
    case = queries.case(row.initiative_id)
    if row.round != case.echo_round or case.state not in ASKED_IN:
        raise Conflict(OVER)
    if row.asked_as is Asked.AUTHOR:
        # The link went to the author alone, so it proves the author as the link to the case does.
        _judge(replace(actor, cases=actor.cases | {case.about}), case, row, answer, words, "author")
    else:
        _write(row, answer, words)
        _tell_if_contradicted(case)
    audit.note(f"initiative:{case.id}")
    events.tell("content.changed", case)


def judge_as_author(actor: Actor, case: Initiative, answer: str, words: str, who: str) -> None:
    """The author says it on the page of the case, asked or not; inside the use case that knows the author."""
    person = author_person(case)
    row = queries.echo_of(case.id, case.echo_round, person)
    if row is None:
        user_id = case.author.user_id if case.author else None
        row = _add(case, person, user_id, Asked.AUTHOR)
    _judge(actor, case, row, answer, words, who)


def _judge(actor: Actor, case: Initiative, row: Echo, answer: str, words: str, who: str) -> None:
    _write(row, answer, words)
    verb = MOVE_OF.get(Helped(answer))
    if verb is not None:
        move.run(actor, case, verb, note=words, who=who)
        # The history keeps an author's words; once is enough.
        row.words = ""
    if verb == "dispute":
        messages.disputed(case)


def _write(row: Echo, answer: str, words: str) -> None:
    if row.answer is not None:
        raise Conflict(ANSWERED)
    lacks = rules.echo_lacks(answer, words)
    if lacks:
        raise Invalid(next(iter(lacks.values())), lacks)
    row.answer, row.words, row.answered_at = Helped(answer), words.strip(), clock.now()


def _tell_if_contradicted(case: Initiative) -> None:
    """Tell the leaders once a round when most of those who were asked say no."""
    db.session.flush()  # The counts below know the answer.
    said = queries.echo_counts(case.id, case.echo_round)
    if not rules.is_contradicted(said.yes, said.partly, said.no):
        return
    steps = content_queries.history(*case.about, (Lane.INTERNAL,))
    mark = str(case.echo_round)
    if any(step.verb == "echo" and step.internal_note == mark for step in steps):
        return
    system = Actor(municipality_id=case.municipality_id)
    move.record(system, case, "echo", lane=Lane.INTERNAL, internal_note=mark, who="system")
    messages.to_team(case, "initiative.contradicted", noes=said.no, answers=said.answers)
