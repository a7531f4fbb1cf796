"""What a database lacks is found, and the statement beside it mends it, on a real server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from kb.adapters.database import open_engine
from kb.adapters.database_check import PREPARE, check_database
from kb.adapters.schema import is_prepared
from kb.cli import main
from kb.embedding_sql.findings import Finding
from kb.postgres.embedded import EmbeddedServer
from tests.made_up import DIMENSIONS, NewDatabase
from tests.passwords import role

pytestmark = pytest.mark.database

ROOT = Path(__file__).resolve().parents[2]
TABLE = "bedrock_integration.bedrock_kb"


@pytest.fixture
def empty_url(new_database: NewDatabase) -> Iterator[str]:
    with new_database() as url:
        yield url


def findings(url: str) -> list[Finding]:
    engine = open_engine(url)
    try:
        return check_database(engine, dimensions=DIMENSIONS)
    finally:
        engine.dispose()


def lacking(url: str) -> dict[str, str]:
    """What is missing, with what mends it."""
    return {finding.name: finding.mend for finding in findings(url) if not finding.ok}


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def by_hand(url: str, mend: str, server: EmbeddedServer) -> None:
    """Do what a finding says, in a shell or in psql."""
    if not mend.startswith("psql"):
        execute(url, mend)
        return
    path = os.pathsep.join((str(server.psql.parent), os.environ["PATH"]))
    environ = {"PATH": path, "DATABASE_URL": url}
    subprocess.run(["bash", "-c", mend], cwd=ROOT, env=environ, check=True, capture_output=True)


def test_a_prepared_database_lacks_nothing(database_url: str) -> None:
    assert lacking(database_url) == {}
    assert len(findings(database_url)) > 15


def test_looking_changes_nothing(empty_url: str) -> None:
    before = lacking(empty_url)
    assert lacking(empty_url) == before
    assert "Extension vector 0.8 or newer" in before


def test_an_empty_database_is_prepared_by_what_the_findings_say(
    empty_url: str, server: EmbeddedServer
) -> None:
    # What can only be seen once the table is there comes in a second round.
    for _ in range(3):
        for mend in lacking(empty_url).values():
            if mend != PREPARE:
                by_hand(empty_url, mend, server)
    assert lacking(empty_url) == {"Tables of the job queue": PREPARE}
    engine = open_engine(empty_url)
    assert is_prepared(engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("DROP INDEX bedrock_integration.bedrock_kb_embedding_idx", "HNSW index on the vectors"),
        (
            "DROP INDEX bedrock_integration.bedrock_kb_chunks_idx",
            "GIN index on the words of the chunks",
        ),
        (
            "DROP INDEX bedrock_integration.bedrock_kb_custom_metadata_idx",
            "GIN index on the metadata",
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = "
            "'bedrock_integration.bedrock_kb_embedding_idx'::regclass",
            "HNSW index on the vectors",
        ),
        (f"ALTER TABLE {TABLE} DROP COLUMN custom_metadata", "Column custom_metadata jsonb"),
        (f"ALTER TABLE {TABLE} ALTER COLUMN chunks TYPE varchar(99)", "Column chunks text"),
        (f"ALTER TABLE {TABLE} DROP CONSTRAINT bedrock_kb_pkey", "Primary key on id"),
        (f"ALTER TABLE {TABLE} OWNER TO postgres", "Table is owned by bedrock_user"),
        (
            "REVOKE ALL ON SCHEMA bedrock_integration FROM bedrock_user",
            "Role bedrock_user may use the schema",
        ),
        (
            "DELETE FROM workbench.migration WHERE name LIKE '%002%'",
            "Migration 002_allow_deletions",
        ),
    ],
)
def test_what_was_taken_away_is_named_and_mended(
    damage: str, name: str, database_url: str, server: EmbeddedServer
) -> None:
    execute(database_url, damage)
    assert name in lacking(database_url)
    if name.startswith("Migration"):
        assert "sql/migrations/002_allow_deletions.sql" in lacking(database_url)[name]
        return
    for mend in lacking(database_url).values():
        by_hand(database_url, mend, server)
    # The index on a column goes with it.
    for mend in lacking(database_url).values():
        by_hand(database_url, mend, server)
    assert lacking(database_url) == {}


def test_a_role_without_rights_is_told_its_grants(
    database_url: str, server: EmbeddedServer
) -> None:
    with role(server, "trust") as own:
        own.run("ALTER ROLE {} NOSUPERUSER")
        url = urlsplit(database_url)._replace(netloc=f"{own.name}@").geturl()
        execute(database_url, f"GRANT USAGE ON SCHEMA bedrock_integration, workbench TO {own.name}")
        execute(database_url, f"GRANT SELECT ON workbench.migration TO {own.name}")
        execute(database_url, f"GRANT USAGE ON SCHEMA workbench_queue TO {own.name}")
        missing = lacking(url)
        assert set(missing) == {
            f"Role {own.name} may become bedrock_user",
            f"Role {own.name} may make schemas in the database",
            f"Role {own.name} may read and write the table",
        }
        for mend in missing.values():
            execute(database_url, mend)
        assert lacking(url) == {}
        execute(database_url, f"DROP OWNED BY {own.name} CASCADE")


def test_a_table_for_another_model_says_how_to_embed_anew(database_url: str) -> None:
    engine = open_engine(database_url)
    found = {f.name: f.mend for f in check_database(engine, dimensions=1024) if not f.ok}
    engine.dispose()
    assert set(found) == {"Column embedding vector(1024)"}
    assert "sync --rebuild" in found["Column embedding vector(1024)"]


def test_a_name_that_needs_quoting_is_quoted(empty_url: str, server: EmbeddedServer) -> None:
    with role(server, "trust") as own:
        own.run("ALTER ROLE {} NOSUPERUSER")
        quoted = f'{own.name}; DROP "x'
        own.run("ALTER ROLE {} RENAME TO " + '"' + quoted.replace('"', '""') + '"')
        try:
            execute(empty_url, 'SET ROLE "' + quoted.replace('"', '""') + '"')
            with psycopg.connect(empty_url) as connection:
                connection.execute(('SET ROLE "' + quoted.replace('"', '""') + '"').encode())
                statement = (ROOT / "sql/check/roles.sql").read_bytes()
                mends = [row[3] for row in connection.execute(statement).fetchall()]
        finally:
            execute(
                empty_url,
                'ALTER ROLE "' + quoted.replace('"', '""') + f'" RENAME TO {own.name}',
            )
    assert f'GRANT bedrock_user TO "{quoted.replace(chr(34), chr(34) * 2)}";' in mends


def test_the_command_line_lists_and_prepares(
    empty_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KB_DATABASE_URL", empty_url)
    monkeypatch.setenv("KB_DATA_DIR", str(tmp_path))
    assert main(["check-database"]) == 1
    shown = capsys.readouterr().out
    assert "MISSING  Extension vector 0.8 or newer: not installed" in shown
    assert "CREATE EXTENSION vector;" in shown.partition("In this order:")[2]
    assert main(["prepare-database"]) == 0
    assert "MISSING" not in capsys.readouterr().out
    assert main(["check-database", "--json"]) == 0
    assert all(finding["ok"] for finding in json.loads(capsys.readouterr().out))
