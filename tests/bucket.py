"""A bucket on this machine that speaks as much of S3 as the portal asks, and checks every signature.

Signature version 4 is reckoned anew here from what came over the wire, so a client that signs wrongly is refused.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

KEY, SECRET, REGION = "portal-test", "Jq7xV1nL9rT4wZ8yKb3mHc6p", "eu-test-1"
PAGE = 2
"""Names in one answer, so that a list of three needs two."""


class Bucket:
    """Its objects by path, and what was asked of it."""

    def __init__(self, port: int) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, str | None]] = []
        self.down = False
        self.url = f"s3://uploads/portal?endpoint=http://127.0.0.1:{port}&region={REGION}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, *_args: object) -> None:
        pass

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        self.bucket.asked.append((self.command, path, self.headers.get("Range")))
        if self.bucket.down:
            self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        elif not self._signed(body):
            self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        elif path.rstrip("/") == "/uploads":
            self._list()
        else:
            self._object(path.removeprefix("/uploads/"), body)

    do_GET = do_PUT = do_HEAD = do_DELETE = _handle  # noqa: N815 - names of the server

    def _object(self, key: str, body: bytes) -> None:
        objects = self.bucket.objects
        if self.command == "PUT":
            objects[key] = body
            self._answer(200, ETag=_etag(body))
        elif self.command == "DELETE":
            objects.pop(key, None)
            self._answer(204)
        elif key not in objects:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._give(objects[key])

    def _give(self, raw: bytes) -> None:
        common = {"ETag": _etag(raw), "Last_Modified": formatdate(usegmt=True)}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if wanted:
            first, last = int(wanted[1]), min(int(wanted[2]), len(raw) - 1)
            part = raw[first : last + 1]
            self._answer(206, part, Content_Range=f"bytes {first}-{last}/{len(raw)}", **common)
        else:
            self._answer(200, raw, **common)

    def _list(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        after = query.get("continuation-token", "")
        names = sorted(n for n in self.bucket.objects if n.startswith(query.get("prefix", "")) and n > after)
        page = names[:PAGE]
        rows = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(self.bucket.objects[name])}</Size>"
            "<LastModified>2026-11-29T00:00:00.000Z</LastModified><ETag>x</ETag></Contents>"
            for name in page
        )
        more = len(names) > PAGE
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        self._answer(
            200,
            f"<ListBucketResult><Name>uploads</Name><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"<KeyCount>{len(page)}</KeyCount>{token}{rows}</ListBucketResult>".encode(),
            Content_Type="application/xml",
        )

    def _signed(self, body: bytes) -> bool:
        """Reckon the signature as the server of a bucket does."""
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
            r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})",
            self.headers.get("Authorization") or "",
        )
        digest = self.headers.get("x-amz-content-sha256", "")
        if not found or found[1] != KEY or found[3] != REGION:
            return False
        if digest not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return False
        parts = urlsplit(self.path)
        pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
        canonical = "\n".join(
            [
                self.command,
                parts.path,
                "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs),
                *(f"{name}:{' '.join(self.headers.get(name, '').split())}" for name in found[4].split(";")),
                "",
                found[4],
                digest,
            ]
        )
        scope = f"{found[2]}/{REGION}/s3/aws4_request"
        text = "\n".join(
            [
                "AWS4-HMAC-SHA256",
                self.headers["x-amz-date"],
                scope,
                hashlib.sha256(canonical.encode()).hexdigest(),
            ]
        )
        key = b"AWS4" + SECRET.encode()
        for part in (found[2], REGION, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), found[5])


def _etag(raw: bytes) -> str:
    return f'"{hashlib.sha256(raw).hexdigest()[:32]}"'


@contextmanager
def running() -> Iterator[Bucket]:
    """A bucket that answers on a port of its own until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    server.daemon_threads = True
    bucket = Bucket(server.server_port)
    server.RequestHandlerClass.bucket = bucket  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
