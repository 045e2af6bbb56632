"""The talk under an initiative: each word once, each mark once per person, and nothing vanishes without a word to its author."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from initiatives import queries, rules, services
from initiatives.models import Initiative
from initiatives.services import Told
from portal.accounts.models import User
from portal.content import talk
from portal.content.models import Comment, CommentReport, CommentState, CommentUseful, Objection, Stance
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
Outbox = Callable[[], list[Any]]


def say(actor: Actor, case: Initiative, text: str = "Bardzo potrzebne.", key: str = "k", **more: Any) -> Told:
    values = {"shows_name": False, **more}
    return services.comment(actor, case.id, Stance.FOR, text, "pl", key, **values)


def row_of(said: Told | int) -> Comment:
    return db.session.get_one(Comment, said.id if isinstance(said, Told) else said, populate_existing=True)


def count(case: Initiative) -> int:
    return queries.case(case.id).comment_count


def codes(outbox: Outbox) -> list[str]:
    return [notice.code.removeprefix("initiative.") for notice in outbox()]


def long_known(actor: Actor) -> None:
    with writing():
        long_ago = clock.now() - timedelta(days=90)
        db.session.execute(update(User).where(User.id == actor.user_id).values(created_at=long_ago))


class TestSaying:
    def test_a_comment_is_seen_at_once_and_counted_once(self, town: Town, actor_as: ActorAs) -> None:
        case, ewa = make_initiative(town), actor_as("resident", name="Ewa Sadowa")
        first = say(ewa, case)
        assert (say(ewa, case), first.held_by) == (first, ())
        assert (row_of(first).name, count(case)) == ("", 1)
        named = say(ewa, case, "Podpisuję się.", "second", shows_name=True)
        assert row_of(named).name == "Ewa Sadowa"

    def test_it_has_words_and_not_too_many(self, town: Town, actor_as: ActorAs) -> None:
        case, ewa = make_initiative(town), actor_as("resident")
        for text in ("", "  ", "x" * (rules.COMMENT_MAX + 1)):
            with pytest.raises(Invalid) as caught:
                say(ewa, case, text)
            assert "text" in caught.value.fields
        say(ewa, case, "x" * rules.COMMENT_MAX)
        assert count(case) == 1

    def test_one_that_a_rule_holds_waits_and_both_sides_are_told(
        self, town: Town, actor_as: ActorAs, outbox: Outbox
    ) -> None:
        case, ewa, leader = make_initiative(town), actor_as("resident"), actor_as("leader")
        told = say(ewa, case, "Zobacz www.sklep.example")
        assert told.held_by == ("link",)
        row = row_of(told)
        assert (row.state, row.queued_at is None, count(case)) == (CommentState.HELD, False, 0)
        assert queries.queued_counts(leader) == [1]
        told_whom = {(notice.code, notice.user_id) for notice in outbox()}
        assert ("initiative.comment_held", ewa.user_id) in told_whom
        assert ("initiative.comment_waits", leader.user_id) in told_whom

    def test_a_known_account_may_link(self, town: Town, actor_as: ActorAs) -> None:
        case, ewa = make_initiative(town), actor_as("resident")
        long_known(ewa)
        for n in range(2):
            say(ewa, case, f"Zdanie {n}.", f"k{n}")
        assert say(ewa, case, "Jak na www.lublin.example", "k2").held_by == ()

    def test_words_of_the_office_hold_a_comment_in_its_language(self, town: Town, actor_as: ActorAs) -> None:
        case, ewa, leader = make_initiative(town), actor_as("resident"), actor_as("leader")
        mark = queries.settings_mark(queries.office(), "words")
        services.save_words(leader, town.id, {"pl": "pożyczk*", "cs": "půjčka"}, mark)
        assert say(ewa, case, "Tanie pożyczki dla każdego").held_by == ("word",)
        assert say(ewa, case, "Pujcka po czesku", "k2").held_by == ()

    def test_the_authors_own_words_say_so(self, town: Town, actor_as: ActorAs) -> None:
        ewa = actor_as("resident")
        case = make_initiative(town, author=ewa)
        assert row_of(say(ewa, case)).by_author
        assert not row_of(say(actor_as("resident"), case, key="j")).by_author

    def test_what_is_not_public_is_not_there(self, town: Town, actor_as: ActorAs) -> None:
        with pytest.raises(Missing):
            say(actor_as("resident"), make_initiative(town, "submitted"))


class TestAnswers:
    def test_an_answer_takes_no_stance_and_has_none_below_it(self, town: Town, actor_as: ActorAs) -> None:
        case, ewa, jan = make_initiative(town), actor_as("resident"), actor_as("resident")
        first = say(ewa, case)
        answer = say(jan, case, "Zgoda.", "j", answers=first.id)
        assert (row_of(answer).stance, row_of(answer).parent_id) == (Stance.NEUTRAL, first.id)
        assert (row_of(first).answer_count, count(case)) == (1, 2)
        assert talk.stances(*case.about) == talk.Stances(1, 0, 0)
        with pytest.raises(Invalid) as caught:
            say(ewa, case, "I jeszcze.", "e2", answers=answer.id)
        assert "answer already" in str(caught.value.reason)

    def test_one_of_another_case_or_a_hidden_one_is_not_answered(self, town: Town, actor_as: ActorAs) -> None:
        case, other, ewa = make_initiative(town), make_initiative(town), actor_as("resident")
        elsewhere, held = say(ewa, other), say(ewa, case, "www.sklep.example", "h")
        for one in (elsewhere, held):
            with pytest.raises(Missing):
                say(actor_as("resident"), case, "Zgoda.", "j", answers=one.id)

    def test_the_office_speaks_under_its_role_and_is_no_party(self, town: Town, actor_as: ActorAs) -> None:
        case, ewa, leader = make_initiative(town), actor_as("resident"), actor_as("leader")
        first = say(ewa, case)
        for _ in range(2):
            said = services.speak(leader, case.id, "Odpowiemy w studium.", "s", answers=first.id)
        row = row_of(said)
        assert (row.official, row.office, row.name, row.parent_id) == (True, "leader", "", first.id)
        assert not queries.with_a_stake(queries.case(case.id), {leader.user_id or 0})
        with pytest.raises(NotAllowed):
            services.speak(ewa, case.id, "Urząd mówi.", "x")


class TestOnesOwn:
    def test_it_is_mended_for_a_quarter_of_an_hour(
        self, town: Town, actor_as: ActorAs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        case, ewa = make_initiative(town), actor_as("resident")
        said = say(ewa, case)
        services.edit_comment(ewa, case.id, said.id, "Potrzebne, i to bardzo.", "")
        row = row_of(said)
        assert (row.text, row.edited_at is None) == ("Potrzebne, i to bardzo.", False)
        with pytest.raises(Conflict):
            services.edit_comment(ewa, case.id, said.id, "Ze starej karty.", "")
        with pytest.raises(Missing):
            services.edit_comment(actor_as("resident"), case.id, said.id, "Cudze.", "")
        later = clock.now() + timedelta(minutes=16)
        monkeypatch.setattr(clock, "now", lambda: later)
        with pytest.raises(Conflict):
            services.edit_comment(ewa, case.id, said.id, "Za późno.", services.mark_of(row.edited_at))

    def test_a_link_put_in_later_holds_it_as_well(
        self, town: Town, actor_as: ActorAs, outbox: Outbox
    ) -> None:
        case, ewa = make_initiative(town), actor_as("resident")
        said = say(ewa, case)
        assert services.edit_comment(ewa, case.id, said.id, "www.sklep.example", "").held_by == ("link",)
        assert (row_of(said).state, count(case)) == (CommentState.HELD, 0)
        assert "comment_held" in codes(outbox)

    def test_taken_back_it_keeps_its_place_and_loses_its_words(self, town: Town, actor_as: ActorAs) -> None:
        case, ewa, jan = make_initiative(town), actor_as("resident", name="Ewa"), actor_as("resident")
        said = say(ewa, case, shows_name=True)
        say(jan, case, "Zgoda.", "j", answers=said.id)
        for _ in range(2):
            services.take_back(ewa, case.id, said.id)
        row = row_of(said)
        assert (row.state, row.text, row.name, count(case)) == (CommentState.TAKEN_BACK, "", "", 1)
        (shown,) = talk.page(*case.about, "new", None).items
        assert [answer.text for answer in shown.answers] == ["Zgoda."]
        with pytest.raises(Missing):
            services.take_back(jan, case.id, said.id)


class TestUsefulAndReports:
    def test_useful_counts_once_per_person_and_not_for_oneself(self, town: Town, actor_as: ActorAs) -> None:
        case, ewa, jan = make_initiative(town), actor_as("resident"), actor_as("resident")
        said = say(ewa, case)
        done = [services.mark_useful(jan, case.id, said.id, wanted=on) for on in (True, True, False, False)]
        assert done == [True, False, True, False]
        services.mark_useful(jan, case.id, said.id, wanted=True)
        services.mark_useful(actor_as("resident"), case.id, said.id, wanted=True)
        assert row_of(said).useful_count == 2
        assert all(len(mark.person) > 20 for mark in db.session.scalars(select(CommentUseful)))
        with pytest.raises(Invalid):
            services.mark_useful(ewa, case.id, said.id, wanted=True)

    def test_each_person_reports_once_and_the_team_is_told_once(
        self, town: Town, actor_as: ActorAs, outbox: Outbox
    ) -> None:
        case, ewa, leader = make_initiative(town), actor_as("resident"), actor_as("leader")
        said, jan = say(ewa, case), actor_as("resident")
        done = [services.report_comment(jan, case.id, said.id, "insult", "") for _ in range(2)]
        done.append(services.report_comment(actor_as("resident"), case.id, said.id, "other", "Kopia."))
        assert done == [True, False, True]
        assert (row_of(said).reports, queries.queued_counts(leader)) == (2, [1])
        assert codes(outbox).count("comment_waits") == 1
        with pytest.raises(Invalid):
            services.report_comment(ewa, case.id, said.id, "insult", "")

    def test_a_report_names_a_rule_and_says_what_else(self, town: Town, actor_as: ActorAs) -> None:
        case = make_initiative(town)
        said, jan = say(actor_as("resident"), case), actor_as("resident")
        for rule, words, field in (("", "", "rule"), ("nonsense", "x", "rule"), ("other", " ", "words")):
            with pytest.raises(Invalid) as caught:
                services.report_comment(jan, case.id, said.id, rule, words)
            assert field in caught.value.fields
        assert db.session.scalars(select(CommentReport)).all() == []


def test_an_objection_is_possible_once_and_only_to_what_is_hidden(town: Town, actor_as: ActorAs) -> None:
    case, ewa, reviewer = make_initiative(town), actor_as("resident"), actor_as("reviewer")
    said = say(ewa, case)
    with pytest.raises(Missing):
        services.object_to(ewa, case.id, said.id, "Dlaczego?")
    services.moderate(reviewer, case.id, said.id, "hide", "insult")
    with pytest.raises(Invalid):
        services.object_to(ewa, case.id, said.id, " ")
    services.object_to(ewa, case.id, said.id, "Nikogo nie obraziłam.")
    assert (row_of(said).objection, row_of(said).queued_at is None) == (Objection.OPEN, False)
    with pytest.raises(Conflict):
        services.object_to(ewa, case.id, said.id, "Jeszcze raz.")
