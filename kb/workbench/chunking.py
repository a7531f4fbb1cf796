"""The chunking strategy of the data source: the choice that is stored, and a try before it."""

from __future__ import annotations

from sqlalchemy import Engine

from kb.adapters.database import rows, transaction
from kb.adapters.minilm import MAX_TOKENS
from kb.documents.chunking_configuration import from_setting, to_setting
from kb.documents.parsers import page_count
from kb.documents.strategy_preview import StrategyPreview, try_strategy
from kb.errors import ValidationError
from kb.models.chunking import ChunkingStrategy, HierarchicalChunking, largest_chunk
from kb.protocols import Embedder, ObjectStore

#: Of the embedding model's window, what the headings in front of a chunk may take.
HEADING_TOKENS = 112


class Chunking:
    """Reads, stores and tries strategies; it cuts no document itself."""

    def __init__(
        self,
        engine: Engine,
        store: ObjectStore,
        embedder: Embedder,
        *,
        data_source_id: str,
        window_tokens: int = MAX_TOKENS,
        dollars_per_million_tokens: float = 0.0,
    ) -> None:
        """`window_tokens` is what the embedding model reads of a text, headings included."""
        self._engine = engine
        self._store = store
        self._embedder = embedder
        self._data_source_id = data_source_id
        self._window_tokens = window_tokens
        self._dollars = dollars_per_million_tokens

    @property
    def most_tokens(self) -> int:
        """Tokens of the largest chunk that the embedding model reads whole."""
        return self._window_tokens - HEADING_TOKENS

    def strategy(self) -> ChunkingStrategy:
        """What the next ingestion job cuts by."""
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/get_chunking", data_source_id=self._data_source_id)
        return from_setting(found[0]["chunking"])

    def set_strategy(self, strategy: ChunkingStrategy) -> None:
        """Store the choice; the next ingestion job cuts all documents anew.

        Raises ValidationError when the embedding model would not read the chunks whole.
        """
        self.check(strategy)
        with transaction(self._engine) as connection:
            rows(
                connection,
                "catalogue/set_chunking",
                data_source_id=self._data_source_id,
                chunking=to_setting(strategy),
            )

    def check(self, strategy: ChunkingStrategy) -> None:
        """Raise ValidationError for chunks that are larger than the embedding model reads.

        NONE passes: how long a document is shows only when it is read.
        """
        tokens = largest_chunk(strategy)
        if tokens is not None and tokens > self.most_tokens:
            name = (
                "child max_tokens" if isinstance(strategy, HierarchicalChunking) else "max_tokens"
            )
            raise ValidationError(
                f"{name} {tokens:,} is more than {self._embedder.identity.model} reads: its window "
                f"has {self._window_tokens} tokens, headings included; use at most "
                f"{self.most_tokens}."
            )

    def preview(
        self,
        key: str,
        strategy: ChunkingStrategy,
        page_number: int = 1,
        *,
        known_pages: int | None = None,
    ) -> StrategyPreview:
        """What the strategy would make of the pages around one of a document in the bucket.

        `known_pages` is how many pages the document is known to have; of a PDF that is seen.
        Raises ResourceNotFound when there is no such document or page, DocumentError when it can
        not be read.
        """
        with self._store.local_copy(key) as path:
            return try_strategy(
                path,
                key,
                strategy,
                self._embedder,
                page_number=page_number,
                known_pages=known_pages,
                dollars_per_million_tokens=self._dollars,
            )

    def page_count(self, key: str) -> int:
        """How many pages a document in the bucket has, as far as that shows without reading it."""
        with self._store.local_copy(key) as path:
            return page_count(path, key)

    def too_long(self, preview: StrategyPreview) -> str | None:
        """Why the document would fail as one chunk, or None; said of NONE alone."""
        tokens = preview.document_tokens or preview.counts.max_tokens
        if largest_chunk(preview.strategy) is not None or tokens <= self._window_tokens:
            return None
        return (
            f"As one chunk this document has about {tokens:,} tokens, and "
            f"{self._embedder.identity.model} reads {self._window_tokens}: it would fail. Choose "
            "another strategy, or split the document."
        )
