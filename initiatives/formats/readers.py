"""The import formats by name, as the command line and the import page offer them."""

from collections.abc import Callable
from typing import BinaryIO

from initiatives.formats import pabulib, table, warszawa19115
from initiatives.formats.records import Office, Reading


def _warszawa19115(source: BinaryIO, _office: Office) -> Reading:
    """Its own box serves it: the numbers are Warsaw's whatever municipality was made for them."""
    return warszawa19115.read(source)


READERS: dict[str, Callable[[BinaryIO, Office], Reading]] = {
    "csv": table.read,
    "pabulib": pabulib.read,
    "warszawa19115": _warszawa19115,
}
"""Name of a format → its reader. The file must be seekable and open for bytes; the reader leaves it open."""
