"""How full the disk of the data folder is, and what is refused as it fills: uploads first, then forms (R65)."""

import errno
import shutil
from pathlib import Path

UPLOADS_LEAST = 0.10
"""Share of the disk below which no upload is taken. Source: R65 (docs/security.md)."""
FORMS_LEAST = 0.05
"""Share below which residents' forms are not taken either; staff and signing in go on."""
NEARLY_FULL = 0.02
"""Share below which not even a journal can be written for sure."""


def free_share(folder: Path) -> float:
    """How much of the folder's disk is free for us, from 0 to 1. Raises OSError where it cannot be told."""
    usage = shutil.disk_usage(folder)
    return usage.free / usage.total


def takes_uploads(free: float) -> bool:
    """Whether files are taken while this share is free."""
    return free >= UPLOADS_LEAST


def takes_forms(free: float) -> bool:
    """Whether residents' forms are taken while this share is free."""
    return free >= FORMS_LEAST


def is_out_of_space(problem: OSError) -> bool:
    """Whether a file could not be written because the disk, or our part of it, is full."""
    return problem.errno in (errno.ENOSPC, errno.EDQUOT)
