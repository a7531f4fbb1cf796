"""What a sync will roughly take, by the sizes of its documents: known before anything is read."""

from __future__ import annotations

from pathlib import PurePosixPath

from kb.models import IngestionPlan

#: Bytes of a document per chunk of the default size, seen on the PostgreSQL manual and on its
#: chapters in other formats; compressed formats say least.
BYTES_PER_CHUNK = {"pdf": 1_700, "docx": 500, "xlsx": 400, "html": 1_500, "htm": 1_500}
OTHER_BYTES_PER_CHUNK = 900


def estimated_chunks(todo: IngestionPlan) -> int:
    """Chunks of the documents that differ; within a factor of two or three."""
    return sum(
        1 + info.size_bytes // _bytes_per_chunk(info.key) for info in (*todo.new, *todo.changed)
    )


def _bytes_per_chunk(key: str) -> int:
    extension = PurePosixPath(key).suffix.lower().lstrip(".")
    return BYTES_PER_CHUNK.get(extension, OTHER_BYTES_PER_CHUNK)
