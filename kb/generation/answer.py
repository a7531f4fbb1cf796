"""`retrieve_and_generate`, as Bedrock names it: streamed parts become a text with citations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kb.models import (
    AnswerPart,
    Citation,
    RetrievalResult,
    RetrieveAndGenerateResponse,
    Span,
)

NO_ANSWER = "The knowledge base does not answer this question."


def response(
    parts: Iterable[AnswerPart],
    *,
    session_id: str,
    results: Sequence[RetrievalResult],
    generation_model: str,
    timings_ms: Mapping[str, float],
) -> RetrieveAndGenerateResponse:
    """Join the parts of an answer; every part with references becomes a citation of its span.

    No part at all means that the results do not answer, and the text says so.
    """
    text = ""
    citations: list[Citation] = []
    for part in parts:
        start = len(text)
        text += part.text
        if part.retrieved_references:
            words = part.text.strip()
            begin = start + part.text.index(words)
            citations.append(
                Citation(
                    span=Span(start=begin, end=begin + len(words)),
                    text=words,
                    retrieved_references=part.retrieved_references,
                )
            )
    return RetrieveAndGenerateResponse(
        session_id=session_id,
        text=text or NO_ANSWER,
        citations=tuple(citations),
        retrieval_results=tuple(results),
        generation_model=generation_model,
        answered=bool(text),
        timings_ms=dict(timings_ms),
    )
