"""Nouns of retrieval, in Bedrock's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kb.models.filters import Filter
from kb.models.values import JsonValue

#: As a `reranking_model`: leave the candidates as the search ranked them.
NO_RERANKING = "none"


class SearchType(StrEnum):
    """Bedrock's search types."""

    SEMANTIC = "SEMANTIC"
    HYBRID = "HYBRID"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalConfiguration:
    """How to look for chunks: Bedrock's vectorSearchConfiguration."""

    search_type: SearchType = SearchType.HYBRID
    #: Bedrock's 1 to 100.
    number_of_results: int = 5
    #: Which chunks may take part at all; None for all.
    filter: Filter | None = None
    #: Name of the reranker that sorts the candidates once more, NO_RERANKING for none; None for
    #: the knowledge base's own choice.
    reranking_model: str | None = None
    #: Whether a question of several parts is searched part by part.
    query_decomposition: bool = False


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
    #: 1-based place in each ranking that knew it, e.g. {"semantic": 3, "lexical": 1}.
    ranks: Mapping[str, int] = field(default_factory=dict)
    #: Share of the question's terms that it holds, each as heavy as it is rare; HYBRID only.
    coverage: float | None = None
    #: 0-based place among the chunks of its document, where that is known.
    ordinal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """Results, best first, and how they were found."""

    results: tuple[RetrievalResult, ...]
    #: Milliseconds per stage, e.g. {"embed": 7.1, "search": 3.2}.
    timings_ms: Mapping[str, float]
    #: What was searched for, when it is not the question as it was typed.
    queries: tuple[str, ...] = ()
    #: All candidates of the rankings, results included, best first.
    candidates: tuple[RetrievalResult, ...] = ()
    #: The reranker that sorted them; None for none.
    reranking_model: str | None = None
