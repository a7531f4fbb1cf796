"""A chunking strategy tried on the pages around one, measured, and what that means for the whole.

Only those pages are read and cut. In the whole document FIXED_SIZE and HIERARCHICAL count their
tokens from its beginning, so that their cuts may lie some words beside those of a preview.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from kb.documents.boundaries import ChunkArea
from kb.documents.marks import rectangles_on_page
from kb.documents.parsers import has_page_images, page_count, read_some_pages
from kb.documents.strategies import preview
from kb.errors import ResourceNotFound
from kb.models import Page, Placement
from kb.models.chunking import ChunkBoundary, ChunkingStrategy, ChunkPreview, NoChunking
from kb.protocols import Embedder

#: Pages that are cut, the looked-at one in their middle.
WINDOW_PAGES = 5
#: Characters that are cut: a web page or a page of a table can be a whole book.
MOST_CHARACTERS = 20_000
# Texts, and characters of each, that are embedded to measure how long that takes.
_SAMPLE, _SAMPLE_CHARACTERS = 4, 600


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedChunk:
    """What of one chunk stands on the looked-at page."""

    #: From 1, counted from the first of the previewed pages.
    number: int
    text: str
    area: ChunkArea


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPreview:
    """What a strategy makes of some pages, and about of the whole document."""

    strategy: ChunkingStrategy
    #: Of the previewed pages; nothing is estimated here.
    counts: ChunkPreview
    page_number: int
    first_page: int
    last_page: int
    #: On the looked-at page, in order.
    chunks: tuple[PreviewedChunk, ...]
    #: Reading, cutting and embedding the previewed pages; the embedding from a sample of them.
    seconds: float
    #: Pages of the document; None where only reading all of it would tell.
    pages: int | None
    #: Of the document, how much was previewed: 1.0 is all, and then nothing below is estimated.
    share: float | None
    document_chunks: int | None
    document_tokens: int | None
    document_seconds: float | None
    document_dollars: float | None


def try_strategy(
    path: Path,
    key: str,
    strategy: ChunkingStrategy,
    embedder: Embedder,
    *,
    page_number: int = 1,
    known_pages: int | None = None,
    dollars_per_million_tokens: float = 0.0,
) -> StrategyPreview:
    """Cut the pages around `page_number`.

    Raises ResourceNotFound when there is no such page, DocumentError when it can not be read.
    """
    window = _read(path, key, page_number, known_pages)
    meter = _Meter(embedder)
    started = time.perf_counter()
    counts = preview(window.pages, strategy, embedder.count_tokens, meter.embed)
    cut_seconds = time.perf_counter() - started
    token_seconds = _token_seconds(embedder, window.pages, counts.boundaries)
    whole = _Estimate(
        tokens=counts.total_tokens + meter.tokens,
        seconds=cut_seconds + counts.total_tokens * token_seconds,
        page_seconds=window.page_seconds,
        pages=window.count,
        share=window.share,
    )
    return StrategyPreview(
        strategy=strategy,
        counts=counts,
        page_number=page_number,
        first_page=window.pages[0].number,
        last_page=window.pages[-1].number,
        chunks=_on_page(counts, next(p for p in window.pages if p.number == page_number)),
        seconds=window.page_seconds * len(window.pages) + whole.seconds,
        pages=window.count,
        share=window.share,
        document_chunks=whole.document_chunks(counts, strategy),
        document_tokens=round(counts.total_tokens / window.share) if window.share else None,
        document_seconds=whole.document_seconds(),
        document_dollars=whole.document_dollars(dollars_per_million_tokens),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """The pages that are cut, and what reading them showed of the document."""

    pages: list[Page]
    #: Pages of the document, where that is known.
    count: int | None
    share: float | None
    #: What reading one of them took.
    page_seconds: float


def _read(path: Path, key: str, page_number: int, known_pages: int | None) -> _Window:
    count = page_count(path, key) if has_page_images(key) else known_pages
    first = max(1, page_number - WINDOW_PAGES // 2)
    if count:
        first = max(1, min(first, count - WINDOW_PAGES + 1))
    last = first + WINDOW_PAGES - 1
    # One more, to see whether the document goes on.
    read, page_seconds = _timed(read_some_pages(path, key, first, last + 1))
    if count is None and len(read) <= WINDOW_PAGES:
        count = first + len(read) - 1
    around = [page for page in read if page.number <= last]
    if page_number not in {page.number for page in around}:
        raise ResourceNotFound(f"'{key}' has no page {page_number}; choose another one.")
    pages = _bounded(around, page_number)
    share = _share(pages, around, count)
    return _Window(pages=pages, count=count, share=share, page_seconds=page_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Estimate:
    """What was measured, for the whole document in proportion."""

    #: All that are embedded: the chunks, and what SEMANTIC compares.
    tokens: int
    #: Cutting and embedding.
    seconds: float
    page_seconds: float
    pages: int | None
    share: float | None

    def document_chunks(self, counts: ChunkPreview, strategy: ChunkingStrategy) -> int | None:
        if isinstance(strategy, NoChunking):
            return counts.chunks
        return max(round(counts.chunks / self.share), counts.chunks) if self.share else None

    def document_seconds(self) -> float | None:
        if not self.share or not self.pages:
            return None
        return self.page_seconds * self.pages + self.seconds / self.share

    def document_dollars(self, per_million: float) -> float | None:
        return self.tokens / self.share * per_million / 1e6 if self.share else None


class _Meter:
    """Counts the tokens that SEMANTIC has embedded to compare sentences."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.tokens = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.tokens += sum(self._embedder.count_tokens(texts))
        return self._embedder.embed_documents(texts)


def _timed(pages: Iterator[Page]) -> tuple[list[Page], float]:
    """The pages, and the seconds that one takes; the first one pays for opening the document."""
    read: list[Page] = []
    times: list[float] = []
    started = time.perf_counter()
    for page in pages:
        read.append(page)
        times.append(time.perf_counter() - started)
        started = time.perf_counter()
    return read, median(times[1:] or times or [0.0])


def _bounded(pages: Sequence[Page], page_number: int) -> list[Page]:
    """The pages, or, when they are too long to be cut while somebody waits, a part of one."""
    if sum(len(page.text) for page in pages) <= MOST_CHARACTERS:
        return list(pages)
    page = next(page for page in pages if page.number == page_number)
    end = min(len(page.text), MOST_CHARACTERS)
    if end < len(page.text):
        end = max(page.text.rfind("\n\n", end // 2, end), 0) or end
    sections = tuple(section for section in page.sections if section.offset < end)
    return [replace(page, text=page.text[:end], boxes=page.boxes[:end], sections=sections)]


def _share(cut: Sequence[Page], read: Sequence[Page], count: int | None) -> float | None:
    """How much of the document was cut: by pages, and within a page by characters."""
    if not count:
        return None
    lengths = {page.number: len(page.text) for page in read}
    parts = (len(page.text) / max(lengths[page.number], 1) for page in cut)
    empty = sum(1 for page in cut if not lengths[page.number])
    return min((sum(parts) + empty) / count, 1.0)


def _token_seconds(
    embedder: Embedder, pages: Sequence[Page], boundaries: Sequence[ChunkBoundary]
) -> float:
    """Seconds that the embedding of one token takes, measured on some of the chunks."""
    texts = {page.number: page.text for page in pages}
    sample = [
        texts[b.page_number][b.start : min(b.end, b.start + _SAMPLE_CHARACTERS)]
        for b in boundaries[:_SAMPLE]
    ]
    if not sample:
        return 0.0
    # Loading the model is no part of it.
    embedder.embed_query("")
    started = time.perf_counter()
    embedder.embed_documents(sample)
    return (time.perf_counter() - started) / max(sum(embedder.count_tokens(sample)), 1)


def _on_page(counts: ChunkPreview, page: Page) -> tuple[PreviewedChunk, ...]:
    first_pages = {b.ordinal: b.page_number for b in reversed(counts.boundaries)}
    found = []
    for ordinal, group in groupby(counts.on_page(page.number), key=lambda b: b.ordinal):
        runs = [
            Placement(start=b.start, end=b.end, page_number=b.page_number, page_start=b.start)
            for b in group
        ]
        area = ChunkArea(
            number=ordinal + 1,
            rectangles=rectangles_on_page(runs, page.number, page.boxes) if len(page.boxes) else (),
            goes_on=first_pages[ordinal] < page.number,
        )
        text = "\n\n".join(page.text[run.start : run.end] for run in runs)
        found.append(PreviewedChunk(number=ordinal + 1, text=text, area=area))
    return tuple(found)
