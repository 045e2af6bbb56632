"""Writing messages: one row and one job, in the transaction of the act."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.core import tenancy
from portal.core.config import Mode
from portal.core.db import db, writing
from portal.core.jobs import Job
from portal.core.tenancy import Town
from portal.notify import outbox as door
from portal.notify.channels import mail_host
from portal.notify.kinds import Channel, Delivery
from portal.notify.outbox import Recipient, channel_of, fan_out, provide

MOBILE = "+48601234567"
LANDLINE = "+48817654321"


def jobs_of(kind: str) -> int:
    return db.session.scalar(select(func.count(Job.id)).where(Job.kind == kind)) or 0


@pytest.mark.parametrize(
    ("contact", "channel"),
    [
        ({"email": "a@b.example", "phone": MOBILE, "postal": "x"}, Channel.MAIL),
        ({"phone": MOBILE, "postal": "x"}, Channel.SMS),
        ({"phone": "+420601234567"}, Channel.SMS),
        ({"phone": LANDLINE, "postal": "x"}, Channel.LETTER),
        ({"phone": "+447911123456", "postal": "x"}, Channel.LETTER),
        ({"postal": "x"}, Channel.LETTER),
        ({"phone": LANDLINE}, Channel.PHONE),
        ({"phone": "+447911123456"}, Channel.PHONE),
        ({"phone": "not a number"}, Channel.PHONE),
        ({"name": "Jan"}, None),
        ({"email": "a@b.example", "phone": MOBILE, "prefers": Channel.SMS}, Channel.SMS),
        ({"email": "a@b.example", "phone": LANDLINE, "prefers": Channel.SMS}, Channel.MAIL),
        ({"phone": MOBILE, "postal": "x", "prefers": Channel.LETTER}, Channel.LETTER),
        ({"phone": MOBILE, "prefers": Channel.MAIL}, Channel.SMS),
    ],
)
def test_the_first_way_that_is_known_is_taken(app: Flask, contact: dict[str, Any], channel: Channel) -> None:
    assert channel_of(Recipient(locale="pl", **contact)) is channel


def test_without_an_sms_gate_production_makes_a_call_of_it(configure: Callable[..., None]) -> None:
    configure(mode=Mode.PRODUCTION)
    assert channel_of(Recipient(locale="pl", phone=MOBILE)) is Channel.PHONE
    configure(sms_url="https://gate.example/sms.do")
    assert channel_of(Recipient(locale="pl", phone=MOBILE)) is Channel.SMS


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://portal.lublin.example", "portal.lublin.example"),
        ("http://127.0.0.1:8000", "portal.example"),
        ("http://localhost:8000", "portal.example"),
    ],
)
def test_mail_comes_from_a_domain(
    app: Flask, configure: Callable[..., None], base_url: str, host: str
) -> None:
    configure(base_url=base_url)
    assert mail_host(app.extensions["portal.settings"]) == host


def test_a_message_and_its_job_are_written_together(
    town: Town, write: Callable[..., None], outbox: Callable[[], list[Any]]
) -> None:
    write(values={"number": "LUB-I-2026-0042"}, email="jan@people.example", name="Jan", user_id=9)
    (notice,) = outbox()
    assert (notice.state, notice.channel, notice.municipality_id) == (Delivery.WAITING, Channel.MAIL, town.id)
    assert (notice.about_kind, notice.about_id, notice.user_id) == ("initiative", 5, 9)
    assert (notice.email, notice.name, notice.body) == ("jan@people.example", "Jan", None)
    assert "jan" not in notice.email_sealed
    assert jobs_of("notify.send") == 1


def test_an_act_that_fails_leaves_no_message(
    town: Town, kinds: None, outbox: Callable[[], list[Any]]
) -> None:
    def fail() -> None:
        with writing():
            door.send("test.plain", Recipient(locale="pl", email="a@b.example"), {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert outbox() == []
    assert jobs_of("notify.send") == 0


def test_messages_are_written_inside_a_use_case_only(town: Town, kinds: None) -> None:
    with pytest.raises(RuntimeError, match="use case"):
        door.send("test.plain", Recipient(locale="pl", email="a@b.example"), {})
    with pytest.raises(RuntimeError, match="use case"):
        fan_out("test.plain", {}, ("initiative", 5), "nobody")


def test_a_code_nobody_registered_is_an_error(town: Town, write: Callable[..., None]) -> None:
    with pytest.raises(KeyError):
        write("test.unknown")


def test_somebody_who_cannot_be_reached_gets_none(
    town: Town, write: Callable[..., None], outbox: Callable[[], list[Any]]
) -> None:
    write(name="Jan")
    assert outbox() == []


def test_the_same_reminder_is_written_once(
    town: Town, write: Callable[..., None], outbox: Callable[[], list[Any]]
) -> None:
    write(dedupe="reminder:5")
    write(dedupe="reminder:5")
    write(dedupe="reminder:6")
    assert len(outbox()) == 2
    assert jobs_of("notify.send") == 2


def test_a_message_of_the_installation_has_no_municipality(
    app: Flask, write_for_nobody: Callable[..., None], outbox: Callable[[], list[Any]]
) -> None:
    write_for_nobody()
    (notice,) = outbox()
    assert notice.municipality_id is None
    assert notice.email == "jan@people.example"


class TestFanOut:
    @pytest.fixture
    def followers(self) -> list[Recipient]:
        people = [
            Recipient(locale="pl", email="jan@people.example"),
            Recipient(locale="cs", email="eva@people.example"),
            Recipient(locale="pl", phone=MOBILE),
            Recipient(locale="pl", name="Nobody"),
        ]
        provide("test.followers", lambda about: people if about == ("initiative", 5) else [])
        return people

    def tell(self, dedupe: str | None = None) -> None:
        with writing():
            fan_out("test.plain", {"number": "1"}, ("initiative", 5), "test.followers", dedupe=dedupe)

    def test_one_job_becomes_one_message_each(
        self,
        town: Town,
        kinds: None,
        followers: list[Recipient],
        run_jobs: Callable[[], int],
        outbox: Callable[[], list[Any]],
    ) -> None:
        self.tell()
        assert outbox() == []
        assert run_jobs() == 4
        assert sorted(notice.channel for notice in outbox()) == [Channel.MAIL, Channel.MAIL, Channel.SMS]
        assert {notice.municipality_id for notice in outbox()} == {town.id}

    def test_the_same_wave_is_planned_once(self, town: Town, kinds: None, followers: list[Recipient]) -> None:
        self.tell("decided:5")
        self.tell("decided:5")
        assert jobs_of("notify.fan-out") == 1

    def test_a_wave_run_again_tells_nobody_twice(
        self,
        town: Town,
        kinds: None,
        followers: list[Recipient],
        outbox: Callable[[], list[Any]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from portal.notify import jobs as due
        from portal.notify.values import pack

        monkeypatch.setattr(due, "BATCH", 1)
        payload = {
            "code": "test.plain",
            "values": pack({}),
            "about": ["initiative", 5],
            "audience": "test.followers",
            "wave": "w1",
        }
        due.fan_out(payload)
        tenancy.enter(town.id)
        due.fan_out(payload)
        assert len(outbox()) == 3
