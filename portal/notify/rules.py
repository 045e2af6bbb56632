"""What becomes of a message, from its kind and the reader's wishes. Pure: no database, no Flask.

A decision and everything else that concerns one's own case in law goes out at once, whatever was chosen:
its kind is *transactional*. News may wait for the daily summary or be stopped. Source: product plan, section 8,
rows 6 and 7 (decisions that a frequency setting swallows; floods of mail).
"""

from collections.abc import Mapping
from typing import Protocol

from portal.notify.kinds import Channel, Choice


class Category(Protocol):
    """What the rules need of a category of messages."""

    @property
    def preset(self) -> str: ...
    @property
    def may_stop(self) -> bool: ...
    @property
    def stops_all(self) -> bool: ...


Chosen = Mapping[Channel, Choice]
"""What somebody chose in one category; what is missing is as preset."""


def choices(category: Category) -> tuple[Choice, ...]:
    """What one may choose for e-mail in a category."""
    offered = (Choice.AT_ONCE, Choice.DIGEST)
    return (*offered, Choice.NEVER) if category.may_stop else offered


def by_mail(category: Category, chosen: Chosen) -> Choice:
    """When e-mail of a category comes; what is no longer offered falls back to the preset."""
    choice = chosen.get(Channel.MAIL, Choice(category.preset))
    return choice if choice in choices(category) else Choice(category.preset)


def ways(category: Category, chosen: Chosen, *, transactional: bool) -> dict[Channel, Choice]:
    """How one message goes to somebody with an e-mail address, and when; empty when they wanted none of these.

    An SMS comes only at once: a summary by SMS would be none.
    """
    mail = by_mail(category, chosen)
    if transactional and not (mail is Choice.NEVER and category.stops_all):
        mail = Choice.AT_ONCE
    found: dict[Channel, Choice] = {} if mail is Choice.NEVER else {Channel.MAIL: mail}
    if chosen.get(Channel.SMS) is Choice.AT_ONCE:
        found[Channel.SMS] = Choice.AT_ONCE
    return found


def is_mutable(category: Category, *, transactional: bool) -> bool:
    """Whether one click in a message may stop messages like it."""
    return category.may_stop and (category.stops_all or not transactional)
