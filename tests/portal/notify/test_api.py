"""Delivery reports of the gates: secret, idempotent, and never the end of the portal."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.core.config import Mode
from portal.core.tenancy import Town
from portal.notify import services
from portal.notify.channels import report_secret
from portal.notify.kinds import Delivery, Report

Outbox = Callable[[], list[Any]]
MOBILE = "+48601234567"


@pytest.fixture
def sent(
    town: Town,
    write: Callable[..., None],
    gate: Any,
    configure: Callable[..., None],
    run_jobs: Callable[[], int],
    outbox: Outbox,
) -> str:
    """An SMS with a secret link that the gate took; its index there."""
    configure(mode=Mode.PRODUCTION, sms_url=gate.url)
    write(
        "test.link", {"token": "t1", "link": "https://p.example/t1"}, secret=("token", "link"), phone=MOBILE
    )
    run_jobs()
    (notice,) = outbox()
    assert notice.state is Delivery.SENT
    return f"{notice.id:x}.0"


def tell(client: Any, index: str, status: str, secret: str | None = None, **more: str) -> Any:
    word = report_secret("first") if secret is None else secret
    query = {"MsgId": "1", "idx": index, "status": status, "to": "48601234567", **more}
    return client.get(f"/sms/reports/first/{word}", query_string=query)


def test_the_gate_is_given_the_address_that_works(sent: str, gate: Any, client: Any, outbox: Outbox) -> None:
    path = gate.taken[0]["notify_url"].split("/", 3)[3]
    answer = client.post(f"/{path}", data={"idx": sent, "status": "404"})
    assert (answer.status_code, answer.text) == (200, "OK")
    assert outbox()[0].report is Report.DELIVERED


def test_an_sms_that_arrived_keeps_no_secret(sent: str, client: Any, outbox: Outbox, story_of: Any) -> None:
    assert outbox()[0].values is not None
    for _ in range(3):
        assert tell(client, sent, "404").text == "OK"
    (notice,) = outbox()
    assert (notice.state, notice.report, notice.values) == (Delivery.SENT, Report.DELIVERED, None)
    assert notice.reported_at is not None
    assert story_of(notice.id) == ["sent", "arrived"]


def test_one_that_did_not_arrive_is_a_dead_letter_and_can_be_sent_anew(
    sent: str,
    client: Any,
    gate: Any,
    outbox: Outbox,
    story_of: Any,
    actor_as: Callable[..., Any],
    later: Callable[..., int],
) -> None:
    tell(client, sent, "405")
    tell(client, sent, "405")
    (notice,) = outbox()
    assert notice.state is Delivery.DEAD
    services.resend(actor_as("leader"), notice.id)
    later(minutes=2)
    (notice,) = outbox()
    assert notice.state is Delivery.SENT
    assert [fields["idx"] for fields in gate.taken] == [sent, sent.replace(".0", ".1")]
    assert gate.texts[0] == gate.texts[1]
    # A late word about the first one says nothing of the second.
    tell(client, sent, "404")
    assert outbox()[0].report is None
    tell(client, sent.replace(".0", ".1"), "404")
    assert outbox()[0].report is Report.DELIVERED
    assert sorted(story_of(notice.id)) == ["arrived", "lost", "revived", "sent", "sent"]


def test_what_arrived_stays_arrived(sent: str, client: Any, outbox: Outbox) -> None:
    tell(client, sent, "404")
    tell(client, sent, "405")
    assert outbox()[0].state is Delivery.SENT
    assert outbox()[0].report is Report.DELIVERED


def test_a_phone_switched_on_late_revives_the_message(sent: str, client: Any, outbox: Outbox) -> None:
    tell(client, sent, "402")
    assert outbox()[0].state is Delivery.DEAD
    tell(client, sent, "404")
    assert outbox()[0].state is Delivery.SENT


def test_several_reports_come_in_one_request(sent: str, client: Any, outbox: Outbox) -> None:
    tell(client, f"nonsense,{sent},77.0", "404,404,404", MsgId="1,2,3")
    assert outbox()[0].report is Report.DELIVERED


@pytest.mark.parametrize("status", ["403", "409", "410", "", "x"])
def test_what_is_under_way_changes_nothing(sent: str, client: Any, outbox: Outbox, status: str) -> None:
    assert tell(client, sent, status).status_code == 200
    assert outbox()[0].report is None


@pytest.mark.parametrize("index", ["", "x", "-1.0", "1", "f" * 40 + ".0", "½.0", "\x00.0"])
def test_strange_indexes_are_nobodys(sent: str, client: Any, outbox: Outbox, index: str) -> None:
    assert tell(client, index, "404").status_code == 200
    assert outbox()[0].report is None


@pytest.mark.parametrize("secret", ["x", "", "ż", "0" * 40])
def test_without_the_secret_there_is_nothing(sent: str, client: Any, outbox: Outbox, secret: str) -> None:
    assert tell(client, sent, "404", secret=secret).status_code == 404
    assert outbox()[0].report is None


def test_a_gate_speaks_of_its_own_sms_only(sent: str, client: Any, outbox: Outbox) -> None:
    word = report_secret("second")
    assert word != report_secret("first")
    assert (
        client.get(f"/sms/reports/second/{word}", query_string={"idx": sent, "status": "404"}).status_code
        == 200
    )
    assert outbox()[0].report is None
    assert client.get(f"/sms/reports/third/{word}").status_code == 404


def test_without_its_secret_a_dead_sms_is_not_sent_again(
    sent: str, client: Any, outbox: Outbox, actor_as: Callable[..., Any]
) -> None:
    from portal.core.db import writing
    from portal.core.errors import Conflict

    tell(client, sent, "405")
    with writing():
        notice = outbox()[0]
        from portal.core.db import db

        db.session.merge(notice).values_sealed = None
    with pytest.raises(Conflict):
        services.resend(actor_as("leader"), outbox()[0].id)
