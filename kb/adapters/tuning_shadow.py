"""A TuningShadow on PostgreSQL: builds indexes on the copied vectors and searches them.

Each index has a connection of its own; plans are forced only inside the measuring transaction.
Knows neither where the copy comes from nor what a measurement means.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from psycopg import errors as pg
from psycopg.rows import TupleRow

from kb.adapters.database import Database
from kb.adapters.tuning_session import Connection, connect, read_value, run, set_checked
from kb.errors import IndexRejected
from kb.models import (
    BuildReport,
    HnswIndex,
    HnswSearch,
    Index,
    QueryPlan,
    Search,
    ShadowCopy,
)
from kb.sql import psycopg_query
from kb.tuning.copy_format import vector_blocks
from kb.tuning.memory import granted_bytes
from kb.tuning.plan import read_plan

SHADOW_TABLE = "shadow"
SHADOW_INDEX = "shadow_index"
_EXPLAIN = "EXPLAIN (FORMAT JSON)\n"
_ANALYZE = "EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON)\n"
# The prepared query must be planned afresh for every setting, or a plan made for the setting
# before would answer.
_ALWAYS = {"plan_cache_mode": "force_custom_plan"}
_NO_INDEX = {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"}
_NO_SEQSCAN = {"enable_seqscan": "off"}


class TuningShadow:
    """The copy, and at most one index on it. Made by TuningBench."""

    def __init__(self, database: Database, copied: ShadowCopy) -> None:
        self._database = database
        self._copied = copied
        self._connection = self._connect()

    @property
    def copied(self) -> ShadowCopy:
        """What the copy holds."""
        return self._copied

    def close(self) -> None:
        """End the index's connection; the copy is the bench's affair."""
        self._connection.close()

    def read_vectors(self) -> Iterator[NDArray[np.float32]]:
        """All vectors in blocks of rows, in no particular order."""
        with (
            self._connection.cursor() as cursor,
            cursor.copy(psycopg_query("tuning/read_vectors")) as copy,
        ):
            yield from vector_blocks(copy, self._copied.dimensions)

    def build(self, index: Index) -> BuildReport:
        """Build `index` in place of the one before, on a connection of its own.

        Raises IndexRejected when pgvector refuses the parameters or the vectors.
        """
        self._connection.close()
        self._connection = self._connect()
        run(self._connection, "drop_index")
        notices: list[str] = []
        self._connection.add_notice_handler(lambda said: notices.append(_words(said)))
        self._grant_memory(index)
        begun = perf_counter()
        try:
            self._create(index)
        except (pg.DiskFull, pg.OutOfMemory) as error:
            notices.append(f"{_first_line(error)}: built again without parallel workers")
            set_checked(self._connection, "max_parallel_maintenance_workers", "0", local=False)
            begun = perf_counter()
            self._create(index)
        return BuildReport(
            index=index,
            index_name=SHADOW_INDEX,
            seconds=perf_counter() - begun,
            index_bytes=read_value(self._connection, "index_bytes"),
            notices=tuple(notices),
        )

    def search_all(
        self, search: Search | None, questions: NDArray[np.float32], k: int
    ) -> NDArray[np.float64]:
        """Cosine distances found, shape (questions, k), nearest first; NaN where rows lack."""
        found = np.full((len(questions), k), np.nan)
        with self._measuring(search) as cursor:
            for row, question in zip(found, questions, strict=True):
                _search(cursor, question, k)
                distances = [distance for _, distance in cursor.fetchall()]
                row[: len(distances)] = distances
        return found

    def time_searches(
        self, search: Search | None, questions: NDArray[np.float32], k: int
    ) -> NDArray[np.float64]:
        """Client round trip of each question in milliseconds, shape (questions,)."""
        seconds = np.empty(len(questions))
        with self._measuring(search) as cursor:
            for number, question in enumerate(questions):
                begun = perf_counter()
                _search(cursor, question, k)
                cursor.fetchall()
                seconds[number] = perf_counter() - begun
        return seconds * 1000

    def analyze(
        self, search: Search | None, questions: NDArray[np.float32], k: int
    ) -> list[QueryPlan]:
        """The plan that each question was really run with, and the server's execution time."""
        with self._measuring(search) as cursor:
            return [_explain(cursor, _ANALYZE, question, k) for question in questions]

    def natural_plan(
        self, search: Search | None, question: NDArray[np.float32], k: int
    ) -> QueryPlan:
        """The plan that the planner chooses when nothing is forced."""
        with self._settings(_search_settings(search)) as cursor:
            return _explain(cursor, _EXPLAIN, question, k)

    @contextmanager
    def _measuring(self, search: Search | None) -> Iterator[psycopg.Cursor[TupleRow]]:
        forced = _NO_INDEX if search is None else _NO_SEQSCAN
        with self._settings({**_search_settings(search), **forced}) as cursor:
            yield cursor

    @contextmanager
    def _settings(self, settings: dict[str, str]) -> Iterator[psycopg.Cursor[TupleRow]]:
        with self._connection.transaction():
            for name, value in (_ALWAYS | settings).items():
                set_checked(self._connection, name, value, local=True)
            with self._connection.cursor(binary=True) as cursor:
                yield cursor

    def _connect(self) -> Connection:
        connection = connect(self._database)
        register_vector(connection)
        # Without it a build goes on to its end when its client has been killed, and the next
        # sweep waits for it. Some platforms can not.
        with suppress(pg.InvalidParameterValue):
            set_checked(connection, "client_connection_check_interval", "1s", local=False)
        return connection

    def _grant_memory(self, index: Index) -> None:
        granted = granted_bytes(
            index,
            chunks=self._copied.chunks,
            dimensions=self._copied.dimensions,
            server_bytes=read_value(self._connection, "maintenance_work_mem"),
        )
        kilobytes = -(-granted // 1024)
        run(self._connection, "set_session", name="maintenance_work_mem", value=f"{kilobytes}kB")

    def _create(self, index: Index) -> None:
        # DDL takes no parameters, so the client writes the integers into the statement.
        with psycopg.ClientCursor(self._connection) as cursor, _rejected(index):
            if isinstance(index, HnswIndex):
                parameters = {"m": index.m, "ef_construction": index.ef_construction}
                cursor.execute(psycopg_query("tuning/create_hnsw"), parameters)
            else:
                cursor.execute(psycopg_query("tuning/create_ivfflat"), {"lists": index.lists})


def _search_settings(search: Search | None) -> dict[str, str]:
    if search is None:
        return {}
    if isinstance(search, HnswSearch):
        return {"hnsw.ef_search": str(search.ef_search), "hnsw.iterative_scan": "off"}
    return {"ivfflat.probes": str(search.probes), "ivfflat.iterative_scan": "off"}


def _search(cursor: psycopg.Cursor[TupleRow], question: NDArray[np.float32], k: int) -> None:
    cursor.execute(psycopg_query("tuning/nearest"), {"question": question, "k": k}, prepare=True)


def _explain(
    cursor: psycopg.Cursor[TupleRow], how: str, question: NDArray[np.float32], k: int
) -> QueryPlan:
    # The very text that is measured, so no other statement's plan is shown.
    cursor.execute(how + psycopg_query("tuning/nearest"), {"question": question, "k": k})
    explained = cursor.fetchone()
    assert explained is not None
    return read_plan(explained[0], SHADOW_TABLE)


@contextmanager
def _rejected(index: Index) -> Iterator[None]:
    try:
        yield
    except (pg.ProgramLimitExceeded, pg.DataError, pg.FeatureNotSupported) as error:
        raise IndexRejected(
            f"pgvector refuses {index}; choose other parameters: {_first_line(error)}."
        ) from error


def _words(said: pg.Diagnostic) -> str:
    return said.message_primary or ""


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0]
