"""Commands: the first administrator, invitations, demo sign-ins."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.accounts import queries, rules
from portal.accounts.models import Membership, User
from portal.accounts.roles import Role
from portal.accounts.seed import seed_people
from portal.core import clock, tenancy
from portal.core.config import Mode
from portal.core.db import db, writing
from portal.core.errors import Busy
from tests.factories.accounts import PEOPLE


@pytest.fixture
def run(app):
    """`run("accounts", "first-admin", …)` gives the result of the command."""
    return lambda *words: app.test_cli_runner().invoke(args=list(words))


def test_first_administrator_comes_in_by_a_link_printed_once(run, client, town):
    result = run("accounts", "first-admin", "lublin", "Szefowa@Urzad.example")
    assert result.exit_code == 0, result.output
    path = result.output.strip().splitlines()[-1].removeprefix("http://127.0.0.1:8000")
    assert path.startswith("/pl/invitation/")
    page = client.get(path).get_data(as_text=True)
    secret = page.split('class="code">', 1)[1].split("<", 1)[0].replace(" ", "")
    code = rules.code_at(secret, rules.step_at(clock.now()))
    data = {"name": "Szefowa", "password": "trzy nowe słowa bez związku", "code": code}
    assert client.submit(path, data).status_code == 303
    assert client.get("/pl/lublin/desk/members").status_code == 200
    assert client.get(path).status_code == 410


def test_first_administrator_of_a_small_office_holds_other_roles_as_well(run, town):
    assert run("accounts", "first-admin", "lublin", "wojt@urzad.example", "--role", "leader").exit_code == 0
    with tenancy.within(town.id):
        waiting = queries.invited(town.id)
    assert [one.roles for one in waiting] == [(Role.LEADER, Role.ADMIN)]


def printed(result):
    """The path of the link a command printed."""
    assert result.exit_code == 0, result.output
    return result.output.strip().splitlines()[-1].removeprefix("http://127.0.0.1:8000")


def test_a_lost_link_is_replaced_whatever_address_it_went_to(run, client, town, other_town):
    elsewhere = printed(run("accounts", "first-admin", "ostrava-jih", "sef@urad.example"))
    paths = []
    for email in ("mistyped@urzad.example", "szefowa@urzad.example", "szefowa@urzad.example"):
        result = run("accounts", "first-admin", "lublin", email)
        assert ("The link printed earlier no longer works." in result.output) is bool(paths)
        paths.append(printed(result))
    assert [client.get(path).status_code for path in paths] == [410, 410, 200]
    assert client.get(elsewhere).status_code == 200


def test_once_there_is_an_administrator_no_first_one_is_invited(run, town, actor_as):
    admin = actor_as("admin")
    result = run("accounts", "first-admin", "lublin", "szefowa@urzad.example")
    assert result.exit_code == 1
    assert "lublin has an administrator already" in result.output
    assert "/pl/lublin/desk/members" in result.output
    assert "accounts invite szefowa@urzad.example --role admin --municipality lublin" in result.output
    with writing():
        db.session.get_one(User, admin.user_id).disabled_at = clock.now()
    assert run("accounts", "first-admin", "lublin", "szefowa@urzad.example").exit_code == 0


def test_the_link_begins_with_the_base_address(run, app, town):
    kept = app.extensions["portal.settings"]
    app.extensions["portal.settings"] = replace(kept, base_url="http://127.0.0.1:8123")
    try:
        result = run("accounts", "first-admin", "lublin", "szefowa@urzad.example")
    finally:
        app.extensions["portal.settings"] = kept
    assert "http://127.0.0.1:8123/pl/invitation/" in result.output


def test_a_busy_database_is_told_in_a_line(run, town, monkeypatch):
    def busy(*_):
        raise Busy

    monkeypatch.setattr("portal.accounts.cli.invite_first_admin", busy)
    result = run("accounts", "first-admin", "lublin", "szefowa@urzad.example")
    assert (result.exit_code, result.output) == (
        1,
        "Error: The database is busy; nothing was written. Try again.\n",
    )


def test_portal_operator_is_invited_for_the_installation(run, client):
    result = run("accounts", "invite", "op@portal.example", "--role", "portal_operator", "--language", "en")
    assert result.exit_code == 0, result.output
    path = result.output.strip().splitlines()[-1].removeprefix("http://127.0.0.1:8000")
    page = client.get(path).get_data(as_text=True)
    secret = page.split('class="code">', 1)[1].split("<", 1)[0].replace(" ", "")
    code = rules.code_at(secret, rules.step_at(clock.now()))
    client.submit(path, {"name": "Op", "password": "three new unrelated words", "code": code})
    row = db.session.scalars(select(Membership)).one()
    assert (row.municipality_id, row.role) == (None, Role.PORTAL_OPERATOR)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("accounts", "first-admin", "nowhere", "a@b.example"), "There is no municipality nowhere"),
        (("accounts", "first-admin", "lublin", "nobody"), "is not an e-mail address"),
        (("accounts", "invite", "a@b.example", "--role", "leader"), "Name the municipality"),
        (
            ("accounts", "invite", "a@b.example", "--role", "portal_operator", "--municipality", "lublin"),
            "leave --municipality out",
        ),
    ],
)
def test_wrong_commands_say_what_to_do(run, town, words, said):
    result = run(*words)
    assert result.exit_code == 1
    assert said in result.output


def test_several_roles_in_one_invitation(run, town):
    result = run(
        "accounts",
        "invite",
        "a@b.example",
        "--role",
        "leader",
        "--role",
        "editor",
        "--municipality",
        "lublin",
    )
    assert result.exit_code == 0
    assert "/pl/invitation/" in result.output


def test_demo_accounts_are_printed_with_their_codes(run, app, town, other_town):
    with writing():
        seed_people(PEOPLE)
    output = run("demo-accounts").output
    assert rules.DEMO_PASSWORD in output
    email = "leader@lublin.example"
    steps = [rules.code_at(rules.demo_factor(email), rules.step_at(clock.now()) + n) for n in (-1, 0)]
    assert any(code in output for code in steps)
    assert "ewa.sadowa@poczta.example" in output


def test_demo_accounts_are_refused_in_production(run, app, town):
    kept = app.extensions["portal.settings"]
    app.extensions["portal.settings"] = replace(kept, mode=Mode.PRODUCTION)
    try:
        assert run("demo-accounts").exit_code == 1
    finally:
        app.extensions["portal.settings"] = kept
