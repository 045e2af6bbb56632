"""What is kept of people who write pages."""

from collections.abc import Callable

from sqlalchemy import select

from portal.articles import privacy, queries
from portal.articles.models import ArticleVersion
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.tenancy import Town
from tests.factories.articles import make_article


def test_versions_are_handed_out_and_lose_their_writer(town: Town, actor_as: Callable[..., Actor]) -> None:
    editor, other = actor_as("editor"), actor_as("editor")
    assert editor.user_id is not None
    thing = make_article(town, actor=editor)
    make_article(town, title="Other", actor=other)
    assert [row["number"] for row in privacy.export(editor.user_id)] == [1, 2]
    with writing():
        assert privacy.erase(editor.user_id) == 3
    db.session.expire_all()
    assert privacy.export(editor.user_id) == []
    assert queries.article(thing.id).author_user_id is None
    rows = db.session.scalars(select(ArticleVersion.user_id).where(ArticleVersion.article_id == thing.id))
    assert set(rows) == {None}
