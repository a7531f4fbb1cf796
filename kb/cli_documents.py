"""The commands `chunking` and `chunks`: what the page Chunks does, scriptable."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from typing import Any

from kb.documents.chunking_configuration import from_setting, to_bedrock, to_setting
from kb.documents.strategy_preview import StrategyPreview
from kb.errors import ResourceNotFound, ValidationError
from kb.models import Document
from kb.models.chunking import ChunkingStrategy
from kb.wording import counted
from kb.workbench import Workbench, open_workbench
from kb.workbench.chunk_browser import PageReceipt, StoredChunk

#: Chunks that are listed unless a page or more of them are asked for.
LISTED = 20
FORMS = "DEFAULT:300, FIXED_SIZE:300:20, HIERARCHICAL:1500:300:60, SEMANTIC:300:0:95 or NONE"


def add_commands(command: Callable[..., Any], as_json: argparse.ArgumentParser) -> None:
    """Add the commands with their options."""
    choice = command(
        "chunking", chunking, "show or choose how documents are cut into chunks", as_json
    )
    choice.add_argument(
        "setting",
        nargs="?",
        metavar="SETTING",
        help=f"{FORMS}; numbers that are left out are these; left out: show the choice",
    )
    choice.add_argument(
        "--preview",
        metavar="DOCUMENT",
        help="try it on a document of the bucket, store nothing",
    )
    choice.add_argument(
        "--page", type=int, default=1, metavar="N", help="page to try it around (1)"
    )
    listing = command("chunks", chunks, "list the chunks of a document", as_json)
    listing.add_argument("document", metavar="DOCUMENT")
    listing.add_argument("--page", type=int, metavar="N", help="only those on a page")
    listing.add_argument("--first", type=int, default=1, metavar="N", help="from this chunk (1)")
    listing.add_argument(
        "--limit", type=int, default=LISTED, metavar="N", help=f"at most so many ({LISTED})"
    )


def chunking(options: argparse.Namespace) -> int:
    """Show, try or store a strategy."""
    with open_workbench() as bench:
        strategy = from_setting(options.setting) if options.setting else bench.chunking.strategy()
        if options.preview:
            return _preview(bench, strategy, options)
        if options.setting:
            bench.chunking.set_strategy(strategy)
    if options.json:
        _print_json(
            {"setting": to_setting(strategy), "chunkingConfiguration": to_bedrock(strategy)}
        )
        return 0
    print(f"Chunking    {to_setting(strategy)}")
    if options.setting:
        print("The next sync cuts all documents by it.")
    return 0


def chunks(options: argparse.Namespace) -> int:
    """List chunks as they are stored."""
    if options.limit < 1 or options.first < 1:
        raise ValidationError("--first and --limit count from 1; raise them.")
    with open_workbench() as bench:
        document = _document(bench, options.document)
        browser = bench.chunk_browser
        if options.page is None:
            found = browser.chunks(document.document_id, options.first, options.limit)
        else:
            found = browser.page(document.document_id, options.page).chunks
        receipts = browser.receipts(document.document_id)
    if options.json:
        _print_json(
            {
                "document": document.key,
                "status": document.status.value,
                "chunks": [_chunk_json(chunk) for chunk in found],
                "pages": [dataclasses.asdict(receipt) for receipt in receipts],
            }
        )
        return 0
    print(f"{document.key}  {counted(document.chunks, 'chunk')}  {_receipts(receipts)}")
    for chunk in found:
        print(f"\n{_title(chunk)}\n{chunk.text}")
    return 0


def _document(bench: Workbench, key: str) -> Document:
    found = next((d for d in bench.data_source.documents() if d.key == key), None)
    if found is None:
        raise ResourceNotFound(
            f"The bucket has no document '{key}'; `python -m kb documents` lists them."
        )
    if not found.chunks:
        raise ResourceNotFound(f"'{key}' has no chunks: {found.status_reason or 'sync it first'}.")
    return found


def _preview(bench: Workbench, strategy: ChunkingStrategy, options: argparse.Namespace) -> int:
    seen = bench.chunking.preview(options.preview, strategy, options.page)
    warning = bench.chunking.too_long(seen)
    if options.json:
        _print_json({**_preview_json(seen), "warning": warning})
        return 0
    counts = seen.counts
    print(f"Chunking    {to_setting(strategy)}, tried and not stored")
    print(f"Pages       {seen.first_page} to {seen.last_page} of {seen.pages or 'unknown'}")
    print(f"Chunks      {counts.chunks:,}")
    print(
        f"Tokens      {counts.min_tokens:,} to {counts.max_tokens:,}, "
        f"median {counts.median_tokens:,.0f}"
    )
    print(f"Took        {seen.seconds:.2f} s with embedding, measured on a sample")
    if seen.document_seconds is not None:
        print(
            f"Document    about {seen.document_chunks:,} chunks, {seen.document_tokens:,} tokens, "
            f"{seen.document_seconds:,.0f} s, ${seen.document_dollars:,.4f}"
        )
    for chunk in seen.chunks:
        print(f"  {chunk.number:>4}  {' '.join(chunk.text.split())[:80]}")
    if warning:
        print(warning)
    return 0


def _preview_json(seen: StrategyPreview) -> dict[str, Any]:
    shown = {
        field.name: getattr(seen, field.name)
        for field in dataclasses.fields(seen)
        if field.name not in ("strategy", "counts", "chunks")
    }
    counts = dataclasses.asdict(seen.counts)
    return {"setting": to_setting(seen.strategy), **shown, **counts}


def _chunk_json(chunk: StoredChunk) -> dict[str, Any]:
    shown = dataclasses.asdict(chunk)
    del shown["placements"]
    return shown


def _title(chunk: StoredChunk) -> str:
    pages = str(chunk.first_page)
    if chunk.last_page != chunk.first_page:
        pages += f"-{chunk.last_page}"
    place = f"Chunk {chunk.number}, page {pages}, {counted(chunk.tokens, 'token')}"
    return " · ".join((place, *chunk.heading_path[-2:]))


def _receipts(receipts: tuple[PageReceipt, ...]) -> str:
    """54 pages text, 2 skipped (contents list)."""
    return ", ".join(
        f"{counted(r.pages, 'page')} {r.outcome}" + (f" ({r.reason})" if r.reason else "")
        for r in receipts
    )


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
