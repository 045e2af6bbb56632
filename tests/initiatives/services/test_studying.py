"""Sheets of the studies: what is kept, what a finished one needs, what is changed after seeing others; citations."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from initiatives import queries, rules, services
from initiatives.kinds import Measure
from initiatives.models import Initiative, Sheet, StudyKind
from initiatives.services import CriterionAsked
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.tenancy import Town
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
WORDS, SCORES = dict.fromkeys(rules.PURPOSE_PARTS, "Tak."), dict.fromkeys(rules.PURPOSE_PARTS, 4)
LAW = dict.fromkeys(rules.FEASIBILITY_PARTS, "Można."), dict.fromkeys(rules.FEASIBILITY_PARTS, 4)


def save(actor: Actor, case: Initiative, version: int = 0, **changed: Any) -> None:
    values = {"parts": WORDS, "scores": SCORES, "values": {}, "finished": True, **changed}
    services.save_sheet(
        actor,
        case.id,
        StudyKind.PURPOSE,
        values.pop("parts"),
        values.pop("scores"),
        values.pop("values"),
        version,
        **values,
    )


@pytest.fixture
def pair(actor_as: ActorAs) -> tuple[Actor, Actor]:
    return actor_as("reviewer"), actor_as("reviewer")


@pytest.fixture
def case(town: Town, pair: tuple[Actor, Actor]) -> Initiative:
    return make_initiative(town, "purpose_study", reviewers=pair, sheets=False)


def own(case: Initiative, actor: Actor) -> Sheet:
    db.session.expire_all()
    return next(sheet for sheet in queries.sheets(case.id) if sheet.user_id == actor.user_id)


def test_a_sheet_is_kept_and_belongs_to_its_writer(town: Town, actor_as: ActorAs) -> None:
    one, two = actor_as("reviewer"), actor_as("reviewer")
    case = make_initiative(town, "purpose_study", reviewers=[one, two], sheets=False)
    words, scores = dict.fromkeys(rules.PURPOSE_PARTS, "Tak."), dict.fromkeys(rules.PURPOSE_PARTS, 4)
    save = services.save_sheet
    save(
        one,
        case.id,
        StudyKind.PURPOSE,
        {**words, "law": "Nie tu."},
        scores,
        {"cost-once": 1200},
        0,
        finished=True,
    )
    save(two, case.id, StudyKind.PURPOSE, {"need": "Może."}, {}, {}, 0, finished=False)
    rows = {sheet.user_id: sheet for sheet in queries.sheets(case.id)}
    mine, theirs = rows[one.user_id or 0], rows[two.user_id or 0]
    assert (mine.parts, mine.scores, mine.finished) == (words, scores, True)
    assert mine.values == {}  # A purpose study asks for no cost.
    assert mine.weights["need"] == 3
    assert (theirs.parts["need"], theirs.finished) == ("Może.", False)
    with pytest.raises(Conflict) as caught:
        save(one, case.id, StudyKind.PURPOSE, words, scores, {}, 0, finished=True)
    assert isinstance(caught.value.theirs, Sheet)


def test_a_finished_sheet_names_what_is_missing(town: Town, actor_as: ActorAs) -> None:
    one = actor_as("reviewer")
    case = make_initiative(town, "purpose_study", reviewers=[one, actor_as("reviewer")], sheets=False)
    words = dict.fromkeys(rules.PURPOSE_PARTS, "Tak.")
    scores = dict.fromkeys(rules.PURPOSE_PARTS, 3)
    del words["need"], scores["voice"]
    with pytest.raises(Invalid) as caught:
        services.save_sheet(one, case.id, StudyKind.PURPOSE, words, scores, {}, 0, finished=True)
    assert set(caught.value.fields) == {"need", "voice_score"}
    assert queries.sheets(case.id) == []


def test_a_sheet_belongs_to_the_study_that_runs(town: Town, actor_as: ActorAs) -> None:
    one = actor_as("reviewer")
    case = make_initiative(town, "purpose_study", reviewers=[one, actor_as("reviewer")], sheets=False)
    with pytest.raises(Conflict):
        services.save_sheet(one, case.id, StudyKind.FEASIBILITY, {}, {}, {}, 0, finished=False)


def test_every_kind_of_answer_is_kept_and_needed(
    town: Town, actor_as: ActorAs, pair: tuple[Actor, Actor]
) -> None:
    leader = actor_as("leader")
    keys = {}
    for measure in (Measure.YES_NO, Measure.MONEY, Measure.DATE, Measure.TEXT):
        office = queries.office(town.id)
        keys[measure] = services.save_criterion(
            leader, town.id, "feasibility", "", CriterionAsked(measure, {"pl": f"Pytanie {measure}"}),
            queries.settings_mark(office, "feasibility"),
        )  # fmt: skip
    case = make_initiative(town, "feasibility_study", reviewers=pair, sheets=False)
    save = services.save_sheet
    with pytest.raises(Invalid) as caught:
        save(pair[0], case.id, StudyKind.FEASIBILITY, *LAW, {}, 0, finished=True)
    yes, money, day, text = (keys[m] for m in (Measure.YES_NO, Measure.MONEY, Measure.DATE, Measure.TEXT))
    assert set(caught.value.fields) == {yes, f"{yes}_value", f"{money}_value", f"{day}_value", text}
    values = {yes: "no", money: 9000, day: "2027-05-01", "cost-once": 500}
    words = {**LAW[0], yes: "Nie.", text: "Słowa."}
    save(pair[0], case.id, StudyKind.FEASIBILITY, words, LAW[1], values, 0, finished=True)
    sheet = own(case, pair[0])
    assert sheet.values == values
    assert (sheet.cost("cost-once"), sheet.cost("cost-yearly")) == (500, None)


def test_a_change_after_seeing_others_takes_a_reason_and_is_kept(
    case: Initiative, pair: tuple[Actor, Actor]
) -> None:
    one, two = pair
    save(one, case)
    save(one, case, 1, scores={**SCORES, "need": 5})  # Nobody else has finished: nothing is marked.
    assert own(case, one).changes == []
    save(two, case)
    with pytest.raises(Invalid) as caught:
        save(one, case, 2, scores={**SCORES, "need": 2})
    assert set(caught.value.fields) == {"why"}
    save(
        one,
        case,
        2,
        scores={**SCORES, "need": 2},
        parts={**WORDS, "need": "Jednak mniej."},
        why="Ola ma rację.",
    )
    (change,) = own(case, one).changes
    assert change["why"] == "Ola ma rację."
    assert change["rows"] == [{"key": "need", "words": ["Tak.", "Jednak mniej."], "given": [5, 2]}]
    save(one, case, 3, scores={**SCORES, "need": 2}, parts={**WORDS, "need": "Jednak mniej."})
    assert len(own(case, one).changes) == 1


def test_a_finished_sheet_stays_whole_and_finished(case: Initiative, pair: tuple[Actor, Actor]) -> None:
    save(pair[0], case)
    with pytest.raises(Invalid):
        save(pair[0], case, 1, parts={}, finished=False)
    save(pair[0], case, 1, finished=False)
    assert own(case, pair[0]).finished


def test_answers_to_an_earlier_wording_stay_under_it(
    town: Town, actor_as: ActorAs, case: Initiative, pair: tuple[Actor, Actor]
) -> None:
    save(pair[0], case, finished=False)
    mark = queries.settings_mark(queries.office(town.id), "purpose")
    asked = CriterionAsked(Measure.SCORE, {"pl": "Pilność"}, weight=3)
    key = services.save_criterion(actor_as("leader"), town.id, "purpose", "need", asked, mark)
    assert key == "need-2"
    words = {**WORDS, key: "Pilne."}
    save(pair[0], case, 1, parts=words, scores={**SCORES, key: 5})
    sheet = own(case, pair[0])
    assert (sheet.parts["need"], sheet.parts[key]) == ("Tak.", "Pilne.")
    shown = queries.criteria_shown(queries.office(town.id), StudyKind.PURPOSE, [sheet])
    assert [found.key for found in shown][:2] == ["need", "need-2"]


def test_words_about_a_difference_are_written_once(case: Initiative, pair: tuple[Actor, Actor]) -> None:
    one, _two = pair
    with pytest.raises(Conflict):
        services.discuss(one, case.id, StudyKind.PURPOSE, "need", "Skąd trójka?", "k1")
    save(one, case)
    for _ in range(2):
        services.discuss(one, case.id, StudyKind.PURPOSE, "need", " Skąd trójka? ", "k1")
    assert [note.text for note in queries.study_notes(case.id, StudyKind.PURPOSE)] == ["Skąd trójka?"]
    with pytest.raises(Missing):
        services.discuss(one, case.id, StudyKind.PURPOSE, "beauty", "Ładne.", "k2")
    with pytest.raises(Invalid):
        services.discuss(one, case.id, StudyKind.PURPOSE, "need", " ", "k3")


def test_a_survey_is_cited_once_and_can_be_taken_away(case: Initiative, pair: tuple[Actor, Actor]) -> None:
    def cite(held_on: date | None, key: str) -> None:
        services.cite(
            pair[0], case.id, "Jakość życia", "2014", held_on, "Czego brakuje?", "62% – ławek", "", key
        )

    for _ in range(2):
        cite(date(2014, 5, 1), "k1")
    (row,) = queries.citations(case.id)
    assert (row.survey, row.wave, row.held_on) == ("Jakość życia", "2014", date(2014, 5, 1))
    with pytest.raises(Invalid):
        cite(case.local_today + timedelta(days=1), "k2")
    for _ in range(2):
        services.remove_citation(pair[1], case.id, row.id)
    assert queries.citations(case.id) == []


def test_nothing_is_cited_after_the_studies(town: Town, pair: tuple[Actor, Actor]) -> None:
    case = make_initiative(town, "recommendation", reviewers=pair)
    with pytest.raises(Conflict):
        services.cite(pair[0], case.id, "A", "", None, "", "B", "", "k1")
    with pytest.raises(Conflict):
        services.remove_citation(pair[0], case.id, 1)
    with pytest.raises(Conflict):
        services.discuss(pair[0], case.id, StudyKind.PURPOSE, "need", "Za późno.", "k1")
