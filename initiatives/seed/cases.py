"""The rows of one demo initiative that say what it is: the case itself and its author."""

from datetime import timedelta
from typing import Any

from initiatives import rules, services
from initiatives.models import Audience, Author, Initiative, Outcome, Place
from initiatives.seed.plots import FINISHED, VERDICTS, Plot
from initiatives.states import WORKFLOW
from portal.accounts.queries import phone_key
from portal.content import move
from portal.content import services as content
from portal.core import tokens
from portal.core.actor import Channel
from portal.core.collate import fold
from portal.core.consent import WORDS, ConsentEvent, Purpose
from portal.core.sealed import new_row_id


def case_of(plot: Plot, number: str | None) -> Initiative:
    """The case in its state, not yet in the session."""
    record, place = plot.record, plot.record["place"]
    row = WORKFLOW.state(plot.state)
    case = Initiative(
        municipality_id=plot.town.id,
        number=number,
        title=record["title"],
        folded=fold(record["title"]),
        text=record["text"],
        language=record["language"],
        category=record["category"],
        district=record["district"] or "",
        place=Place.POINT if place else Place.WHOLE,
        lat=place["lat"] if place else None,
        lon=place["lon"] if place else None,
        address=place["address"] if place else "",
        cost_minor=None if record["cost"] is None else record["cost"] * 100,
        currency=plot.town.currency,
        channel=Channel(record["channel"]),
        phase=row.phase,
        created_at=plot.begun_at - timedelta(minutes=plot.rng.randint(8, 40)),
        submitted_at=plot.begun_at if plot.steps else None,
        audience=Audience(record.get("audience", "everybody")),
        listed_at=plot.listed_at if row.public else None,
        updated_at=plot.steps[-1].at if plot.steps else plot.begun_at,
        version=1 + len(plot.steps),
        author_user_id=plot.author.user_id if plot.author else None,
        taken_by_user_id=None if record["channel"] == "web" else plot.team.scribe,
        defects=plot.defects,
        returned_once=plot.at("send_back") is not None,
        **_work(plot),
        **_outcome(plot),
    )
    move.place(case, plot.state)
    return case


def _work(plot: Plot) -> dict[str, Any]:
    """Department, lead, and what the leader wrote for the decision."""
    record, words = plot.record, plot.words
    found: dict[str, Any] = {}
    if plot.at("assign"):
        found["department"] = words["departments"][record["category"]]
        found["lead_user_id"] = plot.team.leader
    if "synthesis" in record:
        verdict = VERDICTS[record["recommendation"]]
        costs = record["feasibility"]
        found |= record["synthesis"]
        studied = record["feasibility"]
        found |= {f"plan_{part}": studied[part] for part in ("time", "owner", "risks")}
        found["recommended"] = verdict
        found["recommended_why"] = plot.rng.choice(words["why"][verdict])
        found["cost_once_minor"] = costs["cost_once"] * 100
        found["cost_yearly_minor"] = costs["cost_yearly"] * 100
        found["cost_source"] = plot.rng.choice(words["sources"]) if verdict != "refused" else ""
    return found


def _outcome(plot: Plot) -> dict[str, Any]:
    """What was decided and what became of it."""
    record = plot.record
    reached = [step.to for step in plot.steps]
    found: dict[str, Any] = {"outcome": Outcome.NONE, "progress": 100 if plot.state in FINISHED else 0}
    for state in reached:
        found["outcome"] = services.OUTCOME_OF_STATE.get(state, found["outcome"])
    if plot.at("reverse"):
        found["outcome"] = Outcome.NONE
    decided = plot.at("decide")
    if decided:
        found["decided_by_user_id"] = decider_of(plot, on_appeal=plot.at("uphold", "reverse") is not None)
        if plot.state == "deferred":
            days = record["decision"]["returns_on_days"]
            found["returns_on"] = plot.day(decided) + timedelta(days=days)
        if plot.state == "appealed" or (plot.state == "refused" and not plot.at("appeal")):
            found["appeal_until"] = rules.appeal_deadline(plot.day(decided))
    found["appealed_once"] = plot.at("appeal") is not None
    referred = plot.at("transfer")
    if referred is not None:
        found["transferred_to"], found["referred_on"] = record["transferred_to"], plot.day(referred)
    return found


def decider_of(plot: Plot, *, on_appeal: bool) -> int | None:
    """Who decided, or who answered the appeal: never the same person.

    In a small team the first decision was made by somebody who has left since.
    """
    deciders = plot.team.deciders
    if on_appeal:
        return deciders[-1]
    if plot.at("uphold", "reverse") and len(deciders) == 1:
        return None
    return deciders[0]


def name_consent(case: Initiative, author: Author) -> ConsentEvent:
    """The author's consent to having the name shown, as the form takes it."""
    return ConsentEvent(
        municipality_id=case.municipality_id,
        at=case.submitted_at,
        purpose=Purpose.NAME,
        kind=case.KIND,
        object_id=case.id,
        given=True,
        version=WORDS[Purpose.NAME].version,
        language=author.locale,
        channel=case.channel.value,
        user_id=author.user_id,
        person=author.person,
    )


def author_of(plot: Plot, case: Initiative) -> Author:
    """Who filed it. Without an account: an address, a telephone, or only the code."""
    rng, words, record = plot.rng, plot.words, plot.record
    author = Author(
        id=new_row_id(),
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        locale=record["language"],
        user_id=plot.author.user_id if plot.author else None,
    )
    if plot.author:
        author.name = plot.author.name
        author.shows_name = rng.random() < 0.3
        return author
    if case.number is not None:
        # Nobody knows these codes: whoever wants to go on with a case signs in as a resident, or files one.
        author.code_hash = tokens.code_hash(tokens.derived_code(f"demo {plot.key}", case.id))
    first, last = rng.choice(words["first_names"]), rng.choice(words["surnames"])
    if record["channel"] != "web":
        author.name, author.phone = (
            f"{first} {last}",
            f"+48 00 {rng.randint(100, 999)} 00 {rng.randint(10, 99)}",
        )
        author.phone_key = phone_key(author.phone or "", plot.town.country)
    elif rng.random() < 0.8:
        author.name = f"{first} {last}" if rng.random() < 0.6 else None
        local = fold(f"{first}.{last}").replace(" ", "")
        author.email = f"{local}{rng.randint(1, 99)}@{rng.choice(words['mailboxes'])}"
        author.person = content.person_of_email(author.email)
        author.shows_name = author.name is not None and rng.random() < 0.4
    return author
