"""Due work of initiatives: deferred decisions that return, merges nobody answered, bulk acts that go on, batches whose embargo ends."""

from datetime import date, datetime
from typing import Any

from initiatives import queries, services
from portal.accounts import queries as accounts
from portal.core import jobs
from portal.core.actor import acting, current
from portal.core.db import writing

SLICE_SECONDS = 4.0
"""How long a bulk act holds a worker at a time: messages and deadlines get their turn in between."""


def resume(payload: dict[str, Any]) -> None:
    """The day a deferral named has come: the case returns to the decision-maker."""
    case = queries.case(payload["initiative"])
    if case.state == "deferred" and case.returns_on == date.fromisoformat(payload["day"]):
        services.resume(current(), case.id)


def nudge(payload: dict[str, Any]) -> None:
    """Nothing was told of a realisation for long: remind the office."""
    services.nudge(current(), payload["initiative"], payload["news"], payload["count"])


def silence(payload: dict[str, Any]) -> None:
    """Nothing was told for so long that the public reads it."""
    services.fall_silent(current(), payload["initiative"], payload["news"])


def ask(payload: dict[str, Any]) -> None:
    """Four weeks after the work: ask everybody whether it helped, some in each transaction."""
    while not services.ask(current(), payload["initiative"], payload["round"]):
        pass


def support_end(payload: dict[str, Any]) -> None:
    """The last day of support is over."""
    services.end_support(current(), payload["initiative"], payload["until"])


def thresholds(_payload: dict[str, Any]) -> None:
    """The office set a threshold, or lowered it: weigh what lies above it already, some in each transaction."""
    while not services.weigh_all(current()):
        pass


def district(payload: dict[str, Any]) -> None:
    """A district was renamed: its cases are found by the new name; the next ones are the next transaction's."""
    after: int | None = payload["after"]
    while after is not None:
        after = services.index_district(current(), payload["name"], after)


def merge(payload: dict[str, Any]) -> None:
    """The authors have two days left to answer a proposal to merge, or none any more."""
    services.time_merge(current(), payload["initiative"], payload["merge"], over=payload["over"])


def bulk(payload: dict[str, Any]) -> None:
    """Go on with a bulk act, or with taking it back, as whoever began that; the rest is the next job's."""
    act = queries.bulk_act(payload["bulk"])
    began = act.user_id if act.undone_by is None else act.undone_by
    actor = accounts.actor_of(began, act.municipality_id)
    if actor is None:
        services.give_up_bulk(act.id)
        return
    bulk_id = act.id
    with acting(actor):
        finished = services.work_bulk(actor, bulk_id, SLICE_SECONDS)
    if not finished:
        with writing():
            jobs.enqueue("initiative.bulk", {"bulk": bulk_id})


def batch(payload: dict[str, Any]) -> None:
    """The embargo of a batch is over, or it was released by hand: publish it; the rest is the next job's."""
    batch_id = payload["batch"]
    if payload["at"] and not services.release_due(batch_id, datetime.fromisoformat(payload["at"])):
        return  # It was moved or cancelled.
    if not services.work_batch(batch_id, SLICE_SECONDS):
        with writing():
            jobs.enqueue("initiative.batch", {"batch": batch_id, "at": ""})
