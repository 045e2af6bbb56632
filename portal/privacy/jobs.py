"""Daily work: end what has had its time, watch the readings, anchor the audit log."""

from datetime import timedelta

from flask import current_app

from portal.core import clock, tenancy
from portal.core.actor import current
from portal.core.jobs import as_job
from portal.privacy import queries
from portal.privacy.services import retention, watch


class Unfinished(RuntimeError):
    """Some record could not be carried out; the job is tried again, and the machine says which."""


def end_what_is_over() -> None:
    """End what has had its time everywhere. Raises Unfinished when a record failed, after all the others."""
    done = retention.run()
    if done.failed:
        raise Unfinished(", ".join(sorted(set(done.failed))))


def watch_readings() -> None:
    """Tell each municipality's officers who read unusually much yesterday."""
    for town in tenancy.towns().values():
        with as_job("privacy.watch", town.id) as actor:
            today = clock.today(town.zone)
            yesterday = today - timedelta(days=1)
            people = [row for row in queries.unusual(today, town.zone) if row.day == yesterday]
            if people:
                watch.tell_unusual(actor, yesterday, len(people))


def anchor() -> None:
    """Keep the heads of the audit log in a second place."""
    watch.drop_anchor(current(), current_app.extensions["portal.settings"].audit_mail)
