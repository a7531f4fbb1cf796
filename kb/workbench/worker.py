"""Workers: processes that run ingestion jobs. Closing browser or app does not touch them.

A detached worker of this machine holds a kernel lock on a file in the data folder, so that a
second one is not started and `down` finds it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kb.adapters.catalogue import Catalogue
from kb.adapters.job_queue import JobQueue
from kb.errors import Conflict, ServerError
from kb.ingestion.job import IngestionRun
from kb.models import IngestionJob
from kb.protocols import Embedder, ObjectStore, VectorStore
from kb.settings import Settings
from kb.workbench import detached

POLL_SECONDS = 0.25
#: What a worker gets to end by itself; what it has embedded is kept either way.
STOP_SECONDS = 5.0
LOCK = "worker.lock"


class Worker:
    """Runs jobs here, or starts and stops the detached worker of this data folder."""

    def __init__(
        self,
        settings: Settings,
        queue: JobQueue,
        store: ObjectStore,
        catalogue: Catalogue,
        vectors: VectorStore,
        embedder: Embedder,
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._store = store
        self._catalogue = catalogue
        self._vectors = vectors
        self._embedder = embedder

    def work(self, *, wait: bool = True) -> None:
        """Run jobs in this process: until a signal, or until none is waiting."""
        self._queue.work(self._run, wait=wait)

    def work_alone(self) -> None:
        """Be the detached worker of this data folder, or return if there is one already."""
        with detached.only_one(self._settings.data_dir / LOCK) as mine:
            if mine:
                self.work()

    def ensure_running(self) -> None:
        """Start the detached worker of this data folder unless it lives."""
        # A heartbeat proves nothing for a while after a worker was killed; its lock does.
        if worker_pid(self._settings.data_dir) is None:
            log = self._settings.data_dir / "worker.log"
            detached.start(self._settings, "worker", "--detached", log=log)

    def watch(self, ingestion_job_id: str, *, work: bool) -> Iterator[IngestionJob]:
        """Yield the job several times a second until it has ended.

        With `work` this process does it as soon as no worker lives, also when one is killed; a
        keyboard interrupt then stops the job.
        """
        thread: threading.Thread | None = None
        try:
            while not (seen := self._catalogue.get_ingestion_job(ingestion_job_id)).status.is_final:
                yield seen
                if work and not (thread and thread.is_alive()):
                    thread = self._take_up(ingestion_job_id, thread)
                threading.Event().wait(POLL_SECONDS)
        except KeyboardInterrupt:
            if thread:
                with suppress(Conflict):
                    self._catalogue.stop_ingestion_job(ingestion_job_id)
                thread.join()
            raise
        if thread:
            thread.join()
        yield seen

    def _take_up(
        self, ingestion_job_id: str, ended: threading.Thread | None
    ) -> threading.Thread | None:
        """Work in a thread if nobody else does; `ended` is the one that has already tried."""
        if self._queue.has_live_worker():
            return ended
        if ended and not self._queue.holds(ingestion_job_id):
            if self._catalogue.get_ingestion_job(ingestion_job_id).status.is_final:
                return ended
            raise ServerError("The worker ended before the job did; see the log above.")
        thread = threading.Thread(target=self.work, kwargs={"wait": False}, daemon=True)
        thread.start()
        return thread

    def _run(self, ingestion_job_id: str) -> None:
        if self._catalogue.get_ingestion_job(ingestion_job_id).status.is_final:
            # Its worker died between the job's end and telling the queue.
            return
        IngestionRun(
            ingestion_job_id,
            store=self._store,
            records=self._catalogue,
            vectors=self._vectors,
            embedder=self._embedder,
            chunk_tokens=self._settings.chunk_tokens,
        ).run()


def worker_pid(data_dir: Path) -> int | None:
    """Process id of the detached worker of this data folder, if it lives."""
    return detached.holder(data_dir / LOCK)


def stop_worker(data_dir: Path) -> bool:
    """End the detached worker; a job it was running goes back to the queue. False if none ran."""
    return detached.stop(data_dir / LOCK, seconds=STOP_SECONDS)
