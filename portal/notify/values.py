"""Plain values that travel to the worker as JSON: days, instants and labels keep their kind.

A label is a lazy text: it is looked up again when the message is rendered, in the recipient's language
instead of the sender's.
"""

import json
from datetime import date, datetime
from typing import Any, TypeAlias

from flask_babel.speaklater import LazyString

from portal.core.i18n import Filled, Worded, gettext, pgettext

Value: TypeAlias = (
    str | int | float | bool | date | LazyString | Filled | Worded | list[Any] | dict[str, Any] | None
)


def pack(values: dict[str, Value]) -> str:
    """The values as JSON. Raises TypeError for what cannot travel, such as a row of the database."""
    return json.dumps(values, default=_tagged, ensure_ascii=False)


def unpack(text: str | None) -> dict[str, Any]:
    """The values again; labels are lazy, so print them while the recipient's language is spoken."""
    found: dict[str, Any] = json.loads(text, object_hook=_untagged) if text else {}
    return found


def _tagged(value: object) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    if isinstance(value, date):
        return {"$day": value.isoformat()}
    if isinstance(value, LazyString):
        # A lazy string keeps what it will look up: a msgid, or a context and a msgid.
        return {"$text": list(value._args)}
    if isinstance(value, Filled):
        return {"$filled": value.msgid, "values": value.values}
    if isinstance(value, Worded):
        return {"$worded": value.texts, "first": value.first}
    raise TypeError(f"{type(value).__name__} cannot travel in a message.")


def _untagged(found: dict[str, Any]) -> Any:
    if "$at" in found:
        return datetime.fromisoformat(found["$at"])
    if "$day" in found:
        return date.fromisoformat(found["$day"])
    if "$text" in found:
        return LazyString(pgettext if len(found["$text"]) > 1 else gettext, *found["$text"])
    if "$filled" in found:
        return Filled(found["$filled"], found["values"])
    if "$worded" in found:
        return Worded(found["$worded"], found["first"])
    return found
