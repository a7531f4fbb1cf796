"""The proof of a citation: the page it names, drawn, with exactly the cited passage marked."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from kb.adapters.database import rows, transaction
from kb.documents.drawing import draw_page
from kb.documents.marks import PageGeometry, marks, unpack_boxes
from kb.errors import ResourceNotFound
from kb.models import PageMark, Placement, Rectangle, RetrievedReference, Span
from kb.protocols import ObjectStore

#: How long the link to a cited document opens it.
LINK_SECONDS = 3600


class Evidence:
    """Finds and draws cited passages."""

    def __init__(self, engine: Engine, store: ObjectStore) -> None:
        self._engine = engine
        self._store = store

    def marks(self, reference: RetrievedReference) -> tuple[PageMark, ...]:
        """Where the cited passage stands; empty for documents without pages."""
        passage = reference.passage or Span(start=0, end=len(reference.result.text))
        with transaction(self._engine) as connection:
            found = rows(
                connection, "catalogue/chunk_placements", chunk_id=reference.result.chunk_id
            )
            if not found:
                raise ResourceNotFound(
                    "The cited chunk is no longer in the knowledge base: its document was changed "
                    "or removed since."
                )
            placements = [_placement(row) for row in found[0]["placements"]]
            pages = rows(
                connection,
                "catalogue/page_geometry",
                document_id=found[0]["document_id"],
                page_numbers=[p.page_number for p in placements],
            )
        geometry = {
            row["page_number"]: PageGeometry(
                label=row["page_label"], boxes=unpack_boxes(bytes(row["boxes"]))
            )
            for row in pages
        }
        return marks(placements, passage, geometry)

    def key(self, uri: str) -> str | None:
        """The key of a document by its URI; None when it is not in this bucket."""
        base = self._store.uri("")
        return uri.removeprefix(base) if uri.startswith(base) else None

    def document_url(self, uri: str, page_number: int | None = None) -> str | None:
        """A link that opens the document, at a page where browsers can, for an hour.

        None where documents have no addresses, as in a folder.
        """
        key = self.key(uri)
        url = self._store.url(key, expires_seconds=LINK_SECONDS) if key else None
        return f"{url}#page={page_number}" if url and page_number else url

    def page_image(
        self, key: str, page_number: int, rectangles: Sequence[Rectangle], *, scale: float = 1.6
    ) -> bytes:
        """The page as PNG with the rectangles marked; `scale` is pixels per point."""
        with self._store.local_copy(key) as path:
            return draw_page(path, page_number, rectangles, scale=scale)


def _placement(row: Sequence[int]) -> Placement:
    start, end, page_number, page_start = row
    return Placement(start=start, end=end, page_number=page_number, page_start=page_start)
