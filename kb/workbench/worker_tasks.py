"""What a worker does when the queue calls, in a process of its own or in a thread of this one."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from kb.adapters.ingestion_jobs import IngestionJobs
from kb.adapters.job_queue import JobQueue
from kb.errors import ConnectionLost, KbError, ServerError
from kb.ingestion.job import Ingestion
from kb.ingestion.stopping import Interrupted

#: How long a job that the queue has forgotten is left alone: its starter may be about to queue it.
FORGOTTEN_SECONDS = 10.0
#: Times that a worker in this process is started for one job; a lost database costs one of them.
MOST_STARTS = 20


class WorkerTasks:
    """What the queue's tasks do: see kb.adapters.job_queue.Tasks."""

    def __init__(
        self,
        queue: JobQueue,
        jobs: IngestionJobs,
        ingestion: Ingestion,
        *,
        is_wanted: Callable[[], bool],
    ) -> None:
        """The worker ends when `is_wanted`, asked with each sign of life, says no."""
        self._queue = queue
        self._jobs = jobs
        self._ingestion = ingestion
        self._is_wanted = is_wanted
        self.ended = threading.Event()
        self._worker_id = str(uuid.uuid4())
        self._host = socket.gethostname()

    def begin(self, ingestion_job_id: str) -> None:
        try:
            waiting = self._ingestion.begin(ingestion_job_id)
        except Interrupted:
            self._queue.defer_job(ingestion_job_id)
            return
        if waiting:
            self._queue.defer_documents(ingestion_job_id, waiting)

    def ingest(self, ingestion_job_id: str, document_id: str) -> None:
        try:
            self._ingestion.ingest(ingestion_job_id, document_id)
        except Interrupted:
            self._queue.defer_documents(ingestion_job_id, [document_id])
            return
        if self._jobs.job_state(ingestion_job_id).status.is_final:
            self._queue.forget(ingestion_job_id)

    def heartbeat(self) -> None:
        self._jobs.worker_heartbeat(self._worker_id, host=self._host, pid=os.getpid())
        self._queue_forgotten()
        if not self._is_wanted():
            self.end()

    def end(self) -> None:
        self._ingestion.interrupted.set()
        self.ended.set()

    def leave(self) -> None:
        with suppress(KbError):
            self._jobs.forget_worker(self._worker_id)

    def _queue_forgotten(self) -> None:
        """Queue a running job again that is in no queue, such as one whose starter was killed."""
        job = self._jobs.running_ingestion_job()
        if job is None or self._queue.holds(job.ingestion_job_id):
            return
        quiet = (datetime.now(tz=UTC) - job.updated_at).total_seconds()
        if quiet > FORGOTTEN_SECONDS:
            self._queue.defer_job(job.ingestion_job_id)


class OwnWorker:
    """A worker in a thread of this process, for as long as one job runs and nobody else works."""

    def __init__(
        self,
        queue: JobQueue,
        jobs: IngestionJobs,
        new_ingestion: Callable[[], Ingestion],
    ) -> None:
        self._queue = queue
        self._jobs = jobs
        self._new_ingestion = new_ingestion
        self._tasks: WorkerTasks | None = None
        self._thread: threading.Thread | None = None
        self._starts = 0

    @property
    def is_at_work(self) -> bool:
        """Whether the thread runs."""
        return bool(self._thread and self._thread.is_alive())

    def step(self, *, anybody: bool) -> None:
        """Begin to work if nobody does."""
        if self.is_at_work or anybody:
            return
        self._starts += 1
        if self._starts > MOST_STARTS:
            raise ServerError("The worker ends again and again; see the log above.")
        self._tasks = WorkerTasks(
            self._queue, self._jobs, self._new_ingestion(), is_wanted=lambda: True
        )
        self._thread = threading.Thread(target=self._work, args=(self._tasks,), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Give back what is in hand and come back when the thread has ended."""
        if self._thread and self._tasks:
            self._tasks.end()
            self._thread.join()

    def _work(self, tasks: WorkerTasks) -> None:
        # A lost database is noticed, and waited for, by whoever watches the job.
        with suppress(ConnectionLost):
            self._queue.work(tasks, signals=False)
