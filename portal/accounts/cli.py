"""Commands about people: the first administrator (R7), invitations, demo sign-ins."""

import click
from flask import current_app
from flask.cli import AppGroup

from portal.accounts import queries, rules
from portal.accounts.messages import address
from portal.accounts.roles import MUNICIPAL, TEXTS, Role
from portal.accounts.services.invitations import invite_by_command, invite_first_admin
from portal.core import clock, tenancy
from portal.core.actor import COMMANDER
from portal.core.config import Settings
from portal.core.errors import Conflict, Missing
from portal.core.i18n import LOCALES, speaking
from portal.core.tenancy import Town

accounts_group = AppGroup("accounts", help="People and their roles.")


def _town(slug: str) -> Town:
    try:
        return tenancy.town(slug)
    except Missing:
        raise click.ClickException(
            f"There is no municipality {slug}; `flask municipalities list` names them."
        ) from None


def _email(typed: str) -> str:
    email = rules.canonical_email(typed)
    if email is None:
        raise click.ClickException(f"{typed} is not an e-mail address.")
    return email


def _show(secret: str, language: str) -> None:
    hours = int(rules.INVITATION_LIFE.total_seconds()) // 3600
    click.echo(f"Open this link within {hours} hours; it works once:")
    click.echo(address(f"/invitation/{secret}", language))


@accounts_group.command("first-admin")
@click.argument("slug")
@click.argument("email")
@click.option(
    "--language", type=click.Choice(LOCALES), help="Of the page; else the municipality's first language."
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in MUNICIPAL if role is not Role.ADMIN]),
    help="A role held besides, for small offices; may be repeated.",
)
def first_admin(slug: str, email: str, language: str | None, roles: tuple[str, ...]) -> None:
    """Print a one-time link that makes EMAIL administrator of the municipality SLUG.

    Called again, for instance because the link was lost, it prints a new one and the earlier one ends. Refused once
    there is an administrator. The link begins with PORTAL_BASE_URL.
    """
    town = _town(slug)
    spoken = language or town.language
    try:
        with tenancy.within(town.id):
            secret, replaced = invite_first_admin(COMMANDER, _email(email), spoken, roles)
    except Conflict as problem:
        members = address(f"/{slug}/desk/members", spoken)
        raise click.ClickException(
            f"{slug} has an administrator already, who invites others at {members}. Another one from here: "
            f"flask accounts invite {email} --role admin --municipality {slug}"
        ) from problem
    if replaced:
        click.echo("The link printed earlier no longer works.")
    _show(secret, spoken)


@accounts_group.command("invite")
@click.argument("email")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([r.value for r in Role]))
@click.option("--municipality", "slug", help="Slug; leave it out for the portal operator.")
@click.option("--language", type=click.Choice(LOCALES), default="pl", show_default=True)
def invite(email: str, roles: tuple[str, ...], slug: str | None, language: str) -> None:
    """Print a one-time link that gives EMAIL one or several roles."""
    wanted = tuple(Role(role) for role in roles)
    if slug is None and wanted != (Role.PORTAL_OPERATOR,):
        raise click.ClickException("Name the municipality: --municipality SLUG.")
    if slug is not None and not set(wanted) <= set(MUNICIPAL):
        raise click.ClickException(
            "The portal operator works for the installation: leave --municipality out."
        )
    with tenancy.within(_town(slug).id if slug else None):
        _show(invite_by_command(COMMANDER, _email(email), wanted, language), language)


@click.command("demo-accounts")
def demo_accounts() -> None:
    """Print whom one can sign in as in the demonstration, with the code of this moment."""
    settings: Settings = current_app.extensions["portal.settings"]
    if not settings.shows_demo:
        raise click.ClickException("Demo sign-ins exist in demo and test mode only.")
    left = rules.CODE_SECONDS - int(clock.now().timestamp()) % rules.CODE_SECONDS
    click.echo(f"Password of all staff: {rules.DEMO_PASSWORD}")
    click.echo(f"The codes count for {left} s more; new ones stand on {address('/demo', 'en')}")
    with speaking("en"):
        for found in queries.demo_accounts():
            titles = ", ".join(str(TEXTS[role].title) for role in found.roles) or "Resident (by link)"
            click.echo(f"  {found.email:<42} {found.code or '–':<8} {titles}")
    click.echo(f"Residents sign in by a link: ask for it on {address('/sign-in', 'en')}")
    click.echo(f"and open it from the list of messages: {address('/demo/messages', 'en')}")
