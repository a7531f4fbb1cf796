"""Late interaction: each token of a question finds the token of a chunk that answers to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kb.adapters.minilm import MiniLm
from kb.models import RetrievalResult
from kb.retrieval.late_interaction import WEIGHTS, WINDOW, features, score
from kb.retrieval.token_bits import pack, unpack
from tests.made_up import result

MODEL = MiniLm()
QUESTION = "Which view shows the reads of each backend?"
TEXTS = (
    "The pg_stat_io view shows reads and writes, one row for each backend type.",
    "Bread is baked from flour, water and salt in a hot oven for an hour.",
)


def results() -> list[RetrievalResult]:
    return [
        replace(result(text, number), ordinal=number, similarity=0.5)
        for number, text in enumerate(TEXTS, start=1)
    ]


def bits(*texts: str) -> list[bytes]:
    found = MODEL.embed_chunks(texts).token_bits
    assert found is not None
    return list(found)


def test_the_chunk_that_answers_scores_higher() -> None:
    judged = features(results(), MODEL.embed_query_tokens(QUESTION), bits(*TEXTS))
    answering, other = score(judged)
    assert answering > other
    assert judged["tokens"][0] > judged["tokens"][1]


def test_every_feature_has_a_weight_and_a_value_for_each_result() -> None:
    judged = features(results(), MODEL.embed_query_tokens(QUESTION), bits(*TEXTS))
    assert set(judged) == set(WEIGHTS)
    assert {values.shape for values in judged.values()} == {(2,)}


def test_a_match_is_the_mean_of_the_best_token_of_each_word() -> None:
    packed = bits(TEXTS[0])
    question = MODEL.embed_query_tokens(QUESTION)
    expected = (unpack(packed[0], 384) @ question.T).max(axis=0).mean()
    judged = features(results()[:1], question, packed)
    assert judged["tokens"][0] == pytest.approx(expected)


def test_words_in_one_stretch_count_more_than_words_far_apart() -> None:
    dimensions, far = 64, 3 * WINDOW
    drawn = np.random.default_rng(1).normal(size=(far + 2, dimensions)).astype("f4")
    question = drawn[:2] / np.linalg.norm(drawn[:2], axis=1, keepdims=True)
    together = np.concatenate([drawn[:2], drawn[2:]])
    apart = np.concatenate([drawn[:1], drawn[2:], drawn[1:2]])
    judged = features(results(), question, [pack(together), pack(apart)])
    assert judged["tokens"][0] == pytest.approx(judged["tokens"][1])
    assert judged["stretch"][0] > judged["stretch"][1]


def test_a_chunk_gains_from_the_match_of_the_chunk_beside_it() -> None:
    first, second = results()
    beside = features([first, second], MODEL.embed_query_tokens(QUESTION), bits(*TEXTS))
    apart = features(
        [first, replace(second, ordinal=9)], MODEL.embed_query_tokens(QUESTION), bits(*TEXTS)
    )
    assert beside["neighbour"][1] > apart["neighbour"][1]


def test_signs_survive_packing() -> None:
    tokens = np.random.default_rng(2).normal(size=(5, 384)).astype("f4")
    assert (np.sign(unpack(pack(tokens), 384)) == np.sign(tokens)).all()
    assert np.linalg.norm(unpack(pack(tokens), 384), axis=1) == pytest.approx(1)


def test_a_question_of_signs_alone_keeps_all_its_tokens() -> None:
    assert MODEL.embed_query_tokens("?!").shape[1] == 384
    assert len(MODEL.embed_query_tokens("What is it?")) == 3
