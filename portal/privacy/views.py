"""One's own consents: what stands, since when, in which words; taken back by a button."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import menu
from portal.core import tenancy
from portal.core.actor import current
from portal.core.consent import WORDS, ConsentEvent
from portal.core.errors import Missing
from portal.core.i18n import Text, current_locale
from portal.core.i18n import gettext as _
from portal.core.registry import registry
from portal.privacy.forms import CopyForm
from portal.privacy.services import consents as services
from portal.ui.pages import page, say


@dataclass(frozen=True, slots=True)
class Row:
    """A consent that stands. `href` leads to what it is about, where that has a page."""

    id: int
    at: datetime
    text: Text
    town: str
    thing: str
    href: str


def consents() -> Response | BaseResponse:
    """The consents of one's account, each with a button that takes it back."""
    actor = current()
    form = CopyForm()
    if form.validate_on_submit():
        chosen = request.form.get("consent", "")
        if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
            raise Missing
        services.take_back(actor, int(chosen))
        say(_("Taken back. What was done before stays lawful."))
        return redirect(url_for("privacy.consents"), 303)
    return page(
        "privacy/consents.html",
        422 if form.is_submitted() else 200,
        title=_("My consents"),
        tabs=menu.tabs(),
        rows=[_row(event) for event in services.own(actor.user_id or 0)],
        form=form,
    )


def _row(event: ConsentEvent) -> Row:
    town = tenancy.town_by_id(event.municipality_id)
    thing, href = "", ""
    kind = registry.content_types.get(event.kind)
    if kind is not None:
        with tenancy.within(town.id):
            try:
                found = kind.load(event.object_id)
            except Missing:
                found = None
        if found is not None:
            thing, href = str(getattr(found, "title", "")), f"/{current_locale()}{kind.address(found)}"
    return Row(event.id, event.at, WORDS[event.purpose].text, town.name, thing, href)
