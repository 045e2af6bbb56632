"""Pure decisions on pages: short names, what a page lacks, moving blocks, comparing versions, translations.

Knows neither the database nor Flask; contents are plain records of `kinds`.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from portal.articles.formats import is_link, words_of
from portal.articles.kinds import BY_KEY, FILES, Block, Content, Field, Item, Shape, Standing
from portal.core.collate import fold
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l

TITLE_MAX = 120
SUMMARY_MAX = 300
NOTE_MAX = 200
REASON_MAX = 1000
SLUG_MAX = 60
MOST_BLOCKS = 60
ALERT_MAX = 400
LONGEST_ALERT = timedelta(days=92)
FURTHEST = timedelta(days=3 * 366)
"""How far ahead something can be planned; a later date is a slip of the year."""
ID = re.compile(r"[a-z][a-z0-9]{3,11}")
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NUMBER = re.compile(r"[0-9]{1,18}")
EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
PHONE = re.compile(r"\+?[0-9][0-9 ()\-]{4,}")
DEGREES = {Shape.LATITUDE: 90.0, Shape.LONGITUDE: 180.0}


# ---- short names ----


def slug_from(title: str, taken: Collection[str] = ()) -> str:
    """A short name for an address, made of a title's folded words; a number is added where it is taken."""
    words = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")[:SLUG_MAX].rstrip("-") or "page"
    found, number = words, 2
    while found in taken:
        ending = f"-{number}"
        found, number = words[: SLUG_MAX - len(ending)].rstrip("-") + ending, number + 1
    return found


# ---- contents as stored ----


def packed(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """Blocks as they are stored."""
    return [
        {
            "id": block.id,
            "kind": block.kind,
            "values": dict(block.values),
            "items": [{"id": item.id, "values": dict(item.values)} for item in block.items],
        }
        for block in blocks
    ]


def unpacked(stored: Iterable[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Blocks from what is stored; a kind that a later release took away is left out."""
    return tuple(
        Block(
            one["id"],
            one["kind"],
            dict(one["values"]),
            tuple(Item(item["id"], dict(item["values"])) for item in one["items"]),
        )
        for one in stored
        if one["kind"] in BY_KEY
    )


def tidy(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Without entries in which nothing was written."""
    return tuple(
        replace(block, items=tuple(item for item in block.items if any(item.values.values())))
        for block in blocks
    )


def file_ids(blocks: Iterable[Block]) -> list[int]:
    """Ids of every file that blocks name, older versions of documents included."""
    return [
        int(number)
        for block in blocks
        for _place, field, value in block.parts()
        if field.shape in FILES
        for number in value.split(",")
        if _NUMBER.fullmatch(number)
    ]


def own_files(blocks: Iterable[Block], known: Collection[int]) -> tuple[Block, ...]:
    """Blocks that name only `known` files: an id slipped into a form opens nothing."""

    def kept(fields: Any, values: Mapping[str, str]) -> dict[str, str]:
        files = {field.name for field in fields if field.shape in FILES}
        return {
            name: value
            if name not in files
            else ",".join(one for one in value.split(",") if _NUMBER.fullmatch(one) and int(one) in known)
            for name, value in values.items()
        }

    return tuple(
        replace(
            block,
            values=kept(block.record.fields, block.values),
            items=tuple(replace(item, values=kept(block.record.items, item.values)) for item in block.items),
        )
        for block in blocks
    )


def plain(content: Content) -> str:
    """Everything that can be read on a page as plain words, for the search."""
    found = [content.summary]
    for block in content.blocks:
        found += [
            words_of(value) if field.shape is Shape.MARKDOWN else value
            for _place, field, value in block.parts()
            if field.spoken and field.shape not in FILES and value
        ]
    return "\n".join(filter(None, found))


# ---- what is missing ----


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that keeps a page from being published: where, and what to do."""

    block: str
    place: str
    text: str


def value_problem(shape: Shape, value: str) -> Text:
    """What is wrong with the form of a value; empty when nothing is. An empty value is another matter."""
    if shape is Shape.LINK and not is_link(value):
        return _l("Write an address that begins with https:// or with a slash, such as /pl/lublin/news.")
    if shape in DEGREES:
        if degrees(value, DEGREES[shape]) is not None:
            return ""
        return (
            _l("Write the latitude as a number of degrees, such as 51.2465.")
            if shape is Shape.LATITUDE
            else _l("Write the longitude as a number of degrees, such as 22.5684.")
        )
    if shape is Shape.EMAIL and not EMAIL.fullmatch(value):
        return _l("Write an e-mail address such as info@town.example.")
    if shape is Shape.PHONE and not PHONE.fullmatch(value):
        return _l("Write a phone number such as +48 81 466 00 00.")
    return ""


def degrees(value: str, limit: float) -> float | None:
    """Degrees as typed, with comma or point; None for what is none."""
    try:
        found = float(value.replace(",", ".").replace("\u2212", "-"))
    except ValueError:
        return None
    return found if -limit <= found <= limit else None


def lacks(content: Content) -> list[Lack]:
    """What a page still needs before the public may read it, in the order of the page."""
    found = []
    if not content.title.strip():
        found.append(Lack("", "title", _("The page needs a title.")))
    if not content.blocks:
        found.append(Lack("", "", _("The page is empty. Add a block.")))
    for number, block in enumerate(content.blocks, 1):
        name = _("Block %(number)s (%(kind)s)", number=number, kind=block.record.label)
        if block.record.items and not block.items:
            found.append(
                Lack(block.id, "", _("%(block)s has no entry. Add one or remove the block.", block=name))
            )
        for place, field, value in block.parts():
            if field.needed and not value.strip():
                text = _("%(block)s: “%(field)s” is empty.", block=name, field=field.label)
                found.append(Lack(block.id, place, text))
    return found


# ---- moving blocks ----


def moved(order: Sequence[str], one: str, step: int) -> list[str]:
    """The order with `one` a place up (-1) or down (1); at the end of its way it stays."""
    found = list(order)
    if one in found:
        here = found.index(one)
        there = min(max(here + step, 0), len(found) - 1)
        found.insert(there, found.pop(here))
    return found


# ---- comparing ----


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a comparison: `how` is same, gone or new."""

    how: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One value in two versions. `change`: same, changed, gone, new."""

    label: str
    change: str
    old: tuple[Piece, ...]
    new: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One block, or the head of a page, in two versions. `moved` says that only its place differs."""

    label: str
    change: str
    rows: tuple[Row, ...]
    moved: bool = False


_WORDS = re.compile(r"\s+|[^\s]+")


def pieces(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Two texts cut into what both have and what only one has, word by word."""
    left, right = _WORDS.findall(old), _WORDS.findall(new)
    before: list[Piece] = []
    after: list[Piece] = []
    for act, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        same = act == "equal"
        if b > a:
            before.append(Piece("same" if same else "gone", "".join(left[a:b])))
        if d > c:
            after.append(Piece("same" if same else "new", "".join(right[c:d])))
    return tuple(before), tuple(after)


def compare(old: Content, new: Content) -> list[Comparison]:
    """What differs between two versions, block by block, in the order of the newer one; gone ones at the end."""
    head = [_row(_("Title"), old.title, new.title), _row(_("Summary"), old.summary, new.summary)]
    found = [_comparison(_("Title and summary"), [row for row in head if row])]
    before = {block.id: block for block in old.blocks}
    after = {block.id for block in new.blocks}
    kept_before = [block.id for block in old.blocks if block.id in after]
    kept_after = [block.id for block in new.blocks if block.id in before]
    still = set(_longest_common(kept_before, kept_after))
    for block in new.blocks:
        other = before.get(block.id)
        found.append(
            replace(
                _comparison(str(block.record.label), _rows(other, block), "new" if other is None else ""),
                moved=other is not None and block.id not in still,
            )
        )
    found += [
        _comparison(str(block.record.label), _rows(block, None), "gone")
        for block in old.blocks
        if block.id not in after
    ]
    return found


def _longest_common(left: list[str], right: list[str]) -> list[str]:
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    return [
        left[at] for start, _there, size in matcher.get_matching_blocks() for at in range(start, start + size)
    ]


def _rows(old: Block | None, new: Block | None) -> list[Row]:
    before = {place: (field, value) for place, field, value in (old.parts() if old else ())}
    after = {place: (field, value) for place, field, value in (new.parts() if new else ())}
    rows = []
    for place in dict.fromkeys([*after, *before]):
        field, _value = after.get(place) or before[place]
        was, is_ = (side[place][1] if place in side else "" for side in (before, after))
        row = _row(str(field.label), _shown(field, was), _shown(field, is_))
        if row:
            rows.append(row)
    return rows


def _shown(field: Field, value: str) -> str:
    """A value as a comparison shows it: of a file its number, which changes with the file; of a choice its words."""
    if field.shape in FILES and value:
        return _("file %(number)s", number=value.partition(",")[0])
    return str(field.choices.get(value, value))


def _row(label: str, old: str, new: str) -> Row | None:
    if not old and not new:
        return None
    before, after = pieces(old, new)
    change = "same" if old == new else "new" if not old else "gone" if not new else "changed"
    return Row(label, change, before, after)


def _comparison(label: str, rows: Sequence[Row], change: str = "") -> Comparison:
    found = change or ("changed" if any(row.change != "same" for row in rows) else "same")
    return Comparison(label, found, tuple(rows))


# ---- languages ----


def standing(status: Standing | None, based_on: int, due: int) -> Standing:
    """How a translation stands: `based_on` is the original's version it was made from, `due` the one that counts."""
    if status is None:
        return Standing.MISSING
    return Standing.OUTDATED if based_on < due else status


def translated(original: Sequence[Block], words: Mapping[str, str]) -> tuple[Block, ...]:
    """The original's blocks with other words: `words` maps "block-place" → text. What has none stays empty."""

    def values(block: Block, fields: Any, own: Mapping[str, str], before: str) -> dict[str, str]:
        return {
            field.name: words.get(f"{block.id}-{before}{field.name}", "")
            if field.spoken
            else own.get(field.name, "")
            for field in fields
        }

    return tuple(
        replace(
            block,
            values=values(block, block.record.fields, block.values, ""),
            items=tuple(
                replace(item, values=values(block, block.record.items, item.values, f"{item.id}-"))
                for item in block.items
            ),
        )
        for block in original
    )


def spoken_words(blocks: Iterable[Block]) -> dict[str, str]:
    """What is spoken in blocks: "block-place" → text."""
    return {
        f"{block.id}-{place}": value
        for block in blocks
        for place, field, value in block.parts()
        if field.spoken
    }


def unspoken_lacks(original: Content, translation: Content) -> list[Lack]:
    """What a translation still lacks: words that its original has. Its pictures and addresses are the original's."""
    written = spoken_words(original.blocks)
    found = [] if translation.title.strip() else [Lack("", "title", _("The page needs a title."))]
    for number, block in enumerate(translation.blocks, 1):
        for place, field, value in block.parts():
            if field.spoken and not value.strip() and written.get(f"{block.id}-{place}", "").strip():
                name = _("Block %(number)s (%(kind)s)", number=number, kind=block.record.label)
                text = _("%(block)s: “%(field)s” is not translated.", block=name, field=field.label)
                found.append(Lack(block.id, place, text))
    return found


# ---- publishing ----


class Publishable(Protocol):
    """What the guard of publishing looks at."""

    @property
    def lacking(self) -> list[Lack]: ...


def is_complete(thing: Publishable) -> Text | None:
    """Nothing half finished reaches the public: the first thing that is missing."""
    return thing.lacking[0].text if thing.lacking else None


def plan_problems(now: datetime, start: datetime | None, end: datetime | None) -> dict[str, Text]:
    """Why something cannot be public from `start` until `end`: field → what to do."""
    wrong: dict[str, Text] = {}
    if start is not None and start <= now:
        wrong["start_day"] = _l("This moment has passed. Choose a later one, or publish now.")
    if start is not None and start > now + FURTHEST:
        wrong["start_day"] = _l("This is more than three years ahead. Check the year.")
    if end is not None and end <= (start or now):
        wrong["end_day"] = _l("The end must be later than the start.")
    return wrong


def alert_problems(start: datetime, end: datetime) -> dict[str, Text]:
    """Why an alert cannot run from `start` until `end`."""
    if end <= start:
        return {"end_day": _l("The end must be later than the start.")}
    if end - start > LONGEST_ALERT:
        return {"end_day": _l("An alert runs three months at most. For what lasts longer write a page.")}
    return {}
