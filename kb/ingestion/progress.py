"""How far one document is, told by its two threads and written down now and then."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

from kb.ingestion.stopping import Interrupted, Stopped, Superseded
from kb.models import DocumentProgress, DocumentWork, IngestionJobStatus
from kb.protocols import IngestionRecords

#: Seconds between two rows; a request to stop is heard as often.
REPORT_SECONDS = 0.25


class Progress:
    """Counts that the reading and the embedding thread share."""

    def __init__(
        self, work: DocumentWork, records: IngestionRecords, interrupted: threading.Event
    ) -> None:
        self._work = work
        self._records = records
        self._interrupted = interrupted
        self._lock = threading.Lock()
        self._now = DocumentProgress(stage="reading")
        self._reported = 0.0

    @property
    def now(self) -> DocumentProgress:
        """The counts so far."""
        return self._now

    def set(self, **values: Any) -> None:
        """Change counts; nothing is written."""
        with self._lock:
            self._now = replace(self._now, **values)

    def add(self, **counts: int) -> None:
        """Raise counts; nothing is written."""
        with self._lock:
            sums = {name: getattr(self._now, name) + n for name, n in counts.items()}
            self._now = replace(self._now, **sums)

    def report(self, *, at_once: bool = False) -> None:
        """Write the counts down if it is time to.

        Raises Stopped, Interrupted or Superseded when the work is to end.
        """
        if self._interrupted.is_set():
            raise Interrupted
        if not at_once and time.monotonic() - self._reported < REPORT_SECONDS:
            return
        self._reported = time.monotonic()
        status = self._records.record_progress(self._work, self._now)
        if status is None:
            raise Superseded
        if status is not IngestionJobStatus.IN_PROGRESS:
            raise Stopped

    def is_ending(self) -> bool:
        """Whether the work is to end, asked without writing; not while the row is locked by us."""
        if self._interrupted.is_set():
            return True
        job = self._records.job_state(self._work.ingestion_job_id)
        return job.status is not IngestionJobStatus.IN_PROGRESS
