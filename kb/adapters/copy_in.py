"""COPY BINARY of pages, chunks and vectors: the fast way in. Part of Staging's transactions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.types.json import Jsonb
from sqlalchemy import Connection

from kb import sql
from kb.adapters.database import driver
from kb.documents.marks import pack_boxes
from kb.models import Chunk, JsonValue, Page, ParentChunk, Placement
from kb.retrieval.identifiers import identifiers

#: Bedrock's reserved metadata keys.
SOURCE_URI = "x-amz-bedrock-kb-source-uri"
DATA_SOURCE_ID = "x-amz-bedrock-kb-data-source-id"
CHUNK_ID = "x-amz-bedrock-kb-chunk-id"
PAGE_NUMBER = "x-amz-bedrock-kb-document-page-number"


def pages(connection: Connection, document_id: str, pages: Sequence[Page]) -> None:
    """Write what was read from each page."""
    types = "uuid int4 text float4 float4 text bytea text text"
    with _copy(connection, "ingestion/copy_pages", types) as copy:
        for page in pages:
            place = (uuid.UUID(document_id), page.number, page.label, page.width, page.height)
            content = (page.text, pack_boxes(page.boxes))
            copy.write_row((*place, *content, page.outcome.value, page.outcome_reason))


def chunks(
    connection: Connection,
    document_id: str,
    chunks: Sequence[Chunk],
    ids: Sequence[uuid.UUID],
    hashes: Sequence[bytes],
    labels: Mapping[int, str],
    metadata: Mapping[str, JsonValue],
    *,
    has_page_numbers: bool,
) -> None:
    """Write chunks; `metadata` is what all of them share."""
    types = "uuid int4 uuid text text[] int4 int4 int4 text int4[] bytea text[] jsonb int4"
    with _copy(connection, "ingestion/copy_chunks", types) as copy:
        for chunk, chunk_id, text_sha256 in zip(chunks, ids, hashes, strict=True):
            own: dict[str, JsonValue] = {**metadata, CHUNK_ID: str(chunk_id)}
            if has_page_numbers:
                own[PAGE_NUMBER] = chunk.page_number
            words = "\n".join((*chunk.heading_path, chunk.text))
            copy.write_row(
                (
                    *(uuid.UUID(document_id), chunk.ordinal, chunk_id, chunk.text),
                    *(list(chunk.heading_path), chunk.tokens, *_place(chunk.placements, labels)),
                    *(text_sha256, identifiers(words), Jsonb(own)),
                    chunk.parent.ordinal if chunk.parent else None,
                )
            )


def parents(
    connection: Connection,
    document_id: str,
    parents: Sequence[ParentChunk],
    labels: Mapping[int, str],
) -> None:
    """Write what is returned in place of its chunks."""
    types = "uuid int4 text text[] int4 int4 int4 text int4[]"
    with _copy(connection, "ingestion/copy_parents", types) as copy:
        for parent in parents:
            words = (parent.text, list(parent.heading_path), parent.tokens)
            place = _place(parent.placements, labels)
            copy.write_row((uuid.UUID(document_id), parent.ordinal, *words, *place))


def embeddings(
    connection: Connection, model: str, hashes: Sequence[bytes], vectors: NDArray[np.float32]
) -> None:
    """Write vectors of texts; shape (len(hashes), dimensions)."""
    with _copy(connection, "ingestion/copy_embeddings", "bytea text vector") as copy:
        for text_sha256, vector in zip(hashes, vectors, strict=True):
            copy.write_row((text_sha256, model, vector))


def _place(
    placements: Sequence[Placement], labels: Mapping[int, str]
) -> tuple[int, int, str, list[list[int]]]:
    """First page, last page, label of the first, and rows of (start, end, page, page_start)."""
    first, last = placements[0].page_number, placements[-1].page_number
    found = [[p.start, p.end, p.page_number, p.page_start] for p in placements]
    return first, last, labels[first], found


@contextmanager
def _copy(connection: Connection, name: str, types: str) -> Iterator[psycopg.Copy]:
    """COPY by `sql/<name>.sql`; binary COPY converts nothing, so the types are named."""
    with driver(connection).cursor() as cursor, cursor.copy(sql.script(name)) as copy:
        copy.set_types(types.split())
        yield copy
