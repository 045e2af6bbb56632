"""Commands of data protection. They act as the installation; what they do stands in the audit log as theirs."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from portal.accounts.services import account as own
from portal.core import tenancy
from portal.core.actor import COMMANDER, PORTAL, acting
from portal.core.errors import Missing
from portal.core.i18n import speaking
from portal.core.registry import Whom
from portal.core.sealed import ring
from portal.core.tenancy import Town
from portal.privacy import queries
from portal.privacy.queries import Known
from portal.privacy.services import again, asked, retention, sealing

privacy_group = AppGroup("privacy", help="Data protection: periods, copies, erasure, keys.")


@privacy_group.command("retention")
@click.option("--dry-run", "dry", is_flag=True, help="Only count what is due.")
def end_what_is_over(*, dry: bool) -> None:
    """End what has had its time, as the worker does each night; ends with 1 if a part failed."""
    with acting(COMMANDER):
        done = retention.run(dry=dry)
    for place, counts in done.counts.items():
        name = tenancy.town_by_id(place).slug if place != PORTAL else "installation"
        for key, count in counts.items():
            click.echo(f"{name:<24} {key:<22} {count}")
    click.echo("Nothing was erased: this only counted." if dry else "Done.")
    if done.failed:
        raise click.ClickException(f"failed: {', '.join(sorted(set(done.failed)))}")


def _whom(town: Town, email: str, phone: str, number: str, code: str) -> Whom:
    return queries.find(Known(email, phone, number, code), town.country)


def _towns(slug: str | None) -> list[Town]:
    try:
        return [tenancy.town(slug)] if slug else list(tenancy.towns().values())
    except Missing:
        raise click.ClickException(
            f"There is no municipality {slug}; `flask municipalities list` names them."
        ) from None


def _names_a_person(command: Callable[..., None]) -> Callable[..., None]:
    """Hang the options by which a person is named on a command."""
    for name, help_text in (
        ("--code", "Secret code of that case."),
        ("--number", "Number of a case; with --code."),
        ("--phone", "Their phone number."),
        ("--email", "Their e-mail address."),
    ):
        command = click.option(name, default="", help=help_text)(command)
    return click.option("--municipality", "slug", help="Slug; without it everywhere, account included.")(
        command
    )


def _someone(email: str, phone: str, number: str, code: str) -> None:
    if not (email or phone or (number and code)):
        raise click.UsageError("Name the person: --email, --phone, or --number with --code.")


@privacy_group.command("export")
@_names_a_person
def export(slug: str | None, email: str, phone: str, number: str, code: str) -> None:
    """Print what is kept of a person as JSON: municipality → part → records."""
    _someone(email, phone, number, code)
    found = {}
    account: int | None = None
    with acting(COMMANDER), speaking("en"):
        for town in _towns(slug):
            with tenancy.within(town.id):
                whom = _whom(town, email, phone, number, code)
                account = account or whom.user_id
                if whom.keys:
                    found[town.slug] = asked.as_plain(asked.copy_by_command(COMMANDER, whom))
        if account is not None and slug is None:
            found["installation"] = own.export(COMMANDER, account)
    click.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))


@privacy_group.command("erase")
@_names_a_person
@click.option("--yes", is_flag=True, help="Do not ask again.")
def erase(slug: str | None, email: str, phone: str, number: str, code: str, *, yes: bool) -> None:
    """Erase what is kept of a person; counts and public texts stay."""
    _someone(email, phone, number, code)
    if not yes:
        click.confirm("Erase this person for good?", abort=True)
    rows = 0
    account: int | None = None
    with acting(COMMANDER):
        for town in _towns(slug):
            with tenancy.within(town.id):
                whom = _whom(town, email, phone, number, code)
                account = account or whom.user_id
                if whom.keys:
                    rows += asked.erase_by_command(COMMANDER, whom, town.slug)
        if account is not None and slug is None:
            own.erase(COMMANDER, account)
            rows += 1
    click.echo(f"{rows} records erased.")


@privacy_group.command("reerase")
@click.option(
    "--since", help="Day or instant (ISO, UTC) of the backup that was restored; else the whole list."
)
def reerase(since: str | None) -> None:
    """Erase again, after a restore, everybody whom the restored backup brought back."""
    instant = None
    if since:
        try:
            instant = datetime.fromisoformat(since)
        except ValueError:
            raise click.ClickException(f"{since} is no day or instant, such as 2026-11-28.") from None
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    with acting(COMMANDER):
        rows = again.erase_again(COMMANDER, instant)
    click.echo(f"{rows} records erased again, from {sum(1 for _ in again.lines())} lines of {again.FILE}.")


@privacy_group.command("reseal")
def reseal() -> None:
    """Seal all personal columns anew under the newest key; may run beside the portal, and be broken off."""
    done: dict[str, int] = {}
    with acting(COMMANDER):
        for column, count in sealing.reseal(COMMANDER):
            done[column] = done.get(column, 0) + count
    for column, count in done.items():
        click.echo(f"{column:<36} {count}")
    left = sealing.remaining()
    for name in ring.names:
        if name == ring.newest:
            click.echo(f"key {name}: seals now, {left[name]} cells")
        elif left[name]:
            click.echo(f"key {name}: still needed, {left[name]} cells")
        else:
            click.echo(f"key {name}: may be removed, once no backup sealed with it is kept")
    lost = sorted(set(left) - set(ring.names))
    if lost:
        click.echo(f"WRONG  cells under keys that are not in the ring: {', '.join(lost)}")
    if lost or any(left[name] for name in ring.names if name != ring.newest):
        sys.exit(1)
