"""What the workbench remembers beside Bedrock's table: documents, ingestion jobs, geometry."""

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
    Document,
    DocumentStatus,
    IngestionJob,
    IngestionJobStatistics,
    IngestionJobStatus,
    IngestionProgress,
    ModelIdentity,
    ObjectInfo,
)

#: Bedrock's ids are ten of these.
ID_LETTERS = string.ascii_uppercase + string.digits


class Catalogue:
    """IngestionRecords of one data source, and the job list that pages and CLI show."""

    def __init__(self, engine: Engine, *, bucket: str, identity: ModelIdentity) -> None:
        """Find the knowledge base of this bucket, or create it for this embedding model.

        Raises DatabaseError when its vectors are of another model.
        """
        self._engine = engine
        self._bucket = bucket
        self._check_models(identity)
        found = self._find() or self._create(identity)
        self.knowledge_base_id: str = found["knowledge_base_id"]
        self.data_source_id: str = found["data_source_id"]

    def _check_models(self, identity: ModelIdentity) -> None:
        """The chunks of all buckets are in one table, so all must have the same model."""
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/embedding_models")
        for stored in (ModelIdentity(**row) for row in found):
            if stored != identity:
                raise DatabaseError(
                    f"This database holds vectors of {stored}, not of {identity}; "
                    "go back to that model or use another KB_DATA_DIR or database."
                )

    def _find(self) -> Row | None:
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/find_knowledge_base", bucket=self._bucket)
        return found[0] if found else None

    def _create(self, identity: ModelIdentity) -> Row:
        try:
            with transaction(self._engine) as connection:
                rows(
                    connection,
                    "catalogue/create_knowledge_base",
                    knowledge_base_id=_new_id(),
                    data_source_id=_new_id(),
                    name=self._bucket,
                    bucket=self._bucket,
                    provider=identity.provider,
                    model=identity.model,
                    dimensions=identity.dimensions,
                    normalised=identity.normalised,
                )
        except DatabaseError as error:
            # Another process has just made it.
            if not _is_duplicate(error):
                raise
        created = self._find()
        assert created is not None
        return created

    def document_id(self, key: str) -> str:
        """The same key of the same data source always has the same id."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.data_source_id}/{key}"))

    def list_documents(self) -> list[Document]:
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/list_documents", data_source_id=self.data_source_id)
        return [self._document(row) for row in found]

    def put_document(
        self, info: ObjectInfo, status: DocumentStatus, status_reason: str | None = None
    ) -> str:
        document_id = self.document_id(info.key)
        with transaction(self._engine) as connection:
            rows(
                connection,
                "catalogue/put_document",
                document_id=document_id,
                data_source_id=self.data_source_id,
                key=info.key,
                etag=info.etag,
                size_bytes=info.size_bytes,
                status=status.value,
                status_reason=status_reason,
            )
        return document_id

    def count(self) -> tuple[int, int]:
        """Indexed documents, and chunks of the knowledge base."""
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/count_chunks", data_source_id=self.data_source_id)
        return found[0]["documents"], found[0]["chunks"]

    def create_ingestion_job(self, *, allow_deletions: bool = False) -> IngestionJob:
        """Record a new job; raises Conflict while another one runs."""
        ingestion_job_id = _new_id()
        try:
            with transaction(self._engine) as connection:
                rows(
                    connection,
                    "ingestion/create_job",
                    ingestion_job_id=ingestion_job_id,
                    data_source_id=self.data_source_id,
                    allow_deletions=allow_deletions,
                )
        except DatabaseError as error:
            if _is_duplicate(error):
                raise Conflict(
                    "An ingestion job of this data source is already running; "
                    "wait for it or stop it first."
                ) from error
            raise
        return self.get_ingestion_job(ingestion_job_id)

    def get_ingestion_job(self, ingestion_job_id: str) -> IngestionJob:
        """One job as it stands now."""
        with transaction(self._engine) as connection:
            found = rows(connection, "ingestion/get_job", ingestion_job_id=ingestion_job_id)
        if not found:
            raise ResourceNotFound(f"There is no ingestion job '{ingestion_job_id}'.")
        return _job(found[0])

    def list_ingestion_jobs(self, limit: int = 20) -> list[IngestionJob]:
        """The latest jobs, newest first."""
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "ingestion/list_jobs",
                data_source_id=self.data_source_id,
                row_limit=limit,
            )
        return [_job(row) for row in found]

    def record_progress(
        self,
        ingestion_job_id: str,
        statistics: IngestionJobStatistics,
        progress: IngestionProgress,
        failure_reasons: Sequence[str],
    ) -> IngestionJobStatus:
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "ingestion/record_progress",
                ingestion_job_id=ingestion_job_id,
                failure_reasons=list(failure_reasons),
                **_fields(statistics),
                **_fields(progress),
            )
        return IngestionJobStatus(found[0]["status"])

    def finish_ingestion_job(self, ingestion_job_id: str, status: IngestionJobStatus) -> None:
        with transaction(self._engine) as connection:
            rows(
                connection,
                "ingestion/finish_job",
                ingestion_job_id=ingestion_job_id,
                status=status.value,
            )

    def stop_ingestion_job(self, ingestion_job_id: str) -> None:
        """Ask a running job to stop; Bedrock's Conflict when it has already ended."""
        with transaction(self._engine) as connection:
            if not rows(connection, "ingestion/stop_job", ingestion_job_id=ingestion_job_id):
                raise Conflict("This ingestion job has already ended; there is nothing to stop.")

    def _document(self, row: Row) -> Document:
        return Document(
            document_id=str(row["document_id"]),
            uri=f"s3://{self._bucket}/{row['key']}",
            status=DocumentStatus(row["status"]),
            **{
                name: row[name]
                for name in (
                    "key",
                    "etag",
                    "size_bytes",
                    "status_reason",
                    "pages",
                    "chunks",
                    "updated_at",
                )
            },
        )


def _is_duplicate(error: DatabaseError) -> bool:
    return isinstance(error.__cause__, psycopg.errors.UniqueViolation)


def _new_id() -> str:
    return "".join(secrets.choice(ID_LETTERS) for _ in range(10))


def _fields(value: IngestionJobStatistics | IngestionProgress) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _job(row: Row) -> IngestionJob:
    return IngestionJob(
        ingestion_job_id=row["ingestion_job_id"],
        data_source_id=row["data_source_id"],
        knowledge_base_id=row["knowledge_base_id"],
        status=IngestionJobStatus(row["status"]),
        statistics=IngestionJobStatistics(
            **{name: row[name] for name in IngestionJobStatistics.__slots__}
        ),
        progress=IngestionProgress(**{name: row[name] for name in IngestionProgress.__slots__}),
        failure_reasons=tuple(row["failure_reasons"]),
        allow_deletions=row["allow_deletions"],
        started_at=row["started_at"],
        updated_at=row["updated_at"],
    )
