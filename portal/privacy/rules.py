"""When reading is unusual, and when an erasure is a mass act. Pure."""

from collections.abc import Sequence
from statistics import median

MANY_A_DAY = 40
"""Readings by one person in a day that are unusual whoever it is."""
TIMES_THE_MEDIAN = 3
FEW_A_DAY = 10
"""Up to here nothing is unusual: three times next to nothing is still little."""
WATCHED_DAYS = 30
MASS_RECORDS = 30
"""From here on an erasure takes two people: a number or address that so much hangs on may be many people's (R26)."""
ANSWER_DAYS = 30
"""A request is answered within a month (Article 12(3) GDPR)."""
IDENTITY_DAYS = 30
"""How long a request that was answered still says whose it was."""


def is_unusual(today: int, before: Sequence[int]) -> bool:
    """Whether so many readings in a day stand out against the person's earlier days with readings."""
    if today > MANY_A_DAY:
        return True
    return today > FEW_A_DAY and bool(before) and today > TIMES_THE_MEDIAN * median(before)


def is_mass(records: int) -> bool:
    """Whether an erasure of so many records has to be confirmed by a second person."""
    return records >= MASS_RECORDS
