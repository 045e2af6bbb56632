"""Municipalities in order, what waits on a desk, how the machine is, what it gave up."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask, g
from sqlalchemy import update

from portal.core import clock, i18n, jobs, tenancy
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.errors import Missing
from portal.core.jobs import Job
from portal.core.stores import StoreDown
from portal.core.tenancy import Town
from portal.notify import outbox
from portal.notify.models import Notice
from portal.notify.outbox import Recipient
from portal.pages import queries
from portal.pages.rules import Health
from tests.factories.initiatives import make_initiative
from tests.factories.towns import make_town

ActorAs = Callable[..., Actor]


def named(slug: str, name: str) -> Town:
    return make_town(slug, name={"pl": name, "cs": name, "en": name})


# Municipalities


def test_towns_stand_in_the_order_of_the_reader(app: Flask) -> None:
    for slug, name in (
        ("zator", "Zator"),
        ("cheb", "Cheb"),
        ("hodonin", "Hodonín"),
        ("lodz", "Łódź"),
        ("lublin", "Lublin"),
    ):
        named(slug, name)
    orders = {}
    for locale in ("pl", "cs"):
        with i18n.speaking(locale):
            orders[locale] = [town.slug for town in queries.towns_in_order()]
    assert orders["pl"] == ["cheb", "hodonin", "lublin", "lodz", "zator"]
    assert orders["cs"].index("hodonin") < orders["cs"].index("cheb"), "ch follows h"
    assert [row.slug for row in queries.municipalities()][:2] == ["zator", "cheb"], "as they were founded"


def test_the_first_one_founded_leads(app: Flask) -> None:
    assert queries.leading_town() is None
    first = named("zator", "Zator")
    named("adamow", "Adamów")
    assert queries.leading_town() == first


def test_contacts_come_in_the_language_of_the_reader_and_fall_back(app: Flask) -> None:
    town = make_town(
        "zator",
        contact={
            "office": {"pl": "Biuro", "cs": "Kancelář"},
            "phone": "+48 81 466 10 00",
            "email": "a@zator.example",
        },
    )
    with i18n.speaking("cs"):
        found = queries.contact_of(town)
    assert (found.office, found.coordinator) == ("Kancelář", "Kancelář")
    assert found.call == "+48814661000"
    assert " " not in found.phone
    assert (found.email, found.protection_email, found.hours) == ("a@zator.example", "a@zator.example", "")
    with i18n.speaking("en"):
        assert queries.contact_of(town).office == "Biuro"


@pytest.fixture
def page(app: Flask) -> Iterator[None]:
    """Reading for a page: addresses are made for its language."""
    with app.test_request_context("/en/"):
        g.address_values = {"lang": "en", "town": "lublin"}
        yield


@pytest.mark.usefixtures("page")
def test_news_are_of_the_town_in_scope_or_of_all(town: Town, other_town: Town) -> None:
    make_initiative(town)
    make_initiative(other_town)

    def told() -> list[int]:
        return [len(block.items) for block in queries.news()]

    assert told() == [1]
    tenancy.enter(None)
    assert told() == [2]
    assert [len(block.items) for block in queries.news(limit=1)] == [1]


def test_nothing_new_is_no_block(town: Town) -> None:
    assert queries.news() == []


# Desks


@pytest.mark.usefixtures("page")
def test_lists_are_those_of_the_role_and_late_ones_lead(town: Town, actor_as: ActorAs) -> None:
    leader, translator = actor_as("leader"), actor_as("translator")
    make_initiative(town, "published")
    lists = queries.waiting(leader, limit=1)
    assert [found.late for found in lists] == sorted((found.late for found in lists), reverse=True)
    assert sum(found.count for found in lists) >= 1
    assert [(found.key, found.count) for found in queries.waiting(translator)] == [
        ("articles.translations", 0)
    ]


def test_what_is_not_shown_is_counted() -> None:
    found = queries.Waiting("todo", "To do", 7, late=False, items=[SimpleNamespace()] * 5)  # type: ignore[list-item]
    assert found.more == 2


def test_desks_are_the_towns_one_works_for_by_name(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    actor = actor_as("leader")
    both = Actor(
        user_id=actor.user_id, roles={town.id: frozenset({"leader"}), other_town.id: frozenset({"reviewer"})}
    )
    tenancy.enter(None)
    assert [desk.town.slug for desk in queries.desks(actor)] == ["lublin"]
    assert [desk.town.slug for desk in queries.desks(both)] == ["lublin", "ostrava-jih"]
    assert all(not found.items for desk in queries.desks(both) for found in desk.lists)
    assert not queries.runs_portal(both)
    assert queries.runs_portal(actor_as("portal_operator"))


# The machine


def test_a_healthy_machine_says_so_part_by_part(app: Flask) -> None:
    found = {check.key: check for check in queries.checks()}
    assert list(found) == ["database", "migrations", "disk", "files", "messages", "worker"]
    assert {found[key].health for key in ("database", "migrations", "messages")} == {Health.WELL}
    assert 0 <= (found["disk"].value or -1) <= 100


def test_a_migration_behind_the_release_is_a_failure(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_heads", lambda: ("9999",))
    assert {check.key: check.health for check in queries.checks()}["migrations"] is Health.FAILED


def test_a_disk_that_cannot_be_asked_is_a_failure(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_path: object) -> None:
        raise OSError

    monkeypatch.setattr(queries.disk, "free_share", gone)
    assert {check.key: check.health for check in queries.checks()}["disk"] is Health.FAILED


def test_the_oldest_message_that_goes_by_itself_is_told(town: Town) -> None:
    assert queries.oldest_unsent() is None
    with writing():
        outbox.send("initiative.new_code", Recipient("pl", postal="ul. Próbna 1"), {})
    assert queries.oldest_unsent() is None, "a letter waits for a person"
    with writing():
        outbox.send("initiative.new_code", Recipient("pl", email="a@poczta.example"), {})
        db.session.execute(update(Notice).values(created_at=clock.now() - timedelta(hours=3)))
    oldest = queries.oldest_unsent()
    assert oldest is not None
    assert timedelta(hours=3) <= oldest < timedelta(hours=4)


# Due work


def planned(town: Town | None, name: str, **values: object) -> int:
    with tenancy.within(town.id if town else None), writing():
        jobs.enqueue("daily", {"key": name}, dedupe=name)
        if values:
            db.session.execute(update(Job).where(Job.dedupe == name).values(**values))
        return db.session.query(Job.id).filter(Job.dedupe == name).scalar()


def test_due_work_is_counted_by_how_it_stands(town: Town) -> None:
    now = clock.now()
    planned(town, "later", due_at=now + timedelta(days=1))
    planned(town, "now", due_at=now - timedelta(minutes=1))
    planned(town, "dead", dead_at=now)
    planned(town, "done", done_at=now)
    assert queries.job_numbers() == queries.JobNumbers(planned=1, due=1, dead=1)


def test_dead_letters_say_the_kind_of_error_and_no_address(town: Town, other_town: Town) -> None:
    now = clock.now()
    older = planned(town, "a", dead_at=now - timedelta(hours=1), last_error="ValueError: anna@poczta.example")
    newer = planned(None, "b", dead_at=now, last_error=None)
    alive = planned(town, "c")
    found = queries.dead_letters()
    assert [(row.id, row.error, row.town and row.town.slug) for row in found] == [
        (newer, "", None),
        (older, "ValueError", "lublin"),
    ]
    assert len(queries.dead_letters(limit=1)) == 1
    assert queries.dead_letter(older).id == older
    with pytest.raises(Missing):
        queries.dead_letter(alive)


def test_a_store_of_files_that_does_not_answer_is_a_warning(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        def knock(self) -> None:
            raise StoreDown

    assert {check.key: check.health for check in queries.checks()}["files"] is Health.WELL
    monkeypatch.setitem(app.extensions, "portal.files", Down())
    assert {check.key: check.health for check in queries.checks()}["files"] is Health.WARNING
