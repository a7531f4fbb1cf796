"""Which neighbouring blocks of a section make up one chunk. Pure; knows sizes, not tokenizers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kb.documents.blocks import Block, joined

# Fewer tokens than this are no chunk of their own if the section has room elsewhere.
_TINY = 40
# Tokens of a block that introduces the next one, at most: a heading or caption, a line that ends
# in a colon, the head of a table with its caption.
_HEADING, _COLON, _TABLE_HEAD = 24, 60, 16
# Tokens that move into the next chunk, at most.
_MOVED = 80
_LIST_ITEM = re.compile(r"[•‣◦▪■●○*·–—-]\s")


class Packer:
    """Gathers blocks until the next one would not fit."""

    def __init__(self, max_tokens: int, split: Callable[[Block], list[Block]]) -> None:
        """`split` parts a block that is larger than a chunk may be."""
        self._max_tokens = max_tokens
        self._split = split
        self._group: list[Block] = []
        # The full group before, which may still give a block to a tiny last one.
        self._full: list[Block] = []

    def add(self, block: Block) -> list[list[Block]]:
        """Take the next block of the document; return the groups that are complete now."""
        done: list[list[Block]] = []
        if self._group and self._group[-1].section != block.section:
            done += self.finish()
        if block.tokens > self._max_tokens:
            *full, last = self._split(joined([*self._introductions(_MOVED), block]))
            for piece in full:
                done += self._close()
                self._group = [piece]
            done += self._close()
            self._group = [last]
        elif _tokens(self._group) + block.tokens > self._max_tokens:
            introductions = self._introductions(self._max_tokens - block.tokens)
            done += self._close()
            self._group = [*introductions, block]
        else:
            self._group.append(block)
        return done

    def finish(self) -> list[list[Block]]:
        """End the section; return its last groups."""
        while self._gives_to_tiny():
            self._group.insert(0, self._full.pop())
        groups = [group for group in (self._full, self._group) if group]
        self._full, self._group = [], []
        return groups

    def _close(self) -> list[list[Block]]:
        done = [self._full] if self._full and self._group else []
        if self._group:
            self._full, self._group = self._group, []
        return done

    def _gives_to_tiny(self) -> bool:
        size = _tokens(self._group)
        if not 0 < size < _TINY or len(self._full) < 2:
            return False
        given = self._full[-1].tokens
        return size + given <= self._max_tokens and _tokens(self._full) - given >= _TINY

    def _introductions(self, room: int) -> list[Block]:
        """Take from the end of the group what introduces the next block."""
        count = size = 0
        for block in reversed(self._group):
            size += block.tokens
            if size > min(room, _MOVED) or not _introduces(block):
                break
            count += 1
        kept = self._group[: len(self._group) - count]
        if not count or 0 < _tokens(kept) < _TINY:
            return []
        taken, self._group = self._group[len(kept) :], kept
        return taken


def _introduces(block: Block) -> bool:
    """Whether the block is nothing without what follows: heading, caption, head of a table."""
    text = block.text
    if _LIST_ITEM.match(text) or text.endswith((".", "!", "?", ";", ",")):
        return False
    if text.endswith(":"):
        return block.tokens <= _COLON
    in_one_line = "\n" not in text and "\t" not in text
    return block.tokens <= (_HEADING if in_one_line else _TABLE_HEAD)


def _tokens(blocks: Sequence[Block]) -> int:
    return sum(block.tokens for block in blocks)
