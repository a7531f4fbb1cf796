"""Pages -> chunks by any of Bedrock's chunking strategies, and what one would give.

Pages that were skipped or are empty give none. Knows the embedding model as functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from statistics import median

from kb.documents.blocks import Block, joined, read_blocks
from kb.documents.chunking import CountTokens, chunk_pages
from kb.documents.semantic import Embed, semantic_groups
from kb.documents.words import Word, read_words, windows
from kb.errors import ValidationError
from kb.models import Chunk, Page, ParentChunk
from kb.models.chunking import (
    ChunkBoundary,
    ChunkingStrategy,
    ChunkPreview,
    DefaultChunking,
    FixedSizeChunking,
    HierarchicalChunking,
    NoChunking,
    SemanticChunking,
)


def chunk(
    pages: Iterable[Page],
    strategy: ChunkingStrategy,
    count_tokens: CountTokens,
    embed: Embed | None = None,
) -> Iterator[Chunk]:
    """Yield the document's chunks while its pages are read.

    SEMANTIC needs `embed`, which turns any number of texts into vectors, and reads 10,000
    sentences ahead; NONE reads the whole document.
    """
    if isinstance(strategy, DefaultChunking):
        return chunk_pages(pages, count_tokens, max_tokens=strategy.max_tokens)
    if isinstance(strategy, HierarchicalChunking):
        return _hierarchical(pages, strategy, count_tokens)
    if isinstance(strategy, SemanticChunking):
        if embed is None:
            raise ValidationError("SEMANTIC chunking needs an embedding model; choose one.")
        blocks = semantic_groups(read_blocks(pages), strategy, count_tokens, embed)
    elif isinstance(strategy, FixedSizeChunking):
        blocks = _fixed_size(pages, strategy, count_tokens)
    else:
        blocks = _whole(pages, count_tokens)
    return (_chunk(block, ordinal) for ordinal, block in enumerate(blocks))


def preview(
    pages: Iterable[Page],
    strategy: ChunkingStrategy,
    count_tokens: CountTokens,
    embed: Embed | None = None,
) -> ChunkPreview:
    """What the strategy would give; as quick as reading the pages is, so pass a few of them."""
    tokens: list[int] = []
    boundaries: list[ChunkBoundary] = []
    for made in chunk(pages, strategy, count_tokens, embed):
        tokens.append(made.tokens)
        boundaries += (
            ChunkBoundary(
                ordinal=made.ordinal,
                page_number=run.page_number,
                start=run.page_start,
                end=run.page_start + run.end - run.start,
            )
            for run in made.placements
        )
    return ChunkPreview(
        chunks=len(tokens),
        min_tokens=min(tokens, default=0),
        median_tokens=median(tokens or [0]),
        max_tokens=max(tokens, default=0),
        total_tokens=sum(tokens),
        boundaries=tuple(boundaries),
    )


def has_page_numbers(strategy: ChunkingStrategy) -> bool:
    """Whether a chunk's page is worth telling; with NONE Bedrock tells none."""
    return not isinstance(strategy, NoChunking)


def _fixed_size(
    pages: Iterable[Page], strategy: FixedSizeChunking, count_tokens: CountTokens
) -> Iterator[Block]:
    size = strategy.max_tokens
    words = read_words(read_blocks(pages), count_tokens, max_tokens=size)
    overlap = size * strategy.overlap_percentage // 100
    for _, block in windows(words, count_tokens, max_tokens=size, overlap_tokens=overlap):
        yield block


def _hierarchical(
    pages: Iterable[Page], strategy: HierarchicalChunking, count_tokens: CountTokens
) -> Iterator[Chunk]:
    overlap = strategy.overlap_tokens
    # Words that fit into a child also fit into its parent.
    words = read_words(read_blocks(pages), count_tokens, max_tokens=strategy.child_max_tokens)
    parents = windows(
        words, count_tokens, max_tokens=strategy.parent_max_tokens, overlap_tokens=overlap
    )
    ordinal = 0
    for number, (words_of_parent, block) in enumerate(parents):
        parent = _parent(block, number)
        for child in _children(words_of_parent, strategy, count_tokens):
            yield replace(_chunk(child, ordinal), parent=parent)
            ordinal += 1


def _children(
    words: Iterable[Word], strategy: HierarchicalChunking, count_tokens: CountTokens
) -> Iterator[Block]:
    size, overlap = strategy.child_max_tokens, strategy.overlap_tokens
    for _, block in windows(words, count_tokens, max_tokens=size, overlap_tokens=overlap):
        yield block


def _whole(pages: Iterable[Page], count_tokens: CountTokens) -> Iterator[Block]:
    if blocks := list(read_blocks(pages)):
        block = joined(blocks).stripped()
        yield replace(block, heading_path=(), tokens=count_tokens([block.text])[0])


def _parent(block: Block, ordinal: int) -> ParentChunk:
    return ParentChunk(
        ordinal=ordinal,
        text=block.text,
        heading_path=block.heading_path,
        tokens=block.tokens,
        placements=block.placements,
    )


def _chunk(block: Block, ordinal: int) -> Chunk:
    return Chunk(
        ordinal=ordinal,
        text=block.text,
        heading_path=block.heading_path,
        tokens=block.tokens,
        placements=block.placements,
    )
