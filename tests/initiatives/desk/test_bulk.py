"""Bulk acts by their pages: ticking, the look before, the form, the result, the way back; the address keeps the list."""

import re

import pytest
from sqlalchemy import select

from initiatives import queries, services
from initiatives.models import BulkAct
from portal.core.db import db
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"
BULK = f"{DESK}/bulk"
WHY = "Bo tak jest najlepiej dla wszystkich."


@pytest.fixture
def leader(actor_as, client, sign_in):
    """A leader, signed in."""
    actor = actor_as("leader")
    sign_in(client, actor)
    return actor


def made(town, state, **values):
    case = make_initiative(town, state, **values)
    return case.id, case.number


def state_of(case_id):
    db.session.close()
    return queries.case(case_id).state


def plain(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)).split())


def test_only_who_assigns_ticks_cases(client, town, actor_as, sign_in, leader):
    case_id, _number = made(town, "published")
    assert f'name="case" value="{case_id}"' in client.get(DESK).text
    sign_in(client, actor_as("reviewer"))
    assert 'name="case"' not in client.get(f"{DESK}?tab=all").text
    assert client.get(f"{BULK}?verb=publish&case={case_id}").status_code == 403


def test_list_offers_the_first_hundred_and_keeps_the_filter(client, town, leader):
    made(town, "published", category="roads")
    page = client.get(f"{DESK}?category=roads").text
    assert '<input type="hidden" name="category" value="roads">' in page
    assert "the 1 case of this list" in page
    everything = client.get(f"{DESK}?tab=all").text
    assert "the first 100 of this list" in everything
    assert "the first 500 of this list" in everything


def test_ticks_come_back_with_the_address(client, town, leader):
    first, second = made(town, "published")[0], made(town, "published")[0]
    page = client.get(f"{DESK}?case={first}&case=x&case=99999999999999999999").text
    assert f'value="{first}" checked' in page
    assert f'value="{second}" checked' not in page
    every = client.get(f"{DESK}?ticked=all").text
    assert f'value="{second}" checked' in every


def test_preview_says_who_can_who_cannot_and_who_is_told(client, town, leader):
    ready, _ = made(town, "submitted", title="Dobra ławka")
    silent, _ = made(town, "submitted", with_author=False, title="Bez autora")
    wrong, _ = made(town, "assigned", title="Już przydzielona")
    page = client.get(
        f"{BULK}?tab=all&verb=publish&case={ready}&case={silent}&case={wrong}&category=greenery"
    )
    words = plain(page)
    assert "2 cases can" in words
    assert "1 case cannot" in words
    assert "Its state is “assigned”; this step is not possible from there." in words
    assert "1 e-mail goes out." in words
    assert "1 case has no author who could be told." in words
    assert "wait for ten minutes" in words
    assert f"{DESK}?tab=all&amp;category=greenery&amp;case={ready}" in page.text


def test_preview_names_what_takes_part_in_a_proposal_to_merge(client, town, leader):
    (one, _), (two, number) = made(town, "assigned"), made(town, "assigned")
    services.propose_merge(leader, one, number, "Bo to jedno.")
    for verb, words in (("transfer", "It takes part in a proposal to merge."), ("assign", "2 cases can")):
        assert words in plain(client.get(f"{BULK}?verb={verb}&case={one}&case={two}"))


def test_personal_data_is_pointed_out_before_many_are_published(client, town, leader):
    text = "Proszę o ławkę przy przystanku. Mój telefon to 601 234 567, proszę dzwonić."
    case_id, _ = made(town, "submitted", text=text)
    words = plain(client.get(f"{BULK}?verb=publish&case={case_id}"))
    assert "This may be personal data of somebody: " in words
    assert "601 234 567" not in words


def test_followers_are_counted_by_the_rules_of_sending(client, town, leader, actor_as):
    referred, started = made(town, "published")[0], made(town, "planned", lead=leader)[0]
    for case_id in (referred, started):
        for _n in range(2):
            services.follow(actor_as("resident"), case_id, "pl")
    assert "3 e-mails go out." in plain(client.get(f"{BULK}?verb=transfer&case={referred}"))
    words = plain(client.get(f"{BULK}?verb=start&case={started}"))
    assert "1 e-mail goes out." in words
    assert "2 go into daily summaries." in words


def test_whole_lists_are_taken_without_ticks(client, town, leader):
    for _n in range(3):
        made(town, "published")
    made(town, "published", category="roads")
    words = plain(client.get(f"{BULK}?take=500&verb=assign&category=greenery"))
    assert "3 cases can" in words


def test_form_is_shown_again_with_its_errors_and_everything_typed(client, town, leader, actor_as):
    one = actor_as("reviewer", name="Ala Pierwsza")
    case_id, _ = made(town, "published")
    path = f"{BULK}?verb=assign&case={case_id}"
    sent = {"department": "Wydział Dróg", "lead": "0", "reviewers": [str(one.user_id)], "note": "Bo tak"}
    page = client.submit(path, sent)
    assert page.status_code == 422
    assert "Tick at least two reviewers." in page.text
    assert 'value="Wydział Dróg"' in page.text
    assert f'value="{one.user_id}" checked' in page.text
    assert "Bo tak" in page.text
    assert state_of(case_id) == "published"


def test_cases_are_assigned_shown_and_taken_back(client, town, leader, actor_as, outbox):
    one, two = actor_as("reviewer"), actor_as("reviewer")
    first, number = made(town, "published")
    second, left = made(town, "submitted")
    path = f"{BULK}?tab=all&verb=assign&case={first}&case={second}"
    sent = client.submit(
        path,
        {
            "department": "Wydział Dróg",
            "lead": str(one.user_id),
            "reviewers": [str(one.user_id), str(two.user_id)],
            "note": "",
        },
    )
    assert sent.status_code == 303
    assert state_of(first) == "assigned"
    page = client.get(sent.location)
    words = plain(page)
    assert "1 case is done" in words
    assert "1 case was left as it is" in words
    assert number in words
    assert left in words
    assert f"{DESK}?tab=all&amp;case={second}" in page.text
    undone = client.post_button(page, f"{sent.location}/undo")
    assert undone.status_code == 303
    assert state_of(first) == "published"
    again = plain(client.get(undone.location))
    assert "1 case is back where it was; nobody was told." in again
    assert outbox() == []
    assert "taken back" in plain(client.get(BULK))


def test_a_double_click_is_one_act(client, town, leader):
    case_id, _ = made(town, "submitted")
    page = client.get(f"{BULK}?verb=hold&case={case_id}")
    sent = [
        client.submit_shown(page, f"{BULK}?verb=hold&case={case_id}", {"note": WHY}).location
        for _n in range(2)
    ]
    assert sent[0] == sent[1]
    assert len(db.session.scalars(select(BulkAct)).all()) == 1


def test_a_case_changed_after_the_look_is_left(client, town, leader):
    case_id, _ = made(town, "submitted")
    page = client.get(f"{BULK}?verb=publish&case={case_id}")
    services.reply(leader, case_id, "Dzień dobry.")
    sent = client.submit_shown(page, f"{BULK}?verb=publish&case={case_id}", {"note": ""})
    assert state_of(case_id) == "submitted"
    assert "Somebody changed it meanwhile." in plain(client.get(sent.location))


@pytest.mark.parametrize(
    "query",
    ["", "verb=publish", "verb=publish&case=12345", "verb=decide&case=1", "verb=publish&case=x&take=7"],
)
def test_without_a_case_or_a_known_step_the_page_says_how_it_is_done(client, town, leader, query):
    page = client.get(f"{BULK}?{query}")
    assert page.status_code == 200
    assert "Tick cases in a work list" in page.text


@pytest.mark.parametrize("seen", ["", "x.y 1", "9999999999999999999999.1", "1.2.3 . 5."])
def test_what_no_page_of_ours_sends_changes_nothing(client, town, leader, token, seen):
    case_id, _ = made(town, "submitted")
    path = f"{BULK}?verb=publish&case={case_id}"
    answer = client.post(path, data={"csrf_token": token(path), "note": "", "seen": seen})
    assert answer.status_code in (200, 422)
    assert state_of(case_id) == "submitted"


def test_progress_is_told_while_a_job_goes_on(client, town, leader):
    cases = [made(town, "submitted")[0] for _n in range(2)]
    bulk_id = services.start_bulk(leader, "publish", {"note": ""}, [(c, 1) for c in cases], "", "k" * 20)
    words = plain(client.get(f"{BULK}/{bulk_id}"))
    assert "0 of 2 cases are settled." in words
    assert client.get(f"{BULK}/{bulk_id}/undo").status_code == 303


def test_late_undo_is_refused_in_words(client, town, leader, frozen):
    frozen("2026-03-02 10:00")
    case_id, _ = made(town, "submitted")
    bulk_id = services.start_bulk(leader, "hold", {"note": WHY}, [(case_id, 1)], "", "k" * 20)
    services.work_bulk(leader, bulk_id, 60)
    page = client.get(f"{BULK}/{bulk_id}")
    frozen("2026-03-02 10:11")
    answer = client.post_button(page, f"{BULK}/{bulk_id}/undo")
    assert "can no longer be taken back" in client.get(answer.location).text
    assert "Take everything back" not in client.get(answer.location).text


def test_acts_of_another_town_are_not_there(client, town, other_town, leader, actor_as):
    assert client.get(f"{BULK}/12345").status_code == 404


# ---- a template that asks for something not known of every case ----


@pytest.fixture
def needs_department(leader, town):
    """The number of a template that names the department."""
    asked = services.ReplyAsked("Wydział", ["reply"], {"pl": "Sprawę {number} prowadzi {department}."})
    return services.save_reply(
        leader, town.id, None, asked, queries.settings_mark(queries.office(), "replies")
    )


def test_cases_of_which_the_template_asks_too_much_are_named_and_left_out(
    client, town, leader, needs_department
):
    known, _ = made(town, "assigned", department="Wydział Dróg")
    unknown, number = made(town, "assigned", title="Bez wydziału")
    path = f"{BULK}?verb=reply&case={known}&case={unknown}"
    assert "2 cases can" in plain(client.get(path))
    shown = client.submit(path, {"template": str(needs_department), "fill": "put"})
    words = plain(shown)
    assert shown.status_code == 200
    assert "1 case cannot" in words
    assert "1 case can" in words
    assert "not known of this case: {department}." in words
    assert f'href="{DESK}/{number.lower()}"' in shown.text
    assert number in words
    assert "Write to the author: 1 case" in words
    sent = client.submit_shown(shown, path, {"used": str(needs_department)})
    assert sent.status_code == 303
    result = plain(client.get(sent.location))
    assert "not known of this case" in result
    db.session.close()
    notes = {key: queries.timeline(queries.case(key), tuple(Lane))[0].note for key in (known, unknown)}
    assert "prowadzi Wydział Dróg" in notes[known]
    assert "prowadzi" not in notes[unknown]


def test_a_template_put_in_by_a_script_is_looked_at_once_before_it_goes(
    client, town, leader, needs_department
):
    known, _ = made(town, "assigned", department="Wydział Dróg")
    unknown, _ = made(town, "assigned")
    path = f"{BULK}?verb=reply&case={known}&case={unknown}"
    text = "Sprawę {number} prowadzi {department}."
    typed = {"note": text, "used": str(needs_department)}
    shown = client.submit(path, typed)
    assert shown.status_code == 422
    assert "not known of every case" in plain(shown)
    assert f'name="lacks" value="{unknown}"' in shown.text
    assert client.submit(path, {**typed, "lacks": str(unknown)}).status_code == 303


def test_a_text_that_suits_none_of_them_is_not_sent(client, town, leader, needs_department):
    unknown, _ = made(town, "assigned")
    path = f"{BULK}?verb=reply&case={unknown}"
    shown = client.submit(path, {"template": str(needs_department), "fill": "put"})
    assert "Choose another one." in plain(shown)
    again = client.submit_shown(shown, path, {"note": "Sprawę prowadzi {department}."})
    assert again.status_code == 422
