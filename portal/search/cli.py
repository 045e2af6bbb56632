"""`flask search rebuild`."""

import click
from flask.cli import AppGroup

from portal.core.actor import Actor, Channel, acting
from portal.search import services

search_group = AppGroup("search", help="The search over all content.")


@search_group.command("rebuild")
def rebuild() -> None:
    """Index everything again; the portal may run meanwhile."""
    total = 0
    with acting(Actor(name="search rebuild", channel=Channel.COMMAND)):
        for count in services.rebuild():
            total += count
            click.echo(f"\r{total} indexed", nl=False)
    click.echo(f"\r{total} things indexed.")
