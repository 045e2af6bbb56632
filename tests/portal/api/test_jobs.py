"""Messages to webhooks: signed, once, tried again, and stopped where nobody answers."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from portal.api import jobs, queries, rules, sending, services
from portal.core import clock
from portal.core.actor import Actor
from portal.core.calendar import to_local
from portal.core.db import db

Sent = list[tuple[str, bytes, dict[str, str]]]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What would have gone out."""
    told: Sent = []

    def post(address: str, body: bytes, headers: dict[str, str]) -> int:
        told.append((address, body, headers))
        return 204

    monkeypatch.setattr(sending, "post", post)
    return told


@pytest.fixture
def made(admin: Actor) -> int:
    """A webhook with one message waiting."""
    made = services.make_webhook(admin, "R", "https://example.org/hook", ["initiative"], "k")
    services.try_webhook(admin, made)
    return made


def test_a_message_goes_out_once_and_signed(made: int, wire: Sent, run_jobs: Callable[[], int]) -> None:
    run_jobs()
    run_jobs()
    ((address, body, headers),) = wire
    assert (address, json.loads(body)["event"]) == ("https://example.org/hook", "ping")
    secret = (queries.webhook(made).secret or "").encode()
    signed = rules.signature(secret, headers["Webhook-Id"], int(headers["Webhook-Timestamp"]), body)
    assert headers["Webhook-Signature"] == signed
    (row,) = queries.deliveries(made)
    assert (row.tries, row.status, row.done_at is not None) == (1, 204, True)


def test_what_was_delivered_is_not_sent_again(made: int, wire: Sent, run_jobs: Callable[[], int]) -> None:
    run_jobs()
    jobs.deliver({"delivery": queries.deliveries(made)[0].id})
    assert len(wire) == 1


def test_a_server_that_refuses_is_asked_again_later(
    made: int, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch, frozen: Callable[[str], None]
) -> None:
    def refuse(*_: object) -> int:
        raise sending.NotSent("The server answered 500.", 500)

    monkeypatch.setattr(sending, "post", refuse)
    run_jobs()
    (row,) = queries.deliveries(made)
    assert (row.tries, row.status, row.told, row.done_at) == (1, 500, "The server answered 500.", None)
    assert queries.webhook(made).failures == 1
    monkeypatch.setattr(sending, "post", lambda *_: 200)
    frozen(to_local(clock.now() + timedelta(hours=1), "Europe/Warsaw").strftime("%Y-%m-%d %H:%M"))
    run_jobs()
    (row,) = queries.deliveries(made)
    assert (row.tries, row.status, queries.webhook(made).failures) == (2, 200, 0)


def test_a_webhook_that_only_fails_is_stopped(
    made: int, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise sending.NotSent("No answer: TimeoutError.")

    monkeypatch.setattr(sending, "post", refuse)
    monkeypatch.setattr(rules, "FAILURES_TO_STOP", 1)
    run_jobs()
    assert queries.webhook(made).stopped_at is not None


def test_a_stopped_or_removed_webhook_gets_nothing(
    admin: Actor, made: int, wire: Sent, run_jobs: Callable[[], int]
) -> None:
    services.switch_webhook(admin, made, on=False)
    run_jobs()
    jobs.deliver({"delivery": 999})
    assert wire == []


def test_the_wire_is_asked_outside_any_transaction(
    made: int, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def look(*_: Any) -> int:
        seen.append(db.session().in_transaction())
        return 200

    monkeypatch.setattr(sending, "post", look)
    run_jobs()
    assert seen == [False]
