"""Ingestion jobs as rows: a job, its documents and how far each has come, and who works.

Every write of a worker names its attempt: one that was given up for dead can change nothing.
"""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import Engine

from kb.adapters.database import Row, rows, transaction
from kb.errors import Conflict, DatabaseError, ResourceNotFound
from kb.models import (
    DocumentAction,
    DocumentProgress,
    DocumentWork,
    DocumentWorkStatus,
    IngestionJob,
    IngestionJobStatistics,
    IngestionJobStatus,
    IngestionMode,
    IngestionPlan,
    IngestionProgress,
    JobState,
    WorkerInfo,
)

#: Bedrock's ids are ten of these.
ID_LETTERS = string.ascii_uppercase + string.digits


class IngestionJobs:
    """IngestionRecords of one data source."""

    def __init__(self, engine: Engine, *, data_source_id: str) -> None:
        self._engine = engine
        self._data_source_id = data_source_id

    def create_ingestion_job(
        self, *, mode: IngestionMode = IngestionMode.SYNC, allow_deletions: bool = False
    ) -> IngestionJob:
        """Record a new job; raises Conflict while another one runs."""
        ingestion_job_id = new_id()
        try:
            self._rows(
                "create_job",
                ingestion_job_id=ingestion_job_id,
                data_source_id=self._data_source_id,
                mode=mode.value,
                allow_deletions=allow_deletions,
            )
        except DatabaseError as error:
            if isinstance(error.__cause__, psycopg.errors.UniqueViolation):
                raise Conflict(
                    "An ingestion job of this data source is already running; "
                    "wait for it or stop it first."
                ) from error
            raise
        return self.get_ingestion_job(ingestion_job_id)

    def get_ingestion_job(self, ingestion_job_id: str) -> IngestionJob:
        """One job as it stands now."""
        found = self._rows("get_job", ingestion_job_id=ingestion_job_id)
        if not found:
            raise ResourceNotFound(f"There is no ingestion job '{ingestion_job_id}'.")
        return _job(found[0])

    def job_state(self, ingestion_job_id: str) -> JobState:
        """Where a job stands, without its sums."""
        found = self._rows("job_state", ingestion_job_id=ingestion_job_id)
        if not found:
            raise ResourceNotFound(f"There is no ingestion job '{ingestion_job_id}'.")
        row = found[0]
        kinds = {"status": IngestionJobStatus(row["status"]), "mode": IngestionMode(row["mode"])}
        return JobState(**{**row, **kinds})

    def list_ingestion_jobs(self, limit: int = 20) -> list[IngestionJob]:
        """The latest jobs, newest first, without plans."""
        found = self._rows("list_jobs", data_source_id=self._data_source_id, row_limit=limit)
        return [_job(row) for row in found]

    def running_ingestion_job(self) -> IngestionJob | None:
        """The job that has not ended, be it a plan."""
        found = self._rows("running_job", data_source_id=self._data_source_id)
        return _job(found[0]) if found else None

    def list_documents_of(self, ingestion_job_id: str, limit: int = 200) -> list[DocumentWork]:
        """Documents of a job, those at work first, then those that failed."""
        found = self._rows("list_job_documents", ingestion_job_id=ingestion_job_id, row_limit=limit)
        return [_work(row) for row in found]

    def stop_ingestion_job(self, ingestion_job_id: str) -> None:
        """Ask a running job to stop; Bedrock's Conflict when it has already ended."""
        if not self._rows("stop_job", ingestion_job_id=ingestion_job_id):
            raise Conflict("This ingestion job has already ended; there is nothing to stop.")

    def begin_ingestion_job(
        self, ingestion_job_id: str, todo: IngestionPlan, document_ids: Sequence[str]
    ) -> None:
        with transaction(self._engine) as connection:
            begun = rows(
                connection,
                "ingestion/begin_job",
                ingestion_job_id=ingestion_job_id,
                documents_scanned=todo.documents_scanned,
                metadata_documents_scanned=todo.metadata_documents_scanned,
            )
            for item, document_id in zip(todo.work, document_ids, strict=True):
                if begun:
                    rows(
                        connection,
                        "ingestion/add_document",
                        ingestion_job_id=ingestion_job_id,
                        document_id=document_id,
                        key=item.key,
                        action=item.action.value,
                        etag=item.etag,
                        metadata_etag=item.metadata_etag,
                        size_bytes=item.size_bytes,
                    )

    def waiting_documents(self, ingestion_job_id: str) -> list[str]:
        found = self._rows("waiting_documents", ingestion_job_id=ingestion_job_id)
        return [str(row["document_id"]) for row in found]

    def deletions(self, ingestion_job_id: str) -> list[str]:
        found = self._rows("deletions", ingestion_job_id=ingestion_job_id)
        return [str(row["document_id"]) for row in found]

    def count_deleted(self, ingestion_job_id: str, document_id: str) -> None:
        self._rows("count_deleted", ingestion_job_id=ingestion_job_id, document_id=document_id)

    def begin_document(self, ingestion_job_id: str, document_id: str) -> DocumentWork | None:
        found = self._rows(
            "begin_document",
            ingestion_job_id=ingestion_job_id,
            document_id=document_id,
            attempt=str(uuid.uuid4()),
        )
        return _work(found[0]) if found else None

    def record_progress(
        self, work: DocumentWork, progress: DocumentProgress
    ) -> IngestionJobStatus | None:
        found = self._rows("record_progress", **_identity(work), **_fields(progress))
        return IngestionJobStatus(found[0]["status"]) if found else None

    def finish_document(
        self, work: DocumentWork, status: DocumentWorkStatus, status_reason: str | None = None
    ) -> None:
        self._rows(
            "finish_document",
            **_identity(work),
            status=status.value,
            status_reason=status_reason,
        )

    def finish_ingestion_job(
        self, ingestion_job_id: str, status: IngestionJobStatus, failure_reason: str | None = None
    ) -> None:
        self._rows(
            "finish_job",
            ingestion_job_id=ingestion_job_id,
            status=status.value,
            failure_reason=failure_reason,
        )

    def planned_calls(
        self, ingestion_job_id: str, model: str, *, token_bits: bool
    ) -> dict[str, tuple[int, int]]:
        """By document: texts a sync would embed and their tokens, after a job in PLAN mode."""
        found = self._rows(
            "planned_calls",
            ingestion_job_id=ingestion_job_id,
            model=model,
            with_token_bits=token_bits,
        )
        return {str(r["document_id"]): (r["embedding_calls"], int(r["tokens"])) for r in found}

    def texts_per_second(self) -> float | None:
        """How fast the latest large job embedded; None before there was one."""
        found = self._rows("embedding_rate", data_source_id=self._data_source_id)
        return found[0]["texts_per_second"] if found else None

    def worker_heartbeat(self, worker_id: str, *, host: str, pid: int) -> None:
        """A worker's sign of life."""
        self._rows(
            "worker_heartbeat",
            worker_id=worker_id,
            data_source_id=self._data_source_id,
            host=host,
            pid=pid,
        )

    def list_workers(self, dead_seconds: float) -> list[WorkerInfo]:
        """Workers that have shown a sign of life within `dead_seconds`."""
        found = self._rows(
            "list_workers", data_source_id=self._data_source_id, dead_seconds=dead_seconds
        )
        return [WorkerInfo(**{**row, "worker_id": str(row["worker_id"])}) for row in found]

    def forget_worker(self, worker_id: str) -> None:
        """A worker has ended."""
        self._rows("forget_worker", worker_id=worker_id)

    def _rows(self, name: str, /, **parameters: Any) -> list[Row]:
        with transaction(self._engine) as connection:
            return rows(connection, f"ingestion/{name}", **parameters)


def new_id() -> str:
    """Ten letters and digits, as Bedrock's ids."""
    return "".join(secrets.choice(ID_LETTERS) for _ in range(10))


def _identity(work: DocumentWork) -> dict[str, Any]:
    return {
        "ingestion_job_id": work.ingestion_job_id,
        "document_id": work.document_id,
        "attempt": work.attempt,
    }


def _fields(value: DocumentProgress) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _only(row: Row, kind: type[Any]) -> Any:
    return kind(**{name: row[name] for name in kind.__slots__})


def _work(row: Row) -> DocumentWork:
    names = ("ingestion_job_id", "key", "etag", "metadata_etag", "size_bytes", "status_reason")
    return DocumentWork(
        **{name: row[name] for name in (*names, "embedding_calls", "started_at", "updated_at")},
        document_id=str(row["document_id"]),
        action=DocumentAction(row["action"]),
        status=DocumentWorkStatus(row["status"]),
        attempt=str(row["attempt"] or ""),
        progress=_only(row, DocumentProgress),
    )


def _job(row: Row) -> IngestionJob:
    names = ("ingestion_job_id", "data_source_id", "knowledge_base_id", "allow_deletions")
    return IngestionJob(
        **{name: row[name] for name in (*names, "started_at")},
        updated_at=row["seen_at"],
        status=IngestionJobStatus(row["status"]),
        mode=IngestionMode(row["mode"]),
        statistics=_only(row, IngestionJobStatistics),
        progress=_only(row, IngestionProgress),
        failure_reasons=(*row["failure_reasons"], *row["document_reasons"]),
        is_planned=row["planned_at"] is not None,
    )
