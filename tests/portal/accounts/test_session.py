"""Sessions: cheap for visitors, over when they are over, new at every rise of rights."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import OperationalError

from portal.accounts import session as sessions
from portal.accounts import session_store
from portal.accounts.models import LoginSession, Membership, User
from portal.accounts.roles import Role
from portal.accounts.rules import SessionKind
from portal.accounts.services import sign_in as entering
from portal.core import clock
from portal.core.actor import current
from portal.core.db import db, writing
from portal.core.errors import Busy, Missing
from portal.core.tokens import digest
from tests.factories.accounts import PASSWORD, code_of, make_member, make_resident, path_in, reload
from tests.factories.browser import Forms

ACCOUNT = "/pl/account"


@pytest.fixture
def statements(app):
    """Every statement sent to the database, while the list is watched."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def cookie(client, app):
    return client.get_cookie(app.config["SESSION_COOKIE_NAME"])


def rows():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(LoginSession))


def test_visitor_who_only_reads_gets_no_cookie_and_no_statement(client, app, town, statements):
    client.get("/pl/sign-in/sent")
    statements.clear()
    answer = client.get("/pl/sign-in/sent")
    assert "Set-Cookie" not in answer.headers
    assert not [s for s in statements if "login_session" in s or "membership" in s]
    assert rows() == 0


def test_form_page_makes_a_short_visitor_session(client, app, town):
    answer = client.get("/pl/sign-in")
    assert rows() == 1
    kept = db.session.scalars(select(LoginSession)).one()
    assert (kept.kind, kept.user_id) == (SessionKind.VISITOR, None)
    assert "Max-Age=7200" in answer.headers["Set-Cookie"]
    assert answer.headers["Cache-Control"] == "no-store"
    client.get("/pl/sign-in")
    assert rows() == 1


def test_cookie_is_closed_to_scripts_and_only_its_hash_is_stored(client, app, town):
    answer = client.get("/pl/sign-in")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]
    value = cookie(client, app).value
    kept = db.session.scalars(select(LoginSession)).one()
    assert kept.digest == digest(value)
    assert value not in str(kept.data)


def test_reading_request_of_somebody_signed_in_costs_one_select(client, actor_as, sign_in, statements):
    actor = actor_as("resident")
    sign_in(client, actor)
    client.get("/pl/sign-in/sent")
    statements.clear()
    client.get("/pl/sign-in/sent")
    mine = [s for s in statements if "login_session" in s or "membership" in s]
    assert len(mine) == 1
    assert all(s.startswith("SELECT") for s in mine)


def test_addresses_without_language_read_no_cookie(client, actor_as, sign_in, statements):
    sign_in(client, actor_as("resident"))
    statements.clear()
    client.get("/healthz")
    assert not [s for s in statements if "login_session" in s]


def test_last_use_is_written_once_a_minute(client, actor_as, sign_in, frozen):
    frozen("2026-03-02 10:00")
    sign_in(client, actor_as("resident"))
    client.get("/pl/sign-in/sent")
    began = clock.now()
    frozen("2026-03-02 10:00:59")
    client.get("/pl/sign-in/sent")
    assert db.session.scalars(select(LoginSession.seen_at)).one() == began
    frozen("2026-03-02 10:01")
    client.get("/pl/sign-in/sent")
    db.session.rollback()
    assert db.session.scalars(select(LoginSession.seen_at)).one() == clock.now()


def test_staff_session_ends_after_half_an_hour_of_rest_and_after_ten_hours(client, actor_as, sign_in, frozen):
    frozen("2026-03-02 08:00")
    actor = actor_as("admin")
    sign_in(client, actor)
    for minute in range(20, 600, 20):
        frozen(f"2026-03-02 {8 + minute // 60:02}:{minute % 60:02}")
        assert client.get(ACCOUNT).status_code == 200
    frozen("2026-03-02 18:00")
    answer = client.get(ACCOUNT)
    assert answer.status_code == 303
    assert "/sign-in" in answer.headers["Location"]
    assert rows() == 0

    sign_in(client, actor)
    frozen("2026-03-02 18:30")
    assert client.get(ACCOUNT).status_code == 303


def test_ended_session_cannot_come_back(client, app, actor_as, sign_in):
    actor = actor_as("resident")
    sign_in(client, actor)
    value = cookie(client, app).value
    with writing():
        sessions.end_sessions(actor.user_id)
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], value)
    # This page wants to write into the session (the token of its form): only a visitor's session may come of it.
    client.get("/pl/sign-in")
    assert client.get(ACCOUNT).status_code == 303
    assert db.session.scalar(select(func.count()).where(LoginSession.user_id.is_not(None))) == 0


def test_session_ended_while_its_request_runs_stays_ended(client, app, actor_as, sign_in, monkeypatch):
    actor = actor_as("resident")
    sign_in(client, actor)
    save = session_store.ServerSessions.save_session

    def late(self, app, ours, response):
        with writing():
            sessions.end_sessions(actor.user_id)
        ours["note"] = "written by a request that is too late"
        save(self, app, ours, response)

    monkeypatch.setattr(session_store.ServerSessions, "save_session", late)
    client.get(ACCOUNT)
    assert rows() == 0


def test_signing_out_ends_the_session_on_the_server(client, app, actor_as, sign_in):
    sign_in(client, actor_as("resident"))
    value = cookie(client, app).value
    page = client.get(ACCOUNT).get_data(as_text=True)
    (fields,) = [fields for action, fields in Forms(page).found if action == "/pl/sign-out"]
    answer = client.post("/pl/sign-out", data=dict(fields))
    assert answer.status_code == 303
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], value)
    assert client.get(ACCOUNT).status_code == 303
    assert db.session.scalar(select(func.count()).where(LoginSession.digest == digest(value))) == 0


def test_signing_out_takes_a_post_with_a_token(client, actor_as, sign_in):
    sign_in(client, actor_as("resident"))
    assert client.get("/pl/sign-out").status_code == 404
    assert client.post("/pl/sign-out").status_code == 400
    assert client.get(ACCOUNT).status_code == 200


def test_token_changes_when_somebody_signs_in(client, app, town):
    user = make_member(town, "admin")
    client.get("/pl/sign-in/staff")
    before = cookie(client, app).value
    client.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    client.submit("/pl/sign-in/second-factor", {"code": code_of(user)})
    after = cookie(client, app).value
    assert before != after
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], before)
    assert client.get(ACCOUNT).status_code == 303


def test_token_changes_when_roles_change(client, app, town):
    user = make_member(town, "reviewer")
    client.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    client.submit("/pl/sign-in/second-factor", {"code": code_of(user)})
    before = cookie(client, app).value
    with writing():
        sessions.renew_sessions(user.id)
    assert client.get(ACCOUNT).status_code == 200
    after = cookie(client, app).value
    assert before != after
    assert client.get(ACCOUNT).status_code == 200
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], before)
    assert client.get(ACCOUNT).status_code == 303


def test_closed_account_loses_access_at_the_next_click(client, actor_as, sign_in):
    actor = actor_as("resident")
    sign_in(client, actor)
    assert client.get(ACCOUNT).status_code == 200
    with writing():
        db.session.execute(update(User).where(User.id == actor.user_id).values(disabled_at=clock.now()))
    assert client.get(ACCOUNT).status_code == 303
    assert rows() == 0


def test_raised_version_voids_a_session_opened_meanwhile(client, actor_as, sign_in):
    actor = actor_as("resident")
    with writing():
        sessions.end_sessions(actor.user_id)
    sign_in(client, actor)
    with writing():
        db.session.execute(update(User).where(User.id == actor.user_id).values(session_version=99))
    assert client.get(ACCOUNT).status_code == 303


def test_taken_role_counts_at_the_next_request(client, actor_as, sign_in, town):
    actor = actor_as("admin")
    sign_in(client, actor)
    assert client.get("/pl/lublin/desk/members").status_code == 200
    with writing():
        row = db.session.scalars(select(Membership).where(Membership.user_id == actor.user_id)).one()
        db.session.delete(row)
    assert client.get("/pl/lublin/desk/members").status_code == 403


def test_roles_do_not_count_without_the_second_factor(client, town, outbox):
    user = make_resident()
    client.submit("/pl/sign-in", {"email": user.email})
    client.submit(path_in(outbox()[0]), {})
    with writing():
        db.session.add(
            Membership(user_id=user.id, municipality_id=town.id, role=Role.ADMIN, since=clock.now())
        )
    assert client.get(ACCOUNT).status_code == 200
    assert client.get("/pl/lublin/desk/members").status_code == 403


def test_failed_view_leaves_no_rows_of_itself(client, app, town, monkeypatch):
    def fail(*_args, **_values):
        db.session.add(User(id=1, language="pl", created_at=clock.now(), session_version=1))
        raise RuntimeError("on purpose")

    monkeypatch.setattr(entering, "ask_link", fail)
    assert client.submit("/pl/sign-in", {"email": "ewa@poczta.example"}).status_code == 500
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_opened_case_closes_after_a_quarter_of_an_hour(app, town, frozen):
    frozen("2026-03-02 10:00")
    with app.test_request_context("/pl/lublin/"):
        sessions.open_case("initiative", 7)
        sessions.open_case("initiative", 8)
        assert sessions.opened_cases() == {("initiative", 7), ("initiative", 8)}
        frozen("2026-03-02 10:14:59")
        assert ("initiative", 7) in sessions.opened_cases()
        frozen("2026-03-02 10:15")
        assert sessions.opened_cases() == frozenset()


def test_case_opened_by_a_visitor_is_the_actors(client, app, actor_as, sign_in, monkeypatch):
    sign_in(client, actor_as("visitor", cases=[("initiative", 7)]))
    seen = []

    def look(**_values):
        seen.append(current())
        return "ok"

    monkeypatch.setitem(app.view_functions, "accounts.link_sent", look)
    client.get("/pl/sign-in/sent")
    assert seen[0].cases == {("initiative", 7)}
    assert not seen[0].signed_in


def test_freshness_ends_after_ten_minutes(client, actor_as, sign_in, frozen):
    frozen("2026-03-02 10:00")
    sign_in(client, actor_as("resident"))
    assert client.get("/pl/account/email").status_code == 200
    frozen("2026-03-02 10:10")
    answer = client.get("/pl/account/email")
    assert answer.status_code == 303
    assert "/pl/confirm?next=" in answer.headers["Location"]


def test_database_that_is_taken_answers_503_where_the_session_is_needed(client, app, town, monkeypatch):
    def taken(*_args):
        raise Busy

    monkeypatch.setattr(session_store, "writer_turn", taken)
    answer = client.get("/pl/sign-in")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Set-Cookie" not in answer.headers


def test_database_that_is_taken_only_loses_a_notice_elsewhere(
    client, app, actor_as, sign_in, monkeypatch, frozen
):
    frozen("2026-03-02 10:00")
    sign_in(client, actor_as("resident"))

    def taken(*_args):
        raise Busy

    monkeypatch.setattr(session_store, "writer_turn", taken)
    frozen("2026-03-02 10:05")
    assert client.get("/pl/sign-in/sent").status_code == 200


def test_nobody_is_signed_in_while_the_database_is_away(client, actor_as, sign_in, monkeypatch):
    sign_in(client, actor_as("resident"))

    def away(_token):
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(session_store, "_read", away)
    answer = client.get(ACCOUNT)
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers


def test_fault_of_the_database_while_saving_is_not_hidden(client, app, town, monkeypatch):
    def broken(*_args):
        raise OperationalError("INSERT", {}, Exception("no such table"))

    monkeypatch.setattr(session_store, "writer_turn", broken)
    with pytest.raises(OperationalError):
        client.get("/pl/sign-in")


def test_signing_in_to_a_closed_account_is_refused(app, town):
    user = make_resident()
    with writing():
        db.session.get_one(User, user.id).disabled_at = clock.now()
    with app.test_request_context("/pl/sign-in"), pytest.raises(Missing):
        sessions.sign_in(user.id, strong=False)


def test_devices_of_known_accounts_are_remembered_without_names(client, app, town):
    user = make_member(town, "admin")
    client.submit("/pl/sign-in/staff", {"email": user.email, "password": PASSWORD})
    client.submit("/pl/sign-in/second-factor", {"code": code_of(user)})
    known = client.get_cookie("portal-known").value
    assert "adam" not in known
    assert reload(user).last_sign_in_at is not None


def test_old_cookie_of_a_visitor_goes_with_its_session(client, app, town, frozen):
    frozen("2026-03-02 10:00")
    client.get("/pl/sign-in")
    with writing():
        old = clock.now() - timedelta(hours=3)
        db.session.execute(update(LoginSession).values(seen_at=old))
    answer = client.get("/pl/sign-in/sent")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert rows() == 0
