"""PDFs: plain ones pass; locked, active and carrying ones do not, wherever it stands; hostile ones cost little."""

import time
import zlib

import pytest
import typst

from portal.core import pdf
from portal.core.pdf import Fault

PLAIN = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
END = b"trailer << /Root 1 0 R >>\n%%EOF"


def with_object(inside: bytes) -> bytes:
    return PLAIN + b"3 0 obj\n<< " + inside + b" >>\nendobj\n" + END


def with_packed(
    inside: bytes, *, filter_: bytes = b"/Filter /FlateDecode", kind: bytes = b"/ObjStm"
) -> bytes:
    packed = zlib.compress(b"3 0 << " + inside + b" >>")
    head = b"9 0 obj\n<< /Type %s /N 1 /First 4 %s /Length %d >>\nstream\n" % (kind, filter_, len(packed))
    return PLAIN + head + packed + b"\nendstream\nendobj\n" + END


BAD = [
    (b"/Encrypt 5 0 R", Fault.LOCKED),
    (b"/Encrypt << /Filter /Standard >>", Fault.LOCKED),
    (b"/OpenAction << /S /JavaScript /JS (app.alert\\(7\\)) >>", Fault.ACTIVE),
    (b"/S/JavaScript/JS 7 0 R", Fault.ACTIVE),
    (b"/S /J#61vaScript", Fault.ACTIVE),
    (b"/S %hidden\n /JavaScript", Fault.ACTIVE),
    (b"/#4A#53 <6170702E>", Fault.ACTIVE),
    (b"/Names << /JavaScript 4 0 R >>", Fault.ACTIVE),
    (b"/A << /S /Launch /F (cmd.exe) >>", Fault.ACTIVE),
    (b"/EmbeddedFiles 4 0 R", Fault.CARRIER),
    (b"/Type /EmbeddedFile", Fault.CARRIER),
    (b"/Type /Filespec /EF << /F 4 0 R >>", Fault.CARRIER),
]


@pytest.mark.parametrize(("inside", "found"), BAD)
@pytest.mark.parametrize("place", [with_object, with_packed])
def test_what_must_not_be_inside_is_found_in_the_open_and_packed(
    place: type, inside: bytes, found: Fault
) -> None:
    assert pdf.fault(place(inside)) is found


def test_an_action_named_by_an_object_of_its_own_is_found() -> None:
    assert pdf.fault(PLAIN + b"5 0 obj\n/Launch\nendobj\n" + END) is Fault.ACTIVE


@pytest.mark.parametrize(
    "inside",
    [
        b"/A << /S /URI /URI (https://town.example/JS/x?S=/JavaScript) >>",
        b"/Title (Encrypt and Launch: https://x.example/Web/JavaScript/Launch ) /EncryptMetadata true /S /GoTo /D [2 0 R /Fit]",
        b"/EFX 3 /JSON 4 0 R /Structure /S /Span",
    ],
)
@pytest.mark.parametrize("place", [with_object, with_packed])
def test_what_only_reads_like_it_passes(place: type, inside: bytes) -> None:
    assert pdf.fault(place(inside)) is None


def test_documents_of_a_real_maker_pass() -> None:
    made = typst.compile(
        b"#set page(width: 10cm, height: 10cm)\n= Plan\n" + b'#link("https://x.example")[more]\n' * 50
    )
    assert isinstance(made, bytes)
    assert pdf.fault(made) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"%PDF-1.4 cut off",
        with_packed(b"/S /GoTo", filter_=b"/Filter [/ASCII85Decode /FlateDecode]"),
        with_packed(b"/S /GoTo", filter_=b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>"),
        with_packed(b"/S /GoTo", filter_=b"/Filter 8 0 R"),
        PLAIN + b"9 0 obj << /Type /ObjStm /Filter /FlateDecode >> stream\nno zlib\nendstream\n" + END,
    ],
)
def test_what_cannot_be_looked_into_is_refused(raw: bytes) -> None:
    assert pdf.fault(raw) is Fault.UNREADABLE


def test_an_object_stream_that_hides_its_kind_is_looked_into_all_the_same() -> None:
    assert pdf.fault(with_packed(b"/S /JavaScript", kind=b"/O#62jStm")) is Fault.ACTIVE
    assert pdf.fault(with_packed(b"/S /JavaScript", kind=b"/Other")) is Fault.ACTIVE, "/First says it"
    assert pdf.fault(with_packed(b"/S /JavaScript", kind=b"/ObjStm /X (1 0 obj)")) is Fault.ACTIVE


HOSTILE = {
    "bomb": PLAIN
    + b"9 0 obj << /Type /ObjStm /Filter /FlateDecode >> stream\n"
    + zlib.compress(bytes(200_000_000), 9)
    + END,
    "streams": PLAIN + b"/ObjStm stream\n" * 600_000 + END,
    "escapes": PLAIN + b"#41" * 3_000_000 + END,
    "actions": PLAIN + b"/S %" * 2_400_000 + END,
    "gaps": PLAIN + (b"/JS" + b" " * 199) * 48_000 + END,
    "comments": PLAIN + (b"/JS" + b"%\n" * 4000) * 1200 + END,
    "numbers": PLAIN + b"/EF 1" * 1_900_000 + END,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_made_to_be_hard_to_read_costs_little(name: str) -> None:
    began = time.process_time()
    pdf.fault(HOSTILE[name])
    assert time.process_time() - began < 10
