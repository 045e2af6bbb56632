"""Accounts nobody uses: two warnings, then erasure; sessions and links that are over."""

from sqlalchemy import select

from portal.accounts import jobs, privacy
from portal.accounts.models import LoginSession, PhoneCode, User, Verification, VerificationKind
from portal.accounts.rules import LINK_LIFE
from portal.accounts.services import phone
from portal.accounts.services.links import issue
from portal.core import clock, tenancy
from portal.core.actor import Actor, Channel, acting
from portal.core.db import db, writing
from portal.core.tokens import new_secret
from tests.factories.actors import make_session
from tests.factories.initiatives import make_initiative

SYSTEM = Actor(name="job", channel=Channel.JOB)


def end(key, limit=100):
    record = next(row for row in privacy.RETENTION if row.key == key)
    due = record.due()
    with tenancy.within(None), writing():
        done = record.erase(limit)
    assert done == min(due, limit)
    return done


def warn():
    with tenancy.within(None), acting(SYSTEM):
        jobs.warn()


def there(user_id):
    db.session.rollback()
    return db.session.scalars(select(User).where(User.id == user_id)).one().erased_at is None


def test_sessions_and_links_that_are_over_go_and_nothing_else(app, town, actor_as, frozen):
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
    assert end("account.session") == 2
    assert end("account.link") == 1
    db.session.rollback()
    assert [row.user_id for row in db.session.scalars(select(LoginSession).order_by(LoginSession.id))] == [
        resident.user_id,
        None,
    ]
    assert len(list(db.session.scalars(select(Verification)))) == 1


def test_codes_by_sms_that_are_over_go(town, frozen):
    frozen("2026-03-02 08:00")
    phone.ask(Actor(), "+48601234567", new_secret(), "192.0.2.1")
    assert end("account.phone_code") == 0
    frozen("2026-03-02 08:11")
    phone.ask(Actor(), "+48601234567", new_secret(), "192.0.2.1")
    assert end("account.phone_code") == 1
    db.session.rollback()
    assert len(list(db.session.scalars(select(PhoneCode)))) == 1


def test_an_unused_account_is_warned_twice_and_then_erased(town, actor_as, frozen, outbox, run_jobs):
    frozen("2024-01-01 10:00")
    ewa = actor_as("resident", email="ewa@poczta.example")
    frozen("2025-11-30 10:00")
    warn()
    assert outbox() == []
    frozen("2025-12-03 10:00")
    warn()
    warn()  # The worker was killed and runs it again.
    assert [notice.code for notice in outbox()] == ["account.unused"]
    assert end("account.account") == 0
    frozen("2025-12-26 10:01")
    warn()
    warn()
    assert [notice.code for notice in outbox()] == ["account.unused", "account.unused"]
    frozen("2026-01-01 12:00")
    assert end("account.account") == 0  # The time is over, the warning not yet.
    frozen("2026-01-02 10:01")
    assert end("account.account") == 1
    assert not there(ewa.user_id)


def test_an_account_is_never_erased_unwarned(town, actor_as, frozen):
    frozen("2024-01-01 10:00")
    ewa = actor_as("resident")
    frozen("2026-06-01 10:00")
    assert end("account.account") == 0
    assert there(ewa.user_id)


def test_signing_in_starts_the_time_anew(town, actor_as, frozen, outbox):
    frozen("2024-01-01 10:00")
    ewa = actor_as("resident")
    frozen("2025-12-03 10:00")
    warn()
    frozen("2025-12-20 10:00")
    with writing():
        db.session.get_one(User, ewa.user_id).last_sign_in_at = clock.now()
    frozen("2026-01-10 10:00")
    warn()
    assert end("account.account") == 0
    assert len(outbox()) == 1
    frozen("2027-11-25 10:00")
    warn()
    assert len(outbox()) == 2


def test_staff_and_authors_of_open_cases_are_left_alone(town, actor_as, frozen, outbox):
    frozen("2024-01-01 10:00")
    author, leader, gone = actor_as("resident"), actor_as("leader"), actor_as("resident")
    make_initiative(town, "published", author=author)
    make_initiative(town, "confirmed", author=gone)
    frozen("2025-12-03 10:00")
    warn()
    frozen("2026-01-03 10:00")
    assert end("account.account") == 1
    assert [there(actor.user_id) for actor in (author, leader, gone)] == [True, True, False]
