"""The office's judgement of comments: told to its author, decided again by somebody else, and taken back by one step."""

from collections.abc import Callable
from typing import Any

import pytest

from initiatives import queries, services
from initiatives.models import Initiative
from portal.content import talk
from portal.content.models import Comment, CommentState, Objection, Stance
from portal.core.actor import Actor, acting
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, NotAllowed
from portal.core.tenancy import Town
from portal.notify.values import unpack
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
Outbox = Callable[[], list[Any]]


def say(actor: Actor, case: Initiative, text: str = "Bardzo potrzebne.", key: str = "k") -> int:
    return services.comment(actor, case.id, Stance.FOR, text, "pl", key, shows_name=False).id


def row_of(comment_id: int) -> Comment:
    return db.session.get_one(Comment, comment_id, populate_existing=True)


def count(case: Initiative) -> int:
    return queries.case(case.id).comment_count


def told(outbox: Outbox, who: Actor) -> list[str]:
    return [notice.code.removeprefix("initiative.") for notice in outbox() if notice.user_id == who.user_id]


def last_step(comment_id: int) -> int:
    return talk.steps(comment_id)[-1].id


@pytest.fixture
def case(town: Town) -> Initiative:
    return make_initiative(town)


@pytest.fixture
def ewa(actor_as: ActorAs) -> Actor:
    return actor_as("resident")


@pytest.fixture
def reviewer(actor_as: ActorAs) -> Actor:
    return actor_as("reviewer")


class TestJudging:
    def test_a_held_one_is_shown_and_leaves_the_queue(
        self, case: Initiative, ewa: Actor, reviewer: Actor, outbox: Outbox
    ) -> None:
        said = say(ewa, case, "www.sklep.example")
        services.moderate(reviewer, case.id, said, "publish")
        assert (row_of(said).state, row_of(said).queued_at, count(case)) == (CommentState.VISIBLE, None, 1)
        assert told(outbox, ewa) == ["comment_held", "comment_published"]
        assert [(step.act, step.user_id) for step in talk.steps(said)] == [
            ("hold", ewa.user_id),
            ("publish", reviewer.user_id),
        ]
        with pytest.raises(Conflict):
            services.moderate(reviewer, case.id, said, "publish")

    def test_hiding_names_a_rule_and_tells_the_author_how_to_object(
        self, case: Initiative, ewa: Actor, reviewer: Actor, outbox: Outbox
    ) -> None:
        said = say(ewa, case)
        for rule, words, field in (("", "Obraza.", "rule"), ("other", " ", "words")):
            with pytest.raises(Invalid) as caught:
                services.moderate(reviewer, case.id, said, "hide", rule, words)
            assert field in caught.value.fields
        services.moderate(reviewer, case.id, said, "hide", "insult", "Proszę bez wyzwisk.")
        row = row_of(said)
        assert (row.state, row.hidden_rule, row.hidden_reason) == (
            CommentState.HIDDEN,
            "insult",
            "Proszę bez wyzwisk.",
        )
        assert count(case) == 0
        assert told(outbox, ewa) == ["comment_hidden"]

    def test_hidden_words_are_read_by_nobody_and_answers_keep_their_place(
        self, case: Initiative, ewa: Actor, reviewer: Actor, actor_as: ActorAs
    ) -> None:
        said = say(ewa, case)
        services.comment(
            actor_as("resident"), case.id, Stance.FOR, "Zgoda.", "pl", "j", shows_name=False, answers=said
        )
        services.moderate(reviewer, case.id, said, "hide", "insult")
        (shown,) = talk.page(*case.about, "new", None).items
        assert not shown.is_seen
        assert [answer.text for answer in shown.answers] == ["Zgoda."]
        assert count(case) == 1

    def test_dismissed_reports_leave_the_comment(
        self, case: Initiative, ewa: Actor, reviewer: Actor, actor_as: ActorAs
    ) -> None:
        said = say(ewa, case)
        services.report_comment(actor_as("resident"), case.id, said, "insult", "")
        services.moderate(reviewer, case.id, said, "dismiss")
        row = row_of(said)
        assert (row.state, row.reports, row.queued_at) == (CommentState.VISIBLE, 0, None)
        assert talk.open_reports([said]) == {}
        with pytest.raises(Conflict):
            services.moderate(reviewer, case.id, said, "dismiss")

    def test_highlighted_ones_stand_on_top_and_are_few(
        self, case: Initiative, reviewer: Actor, actor_as: ActorAs
    ) -> None:
        ids = [
            say(actor_as("resident"), case, f"Zdanie {n}.", f"k{n}") for n in range(services.HIGHLIGHTS + 1)
        ]
        for one in ids[:-1]:
            services.moderate(reviewer, case.id, one, "highlight")
        with pytest.raises(Invalid):
            services.moderate(reviewer, case.id, ids[-1], "highlight")
        services.moderate(reviewer, case.id, ids[0], "unhighlight")
        assert [said.id for said in talk.highlighted(*case.about)] == ids[-2:0:-1]
        assert {said.id for said in talk.page(*case.about, "new", None).items} == {ids[0], ids[-1]}
        shown, _sums = talk.top(*case.about)
        assert shown[0].highlighted_at is not None

    def test_whoever_took_part_in_the_case_judges_nothing(self, case: Initiative, reviewer: Actor) -> None:
        own = say(reviewer, case)
        with acting(reviewer), pytest.raises(NotAllowed):
            services.moderate(reviewer, case.id, own, "hide", "insult")


class TestUndo:
    def test_each_decision_is_taken_back_as_it_stood(
        self, case: Initiative, ewa: Actor, reviewer: Actor, actor_as: ActorAs
    ) -> None:
        said = say(ewa, case)
        services.moderate(reviewer, case.id, said, "highlight")
        services.report_comment(actor_as("resident"), case.id, said, "insult", "")
        services.moderate(reviewer, case.id, said, "hide", "insult")
        assert row_of(said).reports == 0
        services.undo_judgement(reviewer, case.id, said, last_step(said))
        row = row_of(said)
        assert (row.state, row.reports, row.queued_at is None) == (CommentState.VISIBLE, 1, False)
        assert row.highlighted_at is not None
        assert count(case) == 1
        services.moderate(reviewer, case.id, said, "dismiss")
        services.undo_judgement(reviewer, case.id, said, last_step(said))
        assert row_of(said).reports == 1
        assert [step.act for step in talk.steps(said)] == ["highlight", "hide", "undo", "dismiss", "undo"]

    def test_only_the_last_decision_is_taken_back_and_once(
        self, case: Initiative, ewa: Actor, reviewer: Actor
    ) -> None:
        said = say(ewa, case, "www.sklep.example")
        services.moderate(reviewer, case.id, said, "publish")
        first = last_step(said)
        services.moderate(reviewer, case.id, said, "hide", "advertising")
        with pytest.raises(Conflict):
            services.undo_judgement(reviewer, case.id, said, first)
        services.undo_judgement(reviewer, case.id, said, last_step(said))
        with pytest.raises(Conflict):
            services.undo_judgement(reviewer, case.id, said, last_step(said))

    def test_a_published_one_waits_again(self, case: Initiative, ewa: Actor, reviewer: Actor) -> None:
        said = say(ewa, case, "www.sklep.example")
        services.moderate(reviewer, case.id, said, "publish")
        services.undo_judgement(reviewer, case.id, said, last_step(said))
        assert (row_of(said).state, row_of(said).queued_at is None, count(case)) == (
            CommentState.HELD,
            False,
            0,
        )


class TestObjections:
    @pytest.fixture
    def hidden(self, case: Initiative, ewa: Actor, reviewer: Actor) -> int:
        said = say(ewa, case)
        services.moderate(reviewer, case.id, said, "hide", "insult")
        services.object_to(ewa, case.id, said, "Nikogo nie obraziłam.")
        return said

    def test_another_person_decides_and_the_author_is_told(
        self, case: Initiative, ewa: Actor, reviewer: Actor, hidden: int, actor_as: ActorAs, outbox: Outbox
    ) -> None:
        other = actor_as("decision_maker")
        with pytest.raises(NotAllowed):
            services.decide_objection(reviewer, case.id, hidden, "Nie.", restore=False)
        with pytest.raises(Invalid):
            services.decide_objection(other, case.id, hidden, " ", restore=True)
        services.decide_objection(other, case.id, hidden, "Ma Pani rację.", restore=True)
        row = row_of(hidden)
        assert (row.state, row.objection, row.queued_at) == (CommentState.VISIBLE, Objection.DECIDED, None)
        assert told(outbox, ewa) == ["comment_hidden", "comment_objection"]

    def test_in_an_office_of_one_the_same_person_decides_and_says_so(
        self, case: Initiative, ewa: Actor, reviewer: Actor, hidden: int, outbox: Outbox
    ) -> None:
        services.decide_objection(reviewer, case.id, hidden, "Zostaje ukryty.", restore=False)
        assert row_of(hidden).state is CommentState.HIDDEN
        (notice,) = [n for n in outbox() if n.code == "initiative.comment_objection"]
        values = unpack(notice.values)["values"]
        assert (values["alone"], values["restored"], values["note"]) == (True, False, "Zostaje ukryty.")

    def test_while_it_is_open_nothing_else_is_done_to_it(
        self, case: Initiative, hidden: int, actor_as: ActorAs
    ) -> None:
        with pytest.raises(Conflict):
            services.moderate(actor_as("leader"), case.id, hidden, "publish")

    def test_the_decision_can_be_taken_back_by_somebody_who_may_decide(
        self, case: Initiative, reviewer: Actor, hidden: int, actor_as: ActorAs
    ) -> None:
        other = actor_as("leader")
        services.decide_objection(other, case.id, hidden, "Zostaje.", restore=False)
        with pytest.raises(NotAllowed):
            services.undo_judgement(reviewer, case.id, hidden, last_step(hidden))
        services.undo_judgement(other, case.id, hidden, last_step(hidden))
        assert (row_of(hidden).objection, row_of(hidden).queued_at is None) == (Objection.OPEN, False)
