"""Preparing a database: Bedrock's table exactly, any number of times, by several at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine

from kb.adapters.database import check_versions, open_engine, transaction
from kb.adapters.schema import is_prepared, migrations, prepare_database
from kb.errors import DatabaseError
from kb.postgres.embedded import EmbeddedServer
from tests.made_up import DIMENSIONS, NewDatabase

pytestmark = pytest.mark.database


COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), attnotnull
FROM pg_attribute
WHERE attrelid = 'bedrock_integration.bedrock_kb'::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'bedrock_integration'"
OBJECTS = """
SELECT n.nspname, c.relname, c.relfilenode FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('bedrock_integration', 'workbench') ORDER BY 1, 2
"""
PREPARE = """
import sys
from kb.adapters.database import open_engine
from kb.adapters.schema import prepare_database
sys.stdin.readline()
prepare_database(open_engine(sys.argv[1]), dimensions=384)
"""


@pytest.fixture
def empty_url(new_database: NewDatabase) -> Iterator[str]:
    """A database without anything."""
    with new_database() as url:
        yield url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = open_engine(empty_url)
    yield engine
    engine.dispose()


def test_the_table_has_exactly_bedrock_s_columns(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute(COLUMNS).fetchall() == [
            ("id", "uuid", True),
            ("embedding", f"vector({DIMENSIONS})", False),
            ("chunks", "text", False),
            ("metadata", "json", False),
            ("custom_metadata", "jsonb", False),
        ]


def test_the_table_s_key_is_the_id(database_url: str) -> None:
    query = (
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = 'bedrock_integration.bedrock_kb'::regclass AND contype = 'p'"
    )
    with psycopg.connect(database_url) as connection:
        assert connection.execute(query).fetchall() == [("PRIMARY KEY (id)",)]


def test_the_table_belongs_to_bedrock_user(database_url: str) -> None:
    query = "SELECT tableowner FROM pg_tables WHERE tablename = 'bedrock_kb'"
    with psycopg.connect(database_url) as connection:
        assert connection.execute(query).fetchall() == [("bedrock_user",)]


def test_bedrock_user_may_use_the_schema(database_url: str) -> None:
    query = (
        "SELECT has_schema_privilege('bedrock_user', 'bedrock_integration', 'CREATE, USAGE'),"
        " rolcanlogin, rolsuper FROM pg_roles WHERE rolname = 'bedrock_user'"
    )
    with psycopg.connect(database_url) as connection:
        assert connection.execute(query).fetchall() == [(True, True, False)]


@pytest.mark.parametrize(
    "definition",
    [
        "USING hnsw (embedding vector_cosine_ops) WITH (ef_construction='256')",
        "USING gin (to_tsvector('simple'::regconfig, chunks))",
        "USING gin (custom_metadata)",
    ],
)
def test_the_table_has_the_index_that_bedrock_asks_for(definition: str, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        definitions = [row[0] for row in connection.execute(INDEXES)]
    assert sum(text.endswith(definition) for text in definitions) == 1


def test_vectors_are_kept_in_the_row(database_url: str) -> None:
    query = (
        "SELECT attstorage FROM pg_attribute WHERE attname = 'embedding' "
        "AND attrelid = 'bedrock_integration.bedrock_kb'::regclass"
    )
    with psycopg.connect(database_url) as connection:
        assert connection.execute(query).fetchall() == [("p",)]


def test_preparing_again_changes_nothing(engine: Engine, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        before = connection.execute(OBJECTS).fetchall()
        prepare_database(engine, dimensions=DIMENSIONS)
        assert connection.execute(OBJECTS).fetchall() == before


def test_preparing_again_waits_for_nobody_who_writes(engine: Engine, database_url: str) -> None:
    # Publishing a large document takes seconds; opening the workbench must not.
    with psycopg.connect(database_url) as writer:
        writer.execute("INSERT INTO bedrock_integration.bedrock_kb VALUES (gen_random_uuid())")
        done = threading.Event()

        def prepare() -> None:
            prepare_database(engine, dimensions=DIMENSIONS)
            done.set()

        thread = threading.Thread(target=prepare)
        thread.start()
        finished = done.wait(5)
        writer.rollback()
        thread.join()
    assert finished


def test_what_is_missing_is_made_again(engine: Engine, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TABLE bedrock_integration.bedrock_kb")
    prepare_database(engine, dimensions=DIMENSIONS)
    with psycopg.connect(database_url) as connection:
        assert len(connection.execute(INDEXES).fetchall()) == 4


def test_an_empty_database_is_not_prepared(empty: Engine) -> None:
    assert not is_prepared(empty)


def test_a_prepared_database_is_prepared(engine: Engine) -> None:
    assert is_prepared(engine)


def test_every_migration_is_noted(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        noted = connection.execute("SELECT name FROM workbench.migration ORDER BY name").fetchall()
    assert [row[0] for row in noted] == migrations()


def test_several_processes_may_prepare_a_database_at_once(empty_url: str, empty: Engine) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE, empty_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in processes] == ["", "", ""]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert is_prepared(empty)


def test_a_failed_preparation_leaves_nothing_behind(empty: Engine, empty_url: str) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute("CREATE SCHEMA workbench CREATE TABLE document ()")
    with pytest.raises(DatabaseError):
        prepare_database(empty, dimensions=DIMENSIONS)
    with psycopg.connect(empty_url) as connection:
        found = connection.execute("SELECT to_regnamespace('bedrock_integration')").fetchone()
    assert found == (None,)


@pytest.fixture
def administrator_url(server: EmbeddedServer, empty_url: str) -> Iterator[str]:
    """A database of a role like Aurora's rds_superuser: it creates roles but is no superuser."""
    with psycopg.connect(empty_url, autocommit=True) as connection:
        # Another database's preparation has made it already, by another creator.
        shared = connection.execute("SELECT to_regrole('bedrock_user')").fetchone() != (None,)
        if shared:
            connection.execute("ALTER ROLE bedrock_user RENAME TO bedrock_user_elsewhere")
        connection.execute("CREATE ROLE administrator LOGIN CREATEROLE")
        name = sql.Identifier(urlsplit(empty_url).path.lstrip("/"))
        connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO administrator").format(name))
        connection.execute("CREATE EXTENSION vector")
    place = urlsplit(empty_url)
    yield urlunsplit(place._replace(netloc="administrator@"))
    with psycopg.connect(empty_url, autocommit=True) as connection:
        for role in ("bedrock_user", "administrator"):
            if connection.execute("SELECT to_regrole(%s)", (role,)).fetchone() != (None,):
                connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(role)))
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
        if shared:
            connection.execute("ALTER ROLE bedrock_user_elsewhere RENAME TO bedrock_user")


@pytest.fixture
def administrator(administrator_url: str) -> Iterator[Engine]:
    engine = open_engine(administrator_url)
    yield engine
    engine.dispose()


def test_a_role_that_is_no_superuser_may_prepare_a_database(administrator: Engine) -> None:
    prepare_database(administrator, dimensions=DIMENSIONS)
    prepare_database(administrator, dimensions=DIMENSIONS)
    assert is_prepared(administrator)


def test_a_table_for_other_dimensions_is_refused_with_both_numbers(engine: Engine) -> None:
    with pytest.raises(DatabaseError, match=r"384 dimensions.*1024"):
        prepare_database(engine, dimensions=1024)


@pytest.mark.parametrize(
    ("server_version", "extension_version", "sentence"),
    [
        (("14.9", "140009"), "0.8.0", "PostgreSQL 14.9 is too old; use version 15 or newer."),
        (("16.1", "160001"), "0.7.4", "pgvector 0.7.4 is too old; get 0.8 or newer"),
    ],
)
def test_what_is_too_old_is_refused_by_its_version(
    server_version: tuple[str, str], extension_version: str, sentence: str, engine: Engine
) -> None:
    with transaction(engine) as connection:
        pretend(connection.exec_driver_sql, server_version, extension_version)
        with pytest.raises(DatabaseError, match=sentence):
            check_versions(connection)


@pytest.mark.parametrize("extension_version", ["0.8.0", "0.10.0", "1.0"])
def test_what_is_new_enough_is_taken(extension_version: str, engine: Engine) -> None:
    with transaction(engine) as connection:
        pretend(connection.exec_driver_sql, ("15.0", "150000"), extension_version)
        assert check_versions(connection)["pgvector_version"] == extension_version


def pretend(
    execute: Callable[[str], object], server_version: tuple[str, str], extension_version: str
) -> None:
    """Put other versions before the real ones, for this transaction."""
    shown, number = server_version
    execute("CREATE SCHEMA pretence")
    execute(
        "CREATE FUNCTION pretence.current_setting(name text) RETURNS text LANGUAGE sql RETURN "
        f"CASE name WHEN 'server_version' THEN '{shown}' ELSE '{number}' END"
    )
    execute(
        "CREATE VIEW pretence.pg_extension AS "
        f"SELECT 'vector' AS extname, '{extension_version}' AS extversion"
    )
    execute("SET LOCAL search_path = pretence, pg_catalog")
