"""What every Generator does; a new one is added to `generator`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kb.adapters.converse import ConverseGenerator
from kb.adapters.extractive import ExtractiveGenerator
from kb.adapters.minilm import MiniLm
from kb.adapters.openai_compatible import OpenAiGenerator
from kb.models import GenerationRequest
from kb.protocols import Generator
from tests import event_stream, openai_server
from tests.answering import Reader
from tests.bedrock_server import bedrock_server
from tests.made_up import result

QUESTION = "What does the pg_stat_io view show?"
ANSWER = "The pg_stat_io view shows I/O statistics, one row for each backend type and context."
RESULTS = (
    result(f"Monitoring needs care. {ANSWER} Other views exist as well.", 1),
    result("The autovacuum launcher starts worker processes for tables that changed a lot.", 2),
    result("A replication slot keeps write-ahead logs until the standby has read them.", 3),
)
REQUEST = GenerationRequest(question=QUESTION, results=RESULTS)
NOTHING = GenerationRequest(question="How do I bake a rye bread?", results=RESULTS)


def numbered(body: dict[str, Any]) -> list[str]:
    """What an obedient model replies to the numbered prompt."""
    return [ANSWER[:40], ANSWER[40:], " [", "1]"] if QUESTION in json.dumps(body) else ["NO_ANSWER"]


def attached(body: dict[str, Any]) -> list[event_stream.Frame]:
    """The same from a model that cites by itself."""
    if QUESTION not in json.dumps(body):
        return event_stream.text_reply("NO_ANSWER")
    return event_stream.block_reply((ANSWER, [event_stream.citation(0, 1, 2, ANSWER)]))


@pytest.fixture(
    scope="module",
    params=["extractive", "amazon.nova-pro-v1:0", "anthropic.claude-sonnet-4-5-x", "openai:m"],
)
def generator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Generator]:
    if request.param == "extractive":
        yield ExtractiveGenerator(MiniLm(), threshold=0.18)
    elif request.param == "openai:m":
        with openai_server.openai_server() as server:
            server.reply = lambda body: openai_server.text_reply(*numbered(body))
            yield OpenAiGenerator("m", base_url=server.url)
    else:
        yield from on_bedrock(request.param, tmp_path_factory.mktemp("aws"))


def on_bedrock(model_id: str, nowhere: Path) -> Iterator[Generator]:
    with bedrock_server() as server, pytest.MonkeyPatch.context() as environment:
        server.set_environment(environment, nowhere)
        server.reply = (
            attached
            if "claude" in model_id
            else lambda body: event_stream.text_reply(*numbered(body))
        )
        yield ConverseGenerator(model_id)


def test_it_has_a_name(generator: Generator) -> None:
    assert generator.name


def test_the_answer_is_in_what_is_streamed(generator: Generator) -> None:
    assert ANSWER in Reader(generator, REQUEST).text


def test_every_reference_is_to_a_given_result(generator: Generator) -> None:
    parts = list(generator.generate(REQUEST))
    references = [r for part in parts for r in part.retrieved_references]
    assert references
    assert all(reference.result in RESULTS for reference in references)


def test_every_cited_passage_lies_in_its_chunk(generator: Generator) -> None:
    for part in generator.generate(REQUEST):
        for reference in part.retrieved_references:
            assert reference.passage_text
            assert reference.passage_text in reference.result.text


def test_every_citation_is_of_words_in_the_answer(generator: Generator) -> None:
    read = Reader(generator, REQUEST)
    for citation in read.writing.citations:
        assert citation.text and citation.text == citation.text.strip()
        assert read.text[citation.span.start : citation.span.end] == citation.text


def test_a_finished_answer_has_no_error_and_no_refusal(generator: Generator) -> None:
    read = Reader(generator, REQUEST)
    assert (read.error, read.report.refusal) == (None, None)


def test_nothing_is_streamed_when_the_results_do_not_answer(generator: Generator) -> None:
    assert list(generator.generate(NOTHING)) == []


def test_nothing_is_streamed_without_results(generator: Generator) -> None:
    assert list(generator.generate(GenerationRequest(question=QUESTION, results=()))) == []
