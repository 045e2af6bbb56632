"""What a PDF must not hold: a password, scripts, actions that start programs, files inside.

Looks for the marks of these in the file and in its object streams, unpacked. It builds no tree of objects, so a
file made to be hard to read costs no more than its length; what cannot be looked into is refused.
"""

import re
import zlib
from collections.abc import Iterator
from enum import StrEnum

UNPACKED_MOST = 50 * 1024 * 1024
"""Bytes of all object streams together; one of ten megabytes of text has five."""
STREAMS_MOST = 50_000
ESCAPES_MOST = 20_000
"""Escaped signs in names; chance makes three hundred in ten megabytes of pictures."""
BEFORE = 4_000
"""How far before a stream its dictionary is looked for."""


class Fault(StrEnum):
    """Why a PDF is refused."""

    LOCKED = "locked"
    ACTIVE = "active"
    CARRIER = "carrier"
    UNREADABLE = "unreadable"


_GAP = rb"[\x00\t\n\x0c\r ]{0,200}+"
_THING = rb"(?:<<|\[|\d{1,10}+" + _GAP + rb"\d{1,5}+" + _GAP + rb"R\b)"


def _name(names: bytes) -> re.Pattern[bytes]:
    """One of these names where a name can stand, which is not within an address of the web."""
    return re.compile(
        rb"(?:(?<![A-Za-z0-9._~-])|(?<=/S)|(?<=/Type)|(?<=obj))/(?:"
        + names
        + rb")(?=[\x00\t\n\x0c\r /<>\[(%]|\Z)"
    )


_MARKS = (
    (Fault.LOCKED, _name(rb"Encrypt")),
    (Fault.ACTIVE, _name(rb"JavaScript|Launch|ImportData|GoToE")),
    (Fault.ACTIVE, re.compile(rb"/JS" + _GAP + rb"(?:[(<]|" + _THING + rb")")),
    (Fault.CARRIER, _name(rb"EmbeddedFiles?")),
    (Fault.CARRIER, re.compile(rb"/EF" + _GAP + _THING)),
)
_STREAM = re.compile(rb"(?<!end)stream(?:\r\n|\n|\r)")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_FLATE = re.compile(rb"/Filter" + _GAP + rb"(?:/FlateDecode\b|\[" + _GAP + rb"/FlateDecode" + _GAP + rb"\])")


class _Odd(Exception):
    """Something that cannot be looked into."""


def fault(raw: bytes) -> Fault | None:
    """The first thing found that must not be in there, or None."""
    if not raw.startswith(b"%PDF-") or b"%%EOF" not in raw[-2048:]:
        return Fault.UNREADABLE
    try:
        for part in _parts(raw):
            for found, mark in _MARKS:
                if mark.search(part):
                    return found
    except _Odd:
        return Fault.UNREADABLE
    return None


def _parts(raw: bytes) -> Iterator[bytes]:
    """The file, then its object streams, with all names written out."""
    yield _written_out(raw)
    room = UNPACKED_MOST
    for number, match in enumerate(_STREAM.finditer(raw)):
        if number >= STREAMS_MOST:
            raise _Odd
        before = _written_out(raw[max(0, match.start() - BEFORE) : match.start()])
        if b"/ObjStm" not in before and b"/First" not in before:
            continue
        own = before[before.rfind(b" obj") + 1 :]
        is_surely = b"/ObjStm" in own
        if is_surely and b"/Filter" not in own:
            continue  # Not packed, so looked at already.
        if is_surely and (not _FLATE.search(own) or b"/DecodeParms" in own):
            raise _Odd
        unpacked = _unpacked(raw, match.end(), room, strict=is_surely)
        room -= len(unpacked)
        yield _written_out(unpacked)


def _unpacked(raw: bytes, start: int, room: int, *, strict: bool) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(memoryview(raw)[start:], room + 1)
    except zlib.error as problem:
        if strict:
            raise _Odd from problem
        return b""
    if len(found) > room:
        raise _Odd
    return found


def _written_out(text: bytes) -> bytes:
    """With `#4a` in names replaced by the sign it stands for."""
    if b"#" not in text:
        return text
    plain, count = _ESCAPE.subn(lambda match: bytes((int(match[1], 16),)), text, ESCAPES_MOST)
    if count >= ESCAPES_MOST:
        raise _Odd
    return plain
