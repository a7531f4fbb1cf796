"""The bench on a real server: its copy, its indexes, its settings, and who may have it."""

from __future__ import annotations

import signal
import subprocess
import sys
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from pgvector.psycopg import register_vector

from kb.adapters.tuning_bench import TuningBench
from kb.adapters.tuning_session import connect, set_checked
from kb.errors import Conflict, DatabaseError, IndexRejected, ResourceNotFound, ValidationError
from kb.models import HnswIndex, HnswSearch, IvfflatIndex
from kb.tuning.ground_truth import exact_distances

pytestmark = pytest.mark.database

Vectors = NDArray[np.float32]
ROOT = Path(__file__).resolve().parents[2]
ROWS = 600
SPARSE = HnswIndex(m=2, ef_construction=4)


def made_up(rows: int, seed: int = 0) -> Vectors:
    return np.random.default_rng(seed).normal(size=(rows, 384)).astype(np.float32)


QUESTIONS = made_up(12, seed=1)


@pytest.fixture
def url(database_url: str) -> str:
    """A database whose knowledge base has 600 vectors, and no index on them."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        register_vector(connection)
        connection.execute("DROP INDEX bedrock_integration.bedrock_kb_embedding_idx")
        columns = "bedrock_integration.bedrock_kb (id, embedding)"
        with connection.cursor().copy(f"COPY {columns} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["uuid", "vector"])
            for number, vector in enumerate(made_up(ROWS)):
                copy.write_row((uuid.UUID(int=number), vector))
    return database_url


def execute(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def relations(url: str) -> set[str]:
    """What is in the sweep's schema."""
    found = execute(
        url,
        "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('workbench_tuning')",
    )
    return {name for (name,) in found}


def schema_exists(url: str) -> bool:
    return execute(url, "SELECT to_regnamespace('workbench_tuning')") != [(None,)]


def test_the_copy_holds_the_vectors_bit_by_bit(url: str) -> None:
    with TuningBench(url).shadow() as shadow:
        read = np.concatenate(list(shadow.read_vectors()))

    assert sorted(map(bytes, read)) == sorted(map(bytes, made_up(ROWS)))


def test_the_copy_says_what_it_holds(url: str) -> None:
    with TuningBench(url).shadow() as shadow:
        copied = shadow.copied

    assert (copied.chunks, copied.dimensions) == (ROWS, 384)
    assert copied.pgvector_version.startswith("0.")


def test_the_copy_is_unlogged_and_keeps_vectors_in_the_row(url: str) -> None:
    with TuningBench(url).shadow():
        found = execute(
            url,
            "SELECT relpersistence, attstorage FROM pg_class c JOIN pg_attribute a"
            " ON attrelid = c.oid WHERE c.oid = 'workbench_tuning.shadow'::regclass"
            " AND attname = 'embedding'",
        )

    assert found == [("u", "p")]


def test_exact_distances_are_those_of_numpy(url: str) -> None:
    with TuningBench(url).shadow() as shadow:
        found = shadow.search_all(None, QUESTIONS, 10)
        truth = exact_distances(shadow.read_vectors(), QUESTIONS, 10)

    assert found == pytest.approx(truth, abs=2e-6)


def test_rows_beyond_ef_search_are_missing(url: str) -> None:
    with TuningBench(url).shadow() as shadow:
        shadow.build(HnswIndex())
        found = shadow.search_all(HnswSearch(ef_search=10), QUESTIONS, 50)

    assert np.isnan(found).sum(axis=1) == pytest.approx(40)


def test_an_exact_search_after_many_of_an_index_is_exact(url: str) -> None:
    # After five runs PostgreSQL prefers a plan that it keeps, if that looks no dearer; it does not
    # at a tenth of the rows, which it assumes for a LIMIT that it is not told.
    k = ROWS // 10
    with TuningBench(url).shadow() as shadow:
        shadow.build(SPARSE)
        before = shadow.search_all(HnswSearch(ef_search=k), QUESTIONS, k)
        exact = shadow.search_all(None, QUESTIONS, k)
        truth = exact_distances(shadow.read_vectors(), QUESTIONS, k)

    assert exact == pytest.approx(truth, abs=2e-6)
    assert before != pytest.approx(truth, abs=2e-6, nan_ok=True)


def test_an_index_replaces_the_one_before(url: str) -> None:
    with TuningBench(url).shadow() as shadow:
        shadow.build(SPARSE)
        shadow.build(IvfflatIndex(lists=5))
        found = execute(
            url, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'workbench_tuning'"
        )

    assert len(found) == 1 and "USING ivfflat" in found[0][0]


def test_index_bytes_are_the_servers(url: str) -> None:
    with TuningBench(url).shadow() as shadow:
        report = shadow.build(SPARSE)
        found = execute(url, "SELECT pg_relation_size('workbench_tuning.shadow_index')")

    assert found == [(report.index_bytes,)]


def test_every_question_has_a_time(url: str) -> None:
    with TuningBench(url).shadow() as shadow:
        times_ms = shadow.time_searches(None, QUESTIONS, 10)

    assert times_ms.shape == (12,) and times_ms.min() > 0


def test_analyzed_plans_name_the_index_and_the_time(url: str) -> None:
    with TuningBench(url).shadow() as shadow:
        report = shadow.build(SPARSE)
        plans = shadow.analyze(HnswSearch(), QUESTIONS, 10)

    assert {plan.index_name for plan in plans} == {report.index_name}
    assert all(plan.execution_ms and plan.execution_ms > 0 for plan in plans)


def test_nothing_stays_forced_after_a_search(url: str) -> None:
    with TuningBench(url).shadow() as shadow:
        shadow.build(SPARSE)
        shadow.search_all(HnswSearch(), QUESTIONS, 10)

        assert shadow.natural_plan(HnswSearch(ef_search=1000), QUESTIONS[0], 10).scan == "Seq Scan"


def test_a_graph_larger_than_the_servers_memory_gets_what_it_needs(url: str) -> None:
    # 600 tuples of 2,249 bytes.
    poor = f"{url}&options=-c%20maintenance_work_mem%3D1MB"

    with TuningBench(poor).shadow() as shadow:
        assert shadow.build(HnswIndex()).notices == ()


def test_other_sessions_keep_their_memory(url: str) -> None:
    setting = "SELECT current_setting('maintenance_work_mem')"
    before = execute(url, setting)

    with TuningBench(url).shadow() as shadow:
        shadow.build(SPARSE)

        assert execute(url, setting) == before


def test_an_impossible_setting_is_refused_on_a_fresh_connection(url: str) -> None:
    # Before pgvector's library is loaded the server accepts it and later uses 40.
    with connect(url) as connection, pytest.raises(psycopg.DataError, match="ef_search"):
        set_checked(connection, "hnsw.ef_search", "5000", local=False)


def test_a_setting_that_does_not_exist_is_refused(url: str) -> None:
    with connect(url) as connection, pytest.raises(psycopg.Error, match="ef_searchx"):
        set_checked(connection, "hnsw.ef_searchx", "40", local=False)


def test_a_setting_that_reads_back_differently_is_refused(url: str) -> None:
    with connect(url) as connection, pytest.raises(DatabaseError, match="took 1MB"):
        set_checked(connection, "work_mem", "1024kB", local=False)


def test_an_index_on_too_many_dimensions_is_rejected(database_url: str) -> None:
    execute(
        database_url,
        "DROP INDEX bedrock_integration.bedrock_kb_embedding_idx;"
        "ALTER TABLE bedrock_integration.bedrock_kb ALTER embedding TYPE vector(2001);"
        "INSERT INTO bedrock_integration.bedrock_kb (id, embedding)"
        " SELECT gen_random_uuid(), array_fill(1, ARRAY[2001])::vector",
    )

    with TuningBench(database_url).shadow() as shadow, pytest.raises(IndexRejected, match="2000"):
        shadow.build(HnswIndex())


def test_vectors_of_different_dimensions_are_refused(database_url: str) -> None:
    execute(
        database_url,
        "DROP INDEX bedrock_integration.bedrock_kb_embedding_idx;"
        "ALTER TABLE bedrock_integration.bedrock_kb ALTER embedding TYPE vector;"
        "INSERT INTO bedrock_integration.bedrock_kb (id, embedding)"
        " VALUES (gen_random_uuid(), '[1,2]'), (gen_random_uuid(), '[1,2,3]')",
    )

    with pytest.raises(ValidationError, match="different dimensions"):
        enter(database_url)


def enter(url: str) -> None:
    with TuningBench(url).shadow():
        raise AssertionError("a copy was made")


def test_a_database_without_knowledge_base_is_refused(database_url: str) -> None:
    execute(database_url, "DROP SCHEMA bedrock_integration CASCADE")

    with pytest.raises(ResourceNotFound, match="no knowledge base"):
        enter(database_url)


def test_a_database_without_pgvector_is_refused(database_url: str) -> None:
    execute(database_url, "DROP EXTENSION vector CASCADE")

    with pytest.raises(DatabaseError, match="CREATE EXTENSION vector"):
        enter(database_url)


def test_an_unreachable_database_is_one_sentence() -> None:
    with pytest.raises(DatabaseError, match="does not answer"):
        enter("postgresql://nobody@/none?host=/nonexistent")


@pytest.fixture
def reader(url: str) -> str:
    """The database as a role sees it that may only read the table."""
    name = f"reader_{uuid.uuid4().hex[:8]}"
    execute(
        url,
        f"CREATE ROLE {name} LOGIN; GRANT USAGE ON SCHEMA bedrock_integration TO {name};"
        f"GRANT SELECT ON bedrock_integration.bedrock_kb TO {name}",
    )
    return url.replace("postgres@", f"{name}@", 1)


def test_a_role_that_may_not_create_is_told_what_it_needs(reader: str) -> None:
    with pytest.raises(DatabaseError, match="grant it CREATE"):
        enter(reader)


def test_a_prepared_schema_is_used_and_stays(url: str, reader: str) -> None:
    execute(url, "CREATE SCHEMA workbench_tuning; GRANT ALL ON SCHEMA workbench_tuning TO PUBLIC")

    with TuningBench(reader).shadow() as shadow:
        shadow.build(SPARSE)

    assert relations(url) == set() and schema_exists(url)


def test_what_is_not_the_benchs_own_stays(url: str) -> None:
    execute(url, "CREATE SCHEMA workbench_tuning; CREATE TABLE workbench_tuning.mine (n int)")

    with TuningBench(url).shadow():
        pass

    assert relations(url) == {"mine"}


def test_one_bench_at_a_time(url: str) -> None:
    with TuningBench(url).shadow() as first:
        with pytest.raises(Conflict):
            enter(url)

        assert first.search_all(None, QUESTIONS, 10).shape == (12, 10)


KILLED = """
import sys
from kb.adapters.tuning_bench import TuningBench
with TuningBench(sys.argv[1]).shadow():
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


def test_what_a_killed_process_left_is_removed_by_the_next(url: str) -> None:
    command = [sys.executable, "-c", KILLED, url]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)
    assert relations(url) == {"shadow"}

    until_unlocked(url)
    with TuningBench(url).shadow() as shadow:
        assert shadow.copied.chunks == ROWS

    assert not schema_exists(url)


def until_unlocked(url: str) -> None:
    """Wait until the server has noticed that the lock's owner is gone."""
    with psycopg.connect(url) as connection:
        connection.execute("SET lock_timeout = '10s'")
        connection.execute("SELECT pg_advisory_lock(hashtext('workbench_tuning'))")


TERMINATE = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE application_name = 'kb-tuning' AND datname = current_database()"
)


def test_a_lost_connection_is_an_error_and_leaves_nothing(url: str) -> None:
    with pytest.raises(DatabaseError), TuningBench(url).shadow() as shadow:
        execute(url, TERMINATE)
        shadow.search_all(None, QUESTIONS, 10)

    assert not schema_exists(url)


def test_a_lost_lock_is_an_error_even_if_nothing_else_failed(url: str) -> None:
    with pytest.raises(DatabaseError, match="run it again"), TuningBench(url).shadow():
        execute(url, TERMINATE)

    assert not schema_exists(url)


def test_a_sweep_that_lost_its_lock_leaves_its_successors_copy(url: str) -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(TuningBench(url).shadow())
    execute(url, TERMINATE)
    second.enter_context(TuningBench(url).shadow())

    with pytest.raises(DatabaseError):
        first.close()

    assert relations(url) == {"shadow"}
    second.close()
