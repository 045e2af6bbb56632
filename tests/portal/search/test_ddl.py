"""The index itself: taken away and made anew from the documents, on the engine at hand."""

from collections.abc import Callable

import pytest
from sqlalchemy import inspect, text

from portal.core import tenancy
from portal.core.db import db, writing
from portal.core.tenancy import Town
from portal.search import ddl, index, queries


def test_an_index_made_anew_knows_what_is_there(town: Town, put: Callable[..., None]) -> None:
    put(1, "Chodnik")
    put(2, "Ukryty chodnik", public=False)
    db.session.close()
    with db.engine.begin() as connection:
        ddl.drop_index_tables(connection)
        ddl.drop_index_tables(connection)
        assert not any(ddl.is_index_table(name) for name in inspect(connection).get_table_names())
        ddl.create_index_tables(connection)
    assert [hit.object_id for hit in queries.find("chodnik", town.id)] == [1]
    put(1, "Plac")
    assert queries.find("chodnik", town.id) == []


def test_the_words_of_what_was_taken_out_are_nowhere_in_the_index(
    town: Town, put: Callable[..., None]
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's vacuum overwrites old rows by itself")
    put(1, "Chodnik", "zylinderhut")
    put(2, "Chodnik", "kapelusz")

    def told() -> bool:
        blocks = db.session.execute(text("SELECT block FROM search_index_data")).scalars()
        return any(b"zylinderhut" in block for block in blocks)

    assert told()
    with tenancy.within(town.id), writing():
        index.remove("thing", 1)
    assert not told()


@pytest.mark.parametrize(
    ("name", "is_index"),
    [
        ("search_index", True),
        ("search_index_data", True),
        ("search_document", False),
        ("search_indexes", False),
    ],
)
def test_tables_of_the_index_are_known_by_name(name: str, is_index: bool) -> None:
    assert ddl.is_index_table(name) is is_index
