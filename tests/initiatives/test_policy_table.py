"""Who may do what in which state, written out: each role, state and municipality against this table.

The table is read from `EXPECTED`, not from policy.py or states.py: a right given or lost by accident shows here
as the line somebody has to change on purpose.
"""

from dataclasses import dataclass

import pytest

from initiatives.models import Audience, Initiative, Reviewer
from initiatives.states import EXTEND, WORKFLOW
from portal.content import move
from portal.core.actor import Actor
from portal.core.policy import can

HOME, ABROAD = 1, 2


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the desk: their number, the role they hold, and what they have to do with the case."""

    id: int | None
    role: str


AUTHOR = Person(10, "resident")
PEOPLE = {
    "author": AUTHOR,
    "taker": Person(11, "operator"),
    "operator": Person(12, "operator"),
    "member": Person(13, "reviewer"),
    "reviewer": Person(14, "reviewer"),
    "lead": Person(15, "leader"),
    "leader": Person(16, "leader"),
    "decider": Person(17, "decision_maker"),
    "refuser": Person(18, "decision_maker"),
    # Their roles would do, were they not in it themselves.
    "supporting leader": Person(19, "leader"),
    "supporting decider": Person(20, "decision_maker"),
    # Nobody of these moves anything.
    "visitor": Person(None, "visitor"),
    "resident": Person(30, "resident"),
    "steering": Person(31, "steering"),
    "expert": Person(32, "expert"),
    "editor": Person(33, "editor"),
    "translator": Person(34, "translator"),
    "admin": Person(35, "admin"),
    "dpo": Person(36, "dpo"),
    "portal operator": Person(37, "portal_operator"),
}
"""Reviewer and lead are assigned to the case, member and leader are of the same team and are not. The taker wrote
it down for a caller; the refuser decided it."""

OWN = ("author", "taker")
TEAM = ("member", "reviewer", "lead", "leader")
LEADERS = ("lead", "leader")
WORKING = ("reviewer", "lead")
DECIDERS = ("decider", "refuser")
BACK = (*LEADERS, "refuser")

EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "draft": {"submit": OWN, "withdraw": OWN},
    "submitted": {"publish": TEAM, "send_back": TEAM, "hold": TEAM, "withdraw": OWN},
    "held": {"publish": TEAM, "withdraw": OWN, "correct": BACK},
    "returned": {"submit": OWN, "lapse": TEAM, "withdraw": OWN, "correct": BACK},
    "lapsed": {"submit": OWN, "withdraw": OWN},
    "published": {
        "assign": LEADERS,
        "merge": LEADERS,
        "transfer": LEADERS,
        "withdraw": OWN,
        "correct": BACK,
    },
    "assigned": {
        "assign": LEADERS,
        "start_purpose": WORKING,
        "merge": LEADERS,
        "transfer": LEADERS,
        "withdraw": OWN,
        "correct": BACK,
    },
    "purpose_study": {"start_feasibility": WORKING, "withdraw": OWN, "correct": BACK, "extend": LEADERS},
    "feasibility_study": {"recommend": LEADERS, "withdraw": OWN, "correct": BACK, "extend": LEADERS},
    "recommendation": {"decide": DECIDERS, "withdraw": OWN, "correct": BACK, "extend": LEADERS},
    "adopted": {"plan": WORKING, "correct": BACK},
    "partly_adopted": {"plan": WORKING, "correct": BACK},
    "deferred": {"resume": LEADERS, "withdraw": OWN, "correct": BACK},
    "refused": {"appeal": OWN, "correct": BACK},
    "appealed": {"uphold": ("decider",), "reverse": ("decider",), "withdraw": OWN},
    "planned": {"start": WORKING, "abandon": WORKING, "correct": BACK},
    "in_progress": {"finish": WORKING, "abandon": WORKING, "correct": BACK},
    "done": {"confirm": OWN, "dispute": OWN, "correct": BACK},
    "partly_done": {"confirm": OWN, "dispute": OWN, "correct": BACK},
    "abandoned": {"correct": BACK},
    "confirmed": {"correct": BACK},
    "disputed": {"answer": WORKING, "resume_work": WORKING, "correct": BACK},
    "merged": {"split": LEADERS, "correct": BACK},
    "transferred": {"correct": BACK},
    "withdrawn": {},
}
"""State → verb → who."""


def a_case(state: str) -> Initiative:
    """A case of the town at home, in memory only."""
    case = Initiative(
        id=1,
        municipality_id=HOME,
        audience=Audience.EVERYBODY,
        author_user_id=AUTHOR.id,
        taken_by_user_id=PEOPLE["taker"].id,
        lead_user_id=PEOPLE["lead"].id,
        decided_by_user_id=PEOPLE["refuser"].id,
        reviewers=[Reviewer(user_id=PEOPLE["reviewer"].id)],
    )
    move.place(case, state)
    return case


def actor_of(name: str, place: int) -> Actor:
    """This person with their role in one town."""
    person = PEOPLE[name]
    given = person.role not in ("visitor", "resident")
    # The portal operator's role counts everywhere (key 0).
    where = 0 if person.role == "portal_operator" else place
    roles = {where: frozenset({person.role})} if given else {}
    return Actor(user_id=person.id, municipality_id=HOME, roles=roles, fresh=True)


def allowed(state: str, place: int) -> dict[str, set[str]]:
    """Verb → everybody who may, of those whose role is given in this town."""
    case = a_case(state)
    moves = [*WORKFLOW.moves_from(state), *([EXTEND] if state in EXTEND.sources else [])]
    found: dict[str, set[str]] = {}
    for name, person in PEOPLE.items():
        case.conflicts = frozenset({person.id or 0}) if name.startswith("supporting") else frozenset()
        for each in moves:
            if can(actor_of(name, place), each.permission, case):
                found.setdefault(each.verb, set()).add(name)
    return found


@pytest.mark.usefixtures("portal")
@pytest.mark.parametrize("state", WORKFLOW.keys())
def test_each_verb_is_open_to_just_these_people(state: str) -> None:
    assert allowed(state, HOME) == {verb: set(people) for verb, people in EXPECTED[state].items()}


@pytest.mark.usefixtures("portal")
@pytest.mark.parametrize("state", WORKFLOW.keys())
def test_roles_of_another_town_open_nothing(state: str) -> None:
    """An author is one by account and not by role, wherever they live."""
    own = {verb: {"author"} for verb, people in EXPECTED[state].items() if "author" in people}
    assert allowed(state, ABROAD) == own


READING = {
    "recommendation": {"taker", *TEAM, *DECIDERS, "steering", "expert"},
}
"""Who reads the case at the desk while it waits for a decision; in any other state all but the two groups."""


@pytest.mark.usefixtures("portal")
@pytest.mark.parametrize("state", WORKFLOW.keys())
def test_the_desk_shows_a_case_to_its_team_and_to_the_groups_when_it_waits_for_a_decision(state: str) -> None:
    case, readers = a_case(state), set()
    for name, person in PEOPLE.items():
        case.conflicts = frozenset({person.id or 0}) if name.startswith("supporting") else frozenset()
        if can(actor_of(name, HOME), "initiative.desk", case):
            readers.add(name)
    assert readers == READING.get(state, READING["recommendation"] - {"steering", "expert"})


def test_roles_of_the_table_are_all_roles(portal: object) -> None:
    from portal.accounts.roles import Role

    assert {person.role for person in PEOPLE.values()} == {"visitor", "resident", *map(str, Role)}
