"""What stands on the desk's first page."""

from datetime import date, timedelta

from initiatives import queries
from initiatives.desk.work import FACTS
from portal.content import services as content
from portal.core.db import writing
from tests.factories.initiatives import make_initiative


def test_first_page_lists_what_waits_and_what_is_late(client, town, actor_as, sign_in):
    leader = actor_as("leader")
    late = make_initiative(town, "published", title="Spóźniona")
    with writing():
        content.start_deadline_on(late, "assign", date.today() - timedelta(days=7))  # noqa: DTZ011 - a week is enough
    sign_in(client, leader)
    page = client.get("/en/lublin/desk").text
    assert "Initiatives that wait for me" in page
    assert "Initiatives that are late" in page
    assert "Was due on" in page


def test_items_tell_state_number_and_day(client, town, actor_as, sign_in):
    sign_in(client, actor_as("leader"))
    case = make_initiative(town, "published")
    page = client.get("/en/lublin/desk").text
    assert f'href="/en/lublin/desk/initiatives/{(case.number or "").lower()}"' in page
    assert case.number in page
    assert "Due on" in page


def test_figures_count_the_last_seven_days(town):
    make_initiative(town, "submitted")
    make_initiative(town, "published")
    assert [fact.value() for fact in FACTS] == [2, 1, 0]
    assert queries.decided_this_week() == 0
