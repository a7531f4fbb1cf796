"""What every StagingArea does; a new one is added to `staging`."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from kb.ingestion.stopping import Superseded
from kb.models import ChunkEmbeddings, DocumentWork
from kb.models.staging import StagedDocument
from kb.protocols import StagingArea
from tests.knowledge import Knowledge, MadeUpDocument, hashes
from tests.made_up import IDENTITY, info, unit_vectors

pytestmark = pytest.mark.database

TEXTS = ["One.", "Two.", "Three."]
VECTORS = unit_vectors(3)
DOCUMENT = MadeUpDocument(TEXTS, VECTORS, ("Numbers",))
HASHES = hashes(TEXTS, ("Numbers",))


@pytest.fixture(params=["postgresql"])
def staging(knowledge: Knowledge) -> StagingArea:
    return knowledge.staging


@pytest.fixture
def works(knowledge: Knowledge) -> list[DocumentWork]:
    """Two documents at work in one job."""
    return knowledge.begin(info("a.pdf"), info("b.pdf"))


@pytest.fixture
def work(works: list[DocumentWork]) -> DocumentWork:
    return works[0]


def known(staging: StagingArea, work: DocumentWork) -> list[bool]:
    return [text.is_known for text in staging.texts(work, after=-1, limit=9)]


def test_nothing_is_staged_of_a_document_that_was_not_read(
    staging: StagingArea, work: DocumentWork
) -> None:
    assert staging.staged_document(work.document_id) is None
    assert staging.texts(work, after=-1, limit=9) == []


def test_what_was_added_is_staged(staging: StagingArea, work: DocumentWork) -> None:
    window = DOCUMENT.window()
    staging.add(work, window)
    assert staging.staged_document(work.document_id) == StagedDocument(
        version=window.version, pages=1, chunks=3, is_complete=True
    )


def test_texts_come_in_their_order_with_their_headings(
    staging: StagingArea, work: DocumentWork
) -> None:
    staging.add(work, DOCUMENT.window())
    found = staging.texts(work, after=-1, limit=9)
    assert [(t.ordinal, t.text, t.heading_path) for t in found] == [
        (n, text, ("Numbers",)) for n, text in enumerate(TEXTS)
    ]
    assert [t.text_sha256 for t in found] == HASHES


def test_texts_go_on_where_the_last_ones_ended(staging: StagingArea, work: DocumentWork) -> None:
    staging.add(work, DOCUMENT.window())
    assert [t.ordinal for t in staging.texts(work, after=0, limit=1)] == [1]
    assert staging.texts(work, after=2, limit=1) == []


def test_a_text_with_a_vector_is_known(staging: StagingArea, work: DocumentWork) -> None:
    staging.add(work, DOCUMENT.window())
    staging.add_embeddings(work, HASHES[1:2], ChunkEmbeddings(vectors=VECTORS[1:2]))
    assert known(staging, work) == [False, True, False]


def test_a_text_of_a_published_document_is_known(
    staging: StagingArea, knowledge: Knowledge
) -> None:
    DOCUMENT.publish(knowledge, info("published.pdf"))
    (work,) = knowledge.begin(info("a.pdf"))
    staging.add(work, DOCUMENT.window())
    assert known(staging, work) == [True] * 3


def test_vectors_are_counted_as_they_are_kept(
    staging: StagingArea, work: DocumentWork, knowledge: Knowledge
) -> None:
    staging.add_embeddings(work, HASHES[:2], ChunkEmbeddings(vectors=VECTORS[:2]))
    job = knowledge.jobs.get_ingestion_job(work.ingestion_job_id)
    assert job.progress.embedding_calls == 2


def test_forgetting_a_document_forgets_no_vector(staging: StagingArea, work: DocumentWork) -> None:
    staging.add(work, DOCUMENT.window())
    staging.add_embeddings(work, HASHES, ChunkEmbeddings(vectors=VECTORS))
    staging.clear(work)
    assert staging.staged_document(work.document_id) is None
    staging.add(work, DOCUMENT.window())
    assert known(staging, work) == [True] * 3


def test_a_text_is_claimed_by_one_of_two(staging: StagingArea, works: list[DocumentWork]) -> None:
    one, other = works
    assert staging.claim(one, HASHES[:2]) == set(HASHES[:2])
    assert staging.claim(other, HASHES) == set(HASHES[2:])


def test_a_claim_may_be_repeated(staging: StagingArea, work: DocumentWork) -> None:
    staging.claim(work, HASHES)
    assert staging.claim(work, HASHES) == set(HASHES)


def test_the_claim_of_an_attempt_that_has_ended_is_free(
    staging: StagingArea, works: list[DocumentWork], knowledge: Knowledge
) -> None:
    one, other = works
    staging.claim(one, HASHES)
    knowledge.take_up(one.ingestion_job_id, one.document_id)
    assert staging.claim(other, HASHES) == set(HASHES)


def test_the_claim_of_an_attempt_that_has_long_been_silent_is_free(
    staging: StagingArea, works: list[DocumentWork], database_url: str
) -> None:
    one, other = works
    staging.claim(one, HASHES)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE workbench.ingestion_document SET updated_at = now() - interval '61 s'"
        )
    assert staging.claim(other, HASHES) == set(HASHES)


def test_a_text_that_got_its_vector_meanwhile_is_claimed_by_nobody(
    staging: StagingArea, works: list[DocumentWork], knowledge: Knowledge
) -> None:
    # Between looking at a text and claiming it, another document may have been finished.
    one, other = works
    staging.claim(one, HASHES)
    staging.add_embeddings(one, HASHES[:1], ChunkEmbeddings(vectors=VECTORS[:1]))
    knowledge.take_up(one.ingestion_job_id, one.document_id)
    assert staging.claim(other, HASHES) == set(HASHES[1:])


def test_nothing_is_claimed_of_nothing(staging: StagingArea, work: DocumentWork) -> None:
    assert staging.claim(work, []) == set()


def test_an_attempt_that_was_taken_over_stages_nothing(
    staging: StagingArea, work: DocumentWork, knowledge: Knowledge
) -> None:
    knowledge.take_up(work.ingestion_job_id, work.document_id)
    with pytest.raises(Superseded):
        staging.add(work, DOCUMENT.window())
    assert staging.staged_document(work.document_id) is None


def test_an_attempt_that_was_taken_over_forgets_nothing(
    staging: StagingArea, work: DocumentWork, knowledge: Knowledge
) -> None:
    again = knowledge.take_up(work.ingestion_job_id, work.document_id)
    staging.add(again, DOCUMENT.window())
    with pytest.raises(Superseded):
        staging.clear(work)
    assert staging.staged_document(work.document_id) is not None


def test_the_last_job_leaves_nothing_staged(
    staging: StagingArea, work: DocumentWork, knowledge: Knowledge
) -> None:
    staging.add(work, DOCUMENT.window())
    staging.add_embeddings(work, HASHES, ChunkEmbeddings(vectors=VECTORS))
    staging.clear_all(work.ingestion_job_id)
    assert staging.staged_document(work.document_id) is None
    staging.add(work, DOCUMENT.window())
    assert known(staging, work) == [False] * 3


def test_what_is_staged_is_kept_while_another_job_may_want_it(
    staging: StagingArea, work: DocumentWork, knowledge: Knowledge
) -> None:
    other = Knowledge.on(knowledge.staging._engine, bucket="other")
    (elsewhere,) = other.begin(info("b.pdf"))
    staging.add(work, DOCUMENT.window())
    staging.add_embeddings(work, HASHES, ChunkEmbeddings(vectors=VECTORS))
    staging.clear_all(elsewhere.ingestion_job_id)
    assert known(staging, work) == [True] * 3


def test_a_job_that_has_ended_takes_nothing_from_the_next(
    staging: StagingArea, knowledge: Knowledge
) -> None:
    # Two workers may complete a job, and one of them be late.
    (old,) = knowledge.begin(info("a.pdf"))
    knowledge.end(old)
    (work,) = knowledge.begin(info("a.pdf", "e2"))
    staging.add(work, DOCUMENT.window())
    staging.add_embeddings(work, HASHES, ChunkEmbeddings(vectors=VECTORS))
    staging.clear_all(old.ingestion_job_id)
    assert known(staging, work) == [True] * 3


def test_the_vector_of_one_model_is_none_for_another(
    staging: StagingArea, work: DocumentWork, knowledge: Knowledge
) -> None:
    engine = knowledge.staging._engine
    other = Knowledge.on(engine, identity=replace(IDENTITY, model="another"))
    staging.add(work, DOCUMENT.window())
    staging.add_embeddings(work, HASHES, ChunkEmbeddings(vectors=VECTORS))
    assert known(other.staging, work) == [False] * 3
