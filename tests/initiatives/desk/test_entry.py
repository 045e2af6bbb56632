"""The door of a case: one that is not for the public opens once it is said what for (R35)."""

import pytest
from sqlalchemy import select

from initiatives.models import Audience
from portal.core.audit import AuditEntry
from portal.core.db import db
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"
SECRET = "Schody, po których nie wejdzie pan z trzeciego piętra"


@pytest.fixture
def case(town):
    """A case whose author wanted it handled without publication."""
    return make_initiative(town, "submitted", title=SECRET, audience=Audience.TEAM)


def address(case):
    return f"{DESK}/{case.number.lower()}"


def readings():
    db.session.rollback()
    chosen = AuditEntry.code == "initiative.withheld_read"
    return [(one.user_id, one.details) for one in db.session.scalars(select(AuditEntry).where(chosen))]


def test_a_withheld_case_opens_once_it_is_said_what_for(client, case, reviewer):
    wanted = f"{address(case)}/move/publish"
    shut = client.get(wanted)
    assert shut.status_code == 303
    assert SECRET not in client.get(shut.location).text
    assert readings() == []
    opened = client.submit(shut.location, {"reason": "check"})
    assert (opened.status_code, opened.location) == (303, wanted)
    assert client.get(wanted).status_code == 200
    assert SECRET in client.get(address(case)).text
    assert readings() == [(reviewer.user_id, {"reason": "check", "number": case.number})]
    assert client.get(shut.location).location == wanted


@pytest.mark.parametrize("reason", ["", "contact", "nothing"])
def test_without_a_reason_that_fits_it_stays_shut(client, case, reviewer, reason):
    refused = client.submit(f"{address(case)}/why", {"reason": reason})
    assert refused.status_code == 422
    assert SECRET not in refused.text
    assert client.get(address(case)).status_code == 303
    assert readings() == []


def test_something_else_is_said_in_words(client, case, reviewer):
    assert client.submit(f"{address(case)}/why", {"reason": "other"}).status_code == 422
    said = {"reason": "other", "words": "pytanie radnego"}
    assert client.submit(f"{address(case)}/why", said).status_code == 303
    assert readings() == [(reviewer.user_id, {**said, "number": case.number})]


def test_it_is_asked_for_each_case_and_each_time_one_signs_in(client, town, case, reviewer, sign_in):
    other = make_initiative(town, "submitted", audience=Audience.ASKED)
    client.submit(f"{address(case)}/why", {"reason": "work"})
    assert client.get(address(case)).status_code == 200
    assert client.get(address(other)).status_code == 303
    sign_in(client, reviewer)
    assert client.get(address(case)).status_code == 303


def test_what_is_public_opens_as_it_is(client, town, reviewer):
    case = make_initiative(town, "submitted")
    assert client.get(address(case)).status_code == 200
    assert readings() == []


def test_a_form_of_a_page_read_before_signing_in_anew_is_kept(client, case, reviewer, sign_in):
    client.submit(f"{address(case)}/why", {"reason": "work"})
    page = client.get(address(case))
    sign_in(client, reviewer)
    words = {"text": "Zadzwonić po południu."}
    kept = client.submit_shown(page, address(case), words)
    assert kept.status_code == 403
    assert "Zadzwonić po południu." in kept.text
    assert SECRET not in kept.text
    client.submit(f"{address(case)}/why", {"reason": "work"})
    assert client.post_button(kept, f"{address(case)}/note").status_code == 303
    assert "Zadzwonić po południu." in client.get(address(case)).text


def test_strangers_are_not_asked_what_for(client, case, actor_as, sign_in, other_town):
    sign_in(client, actor_as("reviewer", other_town))
    assert client.get(f"{address(case)}/why").status_code in {403, 404}
    assert client.get(address(case)).status_code in {403, 404}


def test_one_is_led_to_pages_of_the_portal_only(client, case, reviewer):
    sent = client.submit(f"{address(case)}/why?next=https://elsewhere.example/", {"reason": "work"})
    assert sent.location == address(case)
