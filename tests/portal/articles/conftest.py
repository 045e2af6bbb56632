"""Pages are read right after they changed: kept ones must know at once, on PostgreSQL too, which is asked once a second."""

import pytest

from portal.ui import page_cache


@pytest.fixture(autouse=True)
def asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "POLL", 0.0)
