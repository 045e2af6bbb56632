"""Uploads: what may come in, what it becomes; the one door to where it lies, `stores.py` (R27, R43).

The type is read from the content, never believed. Images are turned upright, stripped of everything but
pixels and stored as WebP in two sizes; the original stays for staff only. Keys are random.
"""

import io
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

import structlog
from flask import current_app
from PIL import Image, ImageDraw, ImageOps

from portal.core import actor as actors
from portal.core import disk, pdf, scanning, stores, taking, throttle
from portal.core.errors import Invalid, TooMany
from portal.core.i18n import Filled, Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.scanning import Scan, ScannerDown
from portal.core.stores import Store, StoreDown

log = structlog.get_logger(__name__)

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000
PHOTO_EDGE = 1600
THUMB_EDGE = 480
IMAGE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MANY_IN_ONE = "MPO"
"""What Pillow calls a JPEG of some phones that holds further pictures, a small one or one for each eye."""
PDF_TYPE = "application/pdf"
NAME_LENGTH = 120

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored upload: keys of its files in the store, its true type and what it was called."""

    key: str
    thumb_key: str | None
    original_key: str | None
    media_type: str
    size: int
    name: str
    width: int | None = None
    height: int | None = None
    scan: Scan = Scan.NONE

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of all its files."""
        return tuple(filter(None, (self.key, self.thumb_key, self.original_key)))


class Infected(Invalid):
    """The scanner found something in what was sent; nothing of it was stored."""

    def __init__(self, fields: dict[str, Text] | None = None) -> None:
        super().__init__(
            _l(
                "The virus scanner found something harmful in this file, so we did not keep it. Check your device with a "
                "virus scanner, or send another file; the rest of what you wrote is kept."
            ),
            fields,
        )


def store() -> Store:
    """Where uploads of this application lie; made once a process."""
    found: Store | None = current_app.extensions.get("portal.files")
    if found is None:
        found = current_app.extensions["portal.files"] = stores.store_of(
            current_app.extensions["portal.settings"]
        )
    return found


def store_photo(raw: bytes, name: str) -> Stored:
    """Check, re-encode and store a photo. Raises Invalid with what to do."""
    _check_size(raw)
    image = _opened(raw)
    media_type = IMAGE_TYPES["JPEG" if image.format == MANY_IN_ONE else image.format or ""]
    try:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise _not_an_image() from problem
    # Each from the larger one: a copy of the whole would cost another 150 MB for the picture of a good phone.
    scan = _scanned(raw)
    photo = upright
    photo.thumbnail((PHOTO_EDGE, PHOTO_EDGE))
    thumb = photo.copy()
    thumb.thumbnail((THUMB_EDGE, THUMB_EDGE))
    return Stored(
        key=_put(_encoded(photo), ".webp"),
        thumb_key=_put(_encoded(thumb), ".webp"),
        original_key=_put(raw, "." + media_type.partition("/")[2]),
        media_type="image/webp",
        size=len(raw),
        name=clean_name(name),
        width=photo.width,
        height=photo.height,
        scan=scan,
    )


Box = tuple[int, int, int, int]
"""A part of a picture: left, top, width, height in per cent of it."""


def black_out(key: str, boxes: Iterable[Box]) -> tuple[str, str]:
    """Draw solid black over parts of a stored photo and store the result; keys of photo and small picture.

    Solid, as what is blurred can often be read again; drawn into the pixels before they are encoded anew, so that
    neither file holds anything of what lies below. The stored photo is left as it is. Raises FileNotFoundError.
    """
    with Image.open(io.BytesIO(read(key))) as image:
        photo = image.convert("RGB")
    pen = ImageDraw.Draw(photo)
    for left, top, width, height in boxes:
        edges = (
            left * photo.width // 100,
            top * photo.height // 100,
            -(-(left + width) * photo.width // 100),
            -(-(top + height) * photo.height // 100),
        )
        pen.rectangle(edges, fill="black")
    thumb = photo.copy()
    thumb.thumbnail((THUMB_EDGE, THUMB_EDGE))
    return _put(_encoded(photo), ".webp"), _put(_encoded(thumb), ".webp")


def store_document(raw: bytes, name: str) -> Stored:
    """Check and store a PDF. Raises Invalid with what to do."""
    _check_size(raw)
    if (fault := pdf.fault(raw)) is not None:
        raise Invalid(_PDF_FAULTS[fault])
    scan = _scanned(raw)
    return Stored(
        key=_put(raw, ".pdf"),
        thumb_key=None,
        original_key=None,
        media_type=PDF_TYPE,
        size=len(raw),
        name=clean_name(name),
        scan=scan,
    )


def scan_again(raw: bytes) -> bool:
    """Whether a file that waited is clean; where no scanner is set any more, nothing is found. Raises ScannerDown."""
    address = current_app.extensions["portal.settings"].clamav
    return address is None or scanning.is_clean(address, raw)


def count_day(size: int, *who: object) -> None:
    """Count these bytes to what somebody sent today. Raises Invalid when it is too much."""
    try:
        throttle.hit(throttle.UPLOAD_DAY, *who, weight=-(-size // 1024))
    except TooMany:
        raise Invalid(
            _l(
                "You have sent as many files today as one person may send a day. Go on without the file and add it tomorrow; "
                "the rest of what you wrote is kept."
            )
        ) from None


def _scanned(raw: bytes) -> Scan:
    """What the scanner says before anything is stored; without an answer the file waits. Raises Infected."""
    address = current_app.extensions["portal.settings"].clamav
    if address is None:
        return Scan.NONE
    try:
        clean = scanning.is_clean(address, raw)
    except ScannerDown as problem:
        log.warning("virus scanner does not answer", error=str(problem))
        return Scan.WAITING
    if not clean:
        raise Infected
    return Scan.CLEAN


def copy(key: str | None) -> str | None:
    """Store the bytes of a stored file once more, so that each owner deletes their own; the new key, none of none.

    Nothing is drawn or scanned anew: it is what was checked already. Raises Invalid where the store does not take it,
    FileNotFoundError for one that is gone.
    """
    if key is None:
        return None
    try:
        raw = read(key)
    except StoreDown as problem:
        raise _no_store() from problem
    return _put(raw, PurePosixPath(key).suffix)


def forget(stored: Stored) -> None:
    """Remove a stored upload that hangs on nothing."""
    for key in stored.keys:
        remove(key)


def read(key: str) -> bytes:
    """The bytes of a stored file. Raises FileNotFoundError."""
    with store().open(key) as source:
        return source.read()


def open_stored(key: str) -> IO[bytes]:
    """A stored file, to be read in pieces from any byte on, and closed. Raises FileNotFoundError, StoreDown."""
    return store().open(key)


def exists(key: str) -> bool:
    """Whether a stored file is there. Raises StoreDown where nobody can tell."""
    try:
        store().size(key)
    except FileNotFoundError:
        return False
    return True


def probe() -> None:
    """Write, read and remove a file. Raises OSError or StoreDown when the store does not hold what it takes."""
    key, raw = secrets.token_hex(16) + ".probe", secrets.token_bytes(64)
    try:
        store().put(key, raw)
        if read(key) != raw:
            raise OSError("The store gave back other bytes than it took.")
    finally:
        remove(key)


def remove(key: str | None) -> None:
    """Delete a stored file; one that is gone already is fine."""
    if key:
        store().remove(key)


_PDF_FAULTS: dict[pdf.Fault, Text] = {
    pdf.Fault.UNREADABLE: _l(
        "This is not a PDF file we can read. Save the document as PDF and choose it again."
    ),
    pdf.Fault.LOCKED: _l("This PDF is locked with a password. Save it without one and choose it again."),
    pdf.Fault.ACTIVE: _l(
        "This PDF holds scripts or starts programs. Print it into a new PDF, which leaves them out, and choose that one."
    ),
    pdf.Fault.CARRIER: _l(
        "This PDF holds other files inside. Print it into a new PDF, which leaves them out, and send the others by themselves."
    ),
}


def clean_name(name: str) -> str:
    """A file name safe to show and to send in a header."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(sign for sign in base if sign.isprintable() and sign not in '<>:"|?*').strip(". ")
    return kept[-NAME_LENGTH:] or "file"


def _check_size(raw: bytes) -> None:
    # Commands go on: whoever runs them sees to the disk.
    if not taking.now().uploads and not actors.current().is_system:
        raise _no_room()
    if not raw:
        raise Invalid(_l("The file is empty. Choose another one."))
    if len(raw) > MAX_BYTES:
        raise Invalid(
            Filled("The file is larger than %(limit)s MB. Choose a smaller one.", {"limit": 10}).__str__()
        )


def _opened(raw: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(raw), formats=list(IMAGE_TYPES))
        # Pillow itself refuses only twice as many; below that it warns.
        if image.width * image.height > MAX_PIXELS:
            raise _too_many_pixels()
        # A JPEG can be read at a fraction of its size, still larger than what we keep.
        image.draft("RGB", (2 * PHOTO_EDGE, 2 * PHOTO_EDGE))
        image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise _too_many_pixels() from problem
    except (OSError, ValueError, SyntaxError) as problem:
        raise _not_an_image() from problem
    return image


def _no_room() -> Invalid:
    return Invalid(
        _l(
            "We cannot take files just now, because our disk is nearly full. Go on without the file, or add it later; "
            "the rest of what you wrote is kept."
        )
    )


def _no_store() -> Invalid:
    return Invalid(
        _l(
            "We cannot take files just now, because the place where we keep them does not answer. Go on without the file, "
            "or add it later; the rest of what you wrote is kept."
        )
    )


def _too_many_pixels() -> Invalid:
    return Invalid(_l("The picture has too many pixels. Choose a smaller one."))


def _not_an_image() -> Invalid:
    return Invalid(_l("This is not a photo we can read. Choose a JPEG, PNG or WebP picture."))


def _encoded(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=82, method=2)
    return out.getvalue()


def _put(raw: bytes, ending: str) -> str:
    key = secrets.token_hex(16) + ending
    try:
        store().put(key, raw)
    except StoreDown as problem:
        log.warning("store of files does not answer", error=str(problem))
        raise _no_store() from problem
    except OSError as problem:
        if disk.is_out_of_space(problem):
            raise _no_room() from problem
        raise
    return key
