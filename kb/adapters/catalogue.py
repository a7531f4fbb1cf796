"""What the workbench remembers of a knowledge base: its model, its data source, its documents."""

from __future__ import annotations

import uuid

import psycopg
from sqlalchemy import Engine

from kb.adapters.database import Row, rows, transaction
from kb.adapters.ingestion_jobs import new_id
from kb.errors import DatabaseError
from kb.models import Document, DocumentStatus, ModelIdentity, ObjectInfo


class Catalogue:
    """DocumentRecords of one data source."""

    def __init__(self, engine: Engine, *, bucket: str, identity: ModelIdentity) -> None:
        """Find the knowledge base of this bucket, or create it for this embedding model.

        The chunks of all buckets are in one table, so the model is that of the first one.
        """
        self._engine = engine
        self._bucket = bucket
        self._identity = identity
        found = self._find() or self._create(self.embedding_model() or identity)
        self.knowledge_base_id: str = found["knowledge_base_id"]
        self.data_source_id: str = found["data_source_id"]

    def embedding_model(self) -> ModelIdentity | None:
        """The model whose vectors the database holds; None before there is a knowledge base."""
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/embedding_models")
        return ModelIdentity(**found[0]) if found else None

    def check_model(self) -> None:
        """Raise DatabaseError when the vectors are of another model than the one in use."""
        stored = self.embedding_model()
        if stored != self._identity:
            raise DatabaseError(
                f"This database holds vectors of {stored}, not of {self._identity}; run "
                "`python -m kb sync --rebuild` to embed everything anew, or go back to that model."
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
                    knowledge_base_id=new_id(),
                    data_source_id=new_id(),
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

    def get_document(self, document_id: str) -> Document | None:
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/get_document", document_id=document_id)
        return self._document(found[0]) if found else None

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
                    "metadata_etag",
                    "size_bytes",
                    "status_reason",
                    "pages",
                    "pages_text",
                    "pages_empty",
                    "pages_skipped",
                    "pages_failed",
                    "chunks",
                    "chunking",
                    "embedding_prefix",
                    "updated_at",
                )
            },
        )


def _is_duplicate(error: DatabaseError) -> bool:
    return isinstance(error.__cause__, psycopg.errors.UniqueViolation)
