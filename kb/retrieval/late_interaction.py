"""Late interaction: how well the tokens of a chunk answer to those of a question. Pure.

Each token of the question looks for the token of the chunk that is nearest to it (MaxSim of
ColBERT, Khattab and Zaharia 2020), here over the embedding model's own token vectors, which cost
nothing beyond the embedding. What a chunk scores is a weighted sum with what the searches said of
it; `benchmarks/train_ranking.py` fits the weights and shows each part's worth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.models import RetrievalResult
from kb.retrieval.token_bits import unpack

#: Tokens of the stretch in which all of the question is to be found together.
WINDOW = 24
#: How fast a place in a ranking loses its worth.
RANK = 10
#: What a candidate is judged by; the weights are per unit of each.
WEIGHTS: Mapping[str, float] = {
    "similarity": 1.0,
    "coverage": 1.0,
    "tokens": 1.0,
    "stretch": 1.0,
    "length": 1.0,
    "semantic": 1.0,
    "lexical": 1.0,
    "neighbour": 1.0,
}


def rerank(
    results: Sequence[RetrievalResult],
    question: NDArray[np.float32],
    bits: Sequence[bytes],
    weights: Mapping[str, float] = WEIGHTS,
) -> list[float]:
    """A score for each result, in their order; higher is better.

    `question` has unit vectors of shape (tokens, dimensions), `bits` the packed tokens of each
    result.
    """
    judged = features(results, question, bits)
    scores = sum(weight * judged[name] for name, weight in weights.items())
    return [float(score) for score in np.asarray(scores)]


def features(
    results: Sequence[RetrievalResult], question: NDArray[np.float32], bits: Sequence[bytes]
) -> dict[str, NDArray[np.float64]]:
    """What each result is judged by, one array of shape (results,) a name."""
    matched = [_matched(packed, question) for packed in bits]
    tokens = np.array([token for token, _, _ in matched])
    return {
        "similarity": np.array([result.similarity for result in results]),
        "coverage": np.array([result.coverage or 0.0 for result in results]),
        "tokens": tokens,
        "stretch": np.array([stretch for _, stretch, _ in matched]),
        "length": np.array([math.log(max(1, count)) for _, _, count in matched]),
        "semantic": np.array([_rank(result, "semantic") for result in results]),
        "lexical": np.array([_rank(result, "lexical") for result in results]),
        "neighbour": _neighbours(results, tokens),
    }


def _matched(packed: bytes, question: NDArray[np.float32]) -> tuple[float, float, int]:
    """Mean of the best matches in the whole chunk, in its best stretch, and its tokens."""
    similarity = unpack(packed, question.shape[1]) @ question.T
    count = len(similarity)
    step = WINDOW // 2
    starts = range(0, max(1, count - step), step)
    stretch = max(similarity[at : at + WINDOW].max(axis=0).mean() for at in starts)
    return float(similarity.max(axis=0).mean()), float(stretch), count


def _rank(result: RetrievalResult, ranking: str) -> float:
    return 1 / (RANK + result.ranks[ranking] - 1) if ranking in result.ranks else 0.0


def _neighbours(
    results: Sequence[RetrievalResult], tokens: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The better match of the chunks before and after, where these are candidates, too."""
    at = {
        (result.uri, result.ordinal): match for result, match in zip(results, tokens, strict=True)
    }
    lowest = tokens.min(initial=0.0) if len(tokens) == 0 else tokens.min()
    found = []
    for result in results:
        beside = () if result.ordinal is None else (result.ordinal - 1, result.ordinal + 1)
        found.append(max((at.get((result.uri, n), lowest) for n in beside), default=lowest))
    return np.array(found)
