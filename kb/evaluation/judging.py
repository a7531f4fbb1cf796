"""What came of one question: ranks, support, citations, and where the right page was lost. Pure."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from math import log2

from kb.generation.units import units
from kb.model_names import EXTRACTIVE
from kb.models import (
    Citation,
    Retrieval,
    RetrievalResult,
    RetrieveAndGenerateResponse,
    RetrievedReference,
    Span,
)
from kb.models.evaluation import (
    DEPTH,
    CitationOutcome,
    LostStage,
    Question,
    QuestionOutcome,
    RankedResult,
)

EXCERPT_CHARACTERS = 300
LINE = re.compile(r"[^\n]*\S[^\n]*")


def judge(
    question: Question,
    retrieval: Retrieval,
    response: RetrieveAndGenerateResponse,
    *,
    retrieve_ms: float,
    answer_ms: float,
) -> QuestionOutcome:
    """Hold what was retrieved and what was answered against what is right."""
    citations = tuple(_citation(question, c, response) for c in response.citations)
    parts = _sentences(response)
    return QuestionOutcome(
        question=question.question,
        answerable=question.answerable,
        gold_pages=question.pages,
        keywords=question.keywords,
        results=tuple(
            _ranked(question, rank, result)
            for rank, result in enumerate(retrieval.results, start=1)
        ),
        ndcg=_ndcg(question, retrieval.results),
        answer=response.text if response.answered else "",
        answered=response.answered,
        refusal=None if response.answered else response.text,
        citations=citations,
        sentences=len(parts),
        cited_sentences=sum(_is_cited(part, response.citations) for part in parts),
        keywords_found=_found(question.keywords, citations),
        lost_at=_lost_at(question, retrieval, response, citations),
        retrieve_ms=retrieve_ms,
        embed_ms=retrieval.timings_ms.get("embed", 0.0),
        answer_ms=answer_ms,
    )


def is_gold(question: Question, result: RetrievalResult) -> bool:
    """Whether one of the chunk's pages answers the question."""
    return any(page in question.pages for page in _pages(question, result))


def ndcg_by_page(ranked: Iterable[Hashable], gold: Iterable[Hashable], depth: int = DEPTH) -> float:
    """nDCG of a ranking of pages: a gold page counts 1, at its first place; `gold` is not empty."""
    wanted = set(gold)
    pages = list(dict.fromkeys(ranked))[:depth]
    gain = sum(1 / log2(place + 1) for place, page in enumerate(pages, 1) if page in wanted)
    ideal = sum(1 / log2(place + 1) for place in range(1, min(depth, len(wanted)) + 1))
    return gain / ideal


def squeezed(text: str) -> str:
    """For comparing words: case and the width of blanks do not matter."""
    return " ".join(text.split()).casefold()


def _pages(question: Question, result: RetrievalResult) -> range:
    """The chunk's pages; none when it is of another document than the question's."""
    of_another = question.document and not result.uri.endswith(f"/{question.document}")
    if result.page_number is None or of_another:
        return range(0)
    return range(result.page_number, (result.last_page_number or result.page_number) + 1)


def _ranked(question: Question, rank: int, result: RetrievalResult) -> RankedResult:
    return RankedResult(
        rank=rank,
        chunk_id=result.chunk_id,
        uri=result.uri,
        page_number=result.page_number,
        last_page_number=result.last_page_number,
        heading=result.heading_path[-1] if result.heading_path else "",
        score=result.score,
        similarity=result.similarity,
        is_gold=is_gold(question, result),
        excerpt=result.text[:EXCERPT_CHARACTERS],
    )


def _ndcg(question: Question, results: Iterable[RetrievalResult]) -> float | None:
    if not question.pages:
        return None
    # A chunk of another document, or of one without pages, takes a place in the ranking as well.
    ranked = (page for r in results for page in (_pages(question, r) or (r.chunk_id,)))
    return ndcg_by_page(ranked, question.pages)


def _citation(
    question: Question, citation: Citation, response: RetrieveAndGenerateResponse
) -> CitationOutcome:
    references = citation.retrieved_references
    return CitationOutcome(
        text=citation.text,
        passages=tuple(reference.passage_text for reference in references),
        pages=tuple(reference.result.page_number for reference in references),
        is_sound=_is_sound(citation, response),
        is_gold=any(is_gold(question, reference.result) for reference in references),
    )


def _is_sound(citation: Citation, response: RetrieveAndGenerateResponse) -> bool:
    """Every passage stands in a chunk that was retrieved.

    Of an answer that quotes, the passages also have to hold what the citation says, line by line.
    """
    references = citation.retrieved_references
    retrieved = {result.chunk_id: result.text for result in response.retrieval_results}
    if not references or not all(_stands(r, retrieved.get(r.result.chunk_id)) for r in references):
        return False
    if response.generation_model != EXTRACTIVE:
        return True
    passages = [squeezed(reference.passage_text) for reference in references]
    lines = [line for line in map(squeezed, citation.text.splitlines()) if line]
    return bool(lines) and all(any(line in passage for passage in passages) for line in lines)


def _stands(reference: RetrievedReference, retrieved: str | None) -> bool:
    text = reference.result.text
    span = reference.passage or Span(start=0, end=len(text))
    return retrieved == text and 0 <= span.start < span.end <= len(text)


def _sentences(response: RetrieveAndGenerateResponse) -> list[Span]:
    """The answer's sentences, line by line; a short line is one as well."""
    found = []
    for line in LINE.finditer(response.text if response.answered else ""):
        begin = line.start()
        parts = units(line.group()) or [Span(start=0, end=len(line.group()))]
        found += [Span(start=begin + part.start, end=begin + part.end) for part in parts]
    return found


def _is_cited(part: Span, citations: Iterable[Citation]) -> bool:
    return any(c.span.start < part.end and part.start < c.span.end for c in citations)


def _found(keywords: Iterable[str], citations: Iterable[CitationOutcome]) -> tuple[str, ...]:
    passages = [squeezed(passage) for citation in citations for passage in citation.passages]
    return tuple(word for word in keywords if any(squeezed(word) in text for text in passages))


def _lost_at(
    question: Question,
    retrieval: Retrieval,
    response: RetrieveAndGenerateResponse,
    citations: Iterable[CitationOutcome],
) -> LostStage | None:
    if not question.pages or any(citation.is_gold for citation in citations):
        return None
    if any(is_gold(question, result) for result in response.retrieval_results):
        return LostStage.NOT_CITED if response.answered else LostStage.REFUSED
    ranked = (*retrieval.candidates, *retrieval.results, *response.candidates)
    if any(is_gold(question, result) for result in ranked):
        return LostStage.BEYOND_NUMBER_OF_RESULTS
    return LostStage.NOT_A_CANDIDATE
