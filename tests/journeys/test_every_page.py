"""Every page, in every language: accessible, valid, whole at 320 pixels, and with nothing of another host.

Which screen and colours axe looks at goes by language: a desktop in Polish, a small phone in Czech, a dark phone
in English. That nothing is cut off or scrolls sideways is asked on the phone and on the desktop in each. KEEP_PAGES=folder keeps a picture of each page for people to look at.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from sqlalchemy import create_engine, select, update

from initiatives.forms.verbs import PAGES
from portal.accounts.models import LoginSession
from portal.accounts.rules import DEMO_PASSWORD
from portal.accounts.session import FRESH_UNTIL
from portal.core.config import ROOT
from portal.core.db import engine_options
from portal.core.i18n import LOCALES
from portal.core.registry import registry
from portal.core.tokens import digest
from tests.factories.counted import count
from tests.journeys import acts, stops
from tests.journeys.conftest import Visit
from tests.journeys.stops import LUBLIN, PAGELESS, Stop
from tests.journeys.visitor import Visitor

Walks = Iterator[tuple[Visitor, Iterable[Stop]]]

NARROW, WIDE = 320, 1280
JUDGED_AT = {"pl": WIDE, "cs": NARROW, "en": NARROW}
"""The width at which axe looks."""
DARK = "en"
"""The language in which the pages are judged in dark colours."""
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # Places are told by their HTML.
    "selectors": False,
}
SECOND_DATABASE = bool(os.environ.get("PORTAL_TEST_DATABASE_URL"))
"""Words and looks are the catalogues' and the browser's: there one language tells whether pages come, and axe is not asked twice."""
FRONTEND = ROOT / "portal" / "ui" / "frontend"
FIRST_FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]"
LOOK = """([first, english]) => {
  const words = new RegExp(`\\\\b(${english})\\\\b`, "i");
  const foreign = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { parentElement: holder, textContent } = texts.currentNode;
    if (holder.closest("script, style, code, .code, [lang=en]")) continue;
    if (english && words.test(textContent)) foreign.push(textContent.trim());
  }
  return {
    lang: document.documentElement.lang,
    title: document.title,
    headings: document.querySelectorAll("h1").length,
    first: document.body.querySelector(first)?.className,
    foreign,
  };
}"""
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const cut = [...document.querySelectorAll("main *")].find(
    (e) =>
      e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1 && e.checkVisibility() && !e.closest("[data-map], svg, input") &&
      ["hidden", "clip"].includes(getComputedStyle(e).overflowX),
  );
  if (cut) return "what is cut off in " + cut.outerHTML.slice(0, 160);
  const table = [...document.querySelectorAll("main table")].find(
    (e) => e.checkVisibility() && !e.closest(".table-scroll") && e.offsetWidth > e.parentElement.clientWidth + 1,
  );
  if (table) return "a table wider than its place, " + table.outerHTML.slice(0, 160);
  if (document.documentElement.scrollWidth <= width) return "";
  const wide = [...document.querySelectorAll("body *")].filter(
    (e) => e.checkVisibility() && e.getBoundingClientRect().right > width + 1,
  );
  return wide.slice(-1).map((e) => e.outerHTML.slice(0, 160)).join("") || "something";
}"""
ENGLISH = "the|and|your|with|this|from|you|of|is|are"
"""Words that are none in Polish or Czech: where one stands, a text was not translated or lacks its language."""

MAIN_BUTTON = "form[method=post] button.button:not(.button--quiet, .button--small)"

pytestmark = pytest.mark.journey


def walk(visitor: Visitor, stops: Iterable[Stop], app: Flask, folder: Path) -> Iterator[str]:
    """Look at each page as this visitor; gives everything that is wrong with it in a line each."""
    lang = visitor.lang
    visitor.context.add_init_script(Axe().axe_script)
    for stop in stops:
        path = stop.path(app, lang)
        name = f"{stop.name}-{len(list(folder.iterdir()))}-{lang}"
        visitor.page.set_viewport_size({"width": JUDGED_AT[lang], "height": 740})
        visitor.page.emulate_media(color_scheme="dark" if lang == DARK else "light")
        visitor.page.goto(f"{visitor.portal}{path}")
        if "/why?" in visitor.page.url and stop.endpoint != "initiatives.why":
            acts.say_why(visitor)
        if visitor.status != stop.status:
            yield f"{path} answers {visitor.status} to {stop.who or 'a visitor'}"
            continue
        yield from (f"{path}: {line}" for line in _look(visitor, folder / f"{name}.html"))
        if stop.is_refused:
            visitor.main().locator(MAIN_BUTTON).first.click()
            visitor.page.wait_for_load_state()
            if visitor.status != 422:
                yield f"{path} answers {visitor.status} to a form that lacks everything"
                continue
            yield from (
                f"{path}, refused: {line}" for line in _look(visitor, folder / f"{name}-refused.html")
            )


def _look(visitor: Visitor, source: Path) -> list[str]:
    """What is wrong with the page on the screen; its source is kept for html-validate."""
    assert visitor.answer is not None
    source.write_text(visitor.answer.text())
    return [*_headers(visitor), *_words(visitor), *_width(visitor), *_axe(visitor, source.stem)]


def _headers(visitor: Visitor) -> Iterator[str]:
    assert visitor.answer is not None
    policy = visitor.answer.headers.get("content-security-policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy:
        yield f"content policy is {policy!r}"
    if visitor.answer.headers.get("content-language", visitor.lang) != visitor.lang:
        yield f"said to be in {visitor.answer.headers['content-language']}"


def _words(visitor: Visitor) -> Iterator[str]:
    seen = visitor.page.evaluate(LOOK, [FIRST_FOCUSABLE, "" if visitor.lang == "en" else ENGLISH])
    if seen["headings"] != 1:
        yield f"{seen['headings']} headings of level 1"
    if seen["lang"] != visitor.lang:
        yield f"lang is {seen['lang']}"
    if seen["first"] != "skip":
        yield f"the first thing to reach by keyboard is {seen['first']!r}"
    if not seen["title"].endswith(f" – {visitor.t('Residents’ Portal')}"):
        yield f"its title is {seen['title']!r}"
    for text in dict.fromkeys(seen["foreign"]):
        yield f"not in the language of the page: {text[:120]!r}"


def _width(visitor: Visitor) -> Iterator[str]:
    for width in (NARROW, WIDE):
        visitor.page.set_viewport_size({"width": width, "height": 740})
        if wide := visitor.page.evaluate(TOO_WIDE):
            yield f"scrolls sideways at {width} pixels because of {wide}"


def _axe(visitor: Visitor, name: str) -> Iterator[str]:
    visitor.page.set_viewport_size({"width": JUDGED_AT[visitor.lang], "height": 740})
    if kept := os.environ.get("KEEP_PAGES"):
        visitor.page.screenshot(path=Path(kept) / f"{name}.png", full_page=True)
    if SECOND_DATABASE:
        return
    # Only what is wrong comes back: all that was found sound is a megabyte a page.
    found = visitor.page.evaluate("(options) => axe.run(options).then((told) => told.violations)", AXE)
    for violation in found:
        places = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
        yield f"axe {violation['id']}: {violation['help']} – {places}"


def _invalid(folder: Path) -> list[str]:
    """What html-validate says of the pages as the server sent them."""
    node = shutil.which("node") or str(Path(sys.executable).with_name("node"))
    answer = subprocess.run(
        [node, "validate.mjs", *sorted(map(str, folder.glob("*.html")))],
        cwd=FRONTEND,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout, f"html-validate did not run; `python3 dev.py test` installs it.\n{answer.stderr}"
    return answer.stdout.splitlines()[:-1]


def _asked(visitor: Visitor, to: str, words: str, ask: Callable[[], None]) -> str:
    """Ask for a message with a link; gives the secret at its end."""
    before = visitor.mail(to, words).count()
    ask()
    return visitor.message_link(to, words, before).rpartition("/")[2]


def _ask(visitor: Visitor, path: str, label: str, to: str) -> Callable[[], None]:
    def ask() -> None:
        visitor.go(path)
        visitor.fill(label, to)
        visitor.press("Send me a link")

    return ask


def _public(visit: Visit, lang: str) -> Walks:
    yield visit(lang), stops.public()


def _entering(visit: Visit, lang: str) -> Walks:
    visitor = visit(lang)
    filed = acts.file(visitor, LUBLIN)
    acts.begin(visitor, LUBLIN)
    draft = visitor.path.split("/")[-2]
    visitor.tick("The whole municipality")
    visitor.press("Save and go on")
    visitor.upload("Photo", "plac.jpg", "image/jpeg", acts.photo())
    visitor.press("Add the file")
    described = visitor.main().locator("a[href$='/alt']").get_attribute("href") or ""
    visitor.go("/sign-in/staff")
    visitor.fill("E-mail address", f"translator@{LUBLIN}.example")
    visitor.fill("Password", DEMO_PASSWORD)
    visitor.press("Continue")
    visitor.go("/sign-in/phone")
    visitor.fill("Mobile number", "+48 600 999 999")
    visitor.press("Send me a code")
    admin = visit(lang, staff=f"admin@{LUBLIN}.example", again=True)
    colleague = f"nowe.osoby.{lang}@urzad.example"

    def invite() -> None:
        admin.go(f"/{LUBLIN}/desk/members/invite")
        admin.fill("E-mail address", colleague)
        admin.main().get_by_role("checkbox").first.check()
        admin.press("Send the invitation")

    newcomer, forgetful = f"nowa.osoba.{lang}@poczta.example", f"editor@{LUBLIN}.example"
    reader = visit(lang)
    yield (
        visitor,
        stops.entering(
            draft,
            int(described.split("/")[-2]),
            filed.number.lower(),
            _asked(reader, newcomer, "/sign-in/link/", _ask(reader, "/sign-in", "E-mail address", newcomer)),
            _asked(reader, forgetful, "/password/", _ask(reader, "/password", "E-mail address", forgetful)),
            _asked(reader, colleague, "/invitation/", invite),
        ),
    )


def _own(visit: Visit, lang: str) -> Walks:
    author = visit(lang, resident=stops.an_author(), again=True)
    other = "inny.adres@poczta.example"
    token = _asked(
        author, other, "/account/email/", _ask(author, "/account/email", "New e-mail address", other)
    )
    for who, theirs in _by_person(stops.own(token)):
        visitor = author if who == stops.an_author() else visit(lang, resident=who)
        if who == "teresa.wolniak@poczta.example":
            visitor.go("/account/phone")
            visitor.press("Send me a code")
        yield visitor, theirs


def _securing(visit: Visit, lang: str) -> Walks:
    visitor = visit(lang, staff=f"expert@{LUBLIN}.example", again=True)
    visitor.go("/account/security/codes/new")
    visitor.press("Make new codes")
    yield visitor, stops.securing()


def _desk(visit: Visit, lang: str) -> Walks:
    for who, theirs in _by_person(stops.desk()):
        yield visit(lang, staff=who), theirs


def _moves(visit: Visit, lang: str) -> Walks:
    for who, theirs in _by_person(stops.moves()):
        yield visit(lang, staff=who), theirs


def _running(visit: Visit, lang: str) -> Walks:
    acts.file(visit(lang), LUBLIN, email="barbara@poczta.example")
    leader = visit(lang, staff=f"leader@{LUBLIN}.example")
    leader.message("barbara@poczta.example")
    leader.go(f"/{LUBLIN}/desk/messages")
    link = leader.main().locator("tbody a").first.get_attribute("href") or ""
    for who, theirs in _by_person(stops.running(link.rpartition("/")[2])):
        yield visit(lang, staff=who, again=who.startswith(("admin@", "portal-operator@"))), theirs


def _by_person(found: Iterable[Stop]) -> Iterable[tuple[str, list[Stop]]]:
    people: dict[str, list[Stop]] = {}
    for stop in found:
        people.setdefault(stop.who, []).append(stop)
    return people.items()


def _articles(visit: Visit, lang: str) -> Walks:
    for who, theirs in _by_person(stops.articles()):
        yield visit(lang, staff=who) if who else visit(lang), theirs


GROUPS = (_public, _entering, _own, _securing, _desk, _moves, _running, _articles)


WALKED = LOCALES[:1] if SECOND_DATABASE else LOCALES


@pytest.mark.parametrize("lang", WALKED)
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__.strip("_"))
def test_every_page_is_sound(
    seeded_app: Flask, visit: Visit, tmp_path: Path, group: Callable[[Visit, str], Walks], lang: str
) -> None:
    _judge(group(visit, lang), seeded_app, tmp_path)


@pytest.mark.parametrize("lang", LOCALES)
def test_page_that_asks_who_one_is_is_sound(
    seeded_app: Flask, visit: Visit, journeys_database: str, tmp_path: Path, lang: str
) -> None:
    """Before something weighty, when the sign-in lies back a while: half an hour of waiting, made short."""
    resident, admin, passkey = stops.confirming(lang)
    visitors = visit(lang, resident=resident.who, again=True), visit(lang, staff=admin.who, again=True)
    for visitor in visitors:
        _age(visitor, journeys_database)
    _judge(zip(visitors, ([resident], [admin, passkey]), strict=True), seeded_app, tmp_path)


def _judge(walks: Iterable[tuple[Visitor, Iterable[Stop]]], app: Flask, folder: Path) -> None:
    found: list[str] = []
    for visitor, theirs in walks:
        found += walk(visitor, theirs, app, folder)
    found += _invalid(folder)
    sources = sorted(path.stem for path in folder.glob("*.html"))
    count("F9", " ".join(sources[:1]), len(sources), len(found))
    assert not found, "\n".join(found)


def _age(visitor: Visitor, database: str) -> None:
    """Let the portal forget that this visitor has just proved who they are."""
    [token] = [cookie["value"] for cookie in visitor.context.cookies() if cookie["name"] == "portal"]
    engine = create_engine(database, **engine_options(database))
    with engine.begin() as connection:
        chosen = LoginSession.digest == digest(token)
        data = connection.scalar(select(LoginSession.data).where(chosen))
        assert data
        del data[FRESH_UNTIL]
        connection.execute(update(LoginSession).where(chosen).values(data=data))
    engine.dispose()


def test_walk_leaves_no_page_out(seeded_app: Flask) -> None:
    """A page that no stop leads to is not looked at: add it to `stops.py`."""
    walked = [
        *stops.public(),
        *stops.entering("", 0, "", "", "", ""),
        *stops.own(""),
        *stops.securing(),
        *stops.confirming("pl"),
        *stops.desk(),
        *stops.moves(),
        *stops.running("0"),
        *stops.articles(),
    ]
    known = {
        f"{module.name}.{route.endpoint}"
        for module in registry.modules
        for route in module.routes
        if "GET" in route.methods
    }
    assert known - {stop.endpoint for stop in walked} - PAGELESS == set()


def test_walk_leaves_no_move_out() -> None:
    """Each verb of the desk has its page in the walk."""
    assert {verb.replace("-", "_") for verb in stops.MOVES} == set(PAGES)
