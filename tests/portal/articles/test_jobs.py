"""Due work that finds nothing to do."""

from collections.abc import Callable
from datetime import timedelta

from portal.articles import jobs, queries, services
from portal.core import clock
from portal.core.actor import COMMANDER, Actor, acting
from portal.core.tenancy import Town
from tests.factories.articles import make_article


def test_what_was_thrown_away_meanwhile_is_no_failure(
    town: Town, actor_as: Callable[..., Actor], run_jobs: Callable[[], int], frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    editor, thing = actor_as("editor"), make_article(town, "private").id
    services.schedule(editor, thing, 2, clock.now() + timedelta(hours=1))
    services.unschedule(editor, thing)
    services.drop(editor, thing)
    frozen("2026-03-02 12:00")
    assert run_jobs() == 1


def test_due_work_names_its_moment(town: Town) -> None:
    thing = make_article(town, "private").id
    with acting(COMMANDER):
        jobs.publish({"article": thing, "at": clock.now().isoformat()})
        jobs.expire({"article": thing, "at": clock.now().isoformat()})
    assert queries.article(thing).state == "private"
