"""The wall between municipalities."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, func, select, update

from portal.content.models import Comment, CommentState, Stance
from portal.core import tenancy
from portal.core.db import db, writing
from portal.core.tenancy import OutsideScope, Town


def comment(town: Town, text: str) -> None:
    with tenancy.within(town.id), writing():
        db.session.add(
            Comment(
                municipality_id=town.id,
                kind="thing",
                object_id=1,
                at=datetime(2026, 1, 1, tzinfo=UTC),
                stance=Stance.FOR,
                state=CommentState.VISIBLE,
                text=text,
                language="pl",
            )
        )


def test_a_statement_sees_only_its_town(town: Town, other_town: Town) -> None:
    comment(town, "ours")
    comment(other_town, "theirs")
    with tenancy.within(town.id):
        assert list(db.session.scalars(select(Comment.text))) == ["ours"]
        assert db.session.scalar(select(func.count()).select_from(Comment)) == 1
        assert [row.text for row in db.session.scalars(select(Comment))] == ["ours"]


def test_bulk_changes_stay_in_their_town(town: Town, other_town: Town) -> None:
    comment(town, "ours")
    comment(other_town, "theirs")
    with tenancy.within(town.id), writing():
        db.session.execute(update(Comment).values(text="changed"))
    with tenancy.within(other_town.id), writing():
        assert db.session.scalar(select(Comment.text)) == "theirs"
        db.session.execute(delete(Comment))
    with tenancy.within(town.id):
        assert db.session.scalar(select(Comment.text)) == "changed"


def test_without_a_scope_a_tenants_table_cannot_be_asked(town: Town) -> None:
    tenancy.enter(None)
    with pytest.raises(OutsideScope, match="Comment"):
        db.session.scalars(select(Comment)).all()


def test_across_towns_one_says_why(town: Town, other_town: Town) -> None:
    comment(town, "ours")
    comment(other_town, "theirs")
    with tenancy.unscoped("a test of all towns"):
        assert set(db.session.scalars(select(Comment.text))) == {"ours", "theirs"}


def test_a_row_of_another_town_cannot_be_written(town: Town, other_town: Town) -> None:
    smuggled = Comment(
        municipality_id=other_town.id,
        kind="thing",
        object_id=1,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        stance=Stance.FOR,
        state=CommentState.VISIBLE,
        text="smuggled",
        language="pl",
    )
    with tenancy.within(town.id), writing():
        db.session.add(smuggled)
        with pytest.raises(OutsideScope):
            db.session.flush()
        db.session.expunge(smuggled)


def test_a_new_row_takes_the_town_in_scope(town: Town) -> None:
    with tenancy.within(town.id), writing():
        row = Comment(
            kind="thing",
            object_id=1,
            at=datetime(2026, 1, 1, tzinfo=UTC),
            stance=Stance.FOR,
            state=CommentState.VISIBLE,
            text="ours",
            language="pl",
        )
        db.session.add(row)
        db.session.flush()
        assert row.municipality_id == town.id


def test_towns_are_kept_whole_while_others_forget_them(town: Town, other_town: Town) -> None:
    held = tenancy.towns()
    tenancy.forget_towns()
    assert set(held) == {town.slug, other_town.slug}, "who asks just now still finds its town"
    assert set(tenancy.towns()) == set(held)
