"""Nouns of conversations: what was asked, what came of it, and the evidence as it was then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kb.models.answers import GenerationConfiguration, RetrieveAndGenerateResponse, Span
from kb.models.documents import PageMark
from kb.models.retrieval import RetrievalConfiguration


class TurnStatus(StrEnum):
    """How far the answer to a question has come."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETE = "COMPLETE"
    #: By the user, or because the app ended; what was written until then is kept.
    STOPPED = "STOPPED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self is not TurnStatus.IN_PROGRESS


class Rating(StrEnum):
    """Thumbs."""

    UP = "UP"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnConfiguration:
    """How a question was asked."""

    #: False: source chunks only.
    generate_responses: bool = True
    #: Whether the answer is shown while it is written.
    streaming: bool = True
    retrieval: RetrievalConfiguration = RetrievalConfiguration()
    generation: GenerationConfiguration = GenerationConfiguration()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceVersion:
    """Which version of which document a retrieved chunk was of."""

    chunk_id: str
    #: SHA-256 of the text that was retrieved, in hexadecimal.
    text_sha256: str
    #: All None for chunks of which the workbench keeps no books: Bedrock's own.
    document_id: str | None = None
    key: str | None = None
    #: None too when a newer version was already waiting to be synced.
    etag: str | None = None


class SourceState(StrEnum):
    """What has become of a source since."""

    UNCHANGED = "UNCHANGED"
    #: The document is another one; this passage still stands in it word for word.
    DOCUMENT_CHANGED = "DOCUMENT_CHANGED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"


class Verdict(StrEnum):
    """Of a sentence of an answer."""

    VERIFIED = "VERIFIED"
    NOT_FOUND = "NOT_FOUND"
    UNCITED = "UNCITED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSentence:
    """A sentence of the answer and whether what it cites was found."""

    span: Span
    verdict: Verdict
    #: Numbers of the sources it cites, as shown.
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSource:
    """A cited passage, held against the stored chunk and the document's pages."""

    #: As shown; sources that lead to no retrieved chunk have none and are not shown.
    number: int | None
    found: bool
    #: What was compared, or at what it failed; one sentence.
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCheck:
    """What came of checking an answer, sentence by sentence and source by source."""

    sentences: tuple[CheckedSentence, ...]
    sources: tuple[CheckedSource, ...]

    def count(self, verdict: Verdict) -> int:
        """How many sentences have this verdict."""
        return sum(sentence.verdict is verdict for sentence in self.sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedPlace:
    """Where the passage of a source stands on paper; no marks for formats without pages."""

    number: int
    marks: tuple[PageMark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was found out about an answer when it was given; frozen with it."""

    sources: tuple[SourceVersion, ...] = ()
    places: tuple[CitedPlace, ...] = ()
    check: QuoteCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What the reader thought of an answer."""

    rating: Rating | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question and everything that came of it, as it was then."""

    turn_id: str
    conversation_id: str
    question: str
    status: TurnStatus
    configuration: TurnConfiguration
    #: None until something was retrieved.
    response: RetrieveAndGenerateResponse | None
    proof: Proof
    #: Why it failed or was stopped; one sentence.
    failure: str | None
    feedback: Feedback
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A list of turns with a name."""

    conversation_id: str
    title: str
    turns: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedQuestion:
    """A row of a question set: a question with the answer that is held to be right."""

    question: str
    answer: str
    #: Physical pages that answer it.
    pages: tuple[int, ...] = ()
    keywords: tuple[str, ...] = ()
    note: str = ""
