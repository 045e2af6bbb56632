"""Where uploads lie: a folder on a local disk, or a bucket of an S3-compatible server. `files.py` is the door.

Both know a file by its key, a random name, and keep it under the same relative path; so a backup of one restores
into the other. Reading gives an open file that can be read from any byte on, a piece at a time.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import parse_qs, urlsplit

from portal.core.config import Settings

if TYPE_CHECKING:
    from obstore.store import S3Store

PART = ".part"
"""Ending of a file that is still being written."""
PIECE = 256 * 1024
"""Bytes of a stored file in memory at once."""
CONNECT_TIMEOUT, TIMEOUT, TRIES = "3s", "15s", 2


class StoreDown(Exception):
    """The store does not answer, or refuses us; the cause says more. Nothing is said of whether a file is there."""


class Store(Protocol):
    """What every store can do. `open` and `size` raise FileNotFoundError, all of them StoreDown."""

    def put(self, key: str, raw: bytes) -> None:
        """Keep a file whole: nobody ever reads half of it. Raises OSError where the disk is full."""

    def open(self, key: str) -> IO[bytes]:
        """A stored file, to be read in pieces and closed; `seek` reaches any byte."""

    def size(self, key: str) -> int:
        """Its bytes."""

    def remove(self, key: str) -> None:
        """Delete it; one that is gone already is fine."""

    def listed(self) -> Iterator[str]:
        """Keys of all files, in order, for backups."""

    def knock(self) -> None:
        """Ask for nothing but an answer."""


def store_of(settings: Settings) -> Store:
    """The store the settings name."""
    return BucketStore(settings) if settings.files_url else FolderStore(settings.files)


def relative(key: str) -> str:
    """Path of a key inside its store. Raises FileNotFoundError for one that leads elsewhere."""
    if not key or "/" in key or "\\" in key or key.startswith("."):
        raise FileNotFoundError(key)
    return f"{key[:2]}/{key}"


class FolderStore:
    """Files in a folder of a local disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, raw: bytes) -> None:
        """Written beside, then renamed."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(path.suffix + PART)
        try:
            draft.write_bytes(raw)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        draft.rename(path)

    def open(self, key: str) -> IO[bytes]:
        """The file itself."""
        return self._path(key).open("rb")

    def size(self, key: str) -> int:
        """As the disk says."""
        return self._path(key).stat().st_size

    def remove(self, key: str) -> None:
        """Unlink."""
        self._path(key).unlink(missing_ok=True)

    def listed(self) -> Iterator[str]:
        """Names of all files but half-written ones."""
        for path in sorted(self._folder.rglob("*")):
            if path.suffix != PART and path.is_file():
                yield path.name

    def knock(self) -> None:
        """The disk is asked elsewhere (`disk.py`)."""

    def _path(self, key: str) -> Path:
        return self._folder / relative(key)


class BucketStore:
    """Objects of a bucket, below a prefix. The client is loaded only where a bucket is set."""

    def __init__(self, settings: Settings) -> None:
        from obstore import exceptions  # noqa: PLC0415 - 16 MB that only such installations need

        self._wrong = exceptions.BaseError
        self._missing = exceptions.NotFoundError
        self._bucket, prefix = bucket_of(settings.files_url or "")
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = _client(settings)

    def put(self, key: str, raw: bytes) -> None:
        """One request, so whole or not at all."""
        import obstore  # noqa: PLC0415 - see __init__

        with self._telling():
            obstore.put(self._client, self._path(key), raw, use_multipart=False)

    def open(self, key: str) -> IO[bytes]:
        """A reader that asks for the next piece when the last one is used up."""
        import obstore  # noqa: PLC0415 - see __init__

        with self._telling(key):
            found = obstore.open_reader(self._client, self._path(key), buffer_size=PIECE)
        return cast(IO[bytes], _Object(found, self._telling))

    def size(self, key: str) -> int:
        """As the server says."""
        import obstore  # noqa: PLC0415 - see __init__

        with self._telling(key):
            return int(obstore.head(self._client, self._path(key))["size"])

    def remove(self, key: str) -> None:
        """Delete the object."""
        import obstore  # noqa: PLC0415 - see __init__

        try:
            with self._telling(key):
                obstore.delete(self._client, self._path(key))
        except FileNotFoundError:
            pass

    def listed(self) -> Iterator[str]:
        """In the order of the server, a page of names at a time."""
        import obstore  # noqa: PLC0415 - see __init__

        with self._telling():
            for page in obstore.list(self._client, self._prefix or None):
                for found in page:
                    yield str(found["path"]).rpartition("/")[2]

    def knock(self) -> None:
        """Ask for one name."""
        import obstore  # noqa: PLC0415 - see __init__

        with self._telling():
            next(iter(obstore.list(self._client, self._prefix or None, chunk_size=1)), None)

    def _path(self, key: str) -> str:
        return self._prefix + relative(key)

    def _telling(self, key: str = "") -> "_Telling":
        return _Telling(self._missing, self._wrong, key)


class _Telling:
    """Turns what the client raises into our words; the client's hold addresses, ours do not."""

    def __init__(self, missing: type[Exception], wrong: type[Exception], key: str) -> None:
        self._missing, self._wrong, self._key = missing, wrong, key

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        if isinstance(problem, self._missing) and self._key:
            raise FileNotFoundError(self._key) from problem
        if isinstance(problem, self._wrong | OSError) and not isinstance(problem, FileNotFoundError):
            raise StoreDown(type(problem).__name__) from problem


class _Object(io.RawIOBase):
    """An object as an open file. The client's own reader gives its bytes as a type of its own."""

    def __init__(self, found: Any, telling: Any) -> None:
        self._found, self._telling = found, telling

    def read(self, size: int = -1) -> bytes:
        with self._telling():
            return bytes(self._found.read(None if size < 0 else size))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._found.seek(offset, whence))

    def tell(self) -> int:
        return int(self._found.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def bucket_of(address: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix?…`."""
    parts = urlsplit(address)
    return parts.netloc, parts.path.strip("/")


def _client(settings: Settings) -> "S3Store":
    from datetime import timedelta  # noqa: PLC0415 - beside the client

    from obstore.store import S3Store  # noqa: PLC0415 - see BucketStore

    asked = {name: values[0] for name, values in parse_qs(urlsplit(settings.files_url or "").query).items()}
    endpoint = asked.get("endpoint")
    return S3Store(
        bucket_of(settings.files_url or "")[0],
        endpoint=endpoint,
        region=asked.get("region", "us-east-1"),
        access_key_id=settings.s3_key or "",
        secret_access_key=settings.s3_secret or "",
        virtual_hosted_style_request=False,
        disable_bulk_delete=True,  # Not every server knows how to delete several at once, and we never do.
        client_options={
            "connect_timeout": CONNECT_TIMEOUT,
            "timeout": TIMEOUT,
            "allow_http": (endpoint or "").startswith("http://"),
        },
        retry_config={"max_retries": TRIES, "retry_timeout": timedelta(seconds=20)},
    )
