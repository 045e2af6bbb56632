"""The words of messages: every kind with an example, and an office's own words with a preview."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.core import actor as actors
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text
from portal.core.i18n import gettext as _
from portal.core.registry import NoticeKind, Placeholder
from portal.core.tenancy import Town
from portal.notify import queries, rules, services
from portal.notify.forms import TextForm, VersionForm
from portal.notify.kinds import Channel
from portal.notify.models import NoticeText
from portal.notify.render import paragraphs
from portal.notify.rules import OwnText, SmsLength
from portal.ui.pages import Link, page, say


@dataclass(frozen=True, slots=True)
class Wording:
    """A language of a kind: where it is worded, and whether the office has words of its own."""

    language: str
    href: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class KindLine:
    """A kind of message in the list."""

    code: str
    title: Text
    subject: str
    example: tuple[Any, ...]
    wordings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier version, to be looked at and taken up again."""

    number: int
    made_at: datetime
    own: OwnText
    href: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A message with the values of its example: by e-mail or letter, and as an SMS."""

    subject: str
    paragraphs: tuple[Any, ...]
    sms: str
    length: SmsLength


def texts() -> Response:
    """Every kind of message with an example in the language of the page."""
    own = queries.texts()
    return page(
        "notify/desk/texts.html",
        title=_("Words of messages"),
        crumbs=[Link(_("How messages go out"), url_for("notify.settings"))],
        kinds=[_line(kind, own) for kind in queries.kinds()],
    )


def _line(kind: NoticeKind, own: dict[tuple[str, str], NoticeText]) -> KindLine:
    town: Town = g.town
    here = g.address_values.get("lang", town.language)
    shown = own.get((kind.code, here))
    found = queries.preview(kind.code, here, Channel.LETTER, town.id, shown.own if shown else OwnText())
    wordings = [
        Wording(
            LANGUAGE_NAMES[locale],
            url_for("notify.text", code=kind.code, language=locale),
            (kind.code, locale) in own and not own[kind.code, locale].own.is_empty,
        )
        for locale in LOCALES
    ]
    return KindLine(
        code=kind.code,
        title=kind.title,
        subject=found.subject if found else str(kind.title),
        example=tuple(paragraphs(found.body)) if found else (),
        wordings=tuple(wordings) if kind.placeholders else (),
    )


def text(code: str, language: str) -> Response:
    """Word one kind in one language: look at it first, then save."""
    kind, newest = _asked(code, language)
    now = newest.own if newest else OwnText()
    version = newest.version if newest else 0
    form = TextForm(data={**asdict(now), "version": version})
    if not form.validate_on_submit():
        return _page(kind, language, form, now, status=422 if form.is_submitted() else 200)
    own = OwnText(**{name: form[name].data or "" for name in rules.TEXT_LENGTHS})
    if problems := _problems(kind, own):
        form.blame(problems, _("The text was not saved."))
        return _page(kind, language, form, own, status=422)
    if request.form.get("go") == "preview":
        return _page(kind, language, form, own, previewed=True)
    try:
        services.write_text(actors.current(), code, language, own, _number(form.version.data))
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _page(kind, language, form, own, status=422)
    except Conflict as problem:
        form.blame({}, problem.reason)
        form.version.data = str(version)
        return _page(kind, language, form, own, status=409, theirs=now)
    say(_("Saved. Messages written from now on use these words."))
    return redirect(url_for("notify.text", code=code, language=language), 303)


def _problems(kind: NoticeKind, own: OwnText) -> dict[str, Text]:
    known = {place.name for place in kind.placeholders} | {rules.OFFICE}
    return dict(
        rules.text_problems(own, known, {place.name for place in kind.placeholders if place.required})
    )


def drop_text(code: str, language: str) -> Response:
    """Let our words hold again."""
    _asked(code, language)
    form = VersionForm()
    if form.validate_on_submit():
        services.drop_text(actors.current(), code, language, _number(form.version.data))
        say(_("The portal’s own words hold again."))
    return redirect(url_for("notify.text", code=code, language=language), 303)


def take_up_text(code: str, language: str, version: int) -> Response:
    """Let an earlier version hold again."""
    _asked(code, language)
    form = VersionForm()
    if form.validate_on_submit():
        services.take_up(actors.current(), code, language, version, _number(form.version.data))
        say(_("The earlier words hold again."))
    return redirect(url_for("notify.text", code=code, language=language), 303)


def _asked(code: str, language: str) -> tuple[NoticeKind, NoticeText | None]:
    kind = queries.kind(code)
    if language not in LOCALES:
        raise Missing
    return kind, next(iter(queries.versions(code, language)), None)


def _page(
    kind: NoticeKind,
    language: str,
    form: TextForm,
    shown: OwnText,
    *,
    status: int = 200,
    previewed: bool = False,
    theirs: OwnText | None = None,
) -> Response:
    versions = queries.versions(kind.code, language)
    newest = versions[0] if versions else None
    is_own = newest is not None and not newest.own.is_empty
    return page(
        "notify/desk/text.html",
        status=status,
        title=f"{kind.title} – {LANGUAGE_NAMES[language]}",
        crumbs=[
            Link(_("How messages go out"), url_for("notify.settings")),
            Link(_("Words of messages"), url_for("notify.texts")),
        ],
        kind=kind,
        language=language,
        form=form,
        preview=_preview(kind, language, shown if status in (200, 409) else OwnText()),
        previewed=previewed,
        theirs=theirs,
        placeholders=(*kind.placeholders, Placeholder(rules.OFFICE, _("Name of the municipality"))),
        is_own=is_own,
        drop_form=VersionForm(formdata=None, data={"version": newest.version}) if newest and is_own else None,
        drop_href=url_for("notify.drop_text", code=kind.code, language=language),
        now=newest.version if newest else 0,
        versions=[
            Version(
                row.version,
                row.made_at,
                row.own,
                url_for("notify.take_up_text", code=kind.code, language=language, version=row.version),
            )
            for row in versions[1:]
        ],
    )


def _preview(kind: NoticeKind, language: str, own: OwnText) -> Preview | None:
    town: Town = g.town
    letter = queries.preview(kind.code, language, Channel.LETTER, town.id, own)
    short = queries.preview(kind.code, language, Channel.SMS, town.id, own)
    if letter is None or short is None:
        return None
    folds = queries.place_of(town.id).rule.folds
    sms = rules.sms_text(short.body, folds=folds)
    return Preview(letter.subject, tuple(paragraphs(letter.body)), sms, rules.sms_length(sms))


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else -1
