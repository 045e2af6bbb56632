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
- A value `unsubscribe` (a path without language, such as "/account/notifications") becomes the header and
  the last line that mass mail needs.

Both functions write into the caller's transaction: the message exists if and only if the act happened.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import current_app, has_request_context, request
from sqlalchemy import delete, inspect

from portal.core import actor, clock, tenancy
from portal.core.config import Settings
from portal.core.db import db, insert_or_keep, is_writing
from portal.core.jobs import Job, enqueue
from portal.core.network import network
from portal.core.registry import registry
from portal.core.sealed import new_row_id
from portal.core.tokens import pseudonym
from portal.notify import sms
from portal.notify.channels import mail_host
from portal.notify.kinds import Channel, Delivery
from portal.notify.models import Notice
from portal.notify.values import Value, pack

About = tuple[str, int]
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


Audience = Callable[[About], Iterable[Recipient]]
_audiences: dict[str, Audience] = {}


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
) -> None:
    """Write a message and its job into the running transaction; somebody who cannot be reached gets none.

    A second message with the same `dedupe` is not written. Raises KeyError for a code no module knows.
    """
    _within_a_use_case()
    registry.notices[code]
    channel = channel_of(recipient)
    if channel is None:
        return
    notice_id = new_row_id()
    notice = Notice(
        id=notice_id,
        municipality_id=tenancy.current_id(),
        code=code,
        about_kind=about[0] if about else None,
        about_id=about[1] if about else None,
        channel=channel,
        state=Delivery.WAITING,
        locale=recipient.locale,
        user_id=recipient.user_id,
        recipient_key=recipient_key(recipient.email or recipient.phone or recipient.postal or ""),
        message_id=f"<{secrets.token_hex(16)}@{mail_host(_settings())}>",
        dedupe=dedupe,
        tries=0,
        rounds=0,
        unreached=0,
        network_key=_visitors_network() if channel is Channel.SMS else None,
        created_at=clock.now(),
    )
    notice.email, notice.phone = recipient.email, recipient.phone
    notice.postal, notice.name = recipient.postal, recipient.name
    notice.values = pack({"secret": list(secret), "values": values})
    cells = {column.key: getattr(notice, column.key) for column in inspect(Notice).column_attrs}
    if insert_or_keep(Notice, **cells):
        plan(notice_id)


def fan_out(
    code: str, values: dict[str, Value], about: About, audience: str, *, dedupe: str | None = None
) -> None:
    """Tell a named audience: one job now, one message for each of them when the worker runs it."""
    _within_a_use_case()
    registry.notices[code]
    wave = dedupe or secrets.token_hex(12)
    payload = {"code": code, "values": pack(values), "about": list(about), "audience": audience, "wave": wave}
    enqueue("notify.fan-out", payload, dedupe=f"notify.fan-out:{wave}")


def plan(notice_id: int) -> None:
    """Write the job of a message, in place of one that has come to its end."""
    db.session.execute(delete(Job).where(Job.dedupe == job_key(notice_id)))
    enqueue("notify.send", {"notice": notice_id}, dedupe=job_key(notice_id))


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
