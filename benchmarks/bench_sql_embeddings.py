"""Embeddings from SQL on the embedded server: overhead of a call, throughput and locks of a batch.

    python -m benchmarks.bench_sql_embeddings [--rows 10000]

Starts a server and a bridge of its own in a temporary folder and removes them. The model's own
time is measured in the same run, alternating with the calls, because machines are shared.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from kb.adapters.minilm import MiniLm
from kb.embedding_sql.stand_in import StandIn
from kb.postgres import bridge_install
from kb.postgres.bridge import EmbeddingBridge
from kb.postgres.embedded import EmbeddedServer
from kb.settings import Settings
from kb.workbench import open_workbench
from kb.workbench.bridge import stop_bridge

Connection = psycopg.Connection[tuple[Any, ...]]
#: The vector stays in the server, as in a search or an update.
CALL = (
    "SELECT cardinality(aws_bedrock.invoke_model_get_embeddings('amazon.titan-embed-text-v1', "
    "'application/json', 'embedding', json_build_object('inputText', CAST(%s AS text))::text))"
)
#: Not the real bridge's.
PORT = 5440
#: What a job uses unless told otherwise.
SESSIONS = 4
TEXT = "Allow monitoring of I/O statistics using the new pg_stat_io view"
ROWS = (
    "CREATE TABLE bench (id int PRIMARY KEY, content text NOT NULL, "
    "touched int NOT NULL DEFAULT 0, embedding vector(1536))"
)
FILL = (
    "INSERT INTO bench (id, content) SELECT i, 'Row ' || i || ': allow logical replication "
    "subscribers to apply large transactions in parallel' FROM generate_series(1, %s) AS i"
)


@dataclass
class Load:
    """What a concurrent writer saw, milliseconds."""

    waits: list[float] = field(default_factory=list)
    longest_transaction: float = 0.0


def main() -> None:
    """Measure all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=300)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kb-bench-"))
    folder.chmod(0o711)
    settings = Settings(data_dir=folder)
    try:
        with open_workbench(settings) as bench:
            bench.sql_embeddings.prepare()
            url = EmbeddedServer(folder / "postgres").url
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
            overhead(EmbeddedServer(folder / "postgres"), options.calls)
            large(url)
            eight(url)
            batch(url, options.rows)
    finally:
        stop_bridge(folder)
        EmbeddedServer(folder / "postgres").stop()
        shutil.rmtree(folder)


def overhead(server: EmbeddedServer, calls: int) -> None:
    """The in-SQL call against the time that the model took for this very call.

    The bridge runs in this process, in a database of its own, so that the model can be timed.
    """
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE overhead")
    url = server.url.replace("/postgres?", "/overhead?")
    model = TimedModel()
    bridge = EmbeddingBridge(StandIn(model).answer, bridge_install.socket_folder(server), port=PORT)
    ready = threading.Event()

    async def installed() -> None:
        await asyncio.to_thread(bridge_install.install, url, bridge)
        ready.set()

    threading.Thread(target=lambda: asyncio.run(bridge.serve(installed)), daemon=True).start()
    ready.wait()
    with psycopg.connect(url, autocommit=True) as connection:
        calls_of(connection, model, calls, "the model")
        model.pretended_seconds = 0.005
        calls_of(connection, model, calls, "5 ms of sleep")


def calls_of(connection: Connection, model: TimedModel, calls: int, what: str) -> None:
    """Calls one after the other, each with the time that was spent in the model."""
    sql, own, empty = [], [], []
    for number in range(calls + 10):
        text = f"{number} {TEXT}"
        sql.append(timed(lambda t=text: call(connection, t)))  # type: ignore[misc]
        own.append(model.last_ms)
        empty.append(timed(lambda: connection.execute("SELECT 1").fetchone()))
    sql, own, empty = sql[10:], own[10:], empty[10:]
    over = sorted(s - m for s, m in zip(sql, own, strict=True))
    show(f"{what}: own time, p50", statistics.median(own), "ms")
    show(f"{what}: call in SQL, p50", statistics.median(sql), "ms")
    show(f"{what}: overhead, p10", over[len(over) // 10], "ms")
    show(f"{what}: overhead, p50", statistics.median(over), "ms")
    show(f"{what}: overhead, p90", over[len(over) * 9 // 10], "ms")
    show("of it, SELECT 1 alone, p50", statistics.median(empty), "ms")


class TimedModel(MiniLm):
    """The local model with a watch; or a sleep in its place, to see the way alone."""

    last_ms = 0.0
    pretended_seconds = 0.0

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        began = time.perf_counter()
        if self.pretended_seconds:
            time.sleep(self.pretended_seconds)
            found = np.full((len(texts), 384), 0.0510310363, dtype=np.float32)
        else:
            found = super().embed_documents(texts)
        self.last_ms = (time.perf_counter() - began) * 1e3
        return found


def large(url: str) -> None:
    """A text of 200 kB."""
    with psycopg.connect(url, autocommit=True) as connection:
        call(connection, "word " * 40_000)
        show("text of 200 kB", timed(lambda: call(connection, "word " * 40_000)), "ms")


def eight(url: str) -> None:
    """Eight sessions at once."""

    def session(_number: int) -> list[float]:
        with psycopg.connect(url, autocommit=True) as connection:
            return [timed(lambda: call(connection, TEXT)) for _ in range(25)]

    began = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        found = [ms for times in pool.map(session, range(8)) for ms in times]
    seconds = time.perf_counter() - began
    show("8 sessions at once, calls a second", len(found) / seconds, "/s")
    show("8 sessions at once, p95", statistics.quantiles(found, n=20)[18], "ms")


def batch(url: str, rows: int) -> None:
    """A table embedded by four sessions while somebody updates it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ROWS)
        connection.execute(FILL, (rows,))
        texts = [str(row[0]) for row in connection.execute("SELECT content FROM bench LIMIT 300")]
    alone = rate_of_model(texts)
    show("model alone, one text a call", alone, "rows/s")
    quiet = run_batch(url, rows // 2, sessions=SESSIONS)
    show(f"batch, {SESSIONS} sessions, a commit a row", quiet, "rows/s")
    again = rate_of_model(texts)
    show("model alone, again", again, "rows/s")
    show("batch / model (mean of before and after)", quiet / ((alone + again) / 2), "x")
    load = Load()
    stop = threading.Event()
    watchers = [
        threading.Thread(target=update_load, args=(url, rows, load, stop)),
        threading.Thread(target=watch_transactions, args=(url, load, stop)),
    ]
    for watcher in watchers:
        watcher.start()
    busy = run_batch(url, None, sessions=SESSIONS)
    stop.set()
    for watcher in watchers:
        watcher.join()
    show("batch beside an update load", busy, "rows/s")
    show("updates beside it", len(load.waits), "")
    show("update, p50", statistics.median(load.waits), "ms")
    show("update, p99", statistics.quantiles(load.waits, n=100)[98], "ms")
    show("update, longest", max(load.waits), "ms")
    show("longest transaction of the batch seen", load.longest_transaction, "ms")
    with psycopg.connect(url) as connection:
        left = connection.execute("SELECT count(*) FROM bench WHERE embedding IS NULL").fetchone()
    show("rows left", left[0] if left else -1, "")


def rate_of_model(texts: list[str]) -> float:
    """Texts a second, one a call, as SQL asks."""
    model = MiniLm()
    model.embed_query("warm")
    began = time.perf_counter()
    for text in texts:
        model.embed_documents([text])
    return len(texts) / (time.perf_counter() - began)


def run_batch(url: str, row_limit: int | None, *, sessions: int) -> float:
    """The procedure in some sessions; rows a second."""
    limit = "NULL" if row_limit is None else str(row_limit // sessions)
    statement = (
        "CALL workbench.embed_table(target => 'bench', text_column => 'content', "
        f"row_limit => {limit})"
    )

    def session(_number: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    before = embedded(url)
    began = time.perf_counter()
    with ThreadPoolExecutor(sessions) as pool:
        list(pool.map(session, range(sessions)))
    return (embedded(url) - before) / (time.perf_counter() - began)


def update_load(url: str, rows: int, load: Load, stop: threading.Event) -> None:
    """Update one row after the other and note how long each took."""
    with psycopg.connect(url, autocommit=True) as connection:
        number = 0
        while not stop.wait(0.005):
            number = (number + 7) % rows
            query = "UPDATE bench SET touched = touched + 1 WHERE id = %s"
            load.waits.append(timed(lambda q=query, n=number: connection.execute(q, (n + 1,))))  # type: ignore[misc]


def watch_transactions(url: str, load: Load, stop: threading.Event) -> None:
    """The age of the batch's oldest transaction, asked every few milliseconds."""
    query = (
        "SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) * 1000 "
        "FROM pg_stat_activity "
        "WHERE query LIKE 'CALL workbench.embed_table%' AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.wait(0.003):
            row = connection.execute(query.encode()).fetchone()
            if row and row[0] is not None:
                load.longest_transaction = max(load.longest_transaction, float(row[0]))


def embedded(url: str) -> int:
    """Rows of the table that have an embedding."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(embedding) FROM bench").fetchone()
    return int(row[0]) if row else 0


def call(connection: Connection, text: str) -> None:
    """One call in SQL."""
    connection.execute(CALL.encode(), (text,)).fetchone()


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def show(name: str, number: float, unit: str) -> None:
    """One line of the result."""
    print(f"{name:<45} {number:>10.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
