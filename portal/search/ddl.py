"""The index itself: FTS5 on SQLite, tsvector with GIN on PostgreSQL. Plain SQL, called by the migration.

Everything here is named `search_index…`, kept by triggers on `search_document`, and left out when models are
compared with the database. A document's words stand beside its scope: `m12` (any reader of the municipality
with id 12), `m12p` (public there), `p` (public anywhere). Scope and words can never be taken for each other,
whatever somebody writes: on SQLite they are two columns, on PostgreSQL a scope begins with a sign no word has.
"""

from sqlalchemy import Connection

# detail=column keeps the columns apart without positions: nothing asks for phrases or ranks. Words come
# folded, so the tokenizer removes nothing. Prefix indexes answer the last, half-typed word while it is short;
# what a longer one may become is looked up among the terms, a view of the index that holds nothing itself.
_SQLITE = (
    """CREATE VIRTUAL TABLE search_index USING fts5(
        scope, words, content='search_document', content_rowid='id', tokenize='unicode61 remove_diacritics 0',
        detail=column, columnsize=0, prefix='3 4 5')""",
    # Else the words of a document taken out stay in the index's blocks until FTS5 merges them one day.
    "INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1)",
    "CREATE VIRTUAL TABLE search_index_terms USING fts5vocab(search_index, instance)",
    """CREATE TRIGGER search_index_insert AFTER INSERT ON search_document BEGIN
        INSERT INTO search_index (rowid, scope, words) VALUES (new.id, new.scope, new.words);
    END""",
    """CREATE TRIGGER search_index_delete AFTER DELETE ON search_document BEGIN
        INSERT INTO search_index (search_index, rowid, scope, words)
        VALUES ('delete', old.id, old.scope, old.words);
    END""",
    """CREATE TRIGGER search_index_update AFTER UPDATE OF id, scope, words ON search_document BEGIN
        INSERT INTO search_index (search_index, rowid, scope, words)
        VALUES ('delete', old.id, old.scope, old.words);
        INSERT INTO search_index (rowid, scope, words) VALUES (new.id, new.scope, new.words);
    END""",
    "INSERT INTO search_index (search_index) VALUES ('rebuild')",
)
_SQLITE_DROP = (
    "DROP TRIGGER IF EXISTS search_index_update",
    "DROP TRIGGER IF EXISTS search_index_delete",
    "DROP TRIGGER IF EXISTS search_index_insert",
    "DROP TABLE IF EXISTS search_index_terms",
    "DROP TABLE IF EXISTS search_index",
)

# The array goes in as it is: the parser of to_tsvector would cut numbers its own way.
_POSTGRESQL = (
    """CREATE FUNCTION search_index_vector(scope text, words text) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT array_to_tsvector(
            array_remove(string_to_array('@' || replace(scope, ' ', ' @') || ' ' || words, ' '), ''))
    $$""",
    """CREATE TABLE search_index (
        id bigint PRIMARY KEY REFERENCES search_document (id) ON DELETE CASCADE ON UPDATE CASCADE,
        words tsvector NOT NULL)""",
    "CREATE INDEX search_index_words ON search_index USING gin (words)",
    """CREATE FUNCTION search_index_put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO search_index (id, words) VALUES (new.id, search_index_vector(new.scope, new.words))
        ON CONFLICT (id) DO UPDATE SET words = excluded.words;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER search_index_put AFTER INSERT OR UPDATE OF id, scope, words ON search_document
        FOR EACH ROW EXECUTE FUNCTION search_index_put()""",
    """INSERT INTO search_index (id, words)
        SELECT id, search_index_vector(scope, words) FROM search_document""",
)
_POSTGRESQL_DROP = (
    "DROP TRIGGER IF EXISTS search_index_put ON search_document",
    "DROP FUNCTION IF EXISTS search_index_put()",
    "DROP TABLE IF EXISTS search_index",
    "DROP FUNCTION IF EXISTS search_index_vector(text, text)",
)


def create_index_tables(connection: Connection) -> None:
    """Make the index of the engine at hand and fill it from the documents that are there."""
    _run(connection, _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL)


def drop_index_tables(connection: Connection) -> None:
    """Take the index away; the documents stay."""
    _run(connection, _SQLITE_DROP if connection.dialect.name == "sqlite" else _POSTGRESQL_DROP)


def is_index_table(name: str) -> bool:
    """Whether a table is part of the index: migrations compare models without them."""
    return name == "search_index" or name.startswith("search_index_")


def _run(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
