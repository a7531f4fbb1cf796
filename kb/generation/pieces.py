"""An answer cut into pieces to be shown: sentences with their verdicts, numbers where they belong.

Pure. The pieces joined are the answer's text.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from kb.generation.numbering import number_sources
from kb.models import CheckedSentence, QuoteCheck, RetrieveAndGenerateResponse, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of an answer's characters."""

    text: str
    #: None between sentences, and while nothing is checked.
    verdict: Verdict | None
    #: Of the sources that are cited where the piece ends.
    numbers: tuple[int, ...] = ()


def pieces(response: RetrieveAndGenerateResponse, check: QuoteCheck | None) -> tuple[Piece, ...]:
    """The pieces of an answer, in order."""
    text, sentences = response.text, check.sentences if check else ()
    ends = _numbers_by_end(response)
    borders = {0, len(text), *ends}
    for sentence in sentences:
        borders |= {sentence.span.start, sentence.span.end}
    ordered = sorted(border for border in borders if 0 <= border <= len(text))
    return tuple(
        Piece(text=text[start:end], verdict=_verdict(start, sentences), numbers=ends.get(end, ()))
        for start, end in itertools.pairwise(ordered)
    )


def _numbers_by_end(response: RetrieveAndGenerateResponse) -> dict[int, tuple[int, ...]]:
    found: dict[int, dict[int, None]] = {}
    numbers = number_sources(response).citations
    for citation, shown in zip(response.citations, numbers, strict=True):
        found.setdefault(citation.span.end, {}).update(dict.fromkeys(shown))
    return {end: tuple(shown) for end, shown in found.items()}


def _verdict(start: int, sentences: tuple[CheckedSentence, ...]) -> Verdict | None:
    for sentence in sentences:
        if sentence.span.start <= start < sentence.span.end:
            return sentence.verdict
    return None
