"""One person in a browser: goes to pages, presses and fills what carries a label, reads messages.

Everything is found as people find it, by role and visible name, in the language of the visitor; the words
come from the catalogues, so a better translation breaks no journey. What must never happen on any page is
collected in `complaints`: errors of scripts, refusals by the content policy, requests to other hosts.
"""

import gettext
import re
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect

from portal.core.i18n import CATALOGUES

MESSAGE_WITHIN_S = 20


@cache
def _catalogue(lang: str) -> gettext.NullTranslations:
    return gettext.translation("messages", str(CATALOGUES), [lang], fallback=True)


def translated(lang: str, text: str, context: str = "", **values: object) -> str:
    """A text of the interface in one language."""
    known = _catalogue(lang)
    found = known.pgettext(context, text) if context else known.gettext(text)
    return found % values if values else found.replace("%%", "%")


@dataclass
class Visitor:
    """A browser of one's own: cookies, language, size."""

    context: BrowserContext
    portal: str
    lang: str
    page: Page = field(init=False)
    answer: Response | None = field(init=False, default=None)
    """What the server answered to the page on the screen."""
    complaints: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Watch everything this browser does."""
        self.context.on("request", self._asked)
        self.context.on("response", self._answered)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda problem: self.complaints.append(f"script: {problem.error}"))
        # Whoever leaves a half-filled form says yes to the browser's question.
        self.context.on("dialog", lambda dialog: dialog.accept())
        self.page = self.context.new_page()

    # What is watched ---------------------------------------------------------------------------------------

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("data", "blob", "about"):
            return
        if f"{address.scheme}://{address.netloc}" != self.portal:
            self.complaints.append(f"asked another host: {request.url}")
        if address.path == "/csp-report":
            self.complaints.append(f"the content policy refused: {request.post_data}")

    def _answered(self, answer: Response) -> None:
        if answer.request.resource_type == "document" and answer.request.is_navigation_request():
            self.answer = answer
            if answer.status >= 500:
                self.complaints.append(f"{answer.status}: {answer.url}")
        elif answer.status >= 400:
            self.complaints.append(f"{answer.status} for a part of the page: {answer.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # That a page answered 4xx stands in `status`; a part of a page that did is a complaint above.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {message.text}")

    # Words -------------------------------------------------------------------------------------------------

    def t(self, text: str, context: str = "", **values: object) -> str:
        """A text of the interface as this visitor reads it."""
        return translated(self.lang, text, context, **values)

    def n(self, one: str, many: str, count: int) -> str:
        """A counted text of the interface as this visitor reads it."""
        return _catalogue(self.lang).ngettext(one, many, count) % {"n": count}

    # Going -------------------------------------------------------------------------------------------------

    def go(self, path: str, status: int = 200) -> None:
        """Open an address below the visitor's language, such as `/lublin/initiatives`."""
        self.open(f"/{self.lang}{path}", status)

    def open(self, address: str, status: int = 200) -> None:
        """Open a whole address of the portal."""
        answer = self.page.goto(address if address.startswith("http") else f"{self.portal}{address}")
        assert answer is not None
        assert answer.status == status, f"{address} answers {answer.status}"

    @property
    def path(self) -> str:
        """Where this visitor stands."""
        return urlsplit(self.page.url).path

    @property
    def status(self) -> int:
        """What the server said to the last page."""
        assert self.answer is not None
        return self.answer.status

    # Acting ------------------------------------------------------------------------------------------------

    def main(self) -> Locator:
        """The page without its frame."""
        return self.page.locator("main")

    def press(self, text: str, context: str = "", **values: object) -> None:
        """Press a button, or what looks like one."""
        name = self.t(text, context, **values)
        button = self.main().get_by_role("button", name=name, exact=True)
        self._leave(button.or_(self.main().get_by_role("link", name=name, exact=True)).first)

    def follow(self, text: str, context: str = "", **values: object) -> None:
        """Follow a link of the page."""
        self._leave(self.main().get_by_role("link", name=self.t(text, context, **values), exact=True).first)

    def follow_named(self, words: str) -> None:
        """Follow a link whose words somebody wrote, such as a title."""
        self._leave(self.main().get_by_role("link", name=words).first)

    def _leave(self, thing: Locator) -> None:
        thing.click()
        self.page.wait_for_load_state()

    def control(self, label: str, context: str = "") -> Locator:
        """The input with this label, said to be optional or not."""
        words = re.escape(self.t(label, context))
        optional = re.escape(self.t("%(label)s (optional)", label="\0")).replace("\0", words)
        return self.main().get_by_label(re.compile(rf"^\s*({words}|{optional})\s*$"))

    def fill(self, label: str, value: str, context: str = "") -> None:
        """Type into a field."""
        self.control(label, context).first.fill(value)

    def choose(self, label: str, option: str, context: str = "", of: str = "") -> None:
        """Choose from a list of choices."""
        self.control(label, of).first.select_option(label=self.t(option, context))

    def tick(self, text: str, context: str = "") -> None:
        """Tick a box or choose an answer."""
        name = self.t(text, context)
        boxes = self.main().get_by_role("radio", name=name, exact=True)
        boxes.or_(self.main().get_by_role("checkbox", name=name, exact=True)).first.check()

    def upload(self, label: str, name: str, kind: str, content: bytes) -> None:
        """Choose a file."""
        self.control(label).set_input_files({"name": name, "mimeType": kind, "buffer": content})

    # Seeing ------------------------------------------------------------------------------------------------

    def sees(self, text: str, context: str = "", **values: object) -> None:
        """The page says this in the visitor's language."""
        self.reads(self.t(text, context, **values))

    def reads(self, words: str) -> None:
        """The page says these very words."""
        expect(self.main()).to_contain_text(words, ignore_case=True)

    def misses(self, words: str) -> None:
        """The page does not say these words."""
        expect(self.main()).not_to_contain_text(words)

    def heading(self) -> str:
        """The one heading of the page."""
        return self.page.locator("h1").inner_text()

    # Messages ----------------------------------------------------------------------------------------------

    def mail(self, to: str, words: str = "") -> Locator:
        """The written messages to a contact that say `words`, newest first, on the page of messages."""
        self.go(f"/demo/messages?{urlencode({'to': to})}")
        found = self.main().locator("article").filter(has=self.page.locator(".prose p"))
        return found.filter(has_text=words) if words else found

    def message(self, to: str, words: str = "", after: int = 0) -> Locator:
        """The newest of them, once there are more than `after`: the worker writes it a moment later."""
        give_up = time.monotonic() + MESSAGE_WITHIN_S
        while time.monotonic() < give_up:
            found = self.mail(to, words)
            if found.count() > after:
                return found.first
            time.sleep(0.3)
        raise AssertionError(f"No message to {to} with “{words}”.")

    def message_link(self, to: str, words: str = "", after: int = 0) -> str:
        """The first link of such a message."""
        text = self.message(to, words, after).inner_text()
        found = re.search(rf"{re.escape(self.portal)}/\S+", text)
        assert found, f"The message holds no link: {text}"
        return found.group(0).rstrip(".,;")


def options(lang: str, width: int, *, scripts: bool = True, dark: bool = False) -> dict[str, Any]:
    """Settings of a browser: phones are narrow and are touched."""
    phone = width < 600
    return {
        "viewport": {"width": width, "height": 740 if phone else 900},
        "locale": lang,
        "has_touch": phone,
        "is_mobile": phone,
        "reduced_motion": "reduce",
        "color_scheme": "dark" if dark else "light",
        "java_script_enabled": scripts,
    }
