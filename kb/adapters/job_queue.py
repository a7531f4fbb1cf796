"""Ingestion jobs on a PostgreSQL-backed queue (procrastinate), and the workers that run them.

The queue lives in a schema of its own, beside the workbench's, and each data source has a queue
of its own in it. It carries ids only: what is to be done, and how it ended, is told by the rows
of the job and of its documents. A task may therefore run twice; the second time finds it done.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import procrastinate
from procrastinate.exceptions import ConnectorException

from kb import sql
from kb.adapters.database import Database, translated_errors
from kb.errors import ConnectionLost

log = logging.getLogger(__name__)

SCHEMA = "workbench_queue"
BEGIN, INGEST = "begin_ingestion_job", "ingest_document"
#: Signs of life that a worker may miss before it counts as dead.
MISSED_HEARTBEATS = 4
#: Documents that a worker has in hand: one may be read while another is embedded.
DOCUMENTS_AT_ONCE = 2
#: Seconds until a worker notices that it is to end.
POLL_SECONDS = 0.1
#: What the queue gets to end by itself after the database was lost.
LOST_SECONDS: float | None = 2.0
#: Not that of the schema; see kb.adapters.schema.
PREPARE_LOCK = 5_150_002


class Tasks(Protocol):
    """What a worker does; each may be asked for again after it was done."""

    def begin(self, ingestion_job_id: str) -> None:
        """Find out what the job has to do and hand its documents to the queue."""

    def ingest(self, ingestion_job_id: str, document_id: str) -> None:
        """Do one document."""

    @property
    def ended(self) -> threading.Event:
        """Set when the worker is to end."""

    def heartbeat(self) -> None:
        """Give a sign of life."""

    def end(self) -> None:
        """Make running tasks give back what they have, and the worker end."""

    def leave(self) -> None:
        """The worker has ended."""


class JobQueue:
    """Where the jobs and documents of one data source wait for a worker."""

    def __init__(
        self,
        database: Database | str,
        *,
        data_source_id: str = "",
        heartbeat_seconds: float = 3.0,
    ) -> None:
        self._database = Database.at(database)
        self._options = f"-c search_path={SCHEMA}"
        self._queue = f"ingestion-{data_source_id}"
        self._heartbeat_seconds = heartbeat_seconds

    @property
    def dead_seconds(self) -> float:
        """How long a worker may be silent before it counts as dead."""
        return MISSED_HEARTBEATS * self._heartbeat_seconds

    def prepare(self) -> None:
        """Create the queue's tables unless they are there."""
        with translated_errors(), self._database.connect(autocommit=True) as connection:
            # Others who prepare it at the same time wait, and find it done.
            connection.execute("SELECT pg_advisory_lock(%s)", (PREPARE_LOCK,))
            found = connection.execute(sql.script("queue/is_prepared")).fetchone()
            if found == (True,):
                return
            connection.execute(sql.script("queue/create_schema"))
            app = self._app()
            with _queue_errors(), app.open():
                app.schema_manager.apply_schema()

    def defer_job(self, ingestion_job_id: str) -> None:
        """Hand a job to whichever worker is free."""
        app = self._app()
        with _queue_errors(), app.open():
            app.configure_task(BEGIN, queue=self._queue, lock=ingestion_job_id).defer(
                ingestion_job_id=ingestion_job_id
            )

    def defer_documents(self, ingestion_job_id: str, document_ids: Sequence[str]) -> None:
        """Hand the documents of a job to whichever workers are free, in this order."""
        app = self._app()
        with _queue_errors(), app.open():
            task = app.configure_task(INGEST, queue=self._queue)
            wanted: list[dict[str, Any]] = [
                {"ingestion_job_id": ingestion_job_id, "document_id": document_id}
                for document_id in document_ids
            ]
            task.batch_defer(*wanted)

    def holds(self, ingestion_job_id: str) -> bool:
        """Whether something of a job waits for a worker or has one, be it a dead one."""
        with translated_errors(), self._database.connect() as connection:
            row = connection.execute(
                sql.psycopg_query("queue/holds_job"), {"ingestion_job_id": ingestion_job_id}
            ).fetchone()
        return bool(row and row[0])

    def forget(self, ingestion_job_id: str) -> None:
        """Take what waits of a job out of the queue, when the job has ended."""
        # The queue's own triggers look for its tables on the search path.
        parameters = {"ingestion_job_id": ingestion_job_id}
        with (
            translated_errors(),
            self._database.connect(options=self._options) as connection,
        ):
            connection.execute(sql.psycopg_query("queue/forget_job"), parameters)

    def work(self, tasks: Tasks, *, signals: bool) -> None:
        """Run tasks until they have ended or, with `signals`, SIGTERM or SIGINT comes.

        Raises ConnectionLost when the database goes away; whatever ran is taken up again.
        """
        with _queue_errors():
            asyncio.run(self._work(tasks, signals))

    async def _work(self, tasks: Tasks, signals: bool) -> None:
        app = self._app()
        app.task(name=BEGIN)(tasks.begin)
        app.task(name=INGEST)(tasks.ingest)
        async with app.open_async():
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[self._queue],
                    concurrency=DOCUMENTS_AT_ONCE,
                    install_signal_handlers=False,
                    update_heartbeat_interval=self._heartbeat_seconds,
                    stalled_worker_timeout=self.dead_seconds,
                    fetch_job_polling_interval=self._heartbeat_seconds,
                    delete_jobs="always",
                )
            )
            if signals:
                loop = asyncio.get_running_loop()
                for number in (signal.SIGTERM, signal.SIGINT):
                    loop.add_signal_handler(number, tasks.end)
            patience = LOST_SECONDS
            try:
                await self._look_after(app, tasks, worker)
                patience = None
            finally:
                tasks.end()
                worker.cancel()
                # The queue would go on trying to connect; the next worker does that better.
                await asyncio.wait([worker], timeout=patience)
                await asyncio.to_thread(tasks.leave)

    async def _look_after(
        self, app: procrastinate.App, tasks: Tasks, worker: asyncio.Task[None]
    ) -> None:
        """Give signs of life, and take up what dead workers have left, until the worker ends."""
        while not (worker.done() or tasks.ended.is_set()):
            await asyncio.to_thread(tasks.heartbeat)
            await self._retry_stalled(app)
            again = time.monotonic() + self._heartbeat_seconds
            while time.monotonic() < again and not tasks.ended.is_set() and not worker.done():
                await asyncio.wait([worker], timeout=POLL_SECONDS)

    async def _retry_stalled(self, app: procrastinate.App) -> None:
        stalled = await app.job_manager.get_stalled_jobs(
            queue=self._queue, seconds_since_heartbeat=self.dead_seconds
        )
        for job in stalled:
            log.warning("%s lost its worker and is taken up again", job.task_kwargs)
            await app.job_manager.retry_job(job)

    def _app(self) -> procrastinate.App:
        return procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                # Asked for each connection: passwords are rotated while workers run.
                conninfo=self._database.conninfo,
                kwargs={"options": self._options},
            )
        )


@contextmanager
def _queue_errors() -> Iterator[None]:
    """Turn the queue's errors of the database into ConnectionLost."""
    try:
        with translated_errors():
            yield
    except ConnectorException as error:
        cause = error.__cause__ or error
        raise ConnectionLost(
            f"The job queue does not work: {cause}; check the database."
        ) from error
