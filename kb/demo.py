"""The demonstration on one command: load a document, sync it, ask, print the cited answer."""

from __future__ import annotations

import http.client
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb import cli_sync, terminal, terminal_sync
from kb.errors import Conflict, ObjectStoreError
from kb.models import Document, DocumentStatus, IngestionJobStatus, RetrieveAndGenerateResponse
from kb.workbench import Workbench

SAMPLE = (
    Path(__file__).resolve().parents[1] / "samples" / "postgresql-16-monitoring-field-guide.pdf"
)
QUESTION = "What is the pg_stat_io view?"
BLOCK_BYTES = 1 << 18
DOWNLOAD_SECONDS = 30


def demo(bench: Workbench, manual: str) -> int:
    """Load `manual` (a file, an http(s) address, or nothing for the sample), sync and ask.

    Returns 0 only if the answer has a citation whose passage is found on its page.
    """
    with _file(manual) as (path, key):
        with path.open("rb") as stream:
            info = bench.data_source.upload(key, stream)
        print(f"Document    {bench.data_source.uri}/{info.key} ({terminal.size(info.size_bytes)})")
    _sync(bench)
    document = next(d for d in bench.data_source.documents() if d.key == info.key)
    print(f"Indexed     {document.pages:,} pages, {document.chunks:,} chunks")
    if document.status is not DocumentStatus.INDEXED:
        print(f"{document.key}: {document.status_reason}", file=sys.stderr)
        return 1
    return _ask(bench, document)


def _sync(bench: Workbench) -> None:
    if not bench.data_source.waiting():
        return
    try:
        job = bench.data_source.start_ingestion_job(detached=False)
    except Conflict:
        job = bench.data_source.list_ingestion_jobs()[0]
    job = cli_sync.wait(bench, job, quiet=False)
    if job.status is not IngestionJobStatus.COMPLETE or job.failure_reasons:
        terminal_sync.show_job(job)


def _ask(bench: Workbench, document: Document) -> int:
    print(f"\nQuestion    {QUESTION}\n")
    answer = bench.knowledge_base.retrieve_and_generate(QUESTION)
    terminal.show_answer(answer)
    if not _resolves(bench, answer):
        print(f"No citation leads to a page of {document.key}.", file=sys.stderr)
        return 1
    return 0


def _resolves(bench: Workbench, answer: RetrieveAndGenerateResponse) -> bool:
    """Whether at least one citation's passage stands on a page (or in a text without pages)."""
    references = [r for citation in answer.citations for r in citation.retrieved_references]
    return any(
        r.passage_text
        and r.passage_text in r.result.text
        and (bench.evidence.marks(r) or not r.result.uri.lower().endswith(".pdf"))
        for r in references
    )


@contextmanager
def _file(manual: str) -> Iterator[tuple[Path, str]]:
    """The document as a local file, and the key to store it under."""
    if manual.startswith(("http://", "https://")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "download"
            _download(manual, path)
            name = Path(urllib.parse.unquote(urllib.parse.urlsplit(manual).path)).name
            yield path, name or "manual.pdf"
        return
    path = Path(manual).expanduser() if manual else SAMPLE
    if not path.is_file():
        raise ObjectStoreError(f"There is no file '{path}'; check MANUAL.")
    yield path, path.name


def _download(address: str, target: Path) -> None:
    """Stream to disk with progress on stderr."""
    try:
        # The scheme was checked above: only http and https come here.
        request = urllib.request.Request(address, headers={"User-Agent": "kb-workbench"})
        with (
            urllib.request.urlopen(request, timeout=DOWNLOAD_SECONDS) as source,
            target.open("wb") as file,
        ):
            total = int(source.headers.get("Content-Length") or 0)
            while block := source.read(BLOCK_BYTES):
                file.write(block)
                _show_download(file.tell(), total)
            if file.tell() < total:
                raise http.client.IncompleteRead(b"", total - file.tell())
    # Of an address that is none, the library says ValueError.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ObjectStoreError(
            f"{address} can not be downloaded ({error}); download it yourself and give the file."
        ) from error
    print(file=sys.stderr)


def _show_download(done: int, total: int) -> None:
    of = f" of {terminal.size(total)}" if total else ""
    print(f"\rDownloading {terminal.size(done)}{of}   ", end="", file=sys.stderr, flush=True)
