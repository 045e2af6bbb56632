"""Stores: a folder and a bucket do the same, and say the same when something is not there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from portal.core import files, stores
from portal.core.config import Settings
from portal.core.errors import Invalid
from portal.core.stores import FolderStore, Store, StoreDown, store_of
from tests import bucket as fake
from tests.bucket import Bucket

KEY = "abcdef0123456789abcdef0123456789.pdf"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with fake.running() as found:
        yield found


def in_bucket(settings: Settings, bucket: Bucket) -> Settings:
    return replace(settings, files_url=bucket.url, s3_key=fake.KEY, s3_secret=fake.SECRET)


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path)
    return store_of(in_bucket(settings, request.getfixturevalue("bucket")))


def test_what_is_put_can_be_read_from_any_byte_on(store: Store) -> None:
    raw = bytes(range(256)) * 4000  # longer than three pieces
    store.put(KEY, raw)
    assert store.size(KEY) == len(raw)
    with store.open(KEY) as source:
        assert source.seek(0, 2) == len(raw)
        source.seek(700_001)
        assert source.read(11) == raw[700_001:700_012]
        source.seek(0)
        assert b"".join(iter(lambda: source.read(stores.PIECE), b"")) == raw


def test_keys_are_listed_in_order_over_all_pages(store: Store) -> None:
    assert list(store.listed()) == []
    for key in ("cc1.webp", "aa1.webp", "bb1.pdf"):
        store.put(key, b"x")
    assert list(store.listed()) == ["aa1.webp", "bb1.pdf", "cc1.webp"]
    store.knock()


def test_what_is_not_there_says_so_and_may_be_removed(store: Store) -> None:
    for ask in (store.open, store.size):
        with pytest.raises(FileNotFoundError):
            ask(KEY)
    store.put(KEY, b"x")
    store.remove(KEY)
    store.remove(KEY)
    with pytest.raises(FileNotFoundError):
        store.size(KEY)


@pytest.mark.parametrize("key", ["", "../keys.json", "ab/cd.pdf", "..", ".hidden", "a\\b"])
def test_a_key_that_leads_elsewhere_names_nothing(store: Store, key: str) -> None:
    with pytest.raises(FileNotFoundError):
        store.open(key)
    with pytest.raises(FileNotFoundError):
        store.put(key, b"x")


def test_objects_lie_below_the_prefix_of_the_setting(settings: Settings, bucket: Bucket) -> None:
    store_of(in_bucket(settings, bucket)).put(KEY, b"x")
    assert list(bucket.objects) == [f"portal/ab/{KEY}"]


def test_a_range_is_asked_of_the_server_not_the_whole(settings: Settings, bucket: Bucket) -> None:
    store = store_of(in_bucket(settings, bucket))
    store.put(KEY, b"x" * 5_000_000)
    bucket.asked.clear()
    with store.open(KEY) as source:
        source.seek(4_000_000)
        source.read(10)
    assert [range_ for method, _path, range_ in bucket.asked if method == "GET"] == [
        f"bytes=4000000-{4_000_000 + stores.PIECE - 1}"
    ]


@pytest.mark.parametrize("wrong", ["refuses", "other key"])
def test_a_bucket_that_refuses_is_down_never_empty(settings: Settings, bucket: Bucket, wrong: str) -> None:
    here = in_bucket(settings, bucket)
    store_of(here).put(KEY, b"x")
    if wrong == "refuses":
        bucket.down = True
    else:
        here = replace(here, s3_secret="x" * 40)
    store = store_of(here)
    for ask in (store.knock, lambda: list(store.listed()), lambda: store.size(KEY), lambda: store.open(KEY)):
        with pytest.raises(StoreDown):
            ask()
    with pytest.raises(StoreDown):
        store.put(KEY, b"y")
    with pytest.raises(StoreDown):
        store.remove(KEY)


def test_an_unreachable_bucket_refuses_at_the_field(
    app: Flask, settings: Settings, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "portal.files", store_of(in_bucket(settings, bucket)))
    files.probe()
    assert bucket.objects == {}, "a probe leaves nothing"
    assert not files.exists(KEY)
    bucket.down = True
    with pytest.raises(Invalid) as refused:
        files.store_document(b"%PDF-1.4\n%%EOF", "a.pdf")
    assert "does not answer" in str(refused.value.reason)
    with pytest.raises(StoreDown):
        files.probe()
