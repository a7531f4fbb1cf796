"""An answerer behind `/v1/chat/completions`: Ollama, llama-server, vLLM, OpenAI and many others.

The retrieved chunks are numbered in the prompt. What the model writes is text: an address in it is
never called.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Generator as Stream
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import urllib3

from kb.adapters.openai_endpoint import OpenAiEndpoint, Refused, blocks
from kb.adapters.server_sent_events import read_events
from kb.errors import ModelError, ValidationError
from kb.generation.bounds import check_generation
from kb.generation.prompt import Prompt, build_prompt
from kb.generation.replying import Ended, Written, numbered_answer
from kb.generation.retrying import TryAgain, retried
from kb.models import AnswerPart, GenerationConfiguration, GenerationReport, GenerationRequest

#: How long a model may be silent; the first word of a long prompt takes its time.
ANSWER_SECONDS = 120.0
DONE = "[DONE]"
#: Parameters that not every server knows, and what to send in their place.
RENAMED = {"stream_options": None, "max_tokens": "max_completion_tokens"}
Json = dict[str, Any]


class OpenAiGenerator:
    """A Generator behind an OpenAI-compatible endpoint; threads may share it."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str,
        api_key: str | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Calls nobody yet."""
        self._model = model
        self._endpoint = OpenAiEndpoint(base_url, api_key, answer_seconds=answer_seconds)

    @property
    def name(self) -> str:
        return f"openai:{self._model}"

    def generate(self, request: GenerationRequest) -> Stream[AnswerPart, None, GenerationReport]:
        """Raises ValidationError when the configuration or its template does not fit."""
        check_generation(request.configuration)
        if request.configuration.guardrail_id:
            raise ValidationError(
                f"Guardrails are Bedrock's and {self.name} has none; choose a model of Bedrock or "
                "remove the guardrail."
            )
        prompt = build_prompt(request, nonce=secrets.token_hex(8), now=datetime.now(UTC))
        if not request.results:
            return GenerationReport()
        body = _body(self._model, prompt, request.configuration)
        reply = retried(lambda: self._reply(body))
        return (
            yield from numbered_answer(
                reply, request.results, prompt=_transcript(body), model=self.name
            )
        )

    def _reply(self, body: Json) -> Iterator[Written | Ended]:
        try:
            yield from self._once(body)
        except Refused as error:
            named = [name for name in RENAMED if name in body and name in str(error)]
            if not named:
                raise
            yield from self._once(_renamed(body, named))

    def _once(self, body: Json) -> Iterator[Written | Ended]:
        """Raises ModelError also where the stream ends before the answer does."""
        is_complete = False
        with self._endpoint.post(body) as response:
            for data in _data(response):
                if data == DONE:
                    return
                for piece in self._pieces(data):
                    is_complete = is_complete or (isinstance(piece, Ended) and piece.has_stopped)
                    yield piece
        if not is_complete:
            raise TryAgain(f"{self._endpoint.where} broke off in its answer; ask again.")

    def _pieces(self, data: str) -> Iterator[Written | Ended]:
        try:
            yield from list(self._read(json.loads(data)))
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise ModelError(
                f"{self._endpoint.where} answers with what is no chat completion; check "
                "KB_OPENAI_BASE_URL."
            ) from error

    def _read(self, chunk: Json) -> Iterator[Written | Ended]:
        if "error" in chunk:
            _, said = self._endpoint.said(json.dumps(chunk).encode())
            raise TryAgain(f"{self.name} failed ({said}); ask again.")
        for choice in chunk["choices"][:1]:
            message = choice.get("delta") or choice.get("message") or {}
            if text := message.get("content") or message.get("refusal"):
                yield Written(text=_string(text))
            if reason := choice.get("finish_reason"):
                yield Ended(stop_reason=str(reason))
        if usage := chunk.get("usage"):
            yield Ended(
                input_tokens=usage.get("prompt_tokens"),
                output_tokens=usage.get("completion_tokens"),
            )


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a message's content is no text")
    return value


def _data(response: urllib3.BaseHTTPResponse) -> Iterator[str]:
    """What the response has for us, as JSON or as the word that ends it."""
    if "json" in response.headers.get("Content-Type", ""):
        # Some servers do not stream, whatever they are asked.
        yield response.read().decode(errors="replace")
    else:
        yield from read_events(blocks(response))


def _body(model: str, prompt: Prompt, given: GenerationConfiguration) -> Json:
    messages = [{"role": "system", "content": prompt.system}]
    for exchange in prompt.history:
        messages.append({"role": "user", "content": exchange.question})
        messages.append({"role": "assistant", "content": exchange.answer})
    messages.append({"role": "user", "content": prompt.message})
    options = {
        "temperature": given.temperature,
        "top_p": given.top_p,
        "max_tokens": given.max_tokens,
        "stop": list(given.stop_sequences) or None,
    }
    return {
        "model": model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        **{name: value for name, value in options.items() if value is not None},
    }


def _renamed(body: Json, names: list[str]) -> Json:
    """The request without these parameters, or with what newer servers call them."""
    changed = {name: value for name, value in body.items() if name not in names}
    return changed | {new: body[old] for old in names if (new := RENAMED[old])}


def _transcript(body: Mapping[str, Any]) -> str:
    """The messages as they were sent, under the names of who speaks."""
    return "\n".join(f"{m['role'].upper()}\n\n{m['content']}\n" for m in body["messages"])
