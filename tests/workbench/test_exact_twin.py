"""What an index that was built badly misses, against the scan that misses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from kb.adapters.catalogue import Catalogue
from kb.adapters.database import open_engine
from kb.adapters.pgvector_store import PgvectorStore
from kb.errors import ResourceNotFound
from kb.models import (
    ChunkEmbeddings,
    DocumentStatus,
    ModelIdentity,
    RetrievalConfiguration,
    SearchType,
)
from kb.models.tracing import LossStage
from kb.retrieval.tracing import plan_lines
from kb.workbench.explanation import Explanations
from kb.workbench.knowledge_base import KnowledgeBase
from tests.knowledge import Knowledge, MadeUpDocument
from tests.made_up import IDENTITY, NewDatabase, info, unit_vectors

pytestmark = pytest.mark.database

#: Of fewer, PostgreSQL would rather read them all.
ROWS = 4000
VECTORS = unit_vectors(ROWS, seed=11)
TEXTS = [f"Paragraph number {n}." for n in range(ROWS)]
QUESTIONS = unit_vectors(40, seed=12)
SEMANTIC = RetrievalConfiguration(search_type=SearchType.SEMANTIC)
DROP = "DROP INDEX bedrock_integration.bedrock_kb_embedding_idx"
POOR = """
CREATE INDEX bedrock_kb_embedding_idx ON bedrock_integration.bedrock_kb
USING hnsw (embedding vector_cosine_ops) WITH (m = 2, ef_construction = 4);
"""
#: Each chunk on a page of its own.
PAGES = """
UPDATE workbench.chunk SET first_page = ordinal + 1, last_page = ordinal + 1;
INSERT INTO workbench.document_page
SELECT document_id, ordinal + 1, '', 1, 1, '', '', 'text', NULL FROM workbench.chunk
ON CONFLICT DO NOTHING;
INSERT INTO workbench.document_page
SELECT document_id, 9000, '', 1, 1, '', '', 'skipped', 'contents list' FROM workbench.document;
"""


@dataclass
class NumberedQuestions:
    """An Embedder that knows the vector of each question by its number."""

    identity: ModelIdentity = field(default_factory=lambda: IDENTITY)
    batch_size: int = 32
    concurrency: int = 1
    max_tokens: int = 256
    has_token_bits: bool = False

    def count_tokens(self, texts: Any) -> list[int]:
        return [1 for _ in texts]

    def embed_documents(self, texts: Any) -> NDArray[np.float32]:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_chunks(self, texts: Any) -> ChunkEmbeddings:
        return ChunkEmbeddings(vectors=self.embed_documents(texts))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = QUESTIONS[int(text)]
        return vector


@pytest.fixture(scope="module")
def explanations(new_database: NewDatabase, template: str) -> Iterator[Explanations]:
    """Of a knowledge base whose index has two neighbours for each vector; to be read only."""
    with new_database(template) as url:
        engine = open_engine(url)
        knowledge = Knowledge.on(engine)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(DROP)
            MadeUpDocument(TEXTS, VECTORS).publish(knowledge, info("a.pdf"))
            connection.execute(POOR.encode())
            connection.execute(PAGES.encode())
            connection.execute("ANALYZE")
        embedder = NumberedQuestions()
        stores = [PgvectorStore(engine, identity=IDENTITY, exact=exact) for exact in (False, True)]
        bases = [KnowledgeBase(store, embedder, {}, {}) for store in stores]
        yield Explanations(engine, knowledge.catalogue, embedder, *bases, threshold=0.4)
        engine.dispose()


def nearest(question: str, number: int) -> list[str]:
    """By numpy."""
    order = np.argsort(-(VECTORS @ QUESTIONS[int(question)]))[:number]
    return [TEXTS[place] for place in order]


@pytest.fixture(scope="module")
def unlucky(explanations: Explanations) -> str:
    """A question for which the index misses something."""
    numbers = (str(n) for n in range(len(QUESTIONS)))
    return next(n for n in numbers if explanations.exact_twin(n, SEMANTIC).missed)


@pytest.mark.parametrize("question", ["0", "1", "2"])
def test_the_exact_results_are_those_of_numpy(question: str, explanations: Explanations) -> None:
    twin = explanations.exact_twin(question, SEMANTIC)
    assert [result.text for result in twin.exact] == nearest(question, 5)


def test_what_the_index_missed_is_named_with_its_rank_and_distance(
    unlucky: str, explanations: Explanations
) -> None:
    twin = explanations.exact_twin(unlucky, SEMANTIC)
    found = {result.text for result in twin.approximate}
    lost = [(n, text) for n, text in enumerate(nearest(unlucky, 5), start=1) if text not in found]
    assert [(missed.rank, missed.result.text) for missed in twin.missed] == lost
    for missed in twin.missed:
        similarity = VECTORS[TEXTS.index(missed.result.text)] @ QUESTIONS[int(unlucky)]
        assert missed.result.similarity == pytest.approx(similarity, abs=1e-5)


def test_the_sentence_counts_what_agrees(unlucky: str, explanations: Explanations) -> None:
    twin = explanations.exact_twin(unlucky, SEMANTIC)
    assert twin.sentence == f"index ≠ exact {5 - len(twin.missed)}/5"
    assert twin.neighbours_found == twin.agreeing


def test_the_index_that_was_read_is_named(explanations: Explanations) -> None:
    assert explanations.exact_twin("5", SEMANTIC).index_name == "bedrock_kb_embedding_idx"


def test_a_hybrid_search_counts_its_neighbours_too(
    unlucky: str, explanations: Explanations
) -> None:
    twin = explanations.exact_twin(unlucky, RetrievalConfiguration())
    assert twin.neighbours == 5
    assert twin.neighbours_found < 5


def test_a_page_that_the_index_missed_is_blamed_on_it(
    unlucky: str, explanations: Explanations
) -> None:
    missed = explanations.exact_twin(unlucky, SEMANTIC).missed[0]
    page_number = TEXTS.index(missed.result.text) + 1
    found = explanations.why_not_page(unlucky, SEMANTIC, page_number=page_number)
    assert found.stage is LossStage.MISSED_BY_INDEX
    assert found.rank == found.ranks["semantic"] == missed.rank


@pytest.mark.parametrize("rank", [6, 50, 100, 101, 700])
def test_a_page_s_rank_is_that_of_the_exact_scan(rank: int, explanations: Explanations) -> None:
    text = nearest("3", rank)[-1]
    exact = of_the_exact_scan(explanations)
    found = exact.why_not_page("3", SEMANTIC, page_number=TEXTS.index(text) + 1)
    assert found.stage is LossStage.BELOW_RESULTS
    assert found.ranks == {"semantic": rank}
    assert found.rank == (rank if rank <= 100 else None)
    assert f"number {rank:,} of {ROWS:,}" in found.sentence


def test_a_page_that_was_skipped_says_why(explanations: Explanations) -> None:
    found = explanations.why_not_page("3", page_number=9000)
    assert found.stage is LossStage.SKIPPED
    assert found.sentence.endswith("was skipped when the document was read: contents list.")


def test_a_trace_has_the_plan_that_read_the_index(explanations: Explanations) -> None:
    trace = explanations.trace("4", SEMANTIC, explain=True)
    plan = trace.statements[-1].plan
    assert plan is not None
    assert "bedrock_kb_embedding_idx" in " ".join(line.detail for line in plan_lines(plan))


def test_the_exact_scan_reads_no_vector_index(explanations: Explanations) -> None:
    exact = of_the_exact_scan(explanations)
    for configuration in (SEMANTIC, RetrievalConfiguration()):
        plan = exact.trace("4", configuration, explain=True).statements[-1].plan
        assert plan is not None
        assert "embedding_idx" not in " ".join(line.detail for line in plan_lines(plan))


def of_the_exact_scan(explanations: Explanations) -> Explanations:
    return Explanations(
        explanations._reading._engine,
        explanations._catalogue,
        explanations._embedder,
        explanations._exact,
        explanations._exact,
        threshold=0.4,
    )


@pytest.fixture
def empty(catalogue: Catalogue) -> Explanations:
    """Of a knowledge base without chunks."""
    embedder = NumberedQuestions()
    base = KnowledgeBase(PgvectorStore(catalogue._engine, identity=IDENTITY), embedder, {}, {})
    return Explanations(catalogue._engine, catalogue, embedder, base, base, threshold=0.4)


def test_a_document_that_is_not_synced_is_said_to_be_so(
    empty: Explanations, catalogue: Catalogue
) -> None:
    catalogue.put_document(info("a.txt"), DocumentStatus.PENDING)
    found = empty.why_not_page("0", page_number=1)
    assert found.stage is LossStage.NOT_INDEXED
    assert found.sentence == "a.txt is not indexed; sync it."


def test_without_any_document_there_is_no_page_to_ask_of(empty: Explanations) -> None:
    with pytest.raises(ResourceNotFound, match="No document was read here"):
        empty.why_not_page("0", page_number=1)


def test_an_empty_knowledge_base_misses_nothing(empty: Explanations) -> None:
    assert empty.exact_twin("0").missed == ()
    assert empty.trace("0", explain=True).candidates == ()
