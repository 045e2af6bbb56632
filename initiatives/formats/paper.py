"""PDF that people with a screen reader can read too (PDF/UA-1), set by typst.

What people wrote reaches a page as data, never as its markup.
"""

import json
from collections.abc import Mapping
from typing import Any


def pdf_of(page: str, data: Mapping[str, Any]) -> bytes:
    """The PDF of a page written for typst; `data` is what it reads as `sys.inputs.data`, with a `title` and a `lang`."""
    import typst  # noqa: PLC0415 - 77 MB, needed only when somebody prints

    fonts = typst.Fonts(include_system_fonts=False, font_paths=[])
    made: bytes = typst.compile(
        page.encode(), font_paths=fonts, sys_inputs={"data": json.dumps(data)}, pdf_standards=["ua-1"]
    )
    return made
