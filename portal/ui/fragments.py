"""Pieces of pages kept by the process, so that a page no page cache may keep is put together from ready ones.

    fragment("initiatives/_card.html", card, card=card)   markup, kept by the values it shows: never stale
    until_change("initiatives.total", count)               a value read, kept until the next public change

A list shows the same cards and the same choices of filters to everybody, also to those who are signed in
(docs/performance.md, rule 4).
"""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from cachetools import LRUCache
from cachetools.keys import hashkey
from flask import current_app
from markupsafe import Markup

from portal.core import tenancy
from portal.core.i18n import current_locale, for_templates
from portal.ui.page_cache import PageCache

T = TypeVar("T")

MAX_BYTES = 8 * 1024 * 1024
ROOM_OF_KEY = 3 * 1024
"""Bytes a piece takes beside its markup, roughly: its values and the place in the cache."""

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


def until_change(name: str, make: Callable[[], T]) -> T:
    """What `make` reads, kept until something public changes in the municipality in scope, a minute at most."""
    cache: PageCache = current_app.extensions["portal.page_cache"]
    return cache.until_change(name, tenancy.current_id() or 0, make)
