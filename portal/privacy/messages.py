"""What officers are told: unusual readings, an erasure that waits for a second person, the head of the audit log."""

from collections.abc import Iterable
from datetime import date

from portal.accounts import queries as accounts
from portal.accounts.queries import Colleague
from portal.accounts.roles import Role
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import NoticeKind
from portal.notify import outbox
from portal.notify.outbox import Recipient
from portal.privacy.models import DataRequest

NOTICES = (
    NoticeKind(
        "privacy.unusual",
        _l("Somebody read unusually many contacts"),
        "privacy/mail/unusual.txt",
        _l("Unusual number of readings"),
        example={"day": date(2027, 3, 1), "people": 1, "link": "/lublin/desk/privacy/readings"},
    ),
    NoticeKind(
        "privacy.second",
        _l("An erasure waits for a second person"),
        "privacy/mail/second.txt",
        _l("Erasure that waits for a second person"),
        example={"link": "/lublin/desk/privacy/requests/1"},
    ),
    NoticeKind(
        "privacy.anchor",
        _l("Head of the audit log"),
        "privacy/mail/anchor.txt",
        _l("Head of the audit log, for keeping elsewhere"),
        example={"line": '{"chain": 1}'},
    ),
)


def officers() -> list[Colleague]:
    """The data-protection officers of the municipality in scope; its administrators where there is none."""
    here = tenancy.current_id() or 0
    return accounts.colleagues(here, Role.DPO) or accounts.colleagues(here, Role.ADMIN)


def _to(people: Iterable[Colleague]) -> Iterable[Recipient]:
    return (
        Recipient(locale=p.language, email=p.email, name=p.name, user_id=p.user_id) for p in people if p.email
    )


def unusual(day: date, people: int) -> None:
    """Tell the officers that so many people read unusually much on a day; a second run writes no second message."""
    town = tenancy.town_by_id(tenancy.current_id() or 0)
    for to in _to(officers()):
        values = {"day": day, "people": people, "link": f"/{town.slug}/desk/privacy/readings"}
        dedupe = f"privacy.unusual:{town.id}:{day.isoformat()}:{to.user_id}"
        outbox.send("privacy.unusual", to, values, dedupe=dedupe)


def second_person(asked: DataRequest, by: Actor) -> None:
    """Ask everybody else who may to confirm a mass erasure."""
    town = tenancy.town_by_id(asked.municipality_id)
    others = accounts.colleagues(town.id, Role.DPO, Role.ADMIN)
    for to in _to(person for person in others if person.user_id != by.user_id):
        outbox.send("privacy.second", to, {"link": f"/{town.slug}/desk/privacy/requests/{asked.id}"})


def anchor(email: str, line: str) -> None:
    """Send the heads of all chains to an address outside the portal."""
    outbox.send("privacy.anchor", Recipient(locale="en", email=email), {"line": line})
