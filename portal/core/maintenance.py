"""Making the portal read-only for a while, for an upgrade: `flask maintenance on --minutes N | off | status`.

What it means for pages and workers stands in `taking.py`.
"""

import time
from datetime import datetime, timedelta

import click
from flask.cli import AppGroup
from sqlalchemy import delete, func, select

from portal.core import clock
from portal.core.actor import COMMANDER, Actor, acting
from portal.core.audit import note
from portal.core.db import db
from portal.core.jobs import LEASE, Job
from portal.core.taking import SEEN_WITHIN_SECONDS, Maintenance, watch
from portal.core.usecase import use_case

LONGEST_MINUTES = 240
LOOK_SECONDS = 0.5

maintenance_group = AppGroup("maintenance", help="Read-only for a while: on, off, status.")


@use_case("portal.operate", code="maintenance.begun")
def begin(actor: Actor, minutes: int) -> datetime:
    """Make the portal read-only for so many minutes from now, whatever was said before; the end."""
    started = clock.now()
    until = started + timedelta(minutes=minutes)
    db.session.execute(delete(Maintenance))
    db.session.add(Maintenance(id=1, begun_at=started, until_at=until))
    note("maintenance", minutes=minutes)
    watch().forget()
    return until


@use_case("portal.operate", code="maintenance.ended")
def end(actor: Actor) -> bool:
    """Take everything again; whether the portal was read-only."""
    until = db.session.scalar(select(Maintenance.until_at))
    db.session.execute(delete(Maintenance))
    note("maintenance")
    watch().forget()
    return until is not None and until > clock.now()


def in_hand() -> int:
    """How many pieces of work a worker holds: it finishes them before it pauses."""
    found = db.session.scalar(
        select(func.count())
        .select_from(Job)
        .where(Job.lease_until > clock.now(), Job.done_at.is_(None), Job.dead_at.is_(None))
    )
    db.session.rollback()
    return found or 0


@maintenance_group.command("on")
@click.option(
    "--minutes",
    type=click.IntRange(1, LONGEST_MINUTES),
    default=15,
    show_default=True,
    help="After so long it ends by itself; visitors are told this hour.",
)
def on(minutes: int) -> None:
    """Read-only from now on: pages are read, forms answer 503 and keep what was typed, workers pause.

    Returns when every server and worker knows and no work is in hand.
    """
    with acting(COMMANDER):
        until = begin(COMMANDER, minutes)
    time.sleep(SEEN_WITHIN_SECONDS)
    give_up = time.monotonic() + LEASE.total_seconds()
    while (held := in_hand()) and time.monotonic() < give_up:
        time.sleep(LOOK_SECONDS)
    click.echo(f"Read-only until {_hour(until)}. Servers and workers know.")
    if held:
        click.echo(f"A worker still holds {held} pieces of work, or was killed with them.", err=True)


@maintenance_group.command("off")
def off() -> None:
    """Take everything again, at once."""
    with acting(COMMANDER):
        was = end(COMMANDER)
    click.echo("The portal takes everything again." if was else "The portal was not read-only.")


@maintenance_group.command("status")
def status() -> None:
    """Say whether the portal is read-only and until when."""
    until = watch().now().read_only_until
    click.echo(f"Read-only until {_hour(until)}." if until else "Not read-only.")


def _hour(instant: datetime) -> str:
    return f"{instant.astimezone():%Y-%m-%d %H:%M:%S %Z}"
