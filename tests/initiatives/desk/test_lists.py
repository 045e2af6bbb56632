"""Work lists and the board: whose work is shown where, and filters that stay in the address."""

from datetime import UTC, date, datetime, timedelta

import pytest

from initiatives import queries, services
from initiatives.desk.lists import due_of
from initiatives.models import Audience
from initiatives.queries import DeskFilter
from portal.content import services as content
from portal.core.actor import acting
from portal.core.db import writing
from portal.core.paging import Cursor, Direction, decode, encode
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"


@pytest.fixture
def leader(actor_as, client, sign_in):
    """A leader, signed in."""
    actor = actor_as("leader")
    sign_in(client, actor)
    return actor


def titles(actor, **wanted):
    with acting(actor):
        return {row.title for row in queries.work_list(actor, DeskFilter(**wanted), None).items}


def test_list_shows_number_title_state_due_and_lead(client, town, leader):
    case = make_initiative(town, "purpose_study", lead=leader)
    page = client.get(DESK).text
    assert case.number in page
    assert "Ławka przy przystanku" in page
    assert "purpose study" in page
    assert "working days left" in page
    assert leader.name in page
    assert page.count("<h1>") == 1


def test_late_case_stands_in_its_own_list(client, town, leader):
    late = make_initiative(town, "published", title="Spóźniona ławka")
    make_initiative(town, "published", title="Inna ławka")
    with writing():
        content.start_deadline_on(late, "assign", date.today() - timedelta(days=7))  # noqa: DTZ011 - a week is enough
    page = client.get(f"{DESK}?tab=late").text
    assert "Spóźniona ławka" in page
    assert "Inna ławka" not in page
    assert "working days late" in page


def test_study_waits_for_a_reviewer_until_the_own_sheet_is_finished(town, actor_as):
    me, other, lead = actor_as("reviewer"), actor_as("reviewer"), actor_as("leader")
    make_initiative(town, "purpose_study", reviewers=[me, other], lead=lead, title="Do zbadania")
    make_initiative(town, "purpose_study", reviewers=[me, other], lead=lead, sheets=True, title="Zbadana")
    assert titles(me, tab="todo") == {"Do zbadania"}
    assert titles(me, tab="waiting") == {"Zbadana"}
    assert titles(lead, tab="todo") == {"Do zbadania", "Zbadana"}


def test_leader_recommends_when_both_have_finished(town, actor_as):
    leader = actor_as("leader")
    make_initiative(town, "feasibility_study", title="Jeszcze nie")
    ready = make_initiative(town, "feasibility_study", sheets=True, title="Gotowa")
    assert titles(leader, tab="todo") == {ready.title}


def test_every_case_stands_in_one_of_three_lists(town, actor_as):
    for state in ("submitted", "published", "assigned", "recommendation", "adopted", "refused", "lapsed"):
        make_initiative(town, state, title=state)
    for role in ("reviewer", "leader", "decision_maker"):
        actor = actor_as(role)
        found = [titles(actor, tab=tab) for tab in ("todo", "waiting", "done")]
        assert set().union(*found) == titles(actor, tab="all")
        assert sum(map(len, found)) == len(titles(actor, tab="all"))


def test_operator_sees_own_cases_only(town, actor_as):
    operator = actor_as("operator")
    make_initiative(town, "published", title="Cudza")
    make_initiative(town, "published", title="Własna", taken_by_user_id=operator.user_id)
    assert titles(operator, tab="all") == {"Własna"}


def test_steering_group_sees_what_waits_for_a_decision(town, actor_as):
    make_initiative(town, "published", title="Nowa")
    make_initiative(town, "recommendation", title="Do decyzji")
    assert titles(actor_as("steering"), tab="all") == {"Do decyzji"}


def test_drafts_and_own_cases_stay_out(town, actor_as):
    leader = actor_as("leader")
    make_initiative(town, "draft", title="Szkic")
    make_initiative(town, "published", title="Moja", author=leader)
    supported = make_initiative(town, "published", title="Popierana")
    services.support(leader, supported.id)
    assert titles(leader, tab="all") == set()


def test_filters_narrow_and_stay_in_the_address(client, town, leader):
    make_initiative(town, "published", title="Ławka", category="greenery")
    make_initiative(town, "published", title="Chodnik", category="roads")
    make_initiative(town, "submitted", title="Droga", category="roads")
    page = client.get(f"{DESK}?tab=all&category=roads&state=published").text
    assert "Chodnik" in page
    assert ">Ławka<" not in page
    assert ">Droga<" not in page
    # Tabs keep the filter, and the language switch keeps both.
    assert "tab=waiting&amp;state=published&amp;category=roads" in page
    assert '<option value="roads" selected>' in page


def test_search_finds_without_diacritics_and_by_number(client, town, leader):
    case = make_initiative(town, "submitted", title="Łąka kwietna")
    make_initiative(town, "submitted", title="Chodnik")
    for words in ("laka", (case.number or "").lower().replace("-", " ")):
        page = client.get(DESK, query_string={"q": words, "tab": "all"}).text
        assert "Łąka kwietna" in page
        assert ">Chodnik<" not in page


def test_only_mine_are_the_assigned_ones(client, town, actor_as, sign_in):
    me = actor_as("reviewer")
    sign_in(client, me)
    make_initiative(town, "purpose_study", title="Moja", reviewers=[me, actor_as("reviewer")])
    make_initiative(town, "purpose_study", title="Nie moja")
    page = client.get(f"{DESK}?tab=all&mine=1").text
    assert ">Moja<" in page
    assert "Nie moja" not in page


def test_pages_go_on_where_the_last_one_ended(client, town, leader):
    for n in range(27):
        make_initiative(town, "submitted", title=f"Sprawa {n:02}")
    first = client.get(f"{DESK}?tab=all").text
    assert first.count('<th scope="row">') == 25
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(older).text
    assert second.count('<th scope="row">') == 2
    assert 'rel="prev"' in second


@pytest.mark.parametrize("query", ["tab=nonsense", "state=nonsense&category=x", "q=%00", "mine=7"])
def test_unknown_filters_count_as_not_asked(client, town, leader, query):
    make_initiative(town, "published")
    assert client.get(f"{DESK}?{query}").status_code == 200


def test_broken_position_is_not_found(client, town, leader):
    assert client.get(f"{DESK}?at=rubbish").status_code == 404


@pytest.mark.parametrize("tab", ["todo", "waiting", "late", "done", "all"])
def test_empty_list_says_what_next(client, town, leader, tab):
    assert 'class="empty"' in client.get(f"{DESK}?tab={tab}").text
    assert "Nothing fits these filters" in client.get(f"{DESK}?tab={tab}&q=nic").text


def test_board_has_a_column_for_each_state_that_holds_a_case(client, town, leader):
    for n in range(10):
        make_initiative(town, "published", title=f"Sprawa {n}")
    make_initiative(town, "in_progress", title="Budowa")
    make_initiative(town, "done", title="Zbudowana")
    page = client.get(f"{DESK}/board").text
    assert 'id="column-published"' in page
    assert 'id="column-in_progress"' in page
    assert "Zbudowana" not in page
    assert "Show all: published" in page
    assert '<section class="board" tabindex="0"' in page


def test_board_of_mine(client, town, leader):
    make_initiative(town, "assigned", title="Cudza")
    assert "Nothing fits these filters" in client.get(f"{DESK}/board?mine=1").text


def test_board_is_narrowed_as_the_lists_are(client, town, leader):
    make_initiative(town, "published", title="Ławka", category="greenery")
    make_initiative(town, "published", title="Chodnik", category="roads")
    make_initiative(town, "assigned", title="Lampa", category="roads")
    page = client.get(f"{DESK}/board?category=roads&state=published").text
    assert "Chodnik" in page
    assert "Ławka" not in page
    assert "Lampa" not in page
    found = client.get(f"{DESK}/board?q=chodnik").text
    assert "Chodnik" in found
    assert "Lampa" not in found
    assert "Chodnik" in client.get(f"{DESK}/board?state=done&tab=late&category=roads").text
    listed = client.get(f"{DESK}?category=roads").text
    assert f"{DESK}/board?category=roads" in listed


def test_board_counts_what_is_late_and_leaves_out_what_was_taken_over(client, town, leader, frozen):
    frozen("2026-03-02 10:00")
    make_initiative(town, "published", title="Stara")
    make_initiative(town, "published", title="Z pliku", external_source="csv", external_number="1")
    frozen("2026-03-09 10:00")
    make_initiative(town, "published", title="Nowa")
    page = client.get(f"{DESK}/board").text
    assert "1 late" in page
    assert f"{DESK}?tab=late&amp;state=published" in page
    assert '<span class="count">2</span>' in page
    assert "Z pliku" not in page
    assert page.index("Nowa") < page.index("Stara")


def test_board_with_nothing_under_way(client, town, leader):
    assert "No case is under way" in client.get(f"{DESK}/board").text


@pytest.mark.parametrize("role", ["resident", "editor", "admin"])
def test_others_have_no_desk(client, town, actor_as, sign_in, role):
    sign_in(client, actor_as(role))
    assert client.get(DESK).status_code == 403
    assert client.get(f"{DESK}/board").status_code == 403


def test_visitor_is_asked_to_sign_in(client, town):
    assert client.get(DESK).status_code == 303


def test_team_of_another_town_has_no_desk_here(client, town, other_town, actor_as, sign_in):
    sign_in(client, actor_as("leader", other_town))
    assert client.get(DESK).status_code == 403


def test_clock_that_ended_on_a_free_day_is_late_on_the_next(town):
    friday, sunday = date(2026, 3, 6), date(2026, 3, 8)
    assert due_of(None, friday, town) is None
    late = due_of(friday, sunday, town)
    assert (late.kind, late.days) == ("late", -1)
    assert due_of(friday, friday, town).kind == "soon"
    assert due_of(date(2026, 3, 20), friday, town).kind == "ok"


@pytest.fixture
def waiting(town):
    """Cases due on several days, two on the same, one with two clocks, and some without a clock; as they should stand."""
    found = []
    for title, ahead in [("e", None), ("f", None), ("d", 9), ("c", 3), ("b", 3), ("a", -7)]:
        case = make_initiative(town, "published", title=title)
        with writing():
            content.finish_deadline(case)
            if ahead is not None:
                day = date.today() + timedelta(days=ahead)  # noqa: DTZ011 - whole days, far from midnight's edge
                content.start_deadline_on(case, "assign", day)
                if title == "c":
                    content.start_deadline_on(case, "appeal", day + timedelta(days=30))
        found.append(case)
    with writing():
        found[0].updated_at = found[1].updated_at + timedelta(minutes=1)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7])
def test_what_is_due_first_leads_and_pages_go_on_and_back(town, actor_as, waiting, size):
    actor = actor_as("leader")

    def walk(cursor):
        with acting(actor):
            return queries.work_list(actor, DeskFilter(), decode(cursor) if cursor else None, size)

    pages = [walk(None)]
    while pages[-1].older:
        pages.append(walk(pages[-1].older))
    assert "".join(row.title for one in pages for row in one.items) == "abcdef"
    assert [len(one.items) for one in pages[:-1]] == [size] * (len(pages) - 1)
    back = pages[-1]
    while back.newer:
        before = walk(back.newer)
        assert [row.title for row in before.items] == [
            title for title in "abcdef" if title < back.items[0].title
        ][-size:]
        back = before
    assert back.items[0].title == "a"


@pytest.mark.parametrize("at", [datetime(9999, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)])
def test_a_place_no_clock_has_is_harmless(town, client, leader, at):
    for direction in Direction:
        address = f"{DESK}?at={encode(Cursor(direction, at, 1))}"
        assert client.get(address).status_code in (200, 404)


def test_what_is_over_stands_by_the_last_touch(town, actor_as, waiting):
    actor = actor_as("leader")
    with acting(actor):
        rows = queries.work_list(actor, DeskFilter(tab="all"), None).items
    assert [row.updated_at for row in rows] == sorted((row.updated_at for row in rows), reverse=True)


def test_what_is_handled_without_publication_is_marked(client, town, actor_as, sign_in):
    sign_in(client, actor_as("leader"))
    make_initiative(town, "assigned", title="Otwarta sprawa")
    pages = ("?tab=all", "/board")
    assert [client.get(f"/en/lublin/desk/initiatives{page}").text.count("not public") for page in pages] == [
        0,
        0,
    ]
    make_initiative(town, "assigned", title="Cicha sprawa", audience=Audience.TEAM, listed_at=None)
    assert [client.get(f"/en/lublin/desk/initiatives{page}").text.count("not public") for page in pages] == [
        1,
        1,
    ]
