"""The plan of a job: what differs between the bucket and what is known of it."""

from __future__ import annotations

import pytest

from kb.ingestion.plan import plan
from kb.models import Document, DocumentStatus
from tests.made_up import THEN, info


def document(
    key: str = "a.txt",
    etag: str = "e1",
    status: DocumentStatus = DocumentStatus.INDEXED,
    chunks: int = 3,
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
        chunks=chunks,
        updated_at=THEN,
    )


def test_an_empty_bucket_has_nothing_to_do() -> None:
    todo = plan([], [])
    assert (todo.new, todo.changed, todo.unchanged, todo.removed) == ((), (), (), ())


def test_an_unknown_object_is_new() -> None:
    assert plan([info()], []).new == (info(),)


def test_an_indexed_object_with_the_same_etag_is_unchanged() -> None:
    assert plan([info()], [document()]).unchanged == (info(),)


def test_an_indexed_object_with_another_etag_is_changed() -> None:
    assert plan([info(etag="e2")], [document()]).changed == (info(etag="e2"),)


def test_a_document_without_an_object_is_removed() -> None:
    assert plan([], [document()]).removed == (document(),)


def test_a_failed_document_that_was_never_indexed_is_new_again() -> None:
    failed = document(status=DocumentStatus.FAILED, chunks=0)
    assert plan([info()], [failed]).new == (info(),)


def test_a_document_whose_new_version_failed_is_changed() -> None:
    failed = document(status=DocumentStatus.FAILED)
    assert plan([info()], [failed]).changed == (info(),)


@pytest.mark.parametrize("status", [DocumentStatus.PENDING, DocumentStatus.IN_PROGRESS])
def test_a_document_that_a_job_left_before_it_was_indexed_is_new(status: DocumentStatus) -> None:
    assert plan([info()], [document(status=status, chunks=0)]).new == (info(),)


@pytest.mark.parametrize("status", [DocumentStatus.PENDING, DocumentStatus.IN_PROGRESS])
def test_a_document_that_a_job_left_in_its_second_version_is_changed(
    status: DocumentStatus,
) -> None:
    assert plan([info()], [document(status=status)]).changed == (info(),)


def test_every_object_is_scanned() -> None:
    objects = [info("new"), info("changed", "e2"), info("same")]
    todo = plan(objects, [document("changed"), document("same"), document("removed")])
    assert todo.documents_scanned == 3
    assert [d.key for d in todo.removed] == ["removed"]
