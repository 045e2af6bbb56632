"""Daily tidying."""

from sqlalchemy import select

from portal.accounts import jobs
from portal.accounts.models import LoginSession, Verification, VerificationKind
from portal.accounts.rules import LINK_LIFE
from portal.accounts.services.links import issue
from portal.core.db import db, writing
from tests.factories.actors import make_session


def test_purge_takes_what_is_over_and_nothing_else(app, town, actor_as, frozen):
    frozen("2026-03-02 08:00")
    resident, leader, visitor = actor_as("resident"), actor_as("leader"), actor_as("visitor")
    make_session(leader)
    with writing():
        issue(VerificationKind.LINK, {"email": "old@poczta.example"}, LINK_LIFE)
    frozen("2026-03-10 08:00")
    make_session(leader)
    make_session(resident)
    make_session(visitor)
    with writing():
        issue(VerificationKind.LINK, {"email": "new@poczta.example"}, LINK_LIFE)
    frozen("2026-03-10 09:00")
    jobs.purge()
    db.session.rollback()
    assert [row.user_id for row in db.session.scalars(select(LoginSession).order_by(LoginSession.id))] == [
        resident.user_id,
        None,
    ]
    assert len(list(db.session.scalars(select(Verification)))) == 1
