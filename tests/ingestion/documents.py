"""Documents as a knowledge base remembers them, for plans. Nothing here is checked."""

from __future__ import annotations

from kb.models import Document, DocumentStatus
from tests.made_up import THEN


def document(
    key: str = "a.txt",
    etag: str = "e1",
    status: DocumentStatus = DocumentStatus.INDEXED,
    chunks: int = 3,
    *,
    metadata_etag: str | None = None,
    chunking: str = "DEFAULT:300",
) -> Document:
    return Document(
        document_id="00000000-0000-0000-0000-000000000001",
        key=key,
        uri=f"s3://kb/{key}",
        etag=etag,
        size_bytes=10,
        status=status,
        status_reason=None,
        pages=1,
        pages_text=1,
        chunks=chunks,
        metadata_etag=metadata_etag,
        chunking=chunking,
        updated_at=THEN,
    )
