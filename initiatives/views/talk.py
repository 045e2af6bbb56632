"""The talk under an initiative in public: its pages, one comment with its answers, and what readers do there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.forms.talk import (
    AnswerForm,
    CommentForm,
    CommentReportForm,
    MendForm,
    ObjectForm,
    TakeBackForm,
    UsefulForm,
)
from initiatives.models import Initiative
from initiatives.services import SPEAKERS, Told
from initiatives.states import WHO
from initiatives.views.acts import crumbs_of, form_page, public_case, tried
from portal.content import rules, talk
from portal.content import services as content_services
from portal.content.models import CommentState, Objection, Stance
from portal.content.talk import Said
from portal.core import actor as actors
from portal.core import clock, throttle
from portal.core.errors import Missing
from portal.core.i18n import Text, current_locale
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.policy import can
from portal.search.queries import cursor_of
from portal.ui.pages import Link, page, say
from portal.ui.templating import url_for

SORT_LABELS: dict[str, Text] = {
    "new": _p("comments", "Newest first"),
    "useful": _p("comments", "Most useful first"),
    "old": _p("comments", "Oldest first"),
}
COMMENTS = throttle.Limit("comment-person", 20, 3600)
REPORTS = throttle.Limit("report-person", 20, 3600)
HELD_ONE = _l(
    "Thank you. Your comment waits for the team before others see it. We tell you when it is shown."
)


@dataclass(frozen=True, slots=True)
class Talk:
    """What the macro of a comment asks beside the comment: whose page it is, what they marked, where buttons lead back to."""

    slug: str
    user_id: int | None
    marked: set[int]
    editable: set[int]
    speaks: bool
    moderates: bool
    back: str = ""
    sort: str = ""
    at: str = ""
    whole: bool = False


def talk_of(case: Initiative, found: Sequence[Said], **where: Any) -> Talk:
    """That record for these comments; nothing is asked for a visitor."""
    actor = actors.current()
    ids = talk.ids_of(found)
    person = content_services.person_of_user(actor.user_id) if actor.user_id else ""
    now = clock.now()
    mine = {
        one.id
        for said in found
        for one in (said, *said.answers)
        if actor.user_id and one.user_id == actor.user_id and not one.official
    }
    times = {one.id: one.at for said in found for one in (said, *said.answers)}
    return Talk(
        slug=(case.number or "").lower(),
        user_id=actor.user_id,
        marked=talk.found_useful(ids, person),
        editable={one for one in mine if rules.may_edit(times[one], now)},
        speaks=actor.is_staff and bool(can(actor, "initiative.speak", case)),
        moderates=actor.is_staff and bool(can(actor, "initiative.hear", case)),
        **where,
    )


OFFICES = {role: WHO[role] for role in SPEAKERS}


def _href(case: Initiative, endpoint: str, **values: Any) -> str:
    return url_for(f"initiatives.{endpoint}", number=(case.number or "").lower(), **values)


def _one_href(case: Initiative, comment_id: int) -> str:
    return f"{_href(case, 'comment_one', comment_id=comment_id)}#comment-{comment_id}"


# ---- reading ----


def comments(number: str) -> Response:
    """All comments, page by page, in one of three orders."""
    case = public_case(number)
    sort = request.args.get("sort", "new")
    if sort not in talk.SORTS:
        raise Missing
    at = request.args.get("at", "")
    cursor = cursor_of(at)
    found = talk.page(*case.about, sort, cursor)
    top = talk.highlighted(*case.about) if cursor is None else []

    def here(**changes: str) -> str:
        values = {"sort": sort, **changes}
        kept = {name: value for name, value in values.items() if value and (name, value) != ("sort", "new")}
        return _href(case, "comments", **kept)

    return page(
        "initiatives/comments.html",
        title=_("Comments"),
        crumbs=crumbs_of(case),
        case=case,
        stances=talk.stances(*case.about),
        top=top,
        items=found.items,
        sorts=[Link(str(label), here(sort=key), current=key == sort) for key, label in SORT_LABELS.items()],
        newer=here(at=found.newer) if found.newer else "",
        older=here(at=found.older) if found.older else "",
        talk=talk_of(case, [*top, *found.items], back="list", sort=sort, at=at),
        offices=OFFICES,
        hidden_reasons=rules.REASONS,
    )


def comment_one(number: str, comment_id: int) -> Response:
    """One comment with its answers; to its author also while it waits or is hidden, with the reason."""
    case = public_case(number)
    actor = actors.current()
    said = talk.one(*case.about, comment_id)
    if said is None:
        raise Missing
    mine = actor.user_id is not None and said.user_id == actor.user_id and not said.official
    if not (said.is_seen or said.state is CommentState.TAKEN_BACK or mine):
        raise Missing
    above = talk.one(*case.about, said.parent_id) if said.parent_id else None
    stands = above or said
    (thread,) = talk.with_answers([stands], talk.ANSWERS_AT_ONCE)
    fate = queries.comment_fate(said.id) if mine and not said.is_seen else None
    response = page(
        "initiatives/comment.html",
        title=_("Comment on %(number)s", number=case.number),
        crumbs=crumbs_of(case, Link(_("Comments"), _href(case, "comments"))),
        case=case,
        thread=thread,
        said=said,
        mine=mine,
        fate=fate,
        held_reasons=rules.RULES,
        office_language=g.town.language,
        can_object=fate is not None
        and said.state is CommentState.HIDDEN
        and fate.objection is Objection.NONE,
        talk=talk_of(case, [thread], back="one", whole=True),
        offices=OFFICES,
        hidden_reasons=rules.REASONS,
    )
    if mine:
        response.headers["Cache-Control"] = "no-store"
    return response


# ---- saying ----


def _thank(told: Told) -> None:
    """Say at once whether it is seen; and if not, why."""
    if told.held_by:
        reasons = " ".join(str(rules.RULES[rule]) for rule in told.held_by)
        say(f"{HELD_ONE} {reasons}", "info")
    else:
        say(_("Thank you for your comment."))


def comment(number: str) -> BaseResponse:
    """Say something to it."""
    return _say(number, CommentForm(), None)


def comment_answer(number: str, comment_id: int) -> BaseResponse:
    """Answer a comment."""
    return _say(number, AnswerForm(), comment_id)


def _say(number: str, form: Any, answers: int | None) -> BaseResponse:
    case, actor = public_case(number), actors.current()
    above = _seen(case, answers) if answers is not None else None
    if above is not None and above.parent_id is not None:
        # Answers have one level: who comes here by hand is led to the comment the answer belongs to.
        say(_("This is an answer already. Write yours under the comment it belongs to."), "info")
        return redirect(_one_href(case, above.parent_id), 303)
    told: list[Told] = []

    def act() -> None:
        throttle.hit(COMMENTS, actor.user_id)
        told.append(
            services.comment(
                actor,
                case.id,
                Stance(form.stance.data) if answers is None else Stance.NEUTRAL,
                form.text.data or "",
                current_locale(),
                form.form_key.data or "",
                shows_name=bool(form.shows_name.data),
                answers=answers,
            )
        )

    if tried(form, act):
        _thank(told[0])
        return redirect(_one_href(case, told[0].id), 303)
    title = _("Comment on this initiative") if above is None else _("Answer a comment")
    return form_page("comment", case, form, title, name=actor.name, above=above)


def _seen(case: Initiative, comment_id: int) -> Said:
    said = talk.one(*case.about, comment_id)
    if said is None or not said.is_seen:
        raise Missing
    return said


def _own(case: Initiative, comment_id: int) -> Said:
    said = talk.one(*case.about, comment_id)
    if said is None or said.official or said.user_id is None or said.user_id != actors.current().user_id:
        raise Missing
    return said


def comment_edit(number: str, comment_id: int) -> BaseResponse:
    """Mend one's own comment, for a quarter of an hour."""
    case = public_case(number)
    said = _own(case, comment_id)
    if said.state not in (CommentState.VISIBLE, CommentState.HELD):
        raise Missing
    form = MendForm(text=said.text, seen=services.mark_of(said.edited_at))
    told: list[Told] = []

    def act() -> None:
        told.append(
            services.edit_comment(
                actors.current(), case.id, comment_id, form.text.data or "", form.seen.data or ""
            )
        )

    if tried(form, act):
        if told[0].held_by:
            _thank(told[0])
        else:
            say(_("Your comment was changed."))
        return redirect(_one_href(case, comment_id), 303)
    return form_page(
        "comment_edit", case, form, _("Change your comment"), said=said, one_href=_one_href(case, comment_id)
    )


def comment_take_back(number: str, comment_id: int) -> BaseResponse:
    """Take one's own comment back."""
    case = public_case(number)
    said = _own(case, comment_id)
    form = TakeBackForm()
    if said.state is CommentState.TAKEN_BACK:
        return redirect(_one_href(case, comment_id), 303)
    if tried(form, lambda: services.take_back(actors.current(), case.id, comment_id)):
        say(_("Your comment was taken back. Its words are erased."))
        return redirect(_one_href(case, comment_id), 303)
    return form_page(
        "comment_take_back",
        case,
        form,
        _("Take your comment back?"),
        said=said,
        one_href=_one_href(case, comment_id),
        danger=True,
        confirm_label=_("Take back"),
    )


def comment_object(number: str, comment_id: int) -> BaseResponse:
    """Object once to one's comment being hidden."""
    case = public_case(number)
    said = _own(case, comment_id)
    fate = queries.comment_fate(comment_id)
    if said.state is not CommentState.HIDDEN or fate.objection is not Objection.NONE:
        return redirect(_one_href(case, comment_id), 303)
    form = ObjectForm()
    if tried(
        form,
        lambda: services.object_to(actors.current(), case.id, comment_id, form.words.data or ""),
    ):
        say(_("Your objection has arrived. Another person of the office decides, and we tell you."))
        return redirect(_one_href(case, comment_id), 303)
    return form_page(
        "comment_object",
        case,
        form,
        _("Object to hiding your comment"),
        said=said,
        fate=fate,
        hidden_reasons=rules.REASONS,
        one_href=_one_href(case, comment_id),
    )


# ---- useful, reports ----


def comment_useful(number: str, comment_id: int) -> BaseResponse:
    """Mark a comment as useful, or take the mark off; back to where the button stood."""
    case, actor = public_case(number), actors.current()
    said = _seen(case, comment_id)
    person = content_services.person_of_user(actor.user_id or 0)
    marked = bool(talk.found_useful([comment_id], person))
    form = UsefulForm(wanted="off" if marked else "on")
    if tried(
        form,
        lambda: services.mark_useful(actor, case.id, comment_id, wanted=form.wanted.data == "on"),
    ):
        return redirect(_back_from(case, comment_id, form), 303)
    return form_page(
        "comment_useful",
        case,
        form,
        _("Useful no longer?") if marked else _("Is this comment useful?"),
        said=said,
        one_href=_one_href(case, comment_id),
        confirm_label=_("Take the mark off") if marked else _("Yes, it is useful"),
    )


def _back_from(case: Initiative, comment_id: int, form: UsefulForm) -> str:
    if form.back.data == "case":
        return f"{_href(case, 'detail')}#comment-{comment_id}"
    if form.back.data == "list" and form.sort.data in talk.SORTS:
        values = {"sort": form.sort.data, "at": form.at.data}
        kept = {name: value for name, value in values.items() if value and (name, value) != ("sort", "new")}
        return f"{_href(case, 'comments', **kept)}#comment-{comment_id}"
    return _one_href(case, comment_id)


def comment_report(number: str, comment_id: int) -> BaseResponse:
    """Tell the team that a comment breaks a rule, once."""
    case, actor = public_case(number), actors.current()
    said = _seen(case, comment_id)
    form = CommentReportForm()
    person = content_services.person_of_user(actor.user_id or 0)
    if not form.is_submitted() and talk.has_reported(comment_id, person):
        say(_("You have reported this comment already. The team looks at it."), "info")
        return redirect(_one_href(case, comment_id), 303)

    def act() -> None:
        throttle.hit(REPORTS, actor.user_id)
        services.report_comment(actor, case.id, comment_id, form.rule.data or "", form.words.data or "")

    if tried(form, act):
        say(_("Thank you. The team looks at it."))
        return redirect(_one_href(case, comment_id), 303)
    return form_page(
        "comment_report", case, form, _("Report a comment"), said=said, one_href=_one_href(case, comment_id)
    )
