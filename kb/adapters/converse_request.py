"""What Converse is asked: a prompt in the shape of its request, and the same for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kb.generation.prompt import Prompt, place
from kb.generation.units import sentences
from kb.models import GenerationConfiguration, RetrievalResult, Span

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A result that travels as a `searchResult` block."""

    result: RetrievalResult
    #: As the model names it.
    source: str
    #: Its blocks of content: citations name them, and they are spans of the chunk's text.
    blocks: tuple[Span, ...]

    @property
    def block(self) -> Json:
        """The content block of the request."""
        texts = [self.result.text[span.start : span.end] for span in self.blocks]
        return {
            "searchResult": {
                "source": self.source,
                "title": place(self.result),
                "content": [{"text": text} for text in texts],
                "citations": {"enabled": True},
            }
        }


def attach(results: Sequence[RetrievalResult]) -> list[Attached]:
    """The results in order, sentence by sentence; a result without words is left out."""
    found = [
        Attached(result=r, source=f"{r.uri}#{n}", blocks=tuple(sentences(r.text)))
        for n, r in enumerate(results, start=1)
    ]
    return [attached for attached in found if attached.blocks]


def converse_request(
    model_id: str,
    prompt: Prompt,
    configuration: GenerationConfiguration,
    *,
    attached: Sequence[Attached] = (),
    takes_system: bool = True,
) -> Json:
    """ConverseStream's request."""
    content = [a.block for a in attached]
    if not takes_system:
        content.append({"text": prompt.system})
    content += _question(prompt, is_guarded=configuration.guardrail_id is not None)
    request: Json = {
        "modelId": model_id,
        "messages": [*_history(prompt), {"role": "user", "content": content}],
    }
    if takes_system:
        request["system"] = [{"text": prompt.system}]
    return request | _options(configuration)


def transcript(request: Json) -> str:
    """The request's texts as they were sent, under the names of who speaks."""
    speakers = [("system", block) for block in request.get("system", [])]
    speakers += [(m["role"], block) for m in request["messages"] for block in m["content"]]
    told: list[str] = []
    last = ""
    for speaker, block in speakers:
        if speaker != last:
            told.append(f"{speaker.upper()}\n")
        told.append(_text(block))
        last = speaker
    return "\n".join(told)


def _history(prompt: Prompt) -> Iterator[Json]:
    for exchange in prompt.history:
        yield {"role": "user", "content": [{"text": exchange.question}]}
        yield {"role": "assistant", "content": [{"text": exchange.answer}]}


def _question(prompt: Prompt, *, is_guarded: bool) -> list[Json]:
    if not is_guarded:
        return [{"text": prompt.message}]
    # As in a managed knowledge base: the question is assessed, retrieved text is not.
    asked = {"guardContent": {"text": {"text": prompt.question, "qualifiers": ["query"]}}}
    around = [{"text": text} if text.strip() else None for text in (prompt.before, prompt.behind)]
    return [block for block in (around[0], asked, around[1]) if block]


def _options(given: GenerationConfiguration) -> Json:
    inference = {
        "temperature": given.temperature,
        "topP": given.top_p,
        "maxTokens": given.max_tokens,
        "stopSequences": list(given.stop_sequences) or None,
    }
    options: Json = {}
    if chosen := {name: value for name, value in inference.items() if value is not None}:
        options["inferenceConfig"] = chosen
    if given.guardrail_id:
        options["guardrailConfig"] = {
            "guardrailIdentifier": given.guardrail_id,
            "guardrailVersion": given.guardrail_version,
        }
    return options


def _text(block: Json) -> str:
    if "guardContent" in block:
        return str(block["guardContent"]["text"]["text"])
    if "searchResult" not in block:
        return str(block["text"])
    found = block["searchResult"]
    texts = "\n".join(part["text"] for part in found["content"])
    return f"searchResult {found['source']}\n{found['title']}\n{texts}\n"
