"""What every Embedder does; a new one is added to `embedder`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kb.adapters.bedrock_models import BedrockEmbedder
from kb.adapters.minilm import MiniLm
from kb.embedding_sql.claimed_models import configured_model
from kb.protocols import Embedder
from tests.bedrock_server import bedrock_server

TEXTS = [
    "The pg_stat_io view shows I/O statistics.",
    "Autovacuum removes dead rows.",
    "x",
    " ".join(["A long text about replication slots and write-ahead logs."] * 12),
    "Zähler, 資料 and 🐘",
]


BEDROCK = (
    "amazon.titan-embed-text-v1",
    "amazon.titan-embed-text-v2:0:512",
    "cohere.embed-english-v3",
    "us.cohere.embed-v4:0",
)


@pytest.fixture(scope="module", params=["minilm", *BEDROCK])
def embedder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Embedder]:
    local = MiniLm()
    if request.param == "minilm":
        yield local
        return
    with bedrock_server() as server, pytest.MonkeyPatch.context() as environment:
        server.set_environment(environment, tmp_path_factory.mktemp("aws"))
        yield BedrockEmbedder(configured_model(request.param), local.count_tokens)


def test_there_is_a_vector_for_each_text(embedder: Embedder) -> None:
    vectors = embedder.embed_documents(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.identity.dimensions)
    assert vectors.dtype == np.float32


def test_no_texts_have_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed_documents([]).shape == (0, embedder.identity.dimensions)


def test_vectors_have_unit_length(embedder: Embedder) -> None:
    lengths = np.linalg.norm(embedder.embed_documents(TEXTS), axis=1)
    assert embedder.identity.normalised
    np.testing.assert_allclose(lengths, 1, atol=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours_or_their_order(embedder: Embedder) -> None:
    # To the last bit: a vector that was kept may be used beside others.
    together = embedder.embed_documents(TEXTS)
    backwards = embedder.embed_documents(TEXTS[::-1])[::-1]
    alone = np.concatenate([embedder.embed_documents([text]) for text in TEXTS])
    np.testing.assert_array_equal(together, backwards)
    np.testing.assert_array_equal(together, alone)


def test_a_text_has_the_same_vector_whether_it_is_stored_or_asked(embedder: Embedder) -> None:
    stored = embedder.embed_documents(TEXTS)
    np.testing.assert_array_equal([embedder.embed_query(text) for text in TEXTS], stored)


def test_more_texts_than_a_batch_come_back_in_order(embedder: Embedder) -> None:
    texts = [f"{'word ' * (n % 7)}number {n}" for n in range(2 * embedder.batch_size + 9)]
    vectors = embedder.embed_documents(texts)
    np.testing.assert_array_equal(vectors[-1], embedder.embed_query(texts[-1]))
    np.testing.assert_array_equal(vectors[3], embedder.embed_query(texts[3]))


def test_calls_at_once_give_what_calls_one_by_one_give(embedder: Embedder) -> None:
    texts = [f"A text of number {n} about slots." for n in range(3 * embedder.concurrency)]
    with ThreadPoolExecutor(embedder.concurrency) as pool:
        found = np.concatenate(list(pool.map(embedder.embed_documents, [[t] for t in texts])))
    np.testing.assert_array_equal(found, embedder.embed_documents(texts))


def test_what_it_takes_of_a_text_is_known(embedder: Embedder) -> None:
    assert min(embedder.max_tokens, embedder.batch_size, embedder.concurrency) > 0


def test_a_question_is_nearest_to_its_answer(embedder: Embedder) -> None:
    question = embedder.embed_query("Which view has input/output statistics?")
    assert int((embedder.embed_documents(TEXTS) @ question).argmax()) == 0


def test_the_identity_stays_the_same(embedder: Embedder) -> None:
    assert embedder.identity == embedder.identity
    assert str(embedder.identity.dimensions) in str(embedder.identity)


def test_more_words_have_more_tokens(embedder: Embedder) -> None:
    short, long = embedder.count_tokens(["replication", "replication " * 2000])
    assert 0 < short < long
    assert long >= 2000
