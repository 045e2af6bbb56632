"""Keys of the desk: what each does, the page that tells it, and the switch that turns them off (WCAG 2.1.4).

A page names its keys as links in a hidden list; a small script follows them. Without it nothing is lost: every key
stands for a link or a field that is there anyway.
"""

from dataclasses import dataclass

from flask import redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives.desk import entry
from initiatives.desk.actions import Action
from initiatives.forms.desk import ShortcutsForm
from initiatives.models import Initiative
from portal.accounts.services import account
from portal.core import actor as actors
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.ui.pages import page, say

LISTED: tuple[tuple[str, Text], ...] = (
    ("j", _l("the next case of the list")),
    ("k", _l("the one before it")),
    ("o", _l("open the case")),
    ("u", _l("back to the list")),
    ("/", _l("search: words or a number")),
    ("?", _l("this page")),
)
"""Keys of lists and cases, in the order of the page that tells them."""
OF_VERBS = {"publish": "p", "send_back": "b", "assign": "a", "reply": "r"}
NOTE_KEY = "n"
OF_CASE: tuple[tuple[str, Text], ...] = (
    ("p", _l("publish it")),
    ("b", _l("return it for completion")),
    ("a", _l("assign it")),
    ("r", _l("write to the author")),
    (NOTE_KEY, _l("write a note")),
)
"""Keys of an open case; each leads to the page of the step, and works where the step is possible."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a page and where it leads: an address, or `#id` of a field."""

    key: str
    href: str


def for_list() -> list[Key]:
    """The keys of a list; none where they are turned off."""
    return _kept([Key("/", "#q")])


def for_case(case: Initiative, actions: list[Action], *, notes: bool) -> list[Key]:
    """The keys of an open case: those of steps that are possible now."""
    begin = url_for("initiatives.move", number=entry.slug_of(case), verb="x").removesuffix("x")
    hrefs = {f"{begin}{verb.replace('_', '-')}": key for verb, key in OF_VERBS.items()}
    steps = [Key(hrefs[act.href], act.href) for act in actions if act.href in hrefs and not act.blocked]
    back = url_for("initiatives.desk")
    return _kept(
        [Key("u", back), Key("/", f"{back}#q"), *steps, *([Key(NOTE_KEY, "#text")] if notes else [])]
    )


def _kept(keys: list[Key]) -> list[Key]:
    if not actors.current().shortcuts:
        return []
    return [*keys, Key("?", url_for("initiatives.shortcuts"))]


def shortcuts() -> BaseResponse:
    """What the keys do, and the switch."""
    actor = actors.current()
    form = ShortcutsForm(on=actor.shortcuts)
    if form.validate_on_submit():
        account.set_shortcuts(actor, actor.user_id or 0, wanted=bool(form.on.data))
        say(_("Your choice is saved and counts from now on."))
        return redirect(url_for("initiatives.shortcuts"), 303)
    return page(
        "initiatives/desk/shortcuts.html",
        422 if form.is_submitted() else 200,
        title=_("Keyboard shortcuts"),
        crumbs=entry.crumbs(),
        form=form,
        on=actor.shortcuts,
        listed=LISTED,
        of_case=OF_CASE,
    )
