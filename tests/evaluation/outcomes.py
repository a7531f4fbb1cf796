"""Questions and what came of them, made up."""

from __future__ import annotations

from datetime import UTC, datetime

from kb.models import (
    Citation,
    Retrieval,
    RetrievalResult,
    RetrieveAndGenerateResponse,
    RetrievedReference,
    Span,
)
from kb.models.evaluation import EvaluationRun, Question, QuestionOutcome
from tests.made_up import result

TEXT = "The view pg_stat_io has one row\nfor each  combination. It says no more."
QUESTION = Question(
    question="What is pg_stat_io?", answer="A view.", pages=(7,), keywords=("one row for each",)
)


def retrieval(*pages: int | None, **changes: object) -> Retrieval:
    """Chunks on these pages, best first."""
    found = [on_page(page, number) for number, page in enumerate(pages, start=1)]
    return Retrieval(results=tuple(found), timings_ms={"embed": 2.0}, **changes)  # type: ignore[arg-type]


def on_page(page: int | None, number: int = 1, **changes: object) -> RetrievalResult:
    return result(TEXT, number, page_number=page, **changes)


def quoting(
    chunk: RetrievalResult,
    start: int = 0,
    end: int = 54,
    *,
    text: str | None = None,
    model: str = "extractive",
    others: tuple[RetrievalResult, ...] = (),
) -> RetrieveAndGenerateResponse:
    """An answer of one cited passage."""
    passage = Span(start=start, end=end)
    reference = RetrievedReference(result=chunk, passage=passage)
    words = chunk.text[start:end] if text is None else text
    cited = Citation(
        span=Span(start=0, end=len(words)), text=words, retrieved_references=(reference,)
    )
    return RetrieveAndGenerateResponse(
        session_id="s",
        text=words,
        citations=(cited,),
        retrieval_results=(chunk, *others),
        generation_model=model,
    )


def refusing(*results: RetrievalResult) -> RetrieveAndGenerateResponse:
    return RetrieveAndGenerateResponse(
        session_id="s",
        text="No answer.",
        citations=(),
        retrieval_results=results,
        generation_model="extractive",
        answered=False,
    )


def outcome(**changes: object) -> QuestionOutcome:
    """An answered question whose page was not found, but for the changes."""
    values: dict[str, object] = {
        "question": "q",
        "answerable": True,
        "gold_pages": (7,),
        "keywords": ("a", "b"),
        "results": (),
        "ndcg": 0.0,
        "answer": "x",
        "answered": True,
        "refusal": None,
        "citations": (),
        "sentences": 1,
        "cited_sentences": 1,
        "keywords_found": (),
        "lost_at": None,
        "retrieve_ms": 5.0,
        "embed_ms": 2.0,
        "answer_ms": 20.0,
    }
    return QuestionOutcome(**{**values, **changes})  # type: ignore[arg-type]


def run(*outcomes: QuestionOutcome, planned: int | None = None) -> EvaluationRun:
    return EvaluationRun(
        question_set="set",
        started_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        planned=planned or len(outcomes),
        configuration={"search_type": "HYBRID", "chunks": 5},
        outcomes=outcomes,
    )
