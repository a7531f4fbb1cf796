"""Reranking models of Bedrock, over the wire against a server that speaks Rerank."""

from __future__ import annotations

import json
import socket

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from kb.adapters.bedrock_reranker import BedrockReranker
from kb.errors import ModelError, SettingsError
from tests.bedrock_server import BedrockServer
from tests.made_up import result

MODEL = "amazon.rerank-v1:0"
QUESTION = "which view counts reads"
RESULTS = [
    result("Vacuum takes time.", 1),
    result("This view counts reads and writes.", 2),
    result("A view.", 3),
]


def test_scores_come_in_the_order_of_the_results(bedrock: BedrockServer) -> None:
    assert BedrockReranker(MODEL).rerank(QUESTION, RESULTS) == [0.0, 0.75, 0.0]


def test_scores_that_come_in_several_pages_are_all_read(bedrock: BedrockServer) -> None:
    bedrock.rerank_page = 2
    assert BedrockReranker(MODEL).rerank(QUESTION, RESULTS) == [0.0, 0.75, 0.0]
    assert len(bedrock.requests) == 2


@pytest.mark.parametrize(
    "model_id", [MODEL, f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL}"]
)
def test_the_request_is_what_the_service_model_says(bedrock: BedrockServer, model_id: str) -> None:
    BedrockReranker(model_id).rerank(QUESTION, RESULTS)
    ((_, body),) = bedrock.requests
    shape = Session().get_service_model("bedrock-agent-runtime").operation_model("Rerank")
    checked = ParamValidator().validate(body, shape.input_shape)
    assert not checked.has_errors(), checked.generate_report()
    chosen = body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    assert chosen["modelConfiguration"]["modelArn"] == (
        f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL}"
    )


def test_the_test_server_answers_as_the_service_model_says(bedrock: BedrockServer) -> None:
    BedrockReranker(MODEL).rerank(QUESTION, RESULTS)
    answer = bedrock.rerank(json.dumps(bedrock.requests[0][1]).encode())
    shape = Session().get_service_model("bedrock-agent-runtime").operation_model("Rerank")
    assert not ParamValidator().validate(answer, shape.output_shape).has_errors()


def test_long_and_empty_texts_are_sent_as_bedrock_takes_them(bedrock: BedrockServer) -> None:
    BedrockReranker(MODEL).rerank(QUESTION, [result("x" * 40_000, 1), result("", 2)])
    sources = bedrock.requests[0][1]["sources"]
    texts = [source["inlineDocumentSource"]["textDocument"]["text"] for source in sources]
    assert [len(text) for text in texts] == [32_000, 1]


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("AccessDeniedException", "You don't have access", "bedrock:Rerank"),
        ("ThrottlingException", "Too many requests", "quota"),
        ("ResourceNotFoundException", "Unknown", "AWS_REGION"),
        ("ValidationException", "Bad request", "another reranking model"),
        ("InternalServerException", "Oops", "try again later"),
    ],
)
def test_each_error_of_bedrock_is_a_sentence_that_says_what_to_do(
    bedrock: BedrockServer, code: str, message: str, advice: str
) -> None:
    bedrock.errors.extend([(code, message)] * 3)
    with pytest.raises(ModelError, match=advice) as caught:
        BedrockReranker(MODEL).rerank(QUESTION, RESULTS)
    assert str(caught.value).endswith(".")


def test_a_score_that_is_missing_is_told(bedrock: BedrockServer) -> None:
    bedrock.rerank_page = 2
    bedrock.rerank_is_cut = True
    with pytest.raises(ModelError, match="scored 2 of 3 chunks"):
        BedrockReranker(MODEL).rerank(QUESTION, RESULTS)


def test_nobody_at_the_address_is_a_sentence_with_the_variable(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", address)
    with pytest.raises(ModelError, match="AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"):
        BedrockReranker(MODEL).rerank(QUESTION, RESULTS)


def test_without_a_region_the_setting_is_named(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(SettingsError, match=r"^KB_RERANKING_MODEL .* AWS_REGION"):
        BedrockReranker(MODEL)
