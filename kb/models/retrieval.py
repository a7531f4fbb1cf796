"""Nouns of retrieval and answers, in Bedrock's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

JsonValue: TypeAlias = str | int | float | bool | list[str] | None


class SearchType(StrEnum):
    """Bedrock's search types."""

    SEMANTIC = "SEMANTIC"
    HYBRID = "HYBRID"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalResult:
    """A chunk that matched a query, with the place it came from."""

    chunk_id: str
    #: The document's own words.
    text: str
    uri: str
    #: SEMANTIC: cosine similarity, 1.0 is identical. HYBRID: the fused rank, for ordering only.
    score: float
    #: Cosine similarity to the query, whatever the search type.
    similarity: float
    metadata: Mapping[str, JsonValue]
    heading_path: tuple[str, ...] = ()
    #: Physical, 1-based pages on which the chunk begins and ends; None where the format has none.
    page_number: int | None = None
    last_page_number: int | None = None
    page_label: str | None = None
    #: Of a chunk that stands for its parent (HIERARCHICAL chunking): text and pages are the
    #: parent's.
    parent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Characters of a text, `text[start:end]`: the end is exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievedReference:
    """What a part of an answer rests on."""

    result: RetrievalResult
    #: The cited characters of the chunk's text; None when the whole chunk is meant.
    passage: Span | None = None

    @property
    def passage_text(self) -> str:
        """The cited words as they stand in the chunk."""
        if self.passage is None:
            return self.result.text
        return self.result.text[self.passage.start : self.passage.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPart:
    """A run of answer text, as a generator streams it, and what it rests on."""

    text: str
    retrieved_references: tuple[RetrievedReference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A part of an answer and what it rests on."""

    #: Where the part stands in the answer's text.
    span: Span
    text: str
    retrieved_references: tuple[RetrievedReference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveAndGenerateResponse:
    """An answer with its citations, and everything that was retrieved for it."""

    session_id: str
    text: str
    citations: tuple[Citation, ...]
    retrieval_results: tuple[RetrievalResult, ...]
    generation_model: str
    #: False when the knowledge base does not answer the question and the text says so.
    answered: bool = True
    #: Milliseconds per stage, e.g. {"embed": 7.1, "search": 3.2, "generate": 40.0}.
    timings_ms: Mapping[str, float] = field(default_factory=dict)
