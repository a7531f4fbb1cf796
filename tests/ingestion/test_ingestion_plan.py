"""The plan of a job: what differs between the bucket and what is known of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.ingestion.plan import plan
from kb.models import DocumentAction, DocumentStatus
from tests.ingestion.documents import document
from tests.made_up import info


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


def test_a_metadata_file_is_no_document_and_counted() -> None:
    todo = plan([info("a.txt"), info("a.txt.metadata.json", "m1")], [])
    assert todo.new == (replace(info("a.txt"), metadata_etag="m1"),)
    assert (todo.documents_scanned, todo.metadata_documents_scanned) == (1, 1)


def test_a_metadata_file_of_no_document_is_ignored() -> None:
    todo = plan([info("a.txt.metadata.json")], [])
    assert (todo.waiting, todo.documents_scanned, todo.metadata_documents_scanned) == (0, 0, 1)


@pytest.mark.parametrize(("before", "now"), [(None, "m1"), ("m1", "m2"), ("m1", None)])
def test_a_document_with_another_metadata_file_has_changed_metadata(
    before: str | None, now: str | None
) -> None:
    objects = [info(), *([info("a.txt.metadata.json", now)] if now else [])]
    todo = plan(objects, [document(metadata_etag=before)])
    assert [item.metadata_etag for item in todo.metadata_changed] == [now]
    assert todo.waiting == 1


def test_a_changed_document_with_another_metadata_file_is_changed() -> None:
    objects = [info(etag="e2"), info("a.txt.metadata.json", "m1")]
    todo = plan(objects, [document()])
    assert [item.metadata_etag for item in todo.changed] == ["m1"]
    assert todo.metadata_changed == ()


def test_a_document_that_another_strategy_cut_is_changed() -> None:
    todo = plan([info()], [document(chunking="DEFAULT:300")], chunking="DEFAULT:200")
    assert todo.changed == (info(),)


def test_a_document_that_is_retained_is_not_removed() -> None:
    todo = plan([], [document()], retain=True)
    assert (todo.removed, todo.retained, todo.waiting) == ((), (document(),), 0)
    assert not todo.needs_permission


def test_the_work_says_what_is_to_be_done_with_each_document() -> None:
    objects = [info("new"), info("changed", "e2"), info("same"), info("said")]
    known = [document(key) for key in ("changed", "same", "said", "removed")]
    todo = plan([*objects, info("said.metadata.json")], known)
    assert {item.key: item.action for item in todo.work} == {
        "new": DocumentAction.NEW,
        "changed": DocumentAction.MODIFIED,
        "said": DocumentAction.METADATA,
        "removed": DocumentAction.DELETED,
    }


@pytest.mark.parametrize(("chunks", "needed"), [(3, False), (4, True)])
def test_more_than_half_of_the_knowledge_base_needs_permission(chunks: int, needed: bool) -> None:
    todo = plan([info("same")], [document("same"), document("removed", chunks=chunks)])
    assert todo.needs_permission is needed
