"""What is refused as the disk fills."""

import errno
from pathlib import Path

import pytest

from portal.core import disk


@pytest.mark.parametrize(
    ("free", "uploads", "forms"),
    [(0.5, True, True), (0.10, True, True), (0.099, False, True), (0.05, False, True), (0.049, False, False)],
)
def test_uploads_are_refused_before_forms(free: float, uploads: bool, forms: bool) -> None:
    assert (disk.takes_uploads(free), disk.takes_forms(free)) == (uploads, forms)


def test_the_share_is_that_of_the_folders_disk(tmp_path: Path) -> None:
    assert 0 < disk.free_share(tmp_path) <= 1
    with pytest.raises(OSError, match="No such file"):
        disk.free_share(tmp_path / "nowhere")


def test_a_quota_is_as_full_as_a_disk() -> None:
    assert disk.is_out_of_space(OSError(errno.ENOSPC, "full"))
    assert disk.is_out_of_space(OSError(errno.EDQUOT, "quota"))
    assert not disk.is_out_of_space(OSError(errno.EACCES, "no"))
