"""Numbers of the sources of an answer, by their first mention. Pure.

Two citations of one passage have one number; a citation that leads to no retrieved chunk has none.
"""

from __future__ import annotations

from dataclasses import dataclass

from kb.models import Citation, RetrievalResult, RetrieveAndGenerateResponse, RetrievedReference


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedSource:
    """A cited passage and its number."""

    #: From 1.
    number: int
    reference: RetrievedReference
    #: 1-based place of its chunk among the retrieved ones.
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """The sources of an answer."""

    sources: tuple[NumberedSource, ...]
    #: For each citation the numbers of its sources.
    citations: tuple[tuple[int, ...], ...]
    #: What is cited but was never retrieved.
    unknown: tuple[RetrievedReference, ...]

    def of_chunk(self, chunk_id: str) -> tuple[int, ...]:
        """The numbers of the sources that are passages of this chunk."""
        return tuple(
            source.number for source in self.sources if source.reference.result.chunk_id == chunk_id
        )


def number_sources(response: RetrieveAndGenerateResponse) -> Numbering:
    """Number the sources of an answer."""
    return number_citations(response.citations, response.retrieval_results)


def number_citations(
    citations: tuple[Citation, ...], results: tuple[RetrievalResult, ...]
) -> Numbering:
    """The same for an answer that is still being written."""
    ranks = {result.chunk_id: rank for rank, result in reversed([*enumerate(results, start=1)])}
    sources: dict[tuple[object, ...], NumberedSource] = {}
    unknown: list[RetrievedReference] = []
    numbers = []
    for citation in citations:
        found: dict[int, None] = {}
        for reference in citation.retrieved_references:
            if (rank := ranks.get(reference.result.chunk_id)) is None:
                unknown.append(reference)
                continue
            source = sources.setdefault(
                _key(reference),
                NumberedSource(number=len(sources) + 1, reference=reference, rank=rank),
            )
            found[source.number] = None
        numbers.append(tuple(found))
    return Numbering(
        sources=tuple(sources.values()), citations=tuple(numbers), unknown=tuple(unknown)
    )


def _key(reference: RetrievedReference) -> tuple[object, ...]:
    passage = reference.passage
    return (reference.result.chunk_id, passage and (passage.start, passage.end))
