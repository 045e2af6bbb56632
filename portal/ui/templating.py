"""What our templates can do beyond Jinja's own: icons and addresses that are made once, and quick look-ups.

All of it serves one end: a page is mostly the same icons and addresses as the page before (docs/performance.md).
"""

from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any

from flask import g, has_request_context, request
from flask import url_for as flask_url_for
from flask.templating import Environment

from portal.core.i18n import current_locale

MADE_ONCE = 4096


class PageEnvironment(Environment):
    """Jinja whose templates hold their globals in one plain dictionary.

    Jinja's chained one is looked through in Python at each rendering and each import of a macro. So what is
    added to the globals after a template was loaded does not reach it: add everything at start.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template."""
        return {**self.globals, **(d or {})}


def kept(macro: Callable[..., Any]) -> Callable[..., Any]:
    """A macro that remembers its answers: for one whose arguments are plain texts and decide everything."""
    return lru_cache(MADE_ONCE)(macro)


def url_for(endpoint: str, **values: Any) -> str:
    """Flask's `url_for`, each plain address made once; one with a host, an anchor or a list is made anew."""
    if not has_request_context() or not all(
        type(value) in (str, int) and name[0] != "_" for name, value in values.items()
    ):
        return flask_url_for(endpoint, **values)
    place: dict[str, str] = g.get("address_values", {})
    here = (request.script_root, current_locale(), place.get("lang"), place.get("town"), request.blueprint)
    return _address(here, endpoint, tuple(values.items()))


@lru_cache(MADE_ONCE)
def _address(_here: tuple[str | None, ...], endpoint: str, values: tuple[tuple[str, str | int], ...]) -> str:
    """The address; `_here` holds what of the request decides it too."""
    return flask_url_for(endpoint, **dict(values))  # type: ignore[arg-type]
