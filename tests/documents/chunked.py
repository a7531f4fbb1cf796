"""Pages and embeddings that tests of chunking make up. Nothing is checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kb.documents.parsers import read_pages
from kb.documents.strategies import chunk
from kb.models import Chunk, Page
from kb.models.chunking import (
    ChunkingStrategy,
    FixedSizeChunking,
    HierarchicalChunking,
    SemanticChunking,
)
from tests.documents.corpus import FIELD_GUIDE, count_words

FIXED = FixedSizeChunking(max_tokens=20, overlap_percentage=25)
HIERARCHICAL = HierarchicalChunking(parent_max_tokens=50, child_max_tokens=20, overlap_tokens=5)
SEMANTIC = SemanticChunking(max_tokens=40, breakpoint_percentile_threshold=80)


def page(number: int, text: str, **more: Any) -> Page:
    empty = np.empty((0, 4), np.float32)
    return Page(number=number, label="", width=0, height=0, text=text, boxes=empty, **more)


def numbered(count: int, start: int = 0) -> str:
    return " ".join(f"w{n}" for n in range(start, start + count))


def embed_by_topic(texts: Sequence[str]) -> NDArray[np.float32]:
    """A vector per text: what its words that begin with # say, and a little of all others."""
    vectors = np.zeros((len(texts), 64), np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        vector[0] = 0.1
        for topic in re.findall(r"#\w+", text):
            vector[1 + hashlib.sha256(topic.encode()).digest()[0] % 63] += 1
    return vectors


def embed_by_words(texts: Sequence[str]) -> NDArray[np.float32]:
    vectors = np.full((len(texts), 64), 0.01, np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        for word in text.lower().split():
            vector[hashlib.sha256(word.encode()).digest()[0] % 64] += 1
    return vectors


def chunks(pages: Sequence[Page], strategy: ChunkingStrategy) -> list[Chunk]:
    return list(chunk(pages, strategy, count_words, embed_by_topic))


def guide() -> list[Page]:
    if not FIELD_GUIDE.is_file():
        pytest.skip("the sample was not built")
    return list(read_pages(FIELD_GUIDE, FIELD_GUIDE.name))
