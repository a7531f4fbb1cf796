"""The batch part of bench_sql_embeddings: throughput, transactions, and who waits for whom.

Nothing is sampled. PostgreSQL itself notes when a row's transaction began and when it committed,
and tells a writer how long it waited for a lock.
"""

from __future__ import annotations

import random
import re
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg

from benchmarks.figures import Figures, share, timed_ms
from kb.adapters.minilm import MiniLm

Connection = psycopg.Connection[tuple[Any, ...]]
T = TypeVar("T")
#: The vector stays in the server, as in a search or an update.
CALL = (
    b"SELECT cardinality(aws_bedrock.invoke_model_get_embeddings('amazon.titan-embed-text-v1', "
    b"'application/json', 'embedding', json_build_object('inputText', CAST(%s AS text))::text))"
)
TABLE = b"""
DROP TABLE IF EXISTS bench, bench_transaction;
CREATE TABLE bench (
    id int PRIMARY KEY, content text NOT NULL, touched int NOT NULL DEFAULT 0,
    embedding vector(1536));
CREATE UNLOGGED TABLE bench_transaction (began timestamptz, transaction xid8);
CREATE OR REPLACE FUNCTION note_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench_transaction VALUES (transaction_timestamp(), pg_current_xact_id());
    RETURN NEW;
END $$;
CREATE TRIGGER note AFTER UPDATE OF embedding ON bench
    FOR EACH ROW EXECUTE FUNCTION note_transaction();
"""
FILL = (
    b"INSERT INTO bench (id, content) SELECT i, 'Row ' || i || ': allow logical replication "
    b"subscribers to apply large transactions in parallel' FROM generate_series(1, %s) AS i"
)
LENGTHS = (
    b"SELECT extract(epoch FROM pg_xact_commit_timestamp(transaction::text::xid) - began) * 1000 "
    b"FROM bench_transaction"
)
UPDATE = b"UPDATE bench SET touched = touched + 1 WHERE id = %s"
WAITED = re.compile(r"acquired \w+ on \w+ .* after ([\d.]+) ms")
#: Model, calls and batch take turns, because machines are shared.
ROUNDS = 10
MODEL_TEXTS = 60
#: Sessions that update rows beside the batch.
WRITERS = 2


def batch(url: str, rows: int, sessions: int, figures: Figures) -> None:
    """A table embedded by some sessions, in turns with the model alone and with calls alone."""
    texts = fill(url, rows)
    model = MiniLm()
    model.embed_query("warm")
    seconds: defaultdict[str, float] = defaultdict(float)
    calls: list[float] = []
    a_round = rows // ROUNDS
    for _ in range(ROUNDS):
        seconds["one"] += model_alone(model, texts[:MODEL_TEXTS], 1)
        seconds["two"] += model_alone(model, texts[:MODEL_TEXTS], 2)
        calls += concurrent_calls(url, texts[:a_round], sessions)
        seconds["batch"] += embed(url, sessions, a_round)
    transactions = lengths(url)
    one, two = (ROUNDS * MODEL_TEXTS / seconds[name] for name in ("one", "two"))
    rate = len(transactions) / seconds["batch"]
    figures.note("the model alone, one text a call; one, two calls at once", rates(one, two))
    figures.note(f"batch, {sessions} sessions, a commit a row", f"{rate:.0f} rows/s")
    figures.note("batch / model: one, two calls at once", f"{rate / one:.2f}, {rate / two:.2f}")
    figures.spread(f"a call, {sessions} sessions calling at once", calls)
    figures.spread("a row's transaction in the batch", transactions)
    figures.note("transaction / call: p50, p99, longest", ratios(transactions, calls))
    more_sessions(url, rows // 4, sessions, figures)
    beside_writers(url, rows // 4, sessions, figures)


def more_sessions(url: str, rows: int, sessions: int, figures: Figures) -> None:
    """The batch with twice the sessions, in turns with what it has: worth the longer locks?"""
    fill(url, rows)
    seconds: defaultdict[int, float] = defaultdict(float)
    for _ in range(ROUNDS):
        for number in (sessions, 2 * sessions):
            seconds[number] += embed(url, number, rows // ROUNDS // 2)
    pair = (rows / 2 / seconds[number] for number in (sessions, 2 * sessions))
    figures.note(f"batch in turns: {sessions}, {2 * sessions} sessions", rates(*pair))


def beside_writers(url: str, rows: int, sessions: int, figures: Figures) -> None:
    """Again, while others update the rows that are about to be embedded."""
    texts = fill(url, rows)
    calls, idle, _ = with_writers(url, rows, lambda: concurrent_calls(url, texts, sessions))
    seconds, updates, waits = with_writers(url, rows, lambda: embed(url, sessions))
    transactions = lengths(url)
    figures.note(f"{rows:,} rows beside {WRITERS} writers", f"{rows / seconds:.0f} rows/s")
    figures.spread("a call beside them", calls)
    figures.spread("a row's transaction beside them", transactions)
    figures.note("transaction / call: p50, p99, longest", ratios(transactions, calls))
    figures.spread("an update beside calls, which lock nothing", idle)
    figures.spread("an update beside the batch", updates)
    figures.note(
        "updates, and those that waited for a row of the batch", f"{len(updates):,}, {len(waits)}"
    )
    if waits:
        figures.spread("how long these waited", waits)
    with psycopg.connect(url) as connection:
        left = connection.execute("SELECT count(*) FROM bench WHERE embedding IS NULL").fetchone()
    figures.note("rows left without an embedding", str(left[0] if left else -1))


def fill(url: str, rows: int) -> list[str]:
    """A new table; some of its texts."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)
        connection.execute(FILL, (rows,))
        connection.execute(b"VACUUM ANALYZE bench")
        return [str(row[0]) for row in connection.execute("SELECT content FROM bench")]


def model_alone(model: MiniLm, texts: list[str], threads: int) -> float:
    """Seconds for these texts, one a call as SQL asks, so many calls at once."""
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda text: model.embed_documents([text]), texts))
    return time.perf_counter() - began


def concurrent_calls(url: str, texts: list[str], sessions: int) -> list[float]:
    """Milliseconds of calls in some sessions at once, as many of them as there are texts."""

    def session(number: int) -> list[float]:
        with psycopg.connect(url, autocommit=True) as connection:
            own = texts[number::sessions]
            return [timed_ms(lambda t=text: connection.execute(CALL, (t,))) for text in own]  # type: ignore[misc]

    with ThreadPoolExecutor(sessions) as pool:
        return [ms for times in pool.map(session, range(sessions)) for ms in times]


def embed(url: str, sessions: int, rows: int | None = None) -> float:
    """The procedure in some sessions, over so many rows or all; seconds."""
    limit = "NULL" if rows is None else str(rows // sessions)
    statement = f"CALL workbench.embed_table('bench', 'content', row_limit => {limit})"

    def session(_number: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    began = time.perf_counter()
    with ThreadPoolExecutor(sessions) as pool:
        list(pool.map(session, range(sessions)))
    return time.perf_counter() - began


def lengths(url: str) -> list[float]:
    """Milliseconds from the beginning to the commit of each row's transaction."""
    with psycopg.connect(url) as connection:
        return [float(row[0]) for row in connection.execute(LENGTHS)]


def with_writers(url: str, rows: int, work: Callable[[], T]) -> tuple[T, list[float], list[float]]:
    """What `work` returns; milliseconds of the updates beside it, and of their waits for locks."""
    updates: list[float] = []
    waits: list[float] = []
    stop = threading.Event()
    writers = [
        threading.Thread(target=write, args=(url, rows, stop, updates, waits))
        for _ in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    try:
        return work(), updates, waits
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def write(
    url: str, rows: int, stop: threading.Event, updates: list[float], waits: list[float]
) -> None:
    """Update one row after the other, those without an embedding first."""

    def told(notice: psycopg.errors.Diagnostic) -> None:
        if found := WAITED.search(notice.message_primary or ""):
            waits.append(float(found[1]))

    with psycopg.connect(url, autocommit=True) as connection:
        connection.add_notice_handler(told)
        # The server tells of waits that are longer than this.
        for setting in (
            b"log_lock_waits = on",
            b"deadlock_timeout = '1ms'",
            b"client_min_messages = log",
        ):
            connection.execute(b"SET " + setting)
        while not stop.is_set():
            missing = [
                row[0] for row in connection.execute("SELECT id FROM bench WHERE embedding IS NULL")
            ] or list(range(1, rows + 1))
            for number in random.sample(missing, min(20, len(missing))):
                updates.append(timed_ms(lambda n=number: connection.execute(UPDATE, (n,))))  # type: ignore[misc]
                stop.wait(0.005)


def rates(one: float, two: float) -> str:
    """Two rates side by side."""
    return f"{one:.0f}, {two:.0f} /s"


def ratios(transactions: list[float], calls: list[float]) -> str:
    """How much longer a transaction is than a call."""
    pairs = (
        (statistics.median(transactions), statistics.median(calls)),
        (share(transactions, 0.99), share(calls, 0.99)),
        (max(transactions), max(calls)),
    )
    return ", ".join(f"{one / two:.2f}" for one, two in pairs)
