"""SMS from the row to the gate: letters, limits, budgets, switches, alarms, and the way on by e-mail."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from portal.core import clock, tenancy
from portal.core.actor import COMMANDER
from portal.core.db import db, writing
from portal.core.jobs import run_daily
from portal.core.tenancy import Town
from portal.notify import delivery, outbox, queries, services, sms
from portal.notify.kinds import Channel, Delivery, Report
from portal.notify.models import MessageRule, Notice, SmsDay

Write = Callable[..., None]
Outbox = Callable[[], list[Any]]
Run = Callable[[], int]
Later = Callable[..., int]
MOBILE = "+48601234567"


@pytest.fixture
def live(gate: Any, configure: Callable[..., None]) -> Any:
    """SMS go to the gate of this test."""
    configure(sms_url=gate.url, sms_token="tok")
    return gate


def decide(place: int, **values: Any) -> None:
    with writing():
        db.session.add(MessageRule(place=place, **{"parts_a_day": 1000, **values}))


def states(outbox: Outbox) -> list[str]:
    return sorted(notice.state.value for notice in outbox())


def test_the_gate_gets_own_index_and_the_row_tells_gate_and_parts(
    town: Town, write: Write, live: Any, run_jobs: Run, outbox: Outbox
) -> None:
    write(phone=MOBILE)
    run_jobs()
    (notice,) = outbox()
    (asked,) = live.taken
    assert asked["idx"] == f"{notice.id:x}.0"
    assert (notice.gate, notice.parts, notice.report) == ("first", 1, None)
    assert queries.opened(notice.id).parts == 1


def test_a_worker_killed_after_sending_costs_one_sms(
    town: Town,
    write: Write,
    live: Any,
    run_jobs: Run,
    later: Later,
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        """As kill -9 between the gate's answer and our note of it."""

    def die(*_: Any) -> None:
        raise Killed

    write(phone=MOBILE)
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_sent", die)
        with pytest.raises(Killed):
            run_jobs()
    db.session.rollback()
    later(minutes=3)
    assert states(outbox) == ["sent"]
    assert len(live.asked) == 2
    assert len(live.taken) == 1


def test_an_office_may_drop_the_marks_of_letters(town: Town, write: Write, live: Any, run_jobs: Run) -> None:
    write("test.link", {"link": "https://x.example/ą"}, phone=MOBILE)
    run_jobs()
    decide(town.id, folds=True)
    write("test.link", {"link": "https://x.example/ą"}, phone="+48602234567")
    run_jobs()
    assert live.texts == ["Lublin: Your link. https://x.example/ą", "Lublin: Your link. https://x.example/a"]


def test_a_text_of_more_than_six_parts_is_no_sms(
    town: Town, write: Write, live: Any, run_jobs: Run, outbox: Outbox
) -> None:
    write("test.short", {"number": "x" * 1000}, phone=MOBILE)
    run_jobs()
    assert states(outbox) == ["dead"]
    assert live.asked == []


@pytest.mark.parametrize("phone", ["+447911123456", "+48817654321", "+48701234567"])
def test_no_other_number_ever_reaches_the_gate(
    town: Town, write: Write, live: Any, run_jobs: Run, outbox: Outbox, phone: str
) -> None:
    """Also not where the row was written otherwise, by an import or an older release."""
    write(phone=MOBILE)
    with writing():
        for notice in db.session.query(Notice):
            notice.phone = phone
    run_jobs()
    assert states(outbox) == ["dead"]
    assert live.asked == []


class TestLimits:
    def test_an_outage_uses_nothing_up(
        self, town: Town, write: Write, live: Any, later: Later, outbox: Outbox
    ) -> None:
        """Nor does it end the message within the four hours of R63."""
        live.stop()
        write(phone=MOBILE)
        for _ in range(12):
            later(minutes=75)
        assert states(outbox) == ["failed"]
        assert db.session.query(SmsDay.parts).all()[-1] == (0,)
        live.start()
        later(minutes=75)
        assert states(outbox) == ["sent"]
        assert sms.used(town.id, clock.today(town.zone)) == 1

    def test_a_silent_gate_is_counted_because_it_may_have_sent(
        self, town: Town, write: Write, live: Any, run_jobs: Run
    ) -> None:
        live.answer = b"<html>"
        write(phone=MOBILE)
        run_jobs()
        assert sms.used(town.id, clock.today(town.zone)) == 1

    def test_five_a_day_per_number(
        self, town: Town, write: Write, live: Any, later: Later, outbox: Outbox
    ) -> None:
        for _ in range(6):
            write(phone=MOBILE)
            later(minutes=2)
        assert states(outbox) == ["failed", *["sent"] * 5]

    def test_twenty_an_hour_per_network_of_visitors(
        self, app: Any, town: Town, write: Write, live: Any, run_jobs: Run, outbox: Outbox
    ) -> None:
        with app.test_request_context("/pl/lublin", environ_base={"REMOTE_ADDR": "192.0.2.7"}):
            for number in range(21):
                write(phone=f"+48601234{number:03}")
        run_jobs()
        assert states(outbox) == ["failed", *["sent"] * 20]
        assert {notice.network_key for notice in outbox() if notice.state is Delivery.SENT} == {None}

    def test_staff_and_jobs_are_not_counted_by_network(
        self, app: Any, town: Town, write: Write, live: Any, run_jobs: Run, outbox: Outbox
    ) -> None:
        for number in range(21):
            write(phone=f"+48601234{number:03}")
        run_jobs()
        assert states(outbox) == ["sent"] * 21

    def test_a_budget_counts_parts_and_begins_anew_next_day(
        self, town: Town, write: Write, live: Any, run_jobs: Run, later: Later, outbox: Outbox
    ) -> None:
        decide(town.id, parts_a_day=3)
        write("test.short", {"number": "ą" * 80}, phone="+48601234561")
        run_jobs()
        write("test.short", {"number": "ą" * 80}, phone="+48601234562")
        run_jobs()
        assert states(outbox) == ["failed", "sent"]
        write(phone="+48601234563")
        run_jobs()
        assert states(outbox) == ["failed", "sent", "sent"]
        later(hours=25)
        assert states(outbox) == ["sent"] * 3

    def test_towns_have_a_budget_each(
        self, town: Town, other_town: Town, write: Write, live: Any, run_jobs: Run, outbox: Outbox
    ) -> None:
        decide(town.id, parts_a_day=0)
        write(phone=MOBILE)
        with tenancy.within(other_town.id):
            write(phone="+420601234567")
        run_jobs()
        assert states(outbox) == ["failed", "sent"]

    def test_administrators_and_portal_operators_hear_of_four_fifths_once(
        self,
        town: Town,
        actor_as: Callable[..., Any],
        write: Write,
        live: Any,
        run_jobs: Run,
        outbox: Outbox,
    ) -> None:
        for role in ("admin", "leader"):
            actor_as(role)
        actor_as("portal_operator", None)
        decide(town.id, parts_a_day=5)
        for number in range(5):
            write(phone=f"+4860123456{number}")
        run_jobs()
        alarms = [notice for notice in outbox() if notice.code == delivery.BUDGET_NOTICE]
        assert len(alarms) == 2
        assert {notice.channel for notice in alarms} == {Channel.MAIL}
        assert {notice.state for notice in alarms} == {Delivery.SENT}
        assert "4" in alarms[0].body
        assert "/lublin/desk/messages/settings" in alarms[0].body


class TestSwitch:
    def test_while_they_are_stopped_another_way_is_taken(
        self, town: Town, write: Write, outbox: Outbox
    ) -> None:
        services.stop(COMMANDER, town.id, "attack")
        write(phone=MOBILE, postal="Jan\nul. Próbna 1")
        write(phone=MOBILE)
        assert sorted(notice.channel for notice in outbox()) == ["letter", "phone"]

    @pytest.mark.parametrize("everywhere", [True, False])
    def test_what_waits_already_waits_on_and_goes_out_later(
        self,
        town: Town,
        write: Write,
        live: Any,
        run_jobs: Run,
        later: Later,
        outbox: Outbox,
        everywhere: bool,
    ) -> None:
        place = sms.INSTALLATION if everywhere else town.id
        write(phone=MOBILE)
        services.stop(COMMANDER, place, "attack")
        run_jobs()
        assert states(outbox) == ["failed"]
        assert live.asked == []
        services.start(COMMANDER, place)
        later(minutes=10)
        assert states(outbox) == ["sent"]

    def test_another_town_goes_on(
        self, town: Town, other_town: Town, write: Write, live: Any, run_jobs: Run, outbox: Outbox
    ) -> None:
        services.stop(COMMANDER, town.id, "attack")
        with tenancy.within(other_town.id):
            write(phone="+420601234567")
        run_jobs()
        assert states(outbox) == ["sent"]


class TestOnByMail:
    def both(self, write: Write, **more: Any) -> None:
        contact = {"phone": MOBILE, "email": "jan@people.example", "prefers": Channel.SMS}
        write("test.link", {"token": "t1", "link": "x"}, secret=("token",), **contact, **more)

    def test_a_refused_number_is_written_to_at_once(
        self, town: Town, write: Write, live: Any, run_jobs: Run, outbox: Outbox, story_of: Any
    ) -> None:
        live.answer = b'{"error": 13}'
        self.both(write)
        run_jobs()
        (notice,) = outbox()
        assert (notice.channel, notice.state) == (Channel.MAIL, Delivery.SENT)
        assert story_of(notice.id) == ["refused", "rerouted", "sent"]
        assert notice.html is not None

    def test_gates_that_are_down_are_waited_for_a_quarter_of_an_hour(
        self, town: Town, write: Write, live: Any, run_jobs: Run, later: Later, outbox: Outbox, story_of: Any
    ) -> None:
        live.stop()
        self.both(write)
        run_jobs()
        later(minutes=7)
        assert states(outbox) == ["failed"]
        later(minutes=13)
        assert states(outbox) == ["sent"]
        assert sorted(story_of(outbox()[0].id)) == ["failed", "failed", "failed", "rerouted", "sent"]

    def test_without_an_address_it_goes_on_trying(
        self, town: Town, write: Write, live: Any, run_jobs: Run, later: Later, outbox: Outbox
    ) -> None:
        live.stop()
        write(phone=MOBILE)
        for _ in range(5):
            later(hours=1.3)
        assert states(outbox) == ["failed"]
        assert outbox()[0].channel is Channel.SMS

    def test_a_report_that_it_did_not_arrive_sends_it_on(
        self, town: Town, write: Write, live: Any, run_jobs: Run, outbox: Outbox, story_of: Any
    ) -> None:
        self.both(write)
        run_jobs()
        (notice,) = outbox()
        delivery.take_report("first", f"{notice.id:x}.0", Report.UNDELIVERED)
        run_jobs()
        (notice,) = outbox()
        assert (notice.channel, notice.state) == (Channel.MAIL, Delivery.SENT)
        assert story_of(notice.id) == ["sent", "lost", "rerouted", "sent"]


def test_secrets_of_an_sms_go_when_no_report_comes(
    town: Town,
    write: Write,
    live: Any,
    run_jobs: Run,
    later: Later,
    outbox: Outbox,
    configure: Callable[..., None],
) -> None:
    from portal.core.config import Mode

    configure(mode=Mode.PRODUCTION, sms_url=live.url)
    write("test.link", {"token": "t1", "link": "x"}, secret=("token",), phone=MOBILE)
    run_jobs()
    assert outbox()[0].values is not None
    later(days=5)
    run_daily({"key": "notify.sweep"})
    assert outbox()[0].values is None


def test_gates_and_ways_are_counted_for_the_portal_operator(
    town: Town, write: Write, live: Any, run_jobs: Run, later: Later
) -> None:
    for number in range(3):
        write(phone=f"+4860123456{number}")
    write()
    run_jobs()
    rows = db.session.query(Notice).filter(Notice.gate == "first").all()
    delivery.take_report("first", f"{rows[0].id:x}.0", Report.DELIVERED)
    later(hours=2)
    (health,) = queries.gate_health()
    assert (health.taken, health.delivered, health.undelivered, health.silent) == (3, 1, 0, 2)
    assert health.share == 1
    assert not health.is_unwell
    assert [(way.channel.value, way.waiting, way.failing) for way in queries.way_health()] == [
        ("mail", 0, 0),
        ("sms", 0, 0),
    ]


def test_a_gate_that_loses_many_needs_a_look(town: Town, write: Write, live: Any, run_jobs: Run) -> None:
    for number in range(10):
        write(phone=f"+4860123456{number}")
    run_jobs()
    with writing():
        db.session.execute(update(Notice).values(report=Report.UNDELIVERED))
    (health,) = queries.gate_health()
    assert health.share == 0
    assert health.is_unwell
    assert outbox.recipient_key("x") != ""
