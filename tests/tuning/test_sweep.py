"""Whole sweeps on a real server: what they measure, what they refuse, what they leave behind."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from pgvector.psycopg import register_vector

from kb.adapters.tuning_bench import TuningBench
from kb.errors import Conflict, IndexRejected, ValidationError
from kb.models import HnswIndex, IvfflatIndex, Measurement, SweepResult, SweepSpec
from kb.tuning.spec import default_spec
from kb.tuning.sweep import Events, run

pytestmark = pytest.mark.database

Vectors = NDArray[np.float32]
Store = Callable[[Vectors], str]

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"

SMALL = SweepSpec(
    hnsw=(HnswIndex(m=8, ef_construction=32),),
    ef_search=(10, 100),
    ivfflat=(IvfflatIndex(lists=10),),
    probes=(1, 10),
)
ONE_INDEX = SweepSpec(hnsw=(HnswIndex(m=8, ef_construction=32),), ef_search=(40,))


def clustered(rows: int, seed: int = 0) -> Vectors:
    """Vectors in 20 clusters; for structure only, since no text is like this."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(20, 384))
    vectors = centres[chance.integers(0, 20, rows)] + 0.7 * chance.normal(size=(rows, 384))
    return vectors.astype(np.float32)


QUESTIONS = clustered(40, seed=1)


@pytest.fixture
def store(database_url: str) -> Store:
    """Put vectors into the live table and return the database's URL.

    Bedrock's index goes first: keeping it up to date takes most of the time of an insert.
    """

    def put(vectors: Vectors) -> str:
        with psycopg.connect(database_url, autocommit=True) as connection:
            register_vector(connection)
            connection.execute("DROP INDEX IF EXISTS bedrock_integration.bedrock_kb_embedding_idx")
            columns = "bedrock_integration.bedrock_kb (id, embedding, chunks)"
            with connection.cursor().copy(f"COPY {columns} FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["uuid", "vector", "text"])
                for number, vector in enumerate(vectors):
                    copy.write_row((uuid.UUID(int=number), vector, f"chunk {number}"))
        return database_url

    return put


@pytest.fixture
def passages() -> Vectors:
    """2,000 vectors of real text."""
    return _real("passages_384.f16.npy", 2_000)


@pytest.fixture
def held_out_questions() -> Vectors:
    """100 vectors of snippets that are in none of the passages."""
    return _real("queries_384.f16.npy", 100)


def _real(name: str, rows: int) -> Vectors:
    if not (VECTORS / name).is_file():
        pytest.skip("the vectors of real text are not beside this checkout (../shared/vectors)")
    vectors = np.load(VECTORS / name, mmap_mode="r")
    return np.asarray(vectors[:: len(vectors) // rows][:rows], dtype=np.float32)


def sweep(url: str, spec: SweepSpec = SMALL, questions: Vectors = QUESTIONS) -> Events:
    return run(TuningBench(url), spec, questions, questions_source="made up")


def result_of(events: Events) -> SweepResult:
    *_, last = events
    assert last.result is not None
    return last.result


def until(events: Events, step: str) -> None:
    """Run the sweep until it says `step`."""
    next(event for event in events if event.step.startswith(step))


def execute(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def left_behind(url: str) -> list[Any]:
    """Whatever is in the sweep's schema, and the schema."""
    return execute(
        url,
        "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('workbench_tuning')"
        " UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'workbench_tuning'",
    )


def named(result: SweepResult, name: str) -> Measurement:
    return next(m for m in result.measurements if m.name == name)


def test_the_exact_scan_has_recall_1(store: Store) -> None:
    result = result_of(sweep(store(clustered(1_500))))

    assert named(result, "exact scan").recall == 1.0


def test_an_ivfflat_index_that_probes_every_list_has_recall_1(store: Store) -> None:
    result = result_of(sweep(store(clustered(1_500))))

    assert named(result, "IVFFlat lists=10 probes=10").recall == 1.0


def test_every_setting_is_measured_once(store: Store) -> None:
    result = result_of(sweep(store(clustered(300))))

    assert [m.name for m in result.measurements] == [
        "exact scan",
        "HNSW m=8 ef_construction=32 ef_search=10",
        "HNSW m=8 ef_construction=32 ef_search=100",
        "IVFFlat lists=10 probes=1",
        "IVFFlat lists=10 probes=10",
    ]


def test_forced_settings_are_verified_and_the_planners_own_choice_is_told(store: Store) -> None:
    result = result_of(sweep(store(clustered(300))))

    assert all(m.plan_verified for m in result.measurements)
    assert named(result, "HNSW m=8 ef_construction=32 ef_search=100").natural_plan == "Seq Scan"


def test_figures_are_plausible(store: Store) -> None:
    result = result_of(sweep(store(clustered(1_500)), ONE_INDEX))

    exact, hnsw = result.measurements
    assert 0 < hnsw.p50_ms <= hnsw.p95_ms
    assert hnsw.build_seconds > 0 and hnsw.index_bytes > 1_500 * 4 * 384
    assert exact.server_p50_ms > hnsw.server_p50_ms > 0


def test_real_text_gets_a_setting(
    store: Store, passages: Vectors, held_out_questions: Vectors
) -> None:
    spec = SweepSpec(ef_search=(10, 40, 160))

    result = result_of(sweep(store(passages), spec, held_out_questions))

    recalls = [m.recall for m in result.measurements if m.index]
    assert 0.8 < recalls[0] <= recalls[1] <= recalls[2] and recalls[2] > 0.98


def test_500_chunks_need_no_index(store: Store) -> None:
    result = result_of(sweep(store(clustered(500)), default_spec(500)))

    assert result.recommendation.outcome == "exact"


def test_rows_missing_beyond_ef_search_are_misses(store: Store) -> None:
    spec = SweepSpec(k=50, hnsw=(HnswIndex(),), ef_search=(10, 200))

    result = result_of(sweep(store(clustered(1_200)), spec))

    assert named(result, "HNSW m=16 ef_construction=64 ef_search=10").recall <= 0.2


def test_duplicates_do_not_lower_the_recall_of_the_exact_scan(store: Store) -> None:
    thrice = np.repeat(clustered(400), 3, axis=0)

    result = result_of(sweep(store(thrice), ONE_INDEX))

    assert named(result, "exact scan").recall == 1.0


def test_vectors_that_no_index_holds_are_counted_and_left_out(store: Store) -> None:
    vectors = clustered(300)
    vectors[:4] = 0
    url = store(vectors)
    execute(
        url,
        "UPDATE bedrock_integration.bedrock_kb SET embedding = NULL"
        " WHERE chunks IN ('chunk 10', 'chunk 11', 'chunk 12')",
    )

    result = result_of(sweep(url, ONE_INDEX))

    assert (result.chunks, result.null_vectors, result.zero_vectors) == (293, 3, 4)
    assert named(result, "exact scan").recall == 1.0


def test_an_empty_knowledge_base_is_refused(database_url: str) -> None:
    with pytest.raises(ValidationError, match="no vectors"):
        result_of(sweep(database_url))


def test_what_the_server_says_about_an_index_is_kept(store: Store) -> None:
    spec = SweepSpec(hnsw=(), ivfflat=(IvfflatIndex(lists=400),), probes=(1,))

    result = result_of(sweep(store(clustered(200)), spec))

    assert result.notices == ("IVFFlat lists=400: ivfflat index created with little data",)


def test_each_distinct_index_is_built_once(store: Store) -> None:
    url = store(clustered(200))
    execute(
        url,
        """
        CREATE TABLE built (statement text);
        CREATE FUNCTION remember() RETURNS event_trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO public.built VALUES (current_query()); END';
        CREATE EVENT TRIGGER remember ON ddl_command_end WHEN TAG IN ('CREATE INDEX')
        EXECUTE FUNCTION remember();
        """,
    )
    spec = SweepSpec(
        hnsw=(HnswIndex(), HnswIndex(m=8), HnswIndex()),
        ef_search=(10, 20, 40),
        ivfflat=(IvfflatIndex(lists=5), IvfflatIndex(lists=5)),
    )

    result_of(sweep(url, spec))

    built = [text.partition("WITH")[2] for (text,) in execute(url, "TABLE built")]
    assert len(built) == len(set(built)) == 3


@pytest.mark.parametrize(
    "sabotage",
    [
        pytest.param(
            "CREATE INDEX cheaper ON workbench_tuning.shadow"
            " USING hnsw (embedding vector_cosine_ops) WITH (m = 2, ef_construction = 4)",
            id="a second, cheaper index",
        ),
        pytest.param(
            "DROP INDEX workbench_tuning.shadow_index;"
            "CREATE INDEX shadow_index ON workbench_tuning.shadow"
            " USING hnsw (embedding vector_l2_ops)",
            id="an index of another distance",
        ),
    ],
)
def test_a_setting_whose_plan_reads_another_index_is_not_recommended(
    store: Store, sabotage: str
) -> None:
    url = store(clustered(1_500))
    events = sweep(url, ONE_INDEX)
    until(events, "measuring HNSW")
    execute(url, sabotage)

    result = result_of(events)

    assert [m.valid for m in result.measurements] == [True, False]
    assert result.recommendation.outcome == "none"


def test_progress_counts_up_to_its_total(store: Store) -> None:
    events = list(sweep(store(clustered(200))))

    done = [event.done for event in events]
    assert done == sorted(done) and done[0] == 0
    assert events[-1].done == events[-1].total
    assert {event.total for event in events} == {events[-1].total}


def test_measurements_arrive_as_they_are_made(store: Store) -> None:
    events = list(sweep(store(clustered(200))))

    arrived = tuple(event.measurement for event in events if event.measurement)
    assert events[-1].result and arrived == events[-1].result.measurements


def test_nothing_is_left_after_the_end(store: Store) -> None:
    url = store(clustered(200))

    result_of(sweep(url, ONE_INDEX))

    assert left_behind(url) == []


@pytest.mark.parametrize("step", ["computing", "measuring the exact", "building", "measuring HNSW"])
def test_nothing_is_left_when_the_sweep_is_closed(store: Store, step: str) -> None:
    url = store(clustered(200))
    events = sweep(url, ONE_INDEX)
    until(events, step)

    events.close()

    assert left_behind(url) == []


def test_nothing_is_left_after_an_error(store: Store) -> None:
    url = store(clustered(200))
    # The distances between so many centres need 4 GB.
    spec = SweepSpec(hnsw=(), ivfflat=(IvfflatIndex(lists=32768),), probes=(1,))

    with pytest.raises(IndexRejected, match="lists=32768"):
        result_of(sweep(url, spec))

    assert left_behind(url) == []


def test_questions_of_another_model_are_refused(store: Store) -> None:
    with pytest.raises(ValidationError, match="have 16 dimensions and the chunks 384"):
        result_of(sweep(store(clustered(50)), questions=QUESTIONS[:, :16]))


@pytest.mark.parametrize("questions", [QUESTIONS[:0], np.zeros((3, 384), dtype=np.float32)])
def test_questions_without_direction_are_refused_at_once(
    database_url: str, questions: Vectors
) -> None:
    with pytest.raises(ValidationError):
        sweep(database_url, questions=questions)


def test_a_second_sweep_is_a_conflict(store: Store) -> None:
    url = store(clustered(200))
    first = sweep(url)
    until(first, "computing")

    with pytest.raises(Conflict, match="Another sweep"):
        result_of(sweep(url))

    assert result_of(first).measurements


def test_the_live_table_is_the_same_afterwards(store: Store) -> None:
    url = store(clustered(200))
    fingerprint = (
        "SELECT md5(string_agg(t::text, '' ORDER BY id)), (SELECT array_agg(indexdef ORDER BY"
        " indexdef) FROM pg_indexes WHERE schemaname = 'bedrock_integration')"
        " FROM bedrock_integration.bedrock_kb t"
    )
    before = execute(url, fingerprint)

    result_of(sweep(url))

    assert execute(url, fingerprint) == before


def test_a_sweep_only_needs_the_weakest_lock_on_the_live_table(store: Store) -> None:
    url = store(clustered(200))
    impatient = f"{url}{'&' if '?' in url else '?'}options=-c%20lock_timeout%3D1s"
    with psycopg.connect(url) as holder:
        # Lets nobody in but ACCESS SHARE.
        holder.execute("LOCK TABLE bedrock_integration.bedrock_kb IN EXCLUSIVE MODE")

        assert result_of(sweep(impatient, ONE_INDEX)).measurements


def test_no_stronger_lock_on_the_live_table_is_ever_seen(store: Store) -> None:
    url = store(clustered(2_000))
    seen: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not ended.is_set():
                locks = connection.execute(
                    # Autovacuum takes stronger ones, whoever measures.
                    "SELECT mode FROM pg_locks JOIN pg_stat_activity USING (pid)"
                    " WHERE pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'"
                    " AND relation = to_regclass('bedrock_integration.bedrock_kb')"
                ).fetchall()
                seen.update(mode for (mode,) in locks)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        result_of(sweep(url, ONE_INDEX, QUESTIONS[:5]))
    finally:
        ended.set()
        watcher.join()

    assert seen == {"AccessShareLock"}
