"""Questions: `retrieve`, and `retrieve_and_generate` whole or as a stream."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Generator as Stream

from kb.errors import ValidationError
from kb.generation.answer import Writing
from kb.generation.bounds import check_generation
from kb.models import (
    NO_RERANKING,
    AnswerPart,
    Exchange,
    GenerationConfiguration,
    GenerationRequest,
    Retrieval,
    RetrievalConfiguration,
    RetrieveAndGenerateResponse,
)
from kb.protocols import Embedder, Generator, Reranker, VectorStore
from kb.retrieval.retriever import retrieve

RETRIEVAL = RetrievalConfiguration()
GENERATION = GenerationConfiguration()


class KnowledgeBase:
    """What analysts talk to."""

    def __init__(
        self,
        vectors: VectorStore,
        embedder: Embedder,
        generators: Mapping[str, Generator],
        rerankers: Mapping[str, Reranker],
    ) -> None:
        """Generators and rerankers by name, the one in use when none is named first."""
        self._vectors = vectors
        self._embedder = embedder
        self._rerankers = dict(rerankers)
        self._generators = dict(generators)

    @property
    def generation_models(self) -> list[str]:
        """The answerers that are set up, the default first."""
        return list(self._generators)

    @property
    def reranking_models(self) -> list[str]:
        """The rerankers that are set up, the default first, and the word for none."""
        return [*self._rerankers, NO_RERANKING]

    def retrieve(
        self,
        question: str,
        configuration: RetrievalConfiguration = RETRIEVAL,
        *,
        history: Sequence[Exchange] = (),
    ) -> Retrieval:
        """The chunks that fit the question, best first, with timings.

        A question that leans on the conversation is searched as what it means.
        """
        found = retrieve(
            question,
            history=history,
            vectors=self._vectors,
            embedder=self._embedder,
            configuration=configuration,
            reranker=self._reranker(configuration.reranking_model),
        )
        if configuration.reranking_model not in (None, NO_RERANKING, found.reranking_model):
            raise ValidationError(
                f"{configuration.reranking_model} can not judge chunks that were embedded without "
                f"it; run `python -m kb sync`, or choose '{NO_RERANKING}'."
            )
        return found

    def retrieve_and_generate(
        self,
        question: str,
        configuration: RetrievalConfiguration = RETRIEVAL,
        generation: GenerationConfiguration = GENERATION,
        *,
        session_id: str | None = None,
        history: Sequence[Exchange] = (),
    ) -> RetrieveAndGenerateResponse:
        """The answer with its citations."""
        stream = self.stream(
            question, configuration, generation, session_id=session_id, history=history
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
        configuration: RetrievalConfiguration = RETRIEVAL,
        generation: GenerationConfiguration = GENERATION,
        *,
        session_id: str | None = None,
        history: Sequence[Exchange] = (),
        on_retrieval: Callable[[Retrieval], None] = lambda _: None,
    ) -> Stream[AnswerPart, None, RetrieveAndGenerateResponse]:
        """Yield the parts of the answer as they come; the generator returns the whole.

        `on_retrieval` hears of the chunks before the first word is written.
        """
        generator = self._generator(generation.generation_model)
        check_generation(generation)
        retrieval = self.retrieve(question, configuration, history=history)
        on_retrieval(retrieval)
        request = GenerationRequest(
            question=question,
            results=retrieval.results,
            history=tuple(history),
            configuration=generation,
        )
        start = time.perf_counter()
        writing = Writing()
        report = yield from writing.watch(generator.generate(request))
        generated = (time.perf_counter() - start) * 1000
        return writing.response(
            retrieval,
            report,
            session_id=session_id or str(uuid.uuid4()),
            generation_model=generator.name,
            timings_ms={**retrieval.timings_ms, "generate": generated},
        )

    def _reranker(self, name: str | None) -> Reranker | None:
        chosen = name or self.reranking_models[0]
        if chosen not in self.reranking_models:
            raise ValidationError(
                f"No reranker is called '{chosen}'; choose one of "
                f"{', '.join(self.reranking_models)}."
            )
        return self._rerankers.get(chosen)

    def _generator(self, name: str | None) -> Generator:
        chosen = name or next(iter(self._generators))
        if chosen not in self._generators:
            raise ValidationError(
                f"No answerer is called '{chosen}'; choose one of {', '.join(self._generators)}."
            )
        return self._generators[chosen]
