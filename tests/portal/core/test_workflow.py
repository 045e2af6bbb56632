"""The self-check of workflow tables."""

from portal.core.workflow import Move, State, Workflow

A = State("a", "A", "new", "")
B = State("b", "B", "ended", "", public=False)


def flow(*moves: Move, states: tuple[State, ...] = (A, B)) -> Workflow:
    return Workflow("thing", "a", states, moves)


GO = Move("go", "Go", ("a",), ("b",), "thing.go")


def test_a_sound_table_has_no_problems() -> None:
    assert flow(GO).problems({"thing.go"}) == []


def test_an_unknown_permission_is_found() -> None:
    assert any("unknown permission" in text for text in flow(GO).problems(set()))


def test_an_unknown_state_is_found() -> None:
    lost = Move("go", "Go", ("a",), ("c",), "thing.go")
    assert any("unknown state c" in text for text in flow(lost, GO).problems({"thing.go"}))


def test_an_orphan_state_is_found() -> None:
    assert any("never reached" in text for text in flow().problems({"thing.go"}))


def test_doubles_are_found() -> None:
    found = flow(GO, GO, states=(A, A, B)).problems({"thing.go"})
    assert any("verb stands twice" in text for text in found)
    assert any("state key stands twice" in text for text in found)


def test_moves_and_states_are_found_by_key_and_phase() -> None:
    table = flow(GO)
    assert table.moves_from("a") == (GO,)
    assert table.moves_from("b") == ()
    assert table.keys("ended") == ("b",)
    assert table.keys() == ("a", "b")
    assert table.public_keys() == ("a",)
