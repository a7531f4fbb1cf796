"""`ask` with answerers of all kinds, as a program and as people see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.made_up import SyncedChapter
from tests.openai_server import OpenAiServer, chunk, openai_server, text_reply
from tests.test_cli import Kb, run

pytestmark = pytest.mark.database

QUESTION = "What is the pg_stat_io view?"
REPLY = ("In short: it counts reads [1]", ". It also counts writes [1][2]. Nobody said this.")


@pytest.fixture(scope="module")
def openai() -> Iterator[OpenAiServer]:
    with openai_server() as server:
        yield server


@pytest.fixture(scope="module")
def kb(synced_chapter: SyncedChapter, openai: OpenAiServer) -> Kb:
    """Runs a command on the synced chapter, with a model beside the extracts."""
    environ = {
        **synced_chapter.environ,
        "KB_GENERATION_MODEL": "extractive, openai:m",
        "KB_OPENAI_BASE_URL": openai.url,
        "KB_OPENAI_API_KEY": "sk-geheim",
    }
    return lambda *arguments: run(environ, *arguments)


@pytest.mark.parametrize("how", [(), ("--stream",)])
def test_uncited_text_is_shown_and_each_source_has_one_number(
    kb: Kb, openai: OpenAiServer, how: tuple[str, ...]
) -> None:
    openai.replies.append(text_reply(*REPLY))
    shown = kb("ask", QUESTION, "--model", "openai:m", *how).stdout
    told, _, sources = shown.partition("\n\n")
    assert " ".join(told.split()) == (
        "In short: it counts reads [1]. It also counts writes [1][2]. Nobody said this."
    )
    assert [line[:4] for line in sources.splitlines()] == ["[1] ", "[2] "]


@pytest.mark.parametrize("how", [(), ("--stream",)])
def test_extracts_are_shown_with_their_numbers(kb: Kb, how: tuple[str, ...]) -> None:
    shown = kb("ask", QUESTION, *how).stdout
    assert re.search(r"\[1\]\n", shown) and re.search(r"^\[1\] s3://.*page", shown, re.MULTILINE)


@pytest.mark.parametrize("how", [(), ("--stream",)])
def test_that_nothing_answers_is_said(kb: Kb, openai: OpenAiServer, how: tuple[str, ...]) -> None:
    openai.replies.append(text_reply("NO_ANSWER"))
    shown = kb("ask", "How do I bake bread?", "--model", "openai:m", *how).stdout
    assert shown == "The knowledge base does not answer this question.\n"


def test_options_reach_the_model(kb: Kb, openai: OpenAiServer) -> None:
    options = ("--temperature", "0.5", "--top-p", "0.9", "--max-tokens", "50", "--stop", "END")
    assert kb("ask", QUESTION, "--model", "openai:m", *options).code == 0
    sent = openai.bodies[-1]
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0.5, 0.9, 50)
    assert sent["stop"] == ["END"]


def test_an_error_in_the_middle_leaves_what_was_printed(kb: Kb, openai: OpenAiServer) -> None:
    openai.replies.append([chunk("It counts [1]. And"), None])
    done = kb("ask", QUESTION, "--model", "openai:m", "--stream")
    assert done.code == 1
    assert done.stdout.startswith("It counts [1]. And\n\n[1] s3://")
    assert "broke off" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "nobody"), "choose one of extractive, openai:m"),
        (("--temperature", "2"), "between 0 and 1"),
        (("--max-tokens", "0"), "between 1 and 65,536"),
        (("--guardrail", "gr1"), "id and a version"),
        (("--model", "openai:m", "--guardrail", "gr1:1"), "Guardrails are Bedrock's"),
    ],
)
def test_what_does_not_fit_is_one_sentence(kb: Kb, options: tuple[str, ...], said: str) -> None:
    done = kb("ask", QUESTION, *options)
    assert (done.code, done.stdout) == (1, "")
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_json_has_the_model_s_text_and_spans(kb: Kb, openai: OpenAiServer) -> None:
    openai.replies.append(text_reply(*REPLY))
    answer: Any = kb("ask", QUESTION, "--model", "openai:m", "--json").json
    text = answer["output"]["text"]
    parts = [c["generatedResponsePart"]["textResponsePart"] for c in answer["citations"]]
    assert [part["text"] for part in parts] == [
        "In short: it counts reads",
        "It also counts writes",
    ]
    assert all(text[p["span"]["start"] : p["span"]["end"]] == p["text"] for p in parts)


def test_status_names_the_default_answerer(kb: Kb) -> None:
    assert kb("status", "--json").json["generation_model"] == "extractive"
