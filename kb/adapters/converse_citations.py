"""From the events of a model that cites by itself to the parts of an answer.

Bedrock names the sources of a content block, not of a sentence, and by numbers: the result and its
blocks of content. What leads to nothing that was sent is counted, and not shown.
"""

from __future__ import annotations

from collections.abc import Generator as Stream
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.adapters.converse_request import Attached
from kb.errors import KbError
from kb.generation.abstaining import Abstaining
from kb.generation.replying import Ended, Written, refusal, report
from kb.models import AnswerPart, GenerationReport, RetrievedReference, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A `citation` of the content block that is being written."""

    citation: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockEnded:
    """The content block is complete."""


Reply = Written | Cited | BlockEnded | Ended


def cited_answer(
    reply: Iterable[Reply], attached: Sequence[Attached], *, prompt: str, model: str
) -> Stream[AnswerPart, None, GenerationReport]:
    """The parts of a reply with citations of its own.

    When the reply breaks off with an error, what it had cited so far is passed on before it.
    """
    blocks, ended = _Blocks(attached), Ended()
    try:
        for piece in reply:
            match piece:
                case Written():
                    yield from blocks.write(piece.text)
                case Cited():
                    blocks.cite(piece.citation)
                case BlockEnded():
                    yield from blocks.end()
                case Ended():
                    ended = ended.then(piece)
    except KbError:
        yield from blocks.end()
        raise
    yield from blocks.end(is_last=True)
    return report(
        ended,
        prompt=prompt,
        unresolved=blocks.unresolved,
        refusal=refusal(ended, model, silent=blocks.is_silent),
    )


class _Blocks:
    def __init__(self, attached: Sequence[Attached]) -> None:
        self.unresolved = 0
        self._attached = attached
        self._abstaining = Abstaining()
        self._length = 0
        self._block = ""
        self._references: list[RetrievedReference] = []

    @property
    def is_silent(self) -> bool:
        """Whether the model neither wrote anything nor said that nothing answers."""
        return self._length == 0 and not self._abstaining.abstained

    def write(self, text: str) -> Iterator[AnswerPart]:
        yield from self._show(self._abstaining.feed(text))

    def cite(self, citation: Mapping[str, Any]) -> None:
        reference = _reference(citation, self._attached)
        if reference is None:
            self.unresolved += 1
        elif reference not in self._references:
            self._references.append(reference)

    def end(self, *, is_last: bool = False) -> Iterator[AnswerPart]:
        # What cites something is no abstention, however short it is.
        if is_last or self._references:
            yield from self._show(self._abstaining.finish())
        words = self._block.strip()
        if self._references and words:
            begin = self._length - len(self._block) + self._block.index(words)
            span = Span(start=begin, end=begin + len(words))
            yield AnswerPart(text="", retrieved_references=tuple(self._references), span=span)
        elif self._references:
            self.unresolved += len(self._references)
        self._block, self._references = "", []

    def _show(self, text: str) -> Iterator[AnswerPart]:
        self._block += text
        self._length += len(text)
        if text:
            yield AnswerPart(text=text)


def _reference(
    citation: Mapping[str, Any], attached: Sequence[Attached]
) -> RetrievedReference | None:
    location = citation.get("location", {}).get("searchResultLocation", {})
    place = location.get("searchResultIndex")
    if place is None:
        sources = [a.source for a in attached]
        place = sources.index(citation["source"]) if citation.get("source") in sources else -1
    if not 0 <= place < len(attached):
        return None
    cited = "".join(part.get("text", "") for part in citation.get("sourceContent", []))
    return RetrievedReference(
        result=attached[place].result, passage=_passage(attached[place], location, cited)
    )


def _passage(attached: Attached, location: Mapping[str, int], cited: str) -> Span | None:
    """The cited blocks of a result; None, for all of it, when they can not be told.

    Whether `end` is the last block or the one behind it is written nowhere: the cited words say.
    """
    start, end = location.get("start", 0), location.get("end", 0)
    blocks, text = attached.blocks, attached.result.text
    for stop in (end, end + 1):
        if start < stop <= len(blocks):
            span = Span(start=blocks[start].start, end=blocks[stop - 1].end)
            if not cited or _same(cited, text[span.start : span.end]):
                return span
    found = text.find(cited) if cited else -1
    return None if found < 0 else Span(start=found, end=found + len(cited))


def _same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())
