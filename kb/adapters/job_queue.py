"""Ingestion jobs on a PostgreSQL-backed queue (procrastinate), and the workers that run them.

The queue lives in a schema of its own, beside the workbench's. Which job runs, and how it ends,
is told by the job's row; the queue only carries its id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import procrastinate
import psycopg
from psycopg.rows import dict_row

from kb import sql
from kb.adapters.database import libpq_url, translated_errors

log = logging.getLogger(__name__)

SCHEMA = "workbench_queue"
QUEUE = "ingestion"
#: Seconds between a worker's signs of life, and without one until it counts as dead.
HEARTBEAT_SECONDS = 5.0
DEAD_SECONDS = 20.0


class JobQueue:
    """Where ingestion jobs wait for a worker."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = libpq_url(database_url).render_as_string(hide_password=False)
        self._options = f"-c search_path={SCHEMA}"

    def prepare(self) -> None:
        """Create the queue's tables unless they are there."""
        with translated_errors(), psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(sql.script("queue/create_schema"))
            found = connection.execute(sql.script("queue/is_prepared")).fetchone()
        if found == (True,):
            return
        app = self._app()
        with translated_errors(), app.open():
            app.schema_manager.apply_schema()

    def defer(self, ingestion_job_id: str) -> None:
        """Hand a job to whichever worker is free."""
        app = self._app()
        with app.open():
            app.configure_task("run_ingestion_job", queue=QUEUE).defer(
                ingestion_job_id=ingestion_job_id
            )

    def has_live_worker(self) -> bool:
        """Whether a worker has shown a sign of life lately, on this or any other machine."""
        with (
            translated_errors(),
            psycopg.connect(
                self._conninfo, options=self._options, row_factory=dict_row
            ) as connection,
        ):
            row = connection.execute(
                sql.psycopg_query("queue/live_workers"), {"dead_seconds": DEAD_SECONDS}
            ).fetchone()
        return bool(row and row["workers"])

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

        app.run_worker(
            queues=[QUEUE],
            wait=wait,
            # One slot for the job, one for looking after jobs of dead workers.
            concurrency=2,
            install_signal_handlers=wait,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=DEAD_SECONDS,
            delete_jobs="successful",
        )

    def _app(self) -> procrastinate.App:
        return procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=self._conninfo, kwargs={"options": self._options}
            )
        )


async def _retry_stalled(app: procrastinate.App) -> None:
    stalled = await app.job_manager.get_stalled_jobs(
        queue=QUEUE, task_name="run_ingestion_job", seconds_since_heartbeat=DEAD_SECONDS
    )
    for job in stalled:
        log.warning("job %s lost its worker and is taken up again", job.task_kwargs)
        await app.job_manager.retry_job(job)
