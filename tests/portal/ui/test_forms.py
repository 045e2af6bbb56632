"""What every form checks before its module sees it."""

import pytest

from portal.ui.forms import unguessable


def test_a_key_of_our_pages_is_kept() -> None:
    fresh = unguessable(None)
    assert unguessable(fresh) == fresh


@pytest.mark.parametrize("sent", ["", "1", "key", "a" * 15, "a" * 65, "a" * 20 + "\x00", "ł" * 20, "a b" * 7])
def test_what_two_people_could_both_send_is_replaced(sent: str) -> None:
    assert unguessable(sent) != unguessable(sent) != sent
