"""The pages of batches, and that nothing of a prepared decision is seen by anybody before its moment."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from initiatives import queries, services
from portal.api.models import WebhookDelivery
from portal.core import clock
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.notify.models import Notice
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"
SECRET = "Ławka stanie wiosną, bo tak"


@pytest.fixture
def maker(actor_as, client, sign_in):
    actor = actor_as("decision_maker", name="Ewa Decyzyjna")
    sign_in(client, actor)
    return actor


@pytest.fixture
def case(town):
    return make_initiative(town, "recommendation")


def begun(client):
    sent = client.submit(f"{DESK}/batches", {"name": "Sesja majowa"})
    assert sent.status_code == 303
    return sent.location


def prepared(client, case, **values):
    page = begun(client)
    sent = client.submit(f"{page}/{case.number.lower()}", {"verdict": "adopted", "note": SECRET, **values})
    assert (sent.status_code, sent.location) == (303, page)
    return page


def test_batch_is_begun_and_named(client, maker):
    assert "There is no batch yet" in client.get(f"{DESK}/batches").text
    wrong = client.submit(f"{DESK}/batches", {"name": ""})
    assert wrong.status_code == 422
    assert "Sesja majowa" in client.get(begun(client)).text
    assert "being prepared" in client.get(f"{DESK}/batches").text


def test_decision_is_prepared_looked_through_and_published_by_hand(client, maker, case):
    assert case.title in client.get(begun(client)).text
    page = prepared(client, case)
    shown = client.get(page).text
    for words in (SECRET, "prepared by Ewa Decyzyjna", "1 message will go out."):
        assert words in shown
    version = queries.batch(int(page.rsplit("/", 1)[1])).version
    sign = client.get(page)
    sent = client.submit_shown(sign, page, {"go": "publish", "version": str(version)})
    assert sent.status_code == 303
    after = client.get(page).text
    assert "Published by hand" in after
    assert "Publish now" not in after
    db.session.close()
    assert queries.case(case.id).state == "adopted"


def test_embargo_is_set_in_the_offices_time_moved_and_lifted(client, maker, case, frozen):
    frozen("2026-03-02 10:00")
    page = prepared(client, case)
    wrong = client.submit(page, {"day": "2026-03-05", "hour": "noon", "go": "time"})
    assert wrong.status_code == 422
    assert "Write a time such as 12:00." in wrong.text
    past = client.submit(page, {"day": "2026-03-01", "hour": "9", "go": "time"})
    assert past.status_code == 422
    assert client.submit(page, {"day": "2026-03-05", "hour": "9.30", "go": "time"}).status_code == 303
    batch_id = int(page.rsplit("/", 1)[1])
    assert queries.batch(batch_id).publish_at.isoformat() == "2026-03-05T08:30:00+00:00"
    assert "under embargo" in client.get(page).text
    assert 'value="09:30"' in client.get(page).text
    assert client.submit(page, {"go": "untime"}).status_code == 303
    stale = client.submit(page, {"go": "cancel", "version": "1"})
    assert stale.status_code == 409
    assert client.submit(page, {"go": "cancel"}).status_code == 303
    assert "Batch cancelled" in client.get(page).text


def test_second_decision_maker_sees_both_texts(client, maker, case, actor_as, token):
    page = begun(client)
    href = f"{page}/{case.number.lower()}"
    sign = token(href)
    batch_id = int(page.rsplit("/", 1)[1])
    other = actor_as("decision_maker", name="Jan Drugi")
    services.prepare_decision(other, case.id, batch_id, "refused", "Brak pieniędzy.", version=case.version)
    data = {"verdict": "adopted", "note": SECRET, "version": "1", "item_version": "0", "csrf_token": sign}
    answer = client.post(href, data=data)
    assert answer.status_code == 409
    for words in ("What Jan Drugi prepared meanwhile", "Brak pieniędzy.", SECRET):
        assert words in answer.text
    again = {**data, "item_version": "1"}
    assert [client.post(href, data=again).status_code for _ in range(2)] == [303, 303]


def test_bad_input_keeps_what_was_typed(client, maker, case):
    page = begun(client)
    href = f"{page}/{case.number.lower()}"
    wrong = client.submit(href, {"verdict": "deferred", "note": SECRET, "returns_on": "kiedyś"})
    assert wrong.status_code == 422
    assert SECRET in wrong.text
    assert client.submit(href, {"verdict": "partly_adopted", "note": SECRET}).status_code == 422
    assert client.get(f"{DESK}/batches/999").status_code == 404


def test_changed_case_is_pointed_out(client, maker, case, actor_as):
    page = prepared(client, case)
    leader = actor_as("leader")
    services.reply(leader, case.id, "Dziękujemy.")
    shown = client.get(page).text
    assert "The case changed after this was written." in shown
    assert "0 messages will go out." in shown


@pytest.mark.parametrize("role", ["leader", "reviewer", "operator", "steering", "expert", "admin", "dpo"])
def test_others_of_the_office_do_not_see_it(client, maker, case, actor_as, sign_in, role):
    page = prepared(client, case)
    sign_in(client, actor_as(role))
    for href in (f"{DESK}/batches", page, f"{page}/{case.number.lower()}"):
        assert client.get(href).status_code == 403
    for href in (
        f"{DESK}/{case.number.lower()}",
        DESK,
        f"{DESK}/board",
        "/en/lublin/desk",
        "/en/lublin/desk/audit",
    ):
        answer = client.get(href)
        assert SECRET not in answer.text, href


PUBLIC = (
    "/en/lublin/initiatives",
    "/en/lublin/initiatives.csv",
    "/en/lublin/initiatives.json",
    "/en/lublin/initiatives.geojson",
    "/en/lublin/initiatives.atom",
    "/en/lublin/initiatives/map",
    "/en/lublin/initiatives/map/points.json?zoom=14&box=22,51,23,52",
    "/en/lublin/initiatives/statistics",
    "/en/lublin/initiatives/statistics.csv",
    "/en/lublin/initiatives/embed",
    "/en/lublin/initiatives/{slug}",
    "/en/lublin/initiatives/{slug}/print",
    "/en/lublin/initiatives/{slug}/embed",
    "/en/lublin",
    "/en",
    "/en/search?q=wiosn%C4%85",
    "/open311/v2/requests.json?jurisdiction_id=lublin",
    "/open311/v2/requests/{slug}.json?jurisdiction_id=lublin",
    "/api/v1/municipalities/lublin/initiatives",
    "/api/v1/municipalities/lublin/initiatives/{number}",
    "/api/v1/municipalities/lublin/initiatives/{number}/history",
)


def test_nothing_leaks_before_the_moment(app, client, maker, case, run_jobs):
    visitor = app.test_client()
    slug, stood = case.number.lower(), (case.state, case.version, case.updated_at)
    hrefs = [href.format(slug=case.number.lower(), number=case.number) for href in PUBLIC]
    before = {href: visitor.get(href) for href in hrefs}
    assert not [
        href for href, answer in before.items() if answer.status_code >= 400 and "history" not in href
    ]
    page = prepared(client, case)
    batch_id = int(page.rsplit("/", 1)[1])
    services.time_batch(maker, batch_id, clock.now() + timedelta(days=1), 1)
    run_jobs()
    db.session.close()
    for href in hrefs:
        answer = visitor.get(href)
        assert SECRET not in answer.text, href
        assert answer.text.lower().count("adopted") == before[href].text.lower().count("adopted"), href
    now = queries.case(case.id)
    # Neither state nor version nor the time of the last change gives it away.
    assert (now.state, now.version, now.updated_at) == stood
    assert queries.decisions(now.id) == []
    assert db.session.scalars(select(Notice)).all() == []
    assert db.session.scalars(select(WebhookDelivery)).all() == []
    entries = db.session.scalars(select(AuditEntry)).all()
    assert not [entry for entry in entries if SECRET in str(entry.details)]
    services.release_batch(maker, batch_id, 2)
    services.work_batch(batch_id, 5)
    db.session.close()
    assert SECRET in visitor.get(f"/en/lublin/initiatives/{slug}").text
