"""What goes wrong with Converse, before and in the middle of an answer."""

from __future__ import annotations

import socket

import pytest

from kb.adapters.converse import ConverseGenerator
from kb.errors import SettingsError
from kb.models import GenerationRequest
from tests import event_stream as es
from tests.answering import REQUEST, SHOWS, Reader
from tests.bedrock_server import BedrockServer

NOVA = "amazon.nova-pro-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def ask(model: str, request: GenerationRequest = REQUEST, **options: int) -> Reader:
    return Reader(ConverseGenerator(model, **options), request)


def test_a_model_that_is_gone_in_the_middle_leaves_text_and_citations(
    bedrock: BedrockServer,
) -> None:
    bedrock.replies.append(
        [
            es.START,
            es.delta("One [1]. Two [2]"),
            es.failure("modelStreamErrorException", "It broke"),
        ]
    )
    read = ask(NOVA)
    assert read.text == "One. Two"
    assert [text for text, _ in read.cited] == ["One", "Two"]
    assert "It broke" in str(read.error) and str(read.error).endswith(".")


def test_what_a_block_had_cited_remains_when_it_breaks_off(bedrock: BedrockServer) -> None:
    bedrock.replies.append([es.START, es.delta("It shows"), es.citation(0, 1, 2, SHOWS), None])
    read = ask(CLAUDE)
    assert read.cited == [("It shows", [SHOWS])]
    assert "broke off" in str(read.error)


@pytest.mark.parametrize(
    "frames",
    [
        [es.START, es.failure("throttlingException", "Too many")],
        [es.START, es.failure("serviceUnavailableException", "Later")],
        [es.START, es.failure("internalServerException", "Oops")],
        [es.START, es.failure("modelStreamErrorException", "Broke")],
        [es.START, None],
        [es.START],
        [es.START, es.delta("One.")[:-1] + b"x"],
    ],
)
def test_before_the_first_word_a_broken_stream_is_tried_again(
    bedrock: BedrockServer, frames: list[es.Frame]
) -> None:
    bedrock.replies.extend([frames, frames, es.text_reply("Yes.")])
    read = ask(NOVA)
    assert (read.text, len(bedrock.requests)) == ("Yes.", 3)


def test_after_the_first_word_nothing_is_tried_again(bedrock: BedrockServer) -> None:
    bedrock.replies.append([es.START, es.delta("One."), es.failure("throttlingException", "Slow")])
    read = ask(NOVA)
    assert (read.text, len(bedrock.requests)) == ("One.", 1)
    assert "throttles" in str(read.error)


def test_an_exception_that_botocore_does_not_know_is_a_sentence(bedrock: BedrockServer) -> None:
    bedrock.replies.append([es.START, es.delta("One."), es.failure("newException", "Slow")])
    assert str(ask(NOVA).error) == f"{NOVA} broke off in its answer; ask again."


def test_a_request_that_does_not_fit_is_not_tried_again(bedrock: BedrockServer) -> None:
    bedrock.replies.append([es.START, es.failure("validationException", "Input is too long")])
    read = ask(NOVA)
    assert len(bedrock.requests) == 1
    assert "Input is too long" in str(read.error) and "settings" in str(read.error)


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("AccessDeniedException", "You don't have access", "InvokeModelWithResponseStream"),
        ("ThrottlingException", "Too many requests", "quota"),
        ("ServiceUnavailableException", "Try later", "wait"),
        ("ResourceNotFoundException", "Model is gone", "AWS_REGION"),
        ("ExpiredTokenException", "The token has expired", "log in again"),
        (
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn't supported. Retry your "
            "request with the ID or ARN of an inference profile that contains this model.",
            f"such as us.{NOVA}",
        ),
        ("ModelErrorException", "The model failed", "try again later"),
        ("ModelTimeoutException", "Too long", "try again"),
    ],
)
def test_each_error_of_bedrock_is_a_sentence_that_says_what_to_do(
    bedrock: BedrockServer, code: str, message: str, advice: str
) -> None:
    bedrock.errors.extend([(code, message)] * 3)
    error = str(ask(NOVA).error)
    assert advice in error
    assert error.endswith(".") and "\n" not in error


def test_a_throttled_call_is_made_three_times_in_all(bedrock: BedrockServer) -> None:
    bedrock.errors.extend([("ThrottlingException", "Too many requests")] * 2)
    assert ask(NOVA).text == "Yes."
    bedrock.errors.extend([("ThrottlingException", "Too many requests")] * 4)
    assert ask(NOVA).error
    assert len(bedrock.errors) == 1


def test_a_model_that_falls_silent_is_a_time_out(bedrock: BedrockServer) -> None:
    bedrock.replies.append([es.START, es.delta("One."), 1.5, es.delta(" Two.")])
    read = ask(NOVA, answer_seconds=1)
    assert (read.text, str(read.error)) == ("One.", f"{NOVA} fell silent in its answer; ask again.")


def test_a_model_that_does_not_begin_is_a_time_out_and_asked_once(bedrock: BedrockServer) -> None:
    bedrock.slow_seconds = 1.5
    assert "gave no answer in time" in str(ask(NOVA, answer_seconds=1).error)
    assert len(bedrock.requests) <= 1


def test_without_credentials_it_says_how_to_get_some(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "aws configure" in str(ask(NOVA).error)


def test_without_a_region_the_setting_is_named(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(SettingsError, match=r"^KB_GENERATION_MODEL names .* AWS_REGION"):
        ConverseGenerator(NOVA)


def test_nobody_at_the_address_is_a_sentence_with_the_address(
    bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", address)
    assert address in str(ask(NOVA).error)
