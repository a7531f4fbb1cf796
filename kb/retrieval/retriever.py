"""`retrieve`, as Bedrock names it: a question in, the best chunks out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from kb.errors import ValidationError
from kb.models import Exchange, Retrieval, RetrievalConfiguration, RetrievalResult
from kb.protocols import Embedder, Reranker, VectorStore
from kb.retrieval.filters import checked
from kb.retrieval.identifiers import identifiers
from kb.retrieval.rewriting import parts, standalone

#: Bedrock's bounds.
NUMBER_OF_RESULTS = (1, 100)
#: Bedrock's bound on the length of a query.
MAX_QUERY_CHARACTERS = 20_000
#: Results of the search that a reranker sorts, at least.
RERANKED = 80


def retrieve(
    question: str,
    *,
    vectors: VectorStore,
    embedder: Embedder,
    configuration: RetrievalConfiguration,
    reranker: Reranker | None = None,
    history: Sequence[Exchange] = (),
) -> Retrieval:
    """The chunks that fit the question, best first; of several parts, the best of each in turn.

    Raises ValidationError outside Bedrock's bounds: 1 to 100 results, 1 to 20,000 characters, a
    filter within its limits.
    """
    wanted = configuration.number_of_results
    _check(question, wanted)
    if configuration.filter:
        checked(configuration.filter)
    meant = standalone(question, history)
    # What was said before may make it longer than a query may be.
    meant = meant if len(meant) <= MAX_QUERY_CHARACTERS else question
    queries = parts(meant) if configuration.query_decomposition else [meant]
    found = [_search(query, vectors, embedder, configuration, reranker) for query in queries]
    whole = found[0] if len(found) == 1 else _in_turn(found, configuration.number_of_results)
    return whole if queries == [question] else replace(whole, queries=tuple(queries))


def _in_turn(found: Sequence[Retrieval], wanted: int) -> Retrieval:
    """The first result of each part, then the second of each, none twice."""
    turns = zip_longest(*(part.candidates for part in found))
    distinct: dict[str, RetrievalResult] = {}
    for result in (result for turn in turns for result in turn if result):
        distinct.setdefault(result.chunk_id, result)
    merged = tuple(distinct.values())
    stages = dict.fromkeys(stage for part in found for stage in part.timings_ms)
    return Retrieval(
        results=merged[:wanted],
        candidates=merged,
        timings_ms={
            stage: sum(part.timings_ms.get(stage, 0.0) for part in found) for stage in stages
        },
        reranking_model=found[0].reranking_model,
    )


def _search(
    question: str,
    vectors: VectorStore,
    embedder: Embedder,
    configuration: RetrievalConfiguration,
    reranker: Reranker | None,
) -> Retrieval:
    wanted = configuration.number_of_results
    start = time.perf_counter()
    query_embedding = embedder.embed_query(question)
    embedded = time.perf_counter()
    found = vectors.retrieve(
        query_embedding,
        question=question,
        identifiers=identifiers(question),
        search_type=configuration.search_type,
        number_of_results=max(RERANKED, wanted) if reranker else wanted,
        filter=configuration.filter,
    )
    searched = time.perf_counter()
    timings = {"embed": (embedded - start) * 1000, "search": (searched - embedded) * 1000}
    scores = reranker.rerank(question, found) if reranker and found else None
    if scores is not None:
        found = _sorted(found, scores)
        timings["rerank"] = (time.perf_counter() - searched) * 1000
    return Retrieval(
        results=tuple(found[:wanted]),
        timings_ms=timings,
        candidates=tuple(found),
        reranking_model=reranker.name if reranker and scores is not None else None,
    )


def _sorted(found: Sequence[RetrievalResult], scores: Sequence[float]) -> list[RetrievalResult]:
    order = sorted(range(len(found)), key=lambda i: -scores[i])
    return [
        replace(found[i], score=scores[i], ranks={**found[i].ranks, "reranking": place})
        for place, i in enumerate(order, start=1)
    ]


def _check(question: str, number_of_results: int) -> None:
    if not question.strip():
        raise ValidationError("The question is empty; type a question.")
    # Halves of characters come from a command line in another encoding.
    if any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in question):
        raise ValidationError("The question has a character that is no text (NUL?); remove it.")
    if len(question) > MAX_QUERY_CHARACTERS:
        raise ValidationError(f"The question is longer than {MAX_QUERY_CHARACTERS:,} characters.")
    low, high = NUMBER_OF_RESULTS
    if not low <= number_of_results <= high:
        raise ValidationError(f"number_of_results must be between {low} and {high}.")
