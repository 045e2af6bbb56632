"""Uploads: what may come in, what it becomes, where it lies (R27, R43).

The type is read from the content, never believed. Images are turned upright, stripped of everything but
pixels and stored as WebP in two sizes; the original stays for staff only. Names on disk are random.
"""

import io
import secrets
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from PIL import Image, ImageOps

from portal.core import actor as actors
from portal.core import disk, taking
from portal.core.errors import Invalid
from portal.core.i18n import Filled
from portal.core.i18n import lazy_gettext as _l

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
    """A stored upload: keys of its files under the data folder, its true type and what it was called."""

    key: str
    thumb_key: str | None
    original_key: str | None
    media_type: str
    size: int
    name: str
    width: int | None = None
    height: int | None = None


def folder() -> Path:
    """Where uploads lie."""
    path: Path = current_app.extensions["portal.settings"].files
    path.mkdir(parents=True, exist_ok=True)
    return path


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
    )


def store_document(raw: bytes, name: str) -> Stored:
    """Check and store a PDF. Raises Invalid with what to do."""
    _check_size(raw)
    if not raw.startswith(b"%PDF-") or b"%%EOF" not in raw[-2048:]:
        raise Invalid(_l("This is not a PDF file. Save the document as PDF and choose it again."))
    return Stored(
        key=_put(raw, ".pdf"),
        thumb_key=None,
        original_key=None,
        media_type=PDF_TYPE,
        size=len(raw),
        name=clean_name(name),
    )


def read(key: str) -> bytes:
    """The bytes of a stored file. Raises FileNotFoundError."""
    return (folder() / _relative(key)).read_bytes()


def path_of(key: str) -> Path:
    """Where a stored file lies, for sending it."""
    return folder() / _relative(key)


def remove(key: str | None) -> None:
    """Delete a stored file; one that is gone already is fine."""
    if key:
        (folder() / _relative(key)).unlink(missing_ok=True)


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
    path = folder() / _relative(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(path.suffix + ".part")
    try:
        draft.write_bytes(raw)
    except OSError as problem:
        draft.unlink(missing_ok=True)
        if disk.is_out_of_space(problem):
            raise _no_room() from problem
        raise
    draft.rename(path)
    return key


def _relative(key: str) -> str:
    if "/" in key or ".." in key:
        raise FileNotFoundError(key)
    return f"{key[:2]}/{key}"
