"""What an evaluation asks."""

from __future__ import annotations

from typing import Protocol

from kb.models import (
    GenerationConfiguration,
    Retrieval,
    RetrievalConfiguration,
    RetrieveAndGenerateResponse,
)


class QuestionAnswering(Protocol):
    """A knowledge base that is asked one question after another. Errors are KbError."""

    def retrieve(self, question: str, configuration: RetrievalConfiguration) -> Retrieval:
        """The chunks that fit, best first."""

    def retrieve_and_generate(
        self,
        question: str,
        configuration: RetrievalConfiguration,
        generation: GenerationConfiguration,
    ) -> RetrieveAndGenerateResponse:
        """The answer with its citations."""
