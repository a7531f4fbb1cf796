"""An answerer that says what a test tells it to, as slowly as the test wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from collections.abc import Generator as Stream

from kb.errors import ModelError
from kb.models import (
    AnswerPart,
    GenerationReport,
    GenerationRequest,
    RetrievalResult,
    RetrievedReference,
    Span,
)

Script = Callable[[Sequence[RetrievalResult]], Sequence[AnswerPart]]


class ScriptedGenerator:
    """A Generator. It waits before part `pause` until `go_on` is set, and fails after its parts."""

    def __init__(
        self,
        script: Script,
        *,
        pause: int | None = None,
        failure: str | None = None,
        seconds: float = 0.0,
    ) -> None:
        """`seconds` pass before each part."""
        self._seconds = seconds
        self._script = script
        self._pause = pause
        self._failure = failure
        self.go_on = threading.Event()
        self.requests: list[GenerationRequest] = []

    @property
    def name(self) -> str:
        return "scripted"

    def generate(self, request: GenerationRequest) -> Stream[AnswerPart, None, GenerationReport]:
        self.requests.append(request)
        for number, part in enumerate(self._script(request.results)):
            if number == self._pause:
                assert self.go_on.wait(20)
            time.sleep(self._seconds)
            yield part
        if self._failure:
            raise ModelError(self._failure)
        return GenerationReport(prompt="as sent", input_tokens=3, output_tokens=2)


def quote(result: RetrievalResult, words: str) -> AnswerPart:
    """A part that quotes the first place at which a chunk has these words."""
    start = result.text.index(words)
    passage = Span(start=start, end=start + len(words))
    reference = RetrievedReference(result=result, passage=passage)
    return AnswerPart(text=words, retrieved_references=(reference,))
