"""The wire to somebody else's server: https alone, to a public address that was looked at, no redirects."""

import http.client
import socket
import ssl
from urllib.parse import urlsplit

from portal.api.rules import is_public

TIMEOUT_S = 10
MOST_READ = 1024


class NotSent(Exception):
    """The message did not arrive; the text says why and holds nothing of the message."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


def post(address: str, body: bytes, headers: dict[str, str]) -> int:
    """Send a body; the status of the answer, 200 to 299. Raises NotSent.

    The name is resolved here and the connection made to that very address, so that a name that changes its
    mind between the look and the call leads nowhere else (T16, docs/security.md).
    """
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 443
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as problem:
        raise NotSent("The name of the server is not known.") from problem
    if not found or not all(is_public(str(one)) for one in found):
        raise NotSent("The server does not lie in the public network.")
    connection = _Pinned(host, port, str(sorted(map(str, found))[0]))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read(MOST_READ)
    except (OSError, http.client.HTTPException, ssl.SSLError) as problem:
        raise NotSent(f"No answer: {type(problem).__name__}.") from problem
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise NotSent(f"The server answered {answer.status}.", answer.status)
    return answer.status


class _Pinned(http.client.HTTPSConnection):
    """A connection to one address, under the name its certificate must carry."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=TIMEOUT_S, context=self._tls)
        self._address = address

    def connect(self) -> None:
        """Connect to the address that was looked at."""
        raw = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)
