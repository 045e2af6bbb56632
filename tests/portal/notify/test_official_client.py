"""The stub of our tests against the official client of SMSAPI: what we ask it, SMSAPI would be asked as well.

The client is a package of the test set only (`smsapi-client`); the portal does without it (docs/adr/0012).
"""

from typing import Any

import pytest

from portal.notify.channels import DeliveryError, SmsGate
from tests.factories.letters import letter

client = pytest.importorskip("smsapi.client", reason="smsapi-client is not installed: python3 dev.py build")
exceptions = pytest.importorskip("smsapi.exception")


@pytest.fixture
def official(gate: Any) -> Any:
    return client.Client(gate.url.split("sms.do")[0], access_token="tok")


SMS = {"to": "+48601234567", "text": "Zażółć gęślą jaźń, ř", "index": "5f.0"}
REPORTS = "https://portal.example/sms/reports/first/word"


def test_both_ask_for_the_same(gate: Any, official: Any) -> None:
    found = official.sms.send(
        to="48601234567",
        message=SMS["text"],
        from_="LUBLIN",
        encoding="utf-8",
        idx="5f.9",
        check_idx=1,
        max_parts=6,
        notify_url=REPORTS,
    )
    assert [(one.number, one.status, one.idx) for one in found] == [("48601234567", "QUEUE", "5f.9")]
    SmsGate("first", gate.url, "tok", REPORTS).send(letter(**SMS))
    theirs, ours = gate.asked
    assert {**theirs, "idx": "5f.0"} == ours
    assert gate.tokens == ["Bearer tok"] * 2


def test_both_see_the_same_refusals(gate: Any, official: Any) -> None:
    official.sms.send(to="48601234567", message="x", idx="5f.0", check_idx=1)
    with pytest.raises(exceptions.SendException) as refused:
        official.sms.send(to="48601234567", message="x", idx="5f.0", check_idx=1)
    assert refused.value.code == 53
    assert SmsGate("first", gate.url, "tok").send(letter(**SMS)) == "first"
    with pytest.raises(exceptions.SendException) as unknown:
        official.sms.send(to="nobody", message="x")
    assert unknown.value.code == 13
    with pytest.raises(DeliveryError) as ours:
        SmsGate("first", gate.url, "tok").send(letter(**{**SMS, "to": "nobody", "index": "5f.1"}))
    assert ours.value.permanent
