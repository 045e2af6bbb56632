"""The queue of comments: everything that waits in one place, with context, and decided there."""

import csv
import io
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.event import listen

from initiatives import queries, services
from portal.content import talk
from portal.content.models import Comment, CommentState, Stance
from portal.core.actor import acting
from portal.core.db import db
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"


def href(case, path=""):
    return f"{DESK}/{(case.number or '').lower()}{path}"


def say(actor, case, text="Bardzo potrzebne."):
    return services.comment(actor, case.id, Stance.FOR, text, "pl", text, shows_name=False).id


def row_of(comment_id):
    return db.session.get_one(Comment, comment_id, populate_existing=True)


@pytest.fixture
def ewa(actor_as):
    return actor_as("resident")


def test_everything_that_waits_stands_in_one_queue_with_its_context(client, town, reviewer, ewa, actor_as):
    case, jan = make_initiative(town), actor_as("resident")
    held = say(ewa, case, "www.sklep.example")
    reported = say(jan, case)
    services.report_comment(ewa, case.id, reported, "other", "Kopia sprzed roku.")
    hidden = say(jan, case, "Sam pan jest śmieciem.")
    services.moderate(actor_as("leader"), case.id, hidden, "hide", "insult", "Bez wyzwisk.")
    services.object_to(jan, case.id, hidden, "To było ogólnie.")
    page = client.get(f"{DESK}/comments").text
    for words in (
        "It holds a link, and the account is new.",
        "Kopia sprzed roku.",
        "To było ogólnie.",
        "Bez wyzwisk.",
        "1 shown, 0 waiting, 1 hidden",
        case.title,
    ):
        assert words in page, words
    for tab, one in (("held", held), ("reported", reported), ("objected", hidden)):
        found = client.get(f"{DESK}/comments?tab={tab}").text
        assert [f'id="comment-{n}"' in found for n in (held, reported, hidden)] == [
            n == one for n in (held, reported, hidden)
        ]
    assert client.get(f"{DESK}/comments?tab=nonsense").status_code == 404
    assert "Comments to look at" in client.get("/en/lublin/desk").text


def test_a_button_decides_and_leads_back_to_the_queue(client, town, reviewer, ewa):
    case = make_initiative(town)
    held = say(ewa, case, "www.sklep.example")
    field = f"comment-{held}-"
    shut = client.submit(f"{DESK}/comments", {f"{field}act": "hide", f"{field}rule": "", f"{field}words": ""})
    assert shut.status_code == 422
    assert "Choose the rule it breaks." in shut.text
    done = client.submit(f"{DESK}/comments", {f"{field}act": "publish", f"{field}words": ""})
    assert (done.status_code, done.location) == (303, f"{DESK}/comments")
    assert row_of(held).state is CommentState.VISIBLE
    page = client.get(href(case, f"/comments/{held}")).text
    assert "Take the last decision back" in page
    assert "Held by the rules" in page
    step = talk.steps(held)[-1].id
    client.submit(href(case, f"/comments/{held}"), {f"{field}step": str(step), f"{field}act": "undo"})
    assert row_of(held).state is CommentState.HELD
    assert str(held) not in client.get(f"{DESK}/comments?tab=judged").text.split('id="comment-')[-1][:20]


def test_who_hid_it_is_told_that_another_decides(client, town, reviewer, ewa, actor_as):
    case = make_initiative(town)
    actor_as("leader")
    hidden = say(ewa, case)
    services.moderate(reviewer, case.id, hidden, "hide", "insult")
    services.object_to(ewa, case.id, hidden, "Dlaczego?")
    page = client.get(f"{DESK}/comments").text
    assert "somebody else of the office decides" in page
    assert "Accept: show it again" not in page


def test_the_office_answers_under_its_role(client, town, reviewer, ewa):
    case = make_initiative(town)
    said = say(ewa, case)
    path = href(case, f"/comments/new?answers={said}")
    assert "The office · Monitoring team" in client.get(path).text
    assert client.submit(path, {"text": ""}).status_code == 422
    done = client.submit(path, {"text": "Odpowiemy w studium."})
    assert f"/initiatives/{(case.number or '').lower()}/comments/" in done.location
    answer = db.session.scalars(select(Comment).where(Comment.parent_id == said)).one()
    assert (answer.official, answer.office) == (True, "reviewer")
    for wrong in ("999999", "x", str(answer.id)):
        assert client.get(href(case, f"/comments/new?answers={wrong}")).status_code == 404


def test_what_one_took_part_in_and_other_towns_stay_closed(client, town, other_town, reviewer, ewa):
    own, foreign = make_initiative(town), make_initiative(other_town)
    said = say(ewa, own, "www.sklep.example")
    services.support(reviewer, own.id)
    assert f'id="comment-{said}"' not in client.get(f"{DESK}/comments").text
    assert client.get(href(own, f"/comments/{said}")).status_code == 403
    assert client.get(href(foreign, "/comments/1")).status_code == 404
    case = make_initiative(town)
    assert client.get(href(case, f"/comments/{said}")).status_code == 404
    with acting(reviewer):
        assert queries.queued_counts(reviewer) == [0]


def test_the_file_holds_all_and_runs_nothing(client, town, reviewer, ewa):
    case = make_initiative(town)
    say(ewa, case, "=1+1")
    hidden = say(ewa, case, "Sam pan jest śmieciem.")
    services.moderate(reviewer, case.id, hidden, "hide", "insult")
    answer = client.get(href(case, "/comments.csv"))
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [(row["text"], row["state"], row["rule"]) for row in rows] == [
        ("'=1+1", "visible", ""),
        ("Sam pan jest śmieciem.", "hidden", "insult"),
    ]
    assert "attachment" in answer.headers["Content-Disposition"]


def test_the_queue_costs_the_same_for_one_and_for_many(client, town, reviewer, actor_as):
    case = make_initiative(town)
    found, told = [], []

    def note(*event: Any) -> None:
        # Whether the cache asks for the versions meanwhile is a matter of milliseconds.
        if "content_version" not in event[2]:
            told.append(event[2])

    listen(db.engine, "before_cursor_execute", note)
    for n in range(3):
        say(actor_as("resident"), case, f"www.sklep.example {n}")
        client.get(f"{DESK}/comments")
        told.clear()
        client.get(f"{DESK}/comments")
        found.append(len(told))
    assert found[2] <= found[0]
