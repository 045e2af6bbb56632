"""Who acts, with which roles and where."""

from portal.core import actor
from portal.core.actor import NOBODY, PORTAL, Actor, Channel, acting

ANNA = Actor(
    user_id=7, municipality_id=1, roles={1: frozenset({"leader"}), PORTAL: frozenset({"portal_operator"})}
)


def test_everybody_is_a_visitor_and_whoever_is_known_a_resident() -> None:
    assert NOBODY.roles_in(1) == {"visitor"}
    assert Actor(user_id=7).roles_in(None) == {"visitor", "resident"}


def test_roles_end_at_the_border_but_for_those_of_the_installation() -> None:
    assert ANNA.roles_in(1) == {"visitor", "resident", "leader", "portal_operator"}
    assert ANNA.roles_in(2) == {"visitor", "resident", "portal_operator"}
    assert ANNA.roles_in(None) == {"visitor", "resident", "portal_operator"}


def test_staff_is_whoever_holds_a_role_anywhere() -> None:
    assert ANNA.is_staff
    assert not Actor(user_id=7, roles={1: frozenset()}).is_staff


def test_only_jobs_and_commands_are_the_system() -> None:
    assert {channel for channel in Channel if Actor(channel=channel).is_system} == {
        Channel.JOB,
        Channel.COMMAND,
    }


def test_acting_ends_with_its_block_also_when_that_fails() -> None:
    try:
        with acting(ANNA) as somebody:
            assert actor.current() is somebody
            raise RuntimeError  # noqa: TRY301 - the failure is the test
    except RuntimeError:
        assert actor.current() is NOBODY
