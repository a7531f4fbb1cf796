"""Objects, pages, chunks and vectors that tests make up. Nothing here is checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from kb.models import Chunk, ModelIdentity, ObjectInfo, Page, Placement, RetrievalResult
from kb.workbench import Workbench

#: Makes a database, from a template if one is named, and gives its URL.
NewDatabase = Callable[..., AbstractContextManager[str]]
DIMENSIONS = 384
IDENTITY = ModelIdentity(provider="local", model="made-up", dimensions=DIMENSIONS, normalised=True)
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class SyncedChapter:
    """The 58-page chapter in a knowledge base, as the command line made it; to be read only."""

    bench: Workbench
    #: For processes that are to work on the same knowledge base.
    environ: dict[str, str]
    #: What `upload` and `sync --wait --json` printed.
    uploaded: str
    synced: str


def info(key: str = "a.txt", etag: str = "e1", size_bytes: int = 10) -> ObjectInfo:
    return ObjectInfo(key=key, size_bytes=size_bytes, etag=etag, last_modified=THEN)


def page(number: int, text: str, label: str | None = None) -> Page:
    return Page(
        number=number,
        label=label or str(number),
        width=595.0,
        height=842.0,
        text=text,
        boxes=np.zeros((len(text), 4), dtype=np.float32),
    )


def chunk(
    ordinal: int, text: str, *, page_number: int = 1, heading_path: Sequence[str] = ()
) -> Chunk:
    place = Placement(start=0, end=len(text), page_number=page_number, page_start=0)
    return Chunk(
        ordinal=ordinal,
        text=text,
        heading_path=tuple(heading_path),
        tokens=len(text.split()),
        placements=(place,),
    )


def unit_vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSIONS))
    unit: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype("f4")
    return unit


def result(text: str, number: int = 1, **changes: object) -> RetrievalResult:
    values: dict[str, object] = {
        "chunk_id": f"00000000-0000-0000-0000-{number:012}",
        "text": text,
        "uri": "s3://kb/a.pdf",
        "score": 1 / number,
        "similarity": 1 / number,
        "metadata": {"x-amz-bedrock-kb-source-uri": "s3://kb/a.pdf"},
        "page_number": number,
    }
    return RetrievalResult(**{**values, **changes})  # type: ignore[arg-type]
