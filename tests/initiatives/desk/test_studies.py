"""The studies: sheets written apart and then compared, the synthesis, and the milestones of the work."""

import pytest

from initiatives import queries, rules, services
from initiatives.desk.sheets import compared, may_compare, sheet_of
from initiatives.kinds import Measure
from initiatives.models import StudyKind
from portal.content.models import Stance
from portal.core.db import db
from portal.core.errors import Conflict
from portal.core.registry import Evidence, Module, registry
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"
PURPOSE = {part: f"O części {part}." for part in rules.PURPOSE_PARTS}
GOOD = {f"{part}_score": "4" for part in rules.PURPOSE_PARTS}


def href(case, page=""):
    return f"{DESK}/{(case.number or '').lower()}{page}"


def fresh(case):
    db.session.close()
    return queries.case(case.id)


@pytest.fixture
def pair(actor_as, client, sign_in):
    """Two reviewers, the first of them signed in."""
    me, other = actor_as("reviewer", name="Ala Pierwsza"), actor_as("reviewer", name="Ola Druga")
    sign_in(client, me)
    return me, other


@pytest.fixture
def leader(actor_as, client, sign_in):
    """A leader, signed in."""
    actor = actor_as("leader")
    sign_in(client, actor)
    return actor


def save(
    actor, case, kind=StudyKind.PURPOSE, score=4, words="Zdanie.", values=None, *, finished=True, version=0
):
    parts = rules.PURPOSE_PARTS if kind is StudyKind.PURPOSE else rules.FEASIBILITY_PARTS
    services.save_sheet(
        actor,
        case.id,
        kind,
        dict.fromkeys(parts, words),
        dict.fromkeys(parts, score),
        values or {},
        version,
        finished=finished,
    )


# ---- one's own sheet ----


def test_draft_is_saved_with_what_there_is(client, town, pair):
    case = make_initiative(town, "purpose_study", reviewers=pair)
    page = href(case, "/studies/purpose")
    sent = client.submit(page, {"need": "Brakuje ławki.", "reach_score": "2", "go": "draft"})
    assert (sent.status_code, sent.location) == (303, page)
    own = sheet_of(fresh(case), StudyKind.PURPOSE, pair[0].user_id)
    assert (own.parts["need"], own.scores, own.finished) == ("Brakuje ławki.", {"reach": 2}, False)
    assert "Brakuje ławki." in client.get(page).text


def test_each_part_comes_with_its_question(client, town, pair):
    case = make_initiative(town, "feasibility_study", reviewers=pair)
    page = client.get(href(case, "/studies/feasibility")).text
    for words in ("Who owns the place?", "What can go wrong", "Cost, once", "5 – speaks clearly for it"):
        assert words in page


def test_finished_sheet_needs_every_part_and_score(client, town, pair):
    case = make_initiative(town, "purpose_study", reviewers=pair)
    page = client.submit(href(case, "/studies/purpose"), {**PURPOSE, "need": "", "go": "finish"})
    assert page.status_code == 422
    # With the name of the part: ten times the same sentence at the top would tell nobody where.
    assert "Need: Write this part." in page.text
    assert "Choose a score." in page.text
    assert "O części reach." in page.text
    assert 'href="#need_score"' in page.text
    assert sheet_of(fresh(case), StudyKind.PURPOSE, pair[0].user_id) is None


def test_score_off_the_scale_is_refused(client, town, pair):
    case = make_initiative(town, "purpose_study", reviewers=pair)
    page = client.submit(href(case, "/studies/purpose"), {**PURPOSE, "need_score": "9", "go": "draft"})
    assert page.status_code == 422


def test_costs_are_sums_of_money(client, town, pair):
    case = make_initiative(town, "feasibility_study", reviewers=pair)
    page = href(case, "/studies/feasibility")
    assert client.submit(page, {"cost-once_value": "dużo", "go": "draft"}).status_code == 422
    assert (
        client.submit(
            page, {"cost-once_value": "12 500 zł", "cost-yearly_value": "300", "go": "draft"}
        ).status_code
        == 303
    )
    own = sheet_of(fresh(case), StudyKind.FEASIBILITY, pair[0].user_id)
    assert (own.cost("cost-once"), own.cost("cost-yearly")) == (1_250_000, 30_000)
    assert 'value="12500"' in client.get(page).text


def test_sheet_from_an_older_version_shows_both_texts(client, town, pair, token):
    me, _other = pair
    case = make_initiative(town, "purpose_study", reviewers=pair)
    page = href(case, "/studies/purpose")
    sign = token(page)
    save(me, case, words="Zapisane gdzie indziej.", finished=False)
    data = {**PURPOSE, "version": "0", "go": "draft", "csrf_token": sign}
    answer = client.post(page, data=data)
    assert answer.status_code == 409
    assert "Zapisane gdzie indziej." in answer.text
    assert "O części need." in answer.text
    assert client.post(page, data={**data, "version": "1"}).status_code == 303
    assert sheet_of(fresh(case), StudyKind.PURPOSE, me.user_id).parts == PURPOSE


def test_sheet_by_double_click_is_saved_once(client, town, pair, token):
    case = make_initiative(town, "purpose_study", reviewers=pair)
    page = href(case, "/studies/purpose")
    data = {**PURPOSE, **GOOD, "version": "0", "go": "finish", "csrf_token": token(page)}
    assert [client.post(page, data=data).status_code for _ in range(2)] == [303, 303]
    own = sheet_of(fresh(case), StudyKind.PURPOSE, pair[0].user_id)
    assert (own.version, own.finished) == (1, True)


def test_words_stay_when_the_study_ended_meanwhile(client, town, pair, token):
    case = make_initiative(town, "purpose_study", reviewers=pair)
    page = href(case, "/studies/purpose")
    sign = token(page)
    for actor in pair:
        save(actor, case)
    services.start_study(pair[1], case.id, "start_feasibility")
    answer = client.post(page, data={**PURPOSE, "version": "1", "go": "draft", "csrf_token": sign})
    assert answer.status_code == 409
    assert "The study has ended meanwhile" in answer.text
    assert "O części need." in answer.text


# ---- the others' sheets ----


def test_others_sheet_shows_when_the_own_is_finished(client, town, pair):
    me, other = pair
    case = make_initiative(town, "purpose_study", reviewers=pair)
    save(other, case, words="Tego jeszcze nie widać.")
    page = href(case, "/studies/purpose")
    before = client.get(page).text
    assert "Tego jeszcze nie widać." not in before
    assert "1 colleague has finished." in before
    assert "Tego jeszcze nie widać." not in client.get(href(case)).text
    save(me, case)
    assert "Tego jeszcze nie widać." in client.get(page).text


def test_change_after_reading_the_others_needs_a_reason_and_is_marked(client, town, pair):
    me, other = pair
    case = make_initiative(town, "purpose_study", reviewers=pair)
    page = href(case, "/studies/purpose")
    save(me, case)
    assert "Why do you change it?" not in client.get(page).text
    save(other, case)
    assert "Why do you change it?" in client.get(page).text
    refused = client.submit(page, {"need": "Jak u innych.", "go": "finish"})
    assert refused.status_code == 422
    assert "Say why you change it" in refused.text
    assert "Jak u innych." in refused.text
    assert (
        client.submit(page, {"need": "Jak u innych.", "why": "Miała dane.", "go": "finish"}).status_code
        == 303
    )
    shown = client.get(page).text
    for words in ("Changed after seeing the other sheets", "Need: the words.", "Miała dane."):
        assert words in shown


def test_views_that_part_are_marked(client, town, pair):
    me, other = pair
    case = make_initiative(town, "purpose_study", reviewers=pair)
    save(me, case, score=2)
    save(other, case, score=4)
    page = client.get(href(case, "/studies/purpose")).text
    assert page.count("Views differ") == len(rules.PURPOSE_PARTS)
    assert "3.0" in page
    assert "Ala Pierwsza" in page
    assert "Ola Druga" in page


def test_comparison_tells_verdict_gaps_and_costs(town, pair):
    case = make_initiative(town, "feasibility_study", reviewers=pair, sheets=False)
    assert compared(fresh(case), StudyKind.FEASIBILITY) is None
    services.save_sheet(
        pair[0],
        case.id,
        StudyKind.FEASIBILITY,
        dict.fromkeys(rules.FEASIBILITY_PARTS, "Tak."),
        dict.fromkeys(rules.FEASIBILITY_PARTS, 1),
        {"cost-once": 50_000},
        0,
        finished=True,
    )
    found = compared(fresh(case), StudyKind.FEASIBILITY)
    assert found.verdict == "On the whole the findings speak against it."
    assert {part.key: part.cells[0].given for part in found.parts if not part.mean} == {
        "cost-once": "500 PLN", "cost-yearly": ""
    }  # fmt: skip
    assert found.missing == ["Running cost per year"]
    assert {part.mean for part in found.parts} == {1.0, None}
    assert found.score == 1.0
    assert "Law: 1 × 3" in found.reckonings[0].terms


def test_who_writes_no_sheet_sees_them_at_once(town, pair, actor_as):
    me, leader = pair[0], actor_as("leader")
    case = fresh(make_initiative(town, "purpose_study", reviewers=pair))
    assert not may_compare(case, StudyKind.PURPOSE, me.user_id)
    assert may_compare(case, StudyKind.PURPOSE, leader.user_id)
    later = fresh(make_initiative(town, "feasibility_study", reviewers=pair))
    assert may_compare(later, StudyKind.PURPOSE, me.user_id)


def test_decision_maker_reads_both_studies(client, town, actor_as, sign_in):
    sign_in(client, actor_as("decision_maker"))
    case = make_initiative(town, "recommendation")
    page = client.get(href(case)).text
    assert "Purpose study" in page
    assert "Feasibility study" in page
    assert "W porządku." in page


@pytest.mark.parametrize(
    ("role", "status"), [("decision_maker", 403), ("operator", 403), ("steering", 403), ("reviewer", 403)]
)
def test_only_the_assigned_write(client, town, actor_as, sign_in, role, status):
    sign_in(client, actor_as(role))
    case = make_initiative(town, "purpose_study")
    assert client.get(href(case, "/studies/purpose")).status_code == status


def test_there_are_two_studies(client, town, pair):
    case = make_initiative(town, "purpose_study", reviewers=pair)
    assert client.get(href(case, "/studies/beauty")).status_code == 404


def test_study_that_is_over_is_read_only(client, town, pair):
    case = make_initiative(town, "feasibility_study", reviewers=pair)
    page = client.get(href(case, "/studies/purpose")).text
    assert "Finish my sheet" not in page
    assert "W porządku." in page


def test_two_windows_show_both_texts_and_lose_nothing(client, town, pair, token):
    me, _other = pair
    case = make_initiative(town, "purpose_study", reviewers=pair)
    page = href(case, "/studies/purpose")
    sign = token(page)
    save(me, case, words="Z drugiego okna.", score=5, finished=False)
    data = {**PURPOSE, **GOOD, "version": "0", "go": "draft", "csrf_token": sign}
    shown = client.post(page, data=data)
    assert shown.status_code == 409
    assert shown.text.count("Which words are kept?") == len(PURPOSE)
    assert "Saved meanwhile: 5" in shown.text
    choice = {**data, "version": "1", "take_need": "theirs", "take_reach": "both", "take_voice": "mine"}
    assert client.post(page, data=choice).status_code == 303
    own = sheet_of(fresh(case), StudyKind.PURPOSE, me.user_id)
    assert own.parts["need"] == "Z drugiego okna."
    assert own.parts["reach"] == "Z drugiego okna.\n\nO części reach."
    assert own.parts["voice"] == "O części voice."


# ---- side by side ----


def test_side_by_side_opens_with_the_own_sheet_and_marks_differences_in_words(client, town, pair):
    me, other = pair
    case = make_initiative(town, "feasibility_study", reviewers=pair, sheets=False)
    page = href(case, "/studies/feasibility/compare")
    save(other, case, StudyKind.FEASIBILITY, 2, values={"cost-once": 900_000})
    assert client.get(page).status_code == 403
    save(me, case, StudyKind.FEASIBILITY, 4, values={"cost-once": 1_200_000})
    shown = client.get(page)
    assert shown.status_code == 200
    assert "Views differ: From 2 to 4" in shown.text
    assert "Views differ: From 9,000" in shown.text
    assert "Score: 3.0 of 5." in shown.text


def test_yes_against_no_is_a_difference(town, pair, actor_as):
    mark = queries.settings_mark(queries.office(town.id), "purpose")
    asked = services.CriterionAsked(Measure.YES_NO, {"pl": "Czy sieć się zgadza?"})
    key = services.save_criterion(actor_as("leader"), town.id, "purpose", "", asked, mark)
    case = make_initiative(town, "purpose_study", reviewers=pair, sheets=False)
    for actor, answer in zip(pair, ("yes", "no"), strict=True):
        words = {**PURPOSE, key: "Zdanie."}
        services.save_sheet(
            actor,
            case.id,
            StudyKind.PURPOSE,
            words,
            dict.fromkeys(PURPOSE, 4),
            {key: answer},
            0,
            finished=True,
        )
    found = compared(fresh(case), StudyKind.PURPOSE)
    part = next(part for part in found.parts if part.key == key)
    assert (part.differs, [cell.given for cell in part.cells]) == ("Yes against no", ["Yes", "No"])
    assert found.differing == 1


def test_differences_are_talked_about(client, town, pair):
    me, other = pair
    case = make_initiative(town, "purpose_study", reviewers=pair)
    save(me, case, score=1)
    save(other, case, score=4)
    page = href(case, "/studies/purpose/compare")
    sent = client.submit(page, {"need-text": "Skąd czwórka?"})
    assert sent.status_code == 303
    assert sent.location.endswith("#part-need")
    assert "Skąd czwórka?" in client.get(page).text
    empty = client.submit(page, {"need-text": ""})
    assert empty.status_code == 422
    assert "Write what you say to it." in empty.text


# ---- evidence ----


def test_purpose_sheet_brings_the_voice_of_residents(client, town, pair, actor_as):
    case = make_initiative(town, "purpose_study", reviewers=pair)
    other = make_initiative(town, "published", title="Ławka przy przystanku Leśna")
    make_initiative(town, "merged", title="Siedzisko przy przystanku", merged_into_id=case.id)
    services.support(actor_as("resident"), case.id)
    services.comment(actor_as("resident"), case.id, Stance.AGAINST, "Nie tu.", "pl", "k", shows_name=False)
    page = client.get(href(case, "/studies/purpose")).text
    for words in (
        "1 supporter",
        "0 for it, 1 against it, 0 neutral",
        "Siedzisko przy przystanku",
        other.number,
    ):
        assert words in page
    assert (
        "Residents’ voice, as the portal counts it" not in client.get(href(case, "/studies/feasibility")).text
    )


def test_survey_is_cited_shown_and_taken_away(client, town, pair):
    case = make_initiative(town, "purpose_study", reviewers=pair)
    page, sheet = href(case, "/citations"), href(case, "/studies/purpose")
    wrong = client.submit(
        page, {"survey": "", "result": "", "link": "javascript:alert(1)", "held_on": "kiedyś"}
    )
    assert wrong.status_code == 422
    for words in ("Name the survey.", "Write what came out.", "begins with https://."):
        assert words in wrong.text
    ahead = client.submit(page, {"survey": "Jakość życia", "result": "62%", "held_on": "2099-01-01"})
    assert ahead.status_code == 422
    cited = {"survey": "Jakość życia", "result": "62% chce ławek", "link": "https://wyniki.example/1"}
    assert client.submit(page, cited).status_code == 303
    shown = client.get(sheet).text
    assert "62% chce ławek" in shown
    assert 'href="https://wyniki.example/1"' in shown
    row = queries.citations(case.id)[0]
    assert client.post_button(client.get(sheet), page).status_code == 303
    assert queries.citations(row.initiative_id) == []
    assert "No survey is cited yet." in client.get(sheet).text


def test_other_modules_bring_results_of_surveys(client, town, pair, monkeypatch):
    def find(wanted):
        return [Evidence("Ankieta", f"Wynik o {wanted.theme}", wave="2026")]

    monkeypatch.setattr(
        registry, "modules", (*registry.modules, Module("surveys", "Ankiety", evidence=(find,)))
    )
    case = make_initiative(town, "purpose_study", reviewers=pair)
    assert "Wynik o greenery" in client.get(href(case, "/studies/purpose")).text


# ---- synthesis ----

WORDS = {
    "wanted": "Ławka z oparciem.",
    "allowed": "Jedna ławka w pasie drogi.",
    "tradeoff": "Jedna zamiast dwóch.",
    "recommended": "adopted",
    "why": "Tanio i potrzebne.",
    "cost_once": "3 500",
    "cost_yearly": "100",
    "source": "Utrzymanie dróg",
}


def test_synthesis_is_saved_and_sent(client, town, leader):
    case = make_initiative(town, "feasibility_study", sheets=True)
    page = href(case, "/synthesis")
    saved = client.submit(page, {**WORDS, "go": "save"})
    assert (saved.status_code, saved.location) == (303, page)
    assert fresh(case).state == "feasibility_study"
    assert "Jedna zamiast dwóch." in client.get(page).text
    sent = client.submit(page, {"go": "send"})
    assert (sent.status_code, sent.location) == (303, href(case))
    now = fresh(case)
    assert (now.state, now.recommended, now.cost_once_minor) == ("recommendation", "adopted", 350_000)


def test_positive_recommendation_names_cost_and_source(client, town, leader):
    case = make_initiative(town, "feasibility_study", sheets=True)
    page = client.submit(href(case, "/synthesis"), {**WORDS, "cost_once": "", "source": "", "go": "send"})
    assert page.status_code == 422
    assert "Write the cost." in page.text
    assert "Say where the money comes from." in page.text
    assert "Ławka z oparciem." in page.text
    assert fresh(case).wanted == ""


def test_half_a_synthesis_cannot_be_sent_and_all_that_is_missing_is_named_at_once(client, town, leader):
    case = make_initiative(town, "feasibility_study", sheets=True)
    half = {**WORDS, "tradeoff": "", "cost_once": "dużo", "source": ""}
    page = client.submit(href(case, "/synthesis"), {**half, "go": "send"})
    assert page.status_code == 422
    for problem in ("Write the trade-off between the two.", "Say where the money comes from."):
        assert problem in page.text
    assert "Write the cost." not in page.text  # The sum that is no number is blamed once.
    refusal = client.submit(
        href(case, "/synthesis"), {**WORDS, "recommended": "refused", "why": "", "go": "send"}
    )
    assert "Say why, so that the decision-maker can weigh it." in refusal.text
    assert fresh(case).state == "feasibility_study"


def test_synthesis_can_be_sent_when_both_studies_are_there(client, town, leader):
    case = make_initiative(town, "feasibility_study")
    page = client.get(href(case, "/synthesis")).text
    assert "Two reviewers must finish the feasibility study first." in page
    assert 'value="send"' not in page
    early = make_initiative(town, "purpose_study")
    assert "It can be sent when the feasibility study runs" in client.get(href(early, "/synthesis")).text


def test_synthesis_begins_with_what_the_sheets_say(client, town, leader, actor_as):
    pair = [actor_as("reviewer"), actor_as("reviewer")]
    case = make_initiative(town, "feasibility_study", reviewers=pair, sheets=False)
    for actor, cost in zip(pair, (500_000, 700_000), strict=True):
        save(actor, case, StudyKind.FEASIBILITY, words="Droga jest miejska.", values={"cost-once": cost})
    page = client.get(href(case, "/synthesis")).text
    assert "Filled in from the finished sheets" in page
    assert "Law: Droga jest miejska." in page
    assert page.count("Law: Droga jest miejska.") == 1  # What two say alike is said once.
    assert 'value="7000"' in page
    sent = {
        **WORDS,
        "plan_time": "Rok.",
        "plan_owner": "Zarząd dróg.",
        "plan_risks": "Przetarg.",
        "go": "save",
    }
    assert client.submit(href(case, "/synthesis"), sent).status_code == 303
    now = fresh(case)
    assert (now.plan_time, now.plan_owner, now.plan_risks) == ("Rok.", "Zarząd dróg.", "Przetarg.")
    again = client.get(href(case, "/synthesis")).text
    assert "Filled in from the finished sheets" not in again
    assert "Zarząd dróg." in again


def test_two_windows_of_the_synthesis_are_joined(client, town, leader, actor_as, token):
    case = make_initiative(town, "feasibility_study", sheets=True)
    page = href(case, "/synthesis")
    sign = token(page)
    services.recommend(
        actor_as("leader"), case.id, "Słowa kolegi.", "", "", "", "", (None, None), "", 1, send=False
    )
    data = {**WORDS, "version": "1", "go": "save", "csrf_token": sign}
    assert "Which words are kept?" in client.post(page, data=data).text
    assert client.post(page, data={**data, "version": "2", "take_wanted": "both"}).status_code == 303
    assert fresh(case).wanted == "Słowa kolegi.\n\nŁawka z oparciem."


def test_synthesis_from_an_older_version_shows_both_texts(client, town, leader, actor_as, token):
    case = make_initiative(town, "feasibility_study", sheets=True)
    page = href(case, "/synthesis")
    sign = token(page)
    services.recommend(
        actor_as("leader"), case.id, "Słowa kolegi.", "", "", "", "", (None, None), "", 1, send=False
    )
    data = {**WORDS, "version": "1", "go": "save", "csrf_token": sign}
    answer = client.post(page, data=data)
    assert answer.status_code == 409
    assert "Słowa kolegi." in answer.text
    assert "Ławka z oparciem." in answer.text
    assert client.post(page, data={**data, "version": "2"}).status_code == 303


@pytest.mark.parametrize("go", ["save", "send"])
def test_synthesis_by_double_click_is_no_conflict(client, town, leader, go, token):
    case = make_initiative(town, "feasibility_study", sheets=True)
    page = href(case, "/synthesis")
    data = {**WORDS, "version": "1", "go": go, "csrf_token": token(page)}
    assert [client.post(page, data=data).status_code for _ in range(2)] == [303, 303]


def test_synthesis_is_closed_after_the_decision(client, town, leader):
    case = make_initiative(town, "adopted")
    assert client.get(href(case, "/synthesis")).status_code == 409
    with pytest.raises(Conflict):
        services.recommend(leader, case.id, "Inaczej.", "", "", "", "", (None, None), "", 1, send=False)


def test_reviewers_do_not_recommend(client, town, pair):
    case = make_initiative(town, "feasibility_study", reviewers=pair)
    assert client.get(href(case, "/synthesis")).status_code == 403
