"""Coming in and one's own account, as a browser without script sees them."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.accounts import queries, rules
from portal.accounts.models import LoginSession, Membership, User
from portal.accounts.roles import Role
from portal.accounts.seed import seed_people
from portal.accounts.services import sign_in
from portal.accounts.views.demo import demo
from portal.core import clock, throttle
from portal.core.audit import AuditEntry
from portal.core.config import Mode
from portal.core.db import db, writing
from portal.core.errors import Missing
from portal.core.network import network
from tests.factories.accounts import (
    PASSWORD,
    account_of,
    code_of,
    make_member,
    make_resident,
    path_in,
    reload,
    secret_in,
    values_of,
)
from tests.factories.browser import Forms

ACCOUNT = "/pl/account"
ACT = {"form_key": "one-key-for-one-form"}
PUBLIC_PAGES = ["/sign-in", "/sign-in/sent", "/sign-in/staff", "/password", "/demo"]


@pytest.fixture
def by_password(client):
    """`by_password(user)`: password, then the code; gives the last answer."""

    def enter(user, code=None, target=""):
        client.submit(f"/pl/sign-in/staff{target}", {"email": user.email, "password": PASSWORD})
        return client.submit("/pl/sign-in/second-factor", {"code": code or code_of(user)})

    return enter


@pytest.fixture
def by_link(client, outbox):
    """`by_link("ewa@poczta.example")`: ask for a link, open it, press its button."""

    def enter(email, **data):
        client.submit("/pl/sign-in", {"email": email})
        return client.submit(path_in(outbox()[-1]), {**ACT, **data})

    return enter


# Residents ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["pl", "cs", "en"])
@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_pages_of_coming_in_are_whole(client, town, lang, path):
    answer = client.get(f"/{lang}{path}")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert text.count("<h1") == 1
    assert f'<html lang="{lang}"' in text


def test_unknown_and_known_address_get_the_same_answer(client, town, outbox):
    make_resident("ewa@poczta.example")
    make_member(town, "leader", email="adam@urzad.example")
    answers = []
    for email in ("ewa@poczta.example", "nobody@poczta.example", "adam@urzad.example"):
        answer = client.submit("/pl/sign-in", {"email": email})
        answers.append((answer.status_code, answer.headers["Location"], answer.get_data()))
    assert len(set(answers)) == 1
    assert [n.code for n in outbox()] == ["account.link", "account.link", "account.staff"]


def test_link_signs_in_and_goes_on_to_where_one_was_going(client, town, outbox):
    user = make_resident()
    client.submit("/pl/sign-in?next=/pl/lublin/", {"email": " EWA@poczta.example "})
    notice = outbox()[0]
    assert values_of(notice)["link"].startswith("http://127.0.0.1:8000/pl/sign-in/link/")
    answer = client.submit(path_in(notice), ACT)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pl/lublin/")
    assert "Ewa Sadowa" in client.get(ACCOUNT).get_data(as_text=True)
    assert reload(user).last_sign_in_at is not None


def test_opening_the_page_of_a_link_does_not_use_it_up(client, town, outbox):
    make_resident()
    client.submit("/pl/sign-in", {"email": "ewa@poczta.example"})
    path = path_in(outbox()[0])
    for _ in range(3):
        assert client.get(path).status_code == 200
    assert client.submit(path, ACT).status_code == 303


def test_link_works_once(client, app, town, outbox):
    make_resident()
    client.submit("/pl/sign-in", {"email": "ewa@poczta.example"})
    path = path_in(outbox()[0])
    client.submit(path, ACT)
    stranger = app.test_client()
    answer = stranger.get(path)
    assert answer.status_code == 410
    assert "/pl/sign-in" in answer.get_data(as_text=True)


def test_link_is_over_after_an_hour(client, town, outbox, frozen):
    frozen("2026-03-02 10:00")
    make_resident()
    client.submit("/pl/sign-in", {"email": "ewa@poczta.example"})
    path = path_in(outbox()[0])
    frozen("2026-03-02 10:59:59")
    assert client.get(path).status_code == 200
    frozen("2026-03-02 11:00")
    assert client.get(path).status_code == 410


def test_forged_link_is_gone(client, town):
    assert client.get("/pl/sign-in/link/" + "A" * 43).status_code == 410


def test_link_of_one_kind_does_not_open_another(client, town, outbox):
    make_resident()
    client.submit("/pl/sign-in", {"email": "ewa@poczta.example"})
    secret = secret_in(outbox()[0])
    for path in ("/pl/password/", "/pl/invitation/", "/pl/account/email/"):
        assert client.get(path + secret).status_code == 410


def test_account_is_made_when_the_link_is_used_and_not_before(client, town, by_link, outbox):
    client.submit("/cs/sign-in", {"email": "jana@schranka.example"})
    assert queries.by_email("jana@schranka.example") is None
    page = client.get(path_in(outbox()[0])).get_data(as_text=True)
    assert 'name="name"' in page
    client.submit(path_in(outbox()[0]), {"name": "Jana Lípová"})
    user = account_of("jana@schranka.example")
    assert (user.name, user.language, user.password_hash) == ("Jana Lípová", "cs", None)


def test_two_links_to_a_new_address_make_one_account(client, town, outbox):
    for _ in range(2):
        client.submit("/pl/sign-in", {"email": "jan@poczta.example"})
    first, second = outbox()
    client.submit(path_in(first), ACT)
    assert client.submit(path_in(second), ACT).status_code == 303
    assert len(list(db.session.scalars(select(User)))) == 1


def test_double_click_sends_one_message(client, town, outbox):
    page = client.get("/pl/sign-in")
    forms = Forms(page.get_data(as_text=True))
    fields = next(dict(fields) for _, fields in forms.found if any(name == "email" for name, _ in fields))
    for _ in range(2):
        assert client.post("/pl/sign-in", data={**fields, "email": "ewa@poczta.example"}).status_code == 303
    assert len(outbox()) == 1


def test_member_of_a_team_is_not_let_in_by_a_link(client, town, outbox):
    make_resident("adam@urzad.example")
    client.submit("/pl/sign-in", {"email": "adam@urzad.example"})
    path = path_in(outbox()[0])
    user = account_of("adam@urzad.example")
    with writing():
        db.session.add(
            Membership(user_id=user.id, municipality_id=town.id, role=Role.LEADER, since=clock.now())
        )
    answer = client.submit(path, ACT)
    assert answer.status_code == 422
    assert client.get(ACCOUNT).status_code == 303


def test_closed_account_is_told_by_mail_only(client, town, outbox):
    user = make_resident()
    with writing():
        db.session.get_one(User, user.id).disabled_at = clock.now()
    assert client.submit("/pl/sign-in", {"email": user.email}).status_code == 303
    assert [n.code for n in outbox()] == ["account.closed"]


def test_robot_gets_the_same_answer_and_no_message(client, town, outbox):
    answer = client.submit("/pl/sign-in", {"email": "ewa@poczta.example", "website": "http://spam.example"})
    assert answer.status_code == 303
    assert outbox() == []


@pytest.mark.parametrize(
    "typed", ["", "ewa", "ewa@", "a@b@c.example", "ewa@poczta.example\x00", "x" * 400 + "@c.example"]
)
def test_broken_address_is_refused_with_what_was_typed(client, town, typed, outbox):
    answer = client.submit("/pl/sign-in", {"email": typed})
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "govuk-error-summary" in text
    assert typed[:10].replace("\x00", "") in text
    assert outbox() == []


def test_sixth_link_in_an_hour_is_refused_with_a_time(client, town, outbox):
    for _ in range(5):
        assert client.submit("/pl/sign-in", {"email": "ewa@poczta.example"}).status_code == 303
    answer = client.submit("/pl/sign-in", {"email": "ewa@poczta.example"})
    assert answer.status_code == 429
    assert 3500 < int(answer.headers["Retry-After"]) <= 3601
    assert "ewa@poczta.example" in answer.get_data(as_text=True)
    assert len(outbox()) == 5


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/xx/", "javascript:x"]
)
def test_foreign_next_is_ignored(client, town, by_password, target):
    user = make_member(town, "leader")
    answer = by_password(user, target=f"?next={target}")
    assert answer.headers["Location"].startswith("/pl/")
    assert client.get(f"/pl/sign-in?next={target}").headers["Location"] == ACCOUNT


# Staff -------------------------------------------------------------------------------------------------------


def test_password_and_code_lead_to_the_desk(client, town, by_password):
    answer = by_password(make_member(town, "leader"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pl/lublin/desk")
    entries = list(db.session.scalars(select(AuditEntry.code)))
    assert entries == ["account.signed_in"]


def test_member_of_several_teams_begins_at_the_common_desk(client, town, other_town, by_password):
    user = make_member(town, "reviewer")
    with writing():
        db.session.add(
            Membership(user_id=user.id, municipality_id=other_town.id, role=Role.REVIEWER, since=clock.now())
        )
    assert by_password(user).headers["Location"] == "/pl/desk"
    page = client.get(ACCOUNT).get_data(as_text=True)
    assert "/pl/ostrava-jih/desk" in page
    assert client.get("/pl/sign-in/staff?next=/pl/lublin/").headers["Location"] == "/pl/lublin/"


def test_password_alone_opens_nothing(client, town):
    user = make_member(town, "leader")
    client.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    assert client.get(ACCOUNT).status_code == 303
    assert db.session.scalar(select(LoginSession).where(LoginSession.user_id.is_not(None))) is None


def test_wrong_password_and_unknown_account_get_the_same_page(client, app, town):
    make_member(town, "leader", email="adam@urzad.example")
    make_resident("ewa@poczta.example")
    pages = set()
    for email in ("adam@urzad.example", "ewa@poczta.example", "nobody@urzad.example"):
        answer = app.test_client().submit(
            "/pl/sign-in/staff", {"email": email, "password": "not the right one"}
        )
        assert answer.status_code == 422
        text = answer.get_data(as_text=True)
        pages.add(
            text[text.index("govuk-error-summary") : text.index("</ul>", text.index("govuk-error-summary"))]
        )
        assert "not the right one" not in text
        assert email in text
    assert len(pages) == 1


def test_unknown_account_costs_a_hash_as_well(client, town, monkeypatch):
    verified = []
    real = sign_in.hasher().__class__.verify

    def count(self, stored, password):
        verified.append(stored)
        return real(self, stored, password)

    monkeypatch.setattr(sign_in.hasher().__class__, "verify", count)
    client.submit("/pl/sign-in/staff", {"email": "nobody@urzad.example", "password": "x"})
    assert len(verified) == 1


def test_code_with_spaces_is_taken_and_works_once(client, app, town, by_password, frozen):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")
    code = code_of(user)
    assert by_password(user, f"{code[:3]} {code[3:]}").status_code == 303
    again = app.test_client()
    again.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    assert again.submit("/pl/sign-in/second-factor", {"code": code}).status_code == 422
    assert again.submit("/pl/sign-in/second-factor", {"code": code_of(user, steps=-1)}).status_code == 422
    assert again.submit("/pl/sign-in/second-factor", {"code": code_of(user, steps=1)}).status_code == 303


def test_second_step_waits_ten_minutes(client, town, frozen):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")
    client.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    frozen("2026-03-02 10:11")
    answer = client.get("/pl/sign-in/second-factor")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pl/sign-in/staff")


def test_second_step_without_the_first_begins_again(client, town):
    assert client.get("/pl/sign-in/second-factor").headers["Location"] == "/pl/sign-in/staff"


def test_guessing_passwords_is_slowed_step_by_step(client, town, frozen):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")

    def guess():
        return client.submit("/pl/sign-in/staff", {"email": user.email, "password": "wrong wrong wrong"})

    assert [guess().status_code for _ in range(6)] == [422] * 5 + [429]
    assert int(guess().headers["Retry-After"]) <= 61
    frozen("2026-03-02 10:01:01")
    assert [guess().status_code for _ in range(5)] == [422] * 5
    frozen("2026-03-02 10:02:02")
    refused = guess()
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 600


def test_stranger_does_not_lock_out_the_owner(client, app, town, by_password, frozen):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")
    by_password(user)
    frozen("2026-03-02 10:05")
    for n in range(80):
        stranger = app.test_client()
        stranger.submit(
            "/pl/sign-in/staff",
            {"email": user.email, "password": "wrong wrong wrong"},
            environ_overrides={"REMOTE_ADDR": f"198.51.{n}.1"},
        )
    far = app.test_client().submit(
        "/pl/sign-in/staff",
        {"email": user.email, "password": PASSWORD},
        environ_overrides={"REMOTE_ADDR": "203.0.113.9"},
    )
    assert far.status_code == 429
    client.delete_cookie("portal")
    assert by_password(user, code_of(user)).status_code == 303


def test_guessing_codes_is_slowed(client, town, frozen):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")
    client.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    wrong = [client.submit("/pl/sign-in/second-factor", {"code": "000000"}).status_code for _ in range(6)]
    assert wrong == [422] * 5 + [429]


def test_right_password_and_code_clear_the_delay(client, town, by_password, frozen):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")
    for _ in range(4):
        client.submit("/pl/sign-in/staff", {"email": user.email, "password": "wrong wrong wrong"})
    assert by_password(user).status_code == 303
    source = network("127.0.0.1")
    for _ in range(5):
        throttle.hit(throttle.Limit("sign-in-1", 5, 60), queries.email_hash("adam@urzad.example"), source)


def test_throttles_are_lifted_by_the_setting(client, town, frozen):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")
    throttle.relax(off=True)
    try:
        codes = {
            client.submit(
                "/pl/sign-in/staff", {"email": user.email, "password": "wrong wrong wrong"}
            ).status_code
            for _ in range(8)
        }
    finally:
        throttle.relax(off=False)
    assert codes == {422}


# Passwords ---------------------------------------------------------------------------------------------------


def test_new_password_ends_all_sessions_and_still_needs_the_code(
    client, app, town, by_password, outbox, frozen
):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")
    by_password(user)
    other = app.test_client()
    other.submit("/pl/password", {"email": user.email})
    notice = next(n for n in outbox() if n.code == "account.reset")
    answer = other.submit(path_in(notice), {"password": "nowe słowa bez związku"})
    assert answer.headers["Location"] == "/pl/sign-in/staff"
    assert client.get(ACCOUNT).status_code == 303
    assert other.get(ACCOUNT).status_code == 303
    other.submit("/pl/sign-in/staff", {"email": user.email, "password": "nowe słowa bez związku"})
    assert other.get(ACCOUNT).status_code == 303
    frozen("2026-03-02 10:01")
    assert other.submit("/pl/sign-in/second-factor", {"code": code_of(user)}).status_code == 303
    assert {n.code for n in outbox()} == {"account.reset", "account.changed"}
    assert other.get(path_in(notice)).status_code == 410


def test_weak_password_is_refused_and_the_link_stays_good(client, town, outbox):
    user = make_member(town, "leader")
    client.submit("/pl/password", {"email": user.email})
    path = path_in(outbox()[0])
    for weak in ("short", "Lublin2026!Lublin", "adam@urzad.example"):
        answer = client.submit(path, {"password": weak})
        assert answer.status_code == 422
        assert weak not in answer.get_data(as_text=True)
    assert client.submit(path, {"password": PASSWORD + " raz"}).status_code == 303


def test_reset_tells_nobody_who_has_an_account(client, town, outbox):
    make_resident("ewa@poczta.example")
    make_member(town, "leader", email="adam@urzad.example")
    answers = {
        (client.submit("/pl/password", {"email": email}).headers["Location"])
        for email in ("ewa@poczta.example", "adam@urzad.example", "nobody@urzad.example")
    }
    assert answers == {"/pl/sign-in/sent"}
    # A resident has no password: the link to sign in is what helps.
    assert [n.code for n in outbox()] == ["account.link", "account.reset"]


# Confirming --------------------------------------------------------------------------------------------------


def test_staff_confirm_with_password_and_code(client, town, by_password, frozen):
    frozen("2026-03-02 10:00")
    user = make_member(town, "leader")
    by_password(user)
    frozen("2026-03-02 10:20")
    where = client.get("/pl/account/data/all").headers["Location"]
    assert where == "/pl/confirm?next=/pl/account/data/all"
    wrong = client.submit(where, {"password": "not it at all", "code": code_of(user)})
    assert wrong.status_code == 422
    before = client.get_cookie("portal").value
    right = client.submit(where, {"password": PASSWORD, "code": code_of(user)})
    assert client.get_cookie("portal").value != before
    assert right.headers["Location"] == "/pl/account/data/all"
    assert client.get("/pl/account/data/all").status_code == 200


def test_residents_confirm_by_a_new_link(client, town, by_link, outbox, frozen):
    frozen("2026-03-02 10:00")
    make_resident()
    by_link("ewa@poczta.example")
    frozen("2026-03-02 10:20")
    where = client.get("/pl/account/data/all").headers["Location"]
    assert client.submit(where, {"next": "/pl/account/data/all"}).status_code == 303
    answer = client.submit(path_in(outbox()[-1]), ACT)
    assert answer.headers["Location"] == "/pl/account/data/all"
    assert client.get("/pl/account/data/all").status_code == 200


# One's own account -------------------------------------------------------------------------------------------


def test_profile_is_saved_and_phone_gets_one_spelling(client, town, by_link):
    user = make_resident()
    by_link("ewa@poczta.example")
    answer = client.submit(ACCOUNT, {"name": "Ewa Lisia", "language": "cs", "phone": "+44 20 7946 0958"})
    assert answer.status_code == 422
    assert "Ewa Lisia" in answer.get_data(as_text=True)
    answer = client.submit(ACCOUNT, {"name": "Ewa Lisia", "language": "pl", "phone": "600 100 200"})
    assert answer.status_code == 303
    saved = reload(user)
    assert (saved.name, saved.language, saved.phone) == ("Ewa Lisia", "pl", "+48600100200")


def test_foreign_fields_of_a_form_are_ignored(client, town, by_link):
    user = make_resident()
    by_link("ewa@poczta.example")
    client.submit(ACCOUNT, {"name": "Ewa", "language": "pl"}, follow_redirects=False)
    page_data = {"name": "Ewa", "language": "pl", "phone": ""}
    forms = Forms(client.get(ACCOUNT).get_data(as_text=True))
    fields = next(dict(f) for _, f in forms.found if any(n == "language" for n, _ in f))
    client.post(ACCOUNT, data={**fields, **page_data, "disabled_at": "2020-01-01", "email": "x@y.example"})
    assert reload(user).email == "ewa@poczta.example"


def test_new_address_counts_once_its_link_is_opened(client, app, town, by_link, outbox):
    user = make_resident()
    by_link("ewa@poczta.example")
    assert client.submit("/pl/account/email", {"email": "ewa@nowa.example"}).status_code == 303
    assert reload(user).email == "ewa@poczta.example"
    notice = outbox()[-1]
    assert (notice.code, notice.email) == ("account.email", "ewa@nowa.example")
    assert client.submit(path_in(notice), ACT).status_code == 303
    assert reload(user).email == "ewa@nowa.example"
    told = outbox()[-1]
    assert (told.code, told.email) == ("account.changed", "ewa@poczta.example")
    assert queries.by_email("ewa@poczta.example") is None


def test_address_of_somebody_else_is_not_taken_over(client, town, by_link, outbox):
    make_resident("jan@poczta.example")
    user = make_resident()
    by_link("ewa@poczta.example")
    assert client.submit("/pl/account/email", {"email": "jan@poczta.example"}).status_code == 303
    assert client.submit(path_in(outbox()[-1]), ACT).status_code == 422
    assert reload(user).email == "ewa@poczta.example"


def test_own_devices_can_be_signed_out(client, app, town, by_link, outbox):
    make_resident()
    by_link("ewa@poczta.example")
    phone = app.test_client()
    phone.submit("/pl/sign-in", {"email": "ewa@poczta.example"})
    phone.submit(path_in(outbox()[-1]), ACT)
    page = client.get("/pl/account/sessions").get_data(as_text=True)
    assert page.count('name="device"') == 2  # The phone, and all others.
    assert page.index('class="buttons"') > page.index(
        "</ul>", page.index("card-list")
    )  # Apart from the cards.
    assert client.submit("/pl/account/sessions", {"device": "others"}).status_code == 303
    assert phone.get(ACCOUNT).status_code == 303
    assert client.get(ACCOUNT).status_code == 200


def test_one_device_is_signed_out_and_nobody_elses(client, app, town, by_link, actor_as, sign_in, outbox):
    make_resident()
    by_link("ewa@poczta.example")
    phone = app.test_client()
    phone.submit("/pl/sign-in", {"email": "ewa@poczta.example"})
    phone.submit(path_in(outbox()[-1]), ACT)
    stranger = app.test_client()
    sign_in(stranger, actor_as("resident"))
    rows = {row.user_id: row.id for row in db.session.scalars(select(LoginSession).order_by(LoginSession.id))}
    mine = account_of("ewa@poczta.example").id
    theirs = next(row for user, row in rows.items() if user not in (None, mine))
    assert client.submit("/pl/account/sessions", {"device": str(theirs)}).status_code == 404
    assert stranger.get(ACCOUNT).status_code == 200
    assert client.submit("/pl/account/sessions", {"device": str(rows[mine])}).status_code == 303
    assert phone.get(ACCOUNT).status_code == 303
    page = client.get("/pl/account/sessions").get_data(as_text=True)
    token = dict(Forms(page).found[0][1])
    assert client.post("/pl/account/sessions", data={**token, "device": "' OR 1"}).status_code == 404


def test_own_data_is_handed_out_whole_and_logged(client, town, by_link):
    make_resident()
    by_link("ewa@poczta.example")
    answer = client.get("/pl/account/data.json")
    parts = json.loads(answer.get_data())
    account = next(r for records in parts.values() for r in records if r.get("kind") == "account")
    assert (account["email"], account["name"]) == ("ewa@poczta.example", "Ewa Sadowa")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Ewa Sadowa" in client.get("/pl/account/data/all").get_data(as_text=True)
    codes = list(db.session.scalars(select(AuditEntry.code)))
    assert codes.count("account.exported") == 2


def test_own_data_is_read_with_names_and_hours_instead_of_keys_and_codes(client, town, by_link, frozen):
    frozen("2026-03-02 10:00")
    make_resident()
    by_link("ewa@poczta.example")
    page = client.get("/pl/account/data/all").get_data(as_text=True)
    assert "Ostatnie logowanie" in page
    assert "2 marca 2026, 10:00" in page
    assert "2026-03-02T" not in page


def test_erasing_takes_a_tick_and_leaves_a_tombstone(client, town, by_link):
    user = make_resident()
    by_link("ewa@poczta.example")
    assert client.submit("/pl/account/erase", ACT).status_code == 422
    assert client.submit("/pl/account/erase", {"sure": "y"}).status_code == 303
    gone = reload(user)
    assert gone.erased_at is not None
    assert (gone.email, gone.email_hash, gone.name) == (None, None, None)
    assert client.get(ACCOUNT).status_code == 303
    assert queries.names([user.id]) == {}


def test_member_of_a_team_is_asked_to_leave_it_before_erasing(client, town, by_password):
    user = make_member(town, "leader")
    by_password(user)
    answer = client.submit("/pl/account/erase", {"sure": "y"})
    assert answer.status_code == 422
    assert reload(user).erased_at is None


@pytest.mark.parametrize("path", ["", "/email", "/sessions", "/data", "/data/all", "/erase"])
def test_pages_of_the_account_are_whole_and_private(client, town, by_link, path):
    make_resident()
    by_link("ewa@poczta.example")
    answer = client.get(ACCOUNT + path)
    assert answer.status_code == 200
    assert answer.get_data(as_text=True).count("<h1") == 1
    assert answer.headers["Cache-Control"] in ("no-store", "private, no-cache")


@pytest.mark.parametrize("path", ["", "/email", "/sessions", "/data", "/data/all", "/data.json", "/erase"])
def test_pages_of_the_account_send_visitors_to_sign_in_and_back(client, town, path):
    answer = client.get(ACCOUNT + path)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/pl/sign-in?next=/pl/account{path}"


# Demonstration -----------------------------------------------------------------------------------------------


def test_demo_page_shows_codes_that_work(client, town):
    with writing():
        seed_people(
            {
                "staff_names": {"lublin": {"leader": "Hanna Próbna", "decision-maker": "Jerzy Próbny"}},
                "portal_operator": "Maria Próbna",
                "residents": [{"name": "Ewa Sadowa", "email": "ewa@poczta.example", "language": "pl"}],
            }
        )
    page = client.get("/pl/demo").get_data(as_text=True)
    assert rules.DEMO_PASSWORD in page
    email = "leader@lublin.example"
    code = rules.code_at(rules.demo_factor(email), rules.step_at(clock.now()))
    assert f"{code}</code>" in page
    assert "ewa@poczta.example" in page
    client.submit("/pl/sign-in/staff", {"email": email, "password": rules.DEMO_PASSWORD})
    assert client.submit("/pl/sign-in/second-factor", {"code": code}).status_code == 303


def test_demo_page_does_not_exist_in_production(app, town):
    kept = app.extensions["portal.settings"]
    app.extensions["portal.settings"] = replace(kept, mode=Mode.PRODUCTION)
    try:
        with pytest.raises(Missing):
            demo()
    finally:
        app.extensions["portal.settings"] = kept
