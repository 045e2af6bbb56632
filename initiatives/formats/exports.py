"""Writers of initiatives: CSV for spreadsheets and other portals, GeoJSON for maps, JSON for programs.

Each takes an iterator of public records and yields bytes as they are made, so that an export of a
million costs no more memory than one of ten. What a record may say about people is decided before.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime

from initiatives.formats.records import ExportedInitiative
from initiatives.formats.table import COLUMNS, EXPORT_ONLY
from initiatives.formats.tabular import neutral
from portal.core.money import MINOR_PER_UNIT

CSV_TYPE = "text/csv; charset=utf-8"
GEOJSON_TYPE = "application/geo+json"
JSON_TYPE = "application/json"

TABLE = (*COLUMNS, *EXPORT_ONLY)
"""Columns of the table that `table.read` takes."""

_DECIMALS = 6


def write_csv(items: Iterable[ExportedInitiative]) -> Iterator[bytes]:
    """The table that `table.read` takes, in UTF-8 with a mark for spreadsheets, formulas disarmed."""
    buffer = io.StringIO("\ufeff")
    buffer.seek(0, io.SEEK_END)
    writer = csv.DictWriter(buffer, TABLE)
    writer.writeheader()
    for item in items:
        yield _emptied(buffer)
        writer.writerow({name: neutral(cell) for name, cell in _cells(item).items()} | _numbers(item))
    yield _emptied(buffer)


def table_row(item: ExportedInitiative) -> list[str | float | None]:
    """A row of the same table for a workbook, whose cells know text from numbers."""
    cells = _cells(item) | {name: float(cell) if cell else None for name, cell in _numbers(item).items()}
    return [cells.get(name) for name in TABLE]


def _emptied(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _cells(item: ExportedInitiative) -> dict[str, str]:
    """Cells that hold what people wrote or what looks like text."""
    return {
        "number": item.number,
        "title": item.title,
        "text": item.text,
        "category": item.category_key,
        "submitted_at": _instant(item.submitted_at),
        "address": item.address,
        "district": item.district,
        "channel": item.channel,
        "done": "yes" if item.done else "no",
        "currency": item.currency,
        "language": item.language,
        "external_number": item.external_number,
        "source": item.source,
        "state": item.state_key,
        "outcome": item.outcome,
        "silent_since": _day(item.silent_since) or "",
        "changed_at": _instant(item.changed_at),
        "support_until": _day(item.support_until) or "",
        "threshold_reached_on": _day(item.threshold_on) or "",
        "url": item.url,
        "answers": "\n".join(f"{question}: {answer}" for question, answer in item.answers),
    }


def _numbers(item: ExportedInitiative) -> dict[str, str]:
    """Cells that hold a number of ours: a minus sign there is a minus sign."""
    units, rest = divmod(item.cost_minor or 0, MINOR_PER_UNIT)
    return {
        "latitude": "" if item.lat is None else f"{item.lat:.{_DECIMALS}f}",
        "longitude": "" if item.lon is None else f"{item.lon:.{_DECIMALS}f}",
        "cost": "" if item.cost_minor is None else f"{units}.{rest:02}",
        "supports": str(item.supports),
        "supports_online": str(item.supports - item.supports_paper),
        "supports_paper": str(item.supports_paper),
    }


def write_geojson(items: Iterable[ExportedInitiative]) -> Iterator[bytes]:
    """A FeatureCollection of RFC 7946; initiatives without a place have the geometry null."""
    yield b'{"type":"FeatureCollection","features":['
    yield from _members(_feature(item) for item in items)
    yield b"]}\n"


def write_json(items: Iterable[ExportedInitiative]) -> Iterator[bytes]:
    """An object with the list `initiatives`; places as `lat` and `lon`, absent values null."""
    yield b'{"initiatives":['
    yield from _members({**_properties(item), "lat": item.lat, "lon": item.lon} for item in items)
    yield b"]}\n"


def _members(values: Iterable[dict[str, object]]) -> Iterator[bytes]:
    comma = b"\n"
    for value in values:
        yield comma + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        comma = b",\n"


def _feature(item: ExportedInitiative) -> dict[str, object]:
    geometry = None
    if item.lat is not None and item.lon is not None:
        geometry = {"type": "Point", "coordinates": [round(item.lon, _DECIMALS), round(item.lat, _DECIMALS)]}
    return {"type": "Feature", "id": item.number, "geometry": geometry, "properties": _properties(item)}


def _properties(item: ExportedInitiative) -> dict[str, object]:
    return {
        "number": item.number,
        "external_number": item.external_number or None,
        "source": item.source or None,
        "url": item.url,
        "title": item.title,
        "text": item.text,
        "language": item.language,
        "category": item.category_key,
        "state": item.state_key,
        "outcome": item.outcome,
        "silent_since": _day(item.silent_since),
        "done": item.done,
        "submitted_at": _instant(item.submitted_at),
        "changed_at": _instant(item.changed_at),
        "address": item.address or None,
        "district": item.district or None,
        "channel": item.channel,
        "cost_minor": item.cost_minor,
        "currency": item.currency or None,
        "supports": item.supports,
        "supports_online": item.supports - item.supports_paper,
        "supports_paper": item.supports_paper,
        "support_until": _day(item.support_until),
        "threshold_reached_on": _day(item.threshold_on),
        "answers": [{"question": question, "answer": answer} for question, answer in item.answers],
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


WRITERS: dict[str, tuple[str, Callable[[Iterable[ExportedInitiative]], Iterator[bytes]]]] = {
    "csv": (CSV_TYPE, write_csv),
    "geojson": (GEOJSON_TYPE, write_geojson),
    "json": (JSON_TYPE, write_json),
}
"""Name of a format, which is also its file ending → content type and writer."""
