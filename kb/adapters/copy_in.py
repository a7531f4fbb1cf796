"""COPY BINARY of pages, chunks and vectors: the fast way in. Part of Staging's transactions.

Rows are packed first, by functions that touch no database, and then copied in one piece.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from kb import sql
from kb.adapters import binary_rows as binary
from kb.adapters.database import driver
from kb.documents.marks import pack_boxes
from kb.models import ChunkEmbeddings, JsonValue, Page, ParentChunk, Placement
from kb.models.staging import StagedWindow

#: Bedrock's reserved metadata keys.
SOURCE_URI = "x-amz-bedrock-kb-source-uri"
DATA_SOURCE_ID = "x-amz-bedrock-kb-data-source-id"
CHUNK_ID = "x-amz-bedrock-kb-chunk-id"
PAGE_NUMBER = "x-amz-bedrock-kb-document-page-number"
#: Bytes that are handed to the driver at a time.
BLOCK_BYTES = 1 << 16


def pages(document_id: str, pages: Iterable[Page]) -> bytes:
    """Rows of what was read from each page."""
    owner = uuid.UUID(document_id).bytes
    return b"".join(
        binary.row(
            *(owner, binary.int4(page.number), binary.text(page.label)),
            *(binary.float4(page.width), binary.float4(page.height)),
            *(binary.text(page.text), pack_boxes(page.boxes)),
            *(binary.text(page.outcome.value), binary.text(page.outcome_reason)),
        )
        for page in pages
    )


def chunks(
    document_id: str, window: StagedWindow, shared_metadata: Mapping[str, JsonValue]
) -> bytes:
    """Rows of a window's chunks; `shared_metadata` is what all of them have."""
    owner = uuid.UUID(document_id).bytes
    packed = []
    for chunk, text_sha256, nth, names in zip(
        window.chunks, window.hashes, window.occurrences, window.identifiers, strict=True
    ):
        chunk_id = _chunk_id(document_id, text_sha256, nth)
        own: dict[str, JsonValue] = {**shared_metadata, CHUNK_ID: str(chunk_id)}
        if window.has_page_numbers:
            own[PAGE_NUMBER] = chunk.page_number
        packed.append(
            binary.row(
                *(owner, binary.int4(chunk.ordinal), chunk_id.bytes, chunk.text.encode()),
                *(binary.text_array(chunk.heading_path), binary.int4(chunk.tokens)),
                *_place(chunk.placements, window.labels),
                *(text_sha256, binary.text_array(names), binary.jsonb(own)),
                binary.int4(chunk.parent.ordinal if chunk.parent else None),
            )
        )
    return b"".join(packed)


def parents(document_id: str, parents: Iterable[ParentChunk], labels: Mapping[int, str]) -> bytes:
    """Rows of what is returned in place of its chunks."""
    owner = uuid.UUID(document_id).bytes
    return b"".join(
        binary.row(
            *(owner, binary.int4(parent.ordinal), parent.text.encode()),
            *(binary.text_array(parent.heading_path), binary.int4(parent.tokens)),
            *_place(parent.placements, labels),
        )
        for parent in parents
    )


def copy_embeddings(
    connection: Connection, model: str, hashes: Sequence[bytes], embeddings: ChunkEmbeddings
) -> None:
    """COPY the vectors of texts and, where there are any, those of their tokens."""
    copy(connection, "copy_embeddings", binary.vectors(hashes, model, embeddings.vectors))
    bits = zip(hashes, embeddings.token_bits or (), strict=False)
    packed = b"".join(binary.row(key, model.encode(), tokens) for key, tokens in bits)
    copy(connection, "copy_token_bits", packed)


def copy(connection: Connection, name: str, packed: bytes) -> None:
    """COPY rows by `sql/ingestion/<name>.sql`; nothing happens when there are none."""
    if not packed:
        return
    with driver(connection).cursor() as cursor, cursor.copy(sql.script(f"ingestion/{name}")) as to:
        to.write(binary.HEADER)
        for at in range(0, len(packed), BLOCK_BYTES):
            to.write(packed[at : at + BLOCK_BYTES])
        to.write(binary.TRAILER)


def _chunk_id(document_id: str, text_sha256: bytes, nth: int) -> uuid.UUID:
    """The same text of the same document always has the same id, wherever it moves to."""
    return uuid.uuid5(uuid.UUID(document_id), f"{text_sha256.hex()}:{nth}")


def _place(
    placements: Sequence[Placement], labels: Mapping[int, str]
) -> tuple[bytes | None, bytes | None, bytes, bytes]:
    """First page, last page, label of the first, and rows of (start, end, page, page_start)."""
    first, last = placements[0].page_number, placements[-1].page_number
    found = [(p.start, p.end, p.page_number, p.page_start) for p in placements]
    return binary.int4(first), binary.int4(last), labels[first].encode(), binary.int4_table(found)
