"""Blocks -> windows of as many words as a number of tokens allows, with an overlap.

Every word keeps its block, so that a window knows its places on the pages and its section.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice

from kb.documents.blocks import Block, joined
from kb.documents.chunking import CountTokens

# Characters: what has no spaces, as Chinese or a listing of bytes, is cut here at the latest.
_WORD = re.compile(r"\S{1,64}")
# Words whose tokens are counted in one call.
_BATCH = 2_048


@dataclass(frozen=True, slots=True)
class Word:
    """Characters of a block, `text[start:end]`."""

    block: Block
    start: int
    end: int
    tokens: int = 0

    @property
    def text(self) -> str:
        """The word itself."""
        return self.block.text[self.start : self.end]


def read_words(
    blocks: Iterable[Block], count_tokens: CountTokens, *, max_tokens: int
) -> Iterator[Word]:
    """Yield the blocks' words; those of more than `max_tokens` tokens in parts."""
    words = (
        Word(block, match.start(), match.end())
        for block in blocks
        for match in _WORD.finditer(block.text)
    )
    while batch := list(islice(words, _BATCH)):
        counts = count_tokens([word.text for word in batch])
        for word, tokens in zip(batch, counts, strict=True):
            yield from _fitting(replace(word, tokens=tokens), count_tokens, max_tokens)


def _fitting(word: Word, count_tokens: CountTokens, max_tokens: int) -> Iterator[Word]:
    if word.tokens <= max_tokens or word.end - word.start == 1:
        yield word
        return
    middle = (word.start + word.end) // 2
    halves = [replace(word, end=middle), replace(word, start=middle)]
    for half, tokens in zip(halves, count_tokens([h.text for h in halves]), strict=True):
        yield from _fitting(replace(half, tokens=tokens), count_tokens, max_tokens)


def text_of(words: Sequence[Word]) -> Block:
    """The words with what stands between them, as one block."""
    parts = []
    for _, group in groupby(words, key=lambda word: id(word.block)):
        same = list(group)
        parts.append(same[0].block.part(same[0].start, same[-1].end))
    return joined(parts)


def windows(
    words: Iterable[Word], count_tokens: CountTokens, *, max_tokens: int, overlap_tokens: int
) -> Iterator[tuple[list[Word], Block]]:
    """Yield the words of each window and the window itself, with its tokens counted.

    A window begins with the last words of the one before that have no more than
    `overlap_tokens` tokens.
    """
    cutter = _Cutter(words, count_tokens, max_tokens)
    # The words that the last window had too.
    kept: list[Word] = []
    while cutter.has_more():
        window, block = cutter.cut(kept)
        yield window, block
        kept = _last(window, overlap_tokens)


class _Cutter:
    """Cuts one window after another off the words.

    The counts of words add up exactly for some models and about for others, so that the count of
    the whole window decides.
    """

    def __init__(self, words: Iterable[Word], count_tokens: CountTokens, max_tokens: int) -> None:
        self._rest = iter(words)
        self._ahead: deque[Word] = deque()
        self._count_tokens = count_tokens
        self._max_tokens = max_tokens

    def has_more(self) -> bool:
        """Whether there are words for another window."""
        if not self._ahead and (word := next(self._rest, None)):
            self._ahead.append(word)
        return bool(self._ahead)

    def cut(self, kept: Sequence[Word]) -> tuple[list[Word], Block]:
        """A window that begins with `kept`, or with as many of its words as leave room."""
        first = self._ahead.popleft()
        while kept and _tokens(kept) + first.tokens > self._max_tokens:
            kept = kept[1:]
        window, old = [*kept, first], len(kept)
        size = _tokens(window)
        while True:
            added = self._fill(window, size)
            block = self._counted(window)
            if block.tokens > self._max_tokens:
                return self._shrunk(window, block, old)
            if not added:
                return window, block
            size = block.tokens

    def _fill(self, window: list[Word], size: int) -> bool:
        """Add the words for which there seems to be room; return whether there were any."""
        before = len(window)
        while self.has_more() and size + self._ahead[0].tokens <= self._max_tokens:
            size += self._ahead[0].tokens
            window.append(self._ahead.popleft())
        return len(window) > before

    def _shrunk(self, window: list[Word], block: Block, old: int) -> tuple[list[Word], Block]:
        """The window without the words that are too many; at least one new word stays."""
        while block.tokens > self._max_tokens and len(window) > 1:
            if len(window) > old + 1:
                self._ahead.appendleft(window.pop())
            else:
                del window[0]
                old -= 1
            block = self._counted(window)
        return window, block

    def _counted(self, window: Sequence[Word]) -> Block:
        block = text_of(window)
        return replace(block, tokens=self._count_tokens([block.text])[0])


def _last(window: Sequence[Word], tokens: int) -> list[Word]:
    start = len(window)
    while start > 1 and window[start - 1].tokens <= tokens:
        start -= 1
        tokens -= window[start].tokens
    return list(window[start:])


def _tokens(words: Iterable[Word]) -> int:
    return sum(word.tokens for word in words)
