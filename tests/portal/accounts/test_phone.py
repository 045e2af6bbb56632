"""Six digits by SMS: bound to their request, ten minutes, five tries, the same answer for every number."""

import pytest
from sqlalchemy import select, update

from portal.accounts import messages, queries
from portal.accounts.models import LoginSession, PhoneCode, User
from portal.accounts.rules import SessionKind
from portal.accounts.services import account, phone
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.errors import Invalid, TooMany
from portal.notify.kinds import Channel
from tests.factories.accounts import make_member, make_resident, reload, values_of

MOBILE, OTHER, LANDLINE = "+48601234567", "+48602345678", "+48817654321"
NET = "192.0.2.0/24"
KEY = "a-form-key-of-this-test"
VISITOR = Actor(locale="en")


def with_phone(user, number=MOBILE, *, confirmed=True):
    with writing():
        row = db.session.get_one(User, user.id)
        row.phone, row.phone_hash = number, queries.phone_hash(number)
        row.phone_confirmed_at = row.created_at if confirmed else None
    found = reload(user)
    db.session.expunge(found)  # Its number stays readable whatever the test does next.
    return found


def code_in(outbox):
    return values_of([n for n in outbox() if n.code == "account.phone_code"][-1])["code"]


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def test_code_signs_a_resident_in(client, town, outbox):
    user = with_phone(make_resident())
    answer = client.submit("/en/sign-in/phone?next=/en/lublin/", {"phone": "601 234 567"})
    assert answer.headers["Location"] == "/en/sign-in/phone/code"
    notice = outbox()[-1]
    assert (notice.channel, notice.phone, notice.email) == (Channel.SMS, MOBILE, None)
    code = code_in(outbox)
    assert len(code) == 6
    assert client.submit("/en/sign-in/phone/code", {"code": wrong(code)}).status_code == 422
    answer = client.submit("/en/sign-in/phone/code", {"code": f"{code[:3]} {code[3:]}"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/lublin/")
    db.session.rollback()
    assert [s.kind for s in db.session.scalars(select(LoginSession)) if s.user_id] == [SessionKind.RESIDENT]
    assert reload(user).last_sign_in_at is not None


def test_every_number_gets_the_same_answer_and_only_confirmed_ones_an_sms(client, town, outbox):
    with_phone(make_resident())
    with_phone(make_resident("b@poczta.example"), OTHER, confirmed=False)
    with_phone(make_member(town, "leader"), "+48603456789")
    answers = []
    for number in (MOBILE, OTHER, "+48603456789", "+48604567890", LANDLINE):
        asked = client.submit("/en/sign-in/phone", {"phone": number})
        page = client.get("/en/sign-in/phone/code")
        answers.append((asked.status_code, asked.headers["Location"], page.status_code, len(page.get_data())))
    assert len(set(answers)) == 1
    assert [n.phone for n in outbox()] == [MOBILE]
    assert len(db.session.scalars(select(PhoneCode)).all()) == 5


def test_page_of_the_code_shows_which_number_was_understood(client, town, outbox):
    for lang, shown in (("pl", "+48 … 567"), ("cs", "+420 … 567")):
        client.submit(f"/{lang}/sign-in/phone", {"phone": "601 234 567"})
        page = client.get(f"/{lang}/sign-in/phone/code").get_data(as_text=True)
        assert shown in page
        assert "234 567" not in page


def test_slip_of_the_finger_uses_up_no_try(client, town, outbox):
    with_phone(make_resident())
    client.submit("/en/sign-in/phone", {"phone": "601 234 567"})
    for slip in ("12345", "1234567", "abcdef", "١٢٣٤٥٦x"):
        answer = client.submit("/en/sign-in/phone/code", {"code": slip})
        assert answer.status_code == 422
        assert "The code has six digits" in answer.get_data(as_text=True)
    assert db.session.scalars(select(PhoneCode.tries)).one() == 0
    assert client.submit("/en/sign-in/phone/code", {"code": code_in(outbox)}).status_code == 303


def test_neither_code_nor_number_is_kept_in_clear(town, outbox):
    with_phone(make_resident())
    secret = phone.ask(VISITOR, MOBILE, KEY, NET)
    row = db.session.scalars(select(PhoneCode)).one()
    kept = f"{row.digest}{row.code_hash}{row.phone_hash}"
    assert not any(text in kept for text in (secret, code_in(outbox), "601234567"))


def test_code_counts_five_tries_for_its_own_request(town, outbox, frozen):
    frozen("2026-03-02 10:00")
    user = with_phone(make_resident())
    secret = phone.ask(VISITOR, MOBILE, KEY, NET)
    code = code_in(outbox)
    frozen("2026-03-02 10:02")
    other = phone.ask(VISITOR, MOBILE, "another-form-key-of-this-test", NET)
    with pytest.raises(Invalid):
        phone.prove(VISITOR, other, code)
    assert phone.prove(VISITOR, secret, code) == user.id
    with pytest.raises(Invalid):
        phone.prove(VISITOR, secret, code)
    newest = code_in(outbox)
    for _ in range(4):
        with pytest.raises(Invalid):
            phone.prove(VISITOR, other, wrong(newest))
    with pytest.raises(Invalid) as refusal:
        phone.prove(VISITOR, other, newest)
    assert refusal.value.reason == phone.OVER


def test_code_counts_ten_minutes(town, outbox, frozen):
    frozen("2026-03-02 10:00")
    user = with_phone(make_resident())
    secret = phone.ask(VISITOR, MOBILE, KEY, NET)
    frozen("2026-03-02 10:09")
    assert phone.prove(VISITOR, secret, code_in(outbox)) == user.id
    secret = phone.ask(VISITOR, MOBILE, "another-form-key-of-this-test", NET)
    frozen("2026-03-02 10:20")
    with pytest.raises(Invalid) as refusal:
        phone.prove(VISITOR, secret, code_in(outbox))
    assert refusal.value.reason == phone.OVER


def test_sms_are_few_known_number_or_not(town, outbox, frozen):
    frozen("2026-03-02 10:00")
    with_phone(make_resident())
    for number in (MOBILE, OTHER):
        first = phone.ask(VISITOR, number, KEY, NET)
        assert phone.ask(VISITOR, number, KEY, NET) == first, "a repeated post is the same request"
        with pytest.raises(TooMany):
            phone.ask(VISITOR, number, "another-form-key-of-this-test", NET)
    for n in range(1, 5):
        frozen(f"2026-03-02 10:{2 * n:02d}")
        phone.ask(VISITOR, MOBILE, f"one-more-form-key-{n}", NET)
    frozen("2026-03-02 11:30")
    with pytest.raises(TooMany):
        phone.ask(VISITOR, MOBILE, "the-sixth-form-key-of-a-day", NET)
    for n in range(19):
        phone.ask(VISITOR, f"+486055500{n:02d}", KEY, "198.51.100.0/24")
    phone.ask(VISITOR, "+48605550099", KEY, "198.51.100.0/24")
    with pytest.raises(TooMany):
        phone.ask(VISITOR, "+48605550098", KEY, "198.51.100.0/24")
    assert len(outbox()) == 5


def test_number_is_confirmed_by_a_code_and_taken_from_whoever_had_it(client, town, outbox, sign_in, actor_as):
    former = with_phone(make_resident())
    actor = actor_as("resident")
    user = db.session.get_one(User, actor.user_id)
    db.session.expunge(user)
    with_phone(user, confirmed=False)
    sign_in(client, actor)
    assert "The number is not confirmed yet." in client.get("/en/account").get_data(as_text=True)
    client.submit("/en/account/phone", {"form_key": "one-key-for-one-form"})
    code = code_in(outbox)
    assert client.submit("/en/account/phone/code", {"code": wrong(code)}).status_code == 422
    assert client.submit("/en/account/phone/code", {"code": code}).headers["Location"] == "/en/account"
    assert reload(user).phone_confirmed_at is not None
    assert reload(former).phone_confirmed_at is None
    assert queries.by_phone(MOBILE).id == user.id
    assert outbox()[-1].code == "account.changed"
    assert "The number is confirmed" in client.get("/en/account").get_data(as_text=True)
    account.update_profile(actor, user.id, "Ewa", "en", OTHER)
    assert reload(user).phone_confirmed_at is None


def test_code_to_confirm_signs_nobody_in(town, outbox):
    user = with_phone(make_resident(), confirmed=False)
    secret = phone.ask_own(Actor(user_id=user.id), user.id, KEY, NET)
    with pytest.raises(Invalid):
        phone.prove(VISITOR, secret, code_in(outbox))


def test_landline_is_not_confirmed(town):
    user = with_phone(make_resident(), LANDLINE, confirmed=False)
    with pytest.raises(Invalid):
        phone.ask_own(Actor(user_id=user.id), user.id, KEY, NET)


def test_account_that_was_closed_or_joined_a_team_meanwhile_stays_shut(town, outbox):
    from portal.accounts.models import Membership
    from portal.accounts.roles import Role

    user = with_phone(make_resident())
    secret = phone.ask(VISITOR, MOBILE, KEY, NET)
    with writing():
        db.session.add(
            Membership(user_id=user.id, municipality_id=town.id, role=Role.EDITOR, since=user.created_at)
        )
    with pytest.raises(Invalid):
        phone.prove(VISITOR, secret, code_in(outbox))
    other = with_phone(make_resident("b@poczta.example"), OTHER)
    secret = phone.ask(VISITOR, OTHER, KEY, NET)
    with writing():
        db.session.execute(update(User).where(User.id == other.id).values(disabled_at=user.created_at))
    with pytest.raises(Invalid):
        phone.prove(VISITOR, secret, code_in(outbox))


def test_unconfirmed_number_gets_no_sms_of_ours(town):
    user = with_phone(make_resident(), confirmed=False)
    assert messages.recipient_of(user).phone is None
    assert messages.recipient_of(with_phone(user)).phone == MOBILE


def test_page_of_codes_without_request_leads_back(client, town):
    assert client.get("/en/sign-in/phone/code").headers["Location"] == "/en/sign-in/phone"
    assert client.submit("/en/sign-in/phone", {"phone": "12"}).status_code == 422


def test_tries_are_logged_without_the_code(town, outbox):
    with_phone(make_resident())
    secret = phone.ask(VISITOR, MOBILE, KEY, NET)
    code = code_in(outbox)
    with pytest.raises(Invalid):
        phone.prove(VISITOR, secret, wrong(code))
    phone.prove(VISITOR, secret, code)
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [e.code for e in entries] == ["account.phone_code_asked", *["account.phone_code_tried"] * 2]
    assert not any(code in str(e.details) or "601234567" in str(e.details) for e in entries)
