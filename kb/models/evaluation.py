"""Nouns of evaluation: question sets, what came of each question, a run and its measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kb.models.answers import GenerationConfiguration
from kb.models.retrieval import RetrievalConfiguration
from kb.models.values import JsonValue

#: Ranks are looked at as far as this.
DEPTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with what is held to be right."""

    question: str
    #: In anybody's words; None when the documents do not answer it.
    answer: str | None
    #: Gold pages: physical and 1-based, any order; empty where the document has no pages.
    pages: tuple[int, ...] = ()
    #: Strings that an answer's sources hold literally.
    keywords: tuple[str, ...] = ()
    #: Key of the document that the pages are of; None when there is only one.
    document: str | None = None
    #: Whatever else its line has.
    extra: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def answerable(self) -> bool:
        """Whether the documents answer it."""
        return self.answer is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """Questions under a name, in the file's order."""

    name: str
    questions: tuple[Question, ...]

    @property
    def answerable(self) -> int:
        """How many of them the documents answer."""
        return sum(question.answerable for question in self.questions)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationConfiguration:
    """How the questions are asked."""

    #: For the ranks; looks at least DEPTH chunks deep.
    retrieval: RetrievalConfiguration = RetrievalConfiguration(number_of_results=DEPTH)
    #: For the answers, as a user gets them.
    answering: RetrievalConfiguration = RetrievalConfiguration()
    generation: GenerationConfiguration = GenerationConfiguration()


class LostStage(StrEnum):
    """Where the right page was lost on its way into the answer."""

    #: No ranking brought it up.
    NOT_A_CANDIDATE = "NOT_A_CANDIDATE"
    #: It was ranked, but below what the answerer was given.
    BEYOND_NUMBER_OF_RESULTS = "BEYOND_NUMBER_OF_RESULTS"
    #: The answerer had it and cited other pages.
    NOT_CITED = "NOT_CITED"
    #: The answerer had it and did not answer.
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedResult:
    """A retrieved chunk as a run keeps it."""

    rank: int
    chunk_id: str
    uri: str
    page_number: int | None
    last_page_number: int | None
    heading: str
    score: float
    similarity: float
    #: Whether one of its pages is a gold page.
    is_gold: bool
    #: The first characters of its text.
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationOutcome:
    """A citation of an answer, checked."""

    #: The cited part of the answer.
    text: str
    #: The cited words of each source, as they stand in the chunk.
    passages: tuple[str, ...]
    #: First page of each source.
    pages: tuple[int | None, ...]
    #: Whether the passages are in their sources and support the part.
    is_sound: bool
    #: Whether one of the sources is on a gold page.
    is_gold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionOutcome:
    """What came of one question."""

    question: str
    answerable: bool
    gold_pages: tuple[int, ...]
    keywords: tuple[str, ...]
    #: Best first, as deep as the run looked.
    results: tuple[RankedResult, ...]
    #: nDCG@10 by page; None without gold pages.
    ndcg: float | None
    answer: str
    answered: bool
    #: Why nothing was answered, in the answerer's words.
    refusal: str | None
    citations: tuple[CitationOutcome, ...]
    #: Of the answer; 0 when there is none.
    sentences: int
    cited_sentences: int
    #: Keywords that the cited passages hold.
    keywords_found: tuple[str, ...]
    #: None when a gold page is cited, or when there is none.
    lost_at: LostStage | None
    retrieve_ms: float
    #: The part of `retrieve_ms` that embedded the question.
    embed_ms: float
    answer_ms: float

    @property
    def rank(self) -> int | None:
        """Of the first result on a gold page, 1 is best; None when there is none."""
        return next((result.rank for result in self.results if result.is_gold), None)

    def hit(self, k: int) -> bool:
        """Whether a gold page is among the first k results."""
        return self.rank is not None and self.rank <= k

    @property
    def reciprocal_rank(self) -> float:
        """1 / rank within DEPTH, otherwise 0."""
        return 1 / self.rank if self.rank and self.rank <= DEPTH else 0.0

    @property
    def keyword_share(self) -> float:
        """How much of its keywords the cited passages hold, 0 to 1; 0 without keywords."""
        return len(self.keywords_found) / len(self.keywords) if self.keywords else 0.0

    @property
    def is_supported(self) -> bool:
        """Whether the cited passages hold every keyword."""
        return bool(self.keywords) and len(self.keywords_found) == len(self.keywords)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRun:
    """A question set asked once, whole or as far as it came."""

    question_set: str
    started_at: datetime
    #: Questions that were to be asked.
    planned: int
    #: Names and values of all that the answers depend on, for people.
    configuration: Mapping[str, JsonValue]
    outcomes: tuple[QuestionOutcome, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether all questions were asked."""
        return len(self.outcomes) == self.planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure with its 95 % interval; all None when there was nothing to measure."""

    value: float | None
    low: float | None = None
    high: float | None = None
    #: Questions, citations or sentences that it was measured on.
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureChange:
    """A measure of two runs over the questions that both asked."""

    name: str
    before: float | None
    after: float | None
    #: `after - before` and its 95 % interval, by a paired bootstrap.
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    #: McNemar's exact test, for shares only.
    p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionChange:
    """A question that fared differently."""

    before: QuestionOutcome
    after: QuestionOutcome
    #: What became better, and what worse, in words.
    better: tuple[str, ...]
    worse: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationComparison:
    """Two runs side by side."""

    #: Questions that both asked; the others do not count.
    questions: int
    measures: tuple[MeasureChange, ...]
    changes: tuple[QuestionChange, ...]


class EvaluationStatus(StrEnum):
    """How far a run in the background has come."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETE = "COMPLETE"
    STOPPED = "STOPPED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self is not EvaluationStatus.IN_PROGRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationProgress:
    """A run in the background, as it stands now."""

    question_set: str
    status: EvaluationStatus
    done: int
    planned: int
    seconds: float = 0.0
    #: The saved run, once it has ended with at least one question.
    run: str | None = None
    #: Why it failed; one sentence.
    failure: str | None = None
