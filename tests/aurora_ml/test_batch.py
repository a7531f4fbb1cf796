"""Batches: resumable, safe twice at once, and never in anybody's way for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import psycopg
import pytest

from kb.errors import Conflict, ValidationError
from kb.models import IngestionJobStatus
from kb.postgres.embedded import EmbeddedServer
from kb.workbench import Workbench
from kb.workbench.detached import CHECKOUT, environment
from kb.workbench.sql_embeddings import SqlEmbeddings
from tests.aurora_ml.conftest import value

pytestmark = pytest.mark.database

CALL = "CALL workbench.embed_table(target => '{}', text_column => 'content', {})"
SECONDS = 60


@pytest.fixture
def embeddings(local: Workbench) -> SqlEmbeddings:
    local.sql_embeddings.prepare()
    return local.sql_embeddings


def call(url: str, table: str, options: str = "batch_size => 1") -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(CALL.format(table, options).encode())


def missing(url: str, table: str) -> int:
    found = value(url, f"SELECT count(*) FROM {table} WHERE embedding IS NULL")
    assert isinstance(found, int)
    return found


def versions(url: str, table: str) -> object:
    """Changes when a row that has an embedding is written again."""
    return value(
        url, f"SELECT jsonb_object_agg(id, xmin::text) FROM {table} WHERE embedding IS NOT NULL"
    )


def await_rows(url: str, table: str, at_most_missing: int) -> None:
    deadline = time.monotonic() + SECONDS
    while missing(url, table) > at_most_missing:
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_the_procedure_embeds_every_row(
    embeddings: SqlEmbeddings, url: str, table: str, batch_size: int
) -> None:
    call(url, table, f"batch_size => {batch_size}")
    assert missing(url, table) == 0


def test_a_row_limit_is_kept(embeddings: SqlEmbeddings, url: str, table: str) -> None:
    call(url, table, "row_limit => 12, batch_size => 5")
    assert missing(url, table) == 28


def test_each_row_is_its_own_transaction(embeddings: SqlEmbeddings, url: str, table: str) -> None:
    call(url, table)
    assert value(url, f"SELECT count(DISTINCT xmin::text) FROM {table}") == 40


def test_a_bad_row_is_noted_with_its_key_and_the_others_go_on(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {table} ADD CHECK (id <> 5 OR embedding IS NULL)".encode())
    call(url, table, "batch_size => 10")
    assert missing(url, table) == 1
    noted = value(
        url,
        "SELECT row_key FROM workbench.table_embedding_error WHERE target = %s",
        table,
    )
    assert noted == {"id": 5}


def test_a_row_that_fails_in_every_session_is_noted_once(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {table} ADD CHECK (id <> 5 OR embedding IS NULL)".encode())
    plan = embeddings.plan(table, "content", sessions=4, max_attempts=1, with_index=False)
    job_id = embeddings.start(plan, detach=False)
    embeddings.run(job_id)
    job = embeddings.job(job_id)
    assert (job.status, job.rows_embedded, job.rows_failed) == (IngestionJobStatus.COMPLETE, 39, 1)
    assert [error["row_key"] for error in embeddings.errors(job_id)] == ['{"id": 5}']


def test_in_an_open_transaction_it_is_refused_before_a_row_is_embedded(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    with (
        psycopg.connect(url) as connection,
        pytest.raises(psycopg.errors.InvalidTransactionTermination),
    ):
        connection.execute(CALL.format(table, "batch_size => 1").encode())
    assert missing(url, table) == 40


@pytest.mark.parametrize(
    "options",
    [
        "batch_size => 0",
        "batch_size => NULL",
        "max_attempts => NULL",
        "pause_seconds => -1",
        "pause_seconds => NULL",
        "embedding_column => NULL",
    ],
)
def test_arguments_out_of_bounds_are_refused(
    embeddings: SqlEmbeddings, url: str, table: str, options: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="batch_size"):
        call(url, table, options)


def test_a_mistake_that_all_rows_share_ends_the_run_and_blames_no_row(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    with pytest.raises(psycopg.Error, match="No embedding model") as caught:
        call(url, table, "model_id => 'amazon.titan-embed-text-v9'")
    assert caught.value.sqlstate == "KB002"
    noted = "SELECT count(*) FROM workbench.table_embedding_error WHERE target = %s"
    assert value(url, noted, table) == 0


def test_two_runs_at_once_embed_every_row_once(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {table} ADD written int DEFAULT 0".encode())
        connection.execute(
            b"CREATE OR REPLACE FUNCTION public.count_writes() RETURNS trigger LANGUAGE plpgsql "
            b"AS 'BEGIN NEW.written := OLD.written + 1; RETURN NEW; END'"
        )
        connection.execute(
            f"CREATE TRIGGER w BEFORE UPDATE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION public.count_writes()".encode()
        )
    threads = [threading.Thread(target=call, args=(url, table)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(url, f"SELECT array_agg(DISTINCT written) FROM {table}") == [1]


def test_a_row_that_somebody_has_locked_is_skipped(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    with psycopg.connect(url) as other:
        other.execute(f"SELECT FROM {table} WHERE id = 3 FOR UPDATE".encode())
        call(url, table)
        assert missing(url, table) == 1
    call(url, table)
    assert missing(url, table) == 0


def test_blank_texts_are_left_alone(embeddings: SqlEmbeddings, url: str, table: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"UPDATE {table} SET content = ' ' WHERE id = 1".encode())
        connection.execute(f"UPDATE {table} SET content = NULL WHERE id = 2".encode())
    call(url, table)
    assert missing(url, table) == 2


def test_a_partitioned_table_is_embedded_whole(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    parts = f"{table}_parts"
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            f"CREATE TABLE {parts} (LIKE {table}) PARTITION BY RANGE (id)",
            f"CREATE TABLE {parts}_1 PARTITION OF {parts} FOR VALUES FROM (0) TO (5)",
            f"CREATE TABLE {parts}_2 PARTITION OF {parts} DEFAULT",
            f"INSERT INTO {parts} SELECT * FROM {table} WHERE id < 10",
        ):
            connection.execute(statement.encode())
    call(url, parts)
    assert missing(url, parts) == 0


def test_a_job_adds_column_and_index_and_the_search_finds_rows(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    plan = embeddings.plan(f"public.{table}", "content", embedding_column="meaning of it")
    assert plan.adds_column
    job_id = embeddings.start(plan, detach=False)
    embeddings.run(job_id)
    assert embeddings.job(job_id).status is IngestionJobStatus.COMPLETE
    plan = embeddings.plan(table, "content", embedding_column="meaning of it")
    state = embeddings.state(plan)
    assert (state.missing, state.rows) == (0, 40)
    assert state.index is not None
    found = embeddings.search(plan, "Note 7 on vacuum")
    assert found.rows[0].content == "Note 7 on vacuum"
    assert found.rows[0].row_key == "id=7"


def test_the_search_of_a_large_table_uses_its_index_and_embeds_the_phrase_once(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            f"INSERT INTO {table} SELECT i, 'Row ' || i, (SELECT array_agg(random() + 0 * (g + i)) "
            "FROM generate_series(1, 1536) AS g)::vector FROM generate_series(100, 1600) AS i",
            f"CREATE INDEX ON {table} USING hnsw (embedding vector_cosine_ops) WITH (m = 4)",
            f"ANALYZE {table}",
        ):
            connection.execute(statement.encode())
    found = embeddings.search(embeddings.plan(table, "content"), "vacuum")
    assert "Index Scan using" in found.plan
    assert "CTE question" in found.plan and "loops=1)" in found.plan


def test_names_of_any_kind_are_only_names(embeddings: SqlEmbeddings, url: str, table: str) -> None:
    odd = 'Odd "na me"; DROP TABLE x; --'
    quoted = '"' + odd.replace('"', '""') + '"'
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {quoted} ({quoted} text)".encode())
        connection.execute(f"INSERT INTO {quoted} VALUES ('a text')".encode())
    try:
        plan = embeddings.plan(f"public.{odd}", odd, embedding_column="Vec'tor")
        embeddings.run(embeddings.start(plan, detach=False))
        plan = embeddings.plan(f"public.{odd}", odd, embedding_column="Vec'tor")
        assert embeddings.search(plan, "a text").rows[0].similarity == pytest.approx(1, abs=1e-6)
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP TABLE {quoted}".encode())


def test_a_changed_text_is_embedded_again_and_no_other(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    plan = embeddings.plan(table, "content", keep_fresh=True, with_index=False)
    embeddings.run(embeddings.start(plan, detach=False))
    before = versions(url, table)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"UPDATE {table} SET content = 'Quite new' WHERE id = 9".encode())
        connection.execute(f"UPDATE {table} SET content = content WHERE id = 10".encode())
    assert missing(url, table) == 1
    embeddings.run(embeddings.start(plan, detach=False))
    after = versions(url, table)
    assert isinstance(before, dict) and isinstance(after, dict)
    assert {key for key in after if after[key] != before[key]} == {"9", "10"}
    assert embeddings.search(plan, "Quite new").rows[0].row_key == "id=9"


def test_another_model_s_vectors_are_never_mixed_in(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    plan = embeddings.plan(table, "content", row_limit=5, with_index=False)
    embeddings.run(embeddings.start(plan, detach=False))
    other = embeddings.plan(table, "content", model_id="cohere.embed-v4:0")
    with pytest.raises(Conflict, match="titan"):
        embeddings.start(other, detach=False)


def test_a_second_job_for_the_same_column_is_refused(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    plan = embeddings.plan(table, "content")
    embeddings.start(plan, detach=False)
    with pytest.raises(Conflict):
        embeddings.start(plan, detach=False)


def test_stop_ends_a_job_and_resume_does_the_rest(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    plan = embeddings.plan(table, "content", pause_seconds=0.2, sessions=1)
    job_id = embeddings.start(plan)
    await_rows(url, table, 38)
    embeddings.stop(job_id)
    deadline = time.monotonic() + SECONDS
    while not embeddings.job(job_id).status.is_final:
        assert time.monotonic() < deadline
        threading.Event().wait(0.1)
    stopped = embeddings.job(job_id)
    assert stopped.status is IngestionJobStatus.STOPPED
    before = versions(url, table)
    assert isinstance(before, dict) and 0 < len(before) < 40
    second = embeddings.resume(replace(stopped, options={**stopped.options, "pause_seconds": 0}))
    await_rows(url, table, 0)
    after = versions(url, table)
    assert isinstance(after, dict)
    assert {key: after[key] for key in before} == before
    deadline = time.monotonic() + SECONDS
    while not embeddings.job(second).status.is_final:
        assert time.monotonic() < deadline
        threading.Event().wait(0.1)


@pytest.mark.parametrize("victim", ["application", "session", "PostgreSQL"])
def test_after_a_kill_what_was_committed_stays_and_the_rest_follows(
    embeddings: SqlEmbeddings, local: Workbench, url: str, table: str, victim: str
) -> None:
    plan = embeddings.plan(table, "content", pause_seconds=0.15, sessions=1, with_index=False)
    job_id = embeddings.start(plan, detach=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "kb", "embed-table", "--job", str(job_id)],
        cwd=CHECKOUT,
        env=environment(local.settings),
        stderr=subprocess.DEVNULL,
    )
    await_rows(url, table, 36)
    if victim == "application":
        process.kill()
    else:
        os.kill(backend(url) if victim == "session" else postmaster(local), signal.SIGKILL)
    process.wait(SECONDS)
    server = EmbeddedServer(local.settings.data_dir / "postgres")
    server.start()
    # A session whose client was killed is ended by PostgreSQL a second later.
    threading.Event().wait(1.5)
    before = versions(url, table)
    assert isinstance(before, dict) and 0 < len(before) < 40
    assert embeddings.job(job_id).status.is_final
    again = replace(plan, pause_seconds=0.0)
    embeddings.run(embeddings.start(again, detach=False))
    after = versions(url, table)
    assert isinstance(after, dict) and len(after) == 40
    assert {key: after[key] for key in before} == before


def test_a_bridge_that_is_killed_in_the_middle_is_started_again_and_no_row_is_lost(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    plan = embeddings.plan(table, "content", pause_seconds=0.05, sessions=2, with_index=False)
    job_id = embeddings.start(plan, detach=False)
    worker = threading.Thread(target=embeddings.run, args=(job_id,))
    worker.start()
    await_rows(url, table, 36)
    killed = embeddings.bridge.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    worker.join(SECONDS)
    job = embeddings.job(job_id)
    assert (job.status, job.rows_embedded, job.rows_failed) == (IngestionJobStatus.COMPLETE, 40, 0)
    assert embeddings.bridge.pid not in (None, killed)


def test_a_plan_that_can_not_be_is_refused_with_a_sentence(
    embeddings: SqlEmbeddings, url: str, table: str
) -> None:
    with pytest.raises(ValidationError, match="no text column"):
        embeddings.plan(table, "id")
    with pytest.raises(ValidationError, match="no one table"):
        embeddings.plan("nowhere", "content")
    with pytest.raises(ValidationError, match="1536"):
        embeddings.plan(table, "content", model_id="cohere.embed-english-v3")


def backend(url: str) -> int:
    """The process of the session that embeds."""
    found = value(
        url,
        "SELECT pid FROM pg_stat_activity WHERE query LIKE '%CALL workbench.embed_table%' "
        "AND pid <> pg_backend_pid() LIMIT 1",
    )
    assert isinstance(found, int)
    return found


def postmaster(local: Workbench) -> int:
    pid_file = local.settings.data_dir / "postgres" / "data" / "postmaster.pid"
    return int(pid_file.read_text().split()[0])
