"""Embeddings from SQL on the embedded server: overhead of a call, throughput and locks of a batch.

    python -m benchmarks.bench_sql_embeddings [--rows 10000]

Starts a server and a bridge of its own in a temporary folder and removes them. The model's own
time is measured in the same run, alternating with the calls, because machines are shared. Ends
with all figures as one Markdown table.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from benchmarks.figures import Figures, share, timed_ms
from benchmarks.sql_batch import CALL, Connection, batch, concurrent_calls
from kb.adapters.minilm import MiniLm
from kb.embedding_sql.stand_in import StandIn
from kb.postgres import bridge_install
from kb.postgres.bridge import EmbeddingBridge
from kb.postgres.embedded import EmbeddedServer
from kb.settings import Settings
from kb.workbench import open_workbench
from kb.workbench.bridge import stop_bridge

#: Not the real bridge's.
PORT = 5440
TEXT = "Allow monitoring of I/O statistics using the new pg_stat_io view"


def main() -> None:
    """Measure all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--sessions", type=int, help="as many as a job uses unless told")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kb-bench-"))
    folder.chmod(0o711)
    server = EmbeddedServer(folder / "postgres")
    figures = Figures()
    figures.load("before")
    try:
        note_commits(server)
        with open_workbench(Settings(data_dir=folder)) as bench:
            bench.sql_embeddings.prepare()
            overhead(server, options.calls, figures)
            large(server.url, figures)
            eight(server.url, figures)
            sessions = options.sessions or bench.sql_embeddings.sessions
            batch(server.url, options.rows, sessions, figures)
        figures.load("after")
    finally:
        stop_bridge(folder)
        server.stop()
        shutil.rmtree(folder)
    print(f"\n{figures.markdown()}")


def note_commits(server: EmbeddedServer) -> None:
    """Let the server note the time of each commit; it must be started for that."""
    server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    server.stop()


def overhead(server: EmbeddedServer, calls: int, figures: Figures) -> None:
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
        calls_of(connection, model, calls, "the model", figures)
        model.pretended_seconds = 0.005
        calls_of(connection, model, calls, "5 ms of sleep for the model", figures)


def calls_of(
    connection: Connection, model: TimedModel, calls: int, what: str, figures: Figures
) -> None:
    """Calls one after the other, each with the time that was spent in the model."""
    sql, own, empty = [], [], []
    for number in range(calls + 10):
        text = f"{number} {TEXT}"
        sql.append(timed_ms(lambda t=text: call(connection, t)))  # type: ignore[misc]
        own.append(model.last_ms)
        empty.append(timed_ms(lambda: connection.execute("SELECT 1").fetchone()))
    over = [s - m for s, m in zip(sql, own, strict=True)][10:]
    figures.note(f"{what}: own time, p50", f"{statistics.median(own[10:]):.2f} ms")
    figures.note(f"{what}: call in SQL, p50", f"{statistics.median(sql[10:]):.2f} ms")
    shares = ", ".join(f"{share(over, part):.2f}" for part in (0.1, 0.5, 0.9))
    figures.note(f"{what}: overhead of a call, p10, p50, p90", f"{shares} ms")
    figures.note("of it any SELECT 1, p50", f"{statistics.median(empty[10:]):.2f} ms")


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


def large(url: str, figures: Figures) -> None:
    """A text of 200 kB."""
    with psycopg.connect(url, autocommit=True) as connection:
        call(connection, "word " * 40_000)
        milliseconds = timed_ms(lambda: call(connection, "word " * 40_000))
        figures.note("text of 200 kB", f"{milliseconds:.0f} ms")


def eight(url: str, figures: Figures) -> None:
    """Eight sessions at once."""
    began = time.perf_counter()
    found = concurrent_calls(url, [f"{number} {TEXT}" for number in range(400)], 8)
    rate = len(found) / (time.perf_counter() - began)
    figures.note("8 sessions at once", f"{rate:.0f} calls/s, p95 {share(found, 0.95):.0f} ms")


def call(connection: Connection, text: str) -> None:
    """One call in SQL."""
    connection.execute(CALL, (text,)).fetchone()


if __name__ == "__main__":
    main()
