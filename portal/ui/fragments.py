"""Pieces of pages kept by the process, so that a page no page cache may keep is put together from ready ones.

    fragment("initiatives/_filters.html", wanted, wanted=wanted)   kept by the values it shows: never stale
    moulded("initiatives/_card.html", texts, look="new")            made anew, but not rendered anew
    until_change("initiatives.total", count)                        a value read, kept until the next public change

A list shows the same choices of filters to everybody, also to those who are signed in, and its cards differ in
little but their texts (docs/performance.md, rule 4).
"""

import re
import threading
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from cachetools import LRUCache
from cachetools.keys import hashkey
from flask import current_app
from markupsafe import Markup, escape

from portal.core import tenancy
from portal.core.i18n import current_locale, for_templates
from portal.ui.page_cache import PageCache

T = TypeVar("T")

MAX_BYTES = 8 * 1024 * 1024
ROOM_OF_KEY = 3 * 1024
"""Bytes a piece takes beside its markup, roughly: its values and the place in the cache."""

MOULDS = 1024
OPEN, CLOSE = "\ue000", "\ue001"
"""Signs of no script around the name of a text; in the texts themselves they mean nothing."""
BETWEEN = "\0"

# Two bytes a sign, as Python keeps Polish and Czech.
_kept: LRUCache[Hashable, Markup] = LRUCache(MAX_BYTES, getsizeof=lambda html: 2 * len(html) + ROOM_OF_KEY)
_lock = threading.Lock()


def fragment(template: str, *key: Hashable, **context: Any) -> Markup:
    """The piece `template` makes of `context`.

    `key` holds every value the template reads, the day included where it says "yesterday"; who is signed in
    must not be among them, nor a token.
    """
    locale = current_locale()
    place = hashkey(template, locale, *key)  # Looked up several times, hashed once.
    with _lock:
        found = _kept.get(place)
    if found is None:
        rendered = current_app.jinja_env.get_template(template).render(for_templates(locale), **context)
        found = Markup(rendered)  # noqa: S704 - a template escapes what it prints
        with _lock:
            _kept[place] = found
    return found


def moulded(template: str, texts: Mapping[str, str], **context: str) -> Markup:
    """The piece `template` makes of texts, which are escaped, and of a few values that decide on its shape.

    The template is rendered once for each shape, with marks in place of the texts; later ones are only filled
    in, which takes a tenth of the time. So of a text it may ask whether there is one, and nothing else.
    """
    there = tuple(map(bool, texts.values()))
    pattern, names = _mould(template, current_locale(), tuple(texts), there, tuple(context.items()))
    values = [texts[name] for name in names]
    # All of them in one go: a call for each would take longer than all else here.
    safe = str(escape(BETWEEN.join(values))).split(BETWEEN)
    if len(safe) != len(values):  # The sign stands in a text itself.
        safe = [str(escape(str(value))) for value in values]
    return Markup(pattern % tuple(safe))  # noqa: S704 - all of it is escaped


@lru_cache(MOULDS)
def _mould(
    template: str,
    locale: str,
    names: tuple[str, ...],
    there: tuple[bool, ...],
    context: tuple[tuple[str, str], ...],
) -> tuple[str, tuple[str, ...]]:
    """The piece with a place for each text, and the names of the texts in the order of their places."""
    marks = {
        name: Markup(f"{OPEN}{name}{CLOSE}") if is_there else ""  # noqa: S704 - a mark of ours
        for name, is_there in zip(names, there, strict=True)
    }
    found = current_app.jinja_env.get_template(template)
    rendered = found.render(for_templates(locale), **marks, **dict(context))
    parts = re.split(f"{OPEN}([a-z_]+){CLOSE}", rendered)
    parts[0::2] = [part.replace("%", "%%") for part in parts[0::2]]
    places = tuple(parts[1::2])
    parts[1::2] = ["%s"] * len(places)
    return "".join(parts), places


def until_change(name: str, make: Callable[[], T]) -> T:
    """What `make` reads, kept until something public changes in the municipality in scope, a minute at most."""
    cache: PageCache = current_app.extensions["portal.page_cache"]
    return cache.until_change(name, tenancy.current_id() or 0, make)
