"""What goes wrong with an OpenAI-compatible endpoint, before and in the middle of an answer."""

from __future__ import annotations

import logging
import socket
from typing import Any

import pytest

from kb.adapters.openai_compatible import OpenAiGenerator
from tests.answering import FIRST, REQUEST, Reader
from tests.openai_server import DONE, OpenAiServer, Refusal, Step, chunk, event, text_reply

KEY = "sk-secret-0123456789"


def ask(openai: OpenAiServer, **options: Any) -> Reader:
    return Reader(OpenAiGenerator("llama3.1:8b", base_url=openai.url, **options), REQUEST)


def said(message: str, **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}


def test_a_stream_that_breaks_off_leaves_text_and_citations(openai: OpenAiServer) -> None:
    openai.replies.append([chunk("One [1]. Two [1]"), None])
    read = ask(openai)
    assert read.text == "One. Two"
    assert read.cited == [("One", [FIRST]), ("Two", [FIRST])]
    assert "broke off" in str(read.error)


def test_a_stream_that_ends_with_its_connection_is_missed_by_its_end(openai: OpenAiServer) -> None:
    openai.is_chunked = False
    openai.replies.append([chunk("One.")])
    read = ask(openai)
    assert (read.text, "broke off" in str(read.error)) == ("One.", True)


def test_an_error_in_the_stream_is_told(openai: OpenAiServer) -> None:
    openai.replies.append([chunk("One."), {"error": {"message": "Out of memory"}}])
    read = ask(openai)
    assert (read.text, "Out of memory" in str(read.error)) == ("One.", True)


@pytest.mark.parametrize(
    "reply",
    [
        Refusal(429, said("Slow down")),
        Refusal(429, said("Slow down"), {"Retry-After": "0"}),
        Refusal(500, "Internal error"),
        Refusal(502),
        Refusal(503, said("Loading model")),
        [None],
        [chunk("")],
        [{"error": {"message": "Out of memory"}}],
    ],
)
def test_before_the_first_word_it_is_tried_again(
    openai: OpenAiServer, reply: Refusal | list[Step]
) -> None:
    openai.replies.extend([reply, reply])
    read = ask(openai)
    assert (read.text, len(openai.requests)) == ("Yes.", 3)


def test_after_the_first_word_nothing_is_tried_again(openai: OpenAiServer) -> None:
    openai.replies.append([chunk("One."), None])
    ask(openai)
    assert len(openai.requests) == 1


@pytest.mark.parametrize(
    ("reply", "advice"),
    [
        (Refusal(401, said("Unauthorized")), "wants an API key (Unauthorized); set KB_OPENAI"),
        (Refusal(404, said("model 'x' not found")), "check KB_GENERATION_MODEL"),
        (Refusal(404, "404 page not found"), "/v1"),
        (Refusal(400, said("maximum context length is 4096")), "fewer source chunks"),
        (Refusal(422, {"detail": "temperature"}), "(temperature); change the settings"),
        (Refusal(429, said("No money", code="insufficient_quota")), "billing"),
        (Refusal(429, said("Slow down"), {"Retry-After": "3600"}), "wait a moment"),
        (Refusal(302, "", {"Location": "http://192.0.2.1/v1"}), "nobody follows"),
        (Refusal(418, "\n<html>\n"), "does not take this request (<html>)"),
        ([b"data: {oops\n\n"], "no chat completion"),
        ([event({"hello": 1})], "no chat completion"),
        ([event([1])], "no chat completion"),
        ([event({"choices": [{"delta": {"content": 7}}]})], "no chat completion"),
        ([b"data: \xff\xfe\n\n"], "UTF-8"),
        ([b"x" * (3 << 20)], "lines without end"),
        (Refusal(200, {"object": "list"}), "no chat completion"),
    ],
)
def test_each_failure_is_a_sentence_that_says_what_to_do(
    openai: OpenAiServer, reply: Refusal | list[Step], advice: str
) -> None:
    openai.replies.append(reply)
    error = str(ask(openai).error)
    assert advice in error
    assert error.endswith(".") and "\n" not in error
    assert len(openai.requests) == 1


@pytest.mark.parametrize("status", [429, 500])
def test_what_does_not_pass_is_told_after_three_attempts(openai: OpenAiServer, status: int) -> None:
    openai.replies.extend([Refusal(status, said("Busy"))] * 4)
    assert "(Busy)" in str(ask(openai).error)
    assert len(openai.requests) == 3


def test_a_server_that_hangs_is_a_time_out(openai: OpenAiServer) -> None:
    openai.replies.append([5.0])
    assert "fell silent" in str(ask(openai, answer_seconds=0.3).error)


def test_a_model_that_falls_silent_is_a_time_out_and_its_text_remains(openai: OpenAiServer) -> None:
    openai.replies.append([chunk("One."), 5.0])
    read = ask(openai, answer_seconds=0.3)
    assert (read.text, "fell silent" in str(read.error)) == ("One.", True)


def test_nobody_at_the_address_is_a_sentence_with_the_address(openai: OpenAiServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        openai.url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    error = str(ask(openai).error)
    assert f"{openai.url[7:-3]} can not be reached" in error


@pytest.mark.parametrize(
    "reply",
    [
        Refusal(401, said(f"Incorrect API key provided: {KEY}")),
        Refusal(400, f"Bad header: Bearer {KEY}"),
        [event(said(f"no {KEY}")), DONE],
        [b"data: {oops\n\n"],
        [None],
    ],
)
def test_the_key_is_in_no_sentence_log_or_description(
    openai: OpenAiServer, reply: Refusal | list[Step], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    openai.replies.extend([reply] * 3)
    generator = OpenAiGenerator("m", base_url=openai.url, api_key=KEY)
    error = Reader(generator).error
    told: list[str] = [repr(generator), caplog.text]
    cause: BaseException | None = error
    while cause:
        told += [str(cause), repr(cause)]
        cause = cause.__cause__ or cause.__context__
    assert error and KEY not in "\n".join(told)


def test_a_key_that_is_not_accepted_says_which_variable(openai: OpenAiServer) -> None:
    openai.replies.append(Refusal(401, said("Incorrect API key")))
    assert "does not accept the API key" in str(ask(openai, api_key=KEY).error)


def test_a_reader_who_leaves_closes_the_connection(openai: OpenAiServer) -> None:
    openai.replies.append(text_reply("One.", *["more "] * 1000))
    parts = OpenAiGenerator("m", base_url=openai.url).generate(REQUEST)
    next(parts)
    parts.close()
    assert ask(openai).text == "Yes."
