"""Mail and SMS down for hours, by a stopped clock: pauses that grow, one Message-ID, nothing lost, nothing twice."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.core import clock
from portal.core.db import db, writing
from portal.core.jobs import Job, run_daily
from portal.core.tenancy import Town
from portal.notify import queries, services
from portal.notify.kinds import TRIES, Delivery
from portal.notify.models import Attempt, Notice

Write = Callable[..., None]
Outbox = Callable[[], list[Any]]
Later = Callable[..., int]


@pytest.fixture
def mail(mail_server: Any, configure: Callable[..., None]) -> Any:
    configure(smtp_url=mail_server.url)
    return mail_server


def tries_of(notice_id: int) -> list[datetime]:
    rows = select(Attempt.at).where(Attempt.notice_id == notice_id).order_by(Attempt.at)
    return list(db.session.scalars(rows))


def through(later: Later, hours: float) -> None:
    """Let the worker look each minute, as it does."""
    for _ in range(int(hours * 60)):
        later(minutes=1)


def test_a_server_that_answers_busy_for_six_hours_gets_the_same_mail_in_the_end(
    town: Town, write: Write, mail: Any, run_jobs: Any, later: Later, outbox: Outbox
) -> None:
    mail.answers["MAIL"] = ["451 try later"] * 500
    write()
    write(email="ewa@people.example")
    begun = clock.now()
    run_jobs()
    through(later, 6)
    first, second = outbox()
    assert {first.state, second.state} == {Delivery.FAILED}
    tries = tries_of(first.id)
    pauses = [late - early for early, late in itertools.pairwise(tries)]
    # Five minutes more each time, a fifth more or less, up to an hour; and it goes on after four hours (R63).
    for number, pause in enumerate(pauses, 1):
        base = min(timedelta(minutes=5) * number, timedelta(hours=1))
        assert base * 0.8 <= pause <= base * 1.2 + timedelta(minutes=1)
    assert tries[-1] - begun > timedelta(hours=4)
    mail.answers["MAIL"] = []
    through(later, 1.5)
    assert {notice.state for notice in outbox()} == {Delivery.SENT}
    received = sorted(message["Message-ID"] for message in mail.mails)
    assert received == sorted([first.message_id, second.message_id])


def test_what_every_try_failed_for_is_sent_again_by_one_press(
    town: Town,
    write: Write,
    mail: Any,
    run_jobs: Any,
    later: Later,
    outbox: Outbox,
    actor_as: Callable[..., Any],
) -> None:
    mail.answers["RCPT"] = ["550 no such user"]
    write()
    run_jobs()
    mail.stop()
    write(email="ewa@people.example")
    write("test.link", {"token": "t1", "link": "x"}, secret=("token",), email="ida@people.example")
    for _ in range(TRIES + 1):
        later(minutes=75)
    assert {notice.state for notice in outbox()} == {Delivery.DEAD}
    assert queries.count_stopped() == 2
    mail.start()
    assert services.resend_stopped(actor_as("leader")) == 2
    run_jobs()
    assert sorted(notice.state for notice in outbox()) == ["dead", "sent", "sent"]
    assert queries.count_stopped() == 0
    assert services.resend_stopped(actor_as("leader")) == 0
    assert b"t1" in b"".join(mail.raw)


def test_the_desk_offers_it_where_there_is_something(
    town: Town,
    write: Write,
    run_jobs: Any,
    outbox: Outbox,
    client: Any,
    sign_in: Callable[..., None],
    actor_as: Callable[..., Any],
) -> None:
    sign_in(client, actor_as("leader"))
    box = "/en/lublin/desk/messages?box=dead"
    assert "Send them all again" not in client.get(box).text
    write()
    run_jobs()
    with writing():
        db.session.execute(update(Notice).values(state=Delivery.DEAD, tries=TRIES))
    page = client.get(box).text
    assert "1 message failed at every try" in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    assert client.post("/en/lublin/desk/messages/resend", data={"csrf_token": token}).status_code == 303
    assert outbox()[0].state is Delivery.WAITING


def test_the_sweeper_finds_what_lost_its_job_and_the_mail_goes_once(
    town: Town, write: Write, mail: Any, run_jobs: Any, later: Later, outbox: Outbox
) -> None:
    write()
    with writing():
        for job in db.session.scalars(select(Job).where(Job.kind == "notify.send")):
            db.session.delete(job)
    later(hours=2)
    assert mail.mails == []
    run_daily({"key": "notify.sweep"})
    run_jobs()
    run_daily({"key": "notify.sweep"})
    run_jobs()
    assert [message["Message-ID"] for message in mail.mails] == [outbox()[0].message_id]


def test_both_gates_down_for_five_hours_cost_no_sms(
    town: Town,
    write: Write,
    gate: Any,
    second_gate: Any,
    configure: Callable[..., None],
    run_jobs: Any,
    later: Later,
    outbox: Outbox,
) -> None:
    configure(sms_url=gate.url, sms2_url=second_gate.url)
    gate.stop()
    second_gate.answer = b'{"error": 103}'
    write(phone="+48601234567")
    run_jobs()
    through(later, 5)
    assert outbox()[0].state is Delivery.FAILED
    second_gate.answer = None
    through(later, 1.5)
    (notice,) = outbox()
    assert (notice.state, notice.gate) == (Delivery.SENT, "second")
    assert len(second_gate.taken) == 1
