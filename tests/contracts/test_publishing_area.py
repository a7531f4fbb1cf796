"""What every PublishingArea does; a new one is added to `publishing`."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

from kb.adapters.copy_in import PAGE_NUMBER
from kb.ingestion.stopping import Stopped, Superseded
from kb.models import (
    DocumentMetadata,
    DocumentStatus,
    JsonValue,
    RetrievalResult,
    SearchType,
)
from kb.protocols import PublishingArea
from tests.knowledge import Knowledge, MadeUpDocument
from tests.made_up import info, unit_vectors

pytestmark = pytest.mark.database

TEXTS = ["pg_stat_io shows I/O.", "Autovacuum frees dead rows.", "Slots keep WAL."]
VECTORS = unit_vectors(3)
OLD, NEW = MadeUpDocument(TEXTS, VECTORS), MadeUpDocument(["New."], VECTORS[:1])


@pytest.fixture(params=["pgvector"])
def publishing(knowledge: Knowledge) -> PublishingArea:
    return knowledge.publishing


@pytest.fixture
def document_id(knowledge: Knowledge) -> str:
    """A published document of three chunks."""
    return OLD.publish(knowledge, info("a.pdf"))


def search(knowledge: Knowledge) -> list[RetrievalResult]:
    return knowledge.vectors.retrieve(
        VECTORS[0],
        question="anything",
        identifiers=[],
        search_type=SearchType.SEMANTIC,
        number_of_results=9,
    )


def texts(knowledge: Knowledge) -> list[str]:
    return sorted(result.text for result in search(knowledge))


def ids(knowledge: Knowledge) -> dict[str, str]:
    return {result.text: result.chunk_id for result in search(knowledge)}


def test_what_is_staged_is_not_found(publishing: PublishingArea, knowledge: Knowledge) -> None:
    (work,) = knowledge.begin(info("a.pdf"))
    OLD.stage(knowledge, work)
    assert search(knowledge) == []
    knowledge.publish(work, 3)
    assert texts(knowledge) == sorted(TEXTS)


def test_publishing_again_replaces_all_of_a_document(
    knowledge: Knowledge, document_id: str
) -> None:
    NEW.publish(knowledge, info("a.pdf", "e2"))
    assert texts(knowledge) == ["New."]


def test_the_same_version_again_has_the_same_chunk_ids(
    knowledge: Knowledge, document_id: str
) -> None:
    before = ids(knowledge)
    OLD.publish(knowledge, info("a.pdf"))
    assert ids(knowledge) == before


def test_chunks_that_only_move_keep_their_ids_and_learn_their_page(
    knowledge: Knowledge, document_id: str
) -> None:
    before = ids(knowledge)
    moved = MadeUpDocument(["New.", *TEXTS[::-1]], unit_vectors(4, seed=9))
    moved.publish(knowledge, info("a.pdf", "e2"), page_number=8)
    after = ids(knowledge)
    assert {text: after[text] for text in TEXTS} == before
    pages = {r.text: (r.page_number, r.metadata[PAGE_NUMBER]) for r in search(knowledge)}
    assert set(pages.values()) == {(8, 8)}


def test_equal_chunks_of_a_document_are_both_kept(knowledge: Knowledge, document_id: str) -> None:
    twice = MadeUpDocument(["Same.", "Same."], VECTORS[[0, 0]])
    twice.publish(knowledge, info("a.pdf", "e2"))
    assert texts(knowledge) == ["Same.", "Same."]


def test_publishing_leaves_other_documents_alone(knowledge: Knowledge, document_id: str) -> None:
    MadeUpDocument(["Other."], VECTORS[:1]).publish(knowledge, info("b.pdf"))
    NEW.publish(knowledge, info("a.pdf", "e2"))
    assert texts(knowledge) == ["New.", "Other."]


def test_stored_chunks_are_reported(publishing: PublishingArea, knowledge: Knowledge) -> None:
    (work,) = knowledge.begin(info("a.pdf"))
    OLD.stage(knowledge, work)
    reported: list[int] = []
    knowledge.publish(work, 3, report=reported.append)
    assert reported[-1] == 3


def test_without_all_vectors_nothing_is_published(
    publishing: PublishingArea, knowledge: Knowledge, document_id: str
) -> None:
    (work,) = knowledge.begin(info("a.pdf", "e2"))
    knowledge.staging.add(work, NEW.window())
    assert not knowledge.publish(work, 1)
    assert texts(knowledge) == sorted(TEXTS)
    NEW.stage(knowledge, work)
    assert knowledge.publish(work, 1)


def test_a_document_that_asks_for_it_in_vain_keeps_what_is_staged(
    publishing: PublishingArea, knowledge: Knowledge
) -> None:
    (work,) = knowledge.begin(info("a.pdf"))
    knowledge.staging.add(work, NEW.window())
    knowledge.publish(work, 1)
    assert knowledge.staging.staged_document(work.document_id) is not None


@pytest.mark.parametrize("ending", [Stopped, ZeroDivisionError])
def test_whoever_ends_a_publication_changes_nothing(
    ending: type[BaseException], knowledge: Knowledge, document_id: str
) -> None:
    def end(_stored: int) -> None:
        raise ending

    (work,) = knowledge.begin(info("a.pdf", "e2"))
    NEW.stage(knowledge, work)
    with pytest.raises(ending):
        knowledge.publish(work, 1, report=end)
    assert texts(knowledge) == sorted(TEXTS)
    assert knowledge.publish(work, 1)


def test_an_attempt_that_was_taken_over_publishes_nothing(
    knowledge: Knowledge, document_id: str
) -> None:
    (work,) = knowledge.begin(info("a.pdf", "e2"))
    NEW.stage(knowledge, work)
    knowledge.take_up(work.ingestion_job_id, work.document_id)
    with pytest.raises(Superseded):
        knowledge.publish(work, 1)
    assert texts(knowledge) == sorted(TEXTS)


def test_an_attempt_that_is_taken_over_meanwhile_publishes_nothing(
    knowledge: Knowledge, document_id: str
) -> None:
    (work,) = knowledge.begin(info("a.pdf", "e2"))
    NEW.stage(knowledge, work)

    def take_over(_stored: int) -> None:
        knowledge.take_up(work.ingestion_job_id, work.document_id)

    with pytest.raises(Superseded):
        knowledge.publish(work, 1, report=take_over)
    assert texts(knowledge) == sorted(TEXTS)


def test_new_attributes_take_the_place_of_old_ones_and_not_of_bedrock_s(
    publishing: PublishingArea, knowledge: Knowledge, document_id: str
) -> None:
    reserved = {r.chunk_id: r.metadata for r in search(knowledge)}
    own: dict[str, JsonValue] = {"year": 2026, "tags": ["a", "b"]}
    old: dict[str, JsonValue] = {"year": 2025, "old": True}
    for attributes in (old, own):
        (work,) = knowledge.begin(info("a.pdf"))
        publishing.publish_metadata(work, DocumentMetadata(attributes=attributes), "m")
        knowledge.end(work)
    after = {r.chunk_id: r.metadata for r in search(knowledge)}
    assert after == {key: {**value, **own} for key, value in reserved.items()}


def test_new_attributes_are_noted_with_their_file_s_etag(
    publishing: PublishingArea, knowledge: Knowledge, document_id: str
) -> None:
    (work,) = knowledge.begin(info("a.pdf"))
    publishing.publish_metadata(work, DocumentMetadata(attributes={}), "m2")
    document = knowledge.catalogue.get_document(document_id)
    assert document is not None
    assert (document.status, document.metadata_etag) == (DocumentStatus.INDEXED, "m2")


def test_an_attempt_that_was_taken_over_changes_no_attributes(
    publishing: PublishingArea, knowledge: Knowledge, document_id: str
) -> None:
    (work,) = knowledge.begin(info("a.pdf"))
    knowledge.take_up(work.ingestion_job_id, work.document_id)
    with pytest.raises(Superseded):
        publishing.publish_metadata(work, DocumentMetadata(attributes={"year": 1}), None)
    assert all("year" not in result.metadata for result in search(knowledge))


def test_a_removed_document_is_found_no_more(
    publishing: PublishingArea, knowledge: Knowledge, document_id: str
) -> None:
    publishing.remove(document_id)
    assert (search(knowledge), knowledge.catalogue.list_documents()) == ([], [])


def test_the_vectors_of_a_removed_document_are_there_for_another(
    publishing: PublishingArea, knowledge: Knowledge, document_id: str
) -> None:
    (work,) = knowledge.begin(info("b.pdf"))
    publishing.remove(document_id)
    knowledge.staging.add(work, OLD.window())
    assert knowledge.publish(work, 3)
    found = search(knowledge)[0]
    assert found.text == TEXTS[0]
    np.testing.assert_allclose(found.similarity, 1, atol=1e-5)


def test_removing_what_is_not_there_is_no_error(publishing: PublishingArea) -> None:
    publishing.remove(str(uuid.uuid4()))
