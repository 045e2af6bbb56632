"""The workflow of pages."""

from portal.articles.policy import PERMISSIONS
from portal.articles.states import STATES, WORKFLOW


def test_the_table_is_sound() -> None:
    assert not WORKFLOW.problems(permission.key for permission in PERMISSIONS)


def test_only_what_is_published_is_public() -> None:
    assert WORKFLOW.public_keys() == ("published",)
    assert [state.key for state in STATES] == ["private", "pending", "scheduled", "published", "withdrawn"]


def test_everything_can_become_public_again() -> None:
    for state in STATES:
        if state.key != "published":
            assert "publish" in {move.verb for move in WORKFLOW.moves_from(state.key)}
