"""Uploads: what comes in is what its content says, small enough to open, and leaves without its past."""

import io
import struct
import zlib

import pytest
from flask import Flask
from PIL import Image

from portal.core import files
from portal.core.errors import Invalid


def _picture(kind: str, size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


def _blank_png(width: int, height: int) -> bytes:
    """A picture of one colour, some kilobytes however large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(bytes((1 + (width + 7) // 8) * height), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_photo_with_a_second_picture_inside_is_a_photo(app: Flask) -> None:
    several = _picture("MPO", save_all=True, append_images=[Image.new("RGB", (60, 40), "red")])
    stored = files.store_photo(several, "DSC.JPG")
    assert (stored.media_type, stored.width, stored.height) == ("image/webp", 60, 40)
    assert stored.original_key is not None
    assert stored.original_key.endswith(".jpeg")


def test_a_turned_photo_stands_upright_and_forgets_where_it_was_taken(app: Flask) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    exif.get_ifd(0x8825)[1] = "N"
    stored = files.store_photo(_picture("JPEG", exif=exif.tobytes()), "x.jpg")
    assert (stored.width, stored.height) == (40, 60)
    for key in (stored.key, stored.thumb_key):
        with Image.open(io.BytesIO(files.read(key or ""))) as kept:
            assert not kept.getexif()


@pytest.mark.parametrize(("width", "height"), [(7100, 7100), (9900, 9900), (20000, 20000), (10, 5_000_001)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_opened(
    app: Flask, width: int, height: int
) -> None:
    with pytest.raises(Invalid) as refused:
        files.store_photo(_blank_png(width, height), "x.png")
    assert "too many pixels" in str(refused.value.reason)


@pytest.mark.parametrize(
    "raw",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(7)'/>",
        b"<html><script>alert(7)</script>",
        _picture("GIF"),
        _picture("BMP"),
        _picture("JPEG")[:-20],
    ],
)
def test_what_is_no_whole_photo_is_refused(app: Flask, raw: bytes) -> None:
    with pytest.raises(Invalid):
        files.store_photo(raw, "x.jpg")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"hello", "not a PDF"),
        (b"%PDF-1.4 trailer << /Encrypt 5 0 R >> %%EOF", "password"),
        (b"%PDF-1.4 << /S /JavaScript /JS (x) >> %%EOF", "scripts"),
        (b"%PDF-1.4 << /Names << /EmbeddedFiles 3 0 R >> >> %%EOF", "other files inside"),
    ],
)
def test_a_pdf_that_could_do_harm_is_refused_with_what_to_do(app: Flask, raw: bytes, told: str) -> None:
    before = set(files.store().listed())
    with pytest.raises(Invalid) as refused:
        files.store_document(raw, "x.pdf")
    assert told in str(refused.value.reason)
    assert set(files.store().listed()) == before
