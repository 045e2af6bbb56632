"""The test client: a browser without script that keeps its distance from the test's own session.

Each request runs in an empty context, as under a server: no municipality, actor or database session of the
test reaches it. `submit` fetches a page, fills its form in and sends it as a browser would, token included.
"""

from contextvars import Context
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.core.db import db

Fields = list[tuple[str, str]]


class Forms(HTMLParser):
    """Collects what a browser would send for each posting form of a page: (action, fields)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Fields]] = []
        self.names: list[set[str]] = []
        self._open = False
        self._area: str | None = None
        self._select: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = values.get("method", "get").lower() == "post"
            if self._open:
                self.found.append((values.get("action", ""), []))
                self.names.append(set())
        elif self._open and "disabled" not in values:
            self._control(tag, values)

    def _control(self, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if tag in ("input", "button", "textarea", "select"):
            self.names[-1].add(name)
        if tag == "input":
            self._input(name, values)
        elif tag == "textarea":
            self._area = name
            self.found[-1][1].append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in values:
            self.found[-1][1].append((self._select, values.get("value", "")))

    def _input(self, name: str, values: dict[str, str]) -> None:
        kind = values.get("type", "text")
        if not name or kind in ("submit", "file", "image", "button"):
            return
        if kind in ("checkbox", "radio") and "checked" not in values:
            return
        self.found[-1][1].append((name, values.get("value", "on" if kind == "checkbox" else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            name, so_far = self.found[-1][1].pop()
            # HTML drops one line break after the opening tag.
            self.found[-1][1].append((name, so_far + (data if so_far else data.removeprefix("\n"))))


class Browser(FlaskClient):
    """What the `client` fixture gives."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """A request of its own; rows the test holds keep their values, but belong to no session any more."""
        if has_app_context():
            # An open reading transaction would go on seeing the past, and hold up a writer of SQLite.
            db.session.close()
        # A streamed answer is read to its end here: its generator lives in the request's context.
        return Context().run(super().open, *args, **{"buffered": True, **kwargs})

    def submit(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """Fetch the page at `path`, fill `data` into the form that has those fields, and send it.

        A field with value None is left out, as a box that is not ticked. Fails when the page has no such form.
        """
        passed = {name: kwargs[name] for name in ("base_url",) if name in kwargs}
        return self.submit_shown(self.get(path, **passed), path, data, **kwargs)

    def submit_shown(
        self, page: TestResponse, path: str, data: dict[str, Any] | None = None, **kwargs: Any
    ) -> TestResponse:
        """The same with a page that was fetched before."""
        data = data or {}
        assert page.status_code == 200, f"{path} answers {page.status}"
        forms = Forms(page.get_data(as_text=True))
        wanted = {name for name, value in data.items() if value is not None}
        for (action, fields), names in zip(forms.found, forms.names, strict=True):
            if wanted <= names:
                sent: dict[str, Any] = {}
                for name, value in fields:
                    sent.setdefault(name, []).append(value)
                sent |= data
                filled = {name: value for name, value in sent.items() if value is not None}
                return self.post(urljoin(path, action) if action else path, data=filled, **kwargs)
        raise AssertionError(f"{path} has no form with {', '.join(sorted(wanted))}; it has {forms.names}")

    def post_button(self, page: TestResponse, action: str, **kwargs: Any) -> TestResponse:
        """Press the button of a page whose form leads to `action`."""
        for found, fields in Forms(page.get_data(as_text=True)).found:
            if found == action:
                return self.post(action, data=dict(fields), **kwargs)
        raise AssertionError(f"The page has no button that leads to {action}")
