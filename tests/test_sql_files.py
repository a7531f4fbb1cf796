"""Every file in sql/ runs by hand with the line in its head comment, on a real server."""

from __future__ import annotations

import os
import re
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from kb import sql
from kb.adapters.database import open_engine
from kb.adapters.job_queue import JobQueue
from kb.adapters.schema import is_prepared
from kb.postgres.embedded import EmbeddedServer
from tests.made_up import DIMENSIONS, NewDatabase

pytestmark = pytest.mark.database

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    path.relative_to(sql.SQL_DIR).with_suffix("").as_posix()
    for path in sql.SQL_DIR.rglob("*.sql")
    # These need the bridge: tests/aurora_ml/test_aurora_ml_files.py.
    if path.parent.name not in ("aurora_ml", "bridge", "table_embedding")
)
#: What others build on, in this order; then everything else by name; then what takes away.
FIRST = [
    "schema/010_extension",
    "schema/020_bedrock_integration",
    "schema/030_bedrock_kb",
    "schema/040_bedrock_kb_indexes",
    "schema/050_workbench",
    *(name for name in FILES if name.startswith("migrations/")),
    "queue/create_schema",
    "catalogue/create_knowledge_base",
    "catalogue/put_document",
    "ingestion/create_job",
    "ingestion/begin_job",
    "ingestion/add_document",
    "ingestion/begin_document",
    "ingestion/copy_pages",
    "ingestion/copy_parents",
    "ingestion/copy_chunks",
    "ingestion/copy_embeddings",
    "ingestion/stage_document",
    "conversations/create_conversation",
    "conversations/add_turn",
    "tuning/create_schema",
    "tuning/create_shadow",
    "tuning/fill_shadow",
    "tuning/create_hnsw",
    "tuning/index_bytes",
    # One index at a time.
    "tuning/drop_index",
]
LAST = [
    "conversations/delete_conversation",
    "ingestion/clear_staged",
    "ingestion/finish_document",
    "ingestion/stop_job",
    "ingestion/clear_all_staged",
    "ingestion/finish_job",
    "ingestion/delete_document_chunks",
    "ingestion/delete_document",
    "rebuild/lock",
    "rebuild/create_table",
    "rebuild/fill_table",
    "rebuild/swap",
    "indexes/drop_hnsw",
    "indexes/drop_ivfflat",
    "tuning/drop_index",
    "tuning/drop_shadow",
    "tuning/drop_schema",
    "cleanup/010_workbench",
    "cleanup/020_bedrock_integration",
]
#: The binary COPY format without a row: signature, flags, length of the header, end.
NO_ROWS = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"
CHUNK = "INSERT INTO bedrock_integration.bedrock_kb VALUES (%s, %s, 'text', '{}', '{}')"


def head(name: str) -> list[str]:
    """The lines of the comment at the top, without their dashes."""
    lines = []
    for line in sql.script(name).splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--"))
    return lines


def command(name: str) -> str:
    """The shell command in the head comment, which begins at the first line set in by spaces."""
    indented = [line.strip() for line in head(name) if re.match(r"\s{3}", line)]
    return "\n".join(indented)


@pytest.fixture(scope="module")
def by_hand(new_database: NewDatabase) -> Iterator[str]:
    """An empty database."""
    with new_database() as url:
        yield url


@pytest.fixture(scope="module")
def shell(
    server: EmbeddedServer, by_hand: str, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """The environment of somebody who follows the head comments, in which errors count."""
    folder = tmp_path_factory.mktemp("shell")
    psqlrc = folder / "psqlrc"
    psqlrc.write_text("\\set ON_ERROR_STOP on\n\\pset pager off\n")
    path = os.pathsep.join((str(server.psql.parent), os.environ["PATH"]))
    return {"PATH": path, "DATABASE_URL": by_hand, "PSQLRC": str(psqlrc), "HOME": str(folder)}


@pytest.fixture(scope="module")
def outcomes(by_hand: str, shell: Mapping[str, str]) -> dict[str, subprocess.CompletedProcess[str]]:
    """What came of every file's command, run one after the other."""
    middle = [name for name in FILES if name not in FIRST and name not in LAST]
    found = {name: run(name, shell) for name in FIRST if name in FILES}
    JobQueue(by_hand).prepare()
    with psycopg.connect(by_hand) as connection:
        connection.execute(CHUNK, (uuid.uuid4(), str([0.1] * DIMENSIONS)))
    return found | {name: run(name, shell) for name in (*middle, *LAST) if name in FILES}


def run(name: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a file's command as it stands in its comment."""
    rows = Path(environ["HOME"]) / "rows.bin"
    rows.write_bytes(NO_ROWS)
    line = command(name).replace("< rows.bin", f"< {rows}").replace("> vectors.copy", "> /dev/null")
    return subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", FILES)
def test_the_head_comment_says_what_it_is_for(name: str) -> None:
    first = head(name)[0]
    assert re.match(r" \S.{20,}", first)


@pytest.mark.parametrize("name", FILES)
def test_the_command_in_the_head_comment_runs_this_file(name: str) -> None:
    assert f"sql/{name}.sql" in command(name)


@pytest.mark.parametrize("name", FILES)
def test_the_command_in_the_head_comment_succeeds(
    name: str, outcomes: Mapping[str, subprocess.CompletedProcess[str]]
) -> None:
    done = outcomes[name]
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", FILES)
def test_the_head_comment_gives_a_value_for_every_parameter(name: str) -> None:
    given = set(re.findall(r"-v ([a-z_0-9]+)=", command(name)))
    assert set(sql.statement(name).compile().params) == given


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_used_by_kb_or_is_in_a_folder_for_hands(name: str) -> None:
    folder, _, stem = name.partition("/")
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "kb").rglob("*.py"))
    by_kb = f'"{name}"' in code or (f'"{folder}/{{name}}"' in code and f'"{stem}"' in code)
    assert by_kb or folder in ("migrations", "indexes", "cleanup")


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith("schema/")])
def test_the_guide_for_a_cluster_by_hand_has_every_file_that_makes_it(name: str) -> None:
    assert f"`{name}.sql`" in (sql.SQL_DIR / "README.md").read_text("utf-8")


def test_a_database_prepared_by_the_guide_is_taken_as_it_is(
    new_database: NewDatabase, shell: Mapping[str, str]
) -> None:
    guide = (sql.SQL_DIR / "README.md").read_text("utf-8")
    (migrate,) = re.findall(r"```\n(.*?)```", guide, re.DOTALL)
    with new_database() as url:
        own = {**shell, "DATABASE_URL": url}
        for name in (n for n in FIRST if n.startswith("schema/")):
            assert run(name, own).returncode == 0
        subprocess.run(["bash", "-c", migrate], cwd=ROOT, env=own, check=True, capture_output=True)
        engine = open_engine(url)
        prepared = is_prepared(engine)
        engine.dispose()
    assert prepared


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith("schema/")])
def test_a_schema_file_may_run_again(
    name: str,
    outcomes: Mapping[str, subprocess.CompletedProcess[str]],
    shell: Mapping[str, str],
) -> None:
    assert run(name, shell).returncode == 0


def test_no_statement_casts_with_colons() -> None:
    # SQLAlchemy does not see a parameter before `::`.
    assert [n for n in FILES if re.search(r":\w+::", sql.script(n))] == []
