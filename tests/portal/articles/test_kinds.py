"""The family of blocks is closed and whole."""

from pathlib import Path

from portal.articles import kinds
from portal.articles.kinds import (
    BY_KEY,
    FILES,
    KINDS,
    STANDING_LABELS,
    STANDING_LOOKS,
    Block,
    Item,
    Shape,
    Standing,
)
from portal.core.config import PACKAGE


def test_every_kind_has_its_piece_of_the_page_and_its_icon() -> None:
    template = (PACKAGE / "articles/templates/articles/_blocks.html").read_text()
    icons = {path.stem for path in Path(PACKAGE / "ui/frontend/icons").glob("*.svg")}
    assert len(BY_KEY) == len(KINDS)
    for kind in KINDS:
        assert f'block.kind == "{kind.key}"' in template, kind.key
        assert kind.icon in icons, kind.icon
        assert kind.fields or kind.items
        assert bool(kind.items) == bool(kind.most_items) == bool(kind.item_label)


def test_files_links_and_choices_are_not_translated() -> None:
    technical = {*FILES, Shape.LINK, Shape.CHOICE, Shape.LATITUDE, Shape.LONGITUDE, Shape.EMAIL, Shape.PHONE}
    for kind in KINDS:
        for field in (*kind.fields, *kind.items):
            assert field.spoken is (field.shape not in technical), (kind.key, field.name)


def test_first_answers_are_among_the_choices() -> None:
    for kind in KINDS:
        for field in kind.fields:
            assert not field.first or field.first in field.choices


def test_parts_of_a_block_have_places() -> None:
    block = Block("b001", "accordion", {"title": "T"}, (Item("i001", {"question": "Q", "answer": "A"}),))
    assert [(place, value) for place, _field, value in block.parts()] == [
        ("title", "T"),
        ("i001-question", "Q"),
        ("i001-answer", "A"),
    ]
    assert block.record is kinds.BY_KEY["accordion"]


def test_every_standing_has_words_and_a_look() -> None:
    assert set(STANDING_LABELS) == set(STANDING_LOOKS) == set(Standing)
