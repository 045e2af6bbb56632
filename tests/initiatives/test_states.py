"""The workflow table of initiatives: sound by itself, and sound on every walk through it.

The walk knows no database: it makes moves as the door would (sources, guards, targets), lets facts of the case
come and go between them, and asks after each step what must hold wherever a case has been led.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from initiatives import rules, states
from initiatives.states import CORRECTIONS, MOVES, OPEN_PHASES, PHASES, STATES, WORKFLOW

TODAY = date(2026, 3, 2)
ENDS = {"withdrawn"}
"""States nothing leads out of."""
DECIDED = {"adopted", "partly_adopted", "deferred", "refused"}
BUILDING = {"planned", "in_progress", "done", "partly_done", "abandoned", "confirmed", "disputed"}


def test_every_state_but_the_ends_leads_on() -> None:
    assert {state.key for state in STATES if not WORKFLOW.moves_from(state.key)} == ENDS


def test_a_correction_leads_back_to_where_some_move_came_from() -> None:
    before = {
        target: {source for move in MOVES if move.verb != "correct" and target in move.targets for source in move.sources}
        for target in WORKFLOW.keys()  # noqa: SIM118 - a workflow is no dictionary
    }  # fmt: skip
    assert {state: back for state, back in CORRECTIONS.items() if back not in before[state]} == {}


def test_what_the_author_sends_or_takes_back_needs_no_reason_but_what_the_office_refuses_does() -> None:
    reasons = {move.verb for move in MOVES if move.note == "required"}
    assert {
        "send_back",
        "hold",
        "decide",
        "uphold",
        "reverse",
        "abandon",
        "merge",
        "transfer",
        "correct",
    } <= reasons
    assert not {"submit", "withdraw", "publish"} & reasons


def test_phases_are_those_of_the_filters_and_the_two_nobody_sees() -> None:
    assert {state.phase for state in STATES if state.public} == set(PHASES)
    assert {state.phase for state in STATES if not state.public} == {"draft", "hidden"}
    assert set(OPEN_PHASES) < set(PHASES)


def test_each_label_stands_once() -> None:
    labels = [str(state.label) for state in STATES]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("state", ["published", "refused", "withdrawn"])
def test_phase_of_a_state_is_found_again(state: str) -> None:
    assert state in states.STATES_OF_PHASE[WORKFLOW.state(state).phase]


@dataclass(slots=True)
class Sheet:
    """A reviewer's sheet."""

    kind: str
    user_id: int
    finished: bool = True
    parts: dict[str, str] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Case:
    """What the guards look at, without a database."""

    title: str = ""
    text: str = ""
    category: str = ""
    has_place: bool = False
    returned_once: bool = False
    lead_user_id: int | None = None
    reviewer_ids: list[int] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    wanted: str = ""
    allowed: str = ""
    tradeoff: str = ""
    recommended: str | None = None
    appeal_until: date | None = None
    appealed_once: bool = False
    merge_consented: bool = False
    merge_id: int | None = None
    change_id: int | None = None
    local_today: date = TODAY


class Walk(RuleBasedStateMachine):
    """Cases led through the table at random, one after the other."""

    been_in: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.chance = Random()
        self.take_another()

    def take_another(self) -> None:
        self.case = Case()
        self.state = WORKFLOW.initial
        self.steps: list[tuple[str, str, str]] = []

    # Chance of our own: what hypothesis draws for a choice it likes to draw again, and such walks go nowhere.
    @initialize(chance=st.randoms(use_true_random=True))
    def begin(self, chance: Random) -> None:
        self.chance = chance

    # One rule, as hypothesis leaves some rules out of most walks, and none of these can be spared on a long one.
    @rule()
    def go_on(self) -> None:
        self.chance.choice((self.move, self.move, self.work, self.spoil, self.wait))()

    def work(self) -> None:
        """Whatever the next move may ask for."""
        self.case.title, self.case.text, self.case.category = "Ławka", "Proszę o ławkę. " * 3, "greenery"
        self.case.has_place = self.case.merge_consented = True
        self.case.reviewer_ids, self.case.lead_user_id = [1, 2], 1
        if self.state in states.STUDIES:
            self._study(self.case.reviewer_ids)
            self.case.wanted = self.case.allowed = self.case.tradeoff = "Tak."
            self.case.recommended = "adopted"

    def spoil(self) -> None:
        """Some of it, or what is not enough."""
        self.case.reviewer_ids = self.chance.choices((1, 2, 3), k=self.chance.randint(0, 2))
        self.case.lead_user_id = self.chance.choice((None, 1))
        self.case.merge_consented = False
        self.case.has_place = self.chance.choice((True, False))
        if self.state in states.STUDIES:
            self._study(self.case.reviewer_ids[:1])

    def _study(self, people: list[int]) -> None:
        kind = self.state.removesuffix("_study")
        others = [sheet for sheet in self.case.sheets if sheet.kind != kind]
        self.case.sheets = others + [Sheet(kind, person) for person in people]

    def wait(self) -> None:
        """Up to a day more than there is for an appeal."""
        self.case.local_today += timedelta(days=self.chance.randint(1, 8))

    def move(self) -> None:
        """One that is possible, as the door would make it."""
        if self.state in ENDS:
            return self.take_another()
        # What is taken back gets nowhere, so not at every turn.
        rarely = {"withdraw", "transfer", "correct"} if self.chance.random() < 0.95 else set()
        possible = [
            move
            for move in WORKFLOW.moves_from(self.state)
            if move.verb not in rarely and not any(guard(self.case) for guard in move.guards)
        ]
        if not possible:
            return None
        chosen = self.chance.choice(possible)
        targets = (CORRECTIONS[self.state],) if chosen.verb == "correct" else chosen.targets
        target = self.chance.choice(targets)
        self.steps.append((chosen.verb, self.state, target))
        self.state = target
        self.been_in.add(target)
        return self._settle(chosen.verb)

    def _settle(self, verb: str) -> None:
        """What the services keep in step with the table."""
        if verb == "send_back":
            self.case.returned_once = True
        elif verb == "appeal":
            self.case.appealed_once = True
        elif verb == "split":
            self.case.merge_consented = False
        if self.state == "refused" and not self.case.appealed_once:
            self.case.appeal_until = rules.appeal_deadline(self.case.local_today)

    # What holds wherever it has been led

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.steps]

    @invariant()
    def steps_join(self) -> None:
        here = WORKFLOW.initial
        for _, before, after in self.steps:
            assert before == here
            here = after
        assert here == self.state

    @invariant()
    def nothing_is_public_that_nobody_published(self) -> None:
        if WORKFLOW.state(self.state).public and self.state != "withdrawn":
            assert "publish" in self.verbs

    @invariant()
    def nothing_is_decided_without_two_sheets_of_both_studies(self) -> None:
        if self.state in DECIDED | BUILDING | {"recommendation", "appealed"}:
            for kind in ("purpose", "feasibility"):
                writers = {s.user_id for s in self.case.sheets if s.kind == kind and s.finished}
                assert len(writers) >= 2
            assert self.case.recommended

    @invariant()
    def nothing_is_built_that_was_not_adopted(self) -> None:
        if self.state in BUILDING:
            assert {"adopted", "partly_adopted"} & {after for _, _, after in self.steps}

    @invariant()
    def author_is_called_to_complete_and_appeals_once(self) -> None:
        assert self.verbs.count("send_back") <= 1
        assert self.verbs.count("appeal") <= 1

    @invariant()
    def nothing_comes_back_from_an_end(self) -> None:
        assert not [step for step in self.steps if step[1] in ENDS]

    @invariant()
    def what_was_sent_is_no_draft_again(self) -> None:
        assert not [step for step in self.steps if step[2] == "draft"]


def test_every_walk_stays_sound() -> None:
    """The same walks each time, so that they are known to lead everywhere."""
    Walk.been_in.clear()
    run_state_machine_as_test(
        Walk, settings=settings(max_examples=120, stateful_step_count=60, deadline=None, derandomize=True)
    )
    assert set(WORKFLOW.keys()) - Walk.been_in == {"draft"}
