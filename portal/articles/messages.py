"""Notices of pages and news: who is told what. Only plain values go in; the worker renders the words."""

from dataclasses import replace

from portal.accounts import queries as accounts
from portal.accounts.queries import Colleague
from portal.articles.models import Article
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import NoticeKind
from portal.notify import outbox
from portal.notify.outbox import Recipient

_KINDS = (
    NoticeKind(
        "article.pending",
        _l("A page waits for your approval"),
        "articles/mail/pending.txt",
        _l("Asked for approval"),
    ),
    NoticeKind(
        "article.returned", _l("A page came back to you"), "articles/mail/returned.txt", _l("Sent back")
    ),
    NoticeKind(
        "article.published", _l("Your page is public"), "articles/mail/published.txt", _l("Page published")
    ),
)
_EXAMPLE = {
    "title": _l("Bus stops in the centre"),
    "page": "/lublin/desk/pages/1",
    "note": _l("Please add until when."),
}
NOTICES = tuple(replace(kind, example=_EXAMPLE) for kind in _KINDS)


def pending(actor: Actor, thing: Article, title: str) -> None:
    """Tell the editors; where there is none, the administrators."""
    here = thing.municipality_id
    for colleague in accounts.colleagues(here, "editor") or accounts.colleagues(here, "admin"):
        if colleague.user_id != actor.user_id:
            _send("article.pending", colleague, thing, title)


def returned(actor: Actor, thing: Article, title: str, note: str) -> None:
    """Tell the author why it came back."""
    _tell_author("article.returned", actor, thing, title, note)


def published(actor: Actor, thing: Article, title: str) -> None:
    """Tell the author, unless they published it themselves."""
    _tell_author("article.published", actor, thing, title)


def _tell_author(code: str, actor: Actor, thing: Article, title: str, note: str = "") -> None:
    for colleague in accounts.colleagues(thing.municipality_id):
        if colleague.user_id == thing.author_user_id and colleague.user_id != actor.user_id:
            _send(code, colleague, thing, title, note)


def _send(code: str, colleague: Colleague, thing: Article, title: str, note: str = "") -> None:
    town = tenancy.town_by_id(thing.municipality_id)
    outbox.send(
        code,
        Recipient(
            locale=colleague.language,
            email=colleague.email,
            phone=colleague.phone,
            name=colleague.name,
            user_id=colleague.user_id,
        ),
        {"title": title, "note": note, "page": f"/{town.slug}/desk/pages/{thing.id}"},
        about=thing.about,
    )
