"""Backups: whole, encrypted when a key is set, refused when damaged, restored into nothing but emptiness."""

import io
import json
import secrets
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from pyrage import x25519
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from portal.core import backup, jobs
from portal.core.backup import BackupError
from portal.core.config import Settings
from portal.core.db import db, writing
from portal.core.tenancy import Town
from tests import bucket
from tests.factories.initiatives import make_initiative

Scratch = Callable[[], Settings]
UPLOADS = {"ab/abc.webp": b"a picture", "cd/cde.pdf": b"%PDF-"}


@pytest.fixture
def here(app: Flask, town: Town, settings: Settings, tmp_path: Path) -> Settings:
    """The portal under test with a case and two uploads, in a data folder of its own."""
    make_initiative(town)
    db.session.rollback()
    beside = replace(settings, data=tmp_path / "here")
    for name, raw in UPLOADS.items():
        path = beside.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    (beside.files / "ab" / "half.webp.part").write_bytes(b"half an upload")
    return beside


@pytest.fixture
def made(here: Settings, tmp_path: Path) -> Path:
    """A backup of it."""
    backup.make(here, tmp_path / "one.tar")
    return tmp_path / "one.tar"


def tampered(source: Path, target: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """A copy whose members went through `change`; None drops one."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            changed = change(member.name, content.read())
            if changed is not None:
                name, raw = changed
                info = tarfile.TarInfo(name)
                info.size = len(raw)
                new.addfile(info, io.BytesIO(raw))
    return target


def test_a_backup_says_what_it_holds_and_leaves_half_uploads_away(here: Settings, made: Path) -> None:
    manifest = backup.check(made, here.data)
    assert manifest.rows["initiative"] == 1
    assert manifest.engine == db.engine.dialect.name
    assert {name for name in manifest.members if name.startswith("files/")} == {f"files/{n}" for n in UPLOADS}
    assert [path.name for path in made.parent.iterdir() if path.name.startswith(".backup")] == []
    assert made.stat().st_mode & 0o077 == 0  # Nobody else reads it.


def test_a_backup_overwrites_nothing(here: Settings, made: Path) -> None:
    before = made.read_bytes()
    with pytest.raises(BackupError, match="never overwrites"):
        backup.make(here, made)
    assert made.read_bytes() == before


def test_what_was_backed_up_comes_back(here: Settings, made: Path) -> None:
    seen: list[tuple[int, dict[str, bytes]]] = []

    def look(beside: Settings) -> None:
        engine = create_engine(beside.database_url)
        with engine.connect() as connection:
            count = connection.execute(text("SELECT count(*) FROM initiative")).scalar_one()
        engine.dispose()
        files = {
            path.relative_to(beside.files).as_posix(): path.read_bytes()
            for path in beside.files.rglob("*")
            if path.is_file()
        }
        seen.append((count, files))

    found = backup.drill(here, look)
    assert seen == [(1, UPLOADS)]
    assert found.rows > 1
    assert sorted(path.name for path in here.data.iterdir()) == ["files"]  # The drill cleared up.


def test_a_backup_goes_into_emptiness_only(here: Settings, made: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="is a database already"):
        backup.restore(here, made)
    if db.engine.dialect.name == "sqlite":
        elsewhere = replace(here, database_url=f"sqlite:///{tmp_path}/new.sqlite")
        with pytest.raises(BackupError, match="holds files already"):
            backup.restore(elsewhere, made)
        assert not (tmp_path / "new.sqlite").exists()


def test_a_backup_of_another_engine_is_told(here: Settings, made: Path, tmp_path: Path) -> None:
    other = "postgresql+psycopg://nobody@127.0.0.1/x" if db.engine.dialect.name == "sqlite" else "sqlite:///x"
    with pytest.raises(BackupError, match="The backup is of"):
        backup.restore(replace(here, database_url=other, data=tmp_path / "new"), made)


def test_damage_is_seen(here: Settings, made: Path, tmp_path: Path) -> None:
    changes: list[Callable[[str, bytes], tuple[str, bytes] | None]] = [
        lambda name, raw: (name, b"another picture") if name.endswith("abc.webp") else (name, raw),
        lambda name, raw: None if name.endswith("cde.pdf") else (name, raw),
        lambda name, raw: ("files/new.pdf", raw) if name.endswith("cde.pdf") else (name, raw),
    ]
    for number, change in enumerate(changes):
        with pytest.raises(BackupError, match="is damaged"):
            backup.check(tampered(made, tmp_path / f"{number}.tar", change), here.data)


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "files/../../outside"])  # noqa: S108 - never written
def test_no_member_leads_out_of_the_folder(here: Settings, made: Path, tmp_path: Path, name: str) -> None:
    odd = tampered(
        made, tmp_path / "odd.tar", lambda old, raw: (name, raw) if old.endswith("pdf") else (old, raw)
    )
    with pytest.raises(BackupError, match="no backup of this portal"):
        backup.check(odd, here.data)
    assert not (tmp_path / "outside").exists()


def test_what_is_cut_off_or_something_else_is_told(here: Settings, made: Path, tmp_path: Path) -> None:
    raw = made.read_bytes()
    for wrong in (b"", b"hello", raw[: len(raw) // 2], json.dumps({}).encode()):
        (tmp_path / "wrong.tar").write_bytes(wrong)
        with pytest.raises(BackupError, match="no backup of this portal, or it is cut off"):
            backup.check(tmp_path / "wrong.tar", here.data)


def test_an_encrypted_backup_opens_for_the_other_key_only(here: Settings, tmp_path: Path) -> None:
    right, wrong = x25519.Identity.generate(), x25519.Identity.generate()
    target = tmp_path / "one.tar.age"
    backup.make(replace(here, backup_recipient=str(right.to_public())), target)
    assert b"a picture" not in target.read_bytes()
    with pytest.raises(BackupError, match="--identity"):
        backup.check(target, here.data)
    for name, text_of_key in (("wrong", str(wrong)), ("none", ""), ("odd", "hello")):
        (tmp_path / name).write_text(text_of_key)
        with pytest.raises(BackupError, match="does not open"):
            backup.check(target, here.data, tmp_path / name)
    (tmp_path / "right").write_text(f"# made for the office\n{right}\n")
    assert backup.check(target, here.data, tmp_path / "right").rows["initiative"] == 1


def test_a_failed_backup_leaves_nothing(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise OSError("the disk is full")

    monkeypatch.setattr(backup, "_add", fail)
    for recipient in (None, str(x25519.Identity.generate().to_public())):
        with pytest.raises(OSError, match="disk is full"):
            backup.make(replace(here, backup_recipient=recipient), tmp_path / "sub" / "one.tar")
    assert list((tmp_path / "sub").iterdir()) == []


def test_a_backup_holds_up_nobody_who_writes(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = backup._counted

    def write_meanwhile(*words: object) -> backup.Manifest:
        with writing():
            jobs.enqueue("notify.send", {"notice": 1})
        return counted(*words)  # type: ignore[arg-type]

    before = db.session.execute(text("SELECT count(*) FROM job")).scalar_one()
    db.session.rollback()
    monkeypatch.setattr(backup, "_counted", write_meanwhile)
    assert backup.make(here, tmp_path / "one.tar").rows["job"] == before


# A bucket


@pytest.fixture
def empty(here: Settings, tmp_path: Path) -> Iterator[Callable[[], Settings]]:
    """Makes a portal with an empty database and no uploads."""
    with ExitStack() as stack:

        def make() -> Settings:
            folder = tmp_path / secrets.token_hex(4)
            folder.mkdir()
            url = stack.enter_context(backup._scratch(make_url(here.database_url), folder))
            return replace(here, data=folder / "data", database_url=url)

        yield make


def test_a_bucket_is_backed_up_whole_and_comes_back_into_either_store(
    here: Settings, empty: Callable[[], Settings], tmp_path: Path
) -> None:
    made = tmp_path / "bucket.tar"
    with bucket.running() as one, bucket.running() as two:
        access = {"s3_key": bucket.KEY, "s3_secret": bucket.SECRET}
        one.objects.update({f"portal/{name}": raw for name, raw in UPLOADS.items()})
        there = replace(here, files_url=one.url, data=tmp_path / "none", **access)
        there.data.mkdir()
        manifest = backup.make(there, made)
        assert {n for n in manifest.members if n.startswith("files/")} == {f"files/{n}" for n in UPLOADS}
        backup.restore(replace(empty(), files_url=two.url, **access), made)
        assert two.objects == one.objects
        with pytest.raises(BackupError, match="bucket holds files already"):
            backup.restore(replace(empty(), files_url=two.url, **access), made)
        folder = empty()
        backup.restore(folder, made)
        assert {name: (folder.files / name).read_bytes() for name in UPLOADS} == UPLOADS


def test_a_drill_leaves_nothing_in_a_bucket_and_a_silent_bucket_is_told(
    here: Settings, tmp_path: Path
) -> None:
    with bucket.running() as one:
        one.objects["portal/ab/abc.webp"] = b"a picture"
        there = replace(here, files_url=one.url, s3_key=bucket.KEY, s3_secret=bucket.SECRET)
        backup.drill(there, lambda beside: None)
        assert list(one.objects) == ["portal/ab/abc.webp"]
        one.down = True
        with pytest.raises(BackupError, match="does not answer"):
            backup.make(there, tmp_path / "none.tar")
        assert not (tmp_path / "none.tar").exists()
