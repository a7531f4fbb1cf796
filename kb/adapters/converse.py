"""An answerer for any model of Bedrock that Converse reaches.

A model that can cite by itself gets the retrieved chunks as `searchResult` blocks and its citations
are taken over, with their passages; any other gets them numbered in the prompt.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator as Stream
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from kb.adapters.converse_citations import BlockEnded, Cited, Reply, cited_answer
from kb.adapters.converse_models import cites, takes_system
from kb.adapters.converse_request import Json, attach, converse_request, transcript
from kb.adapters.converse_stream import ConverseStream
from kb.generation.bounds import check_generation
from kb.generation.prompt import build_prompt
from kb.generation.replying import Ended, Written, numbered_answer
from kb.generation.retrying import TryAgain, retried
from kb.models import AnswerPart, GenerationReport, GenerationRequest

#: Answers under way at once that keep a connection.
CONNECTIONS = 10
#: How long a model may be silent; the first word of a long prompt takes its time.
ANSWER_SECONDS = 120


class ConverseGenerator:
    """A Generator on Bedrock; threads may share it."""

    def __init__(self, model_id: str, *, answer_seconds: int = ANSWER_SECONDS) -> None:
        """`model_id`: a model, an inference profile or the ARN of either. Calls nobody yet.

        Raises SettingsError when there is no region.
        """
        self._model_id = model_id
        self._stream = ConverseStream(connections=CONNECTIONS, answer_seconds=answer_seconds)

    @property
    def name(self) -> str:
        return self._model_id

    def generate(self, request: GenerationRequest) -> Stream[AnswerPart, None, GenerationReport]:
        """Raises ValidationError when the configuration or its template does not fit."""
        check_generation(request.configuration)
        attached = attach(request.results) if cites(self._model_id) else []
        prompt = build_prompt(
            request, nonce=secrets.token_hex(8), now=datetime.now(UTC), attached=bool(attached)
        )
        if not request.results:
            # Nothing to answer from, so nothing to pay for.
            return GenerationReport()
        call = converse_request(
            self._model_id,
            prompt,
            request.configuration,
            attached=attached,
            takes_system=takes_system(self._model_id),
        )
        sent = transcript(call)
        reply = retried(lambda: self._reply(call))
        if attached:
            return (yield from cited_answer(reply, attached, prompt=sent, model=self.name))
        written = (piece for piece in reply if isinstance(piece, (Written, Ended)))
        return (yield from numbered_answer(written, request.results, prompt=sent, model=self.name))

    def _reply(self, call: Json) -> Iterator[Reply]:
        """Raises ModelError also where the events end before the message does."""
        has_begun = is_complete = False
        for event in self._stream.events(call):
            is_complete = is_complete or "messageStop" in event
            for piece in _pieces(event):
                has_begun = has_begun or not isinstance(piece, BlockEnded)
                # The end of a block of reasoning is not yet the beginning of an answer.
                if has_begun:
                    yield piece
        if not is_complete:
            raise TryAgain(f"{self._model_id} broke off in its answer; ask again.")


def _pieces(event: Mapping[str, Any]) -> Iterator[Reply]:
    """What an event says to us: neither reasoning nor tools."""
    match event:
        case {"contentBlockDelta": {"delta": {"text": text}}}:
            yield Written(text=text)
        case {"contentBlockDelta": {"delta": {"citation": citation}}}:
            yield Cited(citation=citation)
        case {"contentBlockStop": _}:
            yield BlockEnded()
        case {"messageStop": stop}:
            yield Ended(stop_reason=stop["stopReason"])
        case {"metadata": {"usage": usage}}:
            yield Ended(input_tokens=usage["inputTokens"], output_tokens=usage["outputTokens"])
