"""Personal data of pages: who wrote which version. The pages themselves are the office's records."""

from typing import Any

from sqlalchemy import select, update

from portal.articles.models import Alert, Article, ArticleVersion
from portal.core import tenancy
from portal.core.db import db
from portal.core.i18n import iso
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import PersonalData


def export(user_id: int) -> list[dict[str, Any]]:
    """Every version an account saved, in every municipality."""
    with tenancy.unscoped("a person's own data in every town"):
        rows = db.session.scalars(
            select(ArticleVersion).where(ArticleVersion.user_id == user_id).order_by(ArticleVersion.id)
        )
        return [
            {
                "kind": "article_version",
                "title": row.title,
                "language": row.language,
                "number": row.number,
                "saved": iso(row.at),
            }
            for row in rows
        ]


def erase(user_id: int) -> int:
    """Take the person out; what the office published stays. How many rows."""
    with tenancy.unscoped("a person's own data in every town"):
        statements = (
            update(ArticleVersion).where(ArticleVersion.user_id == user_id).values(user_id=None),
            update(Article).where(Article.author_user_id == user_id).values(author_user_id=None),
            update(Alert).where(Alert.user_id == user_id).values(user_id=None),
        )
        results: list[Any] = [db.session.execute(statement) for statement in statements]
        return sum(result.rowcount for result in results)


PERSONAL = PersonalData(
    title=_l("Pages and news"),
    columns={
        "article": ("author_user_id",),
        "article_version": ("user_id",),
        "alert": ("user_id",),
    },
    export=export,
    erase=erase,
)
