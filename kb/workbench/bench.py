"""The open workbench: its rooms, and where it is."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from kb.adapters.catalogue import Catalogue
from kb.adapters.database import (
    check_versions,
    masked_url,
    rows,
    transaction,
)
from kb.errors import KbError
from kb.models import ModelIdentity
from kb.protocols import Embedder
from kb.retrieval.suggestions import suggested_questions
from kb.settings import Settings
from kb.workbench.answering import Answering
from kb.workbench.chunk_browser import ChunkBrowser
from kb.workbench.chunking import Chunking
from kb.workbench.conversations import Conversations
from kb.workbench.data_source import DataSource
from kb.workbench.evaluation import Evaluation
from kb.workbench.evidence import Evidence
from kb.workbench.explanation import Explanations
from kb.workbench.index_tuning import IndexTuning
from kb.workbench.knowledge_base import KnowledgeBase
from kb.workbench.proofs import Proofs
from kb.workbench.sql_embeddings import SqlEmbeddings
from kb.workbench.worker import Worker

#: Chunks whose headings are looked at for suggested questions.
SUGGESTION_SAMPLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where the workbench is, and how much it holds."""

    #: For psql; the owner's on the embedded server, with its password masked elsewhere.
    database_url: str
    embedded: bool
    postgres_version: str
    pgvector_version: str
    data_source: str
    embedding_model: ModelIdentity
    generation_model: str
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """An open workbench; it may be shared by threads."""

    settings: Settings
    data_source: DataSource
    knowledge_base: KnowledgeBase
    answering: Answering
    conversations: Conversations
    proofs: Proofs
    evidence: Evidence
    explanations: Explanations
    evaluation: Evaluation
    chunking: Chunking
    chunk_browser: ChunkBrowser
    index_tuning: IndexTuning
    sql_embeddings: SqlEmbeddings
    worker: Worker
    _engine: Any
    _reading: Any
    _catalogue: Catalogue
    _embedder: Embedder

    def status(self) -> Status:
        """Versions and counts, read now."""
        with transaction(self._engine) as connection:
            versions = check_versions(connection)
        documents, chunks = self._catalogue.count()
        return Status(
            database_url=masked_url(self._engine),
            embedded=self.settings.uses_embedded_server,
            postgres_version=versions["postgres_version"].split()[0],
            pgvector_version=versions["pgvector_version"],
            data_source=self.data_source.uri,
            embedding_model=self._embedder.identity,
            generation_model=self.knowledge_base.generation_models[0],
            documents=documents,
            chunks=chunks,
        )

    def suggested_questions(self) -> list[str]:
        """A few questions that the loaded documents can be asked."""
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/headings", row_limit=SUGGESTION_SAMPLE)
        return suggested_questions(row["heading_path"] for row in found)

    def warm_up(self) -> None:
        """Load the local model in the background, so that the first question does not wait."""
        if self.settings.embeds_locally:
            threading.Thread(target=self._load_model, daemon=True).start()

    def _load_model(self) -> None:
        # A question that can not be embedded says why to whoever asks it.
        with suppress(KbError):
            self._embedder.embed_query("warm up")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.close()

    def close(self) -> None:
        """Keep what is being answered and give the connections back; servers and workers go on."""
        self.answering.close()
        self._engine.dispose()
        self._reading.dispose()
