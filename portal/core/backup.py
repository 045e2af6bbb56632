"""A backup is one file: the database, the uploads, and a manifest that says what must be in them.

The file is a tar, or with PORTAL_BACKUP_RECIPIENT an age file around it that only the holder of the other
key can open: the machine that makes backups cannot read them. Keys of the portal itself are never inside.
Source: R67 (docs/security.md), docs/production.md.
"""

import contextlib
import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any, cast

from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from portal.core import clock
from portal.core.config import Settings
from portal.core.db import metadata, sqlite_driver
from portal.core.stores import Store, StoreDown, relative, store_of

MANIFEST = "manifest.json"
DATABASE = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
FILES = "files/"
AGE = b"age-encryption.org/"
"""How an encrypted file begins."""
CHUNK = 1 << 20
STORE_DOWN = "The store of uploads does not answer or refuses us; see PORTAL_FILES_URL and `flask doctor`."


class BackupError(Exception):
    """What is wrong and what to do, in one sentence."""


@dataclass(slots=True)
class Manifest:
    """What a backup holds: engine, migration, rows by table, and the SHA-256 of each member by name."""

    made_at: str
    engine: str
    revision: str
    rows: dict[str, int]
    members: dict[str, str] = field(default_factory=dict)


# Making ----------------------------------------------------------------------------------------------------


def make(settings: Settings, target: Path) -> Manifest:
    """Write a backup to `target`, which must not be there yet, while the portal runs. Raises BackupError."""
    if target.exists():
        raise BackupError(f"{target} is there already; a backup never overwrites one.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as scratch:
            # Before the files: a file is stored before the row that names it.
            dump, manifest = _dump(settings, Path(scratch))
            with _for_us_alone(part) as out, _sealed(settings.backup_recipient, out) as sink:
                _pack(sink, dump, store_of(settings), manifest)
                out.flush()
                os.fsync(out.fileno())
        part.rename(target)
    except StoreDown as problem:
        raise BackupError(STORE_DOWN) from problem
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _for_us_alone(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _dump(settings: Settings, scratch: Path) -> tuple[Path, Manifest]:
    url = make_url(settings.database_url)
    engine = url.get_backend_name()
    dump = scratch / DATABASE[engine]
    if engine == "sqlite":
        source, copy = sqlite_driver().connect(url.database), sqlite_driver().connect(dump)
        source.backup(copy)
        source.close()
        copy.close()
        return dump, _described(create_engine(f"sqlite:///{dump}", module=sqlite_driver()))
    return dump, _dump_postgresql(url, dump)


def _dump_postgresql(url: URL, dump: Path) -> Manifest:
    """Dump and count in one snapshot, so that the numbers fit whatever is written meanwhile."""
    engine = create_engine(url)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            _run_tool("pg_dump", url, "-Fc", f"--snapshot={snapshot}", "-f", str(dump))
            return _counted(connection, engine.dialect.name)
    finally:
        engine.dispose()


def _run_tool(program: str, url: URL, *words: str) -> None:
    if shutil.which(program) is None:
        raise BackupError(
            f"{program} is missing; install PostgreSQL's client programs of the server's version."
        )
    # The password goes by the environment: other users see the words of a command.
    environ = os.environ | ({"PGPASSWORD": url.password} if url.password else {})
    plain = url._replace(drivername="postgresql", password=None).render_as_string()
    done = subprocess.run(  # noqa: S603 - one of two fixed programs
        [program, "-d", plain, *words], env=environ, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()}")


def _described(engine: Engine) -> Manifest:
    try:
        with engine.connect() as connection:
            return _counted(connection, engine.dialect.name)
    finally:
        engine.dispose()


def _counted(connection: Any, engine: str) -> Manifest:
    quote = connection.dialect.identifier_preparer.quote
    rows = {
        name: int(connection.execute(text(f"SELECT count(*) FROM {quote(name)}")).scalar_one())  # noqa: S608 - our own tables
        for name in sorted(metadata.tables)
    }
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return Manifest(clock.now().isoformat(timespec="seconds"), engine, str(revision), rows)


@contextlib.contextmanager
def _sealed(recipient: str | None, out: IO[bytes]) -> Iterator[IO[bytes]]:
    """Where the tar is written: the file itself, or a pipe whose other end encrypts into it."""
    if not recipient:
        yield out
        return
    import pyrage  # type: ignore[import-untyped]  # noqa: PLC0415 - two megabytes that only backups need

    reading, writing = os.pipe()
    problems: list[BaseException] = []

    def encrypt() -> None:
        with os.fdopen(reading, "rb") as source:
            try:
                pyrage.encrypt_io(source, out, [pyrage.x25519.Recipient.from_str(recipient)])
            except BaseException as problem:
                problems.append(problem)

    thread = threading.Thread(target=encrypt)
    thread.start()
    try:
        with os.fdopen(writing, "wb") as sink:
            yield sink
    finally:
        thread.join()
    if problems:
        raise BackupError(f"Encrypting failed: {problems[0]}") from problems[0]


def _pack(sink: IO[bytes], dump: Path, store: Store, manifest: Manifest) -> None:
    with tarfile.open(fileobj=sink, mode="w|") as tar:
        with dump.open("rb") as source:
            manifest.members[dump.name] = _add(tar, source, dump.name)
        for key in store.listed():
            name = FILES + relative(key)
            # What was taken away meanwhile is in no row any more that the office keeps.
            with contextlib.suppress(FileNotFoundError), store.open(key) as source:
                manifest.members[name] = _add(tar, source, name)
        raw = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(raw)
        tar.addfile(info, io.BytesIO(raw))


def _add(tar: tarfile.TarFile, source: IO[bytes], name: str) -> str:
    """Add an open file under this name; its SHA-256."""
    info = tarfile.TarInfo(name)
    info.size = source.seek(0, os.SEEK_END)
    source.seek(0)
    hashing = _Hashing(source)
    tar.addfile(info, cast(IO[bytes], hashing))
    return hashing.sha.hexdigest()


class _Hashing:
    """Passes bytes on and sums them up."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.sha = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read and sum up."""
        raw = self._source.read(size)
        self.sha.update(raw)
        return raw


# Reading ---------------------------------------------------------------------------------------------------


def check(source: Path, scratch_in: Path, identity: Path | None = None) -> Manifest:
    """Read a whole backup and compare every byte with its manifest. Raises BackupError.

    It is unpacked into a folder inside `scratch_in` that is removed afterwards.
    """
    with _unpacked(source, scratch_in, identity) as (_, manifest):
        return manifest


def restore(settings: Settings, source: Path, identity: Path | None = None) -> Manifest:
    """Put a backup into an empty database and an empty folder of uploads. Raises BackupError.

    Nothing of it is put anywhere before all of it was read and found whole.
    """
    url = make_url(settings.database_url)
    with _unpacked(source, settings.data, identity) as (folder, manifest):
        if manifest.engine != url.get_backend_name():
            raise BackupError(
                f"The backup is of {manifest.engine}, the settings name {url.get_backend_name()}."
            )
        _demand_empty(url, settings)
        dump = folder / DATABASE[manifest.engine]
        if manifest.engine == "sqlite":
            Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
            dump.rename(url.database or "")
            there = _described(create_engine(url, module=sqlite_driver()))
        else:
            _run_tool("pg_restore", url, "--no-owner", "--exit-on-error", str(dump))
            there = _described(create_engine(url))
        if there.rows != manifest.rows or there.revision != manifest.revision:
            raise BackupError(
                "What was restored does not have as many rows as the backup says. Do not use it."
            )
        _bring_back(folder / FILES, settings)
    return manifest


def _bring_back(uploads: Path, settings: Settings) -> None:
    """Put the uploads where the settings say, whichever store they were backed up from."""
    if not uploads.is_dir():
        return
    if not settings.files_url:
        settings.files.parent.mkdir(parents=True, exist_ok=True)
        if settings.files.is_dir():
            settings.files.rmdir()
        uploads.rename(settings.files)
        return
    store = store_of(settings)
    try:
        for path in sorted(uploads.rglob("*")):
            if path.is_file():
                store.put(path.name, path.read_bytes())
    except StoreDown as problem:
        raise BackupError(STORE_DOWN) from problem


def _demand_empty(url: URL, settings: Settings) -> None:
    if url.get_backend_name() == "sqlite":
        taken = Path(url.database or "").exists()
    else:
        engine = create_engine(url)
        try:
            taken = bool(inspect(engine).get_table_names())
        finally:
            engine.dispose()
    if taken:
        raise BackupError("There is a database already. Restore into an empty one, so that nothing is lost.")
    files = settings.files
    if not settings.files_url:
        taken, where = files.is_dir() and any(files.iterdir()), f"{files}"
    else:
        try:
            taken, where = next(store_of(settings).listed(), None) is not None, "The bucket"
        except StoreDown as problem:
            raise BackupError(STORE_DOWN) from problem
    if taken:
        raise BackupError(f"{where} holds files already. Restore into an empty one, so that nothing is lost.")


@contextlib.contextmanager
def _unpacked(source: Path, scratch_in: Path, identity: Path | None) -> Iterator[tuple[Path, Manifest]]:
    """The folder with the members of a backup and its manifest, every byte compared."""
    scratch_in.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch_in, prefix=".backup-") as name:
        folder = Path(name)
        try:
            with source.open("rb") as raw, _opened(raw, identity) as stream:
                found = _unpack(stream, folder)
            manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
        except OSError as problem:
            raise BackupError(f"{source} cannot be read: {problem.strerror}.") from problem
        except (tarfile.TarError, ValueError, TypeError) as problem:
            raise BackupError(f"{source} is no backup of this portal, or it is cut off.") from problem
        if found != manifest.members:
            wrong = sorted(name for name, _ in found.items() ^ manifest.members.items())
            raise BackupError(f"{source} is damaged: {wrong[0]} is not what was backed up.")
        yield folder, manifest


@contextlib.contextmanager
def _opened(raw: IO[bytes], identity: Path | None) -> Iterator[IO[bytes]]:
    """The tar inside: the file itself, or what the holder's key opens."""
    encrypted = raw.read(len(AGE)) == AGE
    raw.seek(0)
    if not encrypted:
        yield raw
        return
    if identity is None:
        raise BackupError("The backup is encrypted. Name the file of its key with --identity.")
    import pyrage  # noqa: PLC0415 - see _sealed

    with tempfile.TemporaryFile() as plain:
        try:
            lines = [line for line in identity.read_text().splitlines() if line and not line.startswith("#")]
            keys = [pyrage.x25519.Identity.from_str(line.strip()) for line in lines]
            pyrage.decrypt_io(raw, plain, keys)
        except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError) as problem:
            raise BackupError(f"The key in {identity} does not open this backup.") from problem
        plain.seek(0)
        yield plain


def _unpack(stream: IO[bytes], folder: Path) -> dict[str, str]:
    """Write the members out; their SHA-256 by name. Raises ValueError for a name that leads elsewhere."""
    found: dict[str, str] = {}
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            target = (folder / member.name).resolve()
            if not member.isfile() or not target.is_relative_to(folder.resolve()):
                raise ValueError(member.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            hashing = _Hashing(cast(IO[bytes], tar.extractfile(member)))
            with target.open("wb") as out:
                shutil.copyfileobj(hashing, out, CHUNK)
            if member.name != MANIFEST:
                found[member.name] = hashing.sha.hexdigest()
    return found


# The drill -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill found: seconds for each half, bytes of the backup, rows in it."""

    made_s: float
    restored_s: float
    size: int
    rows: int


def drill(settings: Settings, verify: Callable[[Settings], None]) -> Drill:
    """Make a backup, restore it beside the portal, let `verify` look at it, and clear up. Raises BackupError."""
    with (
        tempfile.TemporaryDirectory(dir=settings.data, prefix=".drill-") as name,
        _scratch(make_url(settings.database_url), Path(name)) as url,
    ):
        target = Path(name) / "drill.tar"
        started = time.monotonic()
        # Its key is elsewhere, so what only this machine reads for a minute stays open.
        manifest = make(replace(settings, backup_recipient=None), target)
        made = time.monotonic()
        # Into a folder, also where uploads lie in a bucket: a drill leaves nothing there.
        beside = replace(settings, data=Path(name) / "data", database_url=url, files_url=None)
        restore(beside, target)
        verify(beside)
        ended = time.monotonic()
        return Drill(made - started, ended - made, target.stat().st_size, sum(manifest.rows.values()))


@contextlib.contextmanager
def _scratch(url: URL, folder: Path) -> Iterator[str]:
    """Address of an empty database of the same kind that goes away afterwards."""
    if url.get_backend_name() == "sqlite":
        yield f"sqlite:///{folder / 'data' / 'portal.sqlite'}"
        return
    name = f"portal_drill_{secrets.token_hex(4)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except DBAPIError as problem:
        engine.dispose()
        raise BackupError(f"No scratch database can be made: {problem.orig}") from problem
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()
