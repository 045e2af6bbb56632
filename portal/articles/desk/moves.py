"""One page per move: what will happen, what is still missing, a date or a reason where one is due, one button."""

from dataclasses import dataclass
from typing import Any

from flask import Response, g, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.articles import queries, rules, services
from portal.articles.desk import entry
from portal.articles.forms import NoteForm, PublishForm, ScheduleForm, SureForm
from portal.articles.models import Article
from portal.articles.states import WORKFLOW
from portal.core import actor as actors
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import need
from portal.core.workflow import Move, Note
from portal.ui.pages import page, say


@dataclass(frozen=True, slots=True)
class Way:
    """How a verb is asked for: its form, and what is said when it is done."""

    form: type[SureForm]
    done: Text
    needs_whole: bool = False
    danger: bool = False


WAYS: dict[str, Way] = {
    "submit": Way(NoteForm, _l("The editors were asked."), needs_whole=True),
    "take-back": Way(SureForm, _l("The request was taken back.")),
    "send-back": Way(NoteForm, _l("It went back to its author.")),
    "publish": Way(PublishForm, _l("It is public now."), needs_whole=True),
    "schedule": Way(ScheduleForm, _l("It is scheduled."), needs_whole=True),
    "unschedule": Way(SureForm, _l("The schedule was cancelled.")),
    "withdraw": Way(NoteForm, _l("It was withdrawn."), danger=True),
}


def move(article_id: int, verb: str) -> BaseResponse:
    """The page of one move."""
    if verb not in WAYS:
        raise Missing
    thing, way, row = queries.article(article_id), WAYS[verb], WORKFLOW.move(verb)
    need(actors.current(), row.permission, thing)
    if not _starts_here(thing, verb):
        say(_("This is not possible in its present state."), "warning")
        return redirect(url_for("articles.one", article_id=article_id), 303)
    found = queries.original(thing)
    lacks = rules.lacks(found.content) if way.needs_whole else []
    form = _filled(way, thing, found.number)
    if form.validate_on_submit() and not lacks:
        try:
            _carry_out(verb, thing.id, form)
        except (Conflict, Invalid) as problem:
            form.blame(getattr(problem, "fields", {}), problem.reason)
        else:
            say(way.done)
            return redirect(url_for("articles.one", article_id=article_id), 303)
        thing = queries.article(article_id)
    return _page(thing, row, way, form, lacks)


def _page(thing: Article, row: Move, way: Way, form: SureForm, lacks: list[rules.Lack]) -> Response:
    is_update = row.verb == "publish" and thing.is_public
    return page(
        "articles/desk/move.html",
        422 if form.is_submitted() else 200,
        title=_("Publish the changes") if is_update else row.label,
        crumbs=entry.crumbs(thing),
        thing=thing,
        help=_("What everybody reads is replaced at once.") if is_update else row.help,
        form=form,
        lacks=lacks,
        needs_note=row.note is Note.REQUIRED,
        has_note="note" in form,
        has_plan="end_day" in form,
        has_start="start_day" in form and form["start_day"] is not None,
        has_minor=is_update,
        zone=g.town.zone,
        confirm_label=_("Publish the changes") if is_update else row.label,
        danger=way.danger,
        edit_href=url_for("articles.edit", article_id=thing.id),
        compare_href=url_for("articles.compare", article_id=thing.id, language=thing.language)
        if is_update
        else "",
        back_href=url_for("articles.one", article_id=thing.id),
    )


def _starts_here(thing: Article, verb: str) -> bool:
    return thing.state in WORKFLOW.move(verb).sources or (verb == "publish" and thing.is_public)


def _filled(way: Way, thing: Article, number: int) -> Any:
    form = way.form(number=str(number))
    if "end_day" in form and not form.is_submitted():
        form.put("end", thing.expire_at, g.town.zone)
        if way.form is ScheduleForm:
            form.put("start", thing.publish_at, g.town.zone)
    return form


def _carry_out(verb: str, article_id: int, form: Any) -> None:
    actor, zone = actors.current(), g.town.zone
    number = entry.number_of(form.number.data)
    note = form.note.data or "" if "note" in form else ""
    if verb == "publish":
        services.publish(
            actor, article_id, number, minor=bool(form.minor.data), until=form.moment("end", zone)
        )
    elif verb == "schedule":
        services.schedule(actor, article_id, number, form.moment("start", zone), form.moment("end", zone))
    elif verb == "submit":
        services.submit(actor, article_id, note)
    elif verb == "send-back":
        services.send_back(actor, article_id, note)
    elif verb == "withdraw":
        services.withdraw(actor, article_id, note)
    elif verb == "take-back":
        services.take_back(actor, article_id)
    else:
        services.unschedule(actor, article_id)
