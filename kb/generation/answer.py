"""`retrieve_and_generate`, as Bedrock names it: streamed parts become a text with citations."""

from __future__ import annotations

from collections.abc import Generator as Stream
from collections.abc import Mapping

from kb.models import (
    AnswerPart,
    Citation,
    GenerationReport,
    Retrieval,
    RetrieveAndGenerateResponse,
    Span,
)

NO_ANSWER = "The knowledge base does not answer this question."


class Writing:
    """The answer as far as it has been streamed; every part with references is a citation."""

    def __init__(self) -> None:
        self.text = ""
        self.citations: list[Citation] = []

    def add(self, part: AnswerPart) -> None:
        """Append the part's text and, when it has references, the citation of its span."""
        start = len(self.text)
        self.text += part.text
        if not part.retrieved_references:
            return
        span = part.span or _words(part.text, start)
        self.citations.append(
            Citation(
                span=span,
                text=self.text[span.start : span.end],
                retrieved_references=part.retrieved_references,
            )
        )

    def watch(
        self, parts: Stream[AnswerPart, None, GenerationReport]
    ) -> Stream[AnswerPart, None, GenerationReport]:
        """Pass the parts on, and keep what they say."""
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                report: GenerationReport = end.value
                return report
            self.add(part)
            yield part

    def response(
        self,
        retrieval: Retrieval,
        report: GenerationReport,
        *,
        session_id: str,
        generation_model: str,
        timings_ms: Mapping[str, float],
    ) -> RetrieveAndGenerateResponse:
        """The whole; no text at all means that the results do not answer, and the text says so."""
        return RetrieveAndGenerateResponse(
            session_id=session_id,
            text=self.text or report.refusal or NO_ANSWER,
            citations=tuple(self.citations),
            retrieval_results=retrieval.results,
            generation_model=generation_model,
            answered=bool(self.text),
            timings_ms=dict(timings_ms),
            queries=retrieval.queries,
            candidates=retrieval.candidates,
            report=report,
        )


def _words(text: str, offset: int) -> Span:
    """Where a part's words stand in an answer, without the spaces around them."""
    words = text.strip()
    begin = offset + text.index(words)
    return Span(start=begin, end=begin + len(words))
