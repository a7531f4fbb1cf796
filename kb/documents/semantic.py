"""Sentences -> groups that end where the meaning changes more than it mostly does.

Knows the embedding model as two functions. Keeps one stretch of sentences, never the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kb.documents.blocks import Block, joined
from kb.documents.chunking import CountTokens
from kb.documents.words import read_words, windows
from kb.models.chunking import SemanticChunking

#: Turns any number of texts into as many vectors.
Embed: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]

#: Sentences whose changes of meaning are compared with one another; about 250 pages.
STRETCH = 10_000
# Texts that are counted or embedded in one call.
_BATCH = 256
_SENTENCE_END = re.compile(
    r"(?<=[.!?])[\"')\]\u2019\u201d]*\s+(?=[A-Z0-9\"'(\[\u2018\u201c])|(?<=[\u3002\uff01\uff1f])|\n"
)


def semantic_groups(
    blocks: Iterable[Block], strategy: SemanticChunking, count_tokens: CountTokens, embed: Embed
) -> Iterator[Block]:
    """Yield the groups with their tokens; none has more than the strategy's `max_tokens`."""
    sentences = _counted(
        (part for block in blocks for part in _sentences(block)), count_tokens, strategy.max_tokens
    )
    while stretch := list(islice(sentences, STRETCH)):
        breaks = _breaks(stretch, strategy, embed)
        for group in _groups(stretch, breaks, strategy.max_tokens):
            yield from _fitting(joined(group), count_tokens, strategy.max_tokens)


def _sentences(block: Block) -> Iterator[Block]:
    start, before = 0, block.before
    text = block.text
    for match in _SENTENCE_END.finditer(text):
        end = match.start() + len(match.group().rstrip())
        if text[start:end].strip():
            yield replace(block.part(start, end), before=before)
            start, before = match.end(), text[end : match.end()]
    if text[start:].strip():
        yield replace(block.part(start, len(text)), before=before)


def _counted(
    sentences: Iterator[Block], count_tokens: CountTokens, max_tokens: int
) -> Iterator[Block]:
    while batch := list(islice(sentences, _BATCH)):
        counts = count_tokens([sentence.text for sentence in batch])
        for sentence, tokens in zip(batch, counts, strict=True):
            if tokens > max_tokens:
                yield from _fitting(sentence, count_tokens, max_tokens)
            else:
                yield replace(sentence, tokens=tokens)


def _fitting(block: Block, count_tokens: CountTokens, max_tokens: int) -> Iterator[Block]:
    """The block, or its parts between words when it has too many tokens."""
    block = block.stripped()
    tokens = count_tokens([block.text])[0]
    if tokens <= max_tokens:
        yield replace(block, tokens=tokens)
        return
    words = read_words([block], count_tokens, max_tokens=max_tokens)
    before = block.before
    for _, part in windows(words, count_tokens, max_tokens=max_tokens, overlap_tokens=0):
        yield replace(part, before=before)
        before = " "


def _breaks(stretch: Sequence[Block], strategy: SemanticChunking, embed: Embed) -> set[int]:
    """The sentences, by number, before which the meaning changes."""
    if len(stretch) < 2:
        return set()
    size = strategy.buffer_size
    texts = [
        " ".join(block.text for block in stretch[max(at - size, 0) : at + size + 1])
        for at in range(len(stretch))
    ]
    vectors = np.concatenate(
        [embed(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
    )
    norms = np.linalg.norm(vectors, axis=1)
    products = np.einsum("ij,ij->i", vectors[:-1], vectors[1:])
    distances = 1 - products / np.maximum(norms[:-1] * norms[1:], 1e-12)
    cut = np.percentile(distances, strategy.breakpoint_percentile_threshold)
    return {int(at) + 1 for at in np.flatnonzero(distances > cut)}


def _groups(stretch: Sequence[Block], breaks: set[int], max_tokens: int) -> Iterator[list[Block]]:
    group: list[Block] = []
    for at, sentence in enumerate(stretch):
        size = sum(block.tokens for block in group) + sentence.tokens
        other = bool(group) and group[-1].section != sentence.section
        if group and (at in breaks or other or size > max_tokens):
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group
