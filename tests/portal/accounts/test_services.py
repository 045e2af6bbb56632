"""Acts on accounts where two come at once, and what each leaves in the audit log."""

import threading

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.accounts import queries
from portal.accounts.models import LoginSession, User, Verification, VerificationKind
from portal.accounts.services import account, invitations, links, passwords, sign_in
from portal.core import audit, clock, tenancy, throttle
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.errors import Invalid, Missing, NotAllowed
from portal.core.usecase import use_case
from tests.factories.accounts import (
    PASSWORD,
    code_of,
    data_of,
    make_member,
    make_resident,
    reload,
    secret_in,
)

VISITOR = Actor(locale="pl")
AT_ONCE = 8


def at_once(app, act):
    """Run `act` in several threads at the same instant; what each came to."""
    barrier = threading.Barrier(AT_ONCE)
    results = []

    def run():
        with app.app_context():
            barrier.wait()
            try:
                results.append(act())
            except Invalid:
                results.append(None)
            finally:
                db.session.remove()

    db.session.close()
    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_link_pressed_many_times_at_once_signs_in_once(app, town, outbox):
    sign_in.ask_link(VISITOR, "ewa@poczta.example", None, "k1", "192.0.2.0/24")
    secret = secret_in(outbox()[0])
    results = at_once(app, lambda: sign_in.use_link(VISITOR, secret, "Ewa"))
    assert sum(result is not None for result in results) == 1
    assert db.session.scalar(select(func.count()).select_from(User)) == 1


def test_code_typed_many_times_at_once_counts_once(app, town):
    user = make_member(town, "leader")
    code = code_of(user)
    throttle.relax(off=True)
    try:
        results = at_once(app, lambda: sign_in.prove_code(VISITOR, user.id, code, "192.0.2.0/24"))
    finally:
        throttle.relax(off=False)
    assert sum(result is not None for result in results) == 1


def test_stored_link_holds_neither_secret_nor_readable_address(app, town, outbox):
    sign_in.ask_link(VISITOR, "ewa@poczta.example", "/pl/account", "k1", "192.0.2.0/24")
    secret = secret_in(outbox()[0])
    row = db.session.scalars(select(Verification)).one()
    assert secret not in f"{row.digest}{row.data_sealed}"
    assert "ewa" not in row.data_sealed
    assert data_of(row) == {"email": "ewa@poczta.example", "next": "/pl/account", "locale": "pl"}


def test_account_holds_no_readable_contact(app, town):
    user = make_member(town, "leader", email="adam@urzad.example", name="Adam Lipa")
    row = db.session.execute(select(*User.__table__.columns).where(User.id == user.id)).one()
    assert "adam" not in str(tuple(row)).lower()
    assert row.password_hash.startswith("$argon2id$")


def test_database_refuses_a_password_without_second_factor(app, town):
    user = make_resident()
    with pytest.raises(IntegrityError), writing():
        db.session.get_one(User, user.id).password_hash = "x"


def test_password_under_old_parameters_is_hashed_anew_at_sign_in(app, town):
    user = make_member(town, "leader")
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    with writing():
        db.session.get_one(User, user.id).password_hash = old
    sign_in.prove_password(user.email, PASSWORD, "192.0.2.0/24", known=False)
    assert reload(user).password_hash != old
    sign_in.prove_password(user.email, PASSWORD, "192.0.2.0/24", known=False)


def test_damaged_password_hash_lets_nobody_in(app, town):
    user = make_member(town, "leader")
    with writing():
        db.session.get_one(User, user.id).password_hash = "not a hash"
    with pytest.raises(Invalid):
        sign_in.prove_password(user.email, PASSWORD, "192.0.2.0/24", known=False)


def test_reset_voids_other_open_resets(app, town, outbox):
    make_member(town, "leader")
    for key in ("k1", "k2"):
        passwords.ask_reset(VISITOR, "adam@urzad.example", key, "192.0.2.0/24")
    first, second = (secret_in(notice) for notice in outbox())
    passwords.reset(VISITOR, second, "nowe słowa bez związku")
    with pytest.raises(Invalid):
        passwords.reset(VISITOR, first, "inne słowa bez związku")


def test_own_acts_are_refused_to_others(app, town):
    user = make_resident()
    stranger = Actor(user_id=make_resident("jan@poczta.example").id, fresh=True)
    for act in (
        lambda: account.update_profile(stranger, user.id, "X", "pl", ""),
        lambda: account.set_shortcuts(stranger, user.id, wanted=False),
        lambda: account.end_other_sessions(stranger, user.id, None),
        lambda: account.export(stranger, user.id),
        lambda: account.erase(stranger, user.id),
        lambda: account.ask_new_email(stranger, user.id, "x@poczta.example", "k"),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert reload(user).name == "Ewa Sadowa"


def test_export_and_erasure_take_a_fresh_sign_in(app, town):
    user = make_resident()
    stale = Actor(user_id=user.id)
    for act in (account.export, account.erase):
        with pytest.raises(NotAllowed) as refused:
            act(stale, user.id)
        assert refused.value.would_help == "sign-in-again"


def test_present_address_is_not_asked_for_again(app, town):
    user = make_resident()
    with pytest.raises(Invalid) as refused:
        account.ask_new_email(Actor(user_id=user.id, fresh=True), user.id, "ewa@poczta.example", "k")
    assert "email" in refused.value.fields


def test_session_of_nobody_is_missing(app, town):
    user = make_resident()
    with pytest.raises(Missing):
        account.end_one_session(Actor(user_id=user.id), user.id, 12345)
    assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 0


def test_invitation_of_another_municipality_is_not_withdrawn_from_here(app, town, other_town, actor_as):
    there = actor_as("admin", other_town)
    with tenancy.within(other_town.id):
        invitations.invite(there, "jan@urad.example", ["reviewer"], "cs", "k1")
    row = db.session.scalars(select(Verification)).one()
    invitations.withdraw_invitation(actor_as("admin"), row.id)
    db.session.rollback()
    assert [found.email for found in queries.invited(other_town.id)] == ["jan@urad.example"]


def test_invitation_never_replaces_a_second_factor(app, town, other_town, actor_as, outbox):
    user = make_member(other_town, "leader", email="ivana@urad.example")
    invitations.invite(actor_as("admin"), "ivana@urad.example", ["expert"], "cs", "k1")
    secret = secret_in(outbox()[0])
    with pytest.raises(Invalid):
        invitations.accept(VISITOR, secret, "Thief", "nowe słowa bez związku", "123456", "k2")
    with pytest.raises(Invalid):
        invitations.accept_as_member(Actor(user_id=make_resident().id), secret)
    with pytest.raises(Invalid):
        invitations.accept_as_member(Actor(user_id=user.id), "no such link")
    invitations.accept_as_member(Actor(user_id=user.id), secret)
    assert {m.user_id for m in queries.members(town.id)} >= {user.id}


def test_closed_account_that_asks_for_a_password_is_told_so(app, town, outbox):
    user = make_member(town, "leader", email="adam@urzad.example")
    with writing():
        db.session.get_one(User, user.id).disabled_at = clock.now()
    passwords.ask_reset(VISITOR, "adam@urzad.example", "k1", "192.0.2.0/24")
    assert [notice.code for notice in outbox()] == ["account.closed"]


def test_audit_never_holds_personal_data(app, town, actor_as, outbox):
    user = make_resident("ewa@poczta.example", name="Ewa Sadowa")
    me = Actor(user_id=user.id, fresh=True)
    account.update_profile(me, user.id, "Ewa Lisia", "cs", "+420601123456")
    invitations.invite(actor_as("admin"), "jan@urzad.example", ["reviewer"], "pl", "k1")
    secret = secret_in(outbox()[-1])
    text = str([(e.subject, e.details) for e in db.session.scalars(select(AuditEntry))])
    for word in ("Ewa", "Lisia", "601123456", "jan@", secret):
        assert word not in text
    assert "'name_sealed': 'changed'" in text
    assert audit.verify() == []


def test_act_that_fails_leaves_the_link_usable(app, town, outbox):
    @use_case("account.enter", code="test.failed")
    def use_and_fail(_actor, secret):
        links.use_up(secret, VerificationKind.LINK)
        raise Invalid("on purpose")

    sign_in.ask_link(VISITOR, "ewa@poczta.example", None, "k1", "192.0.2.0/24")
    secret = secret_in(outbox()[0])
    with pytest.raises(Invalid):
        use_and_fail(VISITOR, secret)
    assert queries.opened(secret, VerificationKind.LINK) is not None


def test_keys_of_the_desk_are_turned_off_for_an_account(app, town):
    user = make_resident()
    me = Actor(user_id=user.id, fresh=True)
    assert queries.person(user.id).shortcuts is True
    account.set_shortcuts(me, user.id, wanted=False)
    assert queries.person(user.id).shortcuts is False
    assert "'shortcuts': False" in str(account.export(me, user.id))
