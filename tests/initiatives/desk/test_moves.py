"""The moves of a case: each verb by its page, with consequences, reasons, refusals and double clicks."""

import re
from datetime import timedelta

import pytest

from initiatives import queries, services
from initiatives.desk import moves
from initiatives.forms.verbs import PAGES, move_of
from initiatives.models import Audience, ChangeOf, Outcome
from initiatives.states import CHANGE_ANSWERS, WORKFLOW
from portal.content import queries as content_queries
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative
from tests.factories.towns import make_town

DESK = "/en/lublin/desk/initiatives"
WHY = "Bo tak jest najlepiej dla wszystkich."


def href(case, verb=""):
    return f"{DESK}/{(case.number or '').lower()}" + (f"/move/{verb.replace('_', '-')}" if verb else "")


def fresh(case):
    db.session.close()
    return queries.case(case.id)


def verbs_of(case):
    return [step.verb for step in content_queries.history(*case.about, tuple(Lane))]


@pytest.fixture
def as_role(actor_as, client, sign_in):
    """Sign somebody with this role in; gives the actor."""

    def enter(role):
        actor = actor_as(role)
        sign_in(client, actor)
        return actor

    return enter


# ---- every verb ----


@pytest.mark.parametrize(
    ("role", "state", "verb", "words", "after"),
    [
        ("reviewer", "submitted", "publish", {"note": ""}, "published"),
        ("reviewer", "held", "publish", {"note": "Sprzeciw był słuszny."}, "published"),
        ("reviewer", "submitted", "send_back", {"note": "- Adres\n- Zdjęcie"}, "returned"),
        ("reviewer", "submitted", "hold", {"note": "Obraźliwe słowa."}, "held"),
        ("leader", "published", "transfer", {"note": WHY, "to": "Zarząd Dróg"}, "transferred"),
        ("leader", "merged", "split", {"note": WHY}, "published"),
        ("leader", "deferred", "resume", {"version": "1"}, "recommendation"),
        ("decision_maker", "recommendation", "decide", {"verdict": "adopted", "note": WHY}, "adopted"),
        ("decision_maker", "recommendation", "decide", {"verdict": "refused", "note": WHY}, "refused"),
        ("decision_maker", "appealed", "uphold", {"note": WHY}, "refused"),
        ("decision_maker", "appealed", "reverse", {"verdict": "adopted", "note": WHY}, "adopted"),
        ("leader", "adopted", "correct", {"note": WHY}, "recommendation"),
    ],
)
def test_move_is_made_with_its_words(client, town, as_role, role, state, verb, words, after):
    actor = as_role(role)
    case = make_initiative(town, state)
    sent = client.submit(href(case, verb), words)
    assert (sent.status_code, sent.location) == (303, href(case))
    now = fresh(case)
    assert now.state == after
    last = content_queries.history(*case.about, tuple(Lane))[-1]
    assert last.user_id == actor.user_id
    assert last.note == words.get("note", "").strip()
    shown = client.get(href(case)).text
    assert f"The case is now: {WORKFLOW.state(after).label}." in shown


@pytest.mark.parametrize(
    ("state", "verb", "words", "after", "outcome"),
    [
        ("adopted", "plan", {"note": WHY}, "planned", Outcome.NONE),
        ("planned", "start", {"note": "", "progress": "10"}, "in_progress", Outcome.NONE),
        ("in_progress", "finish", {"note": WHY, "target": "done"}, "done", Outcome.DONE),
        ("in_progress", "finish", {"note": WHY, "target": "partly_done"}, "partly_done", Outcome.PARTLY),
        ("in_progress", "abandon", {"note": WHY, "outcome": "refused"}, "abandoned", Outcome.REFUSED),
        ("planned", "abandon", {"note": WHY, "outcome": "unneeded"}, "abandoned", Outcome.UNNEEDED),
        ("disputed", "resume_work", {"note": WHY, "progress": "80"}, "in_progress", Outcome.NONE),
    ],
)
def test_owner_reports_on_the_work(client, town, as_role, state, verb, words, after, outcome):
    lead = as_role("leader")
    case = make_initiative(town, state, lead=lead)
    assert client.submit(href(case, verb), words).status_code == 303
    now = fresh(case)
    assert (now.state, now.outcome) == (after, outcome)
    assert now.progress == (100 if after == "done" else int(words.get("progress", 0)))


def test_studies_start_one_after_the_other(client, town, as_role, actor_as):
    me = as_role("reviewer")
    case = make_initiative(town, "assigned", reviewers=[me, actor_as("reviewer")])
    assert client.submit(href(case, "start_purpose"), {"version": "1"}).status_code == 303
    assert fresh(case).state == "purpose_study"
    refused = client.submit(href(case, "start_feasibility"), {"version": "2"})
    assert refused.status_code == 422
    assert "Two reviewers must finish the purpose study first." in refused.text


def test_case_is_assigned_to_people_of_the_team(client, town, as_role, actor_as):
    as_role("leader")
    one, two = actor_as("reviewer", name="Ala Pierwsza"), actor_as("reviewer", name="Ola Druga")
    case = make_initiative(town, "published")
    page = client.get(href(case, "assign")).text
    assert "Ala Pierwsza" in page
    words = {
        "department": "Wydział Dróg",
        "lead": str(one.user_id),
        "reviewers": [str(one.user_id), str(two.user_id)],
        "note": "",
    }
    assert client.submit(href(case, "assign"), words).status_code == 303
    now = fresh(case)
    assert (now.state, now.department, now.lead_user_id) == ("assigned", "Wydział Dróg", one.user_id)
    assert set(now.reviewer_ids) == {one.user_id, two.user_id}


def test_one_reviewer_is_not_enough(client, town, as_role, actor_as):
    as_role("leader")
    one = actor_as("reviewer")
    case = make_initiative(town, "published")
    page = client.submit(
        href(case, "assign"),
        {"department": "Wydział Dróg", "lead": "0", "reviewers": [str(one.user_id), "17"], "note": "Bo tak"},
    )
    assert page.status_code == 422
    assert "Tick at least two reviewers." in page.text
    assert "Choose who leads the case." in page.text
    assert 'value="Wydział Dróg"' in page.text
    assert f'value="{one.user_id}" checked' in page.text


def test_colleague_with_a_stake_is_not_offered_and_refused(client, town, as_role, actor_as):
    leader = as_role("leader")
    fan, other = actor_as("reviewer", name="Fan Ławek"), actor_as("reviewer")
    case = make_initiative(town, "published")
    services.support(fan, case.id)
    assert "Fan Ławek" not in client.get(href(case, "assign")).text
    with pytest.raises(Invalid) as refused:
        services.assign(leader, case.id, "Wydział", other.user_id, [other.user_id, fan.user_id])
    assert "took no part" in str(refused.value.reason)


def test_a_merge_is_proposed_and_asks_the_authors(client, town, as_role):
    as_role("leader")
    target = make_initiative(town, "published", title="Pierwsza")
    number = target.number
    case = make_initiative(town, "published", title="Druga")
    page = client.get(href(case, "merge")).text
    assert "Both authors are asked" in page
    assert "will be told" not in page
    unknown = client.submit(href(case, "merge"), {"into": "LUB-I-2026-9999", "note": WHY})
    assert unknown.status_code == 422
    assert "Check the number." in unknown.text
    words = {"into": number, "note": WHY}
    assert client.submit(href(case, "merge"), words).status_code == 303
    assert fresh(case).state == "published"
    for shown, other in ((case, number), (fresh(target), case.number)):
        desk = client.get(href(shown)).text
        assert "has not answered yet" in desk
        assert other in desk
        assert href(shown, "drop-merge") in desk
        assert href(shown, "merge") + '"' not in desk


def test_a_merge_proposed_twice_by_a_double_click_is_proposed_once(client, town, as_role, token):
    as_role("leader")
    case, target = make_initiative(town, "published"), make_initiative(town, "published")
    words = {"into": target.number, "note": WHY, "version": "1", "csrf_token": token(href(case, "merge"))}
    for _ in range(2):
        assert client.post(href(case, "merge"), data=words).status_code == 303
    other = make_initiative(town, "published")
    refused = client.post(href(case, "merge"), data={**words, "into": other.number})
    assert refused.status_code == 409
    assert "another proposal" in refused.text
    assert WHY in refused.text


def test_a_proposal_to_merge_is_taken_back(client, town, as_role):
    as_role("leader")
    case, target = make_initiative(town, "published"), make_initiative(town, "published")
    assert client.submit(href(case, "merge"), {"into": target.number, "note": WHY}).status_code == 303
    assert client.submit(href(target, "drop-merge"), {"note": WHY}).status_code == 303
    assert fresh(case).merge_id is None
    assert "drop-merge" not in client.get(href(case)).text


def test_time_is_given_once_for_each_deadline(client, town, as_role, token):
    as_role("leader")
    case = make_initiative(town, "purpose_study")
    new_day = case.local_today + timedelta(days=40)
    assert client.submit(href(case, "extend"), {"due": new_day.isoformat(), "note": WHY}).status_code == 303
    assert content_queries.open_deadlines(*case.about)[0].due_on == new_day
    page = client.get(href(case)).text
    assert "extended" in page
    assert f'{href(case, "extend")}"' not in page
    assert client.get(href(case, "extend")).status_code == 409
    again = {
        "due": new_day.isoformat(),
        "note": "Jeszcze raz.",
        "version": "1",
        "csrf_token": token(href(case)),
    }
    refused = client.post(href(case, "extend"), data=again)
    assert refused.status_code == 409
    assert "extended once already" in refused.text
    assert "Jeszcze raz." in refused.text


def test_time_in_the_past_is_refused(client, town, as_role):
    as_role("leader")
    case = make_initiative(town, "recommendation")
    for day in ("2020-01-01", "31.02.2027", ""):
        page = client.submit(href(case, "extend"), {"due": day, "note": WHY})
        assert page.status_code == 422
        assert WHY in page.text


def test_part_and_delay_need_their_words(client, town, as_role):
    as_role("decision_maker")
    case = make_initiative(town, "recommendation")
    part = client.submit(href(case, "decide"), {"verdict": "partly_adopted", "note": ""})
    assert (part.status_code, "Say what is left out" in part.text) == (422, True)
    assert "Write the reasons" in part.text  # All that is missing in one answer.
    late = client.submit(
        href(case, "decide"), {"verdict": "deferred", "note": WHY, "returns_on": "2020-01-01"}
    )
    assert (late.status_code, "Choose a day after today." in late.text) == (422, True)
    assert 'value="deferred" checked' in late.text
    day = (case.local_today + timedelta(days=30)).isoformat()
    sent = client.submit(href(case, "decide"), {"verdict": "deferred", "note": WHY, "returns_on": day})
    assert sent.status_code == 303
    assert fresh(case).state == "deferred"


def test_decision_page_shows_the_recommendation_and_leaves_the_choice_open(client, town, as_role):
    as_role("decision_maker")
    case = make_initiative(town, "recommendation", recommended_why="Tanio i potrzebne.")
    page = client.get(href(case, "decide")).text
    assert "What the team recommends" in page
    assert "Tanio i potrzebne." in page
    assert "checked" not in page


@pytest.mark.parametrize(
    ("role", "state", "verb"),
    [
        ("reviewer", "submitted", "send_back"),
        ("reviewer", "submitted", "hold"),
        ("leader", "published", "transfer"),
        ("decision_maker", "recommendation", "decide"),
        ("decision_maker", "appealed", "uphold"),
        ("leader", "adopted", "correct"),
    ],
)
def test_reasons_are_asked_for(client, town, as_role, role, state, verb):
    as_role(role)
    case = make_initiative(town, state)
    page = client.submit(href(case, verb), {"note": " "})
    assert page.status_code == 422
    assert "Error: " in page.text
    assert 'href="#note"' in page.text
    assert fresh(case).state == state


def test_case_is_returned_once_only(client, town, as_role):
    as_role("reviewer")
    case = make_initiative(town, "submitted", returned_once=True)
    assert "It was returned once already" in client.get(href(case)).text
    page = client.submit(href(case, "send_back"), {"note": "Adres"})
    assert page.status_code == 422


def test_recommend_leads_to_the_synthesis(client, town, as_role):
    as_role("leader")
    case = make_initiative(town, "feasibility_study")
    assert client.get(href(case, "recommend")).location == f"{href(case)}/synthesis"


@pytest.mark.parametrize("verb", ["lapse", "withdraw", "submit", "appeal", "confirm", "nonsense"])
def test_what_is_not_done_at_the_desk_has_no_page(client, town, as_role, verb):
    as_role("leader")
    case = make_initiative(town, "returned")
    assert client.get(href(case, verb)).status_code == 404


@pytest.mark.parametrize(
    ("role", "state", "verb"),
    [
        ("reviewer", "published", "assign"),
        ("leader", "recommendation", "decide"),
        ("decision_maker", "submitted", "publish"),
        ("reviewer", "adopted", "plan"),
        ("steering", "recommendation", "decide"),
    ],
)
def test_others_may_not(client, town, as_role, role, state, verb):
    as_role(role)
    case = make_initiative(town, state)
    assert client.get(href(case, verb)).status_code == 403
    assert fresh(case).state == state


def test_appeal_is_decided_by_somebody_else(client, town, as_role):
    actor = as_role("decision_maker")
    case = make_initiative(town, "appealed", decided_by_user_id=actor.user_id)
    answer = client.get(href(case, "uphold"))
    assert answer.status_code == 403
    assert "another person than the one who refused" in answer.text


def test_refusal_and_appeal_stand_beside_the_choice(client, town, actor_as, as_role):
    author = actor_as("resident")
    case = make_initiative(town, "recommendation", author=author)
    refused = "Nie ma na to miejsca w pasie drogi."
    services.decide(actor_as("decision_maker"), case.id, "refused", refused)
    services.appeal(author, case.id, "Miejsce jest po drugiej stronie ulicy.")
    as_role("decision_maker")
    for verb in ("uphold", "reverse"):
        page = client.get(href(case, verb)).text
        assert refused in page
        assert "Miejsce jest po drugiej stronie ulicy." in page


# ---- what follows ----


def test_consequences_are_told_before(client, town, as_role):
    as_role("reviewer")
    case = make_initiative(town, "submitted")
    page = client.get(href(case, "publish")).text
    assert "The case becomes: published." in page
    assert "within 2 working days" in page
    assert "What you write here is public." in page
    assert "1 person will be told." in page
    hold = client.get(href(case, "hold")).text
    assert "read by the author and the team only" in hold


def test_people_counted_are_people_told(client, town, as_role, actor_as, outbox, run_jobs):
    as_role("decision_maker")
    fans = [actor_as("resident") for _ in range(3)]
    case = make_initiative(town, "recommendation")
    for fan in fans:
        services.follow(fan, case.id, "pl")
    assert "4 people will be told." in client.get(href(case, "decide")).text
    client.submit(href(case, "decide"), {"verdict": "adopted", "note": WHY})
    run_jobs()
    assert len([n for n in outbox() if n.code == "initiative.decided"]) == 4


def test_author_without_an_address_is_told_nothing(client, town, as_role):
    as_role("reviewer")
    case = make_initiative(town, "submitted", email=None)
    assert "the author left no address" in client.get(href(case, "publish")).text


def test_followers_hear_nothing_of_a_case_that_leaves_the_public(town, actor_as):
    case = make_initiative(town, "published")
    services.follow(actor_as("resident"), case.id, "pl")
    told = moves.told(fresh(case), move_of("correct"))
    assert (told.author, told.followers) == (True, 0)


def test_publish_shows_what_the_public_will_see_and_what_may_be_personal(client, town, as_role):
    as_role("reviewer")
    text = "Pan Jan Nowak spod piątki pali śmieci, proszę dzwonić 600 100 200 i coś z tym zrobić."
    case = make_initiative(town, "submitted", text=text)
    page = client.get(href(case, "publish")).text
    assert "This is what the public will see" in page
    assert "a phone number: " in page
    assert "600 100 200</span>" in page
    assert "Pan Jan Nowak</span>" in page
    clean = make_initiative(town, "submitted")
    assert "No phone number" in client.get(href(clean, "publish")).text


# ---- at the same time ----


def test_move_made_meanwhile_by_somebody_else_shows_where_the_case_stands(
    client, town, as_role, actor_as, token
):
    as_role("reviewer")
    case = make_initiative(town, "submitted")
    sign = token(href(case, "hold"))
    other = actor_as("reviewer", name="Szybka Basia")
    services.publish(other, case.id)
    answer = client.post(href(case, "hold"), data={"note": WHY, "version": "1", "csrf_token": sign})
    assert answer.status_code == 409
    assert "somebody was faster" in answer.text
    assert WHY in answer.text
    assert "Szybka Basia" in answer.text
    assert fresh(case).state == "published"


def test_case_changed_meanwhile_is_shown_again_with_the_words(client, town, as_role, actor_as, token):
    as_role("reviewer")
    case = make_initiative(town, "submitted")
    sign = token(href(case, "publish"))
    services.redact(
        actor_as("reviewer"),
        case.id,
        "Nowy tytuł",
        "Nowy tekst, który ma ponad trzydzieści znaków.",
        "",
        "roads",
        1,
        "x",
    )
    data = {"note": WHY, "version": "1", "csrf_token": sign}
    answer = client.post(href(case, "publish"), data=data)
    assert answer.status_code == 409
    assert "Nowy tytuł" in answer.text
    assert WHY in answer.text
    assert fresh(case).state == "submitted"
    assert client.post(href(case, "publish"), data={**data, "version": "2"}).status_code == 303


@pytest.mark.parametrize(
    ("role", "state", "verb", "words"),
    [
        ("reviewer", "submitted", "publish", {"note": ""}),
        ("leader", "adopted", "correct", {"note": WHY}),
        ("decision_maker", "recommendation", "decide", {"verdict": "refused", "note": WHY}),
        ("leader", "deferred", "resume", {}),
    ],
)
def test_double_click_is_one_move(client, town, as_role, role, state, verb, words, token):
    as_role(role)
    case = make_initiative(town, state)
    before = len(verbs_of(case))
    data = {**words, "version": "1", "csrf_token": token(href(case, verb))}
    answers = [client.post(href(case, verb), data=data) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert len(verbs_of(case)) == before + 1


def test_going_back_to_assign_somebody_else_is_no_double_click(client, town, as_role, actor_as, token):
    as_role("leader")
    one, two = actor_as("reviewer"), actor_as("reviewer")
    case = make_initiative(town, "published")
    people = {"lead": str(one.user_id), "reviewers": [str(one.user_id), str(two.user_id)]}
    sign = {"csrf_token": token(href(case, "assign"))}
    first = {**people, **sign, "department": "Wydział Dróg", "note": "", "version": "1"}
    assert client.post(href(case, "assign"), data=first).status_code == 303
    assert client.post(href(case, "assign"), data=first).status_code == 303
    again = client.post(href(case, "assign"), data={**first, "department": "Wydział Zieleni"})
    assert again.status_code == 409
    assert 'value="Wydział Zieleni"' in again.text
    assert fresh(case).department == "Wydział Dróg"
    sure = {**first, "department": "Wydział Zieleni", "version": "2"}
    assert client.post(href(case, "assign"), data=sure).status_code == 303
    assert fresh(case).department == "Wydział Zieleni"


@pytest.mark.parametrize(
    ("role", "state", "verb", "words", "other"),
    [
        ("decision_maker", "recommendation", "decide", {"verdict": "adopted"}, {"verdict": "refused"}),
        ("decision_maker", "recommendation", "decide", {"verdict": "deferred"}, {"returns_on": "2031-05-02"}),
        ("leader", "published", "transfer", {"to": "Zarząd Dróg"}, {"to": "Powiat"}),
        ("leader", "purpose_study", "extend", {"due": "SOON"}, {"due": "LATER"}),
    ],
)
def test_same_words_with_another_choice_are_no_double_click(
    client, town, as_role, role, state, verb, words, other, token
):
    as_role(role)
    case = make_initiative(town, state)
    today = case.local_today
    days = {"SOON": today + timedelta(days=40), "LATER": today + timedelta(days=50)}
    wanted = {"note": WHY, "version": "1", "csrf_token": token(href(case, verb)), **words}
    if words.get("verdict") == "deferred":
        wanted["returns_on"] = str(today + timedelta(days=60))
    first = {key: str(days.get(value, value)) for key, value in wanted.items()}
    second = {**first, **{key: str(days.get(value, value)) for key, value in other.items()}}
    assert client.post(href(case, verb), data=first).status_code == 303
    assert client.post(href(case, verb), data=first).status_code == 303
    assert client.post(href(case, verb), data=second).status_code == 409


def test_second_correction_at_the_same_instant_is_refused(town, actor_as):
    leader = actor_as("leader")
    case = make_initiative(town, "adopted")
    services.correct(leader, case.id, WHY, version=1)
    with pytest.raises(Conflict):
        services.correct(leader, case.id, WHY, version=1)


def test_page_of_a_move_that_is_past_says_so(client, town, as_role):
    as_role("reviewer")
    case = make_initiative(town, "published")
    answer = client.get(href(case, "publish"))
    assert answer.status_code == 409
    assert "moved on meanwhile" in answer.text


def test_form_without_its_token_is_refused(client, town, as_role):
    as_role("reviewer")
    case = make_initiative(town, "submitted")
    assert client.post(href(case, "publish"), data={"note": "", "version": "1"}).status_code == 422
    assert fresh(case).state == "submitted"


# ---- the buttons ----


def test_every_move_of_the_team_has_a_page():
    by_hand = {m.verb for m in WORKFLOW.moves if m.permission != "initiative.own"} - {"lapse", "recommend"}
    assert by_hand | {"extend", "reply", "open", "drop_merge", *CHANGE_ANSWERS} == set(PAGES)


@pytest.mark.parametrize("state", [s.key for s in WORKFLOW.states if s.key != "draft"])
def test_every_button_leads_to_a_page(client, town, as_role, state):
    for role in ("reviewer", "leader", "decision_maker"):
        actor = as_role(role)
        case = make_initiative(town, state)
        page = client.get(href(case)).text
        assert page.count('<a class="button" href="') <= 1, actor
        links = {part.split('"')[0] for part in page.split('href="')[1:]}
        for link in sorted(link for link in links if "/move/" in link):
            assert client.get(link).status_code == 200, link


def test_assigning_anew_is_no_main_button(client, town, as_role):
    leader = as_role("leader")
    case = make_initiative(town, "assigned", lead=leader)
    page = client.get(href(case)).text
    assert f'<a class="button" href="{href(case, "start_purpose")}">' in page
    assert f'<a class="button button--quiet" href="{href(case, "assign")}">' in page


def test_split_case_goes_on_by_itself(town, actor_as):
    leader = actor_as("leader")
    target = make_initiative(town, "published", title="Cel")
    case = make_initiative(town, "merged", merged_into_id=target.id, merge_consented=True)
    services.split(leader, case.id, WHY)
    now = fresh(case)
    assert (now.state, now.merged_into_id, now.merge_consented) == ("published", None, False)
    assert now.is_public


def test_reviewers_named_before_stay_when_assigned_anew(client, town, as_role, actor_as):
    leader = as_role("leader")
    one, two = actor_as("reviewer"), actor_as("reviewer")
    case = make_initiative(town, "assigned", lead=leader, reviewers=[one, two], department="Wydział Zieleni")
    page = client.get(href(case, "assign")).text
    assert 'value="Wydział Zieleni"' in page
    assert f'value="{one.user_id}" checked' in page
    assert f'<option selected value="{leader.user_id}">' in page


def test_checking_a_case_handled_without_publication_promises_no_publication(client, town, actor_as, sign_in):
    case = make_initiative(town, "submitted", audience=Audience.TEAM)
    sign_in(client, actor_as("reviewer"))
    href = f"/en/lublin/desk/initiatives/{case.number.lower()}"
    client.submit(f"{href}/why", {"reason": "work"})
    desk = client.get(href).text
    assert "Check it off, without publication" in desk
    page = client.get(f"{href}/move/publish").text
    assert "only the author and the team ever read it" in page
    assert "Everybody can read it from now on" not in page
    assert "The case becomes: checked." in page


# ---- a change that the author proposes ----

PROPOSED = services.ChangeAsked(ChangeOf.WORK, "Dwie ławki zamiast jednej.", "Jedna to za mało.")


@pytest.fixture
def proposed(town, actor_as):
    case = make_initiative(town, "adopted", author=actor_as("resident"), decided_by_user_id=1)
    services.propose_change(author_of(case), case.id, PROPOSED, "k")
    found = queries.case(case.id)
    db.session.close()  # Kept as it was read, whatever is committed meanwhile.
    return found


def author_of(case):
    return Actor(municipality_id=case.municipality_id, cases=frozenset({case.about}))


def test_a_proposed_change_stands_on_the_list_and_the_desk(client, town, as_role, proposed):
    as_role("leader")
    listed = client.get(DESK).text
    assert (proposed.number or "") in listed
    page = client.get(href(proposed)).text
    assert "The author proposes a change" in page
    assert "Dwie ławki zamiast jednej." in page
    assert "Answer to the author’s proposal of a change" in page
    assert href(proposed, "accept_change") in page
    as_role("reviewer")
    assert (proposed.number or "") not in client.get(DESK).text
    assert client.get(href(proposed, "accept_change")).status_code == 403


def test_a_change_is_accepted_with_what_changes_and_a_new_place(client, town, as_role, proposed):
    as_role("leader")
    page = client.get(href(proposed, "accept_change")).text
    for told in ("Jedna to za mało.", "The decision and the state stay.", 'id="lat"'):
        assert told in page
    words = {"changes": "Będą dwie ławki.", "note": WHY}
    refused = client.submit(href(proposed, "accept_change"), {**words, "changes": " "})
    assert (refused.status_code, "Say what changes." in refused.text, WHY in refused.text) == (
        422,
        True,
        True,
    )
    bare = client.submit(href(proposed, "accept_change"), {**words, "changes": "", "note": ""}).text
    assert re.findall(r'<a href="#(changes|note)"', bare) == ["changes", "note"]
    half = client.submit(href(proposed, "accept_change"), {**words, "lat": ""})
    assert (half.status_code, "Mark the place on the map" in half.text) == (422, True)
    far = client.submit(href(proposed, "accept_change"), {**words, "lat": "10", "lon": "10"})
    assert (far.status_code, "far outside" in far.text, "Będą dwie ławki." in far.text) == (422, True, True)
    short = client.submit(href(proposed, "accept_change"), {**words, "text": "Za krótko"})
    assert short.status_code == 422
    sent = client.submit(href(proposed, "accept_change"), {**words, "address": "ul. Lipowa 3"})
    assert (sent.status_code, sent.location) == (303, href(proposed))
    now = fresh(proposed)
    assert (now.state, now.change_id, now.address) == ("adopted", None, "ul. Lipowa 3")
    assert "Your answer stands on the page of the case" in client.get(href(proposed)).text


def test_a_change_is_declined_and_the_words_are_hidden(client, town, as_role, proposed):
    as_role("leader")
    assert client.submit(href(proposed, "decline_change"), {"note": ""}).status_code == 422
    assert client.submit(href(proposed, "decline_change"), {"note": WHY, "hide": "y"}).status_code == 303
    [row] = queries.changes(proposed.id)
    assert (row.outcome, row.reasons, row.shown) == ("declined", WHY, False)


def test_a_second_click_is_no_conflict_and_who_was_slower_keeps_the_words(
    client, town, as_role, proposed, token
):
    as_role("leader")
    path = href(proposed, "decline_change")
    sent = {"csrf_token": token(path), "version": str(fresh(proposed).version), "note": WHY}
    assert client.post(path, data=sent).status_code == 303
    assert client.post(path, data=sent).status_code == 303
    late = client.post(path, data={**sent, "note": "Inne słowa."})
    assert (late.status_code, "somebody was faster" in late.text, "Inne słowa." in late.text) == (
        409,
        True,
        True,
    )
    assert client.get(path).status_code == 409


def test_an_answer_to_another_proposal_than_the_one_that_was_read_is_shown_again(
    client, town, as_role, proposed, token
):
    as_role("leader")
    path = href(proposed, "accept_change")
    sent = {
        "csrf_token": token(path),
        "version": str(fresh(proposed).version),
        "note": WHY,
        "changes": "Dwie.",
    }
    author, row = author_of(proposed), queries.changes(proposed.id)[0]
    services.withdraw_change(author, proposed.id, row.id)
    another = services.ChangeAsked(ChangeOf.WORK, "Ani jednej.", "Bo tak.")
    services.propose_change(author, proposed.id, another, "another")
    stale = client.post(path, data=sent)
    assert (stale.status_code, "Ani jednej." in stale.text, "Dwie." in stale.text) == (409, True, True)
    assert fresh(proposed).change_id is not None


# ---- referring to a municipality of the portal ----


def refer(client, case, **words):
    return client.submit(href(case, "transfer"), {"note": WHY, "town": "", "to": "", **words})


def test_it_is_referred_to_a_municipality_that_is_chosen(client, town, other_town, as_role):
    as_role("leader")
    case = make_initiative(town)
    page = client.get(href(case, "transfer")).text
    assert '<optgroup label="Other municipalities">' in page
    assert "Here its page stays and leads there." in page
    sent = refer(client, case, town=other_town.slug)
    assert (sent.status_code, sent.location) == (303, href(case))
    assert (fresh(case).state, fresh(case).referred_to_id) == ("transferred", other_town.id)
    desk = client.get(href(case)).text
    number = (case.number or "").lower()
    assert f'href="/en/{other_town.slug}/initiatives/{number}"' in desk
    assert "Referred to: Ostrava-South" in desk


def test_neighbours_stand_first(client, town, as_role):
    make_town("daleka")
    make_town("bliska", box=[22.6, 51.2, 22.9, 51.4])
    as_role("leader")
    page = client.get(href(make_initiative(town), "transfer")).text
    assert (
        page.index('label="Neighbours"') < page.index(">Bliska<") < page.index('label="Other municipalities"')
    )
    assert page.index('label="Other municipalities"') < page.index(">Daleka<")
    # The place of a case may lie in a municipality whose map does not touch ours.
    page = client.get(href(make_initiative(town, lat=50.5, lon=21.5), "transfer")).text
    assert page.index(">Daleka<") < page.index("</optgroup>")


@pytest.mark.parametrize(
    ("words", "field", "kept"),
    [
        ({}, "town", WHY),
        ({"town": "ostrava-jih", "to": "Powiat"}, "to", 'value="Powiat"'),
        ({"town": "nowhere"}, "town", WHY),
        ({"town": "ostrava-jih", "note": ""}, "note", 'value="ostrava-jih" selected'),
    ],
)
def test_what_does_not_hold_comes_back_with_everything_typed(
    client, town, other_town, as_role, words, field, kept
):
    as_role("leader")
    case = make_initiative(town)
    page = refer(client, case, **words)
    assert page.status_code == 422
    assert f'href="#{field}"' in page.text
    kept = kept.replace("selected", "") if kept not in page.text else kept
    assert kept.strip() in page.text
    assert fresh(case).state == "published"


def test_twice_the_same_referral_is_one(client, town, other_town, as_role, token):
    as_role("leader")
    case = make_initiative(town)
    make_town("swidnik")
    words = {
        "note": WHY,
        "version": "1",
        "to": "",
        "town": other_town.slug,
        "csrf_token": token(href(case, "transfer")),
    }
    assert client.post(href(case, "transfer"), data=words).status_code == 303
    assert client.post(href(case, "transfer"), data=words).status_code == 303
    assert client.post(href(case, "transfer"), data={**words, "town": "swidnik"}).status_code == 409


def test_whose_task_it_usually_is_stands_on_the_case_and_in_the_form(client, town, other_town, as_role):
    actor = as_role("leader")
    for usual, name, found in (
        ({"town": other_town.slug}, "Ostrava-South", f'selected value="{other_town.slug}"'),
        ({"body": "Zarząd Dróg"}, "Zarząd Dróg", 'value="Zarząd Dróg"'),
    ):
        mark = queries.settings_mark(queries.office(), "categories")
        services.save_category(actor, town.id, "greenery", "", {}, False, mark, **usual)
        case = make_initiative(town)
        hint = f"By your settings, matters of this category usually belong to: {name}."
        assert hint in client.get(href(case)).text
        page = client.get(href(case, "transfer")).text
        assert hint in page
        assert found in page
    assert hint not in client.get(href(make_initiative(town, "purpose_study"))).text


def test_the_page_of_the_correction_says_what_becomes_of_it_there(client, town, other_town, as_role):
    as_role("leader")
    case = make_initiative(town)
    refer(client, case, town=other_town.slug)
    assert "In Ostrava-South it ends and its page leads here." in client.get(href(case, "correct")).text
    assert client.submit(href(case, "correct"), {"note": WHY}).status_code == 303
    assert fresh(case).state == "published"
