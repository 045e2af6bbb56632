"""The one door to languages: which one is spoken, catalogue look-ups, formatters of dates and numbers.

A catalogue is one dictionary per locale and process (docs/performance.md): stock look-ups were half of a
page's time. In Python the functions return plain text; templates get the bound ones of `for_templates`,
which return safe HTML and escape what is filled in. Msgids are plain English sentences.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import NullTranslations, Translations
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from portal.core import clock

LOCALES = ("pl", "cs", "en")
LANGUAGE_NAMES = {"pl": "Polski", "cs": "Čeština", "en": "English"}
DEFAULT_LOCALE = "pl"
Text = str | LazyString

_POST_CODE = re.compile(r"\b(\d{2}-\d{3}|\d{3} \d{2})\b")
_HERE = Path(__file__).resolve()
# In the checkout catalogues lie at the top; the wheel carries them inside the package.
CATALOGUES = next(
    (p for p in (_HERE.parents[2] / "translations", _HERE.parents[1] / "translations") if p.is_dir()),
    _HERE.parents[2] / "translations",
)

_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)
_zone: ContextVar[str] = ContextVar("zone", default="Europe/Warsaw")


def current_locale() -> str:
    """The locale being spoken: pl, cs or en."""
    return _locale.get()


def foreign(language: str) -> str:
    """The language, if it is another than the one being spoken: for the mark on words that stay as they are."""
    return language if language != current_locale() else ""


def current_zone() -> str:
    """The time zone in which instants are shown."""
    return _zone.get()


def speak(locale: str, zone: str | None = None) -> None:
    """Set language and zone of the current request or job."""
    _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)
    if zone:
        _zone.set(zone)


@contextmanager
def speaking(locale: str, zone: str | None = None) -> Iterator[None]:
    """Speak another language for a while: a recipient's, for instance."""
    token, zone_token = _locale.set(locale), _zone.set(zone or _zone.get())
    try:
        yield
    finally:
        _locale.reset(token)
        _zone.reset(zone_token)


class _Texts(dict[str, Markup]):
    """msgid → safe text of one catalogue, filled as it is asked."""

    def __init__(self, translations: NullTranslations) -> None:
        super().__init__()
        self.translations = translations

    def __missing__(self, msgid: str) -> Markup:
        text = self[msgid] = Markup(self.translations.gettext(msgid))  # noqa: S704 - catalogue texts are reviewed code
        return text


@lru_cache(maxsize=8)
def texts(locale: str) -> _Texts:
    """The dictionary of one locale; English is its own msgids."""
    return _Texts(Translations.load(str(CATALOGUES), [locale]) if locale != "en" else NullTranslations())


def gettext(msgid: str, /, **values: object) -> str:
    """The text in the current language, named placeholders filled, as plain text."""
    text = str(texts(_locale.get())[msgid])
    return text % values if values else text


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """The right plural form for the whole number `n`, which fills `%(n)s` too."""
    text: str = texts(_locale.get()).translations.ngettext(one, many, n)
    return text % {"n": number(n), **values}


def pgettext(context: str, msgid: str, /, **values: object) -> str:
    """Like gettext, for a single word whose meaning needs a context."""
    text = _in_context(_locale.get(), context, msgid)
    return text % values if values else text


@lru_cache(maxsize=4096)
def _in_context(locale: str, context: str, msgid: str) -> str:
    return str(texts(locale).translations.pgettext(context, msgid))


_ = gettext


def lazy_gettext(msgid: str, /) -> LazyString:
    """A text looked up when it is shown. No placeholders: a lazy string calls itself safe HTML."""
    return LazyString(gettext, msgid)


def lazy_pgettext(context: str, msgid: str, /) -> LazyString:
    """The lazy twin of pgettext."""
    return LazyString(pgettext, context, msgid)


@dataclass(frozen=True, slots=True)
class Filled:
    """A message with its values, looked up when shown: for errors raised far from the page."""

    msgid: str
    values: dict[str, object]

    def __str__(self) -> str:
        return gettext(self.msgid, **self.values)


@lru_cache(maxsize=8)
@lru_cache
def for_templates(locale: str) -> dict[str, Callable[..., Markup]]:
    """`_`, `ngettext` and `pgettext` bound to one locale, returning safe HTML with values escaped."""
    table = texts(locale)
    plural = table.translations.ngettext
    contextual = table.translations.pgettext

    def bound(msgid: str, /, **values: object) -> Markup:
        text = table[msgid]
        return text % values if values else text

    @lru_cache(maxsize=4096)
    def counted(one: str, many: str, n: int) -> Markup:
        return Markup(plural(one, many, n)) % {"n": _number(n, None, locale)}  # noqa: S704 - catalogue text

    def bound_plural(one: str, many: str, n: int, /, **values: object) -> Markup:
        if not values:
            return counted(one, many, n)
        return Markup(plural(one, many, n)) % {"n": number(n), **values}  # noqa: S704 - catalogue text

    def bound_contextual(context: str, msgid: str, /, **values: object) -> Markup:
        text = Markup(contextual(context, msgid))  # noqa: S704 - catalogue text
        return text % values if values else text

    return {"_": bound, "gettext": bound, "ngettext": bound_plural, "pgettext": bound_contextual}


def _spoken(name: str) -> Callable[..., Markup]:
    """A template function of the language being spoken: for macros, which are imported without context."""

    def speak_it(*args: Any, **values: object) -> Markup:
        return for_templates(_locale.get())[name](*args, **values)

    return speak_it


TEMPLATE_GLOBALS: dict[str, Callable[..., Any]] = {
    name: _spoken(name) for name in ("_", "gettext", "ngettext", "pgettext")
}


def from_json(values: dict[str, str] | None, locale: str | None = None, first: str | None = None) -> str:
    """A configured text of the form {locale: text}: the asked language, the office's first, any."""
    if not values:
        return ""
    for key in (locale or _locale.get(), first, "en", "pl", "cs"):
        if key and values.get(key):
            return values[key]
    return next(iter(values.values()), "")


@dataclass(frozen=True, slots=True)
class Worded:
    """A text that an office wrote in several languages, chosen when shown; `first` is the office's own."""

    texts: dict[str, str]
    first: str

    def __str__(self) -> str:
        return from_json(self.texts, first=self.first)


@lru_cache(maxsize=16)
def babel_locale(code: str) -> Locale:
    """Babel's own record of a locale; English is the British one, as dates here are European."""
    return Locale.parse("en_GB" if code == "en" else code)


def day(value: date | datetime | None, form: str = "long") -> str:
    """A calendar day: `2 grudnia 2026`; an instant is shown in the current zone."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(ZoneInfo(_zone.get())).date()
    return _day(value, form, _locale.get())


@lru_cache(maxsize=4096)
def _day(value: date, form: str, locale: str) -> str:
    return str(format_date(value, format=form, locale=babel_locale(locale)))


def month_of(value: date) -> str:
    """A month with its year, standing alone: `grudzień 2026`."""
    return str(format_date(value, "LLLL y", locale=babel_locale(_locale.get())))


def moment(value: datetime | None, form: str = "medium") -> str:
    """An instant with hours and minutes in the current zone."""
    if value is None:
        return ""
    return _moment(value.replace(second=0, microsecond=0), form, _locale.get(), _zone.get())


@lru_cache(maxsize=4096)
def _moment(value: datetime, form: str, locale: str, zone: str) -> str:
    local = value.astimezone(ZoneInfo(zone))
    day_text = format_date(
        local.date(), format="long" if form == "medium" else form, locale=babel_locale(locale)
    )
    return f"{day_text}, {format_time(local, 'HH:mm', locale=babel_locale(locale))}"


def hour(value: datetime) -> str:
    """The hour and minute of an instant in the current zone."""
    return str(
        format_time(value.astimezone(ZoneInfo(_zone.get())), "HH:mm", locale=babel_locale(_locale.get()))
    )


def iso(value: date | datetime | None) -> str:
    """For the datetime attribute of `time` elements."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.isoformat() if value else ""


def ago(value: datetime) -> str:
    """How long ago in whole days, for lists: today, yesterday, then the day itself."""
    zone = ZoneInfo(_zone.get())
    days = (clock.now().astimezone(zone).date() - value.astimezone(zone).date()).days
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("yesterday")
    return day(value)


def number(value: int | float | Decimal | None, form: str | None = None) -> str:
    """A number with the thousands and decimal signs of the language."""
    if value is None:
        return ""
    return _number(value, form, _locale.get())


@lru_cache(maxsize=2048)
def _number(value: int | float | Decimal, form: str | None, locale: str) -> str:
    return str(format_decimal(value, format=form, locale=babel_locale(locale)))


def percent(value: float, digits: int = 0) -> str:
    """A share from 0 to 1 as a percentage."""
    form = "#,##0." + "0" * digits + "%" if digits else None
    return str(format_percent(value, format=form, locale=babel_locale(_locale.get())))


def money(minor: int | None, currency: str) -> str:
    """An amount of minor units (grosze, haléře); whole amounts without decimals."""
    if minor is None:
        return ""
    amount = Decimal(minor) / 100
    digits = "#,##0.00 ¤" if minor % 100 else "#,##0 ¤"
    text = format_currency(
        amount, currency, format=digits, locale=babel_locale(_locale.get()), currency_digits=False
    )
    return str(text)


def weekday_moment(value: datetime) -> str:
    """An instant with its weekday, for deadlines: `poniedziałek, 4 stycznia 2027`."""
    return str(
        format_datetime(
            value.astimezone(ZoneInfo(_zone.get())), "EEEE, d MMMM y", locale=babel_locale(_locale.get())
        )
    )


def address(text: str) -> Markup:
    """A postal address whose post code (`20-109`, `586 01`) does not break at the end of a line."""
    return Markup(_POST_CODE.sub(r'<span class="nowrap">\1</span>', str(escape(text))))  # noqa: S704 - escaped


TEMPLATE_FILTERS: dict[str, Callable[..., Any]] = {
    "address": address,
    "day": day,
    "date": day,
    "datetime": moment,
    "hour": hour,
    "iso": iso,
    "ago": ago,
    "number": number,
    "percent": percent,
    "money": money,
    "weekday": weekday_moment,
}
