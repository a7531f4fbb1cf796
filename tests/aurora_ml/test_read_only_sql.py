"""The pane for SQL: it reads, and nothing that a statement contains makes it do more."""

from __future__ import annotations

import psycopg
import pytest

from kb.adapters.read_only_sql import MOST_ROWS
from kb.errors import ValidationError
from kb.workbench import Workbench
from kb.workbench.sql_embeddings import SqlEmbeddings
from tests.aurora_ml.conftest import Psql, value

pytestmark = pytest.mark.database


@pytest.fixture
def embeddings(local: Workbench) -> SqlEmbeddings:
    local.sql_embeddings.prepare()
    return local.sql_embeddings


def test_a_statement_returns_its_rows(embeddings: SqlEmbeddings, table: str) -> None:
    found = embeddings.read(f"SELECT id, content FROM {table} ORDER BY id")
    assert found.columns == ("id", "content")
    assert found.rows[0] == (1, "Note 1 on vacuum")


def test_rows_are_cut_and_the_result_says_so(embeddings: SqlEmbeddings) -> None:
    found = embeddings.read("SELECT generate_series(1, 100000000)")
    assert (len(found.rows), found.cut) == (MOST_ROWS, True)


def test_a_result_of_many_bytes_is_cut_as_well(embeddings: SqlEmbeddings) -> None:
    found = embeddings.read("SELECT repeat('x', 5000000) FROM generate_series(1, 400)")
    assert found.cut and len(found.rows) < 10


def test_a_result_of_just_as_many_rows_as_are_shown_is_whole(embeddings: SqlEmbeddings) -> None:
    found = embeddings.read(f"SELECT generate_series(1, {MOST_ROWS})")
    assert (len(found.rows), found.cut) == (MOST_ROWS, False)


def test_percent_signs_and_braces_are_only_text(embeddings: SqlEmbeddings) -> None:
    assert embeddings.read("SELECT '%s {x} 5%'").rows == (("%s {x} 5%",),)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {table} VALUES (99, 'x')",
        "DELETE FROM {table}",
        "SELECT 1; DELETE FROM {table}",
        "COMMIT; DELETE FROM {table}",
        "DROP TABLE {table}",
        "WITH d AS (DELETE FROM {table} RETURNING 1) SELECT * FROM d",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SELECT set_config('role', 'postgres', false)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "DO $$ BEGIN SET TRANSACTION READ WRITE; END $$",
        "DO $$ BEGIN COMMIT; END $$",
        "COPY {table} TO PROGRAM 'cat'",
        "COPY {table} TO '/tmp/stolen'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM embed_bridge.endpoint",
        "SELECT embed_bridge.dblink_connect('x', 'dbname=postgres')",
        "SELECT rolpassword FROM pg_authid",
        "CREATE TEMP TABLE t (x int)",
        "CALL workbench.embed_table(target => '{table}', text_column => 'content')",
        "nonsense",
        "",
    ],
)
def test_anything_but_reading_is_refused(
    embeddings: SqlEmbeddings, url: str, table: str, statement: str
) -> None:
    with pytest.raises(ValidationError):
        embeddings.read(statement.format(table=table))
    assert value(url, f"SELECT count(*) FROM {table} WHERE embedding IS NULL") == 40


def test_a_statement_that_takes_too_long_is_ended(
    embeddings: SqlEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.adapters.read_only_sql.TIMEOUT_MS", 300)
    with pytest.raises(ValidationError, match="took longer"):
        embeddings.read("SELECT pg_sleep(30)")


def test_the_examples_run_as_they_stand(embeddings: SqlEmbeddings, psql: Psql) -> None:
    for name in ("010_install", "030_documents", "040_embed_documents"):
        done = psql(f'psql "$DATABASE_URL" -f sql/aurora_ml/{name}.sql')
        assert done.returncode == 0, done.stderr
    results = {title: embeddings.read(text) for title, text in embeddings.examples().items()}
    assert "pg_stat_io" in results["Similarity search"].rows[0][1]
    assert len(results["One phrase"].rows[0][0]) == 1536


def test_a_new_table_can_be_read_at_once(embeddings: SqlEmbeddings, url: str, table: str) -> None:
    embeddings.read(f"SELECT count(*) FROM {table}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {table}_new (x int)".encode())
        try:
            assert embeddings.read(f"SELECT count(*) FROM {table}_new").rows == ((0,),)
        finally:
            connection.execute(f"DROP TABLE {table}_new".encode())
