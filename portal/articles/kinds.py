"""The closed family of blocks a page is made of: what each asks for, and which of it is spoken language.

Everything else follows from these records: the form, the check before publishing, the comparison of versions,
the side-by-side translation and the words of the search. A new kind is one record here and one piece in
`templates/articles/_blocks.html`.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p


class Shape(StrEnum):
    """What can be typed into a field."""

    LINE = "line"
    TEXT = "text"
    MARKDOWN = "markdown"
    LINK = "link"
    CHOICE = "choice"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    EMAIL = "email"
    PHONE = "phone"
    PICTURE = "picture"
    DOCUMENT = "document"


FILES = frozenset({Shape.PICTURE, Shape.DOCUMENT})


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a block. `spoken` values are translated, the others are taken over from the original.

    `choices` maps value → label; an empty map of a CHOICE is filled by the form (kinds of content).
    """

    name: str
    label: Text
    shape: Shape = Shape.LINE
    limit: int = 200
    needed: bool = True
    spoken: bool = True
    hint: Text = ""
    choices: Mapping[str, Text] = field(default_factory=dict)
    first: str = ""


@dataclass(frozen=True, slots=True)
class BlockKind:
    """A kind of block: its own fields, and those of each of its entries where it has some."""

    key: str
    label: Text
    icon: str
    help: Text
    fields: tuple[Field, ...] = ()
    items: tuple[Field, ...] = ()
    item_label: Text = ""
    most_items: int = 0


def _title(hint: Text = "") -> Field:
    return Field("title", _l("Heading above it"), limit=120, needed=False, hint=hint)


MARKDOWN_HINT = _l(
    "An empty line makes a paragraph, a hyphen at the start of a line a list. **bold**, *italic*, [words of a link](https://address)."
)
LINK_HINT = _l("An address of this portal such as /pl/lublin/news, or one that begins with https://.")
COUNTS = ("3", "6", "12")

KINDS: tuple[BlockKind, ...] = (
    BlockKind(
        "text",
        _p("block", "Text"),
        "document",
        _l("Paragraphs, lists and links."),
        (Field("body", _l("Text"), Shape.MARKDOWN, 8000, hint=MARKDOWN_HINT),),
    ),
    BlockKind(
        "heading",
        _p("block", "Heading"),
        "list",
        _l("Cuts a long page into parts; readers jump from one to the next."),
        (
            Field("text", _l("Heading"), limit=120),
            Field(
                "level",
                _l("Level"),
                Shape.CHOICE,
                spoken=False,
                choices={"2": _l("Part of the page"), "3": _l("Part of a part")},
                first="2",
            ),
        ),
    ),
    BlockKind(
        "image",
        _p("block", "Picture"),
        "photo",
        _l("With a description for those who do not see it."),
        (
            Field(
                "file",
                _l("Picture"),
                Shape.PICTURE,
                spoken=False,
                hint=_l("JPEG, PNG or WebP, 10 MB at most. Place and time of the shot are taken out."),
            ),
            Field(
                "alt",
                _l("What the picture shows"),
                limit=250,
                hint=_l(
                    "One sentence for people who do not see it, such as: three lime trees in front of the town hall."
                ),
            ),
            Field("caption", _l("Caption"), limit=250, needed=False),
        ),
    ),
    BlockKind(
        "action",
        _p("block", "Call to action"),
        "arrow-right",
        _l("One button that leads to what people should do next."),
        (
            Field("text", _l("Sentence beside the button"), Shape.TEXT, 400, needed=False),
            Field("label", _l("Words on the button"), limit=60),
            Field("href", _l("Where the button leads"), Shape.LINK, 500, spoken=False, hint=LINK_HINT),
        ),
    ),
    BlockKind(
        "listing",
        _p("block", "Newest of …"),
        "new",
        _l("The newest initiatives, news or pages; keeps itself up to date."),
        (
            _title(),
            Field("type", _l("What is listed"), Shape.CHOICE, spoken=False),
            Field(
                "count",
                _l("How many"),
                Shape.CHOICE,
                spoken=False,
                choices={count: count for count in COUNTS},
                first="3",
            ),
        ),
    ),
    BlockKind(
        "places",
        _p("block", "Map of places"),
        "map",
        _l("Places as a list, and on a map for whoever opens it."),
        (_title(),),
        (
            Field("name", _l("Name of the place"), limit=120),
            Field("text", _l("Address, or what is there"), limit=250, needed=False),
            Field(
                "lat",
                _l("Latitude"),
                Shape.LATITUDE,
                20,
                spoken=False,
                hint=_l("In degrees, such as 51.2465."),
            ),
            Field(
                "lon",
                _l("Longitude"),
                Shape.LONGITUDE,
                20,
                spoken=False,
                hint=_l("In degrees, such as 22.5684."),
            ),
        ),
        _l("Place"),
        40,
    ),
    BlockKind(
        "people",
        _p("block", "People and contacts"),
        "person",
        _l("Whom to ask: name, duty, phone, e-mail."),
        (_title(),),
        (
            Field("name", _l("Name of a person or office"), limit=120),
            Field("role", _l("Duty"), limit=120, needed=False),
            Field("phone", _l("Phone"), Shape.PHONE, 40, needed=False, spoken=False),
            Field("email", _l("E-mail address"), Shape.EMAIL, 120, needed=False, spoken=False),
            Field("text", _l("Where and when"), limit=250, needed=False),
        ),
        _l("Person"),
        40,
    ),
    BlockKind(
        "documents",
        _p("block", "Documents"),
        "download",
        _l("PDF files; a newer version goes before the older one, which stays readable."),
        (_title(),),
        (
            Field("title", _l("Name of the document"), limit=160),
            Field(
                "file",
                _l("PDF file"),
                Shape.DOCUMENT,
                400,
                spoken=False,
                hint=_l("10 MB at most. A file chosen for a document that has one becomes its new version."),
            ),
        ),
        _l("Document"),
        40,
    ),
    BlockKind(
        "accordion",
        _p("block", "Questions and answers"),
        "chevron-down",
        _l("Folded parts, opened by whoever wants to know."),
        (_title(),),
        (
            Field("question", _l("Question"), limit=200),
            Field("answer", _l("Answer"), Shape.MARKDOWN, 4000, hint=MARKDOWN_HINT),
        ),
        _l("Question"),
        40,
    ),
    BlockKind(
        "figures",
        _p("block", "Figures"),
        "chart",
        _l("Large numbers, each with its words."),
        (_title(),),
        (
            Field(
                "value",
                _p("figure", "Number"),
                limit=20,
                hint=_l("As it is to be read, such as 12 500 or 38 %."),
            ),
            Field("label", _l("What it counts"), limit=120),
        ),
        _l("Figure"),
        12,
    ),
)
BY_KEY: Mapping[str, BlockKind] = {kind.key: kind for kind in KINDS}


def new_id(letter: str = "b") -> str:
    """An id for a block or an entry; unguessable is not needed, unlike on one page is."""
    return letter + secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a block: a person, a place, a question."""

    id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page. `id` stays the same through versions and languages: by it they are compared.

    A PICTURE holds the id of its file, a DOCUMENT those of all its versions, the newest first, by commas.
    """

    id: str
    kind: str
    values: Mapping[str, str]
    items: tuple[Item, ...] = ()

    @property
    def record(self) -> BlockKind:
        """What its kind asks for."""
        return BY_KEY[self.kind]

    def parts(self) -> Iterator[tuple[str, Field, str]]:
        """(place, field, value) of everything it holds; a place is `name` or `item-name`."""
        for known in self.record.fields:
            yield known.name, known, self.values.get(known.name, "")
        for item in self.items:
            for known in self.record.items:
                yield f"{item.id}-{known.name}", known, item.values.get(known.name, "")


@dataclass(frozen=True, slots=True)
class Content:
    """What a version holds in one language."""

    title: str
    summary: str
    blocks: tuple[Block, ...] = ()


class Standing(StrEnum):
    """How a language of a page stands beside its original."""

    ORIGINAL = "original"
    MISSING = "missing"
    MACHINE = "machine"
    HUMAN = "human"
    OUTDATED = "outdated"
    REVIEWED = "reviewed"


STANDING_LABELS: Mapping[Standing, Text] = {
    Standing.ORIGINAL: _p("translation", "original"),
    Standing.MISSING: _p("translation", "missing"),
    Standing.MACHINE: _p("translation", "machine draft"),
    Standing.HUMAN: _p("translation", "translated by a person"),
    Standing.OUTDATED: _p("translation", "outdated"),
    Standing.REVIEWED: _p("translation", "reviewed"),
}
STANDING_LOOKS: Mapping[Standing, str] = {
    Standing.ORIGINAL: "new",
    Standing.MISSING: "ended",
    Standing.MACHINE: "decision",
    Standing.HUMAN: "built",
    Standing.OUTDATED: "building",
    Standing.REVIEWED: "built",
}
"""Phases whose colour and icon a standing borrows."""


class Level(StrEnum):
    """How loud an alert is."""

    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"


LEVEL_LABELS: Mapping[Level, Text] = {
    Level.INFO: _p("alert", "To know: something changes"),
    Level.WARNING: _p("alert", "Warning: people should be careful"),
    Level.DANGER: _p("alert", "Danger: people should act now"),
}
