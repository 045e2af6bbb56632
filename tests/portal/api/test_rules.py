"""Signatures, addresses of webhooks, and the document made from operations."""

import pytest
from openapi_spec_validator import validate

from portal.api import rules
from portal.core.registry import ApiRoute

OPERATION = ApiRoute(
    "/towns/<slug:town>/things/<int:thing_id>/<verb>",
    "act",
    "Act.",
    lambda: None,
    {"type": "object"},
    permission="thing.act",
    method="POST",
    body={"type": "object"},
    status=201,
)


def test_a_signature_is_that_of_standard_webhooks() -> None:
    # Worked out once by hand with another program (openssl dgst -sha256 -hmac).
    assert (
        rules.signature(b"secret", "msg_1", 1_700_000_000, b"{}")
        == "v1,A5oIrJxXPB/PkULSoVu0e4khvPiqpF9vljmhkSKg0FI="
    )


@pytest.mark.parametrize("address", ["https://example.org/hook", "https://hooks.example.org:8443/a?b=c"])
def test_a_public_https_address_is_good(address: str) -> None:
    assert rules.target_problem(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/hook",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://127.1/",
        "https://localhost/",
        "https://user@example.org/",
        "https://example.org:22/",
        "https://example.org:99999/",
        "https://[/",
        "https://",
        "hook",
        "",
    ],
)
def test_any_other_address_is_refused(address: str) -> None:
    assert rules.target_problem(address)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - a value
    ],
)
def test_only_the_public_network_is_public(address: str, public: bool) -> None:
    assert rules.is_public(address) is public


def test_an_operation_is_described_with_all_it_takes_and_refuses() -> None:
    document = rules.document(
        [OPERATION], {}, {"lang": {"enum": ["pl"]}}, root="https://portal.example/api/v1", version="1"
    )
    validate(document)
    told = document["paths"]["/towns/{town}/things/{thing_id}/{verb}"]["post"]
    assert [(p["name"], p["in"], p["required"]) for p in told["parameters"]] == [
        ("town", "path", True),
        ("thing_id", "path", True),
        ("verb", "path", True),
        ("lang", "query", False),
    ]
    assert set(told["responses"]) == {
        "201",
        "400",
        "401",
        "403",
        "404",
        "409",
        "413",
        "415",
        "422",
        "429",
        "503",
    }
    assert told["security"] == [{"key": []}]
