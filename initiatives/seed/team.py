"""Who works on the demo initiatives of a municipality, and who filed them."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from initiatives.seed.texts import Record
from portal.core.tenancy import Town


@dataclass(frozen=True, slots=True)
class Team:
    """Account ids of a municipality's people. Small teams have one reviewer and one decision-maker."""

    reviewers: tuple[int, ...]
    leader: int
    deciders: tuple[int, ...]
    operator: int | None

    def studying(self, rng: Random) -> tuple[int, int]:
        """Two different people who study a case; in a small team the leader is one of them."""
        if len(self.reviewers) == 1:
            return self.reviewers[0], self.leader
        first, second = rng.sample(self.reviewers, 2)
        return first, second

    @property
    def scribe(self) -> int:
        """Who writes down what callers say."""
        return self.operator or self.reviewers[0]


@dataclass(frozen=True, slots=True)
class Resident:
    """A resident with an account."""

    user_id: int
    name: str
    language: str


def team_of(town: Town, people: Record, accounts: Mapping[str, int]) -> Team:
    """The team of one municipality, members of another one who work here too included."""
    own = {key: accounts[f"{key}@{town.slug}.example"] for key in people["staff_names"][town.slug]}
    guests = [
        accounts[f"{key}@{slug}.example"]
        for slug, keys in people.get("also_in", {}).items()
        for key, places in keys.items()
        if town.slug in places
    ]
    return Team(
        reviewers=(*(id_ for key, id_ in own.items() if key.startswith("reviewer")), *guests),
        leader=own["leader"],
        deciders=tuple(id_ for key, id_ in own.items() if key.startswith("decision-maker")),
        operator=own.get("operator"),
    )


def residents_of(people: Record, accounts: Mapping[str, int]) -> list[Resident]:
    """Everybody with an account of their own."""
    return [
        Resident(accounts[person["email"]], person["name"], person["language"])
        for person in people["residents"]
    ]
