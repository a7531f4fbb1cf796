"""An answerer without a language model: it quotes the passages that answer, word for word.

Sentences, table rows and list items of the retrieved chunks are scored against the question; the
best are shown in the order of the document, each with its citation. It never invents a word.
"""

from __future__ import annotations

import re
from collections.abc import Generator as Stream
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.errors import ValidationError
from kb.generation.silence import Evidence, coverages
from kb.generation.units import short_paragraph, units
from kb.models import (
    AnswerPart,
    GenerationReport,
    GenerationRequest,
    RetrievalResult,
    RetrievedReference,
    Span,
)
from kb.protocols import Embedder
from kb.retrieval.identifiers import identifiers
from kb.retrieval.rewriting import standalone

MAX_UNITS = 5
#: How much of a unit's score is similarity; the rest is the share of the question's words in it.
SIMILARITY_SHARE = 0.8
#: What a place further down the ranking costs.
RANK_PENALTY = 0.05
#: Units below this share of the best one's score are noise from other chunks.
KEEP_SHARE = 0.6
#: Sentences of the same short paragraph are quoted with it from this share of the best score on.
BESIDE_SHARE = 0.3
#: Maximal marginal relevance: how much a repetition of what is already quoted counts against.
NOVELTY = 0.25
#: What it is worth to begin with the name that a question such as "What is X?" asks about.
DEFINITION = 0.1
#: Words within which a definition names its subject.
DEFINITION_WORDS = 4
#: Only the first chunks are quoted from; later ones are shown but answer rarely.
MAX_RESULTS = 5
WORD = re.compile(r"[\w-]{2,}")
#: Captions, and sentences that only point elsewhere: they name the subject and say nothing.
EMPTY = re.compile(r"(?:(?:Table|Figure|Example)\s+[\w.-]*\d|\(?see\b)", re.IGNORECASE)
ASKS_WHAT = re.compile(r"\s*what(?:'s|\s+is|\s+are|\s+does|\s+do)\b", re.IGNORECASE)
STOP_WORDS = frozenset(
    "a an and are as at be by can could do does for from get give has have how i in into is it its"
    " me my of on or should tell than that the their there these this to was what when where which"
    " while who why will with would you your".split()
)


@dataclass(frozen=True, slots=True)
class _Unit:
    place: int
    span: Span
    text: str


class ExtractiveGenerator:
    """A Generator that quotes."""

    def __init__(self, embedder: Embedder, *, threshold: float) -> None:
        """`threshold` is the confidence below which nothing is answered, from 0 to 1."""
        self._embedder = embedder
        self._threshold = threshold

    @property
    def name(self) -> str:
        return "extractive"

    def generate(self, request: GenerationRequest) -> Stream[AnswerPart, None, GenerationReport]:
        if request.configuration.guardrail_id:
            raise ValidationError(
                "The extractive answerer applies no guardrail; choose a Bedrock model or remove it."
            )
        question, results = standalone(request.question, request.history), request.results
        found = _units(results[:MAX_RESULTS])
        if not found:
            return GenerationReport()
        vectors = self._embedder.embed_documents([unit.text for unit in found])
        query = self._embedder.embed_query(question)
        evidence = _evidence(question, results[:MAX_RESULTS], found, vectors @ query)
        if refusal := evidence.refusal(self._threshold):
            return GenerationReport(refusal=refusal)
        scores = _scores(question, query, found, vectors)
        quoted = _quotations(_choose(scores, vectors), found, scores, results)
        chosen = _in_reading_order(quoted)
        for number, unit in enumerate(chosen):
            separator = "\n\n" if number else ""
            reference = RetrievedReference(result=results[unit.place], passage=unit.span)
            yield AnswerPart(text=separator + unit.text, retrieved_references=(reference,))
        return GenerationReport()


def _evidence(
    question: str,
    results: Sequence[RetrievalResult],
    found: Sequence[_Unit],
    similarity: NDArray[np.float32],
) -> Evidence:
    asked = words(question)
    shares = [_share(asked, f"{' '.join(r.heading_path)} {r.text}") for r in results]
    first, best = coverages(results, shares)
    return Evidence(
        similarity=float(similarity.max()),
        overlap=max(_share(asked, unit.text) for unit in found),
        first_coverage=first,
        best_coverage=best,
        asked_words=len(asked),
    )


def _share(asked: frozenset[str], text: str) -> float:
    return len(asked & words(text)) / max(1, len(asked))


def _units(results: Sequence[RetrievalResult]) -> list[_Unit]:
    found: dict[str, _Unit] = {}
    for place, result in enumerate(results):
        for span in units(result.text):
            text = result.text[span.start : span.end]
            if EMPTY.match(text) or any(title.endswith(text) for title in result.heading_path):
                continue
            found.setdefault(" ".join(text.split()).lower(), _Unit(place, span, text))
    return list(found.values())


def _scores(
    question: str,
    query: NDArray[np.float32],
    found: Sequence[_Unit],
    vectors: NDArray[np.float32],
) -> NDArray[np.float32]:
    asked = words(question)
    overlap = np.array([_share(asked, unit.text) for unit in found], np.float32)
    rank = np.array([1 - RANK_PENALTY * unit.place for unit in found], np.float32)
    similarity = vectors @ query
    subjects = identifiers(question) if ASKS_WHAT.match(question) else []
    defines = np.array([_defines(unit.text, subjects) for unit in found], np.float32)
    scores: NDArray[np.float32] = (
        SIMILARITY_SHARE * similarity + (1 - SIMILARITY_SHARE) * overlap
    ) * rank + DEFINITION * defines
    return scores


def _defines(text: str, subjects: Sequence[str]) -> bool:
    beginning = text.lower().split(maxsplit=DEFINITION_WORDS)[:DEFINITION_WORDS]
    return any(word.strip("`'\"(),.:") in subjects for word in beginning)


def _choose(scores: NDArray[np.float32], vectors: NDArray[np.float32]) -> list[int]:
    """Places of the best units that do not repeat one another."""
    chosen = [int(scores.argmax())]
    while len(chosen) < MAX_UNITS:
        repetition = (vectors @ vectors[chosen].T).max(axis=1)
        gain = scores - NOVELTY * repetition * scores.max()
        gain[chosen] = -np.inf
        gain[scores < KEEP_SHARE * scores.max()] = -np.inf
        best = int(gain.argmax())
        if not np.isfinite(gain[best]):
            break
        chosen.append(best)
    return chosen


def _quotations(
    chosen: Sequence[int],
    found: Sequence[_Unit],
    scores: NDArray[np.float32],
    results: Sequence[RetrievalResult],
) -> list[_Unit]:
    """The chosen units, each with what stands beside it in a short paragraph and fits as well."""
    fitting = {i for i in range(len(found)) if scores[i] >= BESIDE_SHARE * scores.max()}
    quoted: dict[tuple[int, int], _Unit] = {}
    for i in chosen:
        place, text = found[i].place, results[found[i].place].text
        paragraph = short_paragraph(text, found[i].span)
        start = end = i
        while start - 1 in fitting and _within(found[start - 1], place, paragraph):
            start -= 1
        while end + 1 in fitting and _within(found[end + 1], place, paragraph):
            end += 1
        span = Span(start=found[start].span.start, end=found[end].span.end)
        quoted.setdefault((place, span.start), _Unit(place, span, text[span.start : span.end]))
    return list(quoted.values())


def _within(unit: _Unit, place: int, paragraph: Span) -> bool:
    inside = paragraph.start <= unit.span.start and unit.span.end <= paragraph.end
    return unit.place == place and inside


def _in_reading_order(chosen: Sequence[_Unit]) -> list[_Unit]:
    """The chunk of the best unit first, then the others by rank; within a chunk as it reads."""
    best = chosen[0].place
    return sorted(chosen, key=lambda unit: (unit.place != best, unit.place, unit.span.start))


def words(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, in lower case."""
    return frozenset(WORD.findall(text.lower())) - STOP_WORDS
