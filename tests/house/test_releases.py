"""Migrations with data: the rows of each revision we keep are migrated up to the newest, on both databases (R68).

`tests/house/releases/NNNN.json.gz` holds rows of the demo data as revision NNNN kept them. When a release is made,

    KEEP_RELEASE=1 .venv/bin/python -m pytest tests/house/test_releases.py

writes those of its newest revision, and its number joins RELEASED: from then on neither the file nor the
migration changes. While 0.1.0 is not released, revision 0001 still does; the same command renews its rows.
"""

import ast
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import OperationalError

from portal.core import audit, tenancy
from portal.core.config import PACKAGE
from portal.core.db import Base, db, metadata
from portal.search.ddl import is_index_table
from tests.factories import portals, releases
from tests.factories.browser import Browser
from tests.factories.databases import Databases

FOLDER = Path(__file__).parent / "releases"
MIGRATIONS = PACKAGE / "migrations"
TOWN = "gmina-lezajsk"
KEPT = sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz"))
RELEASED: frozenset[str] = frozenset()
"""Revisions of releases. None yet: 0.1.0 will be the first."""
CONTRACTS = {"drop_column", "drop_table", "drop_constraint", "drop_index", "rename_table"}


def head() -> str:
    (found,) = ScriptDirectory(str(MIGRATIONS)).get_heads()
    return found


@pytest.fixture
def old(app: Flask, databases: Databases) -> Iterator[Flask]:
    """The portal over a database without tables."""
    portals.disconnect(app)
    databases.clear()
    yield app
    portals.disconnect(app)


def filled(revision: str) -> dict[str, int]:
    """Make the tables of a revision and fill them with its rows; how many each got."""
    upgrade(revision=revision)
    with db.engine.begin() as connection:
        try:
            return releases.load(connection, releases.read(FOLDER / f"{revision}.json.gz"))
        except Exception as problem:
            advice = (
                "" if revision in RELEASED else " If 0001 changed on purpose: KEEP_RELEASE=1 (see above)."
            )
            raise AssertionError(f"The rows of {revision} no longer fit its own tables.{advice}") from problem


def test_rows_of_every_release_are_kept(request: pytest.FixtureRequest) -> None:
    if os.environ.get("KEEP_RELEASE"):
        request.getfixturevalue("seeded_app")
        assert head() not in RELEASED, "The rows of a release never change."
        with db.engine.connect() as connection:
            releases.write(FOLDER / f"{head()}.json.gz", releases.dumped(connection, tenancy.town(TOWN).id))
        return
    assert KEPT, "There are no rows to migrate."
    assert frozenset(KEPT) >= RELEASED


@pytest.mark.parametrize("revision", KEPT)
def test_data_of_a_release_is_migrated_up(old: Flask, revision: str) -> None:
    before = filled(revision)
    assert sum(before.values()) > 200
    upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda _o, name, kind, _r, _c: (
                    not (kind == "table" and is_index_table(name or ""))
                ),
                "compare_type": False,
            },
        )
        assert context.get_current_heads() == (head(),)
        assert not compare_metadata(context, metadata)
        there = set(inspect(connection).get_table_names())
        after = {
            name: connection.execute(select(func.count()).select_from(text(f'"{name}"'))).scalar_one()
            for name in before
            if name in there
        }
    assert {name: before[name] for name in after} == after
    # What a contracting migration took away is named in it.
    gone = before.keys() - after.keys()
    assert all(f'drop_table("{name}")' in _sources() for name in gone), gone


@pytest.mark.parametrize("revision", KEPT)
def test_the_portal_works_with_data_of_a_release(old: Flask, revision: str) -> None:
    filled(revision)
    upgrade()
    tenancy.forget_towns()
    with tenancy.unscoped("reading every row of every table"):
        for mapper in Base.registry.mappers:
            list(db.session.scalars(select(mapper.class_)))
    db.session.rollback()
    chains_of_others = {chain for chain in _chains() if chain not in (0, tenancy.town(TOWN).id)}
    assert [gap for gap in audit.verify() if gap.chain not in chains_of_others] == []
    done = old.test_cli_runner().invoke(args=["search", "rebuild"])
    assert done.exit_code == 0, done.output
    client = old.test_client()
    assert isinstance(client, Browser)
    number = db.session.execute(
        text("SELECT min(number) FROM initiative WHERE listed_at IS NOT NULL")
    ).scalar_one()
    for path in (f"/pl/{TOWN}/", f"/cs/{TOWN}/initiatives", f"/en/{TOWN}/initiatives/{number.lower()}"):
        assert client.get(path).status_code == 200, path


def _chains() -> set[int]:
    return set(db.session.execute(text("SELECT DISTINCT chain FROM audit_head")).scalars())


def _sources() -> str:
    return "\n".join(path.read_text() for path in (MIGRATIONS / "versions").glob("*.py"))


NEXT = '''"""Expand: a nickname, for the proof that rows are carried along."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    with op.batch_alter_table("municipality") as batch:
        batch.add_column(sa.Column("nickname", sa.String(), nullable=True))
    op.execute("UPDATE municipality SET nickname = upper(slug)")
'''


def test_a_migration_to_come_would_meet_these_rows(old: Flask, tmp_path: Path) -> None:
    """The proof that the above migrates rows at all, as long as there is one revision only."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_next.py").write_text(NEXT.format(head=head()))
    towns = filled(KEPT[-1])["municipality"]
    upgrade(directory=str(folder))
    with db.engine.connect() as connection:
        found = (
            connection.execute(text("SELECT nickname FROM municipality ORDER BY nickname")).scalars().all()
        )
    assert len(found) == towns > 1
    assert TOWN.upper() in found


def test_a_table_in_use_undoes_the_migration_instead_of_stopping_readers(
    old: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer, and readers wait for nobody")
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_next.py").write_text(NEXT.format(head=head()))
    filled(KEPT[-1])
    upgrade()
    monkeypatch.setitem(old.config, "MIGRATION_LOCK_SECONDS", 1)
    with db.engine.connect() as reader:
        reader.execute(text("LOCK TABLE municipality IN ACCESS SHARE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            upgrade(directory=str(folder))
    with db.engine.connect() as connection:
        assert "nickname" not in {
            column["name"] for column in inspect(connection).get_columns("municipality")
        }
        assert MigrationContext.configure(connection).get_current_heads() == (head(),)
    upgrade(directory=str(folder))


def contracting(source: str) -> list[str]:
    """What a migration takes away or narrows: the release before it could no longer run beside it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        words = {word.arg: word.value for word in node.keywords}
        narrows = isinstance(words.get("nullable"), ast.Constant) and words["nullable"].value is False  # type: ignore[union-attr]
        if node.func.attr in CONTRACTS or (
            node.func.attr == "alter_column" and (narrows or "new_column_name" in words)
        ):
            found.append(ast.unparse(node.func))
    return found


def test_a_migration_expands_or_says_that_it_contracts() -> None:
    """Source: the rules in docs/migrations.md."""
    for path in sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))[1:]:
        source = path.read_text()
        said = (ast.get_docstring(ast.parse(source)) or "").startswith("Contract:")
        assert bool(contracting(source)) <= said, f"{path.name}: {contracting(source)}"


def test_what_contracts_is_seen() -> None:
    assert contracting("batch.drop_column('x')") == ["batch.drop_column"]
    assert contracting("batch.alter_column('x', nullable=False)") == ["batch.alter_column"]
    assert contracting("op.alter_column('t', 'x', new_column_name='y')") == ["op.alter_column"]
    assert contracting("op.alter_column('t', 'x', nullable=True)\nop.add_column('t', c)") == []
