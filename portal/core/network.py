"""Which network a request comes from: what throttles count by. Pure."""

import ipaddress


def network(address: str | None) -> str:
    """The network an address belongs to (/24, or /56 of IPv6): what throttles count by."""
    try:
        host = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(host, ipaddress.IPv6Address) and host.ipv4_mapped:
        host = host.ipv4_mapped
    return str(ipaddress.ip_network(f"{host}/{24 if host.version == 4 else 56}", strict=False))
