"""What waits for editors and translators on the first page of their desk."""

from flask import url_for

from portal.articles import queries
from portal.articles.kinds import STANDING_LABELS
from portal.articles.states import WORKFLOW
from portal.core.actor import Actor
from portal.core.i18n import LANGUAGE_NAMES
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import WorkItem, WorkList


def _waiting(_actor: Actor, limit: int) -> list[WorkItem]:
    return [
        WorkItem(title, url_for("articles.one", article_id=thing.id), WORKFLOW.state(thing.state).label)
        for thing, title in queries.waiting()[:limit]
    ]


def _changed(_actor: Actor, limit: int) -> list[WorkItem]:
    return [
        WorkItem(title, url_for("articles.one", article_id=thing.id), WORKFLOW.state(thing.state).label)
        for thing, title in queries.changed()[:limit]
    ]


def _translations(_actor: Actor, limit: int) -> list[WorkItem]:
    return [
        WorkItem(
            one.title,
            url_for("articles.translate", article_id=one.article_id, language=one.to_language),
            STANDING_LABELS[one.standing],
            note=f"{LANGUAGE_NAMES[one.from_language]} → {LANGUAGE_NAMES[one.to_language]}",
        )
        for one in queries.translations()[:limit]
    ]


WORK = (
    WorkList(
        "articles.waiting",
        _l("Pages that wait for your approval"),
        "page.publish",
        lambda _actor: len(queries.waiting()),
        _waiting,
    ),
    WorkList(
        "articles.changed",
        _l("Pages with changes not yet public"),
        "page.publish",
        lambda _actor: len(queries.changed()),
        _changed,
    ),
    WorkList(
        "articles.translations",
        _l("Translations to write or renew"),
        "page.translate",
        lambda _actor: len(queries.translations()),
        _translations,
    ),
)
