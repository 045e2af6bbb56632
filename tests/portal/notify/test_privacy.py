"""What we keep of people in messages can be shown to them and erased, in every municipality."""

from collections.abc import Callable
from typing import Any

from portal.core import tenancy
from portal.core.db import Base, writing
from portal.core.tenancy import Town
from portal.notify.models import Attempt, Notice
from portal.notify.privacy import MESSAGES, erase, export

Write = Callable[..., None]


def test_export_and_erasure_reach_every_town(
    town: Town, other_town: Town, write: Write, run_jobs: Callable[[], int], outbox: Callable[[], list[Any]]
) -> None:
    write("test.link", {"token": "t-1", "link": "x"}, secret=("token",), email="a@b.example", user_id=7)
    write(email="c@d.example", user_id=8)
    with tenancy.within(other_town.id):
        write(phone="+420601234567", user_id=7)
    run_jobs()
    found = export(7)
    assert [entry["to"] for entry in found] == ["+420601234567", "a@b.example"]
    assert found[1]["subject"]
    assert "t-1" not in str(found)
    with writing():
        assert erase(7) == 2
    assert [notice.user_id for notice in outbox()] == [8]


def test_every_sealed_column_is_named() -> None:
    models: tuple[type[Base], ...] = (Notice, Attempt)
    for model in models:
        sealed = {c.key for c in model.__mapper__.column_attrs if c.key.endswith("_sealed")}
        assert sealed <= set(MESSAGES.columns[str(model.__tablename__)])
