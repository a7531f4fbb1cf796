"""COPY BINARY of pages and chunks: the fast way in. Part of PgvectorStore's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Connection

from kb import sql
from kb.adapters.database import driver, rows
from kb.documents.marks import pack_boxes
from kb.models import Chunk, Page
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
    pages: Sequence[Page],
    chunks: Sequence[Chunk],
    hashes: Sequence[bytes],
    vectors: NDArray[np.float32],
    metadata: Mapping[str, str],
) -> None:
    """Write chunks to Bedrock's table and their bookkeeping beside it."""
    ids = [_chunk_id(document_id, chunk, h) for chunk, h in zip(chunks, hashes, strict=True)]
    # As Bedrock does: a page number is for formats that are made of pages.
    paged = any(len(page.boxes) for page in pages)
    with _copy(connection, "ingestion/copy_chunks", "uuid vector text json jsonb") as copy:
        for chunk_id, chunk, vector in zip(ids, chunks, vectors, strict=True):
            own: dict[str, str | int] = {**metadata, CHUNK_ID: str(chunk_id)}
            if paged:
                own[PAGE_NUMBER] = chunk.page_number
            copy.write_row((chunk_id, vector, chunk.text, Json(own), Jsonb(own)))
    _bookkeeping(connection, document_id, ids, chunks, hashes, {p.number: p.label for p in pages})


def _bookkeeping(
    connection: Connection,
    document_id: str,
    ids: Sequence[uuid.UUID],
    chunks: Sequence[Chunk],
    hashes: Sequence[bytes],
    labels: Mapping[int, str],
) -> None:
    # By way of a temporary table, since COPY can not compute the lexemes.
    rows(connection, "ingestion/create_incoming_chunks")
    types = "uuid int4 text[] int4 int4 int4 text int4[] bytea text text[]"
    with _copy(connection, "ingestion/copy_incoming_chunks", types) as copy:
        for chunk_id, chunk, text_sha256 in zip(ids, chunks, hashes, strict=True):
            words = "\n".join((*chunk.heading_path, chunk.text))
            place = (chunk.page_number, chunk.placements[-1].page_number, labels[chunk.page_number])
            copy.write_row(
                (
                    *(chunk_id, chunk.ordinal, list(chunk.heading_path), chunk.tokens, *place),
                    *(_placements(chunk), text_sha256, words, identifiers(words)),
                )
            )
    rows(connection, "ingestion/insert_chunks", document_id=document_id)


def _chunk_id(document_id: str, chunk: Chunk, text_sha256: bytes) -> uuid.UUID:
    """The same chunk of the same document always has the same id."""
    return uuid.uuid5(uuid.UUID(document_id), f"{chunk.ordinal}:{text_sha256.hex()}")


def _placements(chunk: Chunk) -> list[list[int]]:
    return [[p.start, p.end, p.page_number, p.page_start] for p in chunk.placements]


@contextmanager
def _copy(connection: Connection, name: str, types: str) -> Iterator[psycopg.Copy]:
    """COPY by `sql/<name>.sql`; binary COPY converts nothing, so the types are named."""
    with driver(connection).cursor() as cursor, cursor.copy(sql.script(name)) as copy:
        copy.set_types(types.split())
        yield copy
