"""Files of other systems that tests read where they are: in `shared/data` beside the checkout, or in the folder that
PORTAL_SHARED_DATA names.
"""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("PORTAL_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))


def sample(*parts: str) -> Path:
    """The path of a file; skips the test, and says how to have it, where it is not there."""
    path = FOLDER.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"needs the sample data: set PORTAL_SHARED_DATA to the folder that holds {parts[0]}")
    return path
