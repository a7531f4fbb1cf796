"""Nouns of documents: objects in a bucket, their pages, and the chunks cut from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kb.models.values import JsonValue

#: One row per character of a page's text: left, top, right, bottom in points, origin at the
#: top left corner of the page as it is displayed. Characters without ink have no width.
Boxes: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What a bucket says about one object, without reading it."""

    key: str
    size_bytes: int
    #: Changes when the bytes change; never parsed.
    etag: str
    last_modified: datetime
    #: Of the metadata file beside it, if there is one.
    metadata_etag: str | None = None


class DocumentStatus(StrEnum):
    """Bedrock's statuses of a document, as far as a self-managed knowledge base has them."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    INDEXED = "INDEXED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An object of the data source and what became of it."""

    document_id: str
    key: str
    #: Always `s3://bucket/key`, also when the bucket is a folder.
    uri: str
    etag: str
    size_bytes: int
    status: DocumentStatus
    #: Why it FAILED; one sentence.
    status_reason: str | None
    #: Each page is one of text, empty, skipped and failed.
    pages: int
    chunks: int
    updated_at: datetime
    pages_text: int = 0
    pages_empty: int = 0
    pages_skipped: int = 0
    pages_failed: int = 0
    #: Of the version that is published.
    metadata_etag: str | None = None
    #: Short form of the strategy that cut it, e.g. "DEFAULT:300"; None before it is published.
    chunking: str | None = None
    #: What of its metadata is embedded in front of each chunk.
    embedding_prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentMetadata:
    """What a metadata file says of its document."""

    #: By name; text, number, true or false, or a list of texts.
    attributes: Mapping[str, JsonValue]
    #: Names of the attributes that are embedded with the document's text, in the file's order.
    included_for_embedding: tuple[str, ...] = ()


class PageOutcome(StrEnum):
    """What reading a page gave."""

    TEXT = "text"
    EMPTY = "empty"
    SKIPPED = "skipped"
    #: It could not be read; the others were.
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionStart:
    """A place in a page's text where a new outline entry begins."""

    offset: int
    #: Titles from the outermost to this one, e.g. ("28. Monitoring", "28.2.13. pg_stat_io").
    heading_path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Page:
    """One page of a document: its text in reading order and where each character stands."""

    #: Physical, 1-based.
    number: int
    #: As printed or labelled, e.g. "xxxiv" or "820".
    label: str
    #: Points, as displayed (after rotation).
    width: float
    height: float
    text: str
    #: As long as `text`; of length 0 where the format has no geometry.
    boxes: Boxes
    #: Sections that begin on this page, by offset. Text before the first continues the last page's.
    sections: tuple[SectionStart, ...] = ()
    outcome: PageOutcome = PageOutcome.TEXT
    #: Why the page is empty or skipped, e.g. "contents list".
    outcome_reason: str | None = None
    #: What stands between this text and the next page's: a space where a sentence goes on, nothing
    #: within a word (a soft hyphen at the end of the text is then none of its letters).
    joint: str = "\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A run of a chunk's characters that stands unbroken in one page's text."""

    #: Offsets in the chunk's text; end is exclusive.
    start: int
    end: int
    page_number: int
    #: Offset in the page's text at which the run begins.
    page_start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentChunk:
    """A large piece of a document that is returned for the small ones within it."""

    #: 0-based place among the document's parents.
    ordinal: int
    text: str
    heading_path: tuple[str, ...]
    tokens: int
    placements: tuple[Placement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a document that is embedded, retrieved and cited as one."""

    #: 0-based place in the document.
    ordinal: int
    #: The document's own words, without added headings.
    text: str
    heading_path: tuple[str, ...]
    #: Length in the embedding model's own tokens, without heading.
    tokens: int
    #: In order; characters between two placements (a joining space at a page break) have no place.
    placements: tuple[Placement, ...] = field(default=())
    #: What is returned in its place; children of one parent share it.
    parent: ParentChunk | None = None

    @property
    def page_number(self) -> int:
        """The physical page on which the chunk begins."""
        return self.placements[0].page_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """An area of a displayed page, in points from its top left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMark:
    """The areas that a passage covers on one page."""

    page_number: int
    page_label: str
    rectangles: tuple[Rectangle, ...]
