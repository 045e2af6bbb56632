"""`flask search rebuild`: everything again from the things themselves."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.core import clock, tenancy
from portal.core.db import db, writing
from portal.core.registry import ContentType, SearchText, registry
from portal.core.tenancy import Town
from portal.notify.kinds import Channel, Delivery
from portal.notify.models import Notice
from portal.search import queries, services


@pytest.fixture
def things(app: Any, town: Town, other_town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five rows in one town and one in the other, of a table that happens to be there."""

    def text(row: Notice) -> SearchText:
        return SearchText(f"Chodnik {row.code}", "", "", True, clock.now(), "pl")

    def load(row_id: int) -> Notice:
        return db.session.get_one(Notice, row_id)

    kind: Any = ContentType("thing", "Thing", Notice, None, load, lambda row: f"/x/{row.id}", text)  # type: ignore[arg-type]
    mute: Any = ContentType("mute", "Mute", Notice, None, load, lambda _: "/x")  # type: ignore[arg-type]
    monkeypatch.setattr(registry, "content_types", {"thing": kind, "mute": mute})
    monkeypatch.setattr(services, "BATCH", 2)
    for number, place in enumerate([town, town, town, town, town, other_town]):
        with tenancy.within(place.id), writing():
            db.session.add(
                Notice(
                    id=100 + number,
                    code=f"c{number}",
                    channel=Channel.MAIL,
                    state=Delivery.SENT,
                    locale="pl",
                    recipient_key="",
                    message_id=str(number),
                    created_at=clock.now(),
                )
            )


def test_finds_everything_again_and_drops_what_is_gone(
    app: Any, town: Town, other_town: Town, things: None, put: Callable[..., None]
) -> None:
    put(999, "Chodnik gone")
    put(100, "Plac old")
    db.session.close()
    result = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert result.exit_code == 0, result.output
    assert result.output.endswith("6 things indexed.\n")
    assert {hit.object_id for hit in queries.find("chodnik", town.id)} == {100, 101, 102, 103, 104}
    assert [hit.object_id for hit in queries.find("chodnik", other_town.id)] == [105]
    assert queries.find("plac", town.id) == []
