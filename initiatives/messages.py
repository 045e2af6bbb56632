"""Notices of initiatives: who is told what. Only plain values go in; the worker renders the words."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from initiatives import queries, rules
from initiatives.kinds import Texts
from initiatives.models import Initiative, Merge, MergeState
from initiatives.states import ARRIVE, CALL_BACK, CHANGE_CLOCK, WORKFLOW
from portal.accounts import queries as accounts
from portal.accounts.messages import recipients
from portal.content import queries as content
from portal.content.models import Comment, Objection, StateChange
from portal.content.move import UNDO
from portal.content.rules import REASONS, RULES
from portal.core import tenancy
from portal.core.i18n import Worded
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import NoticeCategory, NoticeKind, Placeholder
from portal.core.tokens import signer
from portal.core.workflow import Lane
from portal.notify import outbox
from portal.notify.kinds import Channel, Choice
from portal.notify.outbox import Recipient
from portal.notify.values import Value

FOLLOWERS = "initiatives.followed"
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
    "there": "/swidnik/initiatives/lub-i-2026-0042",
    "other_town": "Świdnik",
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
    "contact": "/lublin/contact",
    "days": rules.DRAFT_DAYS,
    "supports": 100,
    "promise": _l("The council deals with it at its next sitting."),
    "noes": 3,
    "answers": 4,
    "said": _l("The bench should stand in the shade."),
    "comment": "/lublin/initiatives/lub-i-2026-0042/comments/7",
    "queue": "/lublin/desk/initiatives/comments",
    "rule": _l("Advertising"),
    "rules": [_l("It holds a link, and the account is new.")],
    "may_object": True,
    "restored": True,
    "alone": False,
    "why": "held",
    "by": "Anna Example",
    "other_number": "LUB-I-2026-0007",
    "other_title": _l("Benches at every stop"),
    "other_page": "/lublin/initiatives/lub-i-2026-0007",
    "joins": True,
    "again": False,
    "withheld": False,
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
    "merge_asked": (
        _NEEDED_NOTE,
        Placeholder("other_number", _l("Number of the other case"), required=True),
        Placeholder("other_title", _l("Title of the other case")),
        Placeholder("day", _l("Last day to answer"), required=True),
    ),
    "merge_off": (Placeholder("other_number", _l("Number of the other case"), required=True),),
    "change_proposed": (_DUE,),
    "change_accepted": (_NEEDED_NOTE,),
    "change_declined": (_NEEDED_NOTE,),
    "joined": (_NOTE, Placeholder("other_number", _l("Number of the other case"), required=True)),
    "split": (_NOTE,),
    "transferred": (
        _NOTE,
        Placeholder("transferred_to", _l("Who has the case now"), required=True),
        Placeholder("there", _l("Address of the case there, where that is a municipality of the portal")),
    ),
    "withdrawn": (),
    "corrected": (_NEEDED_NOTE,),
    "new_code": (),
    "reply": (_NEEDED_NOTE,),
    "file_removed": (),
    "threshold_reached": (
        Placeholder("supports", _l("The number of supports that was named"), required=True),
        Placeholder("promise", _l("What the office has promised for that"), required=True),
    ),
    "asked": (Placeholder("link", _l("Address of the question"), required=True),),
}
"""Kinds residents get, and what each tells beside what all of them tell. Those of the staff, and warnings, stay as they are."""

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
        category="initiatives.mine",
    ),
    NoticeKind(
        "initiative.completed",
        _l("We have received the completed initiative %(number)s"),
        _mail("completed"),
        _l("Completed"),
    ),
    NoticeKind(
        "initiative.change_proposed",
        _l("We have received your proposal to change %(number)s"),
        _mail("change_proposed"),
        _l("Proposal of a change received"),
    ),
    NoticeKind(
        "initiative.change_waits",
        _l("The author of %(number)s proposes a change"),
        _mail("change_waits"),
        _l("Proposal of a change to answer"),
        transactional=False,
        category="initiatives.work",
    ),
    # Without a category: its author hears of it at once; followers by what they chose for news.
    NoticeKind(
        "initiative.change_accepted",
        _l("Initiative %(number)s is changed"),
        _mail("change_accepted"),
        _l("Change accepted"),
        transactional=False,
    ),
    NoticeKind(
        "initiative.change_declined",
        _l("Answer to your proposal to change %(number)s"),
        _mail("change_declined"),
        _l("Change declined"),
    ),
    NoticeKind("initiative.merged", _l("Initiative %(number)s was merged"), _mail("merged"), _l("Merged")),
    NoticeKind(
        "initiative.merge_asked",
        _l("May your initiative %(number)s be merged with another one?"),
        _mail("merge_asked"),
        _l("Question whether to merge"),
    ),
    NoticeKind(
        "initiative.merge_off",
        _l("Your initiative %(number)s goes on by itself"),
        _mail("merge_off"),
        _l("Not merged"),
    ),
    NoticeKind(
        "initiative.joined",
        _l("Another initiative goes on in %(number)s"),
        _mail("joined"),
        _l("Joined by another one"),
    ),
    NoticeKind(
        "initiative.merge_answered",
        _l("Answer to the proposal to merge %(number)s"),
        _mail("merge_answered"),
        _l("Answer to a proposal to merge"),
        transactional=False,
        category="initiatives.work",
    ),
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
        "initiative.support_waits",
        _l("Your support for initiative %(number)s"),
        _mail("support_waits"),
        _l("Question where support is to count"),
    ),
    NoticeKind(
        "initiative.arrived",
        _l("Initiative %(number)s comes from another municipality"),
        _mail("arrived"),
        _l("Referred here"),
        transactional=False,
        category="initiatives.work",
    ),
    NoticeKind(
        "initiative.called_back",
        _l("Initiative %(number)s was taken back by the other municipality"),
        _mail("called_back"),
        _l("Taken back by another municipality"),
        transactional=False,
        category="initiatives.work",
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
        "initiative.reply",
        _l("A message about your initiative %(number)s"),
        _mail("reply"),
        _l("Message to the author"),
    ),
    NoticeKind(
        "initiative.reported",
        _l("Something in initiative %(number)s was reported"),
        _mail("reported"),
        _l("Report"),
        transactional=False,
        category="initiatives.work",
    ),
    NoticeKind(
        "initiative.mentioned",
        _l("A colleague named you in a note on %(number)s"),
        _mail("mentioned"),
        _l("Named in a note"),
        transactional=False,
        category="initiatives.mentions",
    ),
    NoticeKind(
        "initiative.asked_public",
        _l("The author of %(number)s asks to publish it"),
        _mail("asked_public"),
        _l("Wish to publish"),
        transactional=False,
        category="initiatives.work",
    ),
    NoticeKind(
        "initiative.deadline",
        _l("Deadline in initiative %(number)s"),
        _mail("deadline"),
        _l("Deadline"),
        transactional=False,
        category="initiatives.work",
    ),
    NoticeKind(
        "initiative.silent",
        _l("No news of initiative %(number)s for long"),
        _mail("silent"),
        _l("Reminder to tell news"),
        transactional=False,
        category="initiatives.work",
    ),
    NoticeKind(
        "initiative.disputed",
        _l("Objection in initiative %(number)s"),
        _mail("disputed"),
        _l("Objection to the result"),
        transactional=False,
        category="initiatives.work",
    ),
    NoticeKind(
        "initiative.contradicted",
        _l("Initiative %(number)s did not help, most people say"),
        _mail("contradicted"),
        _l("Most say it did not help"),
        transactional=False,
        category="initiatives.work",
    ),
    NoticeKind(
        "initiative.asked",
        _l("Did it help? Initiative %(number)s"),
        _mail("asked"),
        _l("Question whether it helped"),
        transactional=False,
        category="initiatives.echo",
    ),
    NoticeKind(
        "initiative.threshold_reached",
        _l("Enough support for initiative %(number)s"),
        _mail("threshold_reached"),
        _l("Threshold of support reached"),
        transactional=False,
        category="initiatives.mine",
    ),
    NoticeKind(
        "initiative.threshold_team",
        _l("Initiative %(number)s has reached the threshold of support"),
        _mail("threshold_team"),
        _l("Threshold of support reached, for the team"),
        transactional=False,
        category="initiatives.work",
    ),
    NoticeKind(
        "initiative.claimed",
        _l("Initiative %(number)s belongs to an account"),
        _mail("claimed"),
        _l("Taken over by an account"),
    ),
    NoticeKind(
        "initiative.new_code",
        _l("New code for your initiative %(number)s"),
        _mail("new_code"),
        _l("New code"),
    ),
    NoticeKind(
        "initiative.draft_link",
        _l("Link to your draft"),
        _mail("draft_link"),
        _l("Link to a draft"),
    ),
    NoticeKind(
        "initiative.comment_held",
        _l("Your comment on %(number)s waits for the team"),
        _mail("comment_held"),
        _l("Comment waits for the team"),
    ),
    NoticeKind(
        "initiative.comment_published",
        _l("Your comment on %(number)s is shown"),
        _mail("comment_published"),
        _l("Comment shown"),
    ),
    NoticeKind(
        "initiative.comment_hidden",
        _l("Your comment on %(number)s was hidden"),
        _mail("comment_hidden"),
        _l("Comment hidden"),
    ),
    NoticeKind(
        "initiative.comment_objection",
        _l("Answer to your objection about a comment on %(number)s"),
        _mail("comment_objection"),
        _l("Answer to an objection"),
    ),
    NoticeKind(
        "initiative.comment_waits",
        _l("A comment on initiative %(number)s waits for you"),
        _mail("comment_waits"),
        _l("Comment to look at"),
        transactional=False,
        category="initiatives.work",
    ),
    NoticeKind(
        "initiative.file_removed",
        _l("A file of your initiative %(number)s was removed"),
        _mail("file_removed"),
        _l("File removed"),
    ),
)

CATEGORIES = (
    NoticeCategory(
        "initiatives.mine",
        _l("News of my own initiatives"),
        _l(
            "How the work on an adopted initiative goes on. Receipts, questions and decisions always come at once."
        ),
    ),
    NoticeCategory(
        FOLLOWERS,
        _l("News of initiatives I follow"),
        _l("How the work goes on. Decisions come at once, unless you want nothing at all."),
        preset="digest",
        stops_all=True,
    ),
    NoticeCategory(
        "initiatives.echo",
        _l("The question whether it helped"),
        _l("Once, four weeks after the work: about what you proposed, support or follow."),
    ),
    NoticeCategory(
        "initiatives.work",
        _l("Deadlines and reports in my team’s cases"),
        _l("Reminders of deadlines, and what residents report."),
        may_stop=False,
        staff=True,
    ),
    NoticeCategory(
        "initiatives.mentions",
        _l("Notes of colleagues that name me"),
        _l("They also stand among the work lists of your desk until you say that you have read them."),
        staff=True,
    ),
)
NOTICES = tuple(map(_own, _KINDS))

FOLLOWED = frozenset(
    {
        "initiative.published",
        "initiative.decided",
        "initiative.appeal_decided",
        "initiative.progress",
        "initiative.change_accepted",
        "initiative.merged",
        "initiative.joined",
        "initiative.split",
        "initiative.transferred",
        "initiative.withdrawn",
        "initiative.corrected",
        "initiative.threshold_reached",
    }
)
"""Notices that followers get as well as the author."""
SHARED = FOLLOWED | {
    "initiative.assigned",
    "initiative.study_started",
    "initiative.extended",
    "initiative.appealed",
}
"""Notices that the authors of cases that go on in this one get as its own author does: they are joint authors."""


def moved(case: Initiative, step: StateChange) -> None:
    """Tell author and followers of a move, as its row of the table says."""
    # What is taken back was told to nobody; of what goes between two municipalities `referred` and others tell.
    if step.verb in (UNDO, ARRIVE, CALL_BACK) or (
        step.verb == "transfer" and case.referred_to_id is not None
    ):
        return
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
    """Tell the author by the way they chose; somebody with number and code only is told nothing.

    Of what concerns the joint page, its joint authors too; the link opens their own case.
    """
    _to_authors(case, case, code, values)


def _to_authors(case: Initiative, opened: Initiative, code: str, values: dict[str, Value]) -> None:
    """`opened`: the case that the author's link opens."""
    joint = queries.joined_to([case.id]) if case.joined_count and code in SHARED else []
    told = {**facts(case), **values, "is_author": True}
    for one in (case, *joint):
        for recipient in authors([one]):
            link = f"/follow/{follow_token(opened if one is case else one)}"
            outbox.send(code, recipient, {**told, "link": link}, about=case.about, secret=("link",))


def draft_link(case: Initiative, email: str, locale: str) -> None:
    """Send a link of a draft, good from now on, to whoever writes it; the message tells nothing of what stands in it."""
    town = tenancy.town_by_id(case.municipality_id)
    outbox.send(
        "initiative.draft_link",
        Recipient(locale=locale, email=email),
        {
            "link": f"/{town.slug}/initiatives/new/{queries.draft_token(case.id)}/what",
            "days": rules.DRAFT_DAYS,
        },
        about=case.about,
        secret=("link",),
    )


def authors(cases: Sequence[Initiative]) -> list[Recipient]:
    """The authors of these cases, one entry a case, by account or by the contact they left."""
    people = [case.author for case in cases if case.author is not None]
    by_id = {who.user_id: who for who in _people(who.user_id for who in people if who.user_id is not None)}
    found = []
    for who in people:
        if who.user_id is None:
            found.append(
                Recipient(
                    locale=who.locale, email=who.email, phone=who.phone, postal=who.postal, name=who.name
                )
            )
        elif who.user_id in by_id:
            found.append(by_id[who.user_id])
    return found


def reckon(
    cases: Sequence[Initiative], code: str | None, *, in_public: bool
) -> Counter[tuple[Channel, Choice]]:
    """How many messages one move of each of these cases sends, by way and time; nothing is written.

    Whom it counts comes from where sending takes it. `in_public`: whether they are public afterwards, so that
    followers hear of it as well.
    """
    if code is None or not cases:
        return Counter()
    joint = [case.id for case in cases if case.joined_count and code in SHARED]
    told = [(who, "") for who in authors([*cases, *(queries.joined_to(joint) if joint else ())])]
    if in_public and code in FOLLOWED:
        told += [(who, FOLLOWERS) for who in followers_of([case.id for case in cases])]
    return outbox.reckon(code, told)


def to_followers(case: Initiative, code: str, **values: Value) -> None:
    """Tell everybody who follows: one job now, one message each when the worker runs it."""
    outbox.fan_out(
        code,
        {**facts(case), **values, "link": "", "is_author": False},
        case.about,
        "initiative.followers",
        category=FOLLOWERS,
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
    return recipients(list(dict.fromkeys(user_ids)))


def deadline(case: Initiative, key: str, level: int, due_on: date) -> None:
    """A clock rang: those who work on it at 80 %, the leaders when late, the head five working days later."""
    values: dict[str, Value] = {"key": key, "level": level, "day": due_on}
    if level == 1:
        workers = {case.lead_user_id, *case.reviewer_ids} - {None}
        if key in ("decision", "appeal"):
            to_staff(case, ("decision_maker",), "initiative.deadline", values)
        elif key == CHANGE_CLOCK:
            to_staff(case, ("leader",), "initiative.deadline", values)
        elif workers:
            _tell_people(case, [w for w in workers if w is not None], "initiative.deadline", values)
        else:
            to_staff(case, ("reviewer", "leader"), "initiative.deadline", values)
    elif level == 2:
        to_staff(case, ("leader",), "initiative.deadline", values)
    else:
        to_staff(case, ("decision_maker",), "initiative.deadline", values, heads_only=True)


def silent(case: Initiative, since: date, count: int) -> None:
    """Nothing was told of the realisation since: remind the lead and the leaders."""
    leaders = [person.user_id for person in accounts.colleagues(case.municipality_id, "leader")]
    people = [*([case.lead_user_id] if case.lead_user_id else []), *leaders]
    _tell_people(case, people, "initiative.silent", {"day": since, "level": count})


def mentioned(case: Initiative, user_ids: Iterable[int], by: str) -> None:
    """Tell colleagues that a note names them; never its words, and no title the public does not know."""
    values: dict[str, Value] = {"by": by, "title": case.title if case.is_public and not case.withheld else ""}
    _tell_people(case, user_ids, "initiative.mentioned", values)


def disputed(case: Initiative) -> None:
    """The author objects to the result: tell those who carried it out, or the leaders where there is nobody."""
    workers = [who for who in (case.lead_user_id, *case.reviewer_ids) if who is not None]
    if workers:
        _tell_people(case, workers, "initiative.disputed", {})
    else:
        to_team(case, "initiative.disputed")


def threshold_reached(case: Initiative, supports: int, promise: Texts) -> None:
    """Support reached what the office had named: the author, everybody who follows, and the leaders, once."""
    office = queries.office(case.municipality_id)
    # Chosen by the worker, as those who follow read different languages.
    values: dict[str, Value] = {"supports": supports, "promise": Worded(dict(promise), office.language)}
    to_author(case, "initiative.threshold_reached", **values)
    to_followers(case, "initiative.threshold_reached", **values)
    to_team(case, "initiative.threshold_team", **values)


def ask(case: Initiative, recipient: Recipient, token: str, *, is_author: bool) -> None:
    """Ask somebody whether it helped; the link is theirs alone."""
    outbox.send(
        "initiative.asked",
        recipient,
        {**facts(case), "link": f"/echo/{token}", "is_author": is_author},
        about=case.about,
        secret=("link",),
    )


# ---- merging: the authors are asked, the leaders hear what they say, supporters choose ----


def merge_asked(case: Initiative, other: Initiative, merge: Merge, *, joins: bool, again: bool) -> None:
    """Ask the author of a case; `joins`: it is the one that would go on in the other. `again`: two days are left."""
    values = {**_of_other(other), "joins": joins, "again": again}
    to_author(case, "initiative.merge_asked", note=merge.reason, day=merge.until, **values)


def merge_off(case: Initiative, other: Initiative, state: MergeState, words: str) -> None:
    """The author: it goes on by itself. `words` are the office's; another author's go to nobody but the office."""
    to_author(case, "initiative.merge_off", why=state.value, note=words, **_of_other(other))


def joined(case: Initiative, other: Initiative, note: str) -> None:
    """Author and followers of the joint page: another initiative goes on here."""
    to_author(case, "initiative.joined", note=note, **_of_other(other))
    to_followers(case, "initiative.joined", note=note, **_of_other(other))


def merge_answered(case: Initiative, other: Initiative, state: MergeState, words: str) -> None:
    """The leaders: what came of the proposal, with the words of an author who says no."""
    to_team(case, "initiative.merge_answered", why=state.value, note=words, **_of_other(other))


def supporters_asked(case: Initiative, note: str) -> None:
    """Whoever supports a merged case, and hears nothing as a follower: they may move their support."""
    outbox.fan_out(
        "initiative.merged",
        {**facts(case), "note": note, "link": "", "is_author": False},
        case.about,
        "initiative.supporters",
        category=FOLLOWERS,
    )


def supporters(about: tuple[str, int]) -> Iterable[Recipient]:
    """Accounts that support a case and do not follow it."""
    return _people(queries.supporters_of(about[1]))


def _of_other(other: Initiative) -> dict[str, Value]:
    told = facts(other)
    return {"other_number": told["number"], "other_title": told["title"], "other_page": told["page"]}


# ---- between two municipalities of the portal ----


def referred(case: Initiative, there: Initiative, note: str) -> None:
    """The author gets the link that opens it there, followers its address, supporters may move their support."""
    _to_authors(case, there, "initiative.transferred", {"note": note})
    if not case.is_public:
        return
    to_followers(case, "initiative.transferred", note=note)
    outbox.fan_out(
        "initiative.support_waits",
        {**facts(case), "note": note, "link": "", "is_author": False},
        case.about,
        "initiative.supporters",
        category=FOLLOWERS,
    )


def arrived(there: Initiative, home: tenancy.Town) -> None:
    """The leaders of the municipality it was referred to: it waits for them."""
    to_team(there, "initiative.arrived", other_town=Worded(home.names, home.language))


def called_back(there: Initiative, home: tenancy.Town, note: str) -> None:
    """The same ones, and whoever follows there: the other municipality took it back."""
    to_team(there, "initiative.called_back", other_town=Worded(home.names, home.language), note=note)
    if there.is_public:
        to_followers(there, "initiative.transferred", note=note)


# ---- comments: whoever wrote is told what becomes of their words, and why ----

SAID_MOST = 200


def comment_held(case: Initiative, said: Comment) -> None:
    """Their comment waits for the team; by which rules."""
    _to_writer(case, said, "initiative.comment_held", rules=[RULES[rule] for rule in said.held_by])


def comment_published(case: Initiative, said: Comment) -> None:
    """Their comment is shown, after it waited or was hidden."""
    _to_writer(case, said, "initiative.comment_published")


def comment_hidden(case: Initiative, said: Comment) -> None:
    """Their comment was hidden: the rule, the words, and how to object."""
    _to_writer(
        case,
        said,
        "initiative.comment_hidden",
        rule=REASONS.get(said.hidden_rule, ""),
        note=said.hidden_reason,
        may_object=said.objection is Objection.NONE and not said.official,
    )


def comment_objection(case: Initiative, said: Comment, words: str, *, restored: bool, alone: bool) -> None:
    """What became of their objection; `alone`: the office has nobody else than who hid it."""
    _to_writer(case, said, "initiative.comment_objection", note=words, restored=restored, alone=alone)


def comment_waits(case: Initiative, why: str) -> None:
    """The team: a comment was held, reported or objected to."""
    town = tenancy.town_by_id(case.municipality_id)
    values: dict[str, Value] = {"why": why, "queue": f"/{town.slug}/desk/initiatives/comments"}
    to_staff(case, ("reviewer", "leader"), "initiative.comment_waits", values)


def _to_writer(case: Initiative, said: Comment, code: str, **values: Value) -> None:
    told = facts(case)
    excerpt = said.text if len(said.text) <= SAID_MOST else f"{said.text[:SAID_MOST].rstrip()}…"
    told |= {"said": excerpt, "comment": f"{told['page']}/comments/{said.id}", "is_author": False, "link": ""}
    for recipient in _people([said.user_id] if said.user_id is not None else []):
        outbox.send(code, recipient, {**told, **values}, about=case.about)


def followers(about: tuple[str, int]) -> Iterable[Recipient]:
    """Everybody who follows a case: accounts by their account, others by their confirmed address."""
    return followers_of([about[1]])


def followers_of(case_ids: Collection[int]) -> list[Recipient]:
    """The same of many cases: an entry for each case somebody follows."""
    rows = content.followers_of(Initiative.KIND, case_ids)
    by_id = {who.user_id: who for who in _people(row.user_id for row in rows if row.user_id is not None)}
    found = [by_id[row.user_id] for row in rows if row.user_id in by_id]
    found += [
        Recipient(locale=row.locale, email=row.email) for row in rows if row.user_id is None and row.email
    ]
    return found


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
        "contact": f"/{town.slug}/contact",
        "desk": f"/{town.slug}/desk/initiatives/{(case.number or '').lower()}",
        "appeal_until": case.appeal_until,
        "returns_on": case.returns_on,
        **_referral(case),
        "department": case.department,
        "left_out": _left_out(case),
        "merged_number": (queries.number_of(case.merged_into_id) or "") if case.merged_into_id else "",
        "defects": list(case.defects or []),
        "due": _next_day(case),
        "withheld": case.withheld,
        "note": "",
    }


def _referral(case: Initiative) -> dict[str, Value]:
    """Whom it was referred to, and where it goes on; a municipality of the portal by its name in the reader's language."""
    if case.referred_to_id is None:
        return {"transferred_to": case.transferred_to, "there": ""}
    town = tenancy.town_by_id(case.referred_to_id)
    return {
        "transferred_to": Worded(town.names, town.language),
        "there": f"/{town.slug}/initiatives/{(case.number or '').lower()}",
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
