"""Many cases at once: which can take the step and which cannot, who will be told, one form; then how each fared.

What was ticked, or which list, stands in the address and comes back with it. The page only looks: each case is
asked again, and compared with the version seen here, when its turn comes.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import messages, queries, rules, services
from initiatives.desk import entry, replies
from initiatives.desk.actions import blocked_by
from initiatives.desk.lists import FIRST, ticked
from initiatives.forms import desk as forms
from initiatives.forms.verbs import PAGES, move_of
from initiatives.models import BulkAct, Done, Initiative
from initiatives.queries import BulkRow, desk_query
from initiatives.states import BESIDE, BULK, BULK_ENDS_PROPOSAL, WORKFLOW
from portal.accounts import queries as accounts
from portal.core import actor as actors
from portal.core import clock
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import Text, ngettext
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.core.workflow import Lane, Move
from portal.notify.kinds import Channel, Choice
from portal.notify.values import unpack
from portal.ui.pages import page, say

AT_ONCE_SECONDS = 1.5
"""How long a request works on the cases by itself."""
RECENT = 20
SHOWN_OPEN = 12
"""Cases that a list shows without being unfolded."""


@dataclass(frozen=True, slots=True)
class Line:
    """A case in one of the lists of these pages; `why` says what stands in its way, or should be looked at."""

    number: str
    title: str
    language: str
    href: str
    why: Text = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found out of the chosen cases before anything is done.

    `fitting` could take the step; `movable` are those of them for which the words lack nothing, `lacks` the ids of the
    others, as the page writes them.
    """

    fitting: list[Initiative]
    movable: list[Initiative]
    ready: list[Line]
    left: list[Line]
    seen: str
    lacks: str


@dataclass(frozen=True, slots=True)
class Recent:
    """A bulk act in the list of the latest."""

    href: str
    label: Text
    cases: int
    at: datetime
    who: str
    undone: bool
    undoable: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an act is."""

    done: int
    of: int


def bulk() -> BaseResponse:
    """What one act would do to the chosen cases; a post begins it."""
    actor = actors.current()
    verb = request.args.get("verb", "")
    if verb not in BULK:
        return _chooser()
    chosen = move_of(verb)
    form = _form(actor, verb)
    pairs = _pairs(request.form.get("seen", "")) if form.is_submitted() else []
    ids = [case_id for case_id, _version in pairs] or _wanted_ids(actor)
    cases = queries.to_move(actor, ids)
    if not cases:
        return _chooser(nothing=True)
    if not form.is_submitted():
        return _shown(actor, chosen, form, cases)
    if form.fill.data and "note" in form:
        filled = replies.fill(form, replies.for_many(_look(actor, chosen, cases).fitting, verb))
        return _shown(actor, chosen, form, cases, 200 if filled else 422)
    if not form.validate():
        return _shown(actor, chosen, form, cases, 422)
    found = _look(actor, chosen, cases, form)
    if found.lacks and not (found.movable and _has_shown(found)):
        form.blame(
            {},
            _(
                "The text asks for something that is not known of every case. Look at those that are left out, then press the button again."
            ),
        )
        return _shown(actor, chosen, form, cases, 422)
    try:
        bulk_id = services.start_bulk(
            actor, verb, _values(form), pairs, _kept_query(), form.form_key.data or ""
        )
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _shown(actor, chosen, form, cases, 422)
    services.work_bulk(actor, bulk_id, AT_ONCE_SECONDS)
    return redirect(url_for("initiatives.bulk_result", bulk_id=bulk_id), 303)


def result(bulk_id: int) -> Response:
    """How each case of an act fared, how far it is, and the button that takes it back."""
    act = queries.bulk_act(bulk_id)
    by_outcome: dict[Done, list[Line]] = {outcome: [] for outcome in Done}
    rows = queries.bulk_rows(bulk_id)
    for row in rows:
        by_outcome[row.outcome].append(_line_of(row))
    left = [row.id for row in rows if row.outcome in (Done.LEFT, Done.KEPT)]
    runs = act.restored_at is None if act.undone_at else act.finished_at is None
    waiting = len(by_outcome[Done.MOVED if act.undone_at else Done.WAITING])
    label = move_of(act.verb).label
    return page(
        "initiatives/desk/bulk_result.html",
        title=_("%(move)s: many cases", move=label),
        crumbs=entry.crumbs(),
        act=act,
        label=label,
        who=accounts.names([act.user_id, *([act.undone_by] if act.undone_by else [])]),
        progress=Progress(act.cases - waiting, act.cases) if runs else None,
        moved=by_outcome[Done.MOVED],
        left=by_outcome[Done.LEFT],
        undone=by_outcome[Done.UNDONE],
        kept=by_outcome[Done.KEPT],
        shown_open=SHOWN_OPEN,
        may_undo=_may_undo(act),
        undo_href=url_for("initiatives.bulk_undo", bulk_id=bulk_id),
        here=url_for("initiatives.bulk_result", bulk_id=bulk_id),
        back_href=_list_href(act.query, left),
    )


def undo(bulk_id: int) -> BaseResponse:
    """Take an act back as a whole."""
    there = redirect(url_for("initiatives.bulk_result", bulk_id=queries.bulk_act(bulk_id).id), 303)
    if request.method == "GET":  # After signing in, or in another language: the button is pressed anew.
        return there
    actor = actors.current()
    try:
        services.undo_bulk(actor, bulk_id)
    except Conflict as problem:
        say(problem.reason, "error")
        return there
    services.work_bulk(actor, bulk_id, AT_ONCE_SECONDS)
    return there


def _chooser(*, nothing: bool = False) -> Response:
    """Where nothing is chosen yet: how it is done, and the latest acts with their way back."""
    acts = queries.recent_bulks(RECENT)
    names = accounts.names(act.user_id for act in acts)
    return page(
        "initiatives/desk/bulk_choose.html",
        422 if request.method == "POST" else 200,
        title=_("Many cases at once"),
        crumbs=entry.crumbs(),
        nothing=nothing,
        list_href=_list_href(_kept_query(), ticked()),
        recent=[
            Recent(
                url_for("initiatives.bulk_result", bulk_id=act.id),
                move_of(act.verb).label,
                act.cases,
                act.at,
                names.get(act.user_id, ""),
                act.undone_at is not None,
                _may_undo(act),
            )
            for act in acts
        ],
    )


def _may_undo(act: BulkAct) -> bool:
    return act.undone_at is None and clock.now() < act.undo_until


def _wanted_ids(actor: Actor) -> list[int]:
    """The cases the address names: those ticked, or so many from the top of the list."""
    take = request.args.get("take", "")
    if take not in (str(FIRST), str(services.BULK_MOST)):
        return ticked()
    wanted = queries.desk_filter(request.args)
    return [row.id for row in queries.work_list(actor, wanted, None, size=int(take)).items]


def _pairs(text: str) -> list[tuple[int, int]]:
    """Case and version of each of `text`, as the page wrote them; what is none falls away."""

    def read() -> Iterator[tuple[int, int]]:
        for word in text.split():
            case_id, dot, version = word.partition(".")
            plain = (case_id + version).isascii() and case_id.isdigit() and version.isdigit()
            if dot and plain and len(case_id) < 19 and len(version) < 10:
                yield int(case_id), int(version)

    return list(islice(read(), services.BULK_MOST + 1))


def _form(actor: Actor, verb: str) -> forms.MoveForm:
    form = PAGES[verb].form()
    if isinstance(form, forms.AssignForm):
        team = accounts.colleagues(actor.municipality_id or 0, "reviewer", "leader")
        form.offer((person.user_id, person.name) for person in team)
    elif isinstance(form, forms.TransferForm):
        form.offer(*queries.towns_to_refer(actor.municipality_id or 0))
    return form


def _values(form: Any) -> dict[str, Any]:
    """What the form holds, as plain values."""
    found = {
        name: form[name].data
        for name in ("department", "lead", "reviewers", "town", "to", "note", "progress")
        if name in form
    }
    values = {name: "" if value is None and name != "progress" else value for name, value in found.items()}
    return values | _template(form) if values.get("note") else values


def _template(form: forms.MoveForm) -> dict[str, Any]:
    """The template the words began with, and its texts by language where nobody changed them."""
    found = replies.used(form)
    if found is None:
        return {}
    whole = form["note"].data == found.in_language(queries.office().language)[0]
    return {"template": found.name, **({"texts": dict(found.texts)} if whole else {})}


def _has_shown(found: Seen) -> bool:
    """Whether the page that was sent named all cases the text lacks a value for: a script puts a template in unseen."""
    return set(found.lacks.split()) <= set(request.form.get("lacks", "").split())


def _look(
    actor: Actor, chosen: Move, cases: Sequence[Initiative], form: forms.MoveForm | None = None
) -> Seen:
    """Which of the cases can take the step now, and why others cannot; with `form` also by its words."""
    fitting: list[Initiative] = []
    movable: list[Initiative] = []
    ready: list[Line] = []
    left: list[Line] = []
    lacks: list[str] = []
    values = _values(form) if form is not None else {}
    for case in cases:
        why = _obstacle(actor, chosen, case)
        if not why:
            fitting.append(case)
        if not why and (names := services.lacking_of(case, chosen.verb, values)):
            what = ", ".join(f"{{{name}}}" for name in names)
            why = _(
                "The text asks for something that is not known of this case: %(what)s. Take this step on the case itself.",
                what=what,
            )
            lacks.append(str(case.id))
        hint = "" if why else _hint(chosen, case)
        line = Line(case.number or "", case.title, case.language, entry.href_of(case), why or hint)
        (left if why else ready).append(line)
        if not why:
            movable.append(case)
    seen = " ".join(f"{case.id}.{case.version}" for case in cases)
    return Seen(fitting, movable, ready, left, seen, " ".join(lacks))


def _hint(chosen: Move, case: Initiative) -> str:
    """What somebody should look at before everybody does."""
    if chosen.verb != "publish":
        return ""
    kinds = [str(kind) for kind, _words in rules.personal_hints(case.title, case.text, case.address)]
    found = ", ".join(dict.fromkeys(kinds))
    return (
        _("This may be personal data of somebody: %(kinds)s. Look at it first.", kinds=found) if found else ""
    )


def _obstacle(actor: Actor, chosen: Move, case: Initiative) -> Text:
    if case.state not in chosen.sources:
        return _("Its state is “%(state)s”; this step is not possible from there.", state=case.present.label)
    verdict = can(actor, chosen.permission, case)
    if not verdict:
        return verdict.reason
    if chosen.verb in BULK_ENDS_PROPOSAL and (refusal := rules.has_no_merge_proposal(case)):
        return refusal
    return blocked_by(case, chosen)


def _shown(
    actor: Actor, chosen: Move, form: forms.MoveForm, cases: Sequence[Initiative], status: int = 200
) -> Response:
    found = _look(actor, chosen, cases, form)
    wanted = queries.desk_filter(request.args)
    return page(
        "initiatives/desk/bulk.html",
        status,
        title=_("%(move)s: many cases", move=chosen.label),
        crumbs=entry.crumbs(),
        move=chosen,
        form=form,
        found=found,
        sentences=_sentences(chosen, form, found.movable),
        shown_open=SHOWN_OPEN,
        danger=PAGES[chosen.verb].danger,
        has_words="note" in form,
        # Also for those the present text leaves out: another one may suit them.
        replies=replies.for_many(found.fitting, chosen.verb) if "note" in form else [],
        action=request.full_path,
        verbs=[(verb, move_of(verb).label) for verb in BULK],
        keep=[(name, value) for name, value in request.args.items(multi=True) if name != "verb"],
        back_href=_list_href(urlencode(desk_query(wanted, at=request.args.get("at", ""))), ticked()),
    )


def _sentences(chosen: Move, form: forms.MoveForm, movable: Sequence[Initiative]) -> list[str]:
    """What follows, in words: the state they get, who reads the words, who is told by which way."""
    if not movable:
        return []
    found = []
    targets = () if chosen.verb in BESIDE else chosen.targets
    if len(targets) == 1:
        found.append(_("The cases become: %(state)s.", state=WORKFLOW.state(targets[0]).label))
    if "note" in form and chosen.lane is Lane.PUBLIC:
        found.append(_("What you write here is public, in each of the cases."))
    elif "note" in form:
        found.append(_("What you write here is read by the authors and the team only."))
    stays = any(WORKFLOW.state(target).public for target in targets)
    ways = messages.reckon(movable, chosen.notice, in_public=stays)
    if chosen.notice is None:
        found.append(_("Nobody is sent a message."))
        return found
    found += [*_told(ways), *_of_referral(chosen, movable)]
    reached = len(messages.authors(movable))
    silent = len(movable) - reached
    if silent:
        found.append(
            ngettext(
                "%(n)s case has no author who could be told.",
                "%(n)s cases have no author who could be told.",
                silent,
            )
        )
    if ways:
        found.append(
            _(
                "The messages wait for ten minutes. Until then you can take everything back; nobody is told then."
            )
        )
    else:
        found.append(_("For ten minutes you can take everything back."))
    return found


def _of_referral(chosen: Move, movable: Sequence[Initiative]) -> list[str]:
    """What comes on top where the cases go to a municipality of the portal."""
    if chosen.verb != "transfer":
        return []
    found = [
        _(
            "In a municipality of the portal they are published at once under the same numbers, with text, files, author "
            "and contact. Taken back, they end there, unless something has happened to them there."
        )
    ]
    asked = queries.count_supporters_of(*(case.id for case in movable if case.is_public))
    found += entry.told_to_move(asked)
    return found


def _told(ways: Counter[tuple[Channel, Choice]]) -> list[str]:
    """So many messages by each way."""
    found = []
    quiet = sum(n for (_way, choice), n in ways.items() if choice is Choice.DIGEST)
    if n := ways[Channel.MAIL, Choice.AT_ONCE]:
        found.append(ngettext("%(n)s e-mail goes out.", "%(n)s e-mails go out.", n))
    if quiet:
        found.append(ngettext("%(n)s goes into a daily summary.", "%(n)s go into daily summaries.", quiet))
    if n := ways[Channel.SMS, Choice.AT_ONCE]:
        found.append(ngettext("%(n)s SMS goes out.", "%(n)s SMS go out.", n))
    if n := ways[Channel.LETTER, Choice.AT_ONCE]:
        found.append(ngettext("%(n)s letter is to be posted.", "%(n)s letters are to be posted.", n))
    if n := ways[Channel.PHONE, Choice.AT_ONCE]:
        found.append(ngettext("%(n)s person is to be called.", "%(n)s people are to be called.", n))
    return found or [_("Nobody is sent a message.")]


def _kept_query() -> str:
    """The list the cases were ticked in, as the end of its address."""
    wanted = queries.desk_filter(request.args)
    return urlencode(desk_query(wanted, at=request.args.get("at", "")))


def _list_href(query: str, chosen: Sequence[int]) -> str:
    """Back to the list, with these cases ticked."""
    ticks = urlencode([("case", case_id) for case_id in chosen])
    rest = "&".join(filter(None, (query, ticks)))
    return url_for("initiatives.desk") + (f"?{rest}" if rest else "")


def _line_of(row: BulkRow) -> Line:
    why = unpack(row.why).get("why", "") if row.why else ""
    return Line(row.number or "", row.title, row.language, url_for("initiatives.case", number=row.slug), why)
