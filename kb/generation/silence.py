"""Whether the retrieved chunks answer a question at all. Pure.

No single number tells: the nearest passage of a question without an answer is often as similar as
that of a question with one. Similarity and words together tell better; how well is in
`docs/decisions/0012-answer-threshold.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kb.models import RetrievalResult

#: A logistic regression on 50 answerable and 10 other public questions on the PostgreSQL manual,
#: and on 199 and 66 of our own (`benchmarks/questions`). The similarities are those of
#: all-MiniLM-L6-v2, which judges sentences whatever model the knowledge base is embedded with.
SIMILARITY, OVERLAP, FIRST, BEST, LENGTH, BIAS = 10.6, 2.27, 2.01, 2.61, 1.59, -12.68


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for an answer, each from 0 to 1 but for `asked_words`."""

    #: Of the most similar sentence, row or item.
    similarity: float
    #: Share of the question's words in the one that holds most of them.
    overlap: float
    #: Share of the question's terms, each as heavy as it is rare, in the first chunk and the best.
    first_coverage: float
    best_coverage: float
    #: How many words of the question carry meaning.
    asked_words: int

    @property
    def confidence(self) -> float:
        """The probability that the chunks answer, were both kinds of question as frequent."""
        logit = (
            BIAS
            + SIMILARITY * self.similarity
            + OVERLAP * self.overlap
            + FIRST * self.first_coverage
            + BEST * self.best_coverage
            + LENGTH * math.log(max(1, self.asked_words))
        )
        return 1 / (1 + math.exp(-logit))

    def refusal(self, threshold: float) -> str | None:
        """Why there is no answer, for the reader; None when there is one."""
        if self.confidence >= threshold:
            return None
        return (
            "The knowledge base does not answer this question: the nearest passage is "
            f"{self.similarity:.2f} similar, and no chunk holds more than "
            f"{self.best_coverage:.0%} of what is asked for, rare words counting most "
            f"(confidence {self.confidence:.2f}, answered from {threshold:.2f} on)."
        )


def coverages(results: Sequence[RetrievalResult], shares: Sequence[float]) -> tuple[float, float]:
    """Of the first result and of the best; `shares` stands in where the search did not tell."""
    found = [
        share if result.coverage is None else result.coverage
        for result, share in zip(results, shares, strict=True)
    ]
    return found[0], max(found)
