"""What every DocumentRecords does; a new one is added to `records`."""

from __future__ import annotations

import pytest

from kb.adapters.catalogue import Catalogue
from kb.models import DocumentStatus
from kb.protocols import DocumentRecords
from tests.made_up import info

pytestmark = pytest.mark.database


@pytest.fixture(params=["postgresql"])
def records(catalogue: Catalogue) -> DocumentRecords:
    return catalogue


def test_an_empty_knowledge_base_knows_no_document(records: DocumentRecords) -> None:
    assert records.list_documents() == []
    assert records.get_document(records.document_id("a.pdf")) is None


def test_a_document_is_remembered_as_it_was_put(records: DocumentRecords) -> None:
    object_info = info("a.pdf", "e", 77)
    document_id = records.put_document(object_info, DocumentStatus.FAILED, "No text.")
    (document,) = records.list_documents()
    assert document == records.get_document(document_id)
    assert (document.document_id, document.key) == (document_id, "a.pdf")
    assert (document.etag, document.size_bytes) == ("e", 77)
    assert (document.status, document.status_reason) == (DocumentStatus.FAILED, "No text.")
    assert document.uri == "s3://kb/a.pdf"


def test_documents_are_listed_by_key(records: DocumentRecords) -> None:
    for key in ("b", "a/b", "a", "B", "é"):
        records.put_document(info(key), DocumentStatus.PENDING)
    keys = [document.key for document in records.list_documents()]
    assert keys == ["B", "a", "a/b", "b", "é"]


def test_the_same_key_again_is_the_same_document(records: DocumentRecords) -> None:
    first = records.put_document(info(etag="e1"), DocumentStatus.FAILED, "No text.")
    second = records.put_document(info(etag="e2"), DocumentStatus.IN_PROGRESS)
    assert first == second == records.document_id(info().key)
    document = records.list_documents()[0]
    assert (document.etag, document.status) == ("e2", DocumentStatus.IN_PROGRESS)
    assert document.status_reason is None


def test_the_model_in_use_is_the_one_whose_vectors_are_stored(records: DocumentRecords) -> None:
    records.check_model()
