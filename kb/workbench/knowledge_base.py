"""Questions: `retrieve`, and `retrieve_and_generate` whole or as a stream."""

from __future__ import annotations

import time
import uuid
from collections.abc import Generator as Stream

from kb.generation.answer import response
from kb.models import AnswerPart, RetrieveAndGenerateResponse, SearchType
from kb.protocols import Embedder, Generator, VectorStore
from kb.retrieval.retriever import DEFAULT_NUMBER_OF_RESULTS, Retrieval, retrieve


class KnowledgeBase:
    """What analysts talk to."""

    def __init__(self, vectors: VectorStore, embedder: Embedder, generator: Generator) -> None:
        self._vectors = vectors
        self._embedder = embedder
        self._generator = generator

    def retrieve(
        self,
        question: str,
        *,
        search_type: SearchType = SearchType.HYBRID,
        number_of_results: int = DEFAULT_NUMBER_OF_RESULTS,
    ) -> Retrieval:
        """The chunks that fit the question, best first, with timings."""
        return retrieve(
            question,
            vectors=self._vectors,
            embedder=self._embedder,
            search_type=search_type,
            number_of_results=number_of_results,
        )

    def retrieve_and_generate(
        self,
        question: str,
        *,
        search_type: SearchType = SearchType.HYBRID,
        number_of_results: int = DEFAULT_NUMBER_OF_RESULTS,
        session_id: str | None = None,
    ) -> RetrieveAndGenerateResponse:
        """The answer with its citations."""
        stream = self.stream(
            question,
            search_type=search_type,
            number_of_results=number_of_results,
            session_id=session_id,
        )
        while True:
            try:
                next(stream)
            except StopIteration as end:
                answer: RetrieveAndGenerateResponse = end.value
                return answer

    def stream(
        self,
        question: str,
        *,
        search_type: SearchType = SearchType.HYBRID,
        number_of_results: int = DEFAULT_NUMBER_OF_RESULTS,
        session_id: str | None = None,
    ) -> Stream[AnswerPart, None, RetrieveAndGenerateResponse]:
        """Yield the parts of the answer as they come; the generator returns the whole."""
        retrieval = self.retrieve(
            question, search_type=search_type, number_of_results=number_of_results
        )
        start = time.perf_counter()
        parts = []
        for part in self._generator.generate(question, retrieval.results):
            parts.append(part)
            yield part
        generated = (time.perf_counter() - start) * 1000
        return response(
            parts,
            session_id=session_id or str(uuid.uuid4()),
            results=retrieval.results,
            generation_model=self._generator.name,
            timings_ms={**retrieval.timings_ms, "generate": generated},
        )
