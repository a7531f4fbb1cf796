"""From a model's reply, as it streams, to the parts of an answer and a report. Pure."""

from __future__ import annotations

from collections.abc import Generator as Stream
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.errors import KbError
from kb.generation.abstaining import Abstaining
from kb.generation.numbered import NumberedCitations
from kb.generation.thinking import Thinking
from kb.models import AnswerPart, GenerationReport, RetrievalResult

#: Reasons to stop, as Bedrock and OpenAI name them, that are a decision against the answer.
FILTERED = ("content_filtered", "content_filter", "refusal")
GUARDRAIL = "guardrail_intervened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A piece of a reply's text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a model says of its reply; it may come in several pieces."""

    stop_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def has_stopped(self) -> bool:
        """Whether the model said that its reply is complete."""
        return self.stop_reason is not None

    def then(self, later: Ended) -> Ended:
        """Both, where the later one wins."""
        return Ended(
            stop_reason=later.stop_reason or self.stop_reason,
            input_tokens=_either(later.input_tokens, self.input_tokens),
            output_tokens=_either(later.output_tokens, self.output_tokens),
        )


def numbered_answer(
    reply: Iterable[Written | Ended], results: Sequence[RetrievalResult], *, prompt: str, model: str
) -> Stream[AnswerPart, None, GenerationReport]:
    """The parts of a reply to the numbered prompt; markers become citations.

    When the reply breaks off with an error, what it had cited so far is passed on before it.
    """
    thinking, abstaining, citing = Thinking(), Abstaining(), NumberedCitations(results)
    ended = Ended()
    try:
        for piece in reply:
            if isinstance(piece, Ended):
                ended = ended.then(piece)
            else:
                yield from citing.feed(abstaining.feed(thinking.feed(piece.text)))
    except KbError:
        yield from citing.finish()
        raise
    yield from citing.feed(abstaining.feed(thinking.finish()) + abstaining.finish())
    yield from citing.finish()
    return report(
        ended,
        prompt=prompt,
        unresolved=citing.unresolved,
        refusal=refusal(ended, model, silent=citing.is_empty and not abstaining.abstained),
    )


def report(ended: Ended, *, prompt: str, unresolved: int, refusal: str | None) -> GenerationReport:
    """What an answerer says in the end."""
    return GenerationReport(
        prompt=prompt,
        input_tokens=ended.input_tokens,
        output_tokens=ended.output_tokens,
        stop_reason=ended.stop_reason,
        refusal=refusal,
        unresolved_citations=unresolved,
    )


def refusal(ended: Ended, model: str, *, silent: bool) -> str | None:
    """A sentence when the model was kept from answering, or said nothing at all."""
    stop_reason = ended.stop_reason
    if stop_reason == GUARDRAIL:
        return "The guardrail intervened; ask otherwise, or look at the guardrail in Bedrock."
    if stop_reason in FILTERED:
        return f"{model} stopped at its content filter; ask otherwise or choose another model."
    if silent:
        reason = f" ({stop_reason})" if stop_reason else ""
        return f"{model} replied without a word{reason}; ask again or choose another model."
    return None


def _either(one: int | None, other: int | None) -> int | None:
    return other if one is None else one
