"""Which network an address belongs to."""

import pytest

from portal.core.network import network


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::1", "2001:db8:1::/56"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        (None, "unknown"),
        ("x", "unknown"),
    ],
)
def test_network_is_what_throttles_count_by(address: str | None, found: str) -> None:
    assert network(address) == found
