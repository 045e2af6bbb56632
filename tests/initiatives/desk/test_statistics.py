"""Numbers of the desk: queues with their ages, what lies with whom, who may see them."""

import csv
import io
from datetime import timedelta

import pytest

from initiatives import queries
from portal.core import clock, tenancy
from tests.factories.initiatives import make_initiative
from tests.factories.workbooks import rows_of

PAGE = "/en/lublin/desk/initiatives/statistics"


@pytest.mark.parametrize("role", ["reviewer", "leader", "decision_maker", "steering", "expert", "admin"])
def test_staff_with_the_permission_sees_it(client, town, actor_as, sign_in, role):
    make_initiative(town, "published")
    actor_as("reviewer")
    sign_in(client, actor_as(role))
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "What waits today" in page.text
    # Guests do not see what lies with whom.
    assert ("With whom" in page.text) is (role in ("reviewer", "leader", "decision_maker"))


@pytest.mark.parametrize("role", ["resident", "operator", "editor"])
def test_others_do_not(client, town, actor_as, sign_in, role):
    sign_in(client, actor_as(role))
    assert client.get(PAGE).status_code in (403, 404)
    for ending in ("csv", "xlsx"):
        assert client.get(f"{PAGE}.{ending}").status_code in (403, 404)


def test_queues_tell_age_and_lateness(town):
    make_initiative(town, "published")
    old = clock.now() - timedelta(days=40)
    make_initiative(town, "adopted", updated_at=old)
    with tenancy.within(town.id):
        timed = {queue.key: queue for queue in queries.clock_queues()}
        waiting = {queue.key: queue for queue in queries.waiting_queues()}
    assert timed["assign"].count == 1
    assert timed["assign"].late == 0
    assert waiting["adopted"].older == (1, 1, 0)


def test_load_counts_what_a_person_leads_and_studies(town, actor_as):
    leader, reviewer = actor_as("leader"), actor_as("reviewer")
    make_initiative(town, "purpose_study", lead=leader, reviewers=[leader, reviewer], sheets=False)
    make_initiative(town, "done", lead=leader, reviewers=[leader, reviewer])
    with tenancy.within(town.id):
        first, second = queries.loads([leader.user_id, reviewer.user_id])
    assert (first.leads, first.studies, first.unwritten) == (1, 1, 1)
    assert (second.leads, second.studies) == (0, 1)
    assert queries.loads([]) == []


def test_file_names_queues_and_people_and_is_not_kept(client, town, actor_as, sign_in):
    leader = actor_as("leader")
    make_initiative(town, "purpose_study", lead=leader, reviewers=[leader, actor_as("reviewer")])
    sign_in(client, leader)
    answer = client.get(f"{PAGE}.csv")
    assert "no-store" in answer.headers["Cache-Control"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert {"queues", "load"} <= {row["table"] for row in rows}
    assert leader.name in {row["label"] for row in rows}
    sheet = client.get(f"{PAGE}.xlsx")
    assert "no-store" in sheet.headers["Cache-Control"]
    assert any(leader.name in row for row in rows_of(sheet.data))
