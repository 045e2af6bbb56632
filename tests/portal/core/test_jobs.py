"""Due work: leases, tries, dead letters, the daily timetable, and what a kill leaves behind."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from portal.core import actor as actors
from portal.core import clock, jobs, tenancy
from portal.core.actor import Channel
from portal.core.db import db, writing
from portal.core.errors import Busy
from portal.core.jobs import Job
from portal.core.registry import Daily, JobKind, Module, registry
from portal.core.tenancy import Town

Frozen = Callable[[str], None]
KIND = "test.note"


class Permanent(Exception):
    """A failure that another try cannot mend."""

    permanent = True


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Payloads of the kind `test.note`, in the order they were run."""
    notes: list[dict[str, Any]] = []
    kind(monkeypatch, notes.append)
    return notes


def kind(monkeypatch: pytest.MonkeyPatch, run: Callable[[dict[str, Any]], None], tries: int = 20) -> None:
    """Let `test.note` do this."""
    monkeypatch.setitem(registry.jobs, KIND, JobKind(KIND, run, tries))


def add(payload: dict[str, Any] | None = None, **values: Any) -> bool:
    with writing():
        return jobs.enqueue(KIND, payload or {}, **values)


def row() -> Job:
    """The only piece of work, as it stands in the database now."""
    db.session.rollback()
    return db.session.scalars(select(Job).execution_options(populate_existing=True)).one()


def fail(_payload: dict[str, Any]) -> None:
    raise OSError("the gateway is away")


class TestWriting:
    def test_work_exists_if_and_only_if_its_case_does(self, app: Flask) -> None:
        def file_and_fail() -> None:
            with writing():
                jobs.enqueue(KIND, {"a": 1})
                raise RuntimeError

        with pytest.raises(RuntimeError):
            file_and_fail()
        assert db.session.scalar(select(Job.id)) is None

    def test_payload_is_sealed(self, app: Flask) -> None:
        add({"email": "anna@people.example"})
        assert "anna" not in row().payload_sealed
        taken = jobs.take_due()
        assert taken is not None
        assert taken.payload == {"email": "anna@people.example"}

    def test_same_thing_is_due_once(self, app: Flask) -> None:
        assert add({"n": 1}, dedupe="reminder:7")
        assert not add({"n": 2}, dedupe="reminder:7")
        assert add({"n": 3})
        assert len(db.session.scalars(select(Job.id)).all()) == 2

    def test_withdrawn_work_is_not_done(self, app: Flask, done: list[dict[str, Any]]) -> None:
        add({"n": 1}, dedupe="reminder:7:a")
        add({"n": 2}, dedupe="reminder:7_b")
        add({"n": 3}, dedupe="reminder:77:a")
        with writing():
            # The underscore is no wildcard, nor is a longer number the same thing.
            assert jobs.cancel("reminder:7:") == 1
            assert jobs.cancel("reminder:7_") == 1
        jobs.run_due()
        assert done == [{"n": 3}]

    def test_what_was_done_is_not_withdrawn(self, app: Flask, done: list[dict[str, Any]]) -> None:
        add(dedupe="reminder:7")
        jobs.run_due()
        with writing():
            assert jobs.cancel("reminder:7") == 0


class TestTaking:
    def test_what_is_due_longest_comes_first(
        self, app: Flask, done: list[dict[str, Any]], frozen: Frozen
    ) -> None:
        frozen("2026-03-02 10:00")
        for n, minutes in enumerate((5, -5, -60, 0)):
            add({"n": n}, due_at=clock.now() + timedelta(minutes=minutes))
        assert jobs.run_due() == 3
        assert [note["n"] for note in done] == [2, 1, 3]
        frozen("2026-03-02 10:05")
        assert jobs.run_due() == 1

    def test_next_due_is_the_earliest_open_row(self, app: Flask, frozen: Frozen) -> None:
        assert jobs.next_due() is None
        frozen("2026-03-02 10:00")
        add(due_at=clock.now() + timedelta(hours=2))
        add(due_at=clock.now() + timedelta(hours=1))
        assert jobs.next_due() == clock.now() + timedelta(hours=1)

    def test_worker_does_not_wake_for_what_another_has_in_hand(self, app: Flask, frozen: Frozen) -> None:
        frozen("2026-03-02 10:00")
        add()
        assert jobs.take_due() is not None
        assert jobs.next_due() == clock.now() + jobs.LEASE

    def test_leased_work_is_nobody_elses(self, app: Flask, frozen: Frozen) -> None:
        frozen("2026-03-02 10:00")
        add()
        first = jobs.take_due()
        assert first is not None
        assert first.lease_until == clock.now() + jobs.LEASE
        assert jobs.take_due() is None

    def test_lease_of_a_killed_worker_runs_out(
        self, app: Flask, done: list[dict[str, Any]], frozen: Frozen
    ) -> None:
        frozen("2026-03-02 10:00")
        add({"n": 1})
        assert jobs.take_due() is not None  # And now the worker is killed.
        frozen("2026-03-02 10:02")
        assert jobs.run_due() == 0
        frozen("2026-03-02 10:02:01")
        assert jobs.run_due() == 1
        assert done == [{"n": 1}]
        assert row().tries == 2

    def test_late_worker_does_not_overwrite_its_successor(
        self, app: Flask, done: list[dict[str, Any]], frozen: Frozen, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        frozen("2026-03-02 10:00")
        add()
        late = jobs.take_due()
        frozen("2026-03-02 10:03")
        successor = jobs.take_due()
        assert late is not None
        assert successor is not None
        kind(monkeypatch, fail)
        jobs.run(late)
        assert row().lease_until == successor.lease_until
        assert row().last_error is None
        kind(monkeypatch, done.append)
        jobs.run(successor)
        assert row().done_at == clock.now()
        jobs.run(late)
        assert row().tries == 2

    def test_two_workers_never_take_the_same_row(self, app: Flask) -> None:
        for n in range(24):
            add({"n": n})
        db.session.close()
        taken: list[int] = []
        start = threading.Barrier(4)

        def work() -> None:
            with app.app_context():
                start.wait()
                while (job := jobs.take_due()) is not None:
                    taken.append(job.payload["n"])

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(taken) == list(range(24))


class TestRunning:
    def test_work_that_succeeded_is_done(self, app: Flask, done: list[dict[str, Any]]) -> None:
        add({"n": 1})
        assert jobs.run_due() == 1
        assert done == [{"n": 1}]
        assert row().done_at is not None
        assert row().lease_until is None
        assert jobs.run_due() == 0

    def test_work_acts_in_its_municipality_as_a_job(
        self, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Any] = []
        kind(monkeypatch, lambda _: seen.append((tenancy.current_id(), actors.current())))
        add()
        with tenancy.within(None):
            jobs.run_due()
        ((place, actor),) = seen
        assert place == town.id == actor.municipality_id
        assert (actor.channel, actor.name, actor.user_id) == (Channel.JOB, KIND, None)
        assert actors.current() == actors.NOBODY

    def test_work_of_no_municipality_stands_in_none(
        self, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Any] = []
        kind(monkeypatch, lambda _: seen.append(tenancy.current_id()))
        with tenancy.within(None):
            add()
        jobs.run_due()
        assert seen == [None]
        assert tenancy.current_id() == town.id

    def test_failed_work_is_tried_again_later_and_later(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch, frozen: Frozen
    ) -> None:
        frozen("2026-03-02 10:00")
        kind(monkeypatch, fail)
        add()
        for tries in range(1, 16):
            assert jobs.run_due() == 1
            now = clock.now()
            wait = row().due_at - now
            expected = min(timedelta(minutes=5) * tries, timedelta(hours=1))
            assert expected * 0.8 <= wait <= expected * 1.2
            assert row().lease_until is None
            frozen((row().due_at.astimezone(ZoneInfo("Europe/Warsaw"))).strftime("%Y-%m-%d %H:%M:%S.%f"))
        assert row().dead_at is None
        assert row().last_error == "OSError: the gateway is away"

    def test_pauses_differ_so_that_not_all_come_back_at_once(self) -> None:
        assert len({jobs.pause(3) for _ in range(20)}) > 10
        assert max(jobs.pause(1000) for _ in range(200)) <= jobs.LONGEST_PAUSE * 1.2

    def test_four_hours_of_trying_before_giving_up(self) -> None:
        """Source: R63."""
        least = sum((jobs.pause(tries) for tries in range(1, JobKind("x", fail).tries)), timedelta())
        assert least >= timedelta(hours=4)

    def test_what_fails_too_often_becomes_a_dead_letter(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch, frozen: Frozen
    ) -> None:
        kind(monkeypatch, fail, tries=2)
        frozen("2026-03-02 10:00")
        add()
        jobs.run_due()
        assert row().dead_at is None
        frozen("2026-03-02 10:07")
        jobs.run_due()
        assert row().dead_at == clock.now()
        assert row().last_error == "OSError: the gateway is away"
        frozen("2026-03-03 10:00")
        assert jobs.run_due() == 0
        assert jobs.next_due() is None

    def test_what_another_try_cannot_mend_is_given_up_at_once(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_payload: dict[str, Any]) -> None:
            raise Permanent("no such address")

        kind(monkeypatch, refuse)
        add()
        jobs.run_due()
        assert row().dead_at is not None

    def test_work_of_a_kind_nobody_knows_is_given_up(self, app: Flask) -> None:
        with writing():
            jobs.enqueue("gone.module", {})
        jobs.run_due()
        assert row().dead_at is not None
        assert "gone.module" in (row().last_error or "")

    def test_long_errors_are_cut(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail_at_length(_payload: dict[str, Any]) -> None:
            raise ValueError("x" * 2000)

        kind(monkeypatch, fail_at_length)
        add()
        jobs.run_due()
        assert len(row().last_error or "") == 500

    def test_half_done_work_leaves_nothing(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        def write_and_fail(_payload: dict[str, Any]) -> None:
            with writing():
                jobs.enqueue("test.other", {})
                raise RuntimeError("in the middle")

        kind(monkeypatch, write_and_fail)
        add()
        jobs.run_due()
        assert row().kind == KIND

    def test_one_failure_does_not_hold_up_the_rest(
        self, app: Flask, done: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(registry.jobs, "test.fails", JobKind("test.fails", fail))
        with writing():
            jobs.enqueue("test.fails", {})
        add({"n": 1})
        assert jobs.run_due() == 2
        assert done == [{"n": 1}]

    def test_revived_letter_is_due_at_once_with_new_tries(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch, done: list[dict[str, Any]]
    ) -> None:
        kind(monkeypatch, fail, tries=1)
        add({"n": 1})
        jobs.run_due()
        dead = row()
        assert dead.dead_at is not None
        with writing():
            jobs.revive(dead.id)
        kind(monkeypatch, done.append)
        assert jobs.run_due() == 1
        assert done == [{"n": 1}]
        assert row().last_error is None

    def test_done_work_is_forgotten_after_a_week(
        self, app: Flask, done: list[dict[str, Any]], frozen: Frozen
    ) -> None:
        frozen("2026-03-02 10:00")
        add()
        jobs.run_due()
        frozen("2026-03-09 09:59")
        with writing():
            jobs.purge()
        assert row().done_at is not None
        frozen("2026-03-09 10:01")
        add()
        with writing():
            jobs.purge()
        assert row().done_at is None


class TestDaily:
    @pytest.fixture
    def ran(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Days on which the only daily duty ran."""
        days: list[str] = []
        daily = Daily("test.tidy", lambda: days.append(clock.now().isoformat()), hour=3)
        monkeypatch.setattr(registry, "modules", (Module("test", "Test", daily=(daily,)),))
        return days

    def test_is_planned_once_for_the_next_local_hour(
        self, app: Flask, ran: list[str], frozen: Frozen
    ) -> None:
        frozen("2026-03-02 10:00")
        jobs.plan_daily()
        jobs.plan_daily()
        assert row().due_at.isoformat() == "2026-03-03T02:00:00+00:00"
        assert jobs.run_due() == 0

    def test_is_planned_for_today_before_its_hour(self, app: Flask, ran: list[str], frozen: Frozen) -> None:
        frozen("2026-03-02 02:59")
        jobs.plan_daily()
        assert row().due_at.isoformat() == "2026-03-02T02:00:00+00:00"

    @pytest.mark.parametrize(
        ("before", "due"),
        [
            ("2026-03-28 10:00", "2026-03-29T01:00:00+00:00"),  # Summer time begins in that night …
            ("2026-10-24 10:00", "2026-10-25T02:00:00+00:00"),  # … and ends in this one.
        ],
    )
    def test_keeps_the_local_hour_when_clocks_change(
        self, app: Flask, ran: list[str], frozen: Frozen, before: str, due: str
    ) -> None:
        frozen(before)
        jobs.plan_daily()
        assert row().due_at.isoformat() == due

    def test_plans_its_successor(self, app: Flask, ran: list[str], frozen: Frozen) -> None:
        frozen("2026-03-02 10:00")
        jobs.plan_daily()
        for day in (3, 4, 5):
            frozen(f"2026-03-{day:02} 03:00:01")
            assert jobs.run_due() == 1
        assert len(ran) == 3
        assert jobs.next_due() is not None

    def test_failing_day_does_not_end_the_series(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch, frozen: Frozen
    ) -> None:
        def break_off() -> None:
            raise RuntimeError("today is not my day")

        daily = Daily("test.tidy", break_off, hour=3)
        monkeypatch.setattr(registry, "modules", (Module("test", "Test", daily=(daily,)),))
        frozen("2026-03-02 10:00")
        jobs.plan_daily()
        frozen("2026-03-03 03:00:01")
        jobs.run_due()
        db.session.rollback()
        planned = [
            job.due_at.day for job in db.session.scalars(select(Job).order_by(Job.due_at)) if not job.tries
        ]
        assert planned == [4]


class TestLoop:
    @pytest.fixture(autouse=True)
    def no_daily_duties(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(registry, "modules", ())

    def test_ends_after_the_row_in_hand(self, app: Flask, done: list[dict[str, Any]]) -> None:
        for n in range(3):
            add({"n": n})

        def stopping() -> Iterator[bool]:
            while True:
                yield len(done) == 2

        jobs.loop(stopping())
        assert len(done) == 2

    def test_a_worker_hears_of_a_municipality_that_was_changed(
        self, app: Flask, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[str] = []
        kind(monkeypatch, lambda _: seen.append(tenancy.town("lublin").mark))
        assert tenancy.town("lublin").mark == ""
        with writing():  # As another process would, of which nothing tells this one.
            db.session.execute(update(tenancy.Municipality).values(mark="sun"))
        add()
        jobs.loop(iter((False, True)))
        assert seen == ["sun"]

    def test_a_database_that_is_away_for_a_while_ends_no_worker(
        self, app: Flask, done: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add({"n": 1})
        take, problems = jobs.take_due, [Busy(), OperationalError("SELECT", {}, Exception("gone"))]

        def unwilling() -> Any:
            if problems:
                raise problems.pop()
            return take()

        monkeypatch.setattr(jobs, "take_due", unwilling)
        monkeypatch.setattr("portal.core.jobs.time.sleep", lambda _: None)
        jobs.loop(iter((False, False, False, True)))
        assert [payload["n"] for payload in done] == [1]

    def test_says_that_it_lives(self, app: Flask, frozen: Frozen) -> None:
        frozen("2026-03-02 10:00")
        assert jobs.living() == 0
        jobs.loop(iter((False, True)))
        db.session.rollback()
        assert (jobs.living(), jobs.last_beat()) == (1, clock.now())
        frozen("2026-03-02 10:02")
        jobs.beat("elsewhere:7")
        assert jobs.living() == 2
        frozen("2026-03-02 10:04:30")
        assert jobs.living() == 1
        frozen("2026-03-03 10:01")
        jobs.beat("elsewhere:7")
        assert jobs.living() == 1
        assert db.session.scalar(select(func.count()).select_from(jobs.WorkerBeat)) == 1

    def test_sleeps_until_the_next_row_but_never_long(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch, frozen: Frozen
    ) -> None:
        frozen("2026-03-02 10:00")
        slept: list[float] = []
        monkeypatch.setattr("portal.core.jobs.time.sleep", slept.append)
        jobs.loop(iter((False, True)))
        add(due_at=clock.now() + timedelta(seconds=0.3))
        jobs.loop(iter((False, True)))
        db.session.rollback()
        with writing():
            db.session.delete(db.session.scalars(select(Job)).one())
        add(due_at=clock.now() + timedelta(hours=3))
        jobs.loop(iter((False, True)))
        assert slept == [1.0, pytest.approx(0.3), 1.0]


def test_daily_duty_acts_as_a_job_in_one_municipality(town: Town, other_town: Town) -> None:
    with jobs.as_job("tidy", other_town.id) as actor:
        assert tenancy.current_id() == other_town.id
        assert actors.current() == actor
        assert actor.is_system
    assert tenancy.current_id() == town.id
