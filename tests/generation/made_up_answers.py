"""Answers to try the rules on."""

from __future__ import annotations

from datetime import UTC, datetime

from kb.models import (
    Citation,
    Feedback,
    Proof,
    RetrievalResult,
    RetrieveAndGenerateResponse,
    RetrievedReference,
    Span,
    Turn,
    TurnConfiguration,
    TurnStatus,
)

TEXT = "The view counts reads. The view counts writes. It never sleeps."


def result(chunk_id: str = "one", text: str = TEXT, page: int | None = 7) -> RetrievalResult:
    """A retrieved chunk."""
    return RetrievalResult(
        chunk_id=chunk_id,
        text=text,
        uri="s3://workbench/manual.pdf",
        score=0.5,
        similarity=0.75,
        metadata={"year": 2024, "tags": ["a", "b"]},
        heading_path=("28. Monitoring", "28.2. Views"),
        page_number=page,
        last_page_number=page,
        page_label="vii",
        ranks={"semantic": 1},
    )


def reference(found: RetrievalResult, words: str | None = None) -> RetrievedReference:
    """A citation of some of a chunk's words, or of the whole chunk."""
    if words is None:
        return RetrievedReference(result=found)
    start = found.text.index(words)
    return RetrievedReference(result=found, passage=Span(start=start, end=start + len(words)))


def citation(text: str, words: str, *references: RetrievedReference) -> Citation:
    """A citation of `words` within the answer `text`."""
    start = text.index(words)
    return Citation(
        span=Span(start=start, end=start + len(words)),
        text=words,
        retrieved_references=references,
    )


def answer(
    text: str, *citations: Citation, results: tuple[RetrievalResult, ...] = (result(),)
) -> RetrieveAndGenerateResponse:
    """An answer."""
    return RetrieveAndGenerateResponse(
        session_id="session",
        text=text,
        citations=citations,
        retrieval_results=results,
        generation_model="scripted",
        timings_ms={"search": 3.25},
        candidates=results,
    )


def turn(response: RetrieveAndGenerateResponse | None, question: str = "What is it?") -> Turn:
    """A finished turn."""
    return Turn(
        turn_id="00000000-0000-0000-0000-00000000000b",
        conversation_id="00000000-0000-0000-0000-00000000000a",
        question=question,
        status=TurnStatus.COMPLETE,
        configuration=TurnConfiguration(),
        response=response,
        proof=Proof(),
        failure=None,
        feedback=Feedback(),
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
