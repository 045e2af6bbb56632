"""A lost code is replaced; the text before an edit stays for staff, and reading it is logged."""

import re

import pytest
from sqlalchemy import select

from initiatives import queries, services
from initiatives.models import Author
from portal.core import audit
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import Missing, NotAllowed
from portal.core.readings import Reason, Why
from portal.core.tokens import code_hash
from tests.factories.initiatives import CODE, TEXT, make_initiative

DESK = "/en/lublin/desk/initiatives"


def slug(case):
    return (case.number or "").lower()


def test_a_lost_code_is_replaced_and_the_old_one_opens_nothing(client, town, actor_as, sign_in, outbox):
    case = make_initiative(town, "published", with_code=True)
    number = case.number or ""
    sign_in(client, actor_as("reviewer"))
    page = client.submit(f"{DESK}/{number.lower()}", {"key": "one-key"})
    text = page.get_data(as_text=True)
    found = re.search(r'class="code">([0-9A-Z-]{19})<', text)
    assert found
    with pytest.raises(Missing):
        services.open_by_code(number, CODE)
    assert services.open_by_code(number, found[1]).number == number
    assert [notice.code for notice in outbox()] == ["initiative.new_code"]


def test_the_same_press_gives_the_same_code_once(town, actor_as, outbox):
    case = make_initiative(town, "published", with_code=True)
    first = services.new_code(actor_as("leader"), case.id, "key")
    assert services.new_code(actor_as("leader"), case.id, "key") == first
    assert len(outbox()) == 1
    author = db.session.scalars(select(Author).where(Author.initiative_id == case.id)).one()
    assert author.code_hash == code_hash(first)


@pytest.mark.parametrize("role", ["decision_maker", "operator", "translator", "resident"])
def test_only_the_team_and_its_operator_may(town, actor_as, role):
    case = make_initiative(town, "published", with_code=True)
    with pytest.raises(NotAllowed):
        services.new_code(actor_as(role), case.id, "key")
    with pytest.raises(NotAllowed):
        services.read_contact(actor_as(role), case.id, Why(Reason.CHECK))


def test_the_text_as_it_came_in_stays_for_staff_who_open_the_contact(client, town, actor_as, sign_in):
    case = make_initiative(town, "submitted")
    reviewer = actor_as("reviewer")
    services.redact(
        reviewer, case.id, "Ławka", TEXT.replace("jedną", "małą"), "", "greenery", case.version, "Skrócono."
    )
    services.redact(reviewer, case.id, "Ławki", TEXT, "", "greenery", queries.case(case.id).version, "Znowu.")
    sign_in(client, reviewer)
    closed = client.get(f"{DESK}/{slug(case)}").get_data(as_text=True)
    assert "Ławka przy przystanku" not in closed
    author = queries.case(case.id).author
    assert author is not None
    assert (author.original or "").startswith("Ławka przy przystanku\n\n")
    services.read_contact(reviewer, case.id, Why(Reason.CHECK))
    codes = list(db.session.scalars(select(AuditEntry.code)))
    assert "initiative.contact_read" in codes
    assert audit.verify() == []
