"""Turns a waiting message into text: in the recipient's language, in the town's time zone, by the worker.

What is rendered once is kept on the row. Where a secret value belongs the kept text holds a mark, filled
only in what goes out: staff read what was sent, and a code or a link's token is nobody's but the recipient's.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape
from sqlalchemy import select

from portal.core import tenancy
from portal.core.config import Settings
from portal.core.db import db
from portal.core.i18n import (
    TEMPLATE_FILTERS,
    current_locale,
    day,
    gettext,
    moment,
    ngettext,
    pgettext,
    speaking,
)
from portal.core.registry import NoticeKind, registry
from portal.core.tenancy import Town
from portal.notify.kinds import Channel
from portal.notify.models import Notice, NoticeText
from portal.notify.rules import OFFICE, OwnText, fill
from portal.notify.values import unpack

ZONE = "Europe/Warsaw"
"""Zone of messages that belong to no municipality; both countries share its offset."""
HIDDEN = "•••••"
_MANY_BLANK_LINES = re.compile(r"\n\s*\n\s*")
_MARK = re.compile(r"~\.[0-9a-f]+\.(\w+)\.~")
_END_OF_SENTENCE = ".,;:!?)"


@dataclass(frozen=True, slots=True)
class Order:
    """What rendering needs of a message, opened and outside any transaction."""

    id: int
    code: str
    channel: Channel
    locale: str
    municipality_id: int | None
    values: dict[str, Any]
    secret: tuple[str, ...]

    @property
    def secrets(self) -> dict[str, str]:
        """Secret values by name."""
        return {name: str(self.values[name]) for name in self.secret if self.values.get(name) is not None}

    def mark(self, name: str) -> str:
        """Stands for a secret in the kept text; of signs that no address escapes, and the message's own.

        Of a secret address our own beginning stays visible, so that it can be made a link.
        """
        base = _settings().base_url if _is_own(self.secrets[name]) else ""
        return f"{base}~.{self.id:x}.{name}.~"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's text with marks for its secrets; `html` only for e-mail."""

    subject: str
    body: str
    html: str | None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the municipality, or the portal itself."""

    name: str
    reply_to: str | None


def order_of(notice: Notice) -> Order:
    """What rendering needs of a row."""
    packed = unpack(notice.values)
    return Order(
        id=notice.id,
        code=notice.code,
        channel=notice.channel,
        locale=notice.locale,
        municipality_id=notice.municipality_id,
        values=packed.get("values", {}),
        secret=tuple(packed.get("secret", ())),
    )


def in_force(code: str, locale: str) -> OwnText:
    """The office's own words for a kind of message, of the municipality in scope; empty where it has none."""
    newest = (
        select(NoticeText)
        .where(NoticeText.code == code, NoticeText.locale == locale)
        .order_by(NoticeText.version.desc())
        .limit(1)
    )
    row = db.session.scalar(newest)
    return row.own if row is not None else OwnText()


def render(order: Order) -> Rendered:
    """The text of a message, in the office's own words where it has some.

    Raises jinja2 errors for a missing template or value: better late than wrong.
    """
    own = in_force(order.code, order.locale) if order.municipality_id else OwnText()
    return render_with(order, own)


def render_with(order: Order, own: OwnText) -> Rendered:
    """The same with words that need not be in force: for a preview."""
    kind = registry.notices[order.code]
    town = town_of(order.municipality_id)
    with speaking(order.locale, town.zone if town else ZONE):
        values = {**order.values, **{name: order.mark(name) for name in order.secrets}}
        address = _spoken(values) if order.channel is Channel.PHONE else absolute
        filling = _filling(kind, town, values, address)
        subject = _one_line(fill(own.subject, filling)) or subject_of(kind, values)
        context = {
            "link": None,
            **values,
            "town": town,
            "subject": subject,
            "sender": sender(town).name,
            "address": address,
            "url": lambda endpoint, **parts: _url(town, endpoint, parts),
        }
        if order.channel is Channel.SMS:
            if own.sms:
                return Rendered(subject, _one_line(f"{sender(town).name}: {fill(own.sms, filling)}"), None)
            # Given as an address or, as everywhere in messages, as a path without language.
            if str(order.values.get("link") or "").startswith("/"):
                context["link"] = absolute(values["link"])
            return Rendered(subject, _one_line(_sms(kind, context)), None)
        theirs = _whole(kind, own.body, filling)
        ours = "" if theirs else _texts().get_template(kind.template).render(context)
        parts = (theirs or ours, fill(own.extra, filling), fill(own.signature, filling))
        message = _tidy("\n\n".join(part.strip() for part in parts if part.strip()))
        if order.channel.is_task:
            return Rendered(subject, message, None)
        return _mail(town, subject, message, values.get("unsubscribe"))


def _filling(
    kind: NoticeKind, town: Town | None, values: dict[str, Any], address: Callable[[str], str]
) -> dict[str, str]:
    """The values that an office's own text may hold, as words, and no others (R48)."""
    filling = {place.name: _words(values.get(place.name)) for place in kind.placeholders}
    if "page" in filling:
        # The author's own way to the case where there is one; marks of secrets pass through.
        filling["page"] = address(values.get("link") or values.get("page") or "/")
    return {**filling, OFFICE: town.name if town else ""}


def _spoken(values: dict[str, Any]) -> Callable[[str], str]:
    """How somebody who hears it gets to a page of a case: nobody writes a long address down from a call."""
    site, number = urlsplit(_settings().base_url).netloc, values.get("number")

    def told(path: str) -> str:
        if not number:
            return absolute(path)
        if _MARK.search(path):
            link = gettext("Follow your case by its number and code")
            return gettext(
                "On %(site)s choose “%(link)s” and write the number %(number)s and the secret code.",
                site=site,
                link=link,
                number=number,
            )
        return gettext("On %(site)s search for the number %(number)s.", site=site, number=number)

    return told


def _whole(kind: NoticeKind, body: str, filling: dict[str, str]) -> str:
    """The office's own whole text; nothing where it would leave out what people need, which ours then says."""
    text = fill(body, filling)
    needed = (filling[place.name] for place in kind.placeholders if place.required)
    return text if all(value in text for value in needed) else ""


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, list):
        return "\n".join(f"- {each}" for each in value)
    return str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def reveal(text: str, order: Order) -> str:
    """The text with its secrets filled in, as it goes out."""
    for name, value in order.secrets.items():
        text = text.replace(order.mark(name), value)
    return text


def has_marks(text: str) -> bool:
    """Whether a kept text waits for secrets to be filled in."""
    return _MARK.search(text) is not None


def mask(text: str) -> str:
    """The text as staff see it."""
    return _MARK.sub(HIDDEN, text)


def sender(town: Town | None) -> Sender:
    """Who a message comes from, named in the language being spoken."""
    if town is None:
        return Sender(gettext("Residents’ Portal"), None)
    return Sender(town.name, town.contact.get("email") or None)


def town_of(municipality_id: int | None) -> Town | None:
    """The municipality a message comes from; None for the portal itself."""
    return tenancy.town_by_id(municipality_id) if municipality_id else None


def absolute(path: str, locale: str | None = None) -> str:
    """Public address of a path without language."""
    return f"{_settings().base_url}/{locale or current_locale()}{path}"


def linked(text: str, *, local: bool = False) -> Markup:
    """The text as safe HTML, its own addresses clickable and no others.

    `local` keeps the path only, so that a link works under whatever address the reader reached us.
    """
    base = _settings().base_url
    pieces: list[Markup] = []
    rest = 0
    for found in re.finditer(re.escape(base) + r"(?:[/~•][^\s<>\"']*)?", text):
        shown = found[0].rstrip(_END_OF_SENTENCE)
        if HIDDEN in shown:
            continue
        target = (shown.removeprefix(base) or "/") if local else shown
        pieces.append(escape(text[rest : found.start()]))
        pieces.append(Markup('<a href="{}">{}</a>').format(target, shown))
        rest = found.start() + len(shown)
    return Markup("").join([*pieces, escape(text[rest:])])


def paragraphs(text: str, *, local: bool = False) -> list[Markup]:
    """A text as safe paragraphs, lines kept."""
    return [
        Markup("<br>").join(linked(line, local=local) for line in part.splitlines())
        for part in _MANY_BLANK_LINES.split(text.strip())
        if part
    ]


def _mail(town: Town | None, subject: str, message: str, unsubscribe: str | None) -> Rendered:
    """Both parts on the skeletons of the look."""
    context = {
        "locale": current_locale(),
        "subject": subject,
        "sender": sender(town).name,
        "footer": _footer(town, unsubscribe),
        "link": "",
        "link_label": "",
        "message": message,
        "paragraphs": paragraphs(message),
    }
    text = _texts().get_template("notify/mail/message.txt").render(context)
    html = _pages().get_template("notify/mail/message.html").render(context)
    return Rendered(subject, _tidy(text), _tidy(html))


def _footer(town: Town | None, unsubscribe: str | None) -> str:
    if sender(town).reply_to:
        lines = [gettext("You can answer this message; the office reads the answers.")]
    else:
        lines = [gettext("This message was sent automatically; answers to it are not read.")]
    if unsubscribe:
        lines.append(gettext("If you want no more of these messages: %(link)s", link=absolute(unsubscribe)))
    return "\n".join(lines)


def _sms(kind: NoticeKind, context: dict[str, Any]) -> str:
    names = [kind.template.removesuffix(".txt") + ".sms.txt", "notify/sms/message.txt"]
    return _texts().select_template(names).render(context)


def subject_of(kind: NoticeKind, values: dict[str, Any]) -> str:
    """The fixed subject; only the public number may be filled in (R48)."""
    text = str(kind.subject)
    return text % {"number": values.get("number") or ""} if "%(" in text else text


def _tidy(text: str) -> str:
    """No space at line ends, one empty line between paragraphs."""
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines)


def _is_own(address: str) -> bool:
    return address.startswith(_settings().base_url + "/")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["portal.settings"]
    return settings


def _texts() -> Environment:
    """Templates as plain text, from the same folders as the pages."""
    return _kept("portal.notify.texts", autoescape=False)


def _pages() -> Environment:
    """The same with HTML made safe."""
    return _kept("portal.notify.pages", autoescape=True)


def _kept(key: str, *, autoescape: bool) -> Environment:
    """The environment kept by the application; one each, because an overlay would compile every time."""
    if key not in current_app.extensions:
        made = Environment(
            loader=current_app.jinja_loader,
            autoescape=autoescape,  # noqa: S701 - plain text has nothing to escape
            undefined=StrictUndefined,
            # Line ends after a block stay, or the paragraph after an `if` would join the one before it;
            # empty lines too many are taken out of the finished text.
            lstrip_blocks=True,
        )
        made.filters.update(TEMPLATE_FILTERS)
        made.globals.update(
            _=gettext, gettext=gettext, ngettext=ngettext, pgettext=pgettext, address=absolute
        )
        current_app.extensions[key] = made
    environment: Environment = current_app.extensions[key]
    return environment


def _url(town: Town | None, endpoint: str, values: dict[str, Any]) -> str:
    """Public address of one of our pages; language and municipality as the message's."""
    parts = urlsplit(_settings().base_url)
    adapter = current_app.url_map.bind(parts.netloc, url_scheme=parts.scheme)
    known = {"lang": current_locale(), "town": town.slug if town else None}
    wanted = {
        name: value
        for name, value in known.items()
        if value and current_app.url_map.is_endpoint_expecting(endpoint, name)
    }
    return adapter.build(endpoint, {**wanted, **values}, force_external=True)
