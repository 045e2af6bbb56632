"""What stands on the desk's first page."""

from datetime import date, timedelta

from initiatives import queries, services
from initiatives.desk.work import FACTS
from portal.content import services as content
from portal.content.models import Stance
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


def test_what_is_due_first_stands_first(town, actor_as):
    leader = actor_as("leader")
    days = {"Za tydzień": 7, "Spóźniona": -7, "Jutro": 1}
    for title, ahead in days.items():
        case = make_initiative(town, "published", title=title)
        with writing():
            content.finish_deadline(case)
            content.start_deadline_on(case, "assign", date.today() + timedelta(days=ahead))  # noqa: DTZ011
    without = make_initiative(town, "published", title="Bez terminu")
    with writing():
        content.finish_deadline(without)
    rows = queries.work_list(leader, queries.DeskFilter(), None, 3).items
    assert [row.title for row in rows] == ["Spóźniona", "Jutro", "Za tydzień"]
    assert queries.work_list(leader, queries.DeskFilter(), None, 9).items[-1].title == "Bez terminu"


def test_comment_with_a_link_waits_on_the_desk_of_reviewers(client, town, actor_as, sign_in):
    case = make_initiative(town, "published", title="Ławka z komentarzem")
    services.comment(
        actor_as("resident"),
        case.id,
        Stance.FOR,
        "Zobacz www.przyklad.example",
        "pl",
        "k" * 22,
        shows_name=False,
    )
    sign_in(client, actor_as("reviewer"))
    page = client.get("/en/lublin/desk").text
    assert "Comments to look at" in page
    assert "Ławka z komentarzem" in page
    sign_in(client, actor_as("operator"))
    assert "Comments to look at" not in client.get("/en/lublin/desk").text


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
