"""The portal operator's access to a municipality: lent, limited, seen, ended."""

import pytest
from sqlalchemy import select

from portal.accounts import queries
from portal.accounts.models import OperatorAccess
from portal.accounts.services import access, invitations, members
from portal.core import tenancy
from portal.core.actor import PORTAL, Actor
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import Invalid, Missing, NotAllowed
from portal.core.policy import can
from tests.factories.accounts import make_member
from tests.factories.initiatives import make_initiative
from tests.factories.towns import make_town

REASON = "The office asked us to mend its opening hours."
KEY = "a-form-key-of-this-test"


@pytest.fixture
def operator(app, town):
    user = make_member(None, "portal_operator", email="operator@portal.example", name="Maria Próbna")
    return Actor(
        user_id=user.id,
        name="Maria Próbna",
        roles={PORTAL: frozenset({"portal_operator"})},
        fresh=True,
        locale="en",
    )


def begin(operator, role="leader", minutes=30, reason=REASON, key=KEY, slug="lublin"):
    tenancy.enter(None)
    access.begin(operator, slug, role, minutes, reason, key)
    return db.session.scalars(select(OperatorAccess).order_by(OperatorAccess.id.desc())).first().id


def codes(town):
    db.session.rollback()
    return list(
        db.session.scalars(
            select(AuditEntry.code).where(AuditEntry.chain == town.id).order_by(AuditEntry.seq)
        )
    )


def test_operator_has_no_power_in_a_town_until_it_is_lent_and_none_elsewhere(
    client, town, other_town, operator, sign_in, frozen
):
    frozen("2026-03-02 10:00")
    sign_in(client, operator)
    desks = ("/en/lublin/desk/initiatives", "/en/ostrava-jih/desk/initiatives")
    assert [client.get(path).status_code for path in desks] == [403, 403]
    begin(operator)
    assert [client.get(path).status_code for path in desks] == [200, 403]
    frozen("2026-03-02 10:29")
    assert client.get(desks[0]).status_code == 200
    frozen("2026-03-02 10:30")
    assert client.get(desks[0]).status_code == 403


def test_every_page_opened_stands_in_the_log_of_the_town(client, town, operator, sign_in):
    number = make_initiative(town, "submitted").number.lower()
    path = f"/en/lublin/desk/initiatives/{number}"
    sign_in(client, operator)
    begin(operator)
    assert client.get(path).status_code == 200
    assert client.get("/en/lublin/").status_code == 200
    assert codes(town) == ["access.begun", "access.page_opened", "access.page_opened"]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "access.page_opened")).first()
    assert (entry.subject, entry.user_id, entry.details["lent_role"]) == (path, operator.user_id, "leader")
    [shown] = queries.accesses_to(town.id)
    assert (shown.acts, shown.runs, shown.reason) == (3, True, REASON)


def test_administrator_and_officer_are_told_see_all_and_end_it(
    client, town, other_town, operator, actor_as, sign_in, outbox, app
):
    officer, admin = (
        actor_as("dpo", email="dpo@urzad.example"),
        actor_as("admin", email="admin@urzad.example"),
    )
    actor_as("leader", email="leader@urzad.example")
    number = begin(operator)
    assert {n.email for n in outbox() if n.code == "account.access"} == {
        "dpo@urzad.example",
        "admin@urzad.example",
    }
    theirs = app.test_client()
    sign_in(theirs, operator)
    theirs.get("/en/lublin/desk")
    for actor in (officer, admin):
        sign_in(client, actor)
        text = client.get(f"/en/lublin/desk/access/{number}").get_data(as_text=True)
        assert REASON in text
        assert "/en/lublin/desk" in text
        assert "Asked for a page" in text
        assert "access.page_opened" not in text
    assert client.get(f"/en/ostrava-jih/desk/access/{number}").status_code in (403, 404)
    assert "Maria Próbna" in client.get("/en/lublin/desk/access").get_data(as_text=True)
    page = client.get(f"/en/lublin/desk/access/{number}")
    answer = client.post_button(page, f"/en/lublin/desk/access/{number}/end")
    assert answer.headers["Location"] == "/en/lublin/desk/access"
    refused = theirs.get("/en/lublin/desk")
    assert refused.status_code == 403
    assert "only while a role is lent to you" in refused.get_data(as_text=True)
    assert 'href="/en/portal/access"' in refused.get_data(as_text=True)
    assert "lent to you" not in client.get("/en/portal/access").get_data(as_text=True)
    over = client.get(f"/en/lublin/desk/access/{number}").get_data(as_text=True)
    assert "Access ended" in over
    assert "Ended before its time by" in over
    assert codes(town)[-1] == "access.ended"


def test_municipalities_to_choose_from_stand_in_order_of_the_language(
    client, town, other_town, operator, sign_in
):
    make_town("swidnik", name=dict.fromkeys(("pl", "cs", "en"), "Świdnik"))
    make_town("wodzislaw", name=dict.fromkeys(("pl", "cs", "en"), "Wodzisław"))
    sign_in(client, operator)
    page = client.get("/pl/portal/access/begin").get_data(as_text=True)
    assert page.index("Świdnik") < page.index("Wodzisław")


def test_operator_sees_own_accesses_and_ends_them(client, town, operator, sign_in):
    sign_in(client, operator)
    number = begin(operator)
    page = client.get("/en/portal/access")
    assert "Runs now" in page.get_data(as_text=True)
    assert "with a role lent for a while" in client.get("/en/lublin/desk").get_data(as_text=True)
    answer = client.post_button(page, f"/en/lublin/desk/access/{number}/end")
    assert answer.headers["Location"] == "/en/portal/access"
    assert client.get("/en/lublin/desk").status_code == 403
    assert "Runs now" not in client.get("/en/portal/access").get_data(as_text=True)


def test_lent_role_gives_no_roles_and_hides_nothing(town, operator, actor_as):
    number = begin(operator, role="admin")
    lent = Actor(
        user_id=operator.user_id,
        roles=operator.roles,
        fresh=True,
        municipality_id=town.id,
        lent={town.id: "admin"},
    )
    member = actor_as("reviewer")
    assert can(lent, "member.read")
    tenancy.enter(town.id)
    with pytest.raises(NotAllowed):
        invitations.invite(lent, "friend@portal.example", ["admin"], "en", "k1")
    with pytest.raises(NotAllowed):
        members.set_roles(lent, member.user_id, ["admin"], is_head=False)
    assert not can(lent, "access.read")
    assert can(actor_as("admin"), "member.manage")
    # Nor does it make what outlives it, or touch the data of people.
    for key in ("api.manage", "privacy.act", "privacy.confirm"):
        assert not can(lent, key)
    stranger = make_member(None, "portal_operator", email="other@portal.example")
    other = Actor(user_id=stranger.id, roles=operator.roles, municipality_id=town.id)
    with pytest.raises(NotAllowed):
        access.end(other, number)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"role": "decision_maker"}, "role"),
        ({"role": "portal_operator"}, "role"),
        ({"role": "x"}, "role"),
        ({"minutes": 121}, "minutes"),
        ({"minutes": 0}, "minutes"),
        ({"reason": "because"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
    ],
)
def test_what_is_too_much_or_has_no_reason_is_refused(operator, values, field):
    with pytest.raises(Invalid) as refusal:
        begin(operator, **values)
    assert field in refusal.value.fields


def test_nobody_else_asks_and_nobody_twice(town, operator, actor_as, outbox):
    actor_as("admin")
    with pytest.raises(NotAllowed):
        begin(actor_as("admin"))
    with pytest.raises(NotAllowed):
        begin(Actor(user_id=operator.user_id, roles=operator.roles))
    with pytest.raises(Missing):
        begin(operator, slug="nowhere")
    begin(operator)
    with pytest.raises(Invalid):
        begin(operator, key="another-form-key-of-this-test")


def test_form_asks_for_a_reason_and_keeps_what_was_chosen(client, town, operator, sign_in):
    sign_in(client, operator)
    page = "/en/portal/access/begin"
    assert client.submit(page, {"town": "lublin", "role": "leader", "reason": ""}).status_code == 422
    answer = client.submit(page, {"town": "lublin", "role": "leader", "minutes": "60", "reason": REASON})
    assert answer.headers["Location"] == "/en/portal/access"
    [found] = queries.accesses_to(town.id)
    assert (found.until - found.began_at).total_seconds() == 3600


def test_former_operator_keeps_nothing(client, town, operator, sign_in):
    from portal.accounts.models import Membership
    from portal.core.db import writing

    sign_in(client, operator)
    begin(operator)
    assert client.get("/en/lublin/desk").status_code == 200
    with writing():
        for row in db.session.scalars(select(Membership).where(Membership.user_id == operator.user_id)):
            db.session.delete(row)
    assert client.get("/en/lublin/desk").status_code in (303, 403)
