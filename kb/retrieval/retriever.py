"""`retrieve`, as Bedrock names it: a question in, the best chunks out."""

from __future__ import annotations

import time

from kb.errors import ValidationError
from kb.models import Retrieval, RetrievalConfiguration
from kb.protocols import Embedder, VectorStore
from kb.retrieval.identifiers import identifiers

#: Bedrock's bounds.
NUMBER_OF_RESULTS = (1, 100)
#: Bedrock's bound on the length of a query.
MAX_QUERY_CHARACTERS = 20_000


def retrieve(
    question: str,
    *,
    vectors: VectorStore,
    embedder: Embedder,
    configuration: RetrievalConfiguration,
) -> Retrieval:
    """The chunks that fit the question, best first.

    Raises ValidationError outside Bedrock's bounds: 1 to 100 results, 1 to 20,000 characters.
    """
    _check(question, configuration.number_of_results)
    start = time.perf_counter()
    query_embedding = embedder.embed_query(question)
    embedded = time.perf_counter()
    results = vectors.retrieve(
        query_embedding,
        question=question,
        identifiers=identifiers(question),
        search_type=configuration.search_type,
        number_of_results=configuration.number_of_results,
        filter=configuration.filter,
    )
    searched = time.perf_counter()
    timings = {"embed": (embedded - start) * 1000, "search": (searched - embedded) * 1000}
    return Retrieval(results=tuple(results), timings_ms=timings)


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
