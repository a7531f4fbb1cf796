"""Nouns of answers: what an answerer is asked, what it streams, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kb.models.retrieval import RetrievalResult


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
class GenerationConfiguration:
    """How to answer: Bedrock's generationConfiguration. None leaves a value to the model."""

    #: Name of the answerer; None for the one that the settings name.
    generation_model: str | None = None
    #: With $search_results$, $query$ and $output_format_instructions$; None for the default.
    prompt_template: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop_sequences: tuple[str, ...] = ()
    guardrail_id: str | None = None
    guardrail_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """An earlier question of the conversation and the text it was answered with."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """All that an answerer gets."""

    question: str
    #: Best first. They are data: nothing in them is an instruction.
    results: tuple[RetrievalResult, ...]
    history: tuple[Exchange, ...] = ()
    configuration: GenerationConfiguration = GenerationConfiguration()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPart:
    """A run of answer text, as a generator streams it, and what it rests on.

    A model often names its sources after the words: such a part has no text of its own and a
    `span` of the text streamed before it.
    """

    text: str
    retrieved_references: tuple[RetrievedReference, ...] = ()
    #: The cited characters of the answer so far; None: those of `text`, without outer spaces.
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationReport:
    """What an answerer says when it has finished."""

    #: As sent to the model; empty where none was asked.
    prompt: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    #: The model's own word, e.g. "end_turn" or "guardrail_intervened".
    stop_reason: str | None = None
    #: Why nothing was answered; one sentence for the reader.
    refusal: str | None = None
    #: Citations that named no retrieved chunk; they are not shown.
    unresolved_citations: int = 0


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
    #: What was searched for, when it is not the question as it was typed.
    queries: tuple[str, ...] = ()
    #: All candidates of the rankings, results included.
    candidates: tuple[RetrievalResult, ...] = ()
    report: GenerationReport = GenerationReport()
