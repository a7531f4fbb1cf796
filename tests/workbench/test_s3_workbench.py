"""A workbench whose bucket is on S3: upload, sync, answer, page, over the wire."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from PIL import Image

from kb.errors import BucketUnreachable
from kb.models import DocumentStatus, IngestionJobStatus
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from tests.documents.pdfs import text_pdf
from tests.moto_server import AwsServer, Fault

pytestmark = pytest.mark.database

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "s3://kb-documents/manuals"
QUESTION = "What does a checkpoint write to disk?"
PAGES = (
    ("Vacuum removes dead rows from tables.", "It also keeps the visibility map."),
    ("A checkpoint writes all dirty buffers to disk.", "It bounds the time of a recovery."),
)


@pytest.fixture
def bench(settings: Settings, aws: AwsServer) -> Iterator[Workbench]:
    """An open workbench with an empty bucket."""
    with open_workbench(replace(settings, bucket=BUCKET)) as bench:
        bench.data_source.prepare()
        yield bench


def upload(bench: Workbench, folder: Path) -> None:
    """A PDF of two pages, and its metadata file."""
    attributes = {"metadataAttributes": {"version": 16}}
    with text_pdf(folder / "guide.pdf", *PAGES).open("rb") as stream:
        bench.data_source.upload("books/guide.pdf", stream)
    metadata = io.BytesIO(json.dumps(attributes).encode())
    bench.data_source.upload("books/guide.pdf.metadata.json", metadata)


def sync(bench: Workbench) -> IngestionJobStatus:
    """Run a job to its end in this process."""
    job = bench.data_source.start_ingestion_job(detached=False)
    *_, last = bench.data_source.watch(job.ingestion_job_id, work=True)
    return last.status


@pytest.fixture
def synced(bench: Workbench, tmp_path: Path) -> Workbench:
    upload(bench, tmp_path)
    assert sync(bench) is IngestionJobStatus.COMPLETE
    return bench


def test_a_document_of_the_bucket_is_indexed_with_its_metadata(synced: Workbench) -> None:
    (document,) = synced.data_source.documents()
    assert (document.status, document.pages) == (DocumentStatus.INDEXED, 2)
    assert document.uri == f"{BUCKET}/books/guide.pdf"
    (best, *_) = synced.knowledge_base.retrieve(QUESTION).results
    assert best.uri == f"{BUCKET}/books/guide.pdf"
    assert best.metadata["version"] == 16


def test_the_cited_page_is_drawn_from_the_bucket(synced: Workbench) -> None:
    answer = synced.knowledge_base.retrieve_and_generate(QUESTION)
    (reference,) = answer.citations[0].retrieved_references
    key = synced.evidence.key(reference.result.uri)
    assert key == "books/guide.pdf"
    (mark,) = synced.evidence.marks(reference)
    image = synced.evidence.page_image(key, mark.page_number, mark.rectangles)
    assert Image.open(io.BytesIO(image)).size > (100, 100)


def test_a_citation_has_a_link_to_its_page_of_the_document(synced: Workbench) -> None:
    answer = synced.knowledge_base.retrieve_and_generate(QUESTION)
    (reference,) = answer.citations[0].retrieved_references
    (mark,) = synced.evidence.marks(reference)
    url = synced.evidence.document_url(reference.result.uri, mark.page_number)
    assert url and urlsplit(url).fragment == "page=2"
    with urlopen(url) as opened:
        assert opened.read(5) == b"%PDF-"


def test_a_second_sync_finds_nothing_to_do(synced: Workbench) -> None:
    assert synced.data_source.plan().waiting == 0


def test_a_document_that_left_the_bucket_leaves_the_knowledge_base(
    synced: Workbench, tmp_path: Path
) -> None:
    synced.data_source.upload("notes.md", io.BytesIO(b"# Notes\n\nWal is written first.\n"))
    assert sync(synced) is IngestionJobStatus.COMPLETE
    synced.data_source.delete("notes.md")
    assert sync(synced) is IngestionJobStatus.COMPLETE
    assert [d.key for d in synced.data_source.documents()] == ["books/guide.pdf"]


def test_questions_are_answered_while_the_bucket_can_not_be_reached(
    synced: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with open_workbench(synced.settings) as bench:
        assert bench.knowledge_base.retrieve_and_generate(QUESTION).answered
        with pytest.raises(BucketUnreachable, match="can not be reached"):
            bench.data_source.documents()


def test_a_sync_is_not_lost_to_credentials_that_expire(
    bench: Workbench, aws: AwsServer, tmp_path: Path
) -> None:
    upload(bench, tmp_path)
    expired = Fault(code="ExpiredToken", status=400, fits="(GET|HEAD) ", times=99)
    job = bench.data_source.start_ingestion_job(detached=False)
    aws.faults.append(expired)
    *_, last = bench.data_source.watch(job.ingestion_job_id, work=True)
    assert last.status is IngestionJobStatus.FAILED
    assert "log in again" in last.failure_reasons[0]
    aws.faults.clear()
    # The credentials are at fault, not the document.
    assert [d.status for d in bench.data_source.documents()] == [DocumentStatus.PENDING]
    assert sync(bench) is IngestionJobStatus.COMPLETE


def test_the_command_line_goes_all_the_way_in_processes_of_its_own(
    settings: Settings, aws: AwsServer, tmp_path: Path
) -> None:
    assert settings.database_url
    environ = {
        **os.environ,
        **aws.environment,
        "KB_DATABASE_URL": settings.database_url,
        "KB_DATA_DIR": str(settings.data_dir),
        "KB_BUCKET": BUCKET,
        "KB_WORKERS": "0",
    }
    guide = text_pdf(tmp_path / "guide.pdf", *PAGES)

    def kb(*arguments: str) -> str:
        command = [sys.executable, "-m", "kb", *arguments]
        return subprocess.check_output(command, cwd=ROOT, env=environ, text=True, timeout=120)

    assert BUCKET in kb("up")
    assert kb("upload", str(guide)).startswith(f"{BUCKET}/guide.pdf")
    assert "COMPLETE" in kb("sync", "--wait", "--json")
    assert f"{BUCKET}/guide.pdf, page 1" in kb("ask", QUESTION)
