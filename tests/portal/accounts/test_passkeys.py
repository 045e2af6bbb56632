"""Passkeys with a key in software: made, used alone and after the password, refused when anything is off."""

import html
import json
import re

import pytest
from sqlalchemy import select

from portal.accounts.models import LoginSession, Passkey
from portal.accounts.rules import SessionKind
from portal.accounts.services import invitations, passkeys
from portal.accounts.services.passkeys import Party
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.config import Mode
from portal.core.db import db
from portal.core.errors import Invalid, Missing, NotAllowed
from portal.core.tokens import new_secret
from tests.factories.accounts import PASSWORD, code_of, make_member, make_resident, reload
from tests.factories.passkeys import BACKED_UP, BACKUP_MAY, PRESENT, VERIFIED, SoftKey, raw

US = Party("localhost", "http://localhost")
ON = {"base_url": "http://localhost"}
OPTIONS = re.compile(r'data-options="([^"]*)"')


def fresh(user):
    return Actor(user_id=user.id, fresh=True, locale="en")


def add(user, key, us=US, **more):
    challenge = new_secret()
    answer = key.create(passkeys.creation_options(user, challenge, us), us.origin, **more)
    passkeys.add(fresh(user), user.id, answer, challenge, us, "My phone")


def prove(key, user_id=None, us=US, challenge=None, **more):
    challenge = challenge or new_secret()
    answer = key.get(passkeys.request_options(challenge, us, user_id), us.origin, **more)
    return passkeys.prove(Actor(), answer, challenge, us, "192.0.2.0/24", user_id)


@pytest.fixture
def by_passkey(client):
    """`by_passkey(path, key)`: open the page and send what the browser would; gives the answer."""

    def go(path, key, **data):
        page = client.get(path, **ON)
        options = html.unescape(OPTIONS.search(page.get_data(as_text=True))[1])
        make = key.create if "rp" in json.loads(options) else key.get
        return client.submit_shown(page, path, {"answer": make(options, US.origin), **data}, **ON)

    return go


# What is checked -----------------------------------------------------------------------------------------------


def test_passkey_is_two_factors_at_once(app, town):
    user = make_member(town, "leader")
    key = SoftKey()
    add(user, key)
    proved = prove(key)
    assert (proved.user_id, proved.email, proved.strong) == (user.id, user.email, True)
    resident, other = make_resident(), SoftKey(b"another")
    add(resident, other)
    assert prove(other).strong is False


@pytest.mark.parametrize("flags", [PRESENT, VERIFIED, 0])
def test_device_must_say_that_its_owner_unlocked_it(app, town, flags):
    user, key = make_member(town, "leader"), SoftKey()
    with pytest.raises(Invalid):
        add(user, key, flags=flags)
    add(user, key)
    with pytest.raises(Invalid):
        prove(key, flags=flags)


def test_answer_counts_for_its_challenge_address_and_name_only(app, town):
    user, key = make_member(town, "leader"), SoftKey()
    add(user, key)
    challenge = new_secret()
    options = passkeys.request_options(challenge, US)
    for wrong in (
        lambda: passkeys.prove(Actor(), key.get(options, US.origin), new_secret(), US, "n", None),
        lambda: passkeys.prove(Actor(), key.get(options, "https://evil.example"), challenge, US, "n", None),
        lambda: passkeys.prove(
            Actor(), key.get(options, US.origin), challenge, Party("evil.example", US.origin), "n", None
        ),
    ):
        with pytest.raises(Invalid):
            wrong()
    assert passkeys.prove(Actor(), key.get(options, US.origin), challenge, US, "n", None).user_id == user.id


def test_key_of_somebody_else_proves_nothing(app, town):
    user, thief = make_member(town, "leader"), make_resident()
    add(user, SoftKey())
    impostor = SoftKey()  # The same name, another key.
    with pytest.raises(Invalid):
        prove(impostor)
    other = SoftKey(b"of-the-thief")
    add(thief, other)
    with pytest.raises(Invalid):
        prove(other, user_id=user.id)
    with pytest.raises(Invalid):
        prove(SoftKey(b"nobody-knows-it"))


def test_key_whose_counter_goes_back_is_refused(app, town):
    user, key = make_member(town, "leader"), SoftKey()
    add(user, key)
    for _ in range(3):
        prove(key)
    key.count = 1
    with pytest.raises(Invalid) as refusal:
        prove(key)
    assert refusal.value.reason == passkeys.COUNTED_BACK
    assert db.session.scalars(select(Passkey)).one().sign_count == 3
    key.count = 3
    assert prove(key).user_id == user.id


def test_key_without_counter_is_good_as_well(app, town):
    user, key = make_member(town, "leader"), SoftKey(counts=False)
    add(user, key, flags=PRESENT | VERIFIED | BACKUP_MAY | BACKED_UP)
    for _ in range(2):
        assert prove(key, flags=PRESENT | VERIFIED | BACKUP_MAY | BACKED_UP).user_id == user.id
    assert db.session.scalars(select(Passkey)).one().synced


@pytest.mark.parametrize(
    "answer",
    ["", "{", "[]", "null", "17", '{"id": 1}', '{"id": "x", "rawId": "x", "type": "public-key", "response": {}}',
     '{"id": "eA", "rawId": "eA", "type": "public-key", "response": {"clientDataJSON": "AAAA", "attestationObject": "//8"}}',
     "[" * 3000, "{" + '"a":' * 100 + "1", "x" * 30_000],
)  # fmt: skip
def test_nonsense_is_refused(app, town, answer):
    user = make_member(town, "leader")
    with pytest.raises(Invalid):
        passkeys.add(fresh(user), user.id, answer, new_secret(), US, "x")
    with pytest.raises(Invalid):
        passkeys.prove(Actor(), answer, new_secret(), US, "192.0.2.0/24", None)


def test_damaged_answers_of_a_real_key_are_refused(app, town):
    user, key = make_member(town, "leader"), SoftKey()
    add(user, key)
    challenge = new_secret()
    good = json.loads(key.get(passkeys.request_options(challenge, US), US.origin))
    for part in good["response"]:
        for damage in ("", "AAAA", "%%%", good["response"][part][:-8], None, 7, []):
            bad = {**good, "response": {**good["response"], part: damage}}
            with pytest.raises(Invalid):
                passkeys.prove(Actor(), json.dumps(bad), challenge, US, "192.0.2.0/24", None)


def test_same_key_twice_and_an_eleventh_are_refused(app, town):
    user, key = make_member(town, "leader"), SoftKey()
    add(user, key)
    with pytest.raises(Invalid) as refusal:
        add(user, key)
    assert "belongs to an account" in str(refusal.value.reason)
    for n in range(9):
        add(user, SoftKey(b"key-%d" % n))
    with pytest.raises(Invalid) as refusal:
        add(user, SoftKey(b"one-more"))
    assert "ten passkeys" in str(refusal.value.reason)


def test_passkey_says_nothing_of_its_owner_and_only_the_public_half_is_kept(app, town):
    user, key = make_member(town, "leader"), SoftKey()
    add(user, key)
    options = json.loads(passkeys.creation_options(user, new_secret(), US))
    assert raw(options["user"]["id"]) == passkeys.handle_of(user.id)
    assert str(user.id) not in raw(options["user"]["id"]).hex()
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert [one["id"] for one in options["excludeCredentials"]] == [
        db.session.scalars(select(Passkey)).one().credential_id
    ]
    assert "phone" not in db.session.scalars(select(Passkey)).one().name_sealed


def test_adding_and_removing_ask_for_a_fresh_sign_in_and_are_told(app, town, outbox):
    user, key = make_member(town, "leader"), SoftKey()
    with pytest.raises(NotAllowed):
        passkeys.add(Actor(user_id=user.id), user.id, "{}", new_secret(), US, "x")
    add(user, key)
    number = passkeys.of(user.id)[0].id
    stranger = make_resident()
    with pytest.raises(Missing):
        passkeys.remove(fresh(stranger), stranger.id, number)
    with pytest.raises(NotAllowed):
        passkeys.remove(Actor(user_id=user.id), user.id, number)
    passkeys.remove(fresh(user), user.id, number)
    with pytest.raises(Invalid):
        prove(key)
    assert [n.code for n in outbox()] == ["account.changed", "account.changed"]
    codes = db.session.scalars(select(AuditEntry.code).order_by(AuditEntry.id)).all()
    assert codes == ["account.passkey_added", "account.passkey_removed"]


def test_closed_account_is_not_opened_by_its_passkey(app, town, actor_as):
    from portal.accounts.services import members

    user, key = make_member(town, "leader"), SoftKey()
    add(user, key)
    members.close(actor_as("admin"), user.id)
    with pytest.raises(Invalid):
        prove(key)


def test_new_set_up_by_an_administrator_removes_the_passkeys(app, town, actor_as, outbox):
    from portal.accounts import queries, rules
    from portal.accounts.models import VerificationKind
    from portal.core import clock
    from tests.factories.accounts import secret_in

    user, key = make_member(town, "leader"), SoftKey()
    add(user, key)
    invitations.send_setup(actor_as("admin"), user.id)
    secret = secret_in(outbox()[-1])
    factor = queries.opened(secret, VerificationKind.INVITATION).data["factor"]
    code = rules.code_at(factor, rules.step_at(clock.now()))
    invitations.accept(Actor(), secret, "Adam", "zupełnie inne słowa na dziś", code, "a-key-of-a-form")
    with pytest.raises(Invalid):
        prove(key)


def test_address_a_passkey_is_bound_to_is_the_configured_one(app, monkeypatch):
    from dataclasses import replace

    settings = app.extensions["portal.settings"]
    for base, host, expected in (
        ("http://127.0.0.1:8000", "127.0.0.1:8000", None),
        ("http://127.0.0.1:8000", "localhost:8000", Party("localhost", "http://localhost:8000")),
        ("https://portal.example", "portal.example", Party("portal.example", "https://portal.example")),
        ("https://portal.example", "other.example", Party("portal.example", "https://portal.example")),
    ):
        monkeypatch.setitem(app.extensions, "portal.settings", replace(settings, base_url=base))
        assert passkeys.party(host) == expected
    production = replace(settings, mode=Mode.PRODUCTION, base_url="https://portal.example")
    monkeypatch.setitem(app.extensions, "portal.settings", production)
    assert passkeys.party("localhost") == Party("portal.example", "https://portal.example")


# The pages -----------------------------------------------------------------------------------------------------


def test_staff_add_a_passkey_and_sign_in_with_nothing_else(client, town, by_passkey):
    user, key = make_member(town, "leader"), SoftKey()
    client.submit("/en/sign-in/staff", {"email": user.email, "password": PASSWORD}, **ON)
    client.submit("/en/sign-in/second-factor", {"code": code_of(user)}, **ON)
    answer = by_passkey("/en/account/security/passkeys/new", key, name="Work laptop")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/account/security")
    assert "Work laptop" in client.get("/en/account/security", **ON).get_data(as_text=True)
    client.submit("/en/account", **ON)
    answer = by_passkey("/en/sign-in/passkey?next=/en/lublin/desk/members", key)
    assert answer.headers["Location"] == "/en/lublin/desk/members"
    db.session.rollback()
    assert {s.kind for s in db.session.scalars(select(LoginSession))} == {SessionKind.STAFF}
    assert client.get("/en/lublin/desk", **ON).status_code == 200
    assert reload(user).last_sign_in_at is not None


def test_passkey_takes_the_place_of_the_code_after_the_password(client, town, by_passkey):
    user, key = make_member(town, "leader"), SoftKey()
    page = "/en/sign-in/second-factor"
    client.submit("/en/sign-in/staff", {"email": user.email, "password": PASSWORD}, **ON)
    assert "Use a passkey instead" not in client.get(page, **ON).get_data(as_text=True)
    add(user, key)
    assert "Use a passkey instead" in client.get(page, **ON).get_data(as_text=True)
    other = SoftKey(b"of-somebody-else")
    add(make_resident(), other)
    assert by_passkey(f"{page}/passkey", other).status_code == 422
    assert by_passkey(f"{page}/passkey", key).headers["Location"] == "/en/lublin/desk"


def test_page_without_password_before_it_leads_back(client, town):
    answer = client.get("/en/sign-in/second-factor/passkey", **ON)
    assert answer.headers["Location"] == "/en/sign-in/staff"


def test_passkey_confirms_who_one_is(client, town, by_passkey, sign_in, actor_as):
    actor = actor_as("admin", fresh=False)
    from portal.accounts.models import User

    user, key = db.session.get_one(User, actor.user_id), SoftKey()
    db.session.expunge(user)
    add(user, key)
    sign_in(client, actor)
    before = client.get("/en/lublin/desk/members/invite", **ON)
    assert "/en/confirm" in before.headers["Location"]
    assert "Use a passkey instead" in client.get(before.headers["Location"], **ON).get_data(as_text=True)
    answer = by_passkey("/en/confirm/passkey?next=/en/lublin/desk/members/invite", key)
    assert answer.headers["Location"] == "/en/lublin/desk/members/invite"
    assert client.get("/en/lublin/desk/members/invite", **ON).status_code == 200


def test_challenge_is_good_once_for_five_minutes_and_on_its_own_page(client, town, frozen):
    frozen("2026-03-02 10:00")
    user, key = make_member(town, "leader"), SoftKey()
    add(user, key)

    def shown(path="/en/sign-in/passkey"):
        page = client.get(path, **ON)
        return page, html.unescape(OPTIONS.search(page.get_data(as_text=True))[1])

    page, options = shown()
    frozen("2026-03-02 10:06")
    late = client.submit_shown(page, "/en/sign-in/passkey", {"answer": key.get(options, US.origin)}, **ON)
    assert late.status_code == 422
    page, options = shown()
    client.submit("/en/sign-in/staff", {"email": user.email, "password": PASSWORD}, **ON)
    shown("/en/sign-in/second-factor/passkey")  # Takes the place of the challenge before.
    astray = client.submit_shown(page, "/en/sign-in/passkey", {"answer": key.get(options, US.origin)}, **ON)
    assert astray.status_code == 422
    page, options = shown()
    answer = {"answer": key.get(options, US.origin)}
    assert client.submit_shown(page, "/en/sign-in/passkey", answer, **ON).status_code == 303
    assert db.session.scalars(select(LoginSession.data)).all()[-1].get("passkey") is None


def test_name_is_changed_and_passkey_removed_by_its_owner_alone(client, town, sign_in, actor_as):
    from portal.accounts.models import User

    actor = actor_as("leader")
    user = db.session.get_one(User, actor.user_id)
    db.session.expunge(user)
    add(user, SoftKey())
    number = passkeys.of(user.id)[0].id
    theirs = f"/en/account/security/passkeys/{number}"
    sign_in(client, actor_as("reviewer"))
    assert client.get(theirs).status_code == client.get(f"{theirs}/remove").status_code == 404
    sign_in(client, actor)
    assert client.submit(theirs, {"name": ""}).status_code == 422
    client.submit(theirs, {"name": "Key on the ring"})
    assert "Key on the ring" in client.get("/en/account/security").get_data(as_text=True)
    client.submit(f"{theirs}/remove", {"form_key": "one-key-for-one-form"})
    assert "Key on the ring" not in client.get("/en/account/security").get_data(as_text=True)


def test_page_says_what_to_do_without_script(client, town):
    text = client.get("/en/sign-in/passkey", **ON).get_data(as_text=True)
    assert "This needs a browser with JavaScript" in text
    assert "Choose one of the other ways below." in text
    assert re.search(r"<div data-with hidden>", text)
