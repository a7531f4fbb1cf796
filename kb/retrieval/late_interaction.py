"""Late interaction: how well the tokens of a chunk answer to those of a question. Pure.

Each token of the question looks for the token of the chunk that is nearest to it (MaxSim of
ColBERT, Khattab and Zaharia 2020), here over the embedding model's own token vectors, which cost
nothing beyond the embedding. What a chunk scores is a weighted sum with what the searches said of
it; `benchmarks/train_ranking.py` fits the weights and shows each part's worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.models import RetrievalResult
from kb.retrieval.token_bits import unpack

#: Tokens of the stretch in which all of the question is to be found together.
WINDOW = 24
HALF = WINDOW // 2
#: How fast a place in a ranking loses its worth.
RANK = 10
#: What a candidate is judged by; the weights are per unit of each, fitted to 420 questions on the
#: PostgreSQL manual and the 50 public ones, and validated across folds of them.
WEIGHTS: Mapping[str, float] = {
    "similarity": 2.07,
    "coverage": 1.39,
    "tokens": 16.01,
    "stretch": 14.69,
    "length": 1.28,
    "semantic": 7.76,
    "lexical": 17.43,
    "neighbour": 4.76,
}


def score(
    judged: Mapping[str, NDArray[np.float64]], weights: Mapping[str, float] = WEIGHTS
) -> list[float]:
    """A score for each result, in their order; higher is better."""
    scores = np.asarray(sum(weight * judged[name] for name, weight in weights.items()))
    return [float(one) for one in scores]


def features(
    results: Sequence[RetrievalResult], question: NDArray[np.float32], bits: Sequence[bytes]
) -> dict[str, NDArray[np.float64]]:
    """What each result is judged by, one array of shape (results,) a name.

    `question` has unit vectors of shape (tokens, dimensions), `bits` the packed tokens of each
    result; there is at least one.
    """
    matched = _matched(bits, question)
    return {
        "similarity": np.array([result.similarity for result in results]),
        "coverage": np.array([result.coverage or 0.0 for result in results]),
        "tokens": matched.whole,
        "stretch": matched.stretch,
        "length": np.log(matched.counts),
        "semantic": np.array([_rank(result, "semantic") for result in results]),
        "lexical": np.array([_rank(result, "lexical") for result in results]),
        "neighbour": _neighbours(results, matched.whole),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matched:
    """Mean of the best matches of the question's tokens, per chunk."""

    #: In the whole chunk.
    whole: NDArray[np.float64]
    #: In its best stretch of WINDOW tokens, half of which the next one shares.
    stretch: NDArray[np.float64]
    counts: NDArray[np.int64]


def _matched(bits: Sequence[bytes], question: NDArray[np.float32]) -> _Matched:
    """All chunks in one multiplication: one by one it takes several times as long."""
    width = question.shape[1] // 8
    counts = np.array([len(packed) // width for packed in bits])
    similarity = unpack(b"".join(bits), question.shape[1]) @ question.T
    starts = np.cumsum(counts) - counts
    # Half stretches, each within one chunk; two neighbours of one chunk are a stretch.
    halves = -(-counts // HALF)
    owner = np.repeat(np.arange(len(counts)), halves)
    first = np.cumsum(halves) - halves
    half_starts = starts[owner] + (np.arange(len(owner)) - first[owner]) * HALF
    best = np.maximum.reduceat(similarity, half_starts, axis=0)
    pairs = best.copy()
    same = owner[:-1] == owner[1:]
    pairs[:-1][same] = np.maximum(best[:-1], best[1:])[same]
    return _Matched(
        whole=np.maximum.reduceat(best, first, axis=0).mean(axis=1).astype(np.float64),
        stretch=np.maximum.reduceat(pairs.mean(axis=1), first).astype(np.float64),
        counts=counts,
    )


def _rank(result: RetrievalResult, ranking: str) -> float:
    return 1 / (RANK + result.ranks[ranking] - 1) if ranking in result.ranks else 0.0


def _neighbours(
    results: Sequence[RetrievalResult], tokens: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The better match of the chunks before and after, where these are candidates, too."""
    places = [(result.uri, result.ordinal) for result in results]
    at = dict(zip(places, tokens, strict=True))
    lowest = tokens.min()
    found = []
    for result in results:
        beside = () if result.ordinal is None else (result.ordinal - 1, result.ordinal + 1)
        found.append(max((at.get((result.uri, n), lowest) for n in beside), default=lowest))
    return np.array(found)
