"""What models of Bedrock are asked by Converse, as a server on this machine received it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from kb.adapters.converse import ConverseGenerator
from kb.adapters.converse_models import CITING, cites, takes_system
from kb.errors import ValidationError
from kb.models import Exchange, GenerationRequest
from tests.answering import FIRST, ORDERS, REQUEST, RESULTS, SHOWS, Reader, configured
from tests.bedrock_server import BedrockServer
from tests.made_up import result

NOVA = "amazon.nova-pro-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def ask(model: str, request: GenerationRequest = REQUEST, **options: int) -> Reader:
    return Reader(ConverseGenerator(model, **options), request)


def only_request(bedrock: BedrockServer) -> dict[str, Any]:
    ((_, body),) = bedrock.requests
    return body


def test_the_numbered_prompt_is_what_an_unknown_model_gets(bedrock: BedrockServer) -> None:
    ask(NOVA)
    body = only_request(bedrock)
    ((block,),) = [message["content"] for message in body["messages"]]
    assert f"{FIRST}\n</result-" in block["text"] and "[2]\n<result-" in block["text"]
    assert "material" in body["system"][0]["text"]
    assert bedrock.requests[0][0] == NOVA


def test_a_model_that_cites_gets_each_chunk_as_a_search_result(bedrock: BedrockServer) -> None:
    ask(CLAUDE)
    *found, asked = only_request(bedrock)["messages"][0]["content"]
    assert [block["searchResult"]["title"] for block in found] == [
        "a.pdf · page 1",
        "a.pdf · page 2",
    ]
    assert found[0]["searchResult"]["citations"] == {"enabled": True}
    texts = [part["text"] for part in found[0]["searchResult"]["content"]]
    assert texts == ["Monitoring needs care.", SHOWS, "Other views exist."]
    assert FIRST not in asked["text"] and REQUEST.question in asked["text"]


def test_requests_are_what_the_service_model_says(bedrock: BedrockServer) -> None:
    everything = configured(
        temperature=0.2,
        top_p=0.9,
        max_tokens=100,
        stop_sequences=("END",),
        guardrail_id="gr1",
        guardrail_version="1",
    )
    shape = Session().get_service_model("bedrock-runtime").operation_model("ConverseStream")
    for model in (NOVA, CLAUDE, "mistral.mistral-7b-instruct-v0:2"):
        ask(model, everything)
        model_id, body = bedrock.requests.pop()
        checked = ParamValidator().validate({"modelId": model_id, **body}, shape.input_shape)
        assert not checked.has_errors(), checked.generate_report()


def test_inference_parameters_are_passed_through(bedrock: BedrockServer) -> None:
    ask(NOVA, configured(temperature=0.2, top_p=0.9, max_tokens=64, stop_sequences=("END",)))
    assert only_request(bedrock)["inferenceConfig"] == {
        "temperature": 0.2,
        "topP": 0.9,
        "maxTokens": 64,
        "stopSequences": ["END"],
    }


def test_what_nobody_chose_is_left_to_the_model(bedrock: BedrockServer) -> None:
    ask(NOVA)
    assert "inferenceConfig" not in only_request(bedrock)


def test_with_a_guardrail_the_question_is_assessed_and_the_chunks_are_not(
    bedrock: BedrockServer,
) -> None:
    ask(NOVA, configured(guardrail_id="gr1", guardrail_version="DRAFT"))
    body = only_request(bedrock)
    assert body["guardrailConfig"] == {"guardrailIdentifier": "gr1", "guardrailVersion": "DRAFT"}
    guarded = [
        b["guardContent"]["text"]
        for b in body["messages"][0]["content"]
        if len(b) and "guardContent" in b
    ]
    assert guarded == [{"text": REQUEST.question, "qualifiers": ["query"]}]


def test_the_conversation_so_far_is_sent_as_messages(bedrock: BedrockServer) -> None:
    history = (Exchange(question="What is a view?", answer="A stored query."),)
    ask(NOVA, GenerationRequest(question="And this?", results=RESULTS, history=history))
    roles = [(m["role"], m["content"][0]["text"][:16]) for m in only_request(bedrock)["messages"]]
    assert roles[:2] == [("user", "What is a view?"), ("assistant", "A stored query.")]
    assert len(roles) == 3


def test_a_model_without_a_system_text_is_told_in_the_message(bedrock: BedrockServer) -> None:
    ask("mistral.mistral-7b-instruct-v0:2")
    body = only_request(bedrock)
    assert "system" not in body
    assert "material" in body["messages"][0]["content"][0]["text"]


def test_a_template_of_one_s_own_is_filled(bedrock: BedrockServer) -> None:
    ask(
        NOVA,
        configured(prompt_template="Q $query$ R $search_results$ $output_format_instructions$"),
    )
    text = only_request(bedrock)["messages"][0]["content"][0]["text"]
    assert text.startswith(f"Q {REQUEST.question} R [1]")


@pytest.mark.parametrize("given", [{"temperature": 2.0}, {"prompt_template": "no placeholder"}])
def test_a_configuration_that_does_not_fit_is_refused_before_the_call(
    bedrock: BedrockServer, given: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        ask(NOVA, configured(**given))
    assert bedrock.requests == []


@pytest.mark.parametrize("model", [NOVA, CLAUDE])
def test_orders_in_a_document_reach_the_model_only_as_data(
    bedrock: BedrockServer, model: str
) -> None:
    ask(model, GenerationRequest(question="What now?", results=(result(ORDERS),)))
    body = only_request(bedrock)
    content = body["messages"][0]["content"]
    assert "HACKED" not in json.dumps(body["system"])
    if model == CLAUDE:
        assert "HACKED" not in content[-1]["text"]
    else:
        mark = content[0]["text"].split("<result-")[1].split(">")[0]
        assert f"<result-{mark}>" in body["system"][0]["text"]
        before, rest = content[0]["text"].split(f"<result-{mark}>")
        within, behind = rest.split(f"</result-{mark}>")
        assert "HACKED" in within and "HACKED" not in before + behind


def test_each_question_has_a_fence_of_its_own(bedrock: BedrockServer) -> None:
    ask(NOVA)
    ask(NOVA)
    first, second = (body["system"] for _, body in bedrock.requests)
    assert first != second


@pytest.mark.parametrize(
    ("model_id", "does"),
    [
        ("anthropic.claude-sonnet-4-20250514-v1:0", True),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        (
            "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-opus-4-1-20250805-v1:0",
            True,
        ),
        ("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123", False),
        ("anthropic.claude-3-haiku-20240307-v1:0", False),
        (NOVA, False),
    ],
)
def test_which_models_cite_by_themselves(model_id: str, does: bool) -> None:
    assert cites(model_id) is does


def test_the_families_that_cite_are_those_of_the_service_model() -> None:
    shape = Session().get_service_model("bedrock-runtime").shape_for("SearchResultBlock")
    named = shape.documentation.partition("Anthropic ")[2].partition(" models")[0]
    names = named.removeprefix("Claude ").replace("and ", "").split(", ")
    assert {name.removeprefix("Claude ") for name in CITING} == set(names)


def test_only_old_families_lack_a_system_text() -> None:
    assert takes_system(NOVA) and takes_system(CLAUDE)
    assert not takes_system("amazon.titan-text-express-v1")
