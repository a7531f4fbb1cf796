"""The evidence of an answer, found out when it is given and kept: versions, places, quote check.

Cited pages are kept as they were drawn, so that they can be seen when the document has gone.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from kb.adapters.database import Row, rows, transaction
from kb.documents.drawing import DrawnPage, draw_trimmed, from_png, render_page, to_png
from kb.documents.marks import PageGeometry, marks, unpack_boxes
from kb.documents.parsers import has_page_images
from kb.errors import KbError, ResourceNotFound
from kb.generation.conversations import source_state
from kb.generation.numbering import NumberedSource, number_sources
from kb.generation.quotes import StoredText, check_quotes
from kb.models import (
    CitedPlace,
    PageMark,
    Placement,
    Proof,
    Rectangle,
    RetrievalResult,
    RetrieveAndGenerateResponse,
    SourceState,
    SourceVersion,
    Span,
)
from kb.protocols import ObjectStore

#: Pixels per point of a drawn page.
SCALE = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What the database holds of a retrieved chunk."""

    row: Row
    placements: tuple[Placement, ...]


class Proofs:
    """Finds out, and shows again, what an answer rests on."""

    def __init__(self, engine: Engine, store: ObjectStore) -> None:
        self._engine = engine
        self._store = store

    def prove(self, response: RetrieveAndGenerateResponse) -> Proof:
        """Versions of all retrieved chunks, places and check of the cited ones."""
        numbered = number_sources(response).sources
        with transaction(self._engine) as connection:
            stored = _stored(connection, response.retrieval_results)
            cited = [
                stored[source.reference.result.chunk_id]
                for source in numbered
                if source.reference.result.chunk_id in stored
            ]
            pages = _pages(connection, cited)
        return Proof(
            sources=tuple(_version(result, stored) for result in response.retrieval_results),
            places=tuple(_place(source, stored, pages) for source in numbered),
            check=check_quotes(
                response, {name: _stored_text(found, pages) for name, found in stored.items()}
            ),
        )

    def versions(self, results: Sequence[RetrievalResult]) -> tuple[SourceVersion, ...]:
        """The versions of retrieved chunks as they are now."""
        with transaction(self._engine) as connection:
            stored = _stored(connection, results)
        return tuple(_version(result, stored) for result in results)

    def states(self, sources: Iterable[SourceVersion]) -> dict[SourceVersion, SourceState]:
        """What has become of each source since."""
        wanted = [source for source in dict.fromkeys(sources) if _is_uuid(source.chunk_id)]
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "conversations/source_states",
                chunk_ids=[source.chunk_id for source in wanted],
                document_ids=[source.document_id for source in wanted],
            )
        return {
            source: source_state(
                source,
                has_document=row["has_document"],
                etag=row["etag"],
                text_sha256=row["text_sha256"],
            )
            for source, row in zip(wanted, found, strict=True)
        }

    def freeze_pages(self, proof: Proof, numbered: Sequence[NumberedSource]) -> None:
        """Draw and keep the cited pages, as far as their documents still are what they were."""
        versions = {source.chunk_id: source for source in proof.sources}
        places = {place.number: place for place in proof.places}
        for source in numbered:
            version = versions.get(source.reference.result.chunk_id)
            for mark in places[source.number].marks if source.number in places else ():
                if version and self._frozen(version, mark.page_number) is None:
                    self._freeze(version, mark.page_number)

    def page_image(
        self, source: SourceVersion, page_number: int, rectangles: Sequence[Rectangle]
    ) -> DrawnPage:
        """A page of the version that was cited, without margins, the rectangles marked.

        Raises ResourceNotFound when that version is gone and the page was not kept.
        """
        if frozen := self._frozen(source, page_number):
            return draw_trimmed(from_png(bytes(frozen["png"])), rectangles, scale=frozen["scale"])
        key = self._current(source)
        with self._store.local_copy(key) as path:
            pixels, scale = render_page(path, page_number, SCALE)
        return draw_trimmed(pixels, rectangles, scale=scale)

    def can_open(self, source: SourceVersion) -> bool:
        """Whether the bucket still has the version that was cited."""
        try:
            self._current(source)
        except KbError:
            return False
        return True

    def _freeze(self, source: SourceVersion, page_number: int) -> None:
        try:
            key = self._current(source)
            with self._store.local_copy(key) as path:
                pixels, scale = render_page(path, page_number, SCALE)
        except KbError:
            # It has just gone: there is nothing to keep, and whoever looks is told so.
            return
        with transaction(self._engine) as connection:
            rows(
                connection,
                "conversations/freeze_page",
                document_id=source.document_id,
                etag=source.etag,
                page_number=page_number,
                scale=scale,
                png=to_png(pixels),
            )

    def _frozen(self, source: SourceVersion, page_number: int) -> Row | None:
        if source.document_id is None or source.etag is None:
            return None
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "conversations/frozen_page",
                document_id=source.document_id,
                etag=source.etag,
                page_number=page_number,
            )
        return found[0] if found else None

    def _current(self, source: SourceVersion) -> str:
        """The source's key, if the bucket's object is the version that was cited."""
        key = source.key
        if key is None or source.etag is None:
            raise ResourceNotFound("Which document this chunk is of is not known.")
        if not has_page_images(key):
            raise ResourceNotFound("Documents of this format have no pages to be drawn.")
        info = self._store.head(key)
        if info is None:
            raise ResourceNotFound(f"'{key}' was removed since, so its page can not be drawn.")
        if info.etag != source.etag:
            raise ResourceNotFound(
                f"'{key}' was changed since; the page of the cited version was not kept."
            )
        return key


_Pages = Mapping[tuple[str, int], Row]


def _stored(connection: Connection, results: Sequence[RetrievalResult]) -> dict[str, _Stored]:
    chunk_ids = [result.chunk_id for result in results if _is_uuid(result.chunk_id)]
    found = rows(connection, "conversations/source_versions", chunk_ids=chunk_ids)
    return {
        str(row["id"]): _Stored(
            row=row,
            placements=tuple(
                Placement(start=start, end=end, page_number=number, page_start=at)
                for start, end, number, at in row["placements"] or ()
            ),
        )
        for row in found
    }


def _pages(connection: Connection, cited: Sequence[_Stored]) -> _Pages:
    wanted = {
        (str(found.row["document_id"]), run.page_number)
        for found in cited
        for run in found.placements
    }
    return {
        (str(row["document_id"]), row["page_number"]): row
        for row in rows(
            connection,
            "conversations/page_texts",
            document_ids=[document_id for document_id, _ in wanted],
            page_numbers=[number for _, number in wanted],
        )
    }


def _version(result: RetrievalResult, stored: Mapping[str, _Stored]) -> SourceVersion:
    found = stored.get(result.chunk_id)
    document_id = found.row["document_id"] if found else None
    return SourceVersion(
        chunk_id=result.chunk_id,
        text_sha256=hashlib.sha256(result.text.encode()).hexdigest(),
        document_id=str(document_id) if document_id else None,
        key=found.row["key"] if found else None,
        etag=found.row["etag"] if found else None,
    )


def _place(source: NumberedSource, stored: Mapping[str, _Stored], pages: _Pages) -> CitedPlace:
    return CitedPlace(number=source.number, marks=_marks(source, stored, pages))


def _marks(
    source: NumberedSource, stored: Mapping[str, _Stored], pages: _Pages
) -> tuple[PageMark, ...]:
    found = stored.get(source.reference.result.chunk_id)
    if found is None:
        return ()
    passage = source.reference.passage or Span(start=0, end=len(source.reference.result.text))
    document_id = str(found.row["document_id"])
    geometry = {
        number: PageGeometry(label=row["page_label"], boxes=unpack_boxes(bytes(row["boxes"])))
        for (owner, number), row in pages.items()
        if owner == document_id
    }
    known = [run for run in found.placements if run.page_number in geometry]
    return marks(known, passage, geometry)


def _stored_text(found: _Stored, pages: _Pages) -> StoredText:
    document_id = str(found.row["document_id"])
    return StoredText(
        text=found.row["text"],
        placements=found.placements,
        pages={
            number: row["text"] for (owner, number), row in pages.items() if owner == document_id
        },
    )


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
