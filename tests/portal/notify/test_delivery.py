"""Delivery through outages: at least once, the same bytes under the same Message-ID, dead letters that show."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.config import Mode
from portal.core.db import db
from portal.core.jobs import LEASE, Job
from portal.core.tenancy import Town
from portal.notify import channels, delivery, kinds, queries
from portal.notify.kinds import Channel, Delivery
from portal.notify.models import Attempt

Write = Callable[..., None]
Outbox = Callable[[], list[Any]]
Run = Callable[[], int]

START = "2026-11-21 10:00"


@pytest.fixture
def mail(mail_server: Any, configure: Callable[..., None]) -> Any:
    """Mail goes to the server of this test."""
    configure(smtp_url=mail_server.url)
    return mail_server


def story(notice_id: int) -> list[str]:
    rows = db.session.scalars(select(Attempt).where(Attempt.notice_id == notice_id).order_by(Attempt.at))
    return [row.outcome.value for row in rows]


def job() -> Job:
    db.session.close()
    return db.session.scalars(select(Job).where(Job.kind == "notify.send")).one()


def test_a_message_goes_out_once_and_says_when(
    town: Town, write: Write, mail: Any, run_jobs: Run, outbox: Outbox
) -> None:
    write()
    assert run_jobs() == 1
    assert run_jobs() == 0
    (notice,) = outbox()
    assert notice.state is Delivery.SENT
    assert notice.sent_at is not None
    assert notice.body.startswith("Lublin\n")
    assert story(notice.id) == ["sent"]
    (received,) = mail.mails
    assert received["Message-ID"] == notice.message_id
    assert received["Reply-To"] == town.contact["email"]


def test_a_message_of_the_installation_goes_out_too(
    app: Any, write_for_nobody: Write, mail: Any, run_jobs: Run, outbox: Outbox
) -> None:
    write_for_nobody()
    run_jobs()
    (notice,) = outbox()
    assert notice.state is Delivery.SENT
    assert mail.mails[0]["From"].addresses[0].addr_spec == "no-reply@portal.example"
    assert mail.mails[0]["Reply-To"] is None


def test_while_the_server_is_down_it_waits_and_then_goes_once(
    town: Town, write: Write, mail: Any, run_jobs: Run, later: Callable[..., int], outbox: Outbox
) -> None:
    mail.stop()
    write()
    run_jobs()
    (notice,) = outbox()
    text = notice.body
    assert notice.state is Delivery.FAILED
    assert job().due_at > clock.now()
    assert later(minutes=1) == 0
    assert later(minutes=10) == 1
    mail.start()
    assert later(hours=1) == 1
    (notice,) = outbox()
    assert notice.state is Delivery.SENT
    assert notice.body == text
    assert story(notice.id) == ["failed", "failed", "sent"]
    assert [received["Message-ID"] for received in mail.mails] == [notice.message_id]


def test_a_refused_recipient_is_a_dead_letter_at_once(
    town: Town, write: Write, mail: Any, run_jobs: Run, later: Callable[..., int], outbox: Outbox
) -> None:
    mail.answers["RCPT"] = ["550 5.1.1 <jan@people.example>: no such user"]
    write()
    run_jobs()
    (notice,) = outbox()
    assert notice.state is Delivery.DEAD
    assert story(notice.id) == ["refused"]
    assert job().dead_at is not None
    assert "@" not in (job().last_error or "")
    assert later(days=2) == 0
    assert mail.mails == []


def test_a_worker_killed_after_sending_sends_the_same_again(
    town: Town,
    write: Write,
    mail: Any,
    run_jobs: Run,
    later: Callable[..., int],
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        """As kill -9 between the mail's acceptance and our note of it."""

    def die(*_: Any) -> None:
        raise Killed

    write("test.link", {"token": "t1", "link": "x"}, secret=("token",))
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_sent", die)
        with pytest.raises(Killed):
            run_jobs()
    db.session.rollback()
    assert later(seconds=1) == 0
    assert later(seconds=LEASE.total_seconds() + 1) == 1
    (notice,) = outbox()
    assert notice.state is Delivery.SENT
    assert len(mail.raw) == 2
    assert mail.raw[0] == mail.raw[1]
    assert b"t1" in mail.raw[0]


def test_after_the_last_try_it_is_dead(
    town: Town,
    write: Write,
    mail: Any,
    run_jobs: Run,
    later: Callable[..., int],
    outbox: Outbox,
) -> None:
    mail.stop()
    write()
    first = clock.now()
    run_jobs()
    while outbox()[0].state is Delivery.FAILED:
        later(minutes=75)
    (notice,) = outbox()
    assert notice.state is Delivery.DEAD
    assert notice.tries == kinds.TRIES
    assert job().dead_at is not None
    assert clock.now() - first > timedelta(hours=4)


def test_a_text_that_cannot_be_made_is_tried_again_and_shows(
    town: Town, write: Write, mail: Any, run_jobs: Run, outbox: Outbox
) -> None:
    write("test.lost")
    run_jobs()
    (notice,) = outbox()
    assert notice.state is Delivery.FAILED
    with_error = db.session.scalars(select(Attempt.error)).one()
    assert with_error == "TemplateNotFound"


@pytest.mark.parametrize("contact", [{"postal": "Jan\nul. Próbna 1"}, {"phone": "+48817654321"}])
def test_letters_and_calls_get_their_text_and_wait_for_a_person(
    town: Town, write: Write, mail: Any, run_jobs: Run, outbox: Outbox, contact: dict[str, str]
) -> None:
    write(**contact)
    assert run_jobs() == 1
    (notice,) = outbox()
    assert (notice.state, notice.body) == (Delivery.WAITING, "Words.")
    assert story(notice.id) == []
    assert mail.mails == []


def test_secrets_are_gone_once_it_is_sent(
    town: Town, write: Write, mail: Any, configure: Callable[..., None], run_jobs: Run, outbox: Outbox
) -> None:
    configure(mode=Mode.PRODUCTION)
    write("test.link", {"token": "t1", "link": "x"}, secret=("token",))
    run_jobs()
    (notice,) = outbox()
    assert b"t1" in mail.raw[0]
    assert (notice.values, notice.html) == (None, None)
    assert "t1" not in notice.body
    shown = " ".join(queries.opened(notice.id).paragraphs)
    assert "t1" not in shown
    assert "•••••" in shown


def test_the_demo_keeps_them_for_its_viewer(town: Town, write: Write, run_jobs: Run, outbox: Outbox) -> None:
    write("test.link", {"token": "t1", "link": "x"}, secret=("token",))
    run_jobs()
    assert outbox()[0].values is not None


class TestSms:
    @pytest.fixture
    def sent(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        texts: list[str] = []
        monkeypatch.setattr(channels.Console, "send", lambda _, letter: texts.append(letter.text))
        return texts

    def test_goes_out(self, town: Town, write: Write, sent: list[str], run_jobs: Run, outbox: Outbox) -> None:
        write(phone="+48601234567")
        run_jobs()
        assert outbox()[0].state is Delivery.SENT
        assert outbox()[0].channel is Channel.SMS
        assert sent == ["Lublin: Plain 100 % words."]

    def test_a_number_gets_one_a_minute(
        self,
        town: Town,
        write: Write,
        sent: list[str],
        run_jobs: Run,
        later: Callable[..., int],
        outbox: Outbox,
    ) -> None:
        write(phone="+48601234567")
        write(phone="+48601234567")
        write(phone="+48602234567")
        run_jobs()
        assert sorted(notice.state for notice in outbox()) == ["failed", "sent", "sent"]
        later(minutes=7)
        assert {notice.state for notice in outbox()} == {Delivery.SENT}


def test_what_is_settled_is_left_alone(
    town: Town, write: Write, mail: Any, run_jobs: Run, outbox: Outbox
) -> None:
    write()
    run_jobs()
    delivery.deliver(outbox()[0].id)
    delivery.deliver(1)
    assert len(mail.raw) == 1
