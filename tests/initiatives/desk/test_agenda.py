"""The month's list of the steering group, on the screen and as PDF; a case's mark and the opinion of the group."""

import pytest

from initiatives import queries, services
from portal.core import pdf
from portal.core.db import db
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"


@pytest.fixture
def leader(actor_as, client, sign_in, frozen):
    frozen("2026-03-02 10:00")
    actor = actor_as("leader")
    sign_in(client, actor)
    return actor


def test_list_of_the_month_shows_what_awaits_a_decision(client, town, leader):
    case = make_initiative(
        town, "recommendation", cost_once_minor=350_000, cost_yearly_minor=10_000, cost_source="Drogi"
    )
    make_initiative(town, "adopted", title="Już zdecydowane")
    assert client.get(f"{DESK}/agenda").location == f"{DESK}/agenda/2026-03"
    page = client.get(f"{DESK}/agenda/2026-03").text
    for words in (case.number, "Wygodne czekanie.", "Jedna ławka zamiast dwóch.", "Cost, once: 3,500 PLN",
                  "Purpose study: 4.0 of 5", "Recommendation: Adopt", "1 case.", "Together once 3,500 PLN, per year 100 PLN."):  # fmt: skip
        assert words in page
    assert "Już zdecydowane" not in page
    # What is not marked stands on the present month alone.
    assert "No case is on this month’s agenda" in client.get(f"{DESK}/agenda/2026-04").text


def test_marked_cases_stand_on_their_month_and_keep_their_result(client, town, leader, actor_as):
    case = make_initiative(town, "recommendation")
    mark = f"{DESK}/{case.number.lower()}/agenda"
    assert client.submit(mark, {"session_on": "2026-04-14"}).status_code == 303
    assert case.number not in client.get(f"{DESK}/agenda/2026-03").text
    assert "on the agenda of 14 April 2026" in client.get(f"{DESK}/agenda/2026-04").text
    services.decide(actor_as("decision_maker"), case.id, "adopted", "Tak.")
    db.session.close()
    assert "Meanwhile: adopted" in client.get(f"{DESK}/agenda/2026-04").text


def test_list_as_pdf_holds_what_people_wrote_as_text(client, town, leader):
    make_initiative(town, "recommendation", wanted='#panic("typst") *nie* $x$ [', title='Łąka #1 \\ "ż"')
    answer = client.get(f"{DESK}/agenda/2026-03.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert pdf.fault(answer.data) is None
    assert client.get(f"{DESK}/agenda/2026-04.pdf").status_code == 200


@pytest.mark.parametrize("month", ["2026-13", "2026", "1999-01", "abc"])
def test_what_is_no_month_is_not_found(client, leader, month):
    assert client.get(f"{DESK}/agenda/{month}").status_code == 404
    assert client.get(f"{DESK}/agenda/{month}.pdf").status_code == 404


@pytest.mark.parametrize(
    ("role", "status"),
    [("decision_maker", 200), ("steering", 200), ("expert", 200), ("reviewer", 403), ("operator", 403)],
)
def test_groups_and_deciders_read_it(client, town, leader, actor_as, sign_in, role, status):
    number = make_initiative(town, "recommendation").number
    sign_in(client, actor_as(role))
    page = client.get(f"{DESK}/agenda/2026-03")
    assert page.status_code == status
    if status == 200:
        assert number in page.text
        assert "Put it on the agenda of a meeting" not in page.text
    assert client.get(f"{DESK}/{number.lower()}/agenda").status_code == 403


def test_who_has_a_stake_does_not_see_the_case(client, town, leader, actor_as, sign_in):
    member = actor_as("steering")
    case = make_initiative(town, "recommendation", author=member)
    sign_in(client, member)
    assert case.number not in client.get(f"{DESK}/agenda/2026-03").text


def test_opinion_stands_at_the_decision(client, town, leader, actor_as, sign_in, token):
    case = make_initiative(town, "recommendation")
    mark = f"{DESK}/{case.number.lower()}/agenda"
    assert client.submit(mark, {"session_on": "2026-03-02"}).status_code == 303
    wrong = client.submit(mark, {"opinion-opinion": "", "opinion-votes_for": "dużo", "go": "opinion"})
    assert wrong.status_code == 422
    assert "Write what the group thought of it." in wrong.text
    noted = {
        "opinion-opinion": "Popieramy, ale z oświetleniem.",
        "opinion-votes_for": "7",
        "opinion-votes_against": "1",
        "go": "opinion",
    }
    assert client.submit(mark, noted).status_code == 303
    stale = client.post(mark, data={**noted, "opinion-version": "1", "csrf_token": token(mark)})
    assert stale.status_code == 409
    assert queries.opinions(case.id)[0].votes_for == 7
    sign_in(client, actor_as("decision_maker"))
    for href in (f"{DESK}/{case.number.lower()}/move/decide", f"{DESK}/{case.number.lower()}"):
        page = client.get(href).text
        assert "Popieramy, ale z oświetleniem." in page
        assert "Votes: 7 for, 1 against, 0 abstained." in page


def test_case_is_taken_off_the_agenda(client, town, leader):
    case = make_initiative(town, "recommendation")
    mark = f"{DESK}/{case.number.lower()}/agenda"
    client.submit(mark, {"session_on": "2026-03-20"})
    assert client.submit(mark, {"go": "remove"}).status_code == 303
    assert queries.opinions(case.id) == []
    early = client.submit(mark, {"session_on": "kiedyś"})
    assert early.status_code == 422
