"""The team's acts by their services: what each changes beside the state, and what it refuses."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from initiatives import queries, services
from initiatives.models import Initiative
from portal.content import queries as content_queries
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.readings import Reason, Why
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import TEXT, TITLE, make_initiative

ActorAs = Callable[..., Actor]
WHY = "Bo tak jest najlepiej."


def last(case: Initiative) -> Any:
    return content_queries.history(*case.about, tuple(Lane))[-1]


def test_defects_are_listed_one_a_line(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "submitted")
    services.send_back(actor_as("reviewer"), case.id, "- Adres\n\n  • Zdjęcie  \n---\n")
    found = queries.case(case.id)
    assert found.defects == ["Adres", "Zdjęcie"]
    assert (found.state, found.returned_once) == ("returned", True)


def test_redacting_keeps_the_first_words_for_staff_only(town: Town, actor_as: ActorAs) -> None:
    reviewer = actor_as("reviewer")
    said = TEXT + " Mówi pan Jan Kot."
    case = make_initiative(town, text=said, address="Lipowa 3/7")
    services.redact(reviewer, case.id, TITLE, TEXT, "Lipowa 3", "roads", 1, WHY)
    services.redact(reviewer, case.id, "Ławka przy ulicy", TEXT, "Lipowa", "roads", 2, WHY)
    found = queries.case(case.id)
    assert (found.title, found.address, found.version) == ("Ławka przy ulicy", "Lipowa", 3)
    assert found.folded == "lawka przy ulicy"
    assert found.author is not None
    assert found.author.original == f"{TITLE}\n\n{said}\n\nLipowa 3/7"
    assert "Kot" not in found.text
    assert last(case).lane is Lane.AUTHOR


def test_redacting_moves_the_counters_to_the_new_category(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, category="greenery")
    services.redact(actor_as("reviewer"), case.id, TITLE, TEXT, "", "roads", 1, WHY)
    counted = [queries.total(queries.Wanted(category=key)) for key in ("greenery", "roads")]
    assert counted == [0, 1]


def test_redacting_leaves_no_half_a_text(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town)
    with pytest.raises(Invalid):
        services.redact(actor_as("reviewer"), case.id, TITLE, "Krótko.", "", "roads", 1, WHY)
    with pytest.raises(Conflict):
        services.redact(actor_as("reviewer"), case.id, TITLE, TEXT, "", "roads", 2, WHY)
    found = queries.case(case.id)
    assert (found.text, found.category, found.version) == (TEXT, "greenery", 1)
    assert queries.total(queries.Wanted(category="greenery")) == 1


def test_only_people_of_the_team_are_assigned(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    leader, case = actor_as("leader"), make_initiative(town)
    inside = actor_as("reviewer").user_id or 0
    for stranger in (actor_as("resident"), actor_as("operator"), actor_as("reviewer", other_town)):
        for lead, people in ((inside, [inside, stranger.user_id]), (stranger.user_id, [inside])):
            with pytest.raises(Invalid) as caught:
                services.assign(leader, case.id, "Wydział Dróg", lead, people)
            assert "monitoring team" in str(caught.value.reason)
    assert queries.case(case.id).reviewer_ids == []


def test_assigning_anew_replaces_the_people(town: Town, actor_as: ActorAs) -> None:
    leader, case = actor_as("leader"), make_initiative(town)
    one, two, three = (actor_as("reviewer").user_id or 0 for _ in range(3))
    services.assign(leader, case.id, "Wydział Dróg", one, [one, two])
    services.assign(leader, case.id, "Zieleń", two, [two, three])
    found = queries.case(case.id)
    assert (found.department, found.lead_user_id, sorted(found.reviewer_ids)) == (
        "Zieleń",
        two,
        sorted([two, three]),
    )
    with pytest.raises(Invalid) as caught:
        services.assign(leader, case.id, "Zieleń", two, [])
    assert "two reviewers" in str(caught.value.reason)
    with pytest.raises(Conflict):
        services.assign(leader, case.id, "Drogi", one, [one, two], version=1)
    assert queries.case(case.id).department == "Zieleń"


def test_a_study_is_started_by_two_verbs_only(town: Town, actor_as: ActorAs) -> None:
    one = actor_as("reviewer")
    case = make_initiative(town, "assigned", reviewers=[one, actor_as("reviewer")])
    for verb in ("publish", "recommend", "transfer", ""):
        with pytest.raises(Missing):
            services.start_study(one, case.id, verb)


def test_a_corrected_refusal_can_be_appealed_no_more(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "refused")
    services.correct(actor_as("leader"), case.id, WHY)
    found = queries.case(case.id)
    assert (found.state, found.appeal_until, found.outcome.value) == ("recommendation", None, "none")


def test_what_has_no_step_before_is_not_corrected(town: Town, actor_as: ActorAs) -> None:
    leader = actor_as("leader")
    for state in ("submitted", "withdrawn", "appealed"):
        with pytest.raises(Conflict):
            services.correct(leader, make_initiative(town, state).id, WHY)


def test_only_studies_and_decisions_get_more_time(town: Town, actor_as: ActorAs) -> None:
    leader = actor_as("leader")
    for state in ("submitted", "published", "adopted", "disputed"):
        case = make_initiative(town, state)
        with pytest.raises(Conflict):
            services.extend(leader, case.id, case.local_today + timedelta(days=30), WHY)


def test_more_time_moves_the_clock_and_is_told_in_public(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "recommendation")
    due = case.local_today + timedelta(days=40)
    services.extend(actor_as("leader"), case.id, due, WHY)
    (clock,) = content_queries.open_deadlines(*case.about)
    assert (clock.key, clock.due_on, clock.extended) == ("decision", due, True)
    assert (last(case).verb, last(case).lane, last(case).note) == ("extend", Lane.PUBLIC, WHY)
    with pytest.raises(Conflict):
        services.extend(actor_as("leader"), case.id, due + timedelta(days=1), WHY)


def test_more_time_asks_for_a_reason_and_a_later_day(town: Town, actor_as: ActorAs) -> None:
    leader, case = actor_as("leader"), make_initiative(town, "recommendation")
    for due, note, field in (
        (case.local_today, WHY, "due"),
        (case.local_today + timedelta(days=30), " ", "note"),
    ):
        with pytest.raises(Invalid) as caught:
            services.extend(leader, case.id, due, note)
        assert set(caught.value.fields) == {field}


@pytest.mark.parametrize(
    ("costs", "source"), [((None, None), "Budżet"), ((0, None), "")], ids=["no cost", "no source"]
)
def test_a_positive_recommendation_says_what_it_costs(
    town: Town, actor_as: ActorAs, costs: tuple[int | None, None], source: str
) -> None:
    leader, case = actor_as("leader"), make_initiative(town, "feasibility_study", sheets=True)
    write = services.recommend
    with pytest.raises(Invalid):
        write(leader, case.id, "A", "B", "C", "adopted", "", costs, source, 1, send=True)
    with pytest.raises(Invalid):
        write(leader, case.id, "A", "B", "C", "refused", "", costs, source, 1, send=True)
    write(leader, case.id, "A", "B", "C", "refused", "Nie ma miejsca.", costs, source, 1, send=True)
    assert queries.case(case.id).state == "recommendation"


def test_a_synthesis_is_kept_without_being_sent(town: Town, actor_as: ActorAs) -> None:
    leader, case = actor_as("leader"), make_initiative(town, "purpose_study")
    services.recommend(leader, case.id, "A", "", "", "", "", (12, None), "", 1, send=False)
    found = queries.case(case.id)
    assert (found.state, found.wanted, found.recommended, found.cost_once_minor, found.version) == (
        "purpose_study",
        "A",
        None,
        1200,
        2,
    )
    with pytest.raises(Conflict):
        services.recommend(leader, case.id, "A", "", "", "", "", (12, None), "", 1, send=False)
    with pytest.raises(Invalid):
        services.recommend(leader, case.id, "A", "", "", "built", "", (12, None), "", 2, send=False)


def test_a_new_code_is_for_authors_without_account(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "submitted", author=actor_as("resident"))
    with pytest.raises(Invalid):
        services.new_code(actor_as("reviewer"), case.id, "k")


def test_an_imported_case_has_no_contact_to_read(town: Town, actor_as: ActorAs) -> None:
    with pytest.raises(Missing):
        services.read_contact(
            actor_as("reviewer"), make_initiative(town, with_author=False).id, Why(Reason.CHECK)
        )


def test_only_leaders_assign_merge_refer_and_recommend(town: Town, actor_as: ActorAs) -> None:
    someone = actor_as("reviewer")
    case, study = make_initiative(town), make_initiative(town, "purpose_study", reviewers=[someone])
    for act in (
        lambda: services.assign(someone, case.id, "", 1, [1, 2]),
        lambda: services.propose_merge(someone, case.id, study.number or "", WHY),
        lambda: services.transfer(someone, case.id, "Zarząd", WHY),
        lambda: services.extend(someone, study.id, date(2100, 1, 1), WHY),
        lambda: services.recommend(
            someone, study.id, "A", "B", "C", "refused", "", (None, None), "", 1, send=False
        ),
    ):
        with pytest.raises(NotAllowed):
            act()
