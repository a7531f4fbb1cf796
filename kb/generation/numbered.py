"""Turns a model's text with markers such as [1], [2, 3] or [1][2] into parts with citations.

The text is passed on at once, without the markers; each group of markers becomes a citation of the
sentence that it closes. A number that names no result is not shown, but counted. In code, and so in
`arr[1]`, brackets are left alone. However the text is cut into pieces, the answer is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kb.generation.code_spans import CodeSpans
from kb.generation.units import ABBREVIATION
from kb.models import AnswerPart, RetrievalResult, RetrievedReference, Span

_SPACES = r"[ \t\u00a0]*"
_MARKER = (
    rf"\[(?=[^\]]{{1,60}}\]){_SPACES}\d{{1,3}}(?:{_SPACES}[,;–-]{_SPACES}\d{{1,3}})*{_SPACES}\]"
)
#: Markers that stand together, with the spaces before them.
_GROUP = re.compile(rf"{_SPACES}{_MARKER}(?:{_SPACES}[,;]?{_SPACES}{_MARKER})*")
#: What may still become a marker when more text comes; so long no marker is.
_UNFINISHED = r"\[[\d \t\u00a0,;–-]{0,60}"
_MAY_BEGIN = re.compile(rf"{_SPACES}(?:{_UNFINISHED})?")
_MAY_GO_ON = re.compile(rf"{_SPACES}[,;]?{_SPACES}(?:{_UNFINISHED})?")
_NUMBERS = re.compile(rf"(\d+)(?:{_SPACES}[–-]{_SPACES}(\d+))?")
_TICKS = re.compile(r"`+")
_PLAIN = re.compile(r"[^`\n\[ \t\u00a0]+|[ \t\u00a0]+|\[")
_CODE = re.compile(r"[^`\n]+")
_WORD = re.compile(r"\w")
#: Behind it a sentence begins: a line, or a full stop with what closes it.
_BOUNDARY = re.compile(r"\n\s*|(?<=[.!?…])[\"')\]”’*_]*\s+|(?<=[。！？])\s*")
#: What stands before a sentence's first word: the end of the one before, bullets, numbers of lists.
_LEAD = re.compile(r"(?:[\s,;:.!?)\]…。！？]|[-*+•>|]\s|#{1,6}\s|\d{1,3}[.)]\s)*")


class NumberedCitations:
    """The parser; one for each reply."""

    def __init__(self, results: Sequence[RetrievalResult]) -> None:
        self._results = results
        #: Markers' numbers that named no result, or stood where there was nothing to cite.
        self.unresolved = 0
        self._held = ""
        self._code = CodeSpans()
        #: Characters passed on so far, and those of them since the last markers.
        self._length = 0
        self._since = ""
        self._last: Span | None = None
        self._written: list[str] = []

    @property
    def is_empty(self) -> bool:
        """Whether no text was passed on."""
        return self._length == 0

    def feed(self, text: str) -> Iterator[AnswerPart]:
        """Take the next piece of the reply."""
        self._held += text
        yield from self._read(is_final=False)

    def finish(self) -> Iterator[AnswerPart]:
        """The reply has ended; a marker that it broke off in is dropped."""
        yield from self._read(is_final=True)

    def _read(self, *, is_final: bool) -> Iterator[AnswerPart]:
        place = 0
        while place < len(self._held):
            if not self._code.inside and (group := _GROUP.match(self._held, place)):
                if not is_final and _MAY_GO_ON.fullmatch(self._held, group.end()):
                    break
                yield from self._cite(group.group())
                place = self._after_group(group.end())
                continue
            end = self._end_of_run(place, is_final=is_final)
            if end == place:
                break
            self._write(self._held[place:end])
            place = end
        self._held = "" if is_final else self._held[place:]
        yield from self._flush()

    def _end_of_run(self, place: int, *, is_final: bool) -> int:
        """The end of what can be passed on from `place`, which is `place` itself for nothing."""
        held = self._held
        if ticks := _TICKS.match(held, place):
            # More of them may come.
            return place if ticks.end() == len(held) and not is_final else ticks.end()
        if held[place] == "\n":
            return place + 1
        if self._code.inside:
            return _match(_CODE, held, place)
        if _MAY_BEGIN.fullmatch(held, place):
            return place
        return _match(_PLAIN, held, place)

    def _write(self, run: str) -> None:
        if run == "\n":
            self._code.newline()
        elif run[0] == "`":
            self._code.backticks(len(run))
        else:
            self._code.text(run)
        self._written.append(run)

    def _flush(self) -> Iterator[AnswerPart]:
        text = "".join(self._written)
        self._written.clear()
        if text:
            self._length += len(text)
            self._since += text
            yield AnswerPart(text=text)

    def _after_group(self, end: int) -> int:
        """Where to go on: a line that begins with markers does not begin with a space then."""
        if not self._code.at_line_start:
            return end
        return end + len(self._held[end:]) - len(self._held[end:].lstrip(" \t"))

    def _cite(self, markers: str) -> Iterator[AnswerPart]:
        yield from self._flush()
        numbers = list(dict.fromkeys(_numbers(markers)))
        known = [n for n in numbers if 1 <= n <= len(self._results)]
        span = self._closed_sentence()
        self.unresolved += len(numbers) - (len(known) if span else 0)
        if not known or not span:
            return
        self._last, self._since = span, ""
        references = tuple(RetrievedReference(result=self._results[n - 1]) for n in known)
        yield AnswerPart(text="", retrieved_references=references, span=span)

    def _closed_sentence(self) -> Span | None:
        """The sentence up to here, or what the markers before left of it.

        Where no word stands since the last markers, their sentence; None at the very beginning.
        """
        since = self._since.rstrip()
        begins = [0, *(m.end() for m in _BOUNDARY.finditer(since) if _is_end(since, m))]
        for begin in reversed(begins):
            first = _match(_LEAD, since, begin)
            if _WORD.search(since, first):
                offset = self._length - len(self._since)
                return Span(start=offset + first, end=offset + len(since))
        return self._last


def _is_end(text: str, boundary: re.Match[str]) -> bool:
    return boundary.group().startswith("\n") or not ABBREVIATION.search(text[: boundary.start()])


def _match(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place


def _numbers(markers: str) -> Iterator[int]:
    """All numbers of a group of markers; 2-4 are three."""
    for match in _NUMBERS.finditer(markers):
        first, last = int(match[1]), int(match[2] or match[1])
        yield from range(first, last + 1) if last >= first else (first, last)
