"""Every page of a document is accounted for: text, empty, skipped or failed."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from kb.models import Document, DocumentStatus
from tests.documents.pdfs import Paper, damaged_pdf, text_pdf
from tests.ingestion.ingesting import Ingester

pytestmark = pytest.mark.database

OUTCOMES = "SELECT page_number, outcome, outcome_reason FROM workbench.document_page ORDER BY 1"


@pytest.fixture
def damaged(ingester: Ingester, tmp_path: Path) -> Document:
    """A synced document whose second page PDFium can not read."""
    ingester.upload("damaged.pdf", damaged_pdf(tmp_path / "damaged.pdf").read_bytes())
    ingester.sync()
    return ingester.document("damaged.pdf")


def receipt(document: Document) -> tuple[int, ...]:
    counts = (document.pages_text, document.pages_empty, document.pages_skipped)
    return (*counts, document.pages_failed)


def test_a_page_that_can_not_be_read_fails_and_the_others_are_indexed(
    damaged: Document, ingester: Ingester
) -> None:
    assert damaged.status is DocumentStatus.INDEXED
    assert (damaged.pages, receipt(damaged)) == (3, (2, 0, 0, 1))
    text = " ".join(ingester.texts())
    assert "The first page counts reads." in text and "The last page counts writes." in text


def test_a_page_that_can_not_be_read_says_so(
    damaged: Document, observer: psycopg.Connection
) -> None:
    assert observer.execute(OUTCOMES).fetchall() == [
        (1, "text", None),
        (2, "failed", "page can not be read"),
        (3, "text", None),
    ]


def test_each_chunk_of_a_damaged_document_knows_its_page(
    damaged: Document, ingester: Ingester
) -> None:
    pages = {(r.page_number, r.last_page_number) for r in ingester.results()}
    assert pages <= {(1, 1), (3, 3), (1, 3)}


def test_an_empty_page_is_accounted_for(ingester: Ingester, tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.paragraph(60, 80, ["The first page counts reads."])
    paper.next_page()
    paper.next_page()
    paper.paragraph(60, 80, ["The last page counts writes."])
    paper.next_page()
    ingester.upload("a.pdf", paper.save().read_bytes())
    ingester.sync()
    document = ingester.document("a.pdf")
    assert (document.pages, receipt(document)) == (3, (2, 1, 0, 0))


def test_a_new_version_has_a_new_receipt(
    damaged: Document, ingester: Ingester, tmp_path: Path
) -> None:
    mended = text_pdf(tmp_path / "mended.pdf", ["One page."], ["Another page."])
    ingester.upload("damaged.pdf", mended.read_bytes())
    ingester.sync()
    document = ingester.document("damaged.pdf")
    assert (document.pages, receipt(document)) == (2, (2, 0, 0, 0))


def test_a_receipt_that_does_not_add_up_is_refused_by_the_database(
    damaged: Document, observer: psycopg.Connection
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="every_page_is_accounted_for"):
        observer.execute("UPDATE workbench.document SET pages_failed = 0")
