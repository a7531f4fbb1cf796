"""Titan and Cohere on Bedrock, over the wire against a server that speaks InvokeModel."""

from __future__ import annotations

import json
import socket
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from botocore.validate import ParamValidator

from kb.adapters.bedrock_models import BedrockEmbedder
from kb.adapters.bedrock_runtime import BedrockRuntime
from kb.embedding_sql.claimed_models import configured_model
from kb.embedding_sql.refusals import Refusal
from kb.errors import ModelError, SettingsError
from tests.bedrock_embeddings import COHERE, TITAN
from tests.bedrock_server import STATUS, BedrockServer

TITAN_2 = "amazon.titan-embed-text-v2:0"
COHERE_3, COHERE_4 = "cohere.embed-english-v3", "us.cohere.embed-v4:0"


def words(texts: object) -> list[int]:
    return [len(text.split()) for text in texts]  # type: ignore[attr-defined]


def embedder(setting: str = TITAN_2) -> BedrockEmbedder:
    return BedrockEmbedder(configured_model(setting), words)


def refused(**settings: object) -> Refusal:
    with pytest.raises(ModelError) as caught:
        embedder(**settings).embed_query("a question")  # type: ignore[arg-type]
    assert isinstance(caught.value, Refusal)
    # One sentence, that does not end before it has said what to do.
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("setting", "body"),
    [
        ("amazon.titan-embed-text-v1", {"inputText": "a question"}),
        (TITAN_2, {"inputText": "a question"}),
        (f"{TITAN_2}:512", {"inputText": "a question", "dimensions": 512}),
        (COHERE_3, {"texts": ["a question"], "input_type": "search_query", "truncate": "END"}),
        (
            f"{COHERE_4}:256",
            {
                "texts": ["a question"],
                "input_type": "search_query",
                "truncate": "RIGHT",
                "output_dimension": 256,
            },
        ),
    ],
)
def test_a_question_is_sent_in_the_model_s_own_body(
    bedrock: BedrockServer, setting: str, body: dict[str, object]
) -> None:
    asked = embedder(setting)
    assert asked.embed_query("a question").shape == (asked.identity.dimensions,)
    assert bedrock.requests == [(setting.removesuffix(":512").removesuffix(":256"), body)]


def test_cohere_is_told_that_a_document_is_one(bedrock: BedrockServer) -> None:
    embedder(COHERE_3).embed_documents(["one", "two"])
    assert [body["input_type"] for _, body in bedrock.requests] == ["search_document"]


def test_cohere_gets_many_texts_a_call_and_titan_several_calls_at_once(
    bedrock: BedrockServer,
) -> None:
    embedder(COHERE_3).embed_documents(["text"] * 100)
    assert [len(body["texts"]) for _, body in bedrock.requests] in ([96, 4], [4, 96])
    bedrock.slow_seconds = 0.05
    embedder().embed_documents(["text"] * 32)
    assert bedrock.most_at_once > 2


def test_a_text_that_is_longer_than_the_model_takes_is_cut(bedrock: BedrockServer) -> None:
    embedder(COHERE_3).embed_documents(["x" * 5000])
    embedder().embed_documents(["x" * 60_000])
    assert len(bedrock.requests[0][1]["texts"][0]) == 2048
    assert len(bedrock.requests[1][1]["inputText"]) == 50_000


def test_vectors_of_titan_1_get_unit_length(bedrock: BedrockServer) -> None:
    raw = invoke(bedrock, "amazon.titan-embed-text-v1", {"inputText": "one two"})["embedding"]
    assert np.linalg.norm(raw) > 2
    vector = embedder("amazon.titan-embed-text-v1").embed_query("one two")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_an_inference_profile_has_the_identity_of_its_model(bedrock: BedrockServer) -> None:
    assert embedder("us.cohere.embed-v4:0").identity == embedder("cohere.embed-v4:0").identity


def test_a_throttled_call_is_made_again(bedrock: BedrockServer) -> None:
    bedrock.errors.extend([("ThrottlingException", "Too many requests")] * 2)
    assert embedder().embed_documents(["text"]).shape == (1, 1024)


@pytest.mark.parametrize(
    ("code", "message", "sqlstate", "advice"),
    [
        ("AccessDeniedException", "You don't have access to the model", "KB009", "bedrock:Invoke"),
        ("UnrecognizedClientException", "The security token is invalid", "KB009", "log in again"),
        ("ExpiredTokenException", "The security token has expired", "KB009", "log in again"),
        ("ThrottlingException", "Too many requests", "KB010", "quota"),
        ("ServiceUnavailableException", "Try later", "KB010", "wait"),
        ("ResourceNotFoundException", "Could not resolve the model", "KB002", "AWS_REGION"),
        ("ValidationException", "The provided model identifier is invalid.", "KB002", "the id"),
        (
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn't supported. Retry your "
            "request with the ID or ARN of an inference profile that contains this model.",
            "KB002",
            f"such as us.{TITAN_2}",
        ),
        ("ValidationException", "Too many input tokens.", "KB001", "mend its text"),
        ("ModelTimeoutException", "Model took too long", "KB005", "try again"),
        ("ModelErrorException", "The model failed", "KB004", "try again later"),
        ("InternalServerException", "Internal error", "KB004", "try again later"),
    ],
)
def test_each_error_of_bedrock_is_a_sentence_that_says_what_to_change(
    bedrock: BedrockServer, code: str, message: str, sqlstate: str, advice: str
) -> None:
    bedrock.errors.extend([(code, message)] * 3)
    error = refused()
    assert error.sqlstate == sqlstate
    assert advice in str(error)


def test_without_credentials_it_says_how_to_get_some(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    error = refused()
    assert error.sqlstate == "KB009" and "aws configure" in str(error)


def test_without_a_region_the_setting_is_named(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(SettingsError, match="AWS_REGION"):
        embedder()


def test_a_profile_that_is_not_there_is_named(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SettingsError, match="nobody"):
        embedder()


def test_boto3_s_own_variable_for_the_region_is_honoured(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    bedrock.errors.extend([("AccessDeniedException", "No")])
    assert "eu-central-1" in str(refused())


def test_nobody_at_the_address_is_a_sentence_with_the_address(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", address)
    error = refused()
    assert error.sqlstate == "KB010" and address in str(error)


def test_a_call_that_takes_too_long_is_a_time_out(bedrock: BedrockServer) -> None:
    bedrock.slow_seconds = 1.5
    with pytest.raises(Refusal) as caught:
        BedrockRuntime(connections=1, answer_seconds=1).invoke(TITAN_2, '{"inputText": "a"}')
    assert caught.value.sqlstate == "KB005"


def test_an_answer_without_the_vectors_that_were_asked_for_is_refused(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TITAN, TITAN_2, (512, 1024))
    with pytest.raises(ModelError, match="1024 dimensions"):
        embedder().embed_query("a question")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("amazon.titan-embed-text-v9", "titan-embed-text-v2:0"),
        (f"{TITAN_2}:384", "256, 512, 1024"),
        ("amazon.titan-embed-text-v1:512", "no 512 dimensions"),
    ],
)
def test_a_setting_that_names_no_model_says_which_there_are(setting: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        configured_model(setting)


def test_the_test_server_answers_as_the_service_model_says(bedrock: BedrockServer) -> None:
    operation = Session().get_service_model("bedrock-runtime").operation_model("InvokeModel")
    bodies: dict[str, dict[str, object]] = {name: {"inputText": "a"} for name in TITAN}
    bodies |= {name: {"texts": ["a"], "input_type": "search_query"} for name in COHERE}
    client = boto3.client("bedrock-runtime", region_name="us-east-1")
    for model_id, body in bodies.items():
        answer = client.invoke_model(modelId=model_id, body=json.dumps(body))
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == operation.http["responseCode"]
        answer["body"] = answer["body"].read()
        report = ParamValidator().validate(answer, operation.output_shape)
        assert not report.has_errors(), report.generate_report()


def test_the_test_server_s_errors_are_those_of_the_service_model(bedrock: BedrockServer) -> None:
    operation = Session().get_service_model("bedrock-runtime").operation_model("InvokeModel")
    known = {
        shape.name: shape.metadata["error"]["httpStatusCode"] for shape in operation.error_shapes
    }
    assert known == STATUS
    client = boto3.client("bedrock-runtime", region_name="us-east-1")
    for code in STATUS:
        bedrock.errors.extend([(code, "said so")] * 3)
        with pytest.raises(getattr(client.exceptions, code), match="said so"):
            client.invoke_model(modelId=TITAN_2, body="{}")
        bedrock.errors.clear()


def test_the_test_server_refuses_what_bedrock_refuses(bedrock: BedrockServer) -> None:
    client = boto3.client("bedrock-runtime", region_name="us-east-1")
    for model_id, body in (
        (TITAN_2, {"inputText": ""}),
        (TITAN_2, {"inputText": "a", "dimensions": 384}),
        ("amazon.titan-embed-text-v1", {"inputText": "a", "dimensions": 512}),
        (COHERE_3, {"texts": ["a"]}),
        (COHERE_3, {"texts": ["a"] * 97, "input_type": "search_query"}),
        (COHERE_4, {"texts": ["a"], "input_type": "search_query", "truncate": "END"}),
    ):
        with pytest.raises(ClientError, match="Malformed input"):
            client.invoke_model(modelId=model_id, body=json.dumps(body))


def invoke(bedrock: BedrockServer, model_id: str, body: dict[str, object]) -> dict[str, Any]:
    answer = BedrockRuntime(connections=1).invoke(model_id, json.dumps(body))
    bedrock.requests.clear()
    found: dict[str, Any] = json.loads(answer)
    return found
