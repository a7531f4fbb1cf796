"""Nouns of documents on their way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kb.models.documents import Chunk, Page, ParentChunk
from kb.models.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedDocument:
    """How much of a document has been read and cut."""

    #: What it was made from: etag, chunking strategy, embedded metadata, model.
    version: str
    pages: int
    chunks: int
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedWindow:
    """Some pages and chunks of a document, in order, with what their rows need."""

    version: str
    pages: tuple[Page, ...]
    chunks: tuple[Chunk, ...]
    #: Those that begin in this window.
    parents: tuple[ParentChunk, ...]
    #: sha256 of what is embedded for each chunk, and how many chunks before it have the same.
    hashes: tuple[bytes, ...]
    occurrences: tuple[int, ...]
    #: Identifiers such as pg_stat_io in each chunk and its headings.
    identifiers: tuple[tuple[str, ...], ...]
    #: Page labels by page number.
    labels: Mapping[int, str]
    #: The document's metadata.
    attributes: Mapping[str, JsonValue]
    has_page_numbers: bool
    #: In all windows so far.
    pages_read: int
    chunks_made: int
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedText:
    """A staged chunk and whether there is a vector for it; if there is, its text is left out."""

    ordinal: int
    text_sha256: bytes
    text: str
    heading_path: tuple[str, ...]
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """What a document's row says of the version that is being published."""

    etag: str
    metadata_etag: str | None
    size_bytes: int
    chunking: str
    embedding_prefix: str
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildText:
    """A text of the knowledge base that has no vector of the new model yet."""

    text_sha256: bytes
    text: str
    heading_path: tuple[str, ...]
    #: What of its document's metadata is embedded in front of it.
    embedding_prefix: str
