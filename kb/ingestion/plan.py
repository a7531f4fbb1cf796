"""Compares the data source with what is known of it: what an ingestion job has to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kb.documents.metadata import SUFFIX, is_metadata_key
from kb.models import Document, DocumentStatus, IngestionPlan, ObjectInfo


def plan(
    objects: Iterable[ObjectInfo],
    documents: Iterable[Document],
    *,
    chunking: str | None = None,
    retain: bool = False,
) -> IngestionPlan:
    """Sort the bucket's objects by what became of them; failed documents are tried again.

    `chunking` is the short form of the strategy in use: documents that were cut by another are
    changed. With `retain` documents stay when their objects have gone.
    """
    found, metadata_documents = pair_metadata(objects)
    known = {document.key: document for document in documents}
    known_chunks = sum(document.chunks for document in known.values())
    sorted_out: dict[str, list[ObjectInfo]] = {
        name: [] for name in ("new", "changed", "metadata_changed", "unchanged")
    }
    for info in found:
        sorted_out[_kind(info, known.pop(info.key, None), chunking)].append(info)
    gone = tuple(known.values())
    return IngestionPlan(
        **{name: tuple(infos) for name, infos in sorted_out.items()},
        removed=() if retain else gone,
        retained=gone if retain else (),
        known_chunks=known_chunks,
        metadata_documents_scanned=metadata_documents,
    )


def pair_metadata(objects: Iterable[ObjectInfo]) -> tuple[list[ObjectInfo], int]:
    """The documents, each with its metadata file's etag, and how many metadata files there are."""
    documents: list[ObjectInfo] = []
    etags: dict[str, str] = {}
    for info in objects:
        if is_metadata_key(info.key):
            etags[info.key.removesuffix(SUFFIX)] = info.etag
        else:
            documents.append(info)
    return [replace(info, metadata_etag=etags.get(info.key)) for info in documents], len(etags)


def _kind(info: ObjectInfo, document: Document | None, chunking: str | None) -> str:
    if document is None or not document.chunks:
        return "new"
    same_bytes = (document.etag, document.size_bytes) == (info.etag, info.size_bytes)
    same_cut = chunking is None or document.chunking == chunking
    if not (same_bytes and same_cut and document.status is DocumentStatus.INDEXED):
        return "changed"
    return "unchanged" if document.metadata_etag == info.metadata_etag else "metadata_changed"
