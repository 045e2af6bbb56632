"""Making the search anew: complete, by town, and without what is gone."""

import pytest
from sqlalchemy import delete, select, update

from initiatives.models import Initiative
from portal.core import tenancy
from portal.core.db import db, writing
from portal.core.tenancy import Town
from portal.search import services
from portal.search.models import SearchDocument, Spelling
from tests.factories.initiatives import make_initiative


def titles() -> list[str]:
    """Everything the search holds, of all towns."""
    with tenancy.unscoped("tests look at every town"):
        return sorted(db.session.scalars(select(SearchDocument.title)))


def rebuild() -> int:
    tenancy.enter(None)
    return sum(services.rebuild())


@pytest.fixture(autouse=True)
def cases(town: Town, other_town: Town) -> None:
    for place, title in ((town, "Ławka"), (town, "Park"), (other_town, "Lavička")):
        make_initiative(place, title=title)
    make_initiative(town, "draft", title="Szkic")


def test_what_was_lost_is_found_again_in_every_town() -> None:
    with tenancy.unscoped("tests break every town"), writing():
        db.session.execute(delete(SearchDocument))
    assert titles() == []
    assert rebuild() == 4
    assert titles() == ["Lavička", "Park", "Ławka"], "a draft is no thing to be found"


def test_a_title_changed_behind_its_back_is_mended(town: Town) -> None:
    with writing():
        db.session.execute(update(Initiative).where(Initiative.title == "Park").values(title="Skwer"))
    rebuild()
    assert "Skwer" in titles()
    assert "Park" not in titles()


def test_what_is_gone_leaves_the_search(town: Town) -> None:
    with writing():
        found = db.session.scalars(select(SearchDocument).where(SearchDocument.title == "Park")).one()
        found.object_id = 10**6
    rebuild()
    assert titles() == ["Lavička", "Park", "Ławka"]


def test_batches_hold_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "BATCH", 2)
    tenancy.enter(None)
    assert list(services.rebuild()) == [2, 1, 1]
    assert titles() == ["Lavička", "Park", "Ławka"]


def words() -> set[str]:
    return set(db.session.scalars(select(Spelling.word)))


def test_words_of_what_is_gone_are_forgotten_and_others_kept(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 1)
    assert {"lawka", "park", "lavicka"} <= words()
    assert "szkic" not in words(), "no word of a draft is known"
    with tenancy.unscoped("tests break every town"), writing():
        db.session.execute(delete(SearchDocument).where(SearchDocument.title == "Park"))
    tenancy.enter(None)
    services.forget_words()
    assert "park" not in words()
    assert {"lawka", "lavicka"} <= words()
