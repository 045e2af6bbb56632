"""The drill in short: real server and worker, real kills; the long one is `python3 dev.py drill`.

It needs no browser and brings a portal of its own, on SQLite, since the one of the journeys must not be killed.
"""

from pathlib import Path

import pytest

from tests.bench import drill

KILLS = 6
SEED = 2
"""Whose instants strike the whole server, one of its processes and the worker."""
SLACK = 4
"""How much longer than on a machine of its own a start may take: here browsers, a second portal and another
worker of the suite share the processors with it. What does not come back by itself fails by far."""


def test_a_case_filed_twice_would_be_seen() -> None:
    filed = [
        ["LUB-I-2026-0001", "Próba Ławka"],
        ["LUB-I-2026-0002", "Kosz"],
        ["LUB-I-2026-0003", "Próba Ławka"],
    ]
    assert drill.filed_twice(filed) == ["Próba Ławka"]
    assert drill.filed_twice(filed[:2]) == []


@pytest.mark.journey
def test_nothing_is_lost_double_or_half_written(tmp_path: Path) -> None:
    """Source: R57, R59, R62, R63 (docs/security.md)."""
    with drill.portal(tmp_path, volleys=1) as (trial, prepared):
        volleys = drill.fire_volleys(trial, prepared)
        kills = drill.kill(trial, KILLS, seed=SEED, settle=False)
    assert (volleys.cases_too_many, volleys.supports_too_many) == (0, 0)
    # Every post of a double click is told the same receipt.
    assert set(volleys.statuses) == {303}
    assert volleys.other_receipts == 0
    assert kills.filings.acknowledged
    assert kills.lost == []
    assert kills.problems == []
    assert set(kills.kills) == {"server", "one process", "worker"}
    assert max(kills.ready_s) <= drill.READY_WITHIN_S * SLACK
    assert max(kills.worker_ready_s) <= drill.READY_WITHIN_S * SLACK
