"""The desk page of the realisation: news, milestones, money, photos; and what the public reads of them."""

import io

import pytest
from PIL import Image

from initiatives import queries, services
from initiatives.services.echoing import author_person
from portal.content import queries as content
from portal.content.models import FileRole
from portal.content.services import person_of_user
from portal.core.db import db
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"


def href(case, page="/realisation"):
    return f"{DESK}/{case.number.lower()}{page}"


def public(client, case):
    return client.get(f"/en/lublin/initiatives/{case.number.lower()}").text


def fresh(case):
    db.session.close()
    return queries.case(case.id)


@pytest.fixture
def leader(actor_as, client, sign_in):
    """A leader, signed in."""
    actor = actor_as("leader")
    sign_in(client, actor)
    return actor


@pytest.fixture
def sample():
    """A small photo."""
    with io.BytesIO() as target:
        Image.new("RGB", (80, 60), "green").save(target, "JPEG")
        return target.getvalue()


@pytest.fixture
def case(town, leader):
    return make_initiative(town, "in_progress", lead=leader)


@pytest.fixture
def send(client, token):
    """`send(case, "news", note="…")`: a post of one of the forms of the page."""

    def post(case, do, **fields):
        prefix = f"{do}-" if do in ("news", "milestone", "cost", "photo") else ""
        data = {f"{prefix}{name}": value for name, value in fields.items()}
        sign = token(href(case, ""))
        return client.post(
            f"{href(case)}?do={do}", data={"csrf_token": sign, f"{prefix}csrf_token": sign, **data}
        )

    return post


def test_news_are_public_and_move_the_share(client, case, send):
    assert send(case, "news", note="Fundament stoi.", progress="30").status_code == 303
    assert fresh(case).progress == 30
    page = public(client, case)
    assert "Fundament stoi." in page
    assert "Done: 30 %" in page


@pytest.mark.parametrize("wrong", [{"note": ""}, {"progress": "300"}, {"progress": "dużo"}])
def test_wrong_news_are_told_and_kept(case, send, wrong):
    answer = send(case, "news", **{"note": "Fundament stoi.", "progress": "30", **wrong})
    assert answer.status_code == 422
    assert wrong.get("progress", "30") in answer.text
    assert fresh(case).progress == 0


def test_money_is_public_with_its_log_and_without_names(client, case, leader, send):
    assert send(case, "cost", planned="1000", spent="", why="Po przetargu.").status_code == 303
    assert send(case, "cost", planned="1000", spent="1200", why="Faktura.").status_code == 303
    found = fresh(case)
    assert (found.planned_minor, found.spent_minor) == (100_000, 120_000)
    assert [row.why for row in queries.cost_changes(case.id)] == ["Faktura.", "Po przetargu."]
    page = public(client, case)
    assert "120 % of the planned money is spent." in page
    assert "More than planned" in page
    assert send(case, "cost", planned="1000", spent="1300", why="").status_code == 422


def test_photos_of_before_and_after_stand_beside_each_other(client, case, send, sample):
    for role in ("before", "after"):
        photo = (io.BytesIO(sample), f"{role}.jpg")
        sent = send(case, "photo", role=role, alt=f"Widok {role}", photo=photo)
        assert sent.status_code == 303, sent.text
    kept = content.files("initiative", case.id)
    assert [file.role for file in kept] == [FileRole.BEFORE, FileRole.AFTER]
    page = public(client, case)
    assert 'alt="Before: Widok before"' in page
    assert 'alt="After: Widok after"' in page
    assert send(case, "remove", photo=str(kept[0].id)).status_code == 303
    assert "Widok before" not in public(client, case)


@pytest.mark.parametrize("wrong", [{"role": ""}, {"alt": ""}, {"photo": ""}])
def test_a_photo_needs_its_time_its_words_and_a_file(case, send, sample, wrong):
    fields = {"role": "before", "alt": "Widok", "photo": (io.BytesIO(sample), "a.jpg"), **wrong}
    assert send(case, "photo", **fields).status_code == 422
    assert content.files("initiative", case.id) == []


def test_milestone_is_planned_changed_and_reached(client, case, send, token):
    planned = {"title": "Fundament", "planned_on": "2027-05-01", "share": "40"}
    assert send(case, "milestone", **planned).status_code == 303
    row = queries.milestones(case.id)[0]
    one = href(case, f"/milestones/{row.id}")
    assert client.submit(one, {"title": "Ława", "planned_on": "2027-06-01", "share": "50"}).status_code == 303
    db.session.close()
    row = queries.milestones(case.id)[0]
    assert (row.title, row.share, row.done_on) == ("Ława", 50, None)
    assert send(case, "reach", milestone=str(row.id)).status_code == 303
    now = fresh(case)
    assert (now.progress, queries.milestones(case.id)[0].done_on) == (50, now.local_today)
    assert "Reached today" not in client.get(href(case)).text
    again = client.submit(one, {"title": "Inna", "share": "50"})
    assert again.status_code == 422
    assert "it stays as it is" in again.text


def test_milestone_is_taken_off_the_plan(client, case, send):
    send(case, "milestone", title="Fundament", share="40")
    row = queries.milestones(case.id)[0]
    assert client.submit(href(case, f"/milestones/{row.id}"), {"go": "drop"}).status_code == 303
    assert queries.milestones(case.id) == []


@pytest.mark.parametrize(
    "wrong", [{"title": ""}, {"share": "140"}, {"share": "wiele"}, {"planned_on": "jutro"}]
)
def test_wrong_milestone_is_told_and_kept(case, send, wrong):
    page = send(case, "milestone", **{"title": "Fundament", "share": "40", **wrong})
    assert page.status_code == 422
    assert queries.milestones(case.id) == []


@pytest.mark.parametrize("value", ["77", "x", "9" * 30])
def test_what_is_not_there_is_not_found(case, send, value):
    assert send(case, "reach", milestone=value).status_code == 404


def test_a_body_without_a_known_button_changes_nothing(case, send):
    page = send(case, "nothing", x="77")
    assert page.status_code == 422
    assert "Plan a milestone" in page.text


def test_realisation_belongs_to_work_that_was_adopted(client, town, leader, send):
    case = make_initiative(town, "recommendation", lead=leader)
    assert "Plan a milestone" not in client.get(href(case)).text
    assert send(case, "milestone", title="Za wcześnie").status_code == 409
    assert send(case, "news", note="Za wcześnie").status_code == 409


def test_late_milestones_and_silence_are_said_in_words(client, case, leader, frozen):
    frozen("2026-03-02 10:00")
    services.set_milestone(leader, case.id, "Fundament", queries.case(case.id).local_today, 40, "k")
    frozen("2026-03-04 10:00")
    assert "Late: it was planned for" in public(client, case)


def test_counts_of_answers_are_public_from_three_on(client, town, leader, actor_as):
    case = make_initiative(town, "in_progress", lead=leader)
    people = [actor_as("resident") for _ in range(3)]
    for person in people:
        services.support(person, case.id)
    services.realise(leader, case.id, "finish", "Stoi.", "done")
    services.ask(leader, case.id, 1)
    for n, person in enumerate(people):
        assert ("people answered" in public(client, case)) == (n > 2)
        row = queries.echo_of(case.id, 1, person_of_user(person.user_id))
        services.answer_echo(person, services.echo_token(row), "yes" if n else "no", "Woda stoi.")
    page = public(client, case)
    assert "3 people answered" in page
    assert "Woda stoi." not in page
    assert "Woda stoi." in client.get(href(case)).text


def test_the_link_of_the_question_needs_no_account(client, town, leader, actor_as, sign_in):
    case = make_initiative(town, "in_progress", lead=leader)
    services.realise(leader, case.id, "finish", "Stoi.", "done")
    services.ask(leader, case.id, 1)
    row = queries.echo_of(case.id, 1, author_person(queries.case(case.id)))
    page = f"/en/echo/{services.echo_token(row)}"
    client.post("/en/sign-out", data={})
    client.delete_cookie("session")
    assert "Did it help?" in client.get(page).text
    assert client.submit(page, {"answer": "no", "words": ""}).status_code == 422
    assert client.submit(page, {"answer": "no", "words": "Za daleko."}).status_code == 303
    assert "Your answer has arrived" in client.get(page).text
    assert fresh(case).state == "disputed"
    assert client.get("/en/echo/forged").status_code == 404
