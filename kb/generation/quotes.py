"""The quote check: do cited passages stand where the citations say, word for word? Pure.

A passage is held against the chunk as it is stored, the chunk against the text of the document's
pages, both by offsets of characters. Nothing is searched for and nothing is mended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb.generation.numbering import Numbering, number_sources
from kb.generation.units import sentences
from kb.models import (
    CheckedSentence,
    CheckedSource,
    Citation,
    Placement,
    QuoteCheck,
    RetrieveAndGenerateResponse,
    RetrievedReference,
    Span,
    Verdict,
)

#: What may stand in a chunk between two runs of the pages' characters: it joins them.
JOINTS = " \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredText:
    """A chunk as the knowledge base holds it, and the pages that it was cut from."""

    text: str
    #: Empty where the workbench keeps no books of the chunk.
    placements: tuple[Placement, ...] = ()
    #: Text by page number.
    pages: Mapping[int, str]


def check_quotes(
    response: RetrieveAndGenerateResponse, stored: Mapping[str, StoredText]
) -> QuoteCheck:
    """Check an answer; `stored` has the cited chunks by their id."""
    numbering = number_sources(response)
    sources = [
        _checked(source.number, source.reference, stored) for source in numbering.sources
    ] + [
        CheckedSource(number=None, found=False, reason="The cited chunk was never retrieved.")
        for _ in numbering.unknown
    ]
    found = {source.number for source in sources if source.found}
    checked = _sentences(response, numbering, found) if response.answered else ()
    return QuoteCheck(sentences=tuple(checked), sources=tuple(sources))


def _checked(
    number: int, reference: RetrievedReference, stored: Mapping[str, StoredText]
) -> CheckedSource:
    reason = _fault(reference, stored.get(reference.result.chunk_id))
    return CheckedSource(
        number=number,
        found=reason is None,
        reason=reason or "The passage stands so in the chunk, and the chunk so in the document.",
    )


def _fault(reference: RetrievedReference, stored: StoredText | None) -> str | None:
    if stored is None:
        return "The cited chunk is not in the knowledge base."
    text, passage = reference.result.text, reference.passage
    if passage is not None and not 0 <= passage.start < passage.end <= len(text):
        return "The citation names characters that the chunk does not have."
    span = passage or Span(start=0, end=len(text))
    if stored.text[span.start : span.end] != text[span.start : span.end]:
        return "The stored chunk has other words at this place."
    return _page_fault(stored, span)


def _page_fault(stored: StoredText, span: Span) -> str | None:
    """Hold the passage's characters against the pages' at the same places."""
    if not stored.placements:
        return "Where the chunk stands in its document is not known, so it can not be checked."
    at = span.start
    for run in stored.placements:
        start, end = max(run.start, span.start), min(run.end, span.end)
        if start >= end:
            continue
        if stored.text[at:start].strip(JOINTS):
            return "The passage has characters that stand on none of the document's pages."
        first = run.page_start + start - run.start
        page = stored.pages.get(run.page_number, "")
        if page[first : first + end - start] != stored.text[start:end]:
            return f"Page {run.page_number} has other words at this place."
        at = end
    if stored.text[at : span.end].strip(JOINTS):
        return "The passage has characters that stand on none of the document's pages."
    return None


def _sentences(
    response: RetrieveAndGenerateResponse, numbering: Numbering, found: set[int | None]
) -> list[CheckedSentence]:
    checked = []
    for span in answer_sentences(response.text, response.citations):
        cited = [
            (citation, numbers)
            for citation, numbers in zip(response.citations, numbering.citations, strict=True)
            if citation.span.start < span.end and span.start < citation.span.end
        ]
        numbers = tuple(dict.fromkeys(number for _, shown in cited for number in shown))
        # One source that is not there spoils the sentence, also when it has no number.
        whole = all(
            len(shown) and set(shown) <= found and _all_known(citation, numbering)
            for citation, shown in cited
        )
        checked.append(
            CheckedSentence(span=span, verdict=_verdict(bool(cited), whole), numbers=numbers)
        )
    return checked


def _all_known(citation: Citation, numbering: Numbering) -> bool:
    return not any(reference in numbering.unknown for reference in citation.retrieved_references)


def _verdict(is_cited: bool, is_found: bool) -> Verdict:
    if not is_cited:
        return Verdict.UNCITED
    return Verdict.VERIFIED if is_found else Verdict.NOT_FOUND


def answer_sentences(text: str, citations: Sequence[Citation]) -> list[Span]:
    """The sentences of an answer; rows and code that are cited as one are one."""
    spans: list[Span] = []
    for piece in sentences(text):
        as_one = any(
            citation.span.start <= piece.start and piece.end <= citation.span.end
            for citation in citations
        )
        spans += [piece] if as_one else _lines(text, piece)
    return spans


def _lines(text: str, piece: Span) -> list[Span]:
    """The sentences of each line; an empty one has none."""
    found = []
    for line in re.finditer(r"\S[^\n]*", text[piece.start : piece.end]):
        start = piece.start + line.start()
        found += [
            Span(start=start + span.start, end=start + span.end) for span in sentences(line.group())
        ]
    return found
