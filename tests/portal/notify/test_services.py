"""What staff do with messages."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal.core import tenancy
from portal.core.audit import AuditEntry
from portal.core.config import Mode
from portal.core.db import db, writing
from portal.core.errors import Conflict, Missing, NotAllowed
from portal.core.jobs import Job
from portal.core.tenancy import Town
from portal.notify import queries, services
from portal.notify.kinds import Delivery

Write = Callable[..., None]
Outbox = Callable[[], list[Any]]
Run = Callable[[], int]
As = Callable[..., Any]


@pytest.fixture
def dead(
    town: Town, write: Write, run_jobs: Run, outbox: Outbox, mail_server: Any, configure: Callable[..., None]
) -> int:
    """A message whose recipient was refused; the server takes the next one."""
    configure(smtp_url=mail_server.url)
    mail_server.answers["RCPT"] = ["550 unknown"]
    write()
    run_jobs()
    notice = outbox()[0]
    assert notice.state is Delivery.DEAD
    return int(notice.id)


class TestResend:
    def test_a_dead_letter_lives_again(
        self, dead: int, actor_as: As, run_jobs: Run, outbox: Outbox, mail_server: Any
    ) -> None:
        services.resend(actor_as("leader"), dead)
        assert outbox()[0].state is Delivery.WAITING
        assert outbox()[0].tries == 0
        assert run_jobs() == 1
        assert outbox()[0].state is Delivery.SENT
        assert mail_server.mails[0]["Message-ID"] == outbox()[0].message_id
        assert sorted(str(line.outcome) for line in queries.opened(dead).attempts) == [
            "Put back into the queue",
            "Refused for good",
            "Sent",
        ]

    def test_it_is_in_the_audit_log(self, dead: int, actor_as: As) -> None:
        leader = actor_as("leader")
        services.resend(leader, dead)
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "message.revived")).one()
        assert (entry.user_id, entry.subject) == (leader.user_id, f"message:{dead}")
        assert "people.example" not in str(entry.details)

    def test_twice_is_as_once(self, dead: int, actor_as: As, run_jobs: Run) -> None:
        services.resend(actor_as("leader"), dead)
        services.resend(actor_as("leader"), dead)
        assert run_jobs() == 1

    def test_a_message_whose_job_is_gone_gets_another(
        self, dead: int, actor_as: As, run_jobs: Run, outbox: Outbox
    ) -> None:
        with writing():
            db.session.delete(db.session.scalars(select(Job).where(Job.kind == "notify.send")).one())
        services.resend(actor_as("leader"), dead)
        assert run_jobs() == 1
        assert outbox()[0].state is Delivery.SENT

    def test_what_arrived_is_not_sent_twice(
        self, town: Town, write: Write, run_jobs: Run, outbox: Outbox, actor_as: As
    ) -> None:
        write()
        run_jobs()
        with pytest.raises(Conflict):
            services.resend(actor_as("leader"), outbox()[0].id)

    def test_not_by_others_and_not_from_elsewhere(self, dead: int, other_town: Town, actor_as: As) -> None:
        for role in ("visitor", "resident", "editor", "translator", "admin", "dpo", "steering", "expert"):
            with pytest.raises(NotAllowed):
                services.resend(actor_as(role), dead)
        stranger = actor_as("leader", other_town)
        with tenancy.within(other_town.id), pytest.raises(Missing):
            services.resend(stranger, dead)


class TestTickOff:
    @pytest.fixture
    def letter(self, town: Town, write: Write, run_jobs: Run, outbox: Outbox) -> int:
        values = {"token": "t-1", "link": "x"}
        write("test.link", values, secret=("token",), postal="Jan\nul. Próbna 1")
        run_jobs()
        return int(outbox()[0].id)

    def test_a_letter_is_posted(self, letter: int, actor_as: As, outbox: Outbox) -> None:
        services.tick_off(actor_as("operator"), letter, "By registered mail")
        notice = outbox()[0]
        assert notice.state is Delivery.DONE
        assert notice.sent_at is not None
        (attempt,) = queries.opened(letter).attempts
        assert attempt.note == "By registered mail"

    def test_its_secrets_are_gone_then(
        self, letter: int, actor_as: As, outbox: Outbox, configure: Callable[..., None]
    ) -> None:
        configure(mode=Mode.PRODUCTION)
        services.tick_off(actor_as("operator"), letter)
        assert outbox()[0].values is None
        assert "t-1" not in "".join(queries.opened(letter).paragraphs)

    def test_twice_is_as_once(self, letter: int, actor_as: As) -> None:
        services.tick_off(actor_as("operator"), letter)
        services.tick_off(actor_as("operator"), letter)
        assert len(queries.opened(letter).attempts) == 1

    def test_a_mail_is_not_ticked_off(self, dead: int, actor_as: As) -> None:
        with pytest.raises(Conflict):
            services.tick_off(actor_as("leader"), dead)


def test_a_case_forgotten_takes_its_messages_along(
    town: Town, write: Write, run_jobs: Run, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 1)
    write()
    write()
    write(about=("initiative", 6))
    run_jobs()
    with writing():
        assert services.forget("initiative", 5) == 2
    assert [notice.about_id for notice in outbox()] == [6]
