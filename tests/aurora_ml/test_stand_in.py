"""What the stand-in understands of Bedrock's bodies, and what it answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kb.adapters.minilm import MiniLm
from kb.embedding_sql.refusals import Refusal
from kb.embedding_sql.stand_in import StandIn

TITAN_1, TITAN_2 = "amazon.titan-embed-text-v1", "amazon.titan-embed-text-v2:0"
COHERE_3, COHERE_4 = "cohere.embed-english-v3", "cohere.embed-v4:0"
TEXTS = {"texts": ["a phrase"], "input_type": "search_query"}


@pytest.fixture(scope="module")
def stand_in() -> StandIn:
    return StandIn(MiniLm())


def vector(stand_in: StandIn, model_id: str, body: object, key: str = "embedding") -> list[float]:
    call = {"model_id": model_id, "content_type": "application/json", "json_key": key}
    text = body if isinstance(body, str) else json.dumps(body)
    answer = stand_in.answer(json.dumps({**call, "model_input": text}))
    return [float(part) for part in answer.strip("{}").split(",")]


def response(stand_in: StandIn, model_id: str, body: object) -> dict[str, object]:
    call = {"content_type": "application/json", "accept_type": "application/json"}
    payload = {"model_id": model_id, **call, "model_input": json.dumps(body)}
    found: dict[str, object] = json.loads(stand_in.answer(json.dumps(payload)))
    return found


@pytest.mark.parametrize(
    ("model_id", "body", "key", "dimensions"),
    [
        (TITAN_1, {"inputText": "a phrase"}, "embedding", 1536),
        (TITAN_2, {"inputText": "a phrase"}, "embedding", 1024),
        (TITAN_2, {"inputText": "a", "dimensions": 512, "normalize": True}, "embedding", 512),
        (COHERE_3, TEXTS, "embeddings", 1024),
        (COHERE_3, {**TEXTS, "embedding_types": ["float"]}, "embeddings", 1024),
        (COHERE_4, TEXTS, "embeddings", 1536),
        (COHERE_4, {**TEXTS, "output_dimension": 512}, "embeddings", 512),
        ("us.cohere.embed-v4:0", TEXTS, "embeddings", 1536),
        (
            f"arn:aws:bedrock:us-east-1::foundation-model/{TITAN_1}",
            {"inputText": "a"},
            "embedding",
            1536,
        ),
        ("all-MiniLM-L6-v2", {"inputText": "a phrase"}, "embedding", 384),
    ],
)
def test_a_vector_has_the_dimensions_of_the_model_that_is_named(
    stand_in: StandIn, model_id: str, body: object, key: str, dimensions: int
) -> None:
    assert len(vector(stand_in, model_id, body, key)) == dimensions


def test_padding_changes_no_cosine_distance(stand_in: StandIn) -> None:
    texts = [{"inputText": text} for text in ("a phrase", "another one")]
    native = [vector(stand_in, "all-MiniLM-L6-v2", text) for text in texts]
    padded = [vector(stand_in, TITAN_1, text) for text in texts]
    assert np.dot(native[0], native[1]) == pytest.approx(np.dot(padded[0], padded[1]), abs=1e-7)
    assert np.linalg.norm(padded[0]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("model_id", "body", "sqlstate", "words"),
    [
        (TITAN_1, "{", "KB001", "not JSON"),
        (TITAN_1, "[]", "KB001", "object"),
        (TITAN_1, "[" * 100_000, "KB001", "not JSON"),
        (TITAN_1, '{"inputText": "half \\ud800"}', "KB001", "inputText"),
        (COHERE_3, {**TEXTS, "texts": ["half \ud800"]}, "KB001", "not empty"),
        (COHERE_3, {**TEXTS, "images": ["x"]}, "KB001", "for Bedrock"),
        (COHERE_3, {**TEXTS, "truncate": "RIGHT"}, "KB001", "START or END"),
        (COHERE_4, {**TEXTS, "truncate": "END"}, "KB001", "LEFT or RIGHT"),
        (TITAN_1, {}, "KB001", "inputText"),
        (TITAN_1, {"inputText": " "}, "KB001", "inputText"),
        (TITAN_1, {"inputText": 5}, "KB001", "inputText"),
        (TITAN_1, {"inputText": "a", "dimensions": 512}, "KB001", "dimensions"),
        (TITAN_2, {"inputText": "a", "dimensions": 384}, "KB001", "384"),
        (TITAN_2, {"inputText": "a", "dimensions": "512"}, "KB001", "whole number"),
        (TITAN_2, {"inputText": "a", "dimensions": 256}, "KB008", "512"),
        (TITAN_2, {"inputText": "a", "embeddingTypes": ["binary"]}, "KB001", "embeddingTypes"),
        (COHERE_3, {"texts": ["a"]}, "KB001", "input_type"),
        (COHERE_3, {"texts": "a", "input_type": "search_query"}, "KB001", "list"),
        (COHERE_3, {**TEXTS, "texts": ["a"] * 97}, "KB001", "96"),
        (COHERE_3, {**TEXTS, "texts": ["a", "b"]}, "KB001", "one text"),
        (COHERE_3, {**TEXTS, "texts": ["word " * 600]}, "KB001", "600 tokens"),
        (COHERE_4, {**TEXTS, "output_dimension": 256}, "KB008", "512"),
        ("amazon.titan-embed-text-v9", {"inputText": "a"}, "KB002", "v9"),
    ],
)
def test_a_call_that_can_not_be_answered_says_why(
    stand_in: StandIn, model_id: str, body: object, sqlstate: str, words: str
) -> None:
    key = "embeddings" if model_id.startswith("cohere") else "embedding"
    with pytest.raises(Refusal, match=words) as caught:
        vector(stand_in, model_id, body, key)
    assert caught.value.sqlstate == sqlstate


def test_a_long_text_is_cut_when_cohere_is_told_to(stand_in: StandIn) -> None:
    body = {**TEXTS, "texts": ["word " * 600], "truncate": "END"}
    assert len(vector(stand_in, COHERE_3, body, "embeddings")) == 1024
    assert len(vector(stand_in, COHERE_4, {**body, "truncate": "RIGHT"}, "embeddings")) == 1536


def test_a_wrong_json_key_names_the_right_one(stand_in: StandIn) -> None:
    with pytest.raises(Refusal) as caught:
        vector(stand_in, TITAN_1, {"inputText": "a"}, "embeddings")
    assert caught.value.sqlstate == "KB003"
    assert "json_key := 'embedding'" in caught.value.hint


def test_titan_s_response_has_titan_s_keys(stand_in: StandIn) -> None:
    found = response(stand_in, TITAN_1, {"inputText": "one two three"})
    assert set(found) == {"embedding", "inputTextTokenCount"}
    assert found["inputTextTokenCount"] == 3


def test_cohere_s_response_has_a_vector_for_each_text(stand_in: StandIn) -> None:
    found = response(stand_in, COHERE_3, {**TEXTS, "texts": ["a", "b"]})
    assert set(found) == {"id", "texts", "embeddings", "response_type"}
    assert np.asarray(found["embeddings"]).shape == (2, 1024)


def test_a_generating_model_is_refused_with_the_name_of_the_setting(stand_in: StandIn) -> None:
    with pytest.raises(Refusal, match="KB_GENERATION_MODEL") as caught:
        response(stand_in, "anthropic.claude-v2:1", {"prompt": "Hello"})
    assert caught.value.sqlstate == "KB007"
