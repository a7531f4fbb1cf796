"""Vectors of tokens are stored with those of the texts, and with nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from kb.adapters.staging import Staging
from kb.models import ChunkEmbeddings
from tests.ingestion.ingesting import HashEmbedder, Ingester, guide

pytestmark = pytest.mark.database

WITHOUT = """
SELECT count(*) FROM workbench.chunk c
WHERE NOT EXISTS (SELECT FROM workbench.token_bits t WHERE t.text_sha256 = c.text_sha256)
"""
STORED = "SELECT count(*) FROM workbench.token_bits"


class TokenEmbedder(HashEmbedder):
    """An Embedder that tells token vectors: here the text's own bytes."""

    has_token_bits = True

    def embed_chunks(self, texts: Sequence[str]) -> ChunkEmbeddings:
        vectors = self.embed_documents(texts)
        return ChunkEmbeddings(vectors=vectors, token_bits=tuple(t.encode() for t in texts))


@pytest.fixture
def telling(ingester: Ingester) -> Ingester:
    """Whose staging area expects token vectors."""
    staging = Staging(
        ingester.engine,
        bucket="kb",
        data_source_id=ingester.knowledge.catalogue.data_source_id,
        identity=ingester.identity,
        token_bits=True,
    )
    ingester.knowledge = replace(ingester.knowledge, staging=staging)
    return ingester


def count(ingester: Ingester, statement: str) -> int:
    with ingester.engine.connect() as connection:
        return int(connection.execute(text(statement)).scalar_one())


def test_every_chunk_has_its_tokens_after_a_sync(telling: Ingester) -> None:
    telling.upload()
    telling.sync(TokenEmbedder())
    assert telling.texts()
    assert count(telling, WITHOUT) == 0


def test_a_text_that_leaves_takes_its_tokens_with_it(telling: Ingester) -> None:
    telling.upload()
    telling.sync(TokenEmbedder())
    telling.bucket.delete("guide.md")
    telling.sync(TokenEmbedder())
    assert count(telling, STORED) == 0


def test_an_unchanged_document_is_not_embedded_again(telling: Ingester) -> None:
    telling.upload()
    telling.sync(TokenEmbedder())
    stored, again = count(telling, STORED), TokenEmbedder()
    telling.sync(again)
    assert again.texts == []
    assert count(telling, STORED) == stored


def test_a_document_that_was_embedded_without_tokens_gets_them(telling: Ingester) -> None:
    telling.upload()
    telling.sync(TokenEmbedder())
    with telling.engine.begin() as connection:
        # As migration 007 leaves what earlier versions stored.
        connection.execute(text("DELETE FROM workbench.token_bits"))
        connection.execute(text("UPDATE workbench.document SET chunking = NULL"))
    before = telling.texts()
    telling.sync(TokenEmbedder())
    assert telling.texts() == before
    assert count(telling, WITHOUT) == 0


def test_a_model_that_tells_no_tokens_stores_none(ingester: Ingester) -> None:
    ingester.upload(content=guide())
    ingester.sync(HashEmbedder())
    assert count(ingester, STORED) == 0
