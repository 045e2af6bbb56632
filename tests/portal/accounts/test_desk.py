"""The administrator's members: inviting, roles, leaving, and the wall between municipalities."""

import pytest
from sqlalchemy import select

from portal.accounts import queries, rules
from portal.accounts.models import Membership, User
from portal.accounts.roles import Role
from portal.core import clock, policy
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from tests.factories.accounts import (
    PASSWORD,
    account_of,
    code_of,
    make_member,
    make_resident,
    path_in,
    reload,
    values_of,
)
from tests.factories.browser import Forms

MEMBERS = "/pl/lublin/desk/members"
ACT = {"form_key": "one-key-for-one-form"}
NEW_PASSWORD = "trzy nowe słowa bez związku"


@pytest.fixture
def admin(client, actor_as, sign_in):
    """A fresh administrator of Lublin, signed in."""
    actor = actor_as("admin", name="Grażyna Próbna")
    sign_in(client, actor)
    return actor


def roles_of(user_id):
    db.session.rollback()
    rows = db.session.execute(
        select(Membership.municipality_id, Membership.role).where(Membership.user_id == user_id)
    )
    return {(row.municipality_id, row.role) for row in rows}


def join(browser, notice, **data):
    """Accept an invitation as somebody new, with the code of the app just connected."""
    page = browser.get(path_in(notice)).get_data(as_text=True)
    secret = page.split('class="code">', 1)[1].split("<", 1)[0].replace(" ", "")
    code = rules.code_at(secret, rules.step_at(clock.now()))
    return browser.submit(
        path_in(notice), {"name": "Jan Nowy", "password": NEW_PASSWORD, "code": code, **data}
    )


def test_invited_person_joins_with_password_and_app(client, app, town, admin, outbox):
    answer = client.submit(
        f"{MEMBERS}/invite", {"email": "Jan@Urzad.example", "roles": ["reviewer", "editor"]}
    )
    assert answer.status_code == 303
    assert "jan@urzad.example" in client.get(MEMBERS).get_data(as_text=True)
    (notice,) = outbox()
    assert (notice.code, notice.email, notice.municipality_id) == (
        "account.invitation",
        "jan@urzad.example",
        town.id,
    )
    assert queries.by_email("jan@urzad.example") is None

    newcomer = app.test_client()
    answer = join(newcomer, notice)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pl/account/security/codes")
    user = account_of("jan@urzad.example")
    assert roles_of(user.id) == {(town.id, Role.REVIEWER), (town.id, Role.EDITOR)}
    given = set(db.session.scalars(select(Membership.given_by_id).where(Membership.user_id == user.id)))
    assert given == {admin.user_id}
    assert newcomer.get("/pl/account").status_code == 200
    assert newcomer.get(path_in(notice)).status_code == 410
    codes = list(db.session.scalars(select(AuditEntry.code).where(AuditEntry.chain == town.id)))
    assert codes == ["member.invited", "member.joined"]


def test_wrong_code_or_weak_password_keeps_the_invitation(client, app, town, admin, outbox):
    client.submit(f"{MEMBERS}/invite", {"email": "jan@urzad.example", "roles": ["reviewer"]})
    (notice,) = outbox()
    newcomer = app.test_client()
    answer = newcomer.submit(
        path_in(notice), {"name": "Jan Nowy", "password": "Lublin2026!!", "code": "12 34 56"}
    )
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert 'href="#password"' in text
    assert 'href="#code"' in text
    assert "Jan Nowy" in text
    assert join(newcomer, notice).status_code == 303


def test_invitation_without_roles_or_of_a_member_is_refused(client, town, admin, outbox):
    user = make_member(town, "reviewer")
    answer = client.submit(f"{MEMBERS}/invite", {"email": "jan@urzad.example"})
    assert answer.status_code == 422
    answer = client.submit(f"{MEMBERS}/invite", {"email": user.email, "roles": ["editor"]})
    assert answer.status_code == 422
    assert 'href="#email"' in answer.get_data(as_text=True)
    # It is somebody else's address, not that of the administrator who types it.
    assert "Wpisz adres e-mail." in client.submit(f"{MEMBERS}/invite", {"email": ""}).text
    assert outbox() == []


def test_closed_account_does_not_join(client, app, town, admin, outbox):
    user = make_resident("jan@urzad.example")
    client.submit(f"{MEMBERS}/invite", {"email": user.email, "roles": ["editor"]})
    with writing():
        db.session.get_one(User, user.id).disabled_at = clock.now()
    assert join(app.test_client(), outbox()[-1]).status_code == 422
    assert roles_of(user.id) == set()


def test_invitation_is_over_after_a_day(client, app, town, admin, outbox, frozen):
    frozen("2026-03-02 10:00")
    sent = client.get("/pl/confirm")
    assert sent.status_code == 303
    client.submit(f"{MEMBERS}/invite", {"email": "jan@urzad.example", "roles": ["reviewer"]})
    notices = outbox()
    frozen("2026-03-03 10:00")
    assert app.test_client().get(path_in(notices[0])).status_code == 410


def test_second_invitation_voids_the_first(client, app, town, admin, outbox):
    for _ in range(2):
        client.submit(f"{MEMBERS}/invite", {"email": "jan@urzad.example", "roles": ["reviewer"]})
    first, second = outbox()
    assert app.test_client().get(path_in(first)).status_code == 410
    assert app.test_client().get(path_in(second)).status_code == 200


def test_withdrawn_invitation_is_void(client, app, town, admin, outbox):
    client.submit(f"{MEMBERS}/invite", {"email": "jan@urzad.example", "roles": ["reviewer"]})
    (notice,) = outbox()
    page = Forms(client.get(MEMBERS).get_data(as_text=True))
    action, fields = next(form for form in page.found if "/invited/" in form[0])
    assert client.post(action, data=dict(fields)).status_code == 303
    assert app.test_client().get(path_in(notice)).status_code == 410


def test_invitation_of_a_member_elsewhere_is_accepted_by_signing_in(
    client, app, town, other_town, admin, outbox
):
    user = make_member(other_town, "leader", email="ivana@urad.example")
    client.submit(f"{MEMBERS}/invite", {"email": user.email, "roles": ["expert"]})
    path = path_in(outbox()[-1])
    newcomer = app.test_client()
    text = newcomer.get(path).get_data(as_text=True)
    assert 'name="password"' not in text
    assert newcomer.post(path).status_code == 422
    newcomer.submit(f"/pl/sign-in/staff?next={path}", {"email": user.email, "password": PASSWORD})
    answer = newcomer.submit("/pl/sign-in/second-factor", {"code": code_of(user)})
    assert answer.headers["Location"] == path
    assert newcomer.submit(path, ACT).status_code == 303
    assert roles_of(user.id) == {(other_town.id, Role.LEADER), (town.id, Role.EXPERT)}


def test_invitation_is_not_accepted_by_another_account(
    client, app, town, other_town, admin, outbox, sign_in, actor_as
):
    user = make_member(other_town, "leader", email="ivana@urad.example")
    client.submit(f"{MEMBERS}/invite", {"email": user.email, "roles": ["expert"]})
    path = path_in(outbox()[-1])
    thief = app.test_client()
    sign_in(thief, actor_as("leader", other_town))
    page = thief.get(path).get_data(as_text=True)
    token = dict(Forms(page).found[0][1])["csrf_token"]
    assert thief.post(path, data={"csrf_token": token}).status_code == 422
    assert roles_of(user.id) == {(other_town.id, Role.LEADER)}


def test_resident_who_joins_is_signed_out_where_a_link_had_let_in(client, app, town, admin, outbox):
    make_resident("jan@urzad.example")
    phone = app.test_client()
    phone.submit("/pl/sign-in", {"email": "jan@urzad.example"})
    phone.submit(path_in(outbox()[-1]), ACT)
    client.submit(f"{MEMBERS}/invite", {"email": "jan@urzad.example", "roles": ["reviewer"]})
    assert join(app.test_client(), outbox()[-1]).status_code == 303
    assert phone.get("/pl/account").status_code == 303


def test_nobody_gives_a_role_to_himself(client, town, admin):
    me = reload(db.session.get_one(User, admin.user_id))
    answer = client.submit(f"{MEMBERS}/invite", {"email": me.email, "roles": ["leader"]})
    assert answer.status_code == 422
    for act in ("roles", "remove", "close", "setup"):
        assert client.get(f"{MEMBERS}/{admin.user_id}/{act}").status_code == 403
    page = Forms(client.get(f"{MEMBERS}/invite").get_data(as_text=True))
    token = dict(page.found[0][1])["csrf_token"]
    answer = client.post(f"{MEMBERS}/{admin.user_id}/roles", data={"csrf_token": token, "roles": "leader"})
    assert answer.status_code == 403
    assert roles_of(admin.user_id) == {(town.id, Role.ADMIN)}


def test_roles_change_from_the_next_click_on(client, app, town, admin, outbox):
    user = make_member(town, "reviewer")
    theirs = app.test_client()
    theirs.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    theirs.submit("/pl/sign-in/second-factor", {"code": code_of(user)})
    assert theirs.get(MEMBERS).status_code == 403
    assert client.submit(f"{MEMBERS}/{user.id}/roles", {"roles": ["admin", "dpo"]}).status_code == 303
    assert theirs.get(MEMBERS).status_code == 200
    assert roles_of(user.id) == {(town.id, Role.ADMIN), (town.id, Role.DPO)}
    assert [(n.code, values_of(n)["what"]) for n in outbox()] == [("account.changed", "roles")]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "member.roles_changed")).one()
    assert entry.details["roles"] == ["admin", "dpo"]
    assert entry.user_id == admin.user_id


@pytest.mark.parametrize("roles", [[], ["portal_operator"], ["resident"], ["king"]])
def test_roles_that_cannot_be_given_are_refused(client, town, admin, roles):
    user = make_member(town, "reviewer")
    path = f"{MEMBERS}/{user.id}/roles"
    page = Forms(client.get(path).get_data(as_text=True))
    fields = next(dict(f) for _, f in page.found if any(n == "form_key" for n, _ in f))
    answer = client.post(path, data={**{k: v for k, v in fields.items() if k != "roles"}, "roles": roles})
    assert answer.status_code == 422
    assert roles_of(user.id) == {(town.id, Role.REVIEWER)}


def test_there_is_one_head_who_decides(client, town, other_town, admin):
    first = make_member(town, "decision_maker", email="a@urzad.example", head=True)
    second = make_member(town, "decision_maker", email="b@urzad.example")
    elsewhere = make_member(other_town, "decision_maker", email="c@urzad.example", head=True)
    answer = client.submit(f"{MEMBERS}/{second.id}/roles", {"roles": ["reviewer"], "is_head": "y"})
    assert answer.status_code == 422
    answer = client.submit(f"{MEMBERS}/{second.id}/roles", {"roles": ["decision_maker"], "is_head": "y"})
    assert answer.status_code == 303
    db.session.rollback()
    assert [c.user_id for c in queries.colleagues(town.id, heads=True)] == [second.id]
    assert [c.user_id for c in queries.colleagues(other_town.id, heads=True)] == [elsewhere.id]
    assert first.id in {c.user_id for c in queries.colleagues(town.id, "decision_maker")}


def test_removed_member_is_out_at_once_and_the_invitations_with_them(
    client, app, town, admin, outbox, sign_in, actor_as
):
    leaving = actor_as("admin", name="Idący Precz")
    theirs = app.test_client()
    sign_in(theirs, leaving)
    theirs.submit(f"{MEMBERS}/invite", {"email": "crony@urzad.example", "roles": ["admin"]})
    invited = outbox()[-1]
    assert client.submit(f"{MEMBERS}/{leaving.user_id}/remove", ACT).status_code == 303
    assert theirs.get("/pl/account").status_code == 303
    assert app.test_client().get(path_in(invited)).status_code == 410
    assert roles_of(leaving.user_id) == set()
    assert client.get(f"{MEMBERS}/{leaving.user_id}").status_code == 404


def test_closed_account_is_out_at_once_and_can_be_opened_again(client, app, town, admin, outbox):
    user = make_member(town, "reviewer")
    theirs = app.test_client()
    theirs.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    theirs.submit("/pl/sign-in/second-factor", {"code": code_of(user)})
    assert client.submit(f"{MEMBERS}/{user.id}/close", ACT).status_code == 303
    assert theirs.get("/pl/account").status_code == 303
    answer = app.test_client().submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    assert answer.status_code == 422
    assert client.submit(f"{MEMBERS}/{user.id}/reopen", ACT).status_code == 303
    answer = app.test_client().submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    assert answer.status_code == 303


def test_account_used_elsewhere_is_not_closed_from_here(client, town, other_town, admin):
    user = make_member(town, "reviewer")
    with writing():
        db.session.add(
            Membership(user_id=user.id, municipality_id=other_town.id, role=Role.REVIEWER, since=clock.now())
        )
    assert client.submit(f"{MEMBERS}/{user.id}/close", ACT).status_code == 422
    assert reload(user).disabled_at is None


def test_lost_phone_is_replaced_by_a_new_set_up(client, app, town, admin, outbox, frozen):
    user = make_member(town, "reviewer")
    assert client.submit(f"{MEMBERS}/{user.id}/setup", ACT).status_code == 303
    notice = outbox()[-1]
    assert notice.code == "account.setup"
    page = client.get(f"/en/invitation/{values_of(notice)['link'].rpartition('/')[2]}").get_data(as_text=True)
    assert "<h1>Set up your sign-in anew</h1>" in page
    assert "Save and sign in" in page
    assert "Join" not in page
    # Until the link is used the old ones hold.
    theirs = app.test_client()
    theirs.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    assert theirs.submit("/pl/sign-in/second-factor", {"code": code_of(user)}).status_code == 303
    assert join(app.test_client(), notice).status_code == 303
    assert theirs.get("/pl/account").status_code == 303
    assert roles_of(user.id) == {(town.id, Role.REVIEWER)}
    answer = app.test_client().submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    assert answer.status_code == 422


# Who may -----------------------------------------------------------------------------------------------------

PATHS = ["", "/invite", "/{id}", "/{id}/roles", "/{id}/remove", "/{id}/close", "/{id}/reopen", "/{id}/setup"]


@pytest.mark.parametrize(
    "role", [r.value for r in Role if r not in (Role.ADMIN, Role.PORTAL_OPERATOR)] + ["resident"]
)
def test_other_roles_do_not_see_the_members(client, town, actor_as, sign_in, role):
    user = make_member(town, "reviewer")
    sign_in(client, actor_as(role))
    for path in PATHS:
        assert client.get(MEMBERS + path.format(id=user.id)).status_code == 403


def test_visitor_is_sent_to_sign_in(client, town):
    assert client.get(MEMBERS).headers["Location"] == f"/pl/sign-in/staff?next={MEMBERS}"


def test_administrator_of_another_municipality_sees_nothing(client, town, other_town, actor_as, sign_in):
    user = make_member(town, "reviewer")
    sign_in(client, actor_as("admin", other_town))
    for path in PATHS:
        assert client.get(MEMBERS + path.format(id=user.id)).status_code == 403
        answer = client.get("/cs/ostrava-jih/desk/members" + path.format(id=user.id))
        assert answer.status_code == (200 if "{" not in path else 404)
    assert user.email not in client.get("/cs/ostrava-jih/desk/members").get_data(as_text=True)


def test_weighty_pages_ask_to_confirm_first(client, town, actor_as, sign_in):
    user = make_member(town, "reviewer")
    sign_in(client, actor_as("admin", fresh=False))
    assert client.get(MEMBERS).status_code == 200
    assert client.get(f"{MEMBERS}/{user.id}").status_code == 200
    for path in ("/invite", f"/{user.id}/roles", f"/{user.id}/remove"):
        assert client.get(MEMBERS + path).headers["Location"] == f"/pl/confirm?next={MEMBERS}{path}"


@pytest.mark.parametrize("lang", ["pl", "cs", "en"])
def test_member_pages_are_whole(client, town, admin, lang):
    user = make_member(town, "decision_maker", head=True)
    for path in PATHS:
        answer = client.get(f"/{lang}/lublin/desk/members{path.format(id=user.id)}")
        assert answer.status_code == 200
        assert answer.get_data(as_text=True).count("<h1") == 1
        assert answer.headers["Cache-Control"] == "no-store"


def test_permissions_and_their_holders(app):
    assert policy.holders("member.manage") == {"admin"}
    assert policy.holders("portal.operate") == {"portal_operator"}
    assert policy.holders("account.own") == {"resident"}
