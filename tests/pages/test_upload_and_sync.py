"""The page on which documents come in."""

from __future__ import annotations

import io

import pytest
from streamlit.testing.v1 import AppTest

from kb.models import DocumentStatus
from kb.workbench import Workbench

from .conftest import OpenPage, sync

TEXT = b"# Checkpoints\n\nA checkpoint writes all dirty buffers to disk. It bounds recovery time.\n"


def buttons(page: AppTest) -> dict[str, bool]:
    """Labels of the buttons and whether they are disabled."""
    return {button.label: button.disabled for button in page.button}


def test_an_empty_workbench_offers_the_sample_first(open_page: OpenPage) -> None:
    page = open_page("upload_and_sync.py")
    assert not page.exception
    assert buttons(page) == {"Load the sample": False, "Sync": True, "Test knowledge base": True}
    assert "No documents yet" in page.info[0].value


def test_the_drop_area_is_told_the_largest_document(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_MAX_DOCUMENT_BYTES", str(3 << 20))
    page = open_page("upload_and_sync.py")
    (area,) = page.get("bidi_component")
    assert "up to 3 MB each" in str(area.proto)


def test_load_the_sample_puts_it_into_the_bucket(open_page: OpenPage, bench: Workbench) -> None:
    page = open_page("upload_and_sync.py")
    page.button("load_sample").click().run()
    assert not page.exception
    documents = bench.data_source.documents()
    assert [d.status for d in documents] == [DocumentStatus.PENDING]
    assert buttons(page)["Sync"] is False


def test_sync_hands_the_documents_to_a_worker(open_page: OpenPage, bench: Workbench) -> None:
    bench.data_source.upload("checkpoints.md", io.BytesIO(TEXT))
    page = open_page("upload_and_sync.py")
    page.button("sync").click().run()
    assert not page.exception
    jobs = bench.data_source.list_ingestion_jobs()
    assert len(jobs) == 1
    for _ in bench.data_source.watch(jobs[0].ingestion_job_id, work=True):
        pass
    page.run()
    assert bench.data_source.documents()[0].status is DocumentStatus.INDEXED
    assert buttons(page)["Test knowledge base"] is False


def test_a_failed_document_shows_its_reason(open_page: OpenPage, bench: Workbench) -> None:
    bench.data_source.upload("broken.pdf", io.BytesIO(b"MZ\x90 this is a program"))
    sync(bench)
    page = open_page("upload_and_sync.py")
    table = page.dataframe[0].value
    assert table.loc[0, "Status"] == "FAILED"
    assert "pdf" in str(table.loc[0, "Reason"]).lower()
    assert "not a PDF" in page.warning[0].value


def test_a_page_without_a_database_says_what_to_do(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    page = open_page("upload_and_sync.py")
    assert not page.exception
    assert "python -m kb up" in page.error[0].value
    assert buttons(page) == {"Try again": False}


def test_an_emptied_bucket_is_asked_about_before_anything_is_deleted(
    open_page: OpenPage, bench: Workbench
) -> None:
    bench.data_source.upload("checkpoints.md", io.BytesIO(TEXT))
    sync(bench)
    bench.data_source.delete("checkpoints.md")
    page = open_page("upload_and_sync.py")
    assert not page.exception
    assert "no longer has 1 document" in page.warning[0].value
    assert page.checkbox("allow_deletions").value is False
