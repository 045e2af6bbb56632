"""Delivery through outages: at least once, the same bytes under the same Message-ID, dead letters that show."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from portal.core import clock, tenancy
from portal.core.config import Mode
from portal.core.db import db, writing
from portal.core.i18n import speaking
from portal.core.jobs import LEASE, Job
from portal.core.tenancy import Town
from portal.notify import channels, delivery, kinds, queries, sms
from portal.notify.channels import Letter
from portal.notify.kinds import Channel, Delivery, Outcome, Trouble, trouble
from portal.notify.models import Attempt
from portal.notify.render import order_of

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


class TestHandedOver:
    """What a channel is given of a message, and what is kept of the answer."""

    @pytest.fixture
    def letters(self, monkeypatch: pytest.MonkeyPatch) -> list[Letter]:
        given: list[Letter] = []

        def send(letter: Letter) -> str | None:
            given.append(letter)
            if len(given) == 1 and letter.to.startswith("first"):
                raise ValueError("first@people.example is odd")
            return "gate-1" if letter.to.startswith("+") else None

        monkeypatch.setattr(channels, "sender", lambda _channel, _settings: SimpleNamespace(send=send))
        return given

    def test_a_mail(
        self, town: Town, write: Write, letters: list[Letter], run_jobs: Run, outbox: Outbox
    ) -> None:
        write("test.plain", {"unsubscribe": "/stop/t1"}, locale="cs", email="jan@people.example")
        run_jobs()
        ([letter], (notice,)) = (letters, outbox())
        assert (letter.message_id, letter.to, letter.at) == (
            notice.message_id,
            "jan@people.example",
            notice.created_at,
        )
        assert (letter.subject, letter.text) == (notice.subject, notice.body)
        assert letter.html == notice.html
        assert letter.html
        assert letter.sender == "Lublin"
        assert letter.reply_to == town.contact["email"]
        assert letter.unsubscribe is not None
        assert letter.unsubscribe.endswith("/cs/stop/t1")
        assert (letter.index, letter.tries) == (f"{notice.id:x}.0", 0)
        assert (notice.gate, notice.parts, notice.report) == (None, None, None)

    def test_an_sms(
        self, town: Town, write: Write, letters: list[Letter], run_jobs: Run, outbox: Outbox
    ) -> None:
        write("test.short", {"number": "ą" * 80}, phone="+48601234567")
        run_jobs()
        ([letter], (notice,)) = (letters, outbox())
        assert (letter.to, letter.html, letter.unsubscribe) == ("+48601234567", None, None)
        assert letter.text.startswith("Short words for ą")
        assert (notice.gate, notice.parts) == ("gate-1", 2)

    def test_what_a_foreign_error_says_is_kept_nowhere(
        self,
        town: Town,
        write: Write,
        letters: list[Letter],
        run_jobs: Run,
        later: Callable[..., int],
        outbox: Outbox,
    ) -> None:
        write(email="first@people.example")
        run_jobs()
        (notice,) = outbox()
        assert (notice.state, notice.tries, notice.sent_at) == (Delivery.FAILED, 1, None)
        [attempt] = db.session.scalars(select(Attempt)).all()
        assert (attempt.error, attempt.outcome, attempt.municipality_id) == (
            "ValueError",
            Outcome.FAILED,
            town.id,
        )
        later(hours=1)
        assert [letter.tries for letter in letters] == [0, 1]
        assert {letter.message_id for letter in letters} == {notice.message_id}

    def test_no_more_letters_than_an_sms_may_have(
        self, town: Town, write: Write, letters: list[Letter], run_jobs: Run, outbox: Outbox
    ) -> None:
        write("test.short", {"number": "ą" * 1000}, phone="+48601234567")
        run_jobs()
        assert letters == []
        assert outbox()[0].state is Delivery.DEAD
        [error] = db.session.scalars(select(Attempt.error)).all()
        assert error == Trouble.SMS_TOO_LONG
        with speaking("pl"):  # Staff read it in their language; what a gate answered stays as it is.
            assert (str(trouble(error)), trouble("550 no"), trouble(None)) == (
                "Tekst jest za długi na SMS.", "550 no", "",
            )  # fmt: skip


class TestAlarm:
    def alarms(self, outbox: Outbox) -> list[Any]:
        return [notice for notice in outbox() if notice.code == delivery.BUDGET_NOTICE]

    def test_is_told_once_a_day_to_each(
        self,
        town: Town,
        actor_as: Callable[..., Any],
        later: Callable[..., int],
        outbox: Outbox,
    ) -> None:
        for role, where in (("admin", town), ("admin", town), ("portal_operator", None)):
            actor_as(role, where)
        for used in (800, 900):
            with writing():
                delivery._warn(town.id, town.zone, used, 1000)
        told = self.alarms(outbox)
        assert len({notice.email for notice in told}) == len(told) == 3
        for notice in told:
            assert order_of(notice).values == {"used": 800, "budget": 1000, "whole": False}
        later(days=1)
        with writing():
            delivery._warn(town.id, town.zone, 800, 1000)
        assert len(self.alarms(outbox)) == 6

    def test_of_the_installation_is_for_those_who_run_it(
        self, town: Town, actor_as: Callable[..., Any], outbox: Outbox
    ) -> None:
        actor_as("admin")
        actor_as("portal_operator", None)
        with tenancy.unscoped("as a message of the installation"), writing():
            delivery._warn(sms.INSTALLATION, town.zone, 80, 100)
        [told] = self.alarms(outbox)
        assert order_of(told).values["whole"] is True


class TestReroute:
    @pytest.mark.parametrize(
        "contact", [{"email": "jan@people.example"}, {"phone": "+48601234567"}], ids=["mail", "no address"]
    )
    def test_there_is_no_other_way(
        self, town: Town, write: Write, outbox: Outbox, contact: dict[str, str]
    ) -> None:
        write(**contact)
        [notice] = outbox()
        assert not delivery.reroute(notice)
        assert notice.state is Delivery.WAITING

    def test_by_mail_it_begins_anew(
        self, town: Town, write: Write, run_jobs: Run, outbox: Outbox, mail: Any
    ) -> None:
        write(phone="+48601234567", email="jan@people.example", prefers=Channel.SMS)
        run_jobs()
        with writing():
            [notice] = outbox()
            notice.tries = 2
            assert delivery.reroute(notice)
        [notice] = outbox()
        assert (notice.channel, notice.state, notice.tries) == (Channel.MAIL, Delivery.WAITING, 0)
        assert (notice.subject, notice.body, notice.html) == (None, None, None)
        run_jobs()
        assert [received["To"] for received in mail.mails] == ["jan@people.example"]
        assert story(notice.id)[-2:] == ["rerouted", "sent"]

    def test_not_without_what_it_is_made_from(self, town: Town, write: Write, outbox: Outbox) -> None:
        write(phone="+48601234567", email="jan@people.example", prefers=Channel.SMS)
        [notice] = outbox()
        notice.values_sealed = None
        assert not delivery.reroute(notice)


def test_a_step_of_the_story_says_who_and_why(
    town: Town, write: Write, actor_as: Callable[..., Any], outbox: Outbox
) -> None:
    write()
    leader, [notice] = actor_as("leader"), outbox()
    with writing():
        delivery.record(notice.id, Outcome.REVIVED, user_id=leader.user_id, note="New address")
        delivery.record(notice.id, Outcome.SENT)
    first, second = db.session.scalars(select(Attempt).order_by(Attempt.at, Attempt.outcome)).all()
    assert (first.user_id, first.note, first.error) == (leader.user_id, "New address", None)
    assert (second.user_id, second.note) == (None, None)
    assert {first.municipality_id, second.municipality_id} == {town.id}
