"""Recovery codes: shown once, hashed, used once, told; and a new app in place of the one that is lost."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.accounts import queries, rules
from portal.accounts.models import RecoveryCode, VerificationKind
from portal.accounts.services import invitations, recovery, sign_in
from portal.core import clock
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import Invalid, NotAllowed, TooMany
from portal.notify.values import unpack
from tests.factories.accounts import PASSWORD, code_of, make_member, make_resident, reload, secret_in
from tests.factories.browser import Forms

SHOWN = re.compile(r'<span class="code">([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</span>')
KEY = "a-form-key-of-this-test"
ACT = {"form_key": "one-key-for-one-form"}


def fresh(user):
    return Actor(user_id=user.id, fresh=True, locale="pl")


@pytest.fixture
def signed_in(client):
    """`signed_in(user)`: by password and code, so the session is fresh."""

    def enter(user):
        client.submit("/en/sign-in/staff", {"email": user.email, "password": PASSWORD})
        return client.submit("/en/sign-in/second-factor", {"code": code_of(user)})

    return enter


def shown(client):
    return SHOWN.findall(client.get("/en/account/security/codes").get_data(as_text=True))


def test_set_up_of_the_second_factor_shows_ten_codes_and_keeps_none(client, app, town, actor_as, outbox):
    admin = actor_as("admin")
    invitations.invite(admin, "nowa@urzad.example", ["leader"], "en", KEY)
    secret = secret_in(outbox()[-1])
    factor = queries.opened(secret, VerificationKind.INVITATION).data["factor"]
    code = rules.code_at(factor, rules.step_at(clock.now()))
    answer = client.submit(
        f"/en/invitation/{secret}", {"name": "Nowa Osoba", "password": PASSWORD, "code": code}
    )
    assert answer.headers["Location"] == "/en/account/security/codes"
    codes = shown(client)
    assert len(set(codes)) == 10
    db.session.rollback()
    rows = db.session.scalars(select(RecoveryCode)).all()
    assert len(rows) == 10
    signs = {c.replace("-", "") for c in codes}
    assert not any(s in r.code_hash.upper() or r.code_hash in s for r in rows for s in signs)
    done = client.submit("/en/account/security/codes", ACT)
    assert done.headers["Location"] == "/en/lublin/desk"
    assert client.get("/en/account/security/codes").headers["Location"] == "/en/account/security"


def test_codes_go_from_the_screen_after_ten_minutes(client, town, signed_in, frozen):
    frozen("2026-03-02 10:00")
    signed_in(make_member(town, "leader"))
    client.submit("/en/account/security/codes/new", ACT)
    assert len(shown(client)) == 10
    frozen("2026-03-02 10:09")
    assert len(shown(client)) == 10
    frozen("2026-03-02 10:11")
    assert shown(client) == []


def test_code_lets_in_once_instead_of_the_app_and_is_told_and_logged(client, town, signed_in, outbox):
    user = make_member(town, "leader")
    codes = recovery.codes_of(KEY, user.id)
    recovery.renew(fresh(user), user.id, KEY)
    for typed, status in ((codes[3].lower().replace("-", " "), 303), (codes[3], 422), (codes[4], 303)):
        client.submit("/en/sign-in/staff", {"email": user.email, "password": PASSWORD})
        answer = client.submit("/en/sign-in/recovery", {"code": typed})
        assert answer.status_code == status, typed
        if status == 303:
            assert answer.headers["Location"] == "/en/account/security"
            client.submit("/en/account")  # Its first form signs out.
    told = [n for n in outbox() if n.code == "account.recovery"]
    assert [unpack(n.values)["values"]["left"] for n in told] == [9, 8]
    logged = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "account.recovery_used")).all()
    assert [entry.user_id for entry in logged] == [user.id, user.id]
    assert recovery.left(user.id) == 8


def test_recovery_code_without_the_password_opens_nothing(client, town):
    user = make_member(town, "leader")
    recovery.renew(fresh(user), user.id, KEY)
    code = recovery.codes_of(KEY, user.id)[0]
    token = client.get("/en/sign-in/staff")
    fields = dict(Forms(token.get_data(as_text=True)).found[0][1])
    answer = client.post("/en/sign-in/recovery", data={"csrf_token": fields["csrf_token"], "code": code})
    assert answer.headers["Location"] == "/en/sign-in/staff"
    assert recovery.left(user.id) == 10


def test_code_of_somebody_else_does_not_work(app, town):
    one, other = make_member(town, "leader"), make_member(town, "leader", email="b@urzad.example")
    recovery.renew(fresh(one), one.id, KEY)
    with pytest.raises(Invalid):
        recovery.prove(Actor(), other.id, recovery.codes_of(KEY, one.id)[0], "192.0.2.0/24")


def test_new_codes_take_the_place_of_the_old_ones(app, town, outbox):
    user = make_member(town, "leader")
    recovery.renew(fresh(user), user.id, KEY)
    recovery.renew(fresh(user), user.id, "another-form-key-of-this-test")
    with pytest.raises(Invalid):
        recovery.prove(Actor(), user.id, recovery.codes_of(KEY, user.id)[0], "192.0.2.0/24")
    assert db.session.scalar(select(func.count()).select_from(RecoveryCode)) == 10
    assert [n.code for n in outbox()] == ["account.changed", "account.changed"]


def test_the_same_form_sent_twice_makes_the_same_codes(app, town, outbox):
    user = make_member(town, "leader")
    for _ in range(2):
        recovery.renew(fresh(user), user.id, KEY)
    assert recovery.left(user.id) == 10
    assert len(outbox()) == 1


def test_new_codes_ask_for_a_fresh_sign_in_and_a_second_factor(app, town):
    user = make_member(town, "leader")
    with pytest.raises(NotAllowed):
        recovery.renew(Actor(user_id=user.id), user.id, KEY)
    resident = make_resident()
    with pytest.raises(Invalid):
        recovery.renew(fresh(resident), resident.id, KEY)


def test_guessing_codes_is_slowed_with_those_of_the_app(app, town, frozen):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")
    recovery.renew(fresh(user), user.id, KEY)
    for n in range(5):
        with pytest.raises(Invalid):
            recovery.prove(Actor(), user.id, f"AAAA-AAAA-AAA{n}", "192.0.2.0/24")
    with pytest.raises(TooMany):
        recovery.prove(Actor(), user.id, recovery.codes_of(KEY, user.id)[0], "192.0.2.0/24")
    with pytest.raises(TooMany):
        sign_in.prove_code(Actor(), user.id, code_of(user), "192.0.2.0/24")


def test_new_app_takes_the_place_of_the_old_one_once_its_code_is_right(client, town, signed_in, outbox):
    user = make_member(town, "leader")
    signed_in(user)
    page = client.get("/en/account/security/app").get_data(as_text=True)
    factor = re.search(r'<span class="code">([A-Z2-7 ]+)</span>', page)[1].replace(" ", "")
    assert client.submit("/en/account/security/app", {"code": code_of(user)}).status_code == 422
    assert reload(user).totp == user.totp
    code = rules.code_at(factor, rules.step_at(clock.now()))
    answer = client.submit("/en/account/security/app", {"code": code})
    assert answer.headers["Location"] == "/en/account/security"
    assert reload(user).totp == factor
    assert [n.code for n in outbox()] == ["account.changed"]


@pytest.mark.parametrize("path", ["/app", "/codes/new"])
def test_residents_have_neither_app_nor_codes(client, town, sign_in, actor_as, path):
    sign_in(client, actor_as("resident"))
    assert client.get(f"/en/account/security{path}").status_code == 404
    assert "Link by e-mail" in client.get("/en/account/security").get_data(as_text=True)


def test_last_code_is_said_to_be_the_last(client, town, signed_in):
    signed_in(make_member(town, "leader"))
    assert "You have no recovery code left." in client.get("/en/account/security").get_data(as_text=True)
    client.submit("/en/account/security/codes/new", ACT)
    assert "10 codes are left." in client.get("/en/account/security").get_data(as_text=True)


def test_codes_are_shown_for_ten_minutes():
    assert timedelta(minutes=10) == rules.SHOWN_FOR
