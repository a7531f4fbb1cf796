"""Workers: processes that run ingestion jobs. Closing browser or app does not touch them.

A worker is one process and may run anywhere. The keeper of a data folder is a process that starts
its workers and starts them again when they are killed or lose the database; it holds a kernel
lock, so that a second one is not started and `down` finds it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from kb.adapters.ingestion_jobs import IngestionJobs
from kb.adapters.job_queue import JobQueue
from kb.errors import Conflict, ConnectionLost, KbError
from kb.ingestion.job import Ingestion
from kb.models import IngestionJob, IngestionJobStatus, WorkerInfo
from kb.settings import Settings
from kb.workbench import keeper
from kb.workbench.worker_tasks import OwnWorker, WorkerTasks

POLL_SECONDS = 0.25
#: Seconds for which a lost database is waited for.
LOST_SECONDS = 120.0


class Worker:
    """Runs jobs here, or starts and stops the keeper of this data folder."""

    def __init__(
        self,
        settings: Settings,
        queue: JobQueue,
        jobs: IngestionJobs,
        new_ingestion: Callable[[], Ingestion],
        revive: Callable[[], object],
    ) -> None:
        """`revive` starts the embedded server again, if that is the database."""
        self._settings = settings
        self._queue = queue
        self._jobs = jobs
        self._new_ingestion = new_ingestion
        self._revive = revive

    def work(self, *, kept: bool = False) -> None:
        """Run jobs in this process until a signal comes or, if `kept`, its keeper is gone."""
        parent = os.getppid()
        tasks = WorkerTasks(
            self._queue,
            self._jobs,
            self._new_ingestion(),
            is_wanted=lambda: not kept or os.getppid() == parent,
        )
        self._queue.work(tasks, signals=True)
        if kept and os.getppid() != parent:
            # The keeper was killed: its workers make sure that there is another.
            self.ensure_running()

    def ensure_running(self) -> None:
        """Start the keeper of this data folder unless it lives or no worker is wanted here."""
        if self._settings.workers:
            keeper.ensure_running(self._settings)

    def list_workers(self) -> list[WorkerInfo]:
        """Workers of this data source that live, on this or any other machine."""
        return self._jobs.list_workers(self._queue.dead_seconds)

    def stop(self, ingestion_job_id: str) -> None:
        """Ask a running job to stop; without a worker that could hear it, it has stopped."""
        self._jobs.stop_ingestion_job(ingestion_job_id)
        if not self.list_workers():
            self._jobs.finish_ingestion_job(ingestion_job_id, IngestionJobStatus.STOPPED)
            self._queue.forget(ingestion_job_id)

    def watch(self, ingestion_job_id: str, *, work: bool) -> Iterator[IngestionJob]:
        """Yield the job several times a second until it has ended.

        With `work` this process does it as soon as no worker lives, also when one is killed; a
        keyboard interrupt then stops the job. A database that goes away is waited for.
        """
        own = OwnWorker(self._queue, self._jobs, self._new_ingestion)
        last: IngestionJob | None = None
        lost_at: float | None = None
        try:
            while last is None or not last.status.is_final:
                try:
                    last = self._jobs.get_ingestion_job(ingestion_job_id)
                    if work and not last.status.is_final:
                        own.step(anybody=bool(self.list_workers()))
                    lost_at = None
                except ConnectionLost:
                    lost_at = lost_at or time.monotonic()
                    if time.monotonic() - lost_at > LOST_SECONDS:
                        raise
                    with suppress(KbError):
                        self._revive()
                    threading.Event().wait(POLL_SECONDS)
                    continue
                yield last
                if not last.status.is_final:
                    threading.Event().wait(POLL_SECONDS)
        except KeyboardInterrupt:
            if own.is_at_work:
                # First, so that what we have in hand is not waited for.
                own.end()
                with suppress(Conflict):
                    self.stop(ingestion_job_id)
            raise
        finally:
            own.end()
