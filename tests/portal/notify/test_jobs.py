"""The daily look: messages without a job, with a dead job, and old ones of no case."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from portal.core import clock, tenancy
from portal.core.db import db, writing
from portal.core.jobs import Job
from portal.core.tenancy import Town
from portal.notify import jobs, privacy, services
from portal.notify.kinds import Delivery
from portal.notify.models import Attempt, LetterBatch, Notice

Write = Callable[..., None]
Outbox = Callable[[], list[Any]]
Run = Callable[[], int]


@pytest.fixture
def sweep(app: Any) -> Callable[[], None]:
    """The look of tomorrow, as the worker's daily row does it: in no municipality."""

    def run() -> None:
        here = tenancy.current_id()
        tenancy.enter(None)
        jobs.sweep()
        tenancy.enter(here)

    return run


def age(**values: Any) -> None:
    """Write messages and their jobs an hour and more into the past."""
    with tenancy.unscoped("test"), writing():
        db.session.execute(update(Notice).values(created_at=clock.now() - timedelta(**values)))


def lose_jobs() -> None:
    with writing():
        db.session.execute(delete(Job))


def count_jobs() -> int:
    return db.session.scalar(select(func.count(Job.id))) or 0


def test_a_message_that_lost_its_job_gets_another(
    town: Town,
    write: Write,
    write_for_nobody: Write,
    sweep: Callable[[], None],
    run_jobs: Run,
    outbox: Outbox,
) -> None:
    write()
    write_for_nobody()
    lose_jobs()
    age(hours=2)
    sweep()
    assert run_jobs() == 2
    assert {notice.state for notice in outbox()} == {Delivery.SENT}


def test_a_young_message_is_left_to_its_job(town: Town, write: Write, sweep: Callable[[], None]) -> None:
    write()
    lose_jobs()
    sweep()
    assert count_jobs() == 0


def test_a_message_whose_job_died_is_dead(
    town: Town, write: Write, sweep: Callable[[], None], outbox: Outbox
) -> None:
    write()
    with writing():
        db.session.execute(update(Job).values(dead_at=clock.now()))
    age(hours=2)
    sweep()
    assert outbox()[0].state is Delivery.DEAD


def test_a_letter_that_has_its_text_waits_for_a_person(
    town: Town, write: Write, sweep: Callable[[], None], run_jobs: Run, outbox: Outbox
) -> None:
    write(postal="Jan\nul. Próbna 1")
    run_jobs()
    lose_jobs()
    age(hours=2)
    sweep()
    assert count_jobs() == 0
    assert outbox()[0].state is Delivery.WAITING


def test_old_messages_of_no_case_go_with_their_story(
    town: Town,
    write: Write,
    write_for_nobody: Write,
    run_jobs: Run,
    outbox: Outbox,
) -> None:
    write()
    write_for_nobody()
    run_jobs()
    age(days=31)
    assert privacy.count_old() == 1
    with writing():
        assert privacy.drop_old(10) == 1
    (kept,) = outbox()
    assert kept.about_kind == "initiative"
    with tenancy.unscoped("test"):
        assert db.session.scalars(select(Attempt.notice_id)).all() == [kept.id]
    assert count_jobs() == 1


def test_a_batch_goes_a_month_after_its_last_letter(
    town: Town,
    write: Write,
    sweep: Callable[[], None],
    run_jobs: Run,
    outbox: Outbox,
    actor_as: Callable[..., Any],
) -> None:
    for number in (1, 2):
        write(postal=f"Jan\nul. Próbna {number}")
    run_jobs()
    first, second = (notice.id for notice in outbox())
    kept, gone = (
        services.make_batch(actor_as("leader"), [letter], key * 20)
        for letter, key in ((first, "k"), (second, "l"))
    )
    with writing():
        services.discard([second])
    sweep()
    assert batches() == {kept, gone}
    with writing():
        db.session.execute(update(LetterBatch).values(made_at=clock.now() - timedelta(days=31)))
    sweep()
    assert batches() == {kept}


def batches() -> set[int]:
    db.session.rollback()
    return set(db.session.scalars(select(LetterBatch.id)))
