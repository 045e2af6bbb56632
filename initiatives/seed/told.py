"""What the office has told people lately: one message of every way, about cases of the demo data."""

from collections.abc import Iterable

from initiatives import messages
from initiatives.models import Initiative
from initiatives.seed.plots import Plot
from portal.core.tenancy import Town
from portal.notify import seed
from portal.notify.seed import Told

CODES = ("received", "published", "assigned")


def tell(town: Town, plots: list[Plot], cases: Iterable[Initiative]) -> None:
    """Write the demo messages of a municipality about its newest public cases."""
    words = plots[0].words
    names = [
        f"{first} {last}"
        for first, last in zip(words["first_names"], reversed(words["surnames"]), strict=False)
    ]
    public = [case for case in cases if case.number and case.listed_at is not None]
    told = [
        Told(
            f"initiative.{CODES[number % len(CODES)]}",
            {**messages.facts(case), "link": "", "is_author": False},
            case.about,
        )
        for number, case in enumerate(public)
    ]
    seed.plant(town, told, names)
