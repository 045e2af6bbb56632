"""`flask messages show|stop|start|budget`: the portal operator's switches where no browser is at hand."""

import click
from flask.cli import AppGroup

from portal.core import tenancy
from portal.core.actor import COMMANDER, acting
from portal.core.errors import Missing, PortalError
from portal.core.i18n import speaking
from portal.notify import queries, services, sms

messages_group = AppGroup("messages", help="SMS of this installation: figures, budgets and the stop switch.")


@messages_group.command("show")
def show() -> None:
    """Print what each place sent today, of how many, and where SMS are stopped."""
    for place in queries.places():
        stopped = f"stopped: {place.rule.stop_reason}" if place.rule.stopped_at else ""
        click.echo(
            f"{place.slug or '(installation)':<28} {place.used:>6} of {place.rule.parts_a_day:>6}  {stopped}".rstrip()
        )
    for gate in queries.gate_health():
        click.echo(
            f"gate {gate.name} ({gate.host}): {gate.taken} taken in 24 hours, {gate.delivered} arrived, "
            f"{gate.undelivered} did not, {gate.silent} without a word for an hour"
        )


@messages_group.command("stop")
@click.argument("slug", required=False)
@click.option("--reason", required=True, help="Shown to whoever wonders why.")
def stop(slug: str | None, reason: str) -> None:
    """Stop SMS of the municipality SLUG, of everybody without it; waiting ones take another way or wait."""
    with acting(COMMANDER), speaking("en"):
        services.stop(COMMANDER, _place(slug), reason)
    click.echo(f"SMS of {slug or 'the whole installation'} are stopped.")


@messages_group.command("start")
@click.argument("slug", required=False)
def start(slug: str | None) -> None:
    """Send SMS of the municipality SLUG again, or lift the stop of the whole installation."""
    with acting(COMMANDER), speaking("en"):
        services.start(COMMANDER, _place(slug))
    click.echo(f"SMS of {slug or 'the installation'} go out.")


@messages_group.command("budget")
@click.argument("slug")
@click.argument("parts", type=int)
def budget(slug: str, parts: int) -> None:
    """Let the municipality SLUG send PARTS parts of SMS a day; - stands for the installation's own messages."""
    with acting(COMMANDER), speaking("en"):
        try:
            services.set_budget(COMMANDER, _place(None if slug == "-" else slug), parts)
        except PortalError as problem:
            raise click.ClickException("Write a whole number from 0 to 100,000.") from problem
    click.echo(f"{parts} parts a day.")


def _place(slug: str | None) -> int:
    if not slug:
        return sms.INSTALLATION
    try:
        return tenancy.town(slug).id
    except Missing:
        raise click.ClickException(
            f"There is no municipality {slug}; `flask municipalities list` names them."
        ) from None
