"""Short names, what is missing, moving and comparing blocks, translations, times."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.articles import rules
from portal.articles.kinds import KINDS, Block, Content, Item, Shape, Standing
from tests.factories.articles import heading, places, text_block

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_short_names_are_made_of_folded_words() -> None:
    assert rules.slug_from("Żółta łódź – ahoj!") == "zolta-lodz-ahoj"
    assert rules.slug_from("???") == "page"
    assert rules.slug_from("News", {"news", "news-2"}) == "news-3"


@given(st.text(max_size=200), st.sets(st.text(max_size=10), max_size=5))
def test_short_names_always_fit_an_address(title: str, taken: set[str]) -> None:
    found = rules.slug_from(title, taken)
    assert rules.SLUG.fullmatch(found)
    assert len(found) <= rules.SLUG_MAX
    assert found not in taken


def _filled(kind: str) -> Block:
    record = next(one for one in KINDS if one.key == kind)
    values = {field.name: "7" for field in record.fields}
    items = (Item("i001", {field.name: "7" for field in record.items}),) if record.items else ()
    return Block("b001", kind, values, items)


@pytest.mark.parametrize("kind", [kind.key for kind in KINDS])
def test_every_kind_survives_storing_and_says_what_it_lacks(kind: str) -> None:
    block = _filled(kind)
    assert rules.unpacked(rules.packed([block])) == (block,)
    assert not rules.lacks(Content("Title", "", (block,)))
    for place, field, _value in block.parts():
        if not field.needed:
            continue
        item, _dash, name = place.rpartition("-")
        values = block.values if item else {**block.values, name: " "}
        items = block.items if not item else (Item(item, {**block.items[0].values, name: ""}),)
        lack = rules.lacks(Content("Title", "", (Block("b001", kind, values, items),)))
        assert [(one.block, one.place) for one in lack] == [("b001", place)]


def test_a_picture_without_description_is_not_whole() -> None:
    block = Block("b001", "image", {"file": "12", "alt": "", "caption": ""})
    [lack] = rules.lacks(Content("Title", "", (block,)))
    assert "What the picture shows" in lack.text


def test_an_empty_page_and_a_list_without_entries_are_not_whole() -> None:
    assert [one.place for one in rules.lacks(Content(" ", ""))] == ["title", ""]
    assert rules.lacks(Content("T", "", (Block("b001", "people", {"title": ""}),)))


def test_a_kind_of_a_later_release_is_left_out() -> None:
    stored = [{"id": "b001", "kind": "hologram", "values": {}, "items": []}, *rules.packed([text_block()])]
    assert [block.kind for block in rules.unpacked(stored)] == ["text"]


def test_files_slipped_into_a_form_are_dropped() -> None:
    picture = Block("b001", "image", {"file": "12", "alt": "x", "caption": ""})
    papers = Block("b002", "documents", {"title": ""}, (Item("i001", {"title": "A", "file": "9,12,abc"}),))
    kept = rules.own_files((picture, papers), {9})
    assert kept[0].values["file"] == ""
    assert kept[1].items[0].values["file"] == "9"
    assert rules.file_ids((picture, papers)) == [12, 9, 12]


@given(
    st.lists(st.integers(0, 20), unique=True, min_size=1).map(lambda ids: [str(i) for i in ids]), st.data()
)
def test_moving_keeps_everything_and_never_leaves_the_page(order: list[str], data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(order))
    step = data.draw(st.sampled_from([-1, 1]))
    found = rules.moved(order, one, step)
    assert sorted(found) == sorted(order)
    assert abs(found.index(one) - order.index(one)) <= 1
    assert rules.moved(order, "none", step) == order


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_comparison_loses_no_word(old: str, new: str) -> None:
    before, after = rules.pieces(old, new)
    assert "".join(piece.text for piece in before) == old
    assert "".join(piece.text for piece in after) == new


def test_blocks_are_compared_by_what_they_are_not_by_their_place() -> None:
    old = Content("A", "", (text_block("one two", "b001"), heading("H", "b002"), text_block("gone", "b003")))
    new = Content("A", "", (heading("H", "b002"), text_block("one three", "b001"), text_block("new", "b004")))
    head, *parts = rules.compare(old, new)
    assert head.change == "same"
    assert [part.change for part in parts] == ["same", "changed", "new", "gone"]
    assert sum(part.moved for part in parts) == 1
    changed = parts[1].rows[0]
    assert [piece.text for piece in changed.new if piece.how == "new"] == ["three"]
    assert [piece.text for piece in changed.old if piece.how == "gone"] == ["two"]


def test_another_file_shows_in_a_comparison_by_its_number_and_empty_fields_do_not() -> None:
    old, new = (
        Block("b001", "image", {"file": file, "alt": "A tree", "caption": ""}) for file in ("12", "13,7")
    )
    _head, part = rules.compare(Content("A", "", (old,)), Content("A", "", (new,)))
    shown = ["".join(piece.text for piece in row.new) for row in part.rows]
    assert "file 13" in shown
    assert "" not in shown


def test_a_translation_takes_over_all_but_the_words() -> None:
    original = places(("Town hall", "51.2", "22.5"))
    [made] = rules.translated((original,), {"b003-i001-name": "Radnice"})
    assert made.items[0].values == {"name": "Radnice", "text": "", "lat": "51.2", "lon": "22.5"}
    assert rules.spoken_words((made,))["b003-i001-name"] == "Radnice"


def test_a_translation_lacks_only_what_its_original_says() -> None:
    original = Content("T", "", (places(("Town hall", "51.2", "22.5")),))
    empty = Content("T", "", rules.translated(original.blocks, {}))
    [lack] = rules.unspoken_lacks(original, empty)
    assert lack.place == "i001-name"


@pytest.mark.parametrize(
    ("status", "based_on", "due", "expected"),
    [
        (None, 0, 1, Standing.MISSING),
        (Standing.HUMAN, 1, 1, Standing.HUMAN),
        (Standing.REVIEWED, 1, 2, Standing.OUTDATED),
        (Standing.MACHINE, 3, 2, Standing.MACHINE),
    ],
)
def test_standing_of_a_translation(
    status: Standing | None, based_on: int, due: int, expected: Standing
) -> None:
    assert rules.standing(status, based_on, due) is expected


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (Shape.LATITUDE, "51,25", "91"),
        (Shape.LONGITUDE, "\u221222.5", "west"),
        (Shape.EMAIL, "a@b.example", "a b@c.example"),
        (Shape.PHONE, "+48 81 466 00 00", "call me"),
        (Shape.LINK, "/pl/x", "javascript:1"),
    ],
)
def test_values_have_a_form(shape: Shape, good: str, bad: str) -> None:
    assert not rules.value_problem(shape, good)
    assert rules.value_problem(shape, bad)


def test_plans_lie_ahead_and_end_after_they_begin() -> None:
    hour = timedelta(hours=1)
    assert not rules.plan_problems(NOW, None, None)
    assert not rules.plan_problems(NOW, NOW + hour, NOW + 2 * hour)
    assert set(rules.plan_problems(NOW, NOW, None)) == {"start_day"}
    assert set(rules.plan_problems(NOW, NOW + hour, NOW + hour)) == {"end_day"}
    assert set(rules.plan_problems(NOW, None, NOW)) == {"end_day"}
    assert set(rules.plan_problems(NOW, NOW + timedelta(days=4000), None)) == {"start_day"}


def test_alerts_end_within_three_months() -> None:
    assert not rules.alert_problems(NOW, NOW + timedelta(days=92))
    assert rules.alert_problems(NOW, NOW)
    assert rules.alert_problems(NOW, NOW + timedelta(days=93))


def test_all_words_are_found_by_the_search() -> None:
    content = Content(
        "T", "Short", (text_block("**Benches** [here](/pl/x)"), places(("Town hall", "1", "2")))
    )
    assert rules.plain(content) == "Short\nBenches here\nTown hall"
