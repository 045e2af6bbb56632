"""Notices of initiatives: who is told what. Only plain values go in; the worker renders the words."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from initiatives import queries
from initiatives.models import Initiative
from initiatives.states import WORKFLOW
from portal.accounts import queries as accounts
from portal.content import queries as content
from portal.content.models import StateChange
from portal.core import tenancy
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import NoticeKind, Placeholder
from portal.core.tokens import signer
from portal.core.workflow import Lane
from portal.notify import outbox
from portal.notify.outbox import Recipient
from portal.notify.values import Value

LINK_SECONDS = 400 * 86400
"""How long the link in a message opens its case: the author may come back after a year."""


def _mail(name: str) -> str:
    return f"initiatives/mail/{name}.txt"


_ALWAYS = (
    Placeholder("number", _l("Case number")),
    Placeholder("title", _l("Title of the initiative")),
    Placeholder("state", _l("Present state")),
    Placeholder("page", _l("Address of the case; for the author the secret link"), required=True),
)
_DUE = Placeholder("due", _l("Next deadline, where there is one"))
_NOTE = Placeholder("note", _l("Reasons or note of the office, where there are some"))
_NEEDED_NOTE = replace(_NOTE, required=True)
_EXAMPLE: dict[str, Any] = {
    "number": "LUB-I-2026-0042",
    "title": _l("A bench by the bus stop"),
    "state": _l("Published"),
    "state_help": "",
    "page": "/lublin/initiatives/lub-i-2026-0042",
    "desk": "/lublin/desk/initiatives/lub-i-2026-0042",
    "link": "/follow/xxxxxxxxxxxxxxxxxxxxxxxx",
    "is_author": True,
    "appeal_until": date(2027, 3, 31),
    "returns_on": date(2027, 9, 1),
    "transferred_to": _l("the county"),
    "department": _l("Roads department"),
    "left_out": _l("the lighting"),
    "merged_number": "LUB-I-2026-0007",
    "defects": [_l("Say where exactly the bench is to stand.")],
    "due": date(2027, 3, 1),
    "note": _l("There is room for it, and the cost is small."),
    "reason": _l("A comment is not in order."),
    "key": "check",
    "level": 1,
    "day": date(2027, 3, 1),
}


def _own(kind: NoticeKind) -> NoticeKind:
    """A kind with its example, and with what an office's own text of it may hold."""
    more = _MORE.get(kind.code.removeprefix("initiative."))
    return replace(kind, example=_EXAMPLE, placeholders=(*_ALWAYS, *more) if more is not None else ())


_MORE: dict[str, tuple[Placeholder, ...]] = {
    "received": (_DUE,),
    "published": (_DUE,),
    "returned": (Placeholder("defects", _l("What is to be completed"), required=True), _DUE),
    "complete_reminder": (_DUE,),
    "held": (_NEEDED_NOTE,),
    "lapsed": (),
    "assigned": (Placeholder("department", _l("Department in charge")),),
    "study_started": (_DUE,),
    "extended": (Placeholder("day", _l("The new date"), required=True), _NEEDED_NOTE),
    "decided": (
        _NEEDED_NOTE,
        Placeholder("left_out", _l("What a decision in part leaves out")),
        Placeholder("returns_on", _l("When a deferred case comes back")),
        Placeholder("appeal_until", _l("Last day to appeal"), required=True),
    ),
    "appealed": (_DUE,),
    "appeal_decided": (_NEEDED_NOTE,),
    "progress": (_NOTE,),
    "completed": (_DUE,),
    "merged": (_NOTE, Placeholder("merged_number", _l("Number of the other case"))),
    "split": (_NOTE,),
    "transferred": (_NOTE, Placeholder("transferred_to", _l("Who has the case now"), required=True)),
    "withdrawn": (),
    "corrected": (_NEEDED_NOTE,),
    "new_code": (),
}
"""Kinds residents get, and what each tells beside what all of them tell. Those of the staff stay as they are."""

_KINDS = (
    NoticeKind(
        "initiative.received",
        _l("We have received your initiative %(number)s"),
        _mail("received"),
        _l("Receipt"),
    ),
    NoticeKind(
        "initiative.published",
        _l("Your initiative %(number)s is public"),
        _mail("published"),
        _l("Published"),
    ),
    NoticeKind(
        "initiative.returned",
        _l("Please complete your initiative %(number)s"),
        _mail("returned"),
        _l("Returned"),
    ),
    NoticeKind(
        "initiative.complete_reminder",
        _l("Two days left to complete your initiative %(number)s"),
        _mail("complete_reminder"),
        _l("Reminder to complete"),
    ),
    NoticeKind(
        "initiative.held", _l("Your initiative %(number)s was held back"), _mail("held"), _l("Held back")
    ),
    NoticeKind(
        "initiative.lapsed",
        _l("Your initiative %(number)s was left without action"),
        _mail("lapsed"),
        _l("Lapsed"),
    ),
    NoticeKind(
        "initiative.assigned", _l("Initiative %(number)s has a department"), _mail("assigned"), _l("Assigned")
    ),
    NoticeKind(
        "initiative.study_started",
        _l("Initiative %(number)s is being studied"),
        _mail("study_started"),
        _l("Study started"),
    ),
    NoticeKind(
        "initiative.extended", _l("New date for initiative %(number)s"), _mail("extended"), _l("Extended")
    ),
    NoticeKind(
        "initiative.decided", _l("Decision on initiative %(number)s"), _mail("decided"), _l("Decision")
    ),
    NoticeKind(
        "initiative.appealed", _l("Appeal in initiative %(number)s received"), _mail("appealed"), _l("Appeal")
    ),
    NoticeKind(
        "initiative.appeal_decided",
        _l("Answer to the appeal in initiative %(number)s"),
        _mail("appeal_decided"),
        _l("Answer to the appeal"),
    ),
    NoticeKind(
        "initiative.progress",
        _l("News of initiative %(number)s"),
        _mail("progress"),
        _l("Progress"),
        transactional=False,
    ),
    NoticeKind(
        "initiative.completed",
        _l("We have received the completed initiative %(number)s"),
        _mail("completed"),
        _l("Completed"),
    ),
    NoticeKind("initiative.merged", _l("Initiative %(number)s was merged"), _mail("merged"), _l("Merged")),
    NoticeKind(
        "initiative.split", _l("Initiative %(number)s stands alone again"), _mail("split"), _l("Split off")
    ),
    NoticeKind(
        "initiative.transferred",
        _l("Initiative %(number)s was referred"),
        _mail("transferred"),
        _l("Referred"),
    ),
    NoticeKind(
        "initiative.withdrawn", _l("Initiative %(number)s was withdrawn"), _mail("withdrawn"), _l("Withdrawn")
    ),
    NoticeKind(
        "initiative.corrected",
        _l("A step in initiative %(number)s was corrected"),
        _mail("corrected"),
        _l("Corrected"),
    ),
    NoticeKind(
        "initiative.reported",
        _l("Something in initiative %(number)s was reported"),
        _mail("reported"),
        _l("Report"),
    ),
    NoticeKind(
        "initiative.deadline", _l("Deadline in initiative %(number)s"), _mail("deadline"), _l("Deadline")
    ),
    NoticeKind(
        "initiative.new_code",
        _l("New code for your initiative %(number)s"),
        _mail("new_code"),
        _l("New code"),
    ),
)

NOTICES = tuple(map(_own, _KINDS))

FOLLOWED = frozenset(
    {
        "initiative.published",
        "initiative.decided",
        "initiative.appeal_decided",
        "initiative.progress",
        "initiative.merged",
        "initiative.split",
        "initiative.transferred",
        "initiative.withdrawn",
        "initiative.corrected",
    }
)
"""Notices that followers get as well as the author."""


def moved(case: Initiative, step: StateChange) -> None:
    """Tell author and followers of a move, as its row of the table says."""
    code = WORKFLOW.move(step.verb).notice
    if code is None:
        return
    if step.verb == "submit" and step.from_state != "draft":
        code = "initiative.completed"
    note = step.note if step.lane in (Lane.PUBLIC, Lane.AUTHOR) else ""
    to_author(case, code, note=note)
    if code in FOLLOWED and case.is_public:
        to_followers(case, code, note=note)
    if step.verb == "appeal":
        to_staff(case, ("decision_maker",), code, {})


def to_author(case: Initiative, code: str, **values: Value) -> None:
    """Tell the author by the way they chose; somebody with number and code only is told nothing."""
    author = case.author
    if author is None:
        return
    if author.user_id is not None:
        recipients: Iterable[Recipient] = _people((author.user_id,))
    else:
        recipients = (
            Recipient(
                locale=author.locale,
                email=author.email,
                phone=author.phone,
                postal=author.postal,
                name=author.name,
            ),
        )
    for recipient in recipients:
        outbox.send(
            code,
            recipient,
            {**facts(case), **values, "link": f"/follow/{follow_token(case)}", "is_author": True},
            about=case.about,
            secret=("link",),
        )


def to_followers(case: Initiative, code: str, **values: Value) -> None:
    """Tell everybody who follows: one job now, one message each when the worker runs it."""
    outbox.fan_out(
        code, {**facts(case), **values, "link": "", "is_author": False}, case.about, "initiative.followers"
    )


def to_team(case: Initiative, code: str, **values: Value) -> None:
    """Tell the leaders."""
    to_staff(case, ("leader",), code, dict(values))


def to_staff(
    case: Initiative, roles: tuple[str, ...], code: str, values: dict[str, Value], *, heads_only: bool = False
) -> None:
    """Tell the members of these roles in the case's municipality."""
    people = accounts.colleagues(case.municipality_id, *roles, heads=heads_only)
    _tell_people(case, [person.user_id for person in people], code, values)


def _tell_people(case: Initiative, user_ids: Iterable[int], code: str, values: dict[str, Value]) -> None:
    told = {**facts(case), **values, "link": "", "is_author": False}
    for recipient in _people(user_ids):
        outbox.send(code, recipient, told, about=case.about)


def _people(user_ids: Iterable[int]) -> list[Recipient]:
    """Accounts as recipients, in their own language; closed ones are left out."""
    people = filter(None, (accounts.person(user_id) for user_id in user_ids))
    return [Recipient(locale=p.language, email=p.email, name=p.name, user_id=p.id) for p in people]


def deadline(case: Initiative, key: str, level: int, due_on: date) -> None:
    """A clock rang: those who work on it at 80 %, the leaders when late, the head five working days later."""
    values: dict[str, Value] = {"key": key, "level": level, "day": due_on}
    if level == 1:
        workers = {case.lead_user_id, *case.reviewer_ids} - {None}
        if key in ("decision", "appeal"):
            to_staff(case, ("decision_maker",), "initiative.deadline", values)
        elif workers:
            _tell_people(case, [w for w in workers if w is not None], "initiative.deadline", values)
        else:
            to_staff(case, ("reviewer", "leader"), "initiative.deadline", values)
    elif level == 2:
        to_staff(case, ("leader",), "initiative.deadline", values)
    else:
        to_staff(case, ("decision_maker",), "initiative.deadline", values, heads_only=True)


def followers(about: tuple[str, int]) -> Iterable[Recipient]:
    """Everybody who follows a case: accounts by their account, others by their confirmed address."""
    rows = content.followers(*about)
    yield from _people(row.user_id for row in rows if row.user_id is not None)
    for row in rows:
        if row.user_id is None and row.email:
            yield Recipient(locale=row.locale, email=row.email)


def follow_token(case: Initiative) -> str:
    """The part of a link that opens the case; a new code makes earlier links useless."""
    stamp = (case.author.code_hash or "account")[:12] if case.author else ""
    return signer.sign("initiative-follow", [case.municipality_id, case.id, stamp])


def facts(case: Initiative) -> dict[str, Value]:
    """What every message about a case may say of it; paths without language."""
    town = tenancy.town_by_id(case.municipality_id)
    return {
        "number": case.number or "",
        "title": case.title,
        "state": case.present.label,
        "state_help": case.present.help,
        "page": f"/{town.slug}/initiatives/{(case.number or '').lower()}",
        "desk": f"/{town.slug}/desk/initiatives/{(case.number or '').lower()}",
        "appeal_until": case.appeal_until,
        "returns_on": case.returns_on,
        "transferred_to": case.transferred_to,
        "department": case.department,
        "left_out": _left_out(case),
        "merged_number": (queries.number_of(case.merged_into_id) or "") if case.merged_into_id else "",
        "defects": list(case.defects or []),
        "due": _next_day(case),
        "note": "",
    }


def _left_out(case: Initiative) -> str:
    """What the newest decision leaves out, where it was one in part."""
    if case.state != "partly_adopted":
        return ""
    found = queries.decisions(case.id)
    return found[0].left_out if found else ""


def _next_day(case: Initiative) -> date | None:
    rows = content.open_deadlines(*case.about)
    return rows[0].due_on if rows else None
