"""The door for every module that tells people something: `send` to one, `fan_out` to many.

    outbox.send(
        "initiative.received",
        Recipient(locale="pl", email=case.email, phone=case.phone, user_id=case.author_id),
        {"number": case.number, "title": case.title, "due": due_day, "code": code},
        about=case.about,
        secret=("code",),
    )

How to write a message:

- **Code**: a `NoticeKind` in your MODULE record names subject and template. The subject is fixed text; it
  may hold the one placeholder `%(number)s` for the public case number and nothing else (R48).
- **Template** (`<module>/mail/received.txt` in your templates folder): plain text, only the message itself;
  greeting, sender and footer are put around it. Short lines are not needed, an empty line makes a paragraph.
  No need, no address, no national number, no health, ever (R48). It gets your values by name and
  `town` (None on messages of the installation), `subject`, `_`, `ngettext`, `pgettext`, the filters of
  `core.i18n` (`{{ due|day }}`), `address("/lublin/initiatives/…")` (absolute, in the recipient's language)
  and `url("initiatives.detail", number=…)` (the same from an endpoint; language and town are filled in).
- **SMS**: `received.sms.txt` beside it, one or two sentences; without it the SMS says town, subject and
  the value `link` if you gave one (an address, or a path without language).
- **Values**: texts, numbers, days, instants, lazy labels (looked up again in the recipient's language),
  lists and dictionaries of these; never rows.
- **Secret values** (codes, tokens of links): name them in `secret`. They are kept sealed only until the
  message has gone out and staff never see them in a sent message. Use them as they are, without filters.
- **Category**: a `NoticeCategory` that your NoticeKind names, or the caller (`category=`), lets people with an
  account choose: at once, in a daily summary, not at all, by SMS as well. Messages of a category that may be
  stopped get the one-click address of RFC 8058 as header and last line. In a summary stand subject, the value
  `title` and a link: `desk` for staff, else `page`, both paths without language.

Both functions write into the caller's transaction: the message exists if and only if the act happened.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from flask import current_app, has_request_context, request
from sqlalchemy import String, cast, delete, inspect, literal, select, update

from portal.core import actor, clock, tenancy
from portal.core.config import Settings
from portal.core.db import db, insert_or_keep, is_writing
from portal.core.jobs import Job, enqueue
from portal.core.network import network
from portal.core.registry import NoticeCategory, NoticeKind, registry
from portal.core.sealed import new_row_id
from portal.core.tokens import pseudonym, signer
from portal.notify import choices, rules, sms
from portal.notify.channels import mail_host
from portal.notify.kinds import Channel, Choice, Delivery
from portal.notify.models import Notice
from portal.notify.values import Value, pack

About = tuple[str, int]
MUTE = "mute"
MUTE_PATH = "/mute/"
MUTE_SECONDS = 400 * 86_400
"""How long the link of a message stops messages like it: people tidy up old mail, too."""
SMS_COUNTRIES = (48, 420)
"""Calling codes that get SMS, mobile numbers only: nobody can make us pay for premium ranges (R55)."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message goes to. The first way that is known is taken: e-mail, SMS, letter, phone call.

    `phone` is international (+48…), `postal` an address of several lines. `prefers` is the way the person
    asked for; it is taken before the others where it leads to them. Give every contact they left: an SMS that
    does not arrive goes on by e-mail.
    """

    locale: str
    email: str | None = None
    phone: str | None = None
    postal: str | None = None
    name: str | None = None
    user_id: int | None = None
    prefers: Channel | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """An act whose messages wait until an instant, so that it can be taken back before anybody was told."""

    key: str
    until: datetime


_hold: ContextVar[Hold | None] = ContextVar("hold", default=None)


@contextmanager
def holding(key: str, until: datetime) -> Iterator[None]:
    """Hold back what is written meanwhile, under a name by which it is found; without it messages go at once."""
    token = _hold.set(Hold(key, until))
    try:
        yield
    finally:
        _hold.reset(token)


def hold_until(key: str, until: datetime) -> None:
    """Let everything held under this name go at another instant; in the transaction at hand."""
    _within_a_use_case()
    held = (Notice.hold == key, Notice.state.in_(UNTOLD))
    sending = select(literal("notify.send:") + cast(Notice.id, String)).where(*held)
    waiting = (Job.done_at.is_(None), Job.dead_at.is_(None))
    spreading = Job.dedupe.startswith(f"notify.fan-out:{key}:", autoescape=True)
    with tenancy.unscoped("an act whose messages are held may tell people in two municipalities"):
        db.session.execute(update(Notice).where(*held).values(held_until=until))
        for which in (Job.dedupe.in_(sending), spreading):
            later = update(Job).where(which, *waiting).values(due_at=until)
            db.session.execute(later.execution_options(synchronize_session=False))


def call_back(key: str, about: About) -> int:
    """Delete what is held under this name about one thing, and what was to be spread; how many messages.

    Nobody has been told of them, so nothing is left to keep. In the transaction at hand.
    """
    _within_a_use_case()
    ids = db.session.scalars(
        select(Notice.id).where(Notice.hold == key, Notice.about_id == about[1], Notice.state.in_(UNTOLD))
    ).all()
    db.session.execute(delete(Job).where(Job.dedupe.in_([job_key(notice_id) for notice_id in ids])))
    db.session.execute(delete(Notice).where(Notice.id.in_(ids)))
    spreading = [f"notify.fan-out:{_wave(key, about, code)}" for code in registry.notices]
    stopped = delete(Job).where(Job.dedupe.in_(spreading), Job.done_at.is_(None))
    return len(ids) + int(db.session.execute(stopped).rowcount)  # type: ignore[attr-defined]


def _wave(key: str, about: About, code: str) -> str:
    return f"{key}:{about[0]}:{about[1]}:{code}"


Audience = Callable[[About], Iterable[Recipient]]
_audiences: dict[str, Audience] = {}
UNTOLD = (Delivery.WAITING, Delivery.QUIET)


def provide(key: str, audience: Audience) -> None:
    """Name an audience, such as the followers of a case; called when a module starts."""
    _audiences[key] = audience


def audience_of(key: str, about: About) -> list[Recipient]:
    """Everybody in a named audience. Raises KeyError for one nobody provides."""
    return list(_audiences[key](about))


def send(
    code: str,
    recipient: Recipient,
    values: dict[str, Value],
    about: About | None = None,
    *,
    secret: Iterable[str] = (),
    dedupe: str | None = None,
    category: str = "",
) -> None:
    """Write a message and its job into the running transaction; somebody who cannot be reached gets none.

    A second message with the same `dedupe` is not written. `category` instead of the kind's, where that
    depends on who reads. Raises KeyError for a code or category no module knows.
    """
    _within_a_use_case()
    kind = registry.notices[code]
    wanted = registry.categories[category or kind.category] if category or kind.category else None
    names = list(secret)
    if wanted and recipient.user_id and rules.is_mutable(wanted, transactional=kind.transactional):
        values = {**values, "unsubscribe": f"{MUTE_PATH}{mute_token(recipient.user_id, wanted.key)}"}
        names.append("unsubscribe")
    for number, (channel, choice) in enumerate(_ways(kind, wanted, recipient).items()):
        _write(
            code,
            recipient,
            values,
            about,
            names,
            channel=channel,
            choice=choice,
            dedupe=f"{dedupe}:{channel}" if dedupe and number else dedupe,
        )


def reckon(code: str, people: Iterable[tuple[Recipient, str]]) -> Counter[tuple[Channel, Choice]]:
    """How many messages would go by which way, and when, if each of these were told now; nothing is written.

    `people`: each with the category that `send` would be given. Asked of the same rules as sending.
    """
    kind = registry.notices[code]
    told = list(people)
    chosen = choices.of_all(person.user_id for person, _category in told if person.user_id is not None)
    found: Counter[tuple[Channel, Choice]] = Counter()
    for person, category in told:
        wanted = registry.categories[category or kind.category] if category or kind.category else None
        mine = chosen.get(person.user_id or 0, {})
        found.update(_ways(kind, wanted, person, mine).items())
    return found


def _ways(
    kind: NoticeKind,
    category: NoticeCategory | None,
    recipient: Recipient,
    known: Mapping[str, dict[Channel, Choice]] | None = None,
) -> dict[Channel, Choice]:
    """How this message goes, and when; by what its reader chose, where they have an account and a choice."""
    first = channel_of(recipient)
    if first is None:
        return {}
    if category is None or recipient.user_id is None or first is not Channel.MAIL:
        return {first: Choice.AT_ONCE}
    chosen = (choices.of(recipient.user_id) if known is None else known).get(category.key, {})
    found = rules.ways(category, chosen, transactional=kind.transactional)
    if Channel.SMS in found and not (recipient.phone and takes_sms(recipient.phone)):
        del found[Channel.SMS]
    return found


def mute_token(user_id: int, *categories: str) -> str:
    """What a link carries that stops categories for somebody without signing in; it can do nothing else."""
    return signer.sign(MUTE, [user_id, *categories])


def muted_by(token: str) -> tuple[int, list[NoticeCategory]] | None:
    """Whose messages of which categories a link stops; None for one that is no link of ours."""
    found = signer.open(MUTE, token, MUTE_SECONDS)
    if not isinstance(found, list) or len(found) < 2 or not registry.categories.keys() >= set(found[1:]):
        return None
    return int(found[0]), [registry.categories[key] for key in found[1:]]


def _write(
    code: str,
    recipient: Recipient,
    values: dict[str, Value],
    about: About | None,
    secret: list[str],
    *,
    channel: Channel,
    choice: Choice,
    dedupe: str | None,
) -> None:
    quiet, hold = choice is Choice.DIGEST, _hold.get()
    notice_id = new_row_id()
    notice = Notice(
        id=notice_id,
        municipality_id=tenancy.current_id(),
        code=code,
        about_kind=about[0] if about else None,
        about_id=about[1] if about else None,
        channel=channel,
        state=Delivery.QUIET if quiet else Delivery.WAITING,
        locale=recipient.locale,
        user_id=recipient.user_id,
        recipient_key=recipient_key(recipient.email or recipient.phone or recipient.postal or ""),
        message_id=f"<{secrets.token_hex(16)}@{mail_host(_settings())}>",
        dedupe=dedupe,
        tries=0,
        rounds=0,
        unreached=0,
        network_key=_visitors_network() if channel is Channel.SMS else None,
        hold=hold.key if hold else None,
        held_until=hold.until if hold else None,
        created_at=clock.now(),
    )
    notice.email, notice.phone = recipient.email, recipient.phone
    notice.postal, notice.name = recipient.postal, recipient.name
    notice.values = pack({"secret": secret, "values": values})
    cells = {column.key: getattr(notice, column.key) for column in inspect(Notice).column_attrs}
    if insert_or_keep(Notice, **cells) and not quiet:
        plan(notice_id, hold.until if hold else None)


def fan_out(
    code: str,
    values: dict[str, Value],
    about: About,
    audience: str,
    *,
    dedupe: str | None = None,
    category: str = "",
) -> None:
    """Tell a named audience: one job now, one message for each of them when the worker runs it."""
    _within_a_use_case()
    registry.notices[code]
    hold = _hold.get()
    wave = _wave(hold.key, about, code) if hold else dedupe or secrets.token_hex(12)
    payload = {
        "code": code,
        "values": pack(values),
        "about": list(about),
        "audience": audience,
        "wave": wave,
        "category": category,
    }
    due_at = hold.until if hold else None
    enqueue("notify.fan-out", payload, dedupe=f"notify.fan-out:{wave}", due_at=due_at)


def plan(notice_id: int, due_at: datetime | None = None) -> None:
    """Write the job of a message, in place of one that has come to its end; due now, or later."""
    db.session.execute(delete(Job).where(Job.dedupe == job_key(notice_id)))
    enqueue("notify.send", {"notice": notice_id}, dedupe=job_key(notice_id), due_at=due_at)


def channel_of(recipient: Recipient) -> Channel | None:
    """The way to this recipient; None when there is none."""
    order = [channel for channel in Channel if channel is not recipient.prefers]
    if recipient.prefers is not None:
        order.insert(0, recipient.prefers)
    return next((channel for channel in order if _leads(channel, recipient)), None)


def _leads(channel: Channel, recipient: Recipient) -> bool:
    if channel is Channel.MAIL:
        return bool(recipient.email)
    if channel is Channel.LETTER:
        return bool(recipient.postal)
    if channel is Channel.PHONE:
        return bool(recipient.phone)
    here = tenancy.current_id() or sms.INSTALLATION
    return bool(recipient.phone) and takes_sms(recipient.phone or "") and not sms.is_stopped(here)


def _visitors_network() -> str | None:
    """Keyed network of a visitor or resident whose act writes this; staff share one and are not counted by it."""
    if not has_request_context() or actor.current().is_staff:
        return None
    return pseudonym("sms-network", network(request.remote_addr))


def takes_sms(phone: str) -> bool:
    """Whether a number is a Polish or Czech mobile and this portal can send SMS at all."""
    import phonenumbers  # noqa: PLC0415 - 23 MB, needed only where somebody left a number

    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return False
    settings = _settings()
    if number.country_code not in SMS_COUNTRIES or not (settings.sms_url or settings.shows_demo):
        return False
    return phonenumbers.number_type(number) in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )


def recipient_key(contact: str) -> str:
    """Keyed pseudonym under which a contact's messages are found."""
    return pseudonym("recipient", contact.strip().casefold())


def job_key(notice_id: int) -> str:
    """The `dedupe` of a message's job."""
    return f"notify.send:{notice_id}"


def _settings() -> Settings:
    settings: Settings = current_app.extensions["portal.settings"]
    return settings


def _within_a_use_case() -> None:
    if not is_writing():
        raise RuntimeError("Messages are written inside a use case, in its transaction.")
