"""For the search: putting documents into it as a module's use case would."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.core import clock, tenancy
from portal.core.db import writing
from portal.core.registry import SearchText
from portal.core.tenancy import Town
from portal.search import index


@pytest.fixture
def put(town: Town) -> Callable[..., None]:
    """`put(1, "Title", "body", number=…, public=…, at=…, place=other_town, kind=…)`."""

    def write(
        object_id: int, title: str, body: str = "", place: Town = town, kind: str = "thing", **values: Any
    ) -> None:
        given = {"number": "", "public": True, "at": clock.now(), "language": "pl", **values}
        text = SearchText(title=title, body=body, **given)
        with tenancy.within(place.id), writing():
            index.put(kind, object_id, text, f"/{place.slug}/things/{object_id}")

    return write
