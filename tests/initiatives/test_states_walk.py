"""Cases led through the real services at random: rows, clocks, counters, pages and audit log stay true.

What `test_states.py` asks of the table is asked here of everything that hangs on it. Each step is one act of
somebody who may do it, possible or not; after each the database is compared with what it must say by then.
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any, ClassVar

from flask import Flask
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from initiatives import queries, rules, services
from initiatives.models import Count, Initiative, MapCell, Place, StudyKind, Support
from initiatives.services import What, Where
from initiatives.states import STUDIES, WORKFLOW
from portal.content import queries as content
from portal.content.models import Comment, CommentState, Stance, StateChange
from portal.core import audit, tenancy
from portal.core.db import db
from portal.core.errors import PortalError
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.actors import make_actor
from tests.factories.browser import Browser
from tests.factories.databases import Databases
from tests.factories.initiatives import TEXT
from tests.factories.portals import disconnect
from tests.factories.towns import make_town

SECRET = "nur für uns"
"""Stands in every note and report, and so on no page of the public."""
SHEET = "Arkusz roboczy"
"""Stands in every sheet; the public reads them beside the decision, not before."""
WHY = "Bo tak jest najlepiej."
CLOCKS = {
    "submitted": ["check"],
    "returned": ["complete"],
    "published": ["assign"],
    "purpose_study": ["purpose"],
    "feasibility_study": ["feasibility"],
    "recommendation": ["decision"],
    "appealed": ["appeal"],
    "disputed": ["dispute"],
}
"""The clock that runs in each state. Source: product 5.1."""
ROAD = {
    "submitted": "publish",
    "published": "assign",
    "assigned": "start_purpose",
    "merged": "split",
    "planned": "start",
    "in_progress": "finish",
}
"""The verb that leads on, where others are as near."""
ROLES = {
    "author": "resident",
    "resident": "resident",
    "one": "reviewer",
    "two": "reviewer",
    "lead": "leader",
    "decider": "decision_maker",
    "other": "decision_maker",
}
ENDS = ("withdrawn", "transferred")


class Walk(RuleBasedStateMachine):
    """Somebody does something, again and again; each walk in a town of its own. The test sets the rest."""

    begin_anew: ClassVar[Callable[[], Town]]
    client: ClassVar[Browser]
    run_jobs: ClassVar[Callable[[], int]]
    shift: ClassVar[Callable[[timedelta], None]]
    been_in: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.chance = Random()
        self.serial = count()

    # Chance of our own, as in test_states.py.
    @initialize(chance=st.randoms(use_true_random=True))
    def begin(self, chance: Random) -> None:
        self.chance = chance
        town = self.begin_anew()
        self.people = {name: make_actor(role, town) for name, role in ROLES.items()}
        self.file()

    def file(self) -> None:
        """A new case, sent by its author."""
        author = self.people["author"]
        token = services.start_draft(author, "pl", self.key())
        services.save_what(
            author, token, What("Ławka przy przystanku", TEXT, self.chance.choice(("greenery", "roads")))
        )
        point = Where(Place.POINT, 51.2465, 22.5684) if self.chance.random() < 0.7 else Where(Place.WHOLE)
        services.save_where(author, token, point)
        self.id = services.submit(author, token, self.key()).initiative_id
        self.seen: list[Any] = []

    def key(self) -> str:
        """A form key nobody used yet."""
        return f"form-{next(self.serial)}"

    @property
    def case(self) -> Initiative:
        db.session.rollback()
        return queries.case(self.id)

    @rule()
    def go_on(self) -> None:
        case = self.case
        self.been_in.add(case.state)
        if case.state in ENDS:
            return self.file()
        acts = (self.move,) * 6 + (self.work, self.join, self.talk, self.wait, self.blunder, self.blunder)
        act = self.chance.choice(acts)
        note(f"{case.number} {case.state}: {act.__name__}")
        before = (case.state, case.version)
        try:
            act(case)
        except PortalError:
            # What is refused leaves the case as it was.
            case = self.case
            assert (case.state, case.version) == before
        return None

    def move(self, case: Initiative) -> None:
        """A move that starts here; more often than not the one that leads on, after the work it waits for."""
        rarely = {"withdraw", "transfer", "correct", "merge"} if self.chance.random() < 0.75 else set()
        moves = [move for move in WORKFLOW.moves_from(case.state) if move.verb not in rarely]
        if case.state in STUDIES:
            self.work(case)
        if moves:
            verbs = {move.verb: move for move in moves}
            leads_on = verbs.get(ROAD.get(case.state, "")) if self.chance.random() < 0.7 else None
            chosen = leads_on or self.chance.choice(moves)
            self.carry_out(self.case, chosen.verb, self.chance.choice(chosen.targets))

    def blunder(self, case: Initiative) -> None:
        """Any move at all: most are refused."""
        chosen = self.chance.choice(WORKFLOW.moves)
        self.carry_out(case, chosen.verb, self.chance.choice(chosen.targets))

    def carry_out(self, case: Initiative, verb: str, target: str) -> None:
        note(f"  {verb} to {target}")
        one, two, lead = (self.people[name] for name in ("one", "two", "lead"))
        author, decider, other = (self.people[name] for name in ("author", "decider", "other"))
        tomorrow = case.local_today + timedelta(days=1)
        acts: dict[str, Callable[[], Any]] = {
            "submit": lambda: services.complete(
                author, self.id, What("Ławka", TEXT, "roads"), Where(Place.POINT, 51.25, 22.57), case.version
            ),
            "publish": lambda: services.publish(one, self.id),
            "send_back": lambda: services.send_back(one, self.id, "Prosimy o adres."),
            "hold": lambda: services.hold(one, self.id, WHY),
            "assign": lambda: services.assign(
                lead, self.id, "Zieleń", lead.user_id or 0, [one.user_id or 0, two.user_id or 0]
            ),
            "start_purpose": lambda: services.start_study(one, self.id, "start_purpose"),
            "start_feasibility": lambda: services.start_study(one, self.id, "start_feasibility"),
            "recommend": lambda: services.recommend(
                lead,
                self.id,
                "Tak.",
                "Tak.",
                "Tak.",
                "adopted",
                WHY,
                (100, 5),
                "budżet",
                case.version,
                send=True,
            ),
            "resume": lambda: services.resume(lead, self.id),
            "decide": lambda: services.decide(decider, self.id, target, WHY, "Bez oświetlenia.", tomorrow),
            "appeal": lambda: services.appeal(author, self.id, WHY),
            "uphold": lambda: services.decide_appeal(other, self.id, "refused", WHY),
            "reverse": lambda: services.decide_appeal(other, self.id, target, WHY, "Bez kosza.", tomorrow),
            "confirm": lambda: services.judge(author, self.id, "confirm", ""),
            "dispute": lambda: services.judge(author, self.id, "dispute", WHY),
            "merge": lambda: self.merge(author, lead),
            "split": lambda: services.split(lead, self.id, WHY),
            "transfer": lambda: services.transfer(lead, self.id, "Gmina Świdnik", WHY),
            "withdraw": lambda: services.withdraw(author, self.id, ""),
            "correct": lambda: services.correct(lead, self.id, WHY),
            "lapse": lambda: self.wait(case, days=10),
        }
        work = lambda: services.realise(one, self.id, verb, WHY, target=target, progress=40)  # noqa: E731
        acts.get(verb, work)()

    def merge(self, author: Any, lead: Any) -> None:
        """Proposed by the leader, agreed to by the author of this case; nobody can be asked for the other one."""
        services.propose_merge(lead, self.id, self.another(), WHY)
        merge_id = self.case.merge_id
        if merge_id is not None:
            services.answer_merge(author, self.id, merge_id, "", agrees=True)

    def another(self) -> str:
        """The number of another public case, if there is one."""
        found = db.session.scalar(
            select(Initiative.number).where(
                Initiative.id != self.id,
                Initiative.listed_at.is_not(None),
                Initiative.state.not_in((*ENDS, "merged")),
            )
        )
        return found or "LUB-I-2000-0001"

    def work(self, case: Initiative) -> None:
        """What the team does between moves: sheets, notes, more time."""
        if case.state in STUDIES:
            kind = StudyKind(case.state.removesuffix("_study"))
            parts = rules.PURPOSE_PARTS if kind is StudyKind.PURPOSE else rules.FEASIBILITY_PARTS
            words, scores = dict.fromkeys(parts, SHEET), dict.fromkeys(parts, 4)
            for name in ("one", "two"):
                theirs = [s for s in case.sheets if s.kind is kind and s.user_id == self.people[name].user_id]
                if not theirs:
                    services.save_sheet(self.people[name], self.id, kind, words, scores, {}, 0, finished=True)
        elif self.chance.random() < 0.5:
            services.add_note(self.people["lead"], self.id, SECRET, self.key())
        else:
            services.extend(self.people["lead"], self.id, case.local_today + timedelta(days=20), WHY)

    def join(self, case: Initiative) -> None:
        """A resident supports it, takes that back, or tells that something is wrong."""
        resident = self.people["resident"]
        act = self.chance.choice((services.support, services.unsupport))
        act(resident, self.id)
        if self.chance.random() < 0.3:
            services.report(resident, self.id, SECRET, self.key())

    def talk(self, case: Initiative) -> None:
        """A resident says something; sometimes with a link, which the team has to look at."""
        text = self.chance.choice(("Jestem za.", "Zobacz https://poczta.example"))
        services.comment(
            self.people["resident"], self.id, Stance.FOR, text, "pl", self.key(), shows_name=False
        )
        rows = list(
            db.session.scalars(select(Comment).where(Comment.object_id == self.id).order_by(Comment.id))
        )
        row = self.chance.choice(rows)
        act = "publish" if self.chance.random() < 0.5 else "hide"
        if row.state in services.JUDGED_FROM[act]:
            services.moderate(self.people["one"], self.id, row.id, act, "advertising", WHY)

    def wait(self, case: Initiative, days: int | None = None) -> None:
        """Time passes, and what is due is done."""
        self.shift(timedelta(days=days or self.chance.randint(1, 4)))
        self.run_jobs()

    # What must hold

    @invariant()
    def all_is_true(self) -> None:
        case, steps = self.case, self.steps()
        self.history_only_grows(steps)
        self.state_is_where_the_history_leads(case, steps)
        self.public_is_what_was_published_and_shows_nothing_internal(case, steps)
        self.clocks_agree_with_the_state(case)
        self.counters_are_in_step(case)

    def steps(self) -> list[StateChange]:
        rows = select(StateChange).where(StateChange.object_id == self.id).order_by(StateChange.id)
        return list(db.session.scalars(rows))

    def history_only_grows(self, steps: list[StateChange]) -> None:
        rows = [
            tuple(getattr(step, column.key) for column in StateChange.__mapper__.columns) for step in steps
        ]
        assert rows[: len(self.seen)] == self.seen
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        self.seen = rows

    def state_is_where_the_history_leads(self, case: Initiative, steps: list[StateChange]) -> None:
        here = "draft"
        for step in steps:
            assert step.from_state == here, (step.verb, here)
            here = step.to_state
        assert case.state == here
        assert case.phase == WORKFLOW.state(here).phase

    def public_is_what_was_published_and_shows_nothing_internal(
        self, case: Initiative, steps: list[StateChange]
    ) -> None:
        verbs = {step.verb for step in steps}
        public = WORKFLOW.state(case.state).public and (case.state != "withdrawn" or "publish" in verbs)
        assert case.is_public == public
        for step in steps:
            assert SECRET not in step.note, step.verb
            assert step.lane is not Lane.PUBLIC or not step.internal_note, step.verb
        page = self.client.get(f"/pl/lublin/initiatives/{(case.number or '').lower()}")
        assert page.status_code == (200 if public else 404)
        assert SECRET not in page.text
        assert SHEET not in page.text or "decide" in verbs

    def clocks_agree_with_the_state(self, case: Initiative) -> None:
        running = [row.key for row in content.open_deadlines(*case.about)]
        assert running == CLOCKS.get(case.state, []), case.state

    def counters_are_in_step(self, case: Initiative) -> None:
        public = Initiative.listed_at.is_not(None)
        wanted = db.session.execute(
            select(Initiative.state, Initiative.category, Initiative.outcome, func.count())
            .where(public).group_by(Initiative.state, Initiative.category, Initiative.outcome)
        )  # fmt: skip
        kept = db.session.execute(
            select(Count.state, Count.category, Count.outcome, Count.n).where(Count.n != 0)
        )
        assert sorted(map(tuple, kept)) == sorted(map(tuple, wanted))
        pins = db.session.scalar(
            select(func.count()).where(public, Initiative.lat.is_not(None), Initiative.state != "withdrawn")
        )
        cells = select(MapCell.zoom, func.sum(MapCell.n)).where(MapCell.filter == "").group_by(MapCell.zoom)
        assert {total for _, total in db.session.execute(cells)} <= {pins}
        supports = select(func.count()).where(Support.initiative_id == self.id)
        seen = select(func.count()).where(Comment.object_id == self.id, Comment.state == CommentState.VISIBLE)
        assert case.support_count == db.session.scalar(supports)
        assert case.comment_count == db.session.scalar(seen)

    def teardown(self) -> None:
        # Once a walk: whatever broke the chain on the way is still broken at its end.
        db.session.rollback()
        assert audit.verify() == []


def test_every_walk_through_the_services_stays_true(
    app: Flask,
    client: Browser,
    databases: Databases,
    run_jobs: Callable[[], int],
    frozen: Callable[[str], None],
    time_machine: Any,
) -> None:
    """The same walks each time, so that they are known to lead far."""

    def begin_anew() -> Town:
        db.session.close()
        disconnect(app)
        databases.restore("empty")
        frozen("2026-03-02 10:00")
        town = make_town("lublin")
        tenancy.enter(town.id)
        return town

    Walk.begin_anew, Walk.client = staticmethod(begin_anew), client
    Walk.run_jobs, Walk.shift = staticmethod(run_jobs), staticmethod(time_machine.shift)
    Walk.been_in.clear()
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=4,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            # The steps depend on chance of our own, so a shorter walk would be another one; `note` tells this one.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert {"refused", "deferred", "in_progress", "done", "withdrawn"} <= Walk.been_in
