"""Blocks -> chunks of about the wished size, within their sections.

Paragraphs, list items, table rows and listings stay whole where they fit; longer ones are cut at
sentences. What introduces something (a heading, a caption, a line that ends in a colon) goes with
what it introduces. Knows the embedding model only as a function that counts tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from math import ceil
from typing import TypeAlias

from semantic_text_splitter import TextSplitter

from kb.documents.blocks import Block, joined, read_blocks
from kb.documents.packing import Packer
from kb.models import Chunk, Page

CountTokens: TypeAlias = Callable[[Sequence[str]], list[int]]

# Blocks whose tokens are counted in one call.
_BATCH = 256
# Characters: the splitter takes long over long texts, so those are cut at line ends first.
_LONG = 8_000


def chunk_pages(
    pages: Iterable[Page], count_tokens: CountTokens, *, max_tokens: int = 300
) -> Iterator[Chunk]:
    """Yield the document's chunks while its pages are read.

    No chunk has more than `max_tokens` tokens or belongs to two sections.
    """
    chunker = _Chunker(count_tokens, max_tokens)
    packer = Packer(max_tokens, chunker.split)
    blocks = (part for block in read_blocks(pages) for part in _cut_long(block))
    ordinal = 0
    while batch := list(islice(blocks, _BATCH)):
        groups = [group for block in chunker.counted(batch) for group in packer.add(block)]
        for block in chunker.whole(groups):
            yield _chunk(block, ordinal)
            ordinal += 1
    for block in chunker.whole(packer.finish()):
        yield _chunk(block, ordinal)
        ordinal += 1


class _Chunker:
    """Counts tokens and splits what has too many."""

    def __init__(self, count_tokens: CountTokens, max_tokens: int) -> None:
        self._count_tokens = count_tokens
        self._max_tokens = max_tokens

    def counted(self, blocks: Sequence[Block]) -> Iterator[Block]:
        """The blocks with their tokens, counted in one call."""
        counts = self._count_tokens([block.text for block in blocks]) if blocks else []
        return (replace(block, tokens=n) for block, n in zip(blocks, counts, strict=True))

    def whole(self, groups: Sequence[Sequence[Block]]) -> Iterator[Block]:
        """Each group as one block, counted anew: not every tokenizer's counts add up."""
        for block in self.counted([joined(group).stripped() for group in groups]):
            if block.tokens > self._max_tokens:
                yield from self.split(block)
            else:
                yield block

    def split(self, block: Block) -> list[Block]:
        """Parts of about the same size that are no larger than a chunk may be."""
        tokens = self._count(block.text)
        least = ceil(tokens / ceil(tokens / self._max_tokens))
        splitter = TextSplitter.from_callback(self._count, (least, self._max_tokens))
        found = splitter.chunk_indices(block.text)
        pieces = [block.part(start, start + len(text)) for start, text in found]
        for at, ((start, text), (following, _)) in enumerate(pairwise(found), start=1):
            before = block.text[start + len(text) : following]
            pieces[at] = replace(pieces[at], before=before)
        return list(self.counted(pieces))

    def _count(self, text: str) -> int:
        return self._count_tokens([text])[0]


def _cut_long(block: Block) -> Iterator[Block]:
    """Parts that the splitter can manage, cut at line ends or at least at spaces."""
    text, start, before = block.text, 0, block.before
    while len(text) - start > _LONG:
        limit = start + _LONG
        end = max(text.rfind("\n", start + 1, limit), 0) or text.rfind(" ", start + 1, limit)
        end = end if end > start else limit
        yield replace(block.part(start, end), before=before)
        start = next((at for at in range(end, len(text)) if not text[at].isspace()), len(text))
        before = text[end:start]
    yield replace(block.part(start, len(text)), before=before)


def _chunk(block: Block, ordinal: int) -> Chunk:
    return Chunk(
        ordinal=ordinal,
        text=block.text,
        heading_path=block.heading_path,
        tokens=block.tokens,
        placements=block.placements,
    )
