"""Sending files: whole or a range, from either store, kept on the way only when public, asked for anew each time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from initiatives.models import Initiative
from portal.content import services as content
from portal.content.models import Attachment, FileRole
from portal.core import files, tenancy
from portal.core.config import Settings
from portal.core.db import db, writing
from portal.core.stores import store_of
from portal.core.tenancy import Town
from tests import bucket as fake
from tests.bucket import Bucket
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative

PDF = b"%PDF-1.4\n" + bytes(range(48, 58)) * 100_000 + b"\n%%EOF"
HALF = "bytes=500000-500009"


@pytest.fixture(params=["folder", "bucket"])
def bucket(request: pytest.FixtureRequest, app: Flask, settings: Settings) -> Iterator[Bucket | None]:
    """Where the uploads of this test lie; None for the folder."""
    if request.param == "folder":
        yield None
        return
    with fake.running() as found, pytest.MonkeyPatch.context() as patch:
        here = replace(settings, files_url=found.url, s3_key=fake.KEY, s3_secret=fake.SECRET)
        patch.setitem(app.extensions, "portal.files", store_of(here))
        yield found


def document(town: Town, *, public: bool = True, **values: Any) -> tuple[Initiative, str]:
    """A case with a PDF, and the address of the PDF."""
    case = make_initiative(town, **values)
    with tenancy.within(town.id), writing():
        row = content.attach(case, files.store_document(PDF, "opis ławki.pdf"), FileRole.DOCUMENT)
        row.public = public
        db.session.flush()
        return case, f"/en/{town.slug}/initiatives/{(case.number or '').lower()}/files/{row.id}"


def test_a_public_file_is_sent_whole_and_may_be_kept(
    client: Browser, town: Town, bucket: Bucket | None
) -> None:
    _case, address = document(town)
    answer = client.get(address)
    assert answer.get_data() == PDF
    assert answer.headers["Content-Length"] == str(len(PDF))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert client.head(address).headers["Content-Length"] == str(len(PDF))


def test_a_range_is_sent_alone(client: Browser, town: Town, bucket: Bucket | None) -> None:
    _case, address = document(town)
    if bucket:
        bucket.asked.clear()
    answer = client.get(address, headers={"Range": HALF})
    assert (answer.status_code, answer.get_data()) == (206, PDF[500_000:500_010])
    assert answer.headers["Content-Range"] == f"bytes 500000-500009/{len(PDF)}"
    assert client.get(address, headers={"Range": "bytes=-6"}).get_data() == b"\n%%EOF"
    if bucket:
        gets = [range_ or "" for method, _path, range_ in bucket.asked if method == "GET"]
        assert gets[0].startswith("bytes=500000-")
        assert len(gets) == 2, "the server of the bucket is asked for the ranges only"


def test_a_range_past_the_end_is_told_how_long_it_is(
    client: Browser, town: Town, bucket: Bucket | None
) -> None:
    _case, address = document(town)
    answer = client.get(address, headers={"Range": "bytes=9999999-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(PDF)}")
    etag = client.get(address).headers["ETag"]
    fresh = client.get(address, headers={"Range": HALF, "If-Range": etag})
    stale = client.get(address, headers={"Range": HALF, "If-Range": '"another"'})
    assert (fresh.status_code, stale.status_code) == (206, 200)


def test_every_range_is_asked_for_anew(
    client: Browser, town: Town, other_town: Town, bucket: Bucket | None
) -> None:
    case, address = document(town)
    assert client.get(address, headers={"Range": HALF}).status_code == 206
    elsewhere = address.replace(f"/{town.slug}/", f"/{other_town.slug}/")
    assert client.get(elsewhere, headers={"Range": HALF}).status_code == 404
    with tenancy.within(town.id), writing():
        db.session.get_one(Attachment, int(address.rpartition("/")[2])).public = False
    assert client.get(address, headers={"Range": HALF}).status_code == 404
    with tenancy.within(town.id), writing():
        db.session.get_one(Initiative, case.id).state = "withdrawn"
    assert client.get(address, headers={"Range": HALF}).status_code == 404


def test_what_is_not_public_is_for_the_author_signed_in_and_kept_nowhere(
    client: Browser,
    town: Town,
    actor_as: Callable[..., Any],
    sign_in: Callable[..., None],
    bucket: Bucket | None,
) -> None:
    author = actor_as("resident")
    _case, address = document(town, public=False, author=author)
    assert client.get(address).status_code == 404
    sign_in(client, author)
    answer = client.get(address, headers={"Range": HALF})
    assert answer.status_code == 206
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_file_that_is_gone_and_a_store_that_is_silent(
    client: Browser, town: Town, bucket: Bucket | None
) -> None:
    _case, address = document(town)
    if bucket:
        bucket.down = True
        assert client.get(address).status_code == 503
        bucket.down = False
    with tenancy.within(town.id):
        files.remove(db.session.get_one(Attachment, int(address.rpartition("/")[2])).key)
    assert client.get(address).status_code == 404
