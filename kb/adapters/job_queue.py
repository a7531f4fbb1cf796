"""Ingestion jobs on a PostgreSQL-backed queue (procrastinate), and the workers that run them.

The queue lives in a schema of its own, beside the workbench's. Which job runs, and how it ends,
is told by the job's row; the queue only carries its id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException

from kb import sql
from kb.adapters.database import libpq_url, translated_errors
from kb.errors import DatabaseError

log = logging.getLogger(__name__)

SCHEMA = "workbench_queue"
QUEUE = "ingestion"
#: Seconds between a worker's signs of life, and without one until it counts as dead.
HEARTBEAT_SECONDS = 5.0
DEAD_SECONDS = 20.0
#: Not that of the schema; see kb.adapters.schema.
PREPARE_LOCK = 5_150_002


class JobQueue:
    """Where ingestion jobs wait for a worker."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = libpq_url(database_url).render_as_string(hide_password=False)
        self._options = f"-c search_path={SCHEMA}"

    def prepare(self) -> None:
        """Create the queue's tables unless they are there."""
        with translated_errors(), psycopg.connect(self._conninfo, autocommit=True) as connection:
            # Others who prepare it at the same time wait, and find it done.
            connection.execute("SELECT pg_advisory_lock(%s)", (PREPARE_LOCK,))
            found = connection.execute(sql.script("queue/is_prepared")).fetchone()
            if found == (True,):
                return
            connection.execute(sql.script("queue/create_schema"))
            app = self._app()
            with _queue_errors(), app.open():
                app.schema_manager.apply_schema()

    def defer(self, ingestion_job_id: str) -> None:
        """Hand a job to whichever worker is free."""
        app = self._app()
        with _queue_errors(), app.open():
            app.configure_task("run_ingestion_job", queue=QUEUE).defer(
                ingestion_job_id=ingestion_job_id
            )

    def holds(self, ingestion_job_id: str) -> bool:
        """Whether a job waits for a worker or has one, be it a dead one."""
        return self._one("queue/holds_job", ingestion_job_id=ingestion_job_id)

    def has_live_worker(self) -> bool:
        """Whether a worker has shown a sign of life lately, on this or any other machine."""
        return self._one("queue/live_workers", dead_seconds=DEAD_SECONDS)

    def _one(self, name: str, **parameters: object) -> bool:
        with translated_errors(), psycopg.connect(self._conninfo) as connection:
            row = connection.execute(sql.psycopg_query(name), parameters).fetchone()
        return bool(row and row[0])

    def work(self, run: Callable[[str], None], *, wait: bool) -> None:
        """Run jobs with `run(ingestion_job_id)`: until told to stop, or until none is waiting."""
        app = self._app()

        @app.task(name="run_ingestion_job", queue=QUEUE)
        def run_ingestion_job(ingestion_job_id: str) -> None:
            run(ingestion_job_id)

        @app.periodic(cron="*/10 * * * * *")
        @app.task(name="retry_stalled_jobs", queue=QUEUE, pass_context=True)
        async def retry_stalled_jobs(context: procrastinate.JobContext, timestamp: int) -> None:
            await _retry_stalled(context.app)

        async def run_worker() -> None:
            async with app.open_async():
                # The periodic task's first time is up to ten seconds away.
                await _retry_stalled(app)
                await app.run_worker_async(
                    queues=[QUEUE],
                    wait=wait,
                    # One slot for the job, one for looking after jobs of dead workers.
                    concurrency=2,
                    install_signal_handlers=wait,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=DEAD_SECONDS,
                    delete_jobs="successful",
                )

        with _queue_errors():
            asyncio.run(run_worker())

    def _app(self) -> procrastinate.App:
        return procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=self._conninfo, kwargs={"options": self._options}
            )
        )


@contextmanager
def _queue_errors() -> Iterator[None]:
    """Turn the queue's errors of the database into DatabaseError."""
    try:
        with translated_errors():
            yield
    except ConnectorException as error:
        cause = error.__cause__ or error
        raise DatabaseError(f"The job queue does not work: {cause}; check the database.") from error


async def _retry_stalled(app: procrastinate.App) -> None:
    stalled = await app.job_manager.get_stalled_jobs(
        queue=QUEUE, task_name="run_ingestion_job", seconds_since_heartbeat=DEAD_SECONDS
    )
    for job in stalled:
        log.warning("job %s lost its worker and is taken up again", job.task_kwargs)
        await app.job_manager.retry_job(job)
