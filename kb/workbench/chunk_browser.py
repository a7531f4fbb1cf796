"""Every chunk of a document as it is stored, with its page, its place on it and its neighbours.

Reads page by page and never the document. Chunks are numbered from 1, as people count.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from kb.adapters.database import Row, rows, transaction
from kb.documents.boundaries import ChunkArea, draw_chunks
from kb.documents.marks import rectangles_on_page, unpack_boxes
from kb.documents.pdf import UNREADABLE
from kb.errors import ResourceNotFound
from kb.models import Boxes, JsonValue, ParentChunk, Placement
from kb.protocols import ObjectStore

#: Chunks of one page that are shown; a page of a table can have hundreds.
MOST_ON_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChunk:
    """A chunk with all that is stored of it but its vector."""

    chunk_id: str
    #: From 1.
    number: int
    text: str
    tokens: int
    heading_path: tuple[str, ...]
    first_page: int
    last_page: int
    #: Of the first page, as printed.
    page_label: str
    #: As the table's `custom_metadata` has it.
    metadata: Mapping[str, JsonValue]
    placements: tuple[Placement, ...]
    #: What retrieval returns in its place, where the strategy makes parents.
    parent: ParentChunk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPage:
    """A page as it was read, with the chunks on it."""

    page_number: int
    page_label: str
    #: text, empty, skipped or failed.
    outcome: str
    outcome_reason: str | None
    #: At most MOST_ON_PAGE.
    chunks: tuple[StoredChunk, ...]
    has_more: bool
    boxes: Boxes

    def areas(self, chosen: int | None = None) -> tuple[ChunkArea, ...]:
        """Where the chunks stand on the page; `chosen` is the number of one of them."""
        return tuple(
            ChunkArea(
                number=chunk.number,
                rectangles=rectangles_on_page(chunk.placements, self.page_number, self.boxes),
                chosen=chunk.number == chosen,
                goes_on=chunk.first_page < self.page_number,
            )
            for chunk in self.chunks
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReceipt:
    """How many pages came out of reading alike."""

    #: text, empty, skipped or failed.
    outcome: str
    reason: str | None
    pages: int
    first_page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlace:
    """Where a chunk is to be found."""

    key: str
    page_number: int
    number: int


class ChunkBrowser:
    """Looks chunks up."""

    def __init__(self, engine: Engine, store: ObjectStore) -> None:
        self._engine = engine
        self._store = store

    def page(self, document_id: str, page_number: int) -> StoredPage:
        """A page and its chunks; ResourceNotFound when the document has no such page."""
        with transaction(self._engine) as connection:
            place = {"document_id": document_id, "page_number": page_number}
            pages = rows(connection, "catalogue/page_outcome", **place)
            chunks = rows(
                connection, "catalogue/chunks_on_page", **place, row_limit=MOST_ON_PAGE + 1
            )
        if not pages:
            raise ResourceNotFound(
                f"There is no page {page_number} in the knowledge base; choose another one."
            )
        return StoredPage(
            page_number=page_number,
            page_label=pages[0]["page_label"],
            outcome=_outcome(pages[0]),
            outcome_reason=pages[0]["outcome_reason"],
            chunks=_chunks(chunks[:MOST_ON_PAGE]),
            has_more=len(chunks) > MOST_ON_PAGE,
            boxes=unpack_boxes(bytes(pages[0]["boxes"])),
        )

    def chunks(self, document_id: str, first: int, limit: int) -> tuple[StoredChunk, ...]:
        """At most `limit` chunks in order, from the one with the number `first`."""
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "catalogue/chunks_in_order",
                document_id=document_id,
                first_ordinal=first - 1,
                row_limit=limit,
            )
        return _chunks(found)

    def page_of(self, document_id: str, number: int, *, near: int | None = None) -> int | None:
        """The page on which a chunk begins, or `near` where it also stands on that one.

        None when the document has no such chunk.
        """
        found = self.chunks(document_id, number, 1)
        if not found or found[0].number != number:
            return None
        first, last = found[0].first_page, found[0].last_page
        return near if near is not None and first <= near <= last else first

    def find(self, chunk_id: str) -> ChunkPlace:
        """Where the chunk with this id is; ResourceNotFound when there is none."""
        try:
            wanted = str(uuid.UUID(chunk_id))
        except ValueError as error:
            raise ResourceNotFound(f"{chunk_id!r} is no chunk's id; choose a chunk.") from error
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/chunk_place", chunk_id=wanted)
        if not found:
            raise ResourceNotFound(
                "This chunk is no longer in the knowledge base: its document was changed or "
                "removed since."
            )
        row = found[0]
        return ChunkPlace(key=row["key"], page_number=row["first_page"], number=row["ordinal"] + 1)

    def receipts(self, document_id: str) -> tuple[PageReceipt, ...]:
        """What became of the document's pages; empty when it is not synced."""
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/page_receipts", document_id=document_id)
        return tuple(
            PageReceipt(
                outcome=_outcome(row),
                reason=row["outcome_reason"],
                pages=row["pages"],
                first_page=row["first_page"],
            )
            for row in found
        )

    def page_image(
        self, key: str, page_number: int, areas: Sequence[ChunkArea], *, scale: float = 1.6
    ) -> bytes:
        """The page as PNG without its empty margins, with the areas drawn."""
        with self._store.local_copy(key) as path:
            return draw_chunks(path, page_number, areas, scale=scale, trimmed=True)


def _outcome(row: Row) -> str:
    """Pages that are broken are recorded as empty ones."""
    return "failed" if row["outcome_reason"] == UNREADABLE else str(row["outcome"])


def _chunks(found: Iterable[Row]) -> tuple[StoredChunk, ...]:
    return tuple(
        StoredChunk(
            chunk_id=str(row["id"]),
            number=row["ordinal"] + 1,
            text=row["chunks"],
            tokens=row["tokens"],
            heading_path=tuple(row["heading_path"]),
            first_page=row["first_page"],
            last_page=row["last_page"],
            page_label=row["page_label"],
            metadata=row["custom_metadata"] or {},
            placements=tuple(
                Placement(start=start, end=end, page_number=number, page_start=at)
                for start, end, number, at in row["placements"]
            ),
        )
        for row in found
    )
