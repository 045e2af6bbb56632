"""What is decided about each demo initiative before its rows are written: when, by whom, for whom."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from initiatives.seed import roads
from initiatives.seed.roads import Step
from initiatives.seed.team import Resident, Team
from initiatives.seed.texts import Record, initiatives, phrases
from portal.core.calendar import local_day, to_utc
from portal.core.tenancy import Town

ACCOUNT_SHARE = 0.33
"""Share of authors with an account."""
VERDICTS = {"adopt": "adopted", "partly": "partly_adopted", "defer": "deferred", "refuse": "refused"}
"""Words of the demo texts, and the state each leads to."""
PROPOSED = {"lub-039": "lub-052"}
"""A case whose author is asked whether it may go on in the other one; both authors have accounts, to try it."""
FINISHED = ("done", "confirmed", "disputed")


@dataclass(frozen=True, slots=True)
class Plot:
    """One case to be written. `author` is set for authors with an account; `rng` is this case's own chance."""

    record: Record
    town: Town
    team: Team
    residents: list[Resident]
    steps: list[Step]
    begun_at: datetime
    author: Resident | None
    study: tuple[int, int]
    now: datetime
    rng: Random

    @property
    def key(self) -> str:
        """Its name in the demo texts."""
        return str(self.record["key"])

    @property
    def state(self) -> str:
        """The state it is to be in."""
        return str(self.record["state"])

    @property
    def words(self) -> Record:
        """What this office says again and again."""
        return phrases(self.town.language)

    @property
    def listed_at(self) -> datetime | None:
        """When it became public; never, when its author wants it handled without publication."""
        if "audience" in self.record:
            return None
        return next((step.at for step in self.steps if step.verb == "publish"), None)

    @property
    def defects(self) -> list[str]:
        """What was missing when it was returned."""
        if "defects" in self.record:
            return list(self.record["defects"])
        if self.at("send_back") is None:
            return []
        sets = self.words["defects"]
        return list(sets[roads.COMPLETED.index(self.key) % len(sets)])

    def chance(self, what: str) -> Random:
        """A chance for something added later, which leaves all that was drawn before as it is."""
        return Random(f"demo {what} {self.key}")  # noqa: S311

    def at(self, *verbs: str) -> datetime | None:
        """When one of these moves was made last."""
        return next((step.at for step in reversed(self.steps) if step.verb in verbs), None)

    def day(self, at: datetime) -> date:
        """The local day of an instant."""
        return local_day(at, self.town.zone)

    def between(self, start: datetime, end: datetime) -> datetime:
        """Some instant in daytime between two others; the start itself when they lie too close."""
        at = start + (end - start) * self.rng.random()
        local = datetime.combine(self.day(at), datetime.min.time()).replace(
            hour=self.rng.randint(7, 21), minute=self.rng.randint(0, 59)
        )
        found = to_utc(local, self.town.zone, later=False)
        return found if start < found < end else at


def plots_of(
    town: Town, team: Team, residents: list[Resident], now: datetime, everywhere: list[Resident]
) -> list[Plot]:
    """The cases of one municipality in the order of their filing; each has its own seed of chance.

    `residents` are its own ones with an account, `everywhere` all, for texts in another language.
    """
    found = []
    for record in initiatives(town.slug):
        # The same story each time, not a secret.
        rng = Random(f"demo initiative {record['key']}")  # noqa: S311
        steps = roads.road(record, town, now, rng)
        begun = steps[0].at if steps else now - timedelta(days=rng.randint(2, 40))
        study = team.studying(rng)
        author = _author(record, residents, everywhere, rng)
        found.append(Plot(record, town, team, residents, steps, begun, author, study, now, rng))
    return sorted(found, key=lambda plot: plot.begun_at)


def _author(
    record: Record, residents: list[Resident], everywhere: list[Resident], rng: Random
) -> Resident | None:
    """Drafts, what may still be appealed against, merged or changed belong to accounts, so that it can be tried."""
    if record["channel"] != "web":
        return None
    speaking = [person for person in residents if person.language == record["language"]] or [
        person for person in everywhere if person.language == record["language"]
    ]
    asked = record["key"] in (*roads.FRESH_REFUSALS, *PROPOSED, *PROPOSED.values()) or "change" in record
    wanted = record["state"] == "draft" or asked
    return rng.choice(speaking) if wanted or rng.random() < ACCOUNT_SHARE else None
