"""What is kept of people, handed out and erased."""

from sqlalchemy import func, select

from portal.accounts import privacy
from portal.accounts.models import LoginSession, Membership, User, Verification, VerificationKind
from portal.accounts.rules import LINK_LIFE
from portal.accounts.services.links import issue
from portal.core.db import db, writing
from tests.factories.accounts import make_member, reload


def test_export_holds_no_secret(app, town, actor_as, sign_in, client):
    user = make_member(town, "leader")
    text = str(privacy.export(user.id))
    assert "adam@urzad.example" in text
    assert "leader" in text
    for secret in (user.password_hash, user.totp):
        assert str(secret) not in text
    assert privacy.export(1) == []


def test_erasure_leaves_a_number_and_nothing_else(app, town, actor_as, sign_in, client):
    user = make_member(town, "leader")
    with writing():
        issue(VerificationKind.RESET, {"email": user.email}, LINK_LIFE, user_id=user.id)
    with writing():
        assert privacy.erase(user.id) == 3
    gone = reload(user)
    sealed = [getattr(gone, column) for column in User.PERSONAL]
    assert sealed == [None] * len(sealed)
    for model in (Membership, Verification, LoginSession):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0
    with writing():
        assert privacy.erase(12) == 0


def test_erased_address_may_come_back_as_somebody_new(app, town):
    user = make_member(town, "leader")
    with writing():
        privacy.erase(user.id)
    again = make_member(town, "leader")
    assert again.id != user.id


def test_every_personal_column_is_named(app):
    columns = privacy.PERSONAL.columns
    for model in (User, LoginSession, Verification):
        assert set(model.PERSONAL) <= set(columns[model.__tablename__])
