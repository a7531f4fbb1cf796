"""What models of Bedrock reply by Converse, in real event-stream frames over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from kb.adapters.converse import ConverseGenerator
from kb.models import GenerationRequest
from tests import event_stream as es
from tests.answering import FIRST, REQUEST, RESULTS, SHOWS, Reader, configured
from tests.bedrock_server import BedrockServer

NOVA = "amazon.nova-pro-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def ask(model: str, request: GenerationRequest = REQUEST, **options: int) -> Reader:
    return Reader(ConverseGenerator(model, **options), request)


def only_request(bedrock: BedrockServer) -> dict[str, Any]:
    ((_, body),) = bedrock.requests
    return body


def test_markers_of_a_numbered_reply_become_citations(bedrock: BedrockServer) -> None:
    bedrock.replies.append(es.text_reply("It shows ", "statistics [", "1]. More [9]."))
    read = ask(NOVA)
    assert read.text == "It shows statistics. More."
    assert read.cited == [("It shows statistics", [FIRST])]
    assert read.report.unresolved_citations == 1


def test_native_citations_bring_their_passage(bedrock: BedrockServer) -> None:
    bedrock.replies.append(
        es.block_reply(
            ("Well: ", ()), ("it shows statistics", [es.citation(0, 1, 2, SHOWS, 1)]), (".", ())
        )
    )
    read = ask(CLAUDE)
    assert read.text == "Well: it shows statistics."
    assert read.cited == [("it shows statistics", [SHOWS])]


@pytest.mark.parametrize(
    ("frame", "passage"),
    [
        (es.citation(0, 1, 1, SHOWS), SHOWS),
        (es.citation(0, 1, 2), SHOWS),
        (es.citation(0, 1, 1), SHOWS),
        (es.citation(0, 0, 3, FIRST), FIRST),
        (es.citation(0, 0, 1, "Other views exist."), "Other views exist."),
        (es.citation(0, 7, 9), FIRST),
        (es.citation(0, 0, 1, "words that stand nowhere"), FIRST),
    ],
)
def test_a_passage_is_what_the_model_says_it_cites(
    bedrock: BedrockServer, frame: bytes, passage: str
) -> None:
    bedrock.replies.append(es.block_reply(("It shows.", [frame])))
    assert ask(CLAUDE).cited == [("It shows.", [passage])]


def test_several_sources_of_a_block_are_one_citation(bedrock: BedrockServer) -> None:
    sources = [es.citation(0, 1, 2, SHOWS), es.citation(1, 0, 1), es.citation(1, 0, 1)]
    bedrock.replies.append(es.block_reply(("Both.", sources)))
    assert ask(CLAUDE).cited == [("Both.", [SHOWS, RESULTS[1].text])]


def test_a_citation_of_nothing_that_was_sent_is_counted_and_not_shown(
    bedrock: BedrockServer,
) -> None:
    bedrock.replies.append(es.block_reply(("One.", [es.citation(7, 0, 1)])))
    read = ask(CLAUDE)
    assert (read.text, read.cited, read.report.unresolved_citations) == ("One.", [], 1)


def test_a_source_by_its_name_alone_is_found(bedrock: BedrockServer) -> None:
    named = es.event(
        "contentBlockDelta",
        {"delta": {"citation": {"source": "s3://kb/a.pdf#2"}}, "contentBlockIndex": 0},
    )
    bedrock.replies.append(es.block_reply(("It keeps.", [named])))
    assert ask(CLAUDE).cited == [("It keeps.", [RESULTS[1].text])]


def test_tokens_stop_reason_and_prompt_are_reported(bedrock: BedrockServer) -> None:
    bedrock.replies.append(es.text_reply("Cut off", stop_reason="max_tokens"))
    report = ask(NOVA).report
    assert (report.input_tokens, report.output_tokens) == (11, 7)
    assert report.stop_reason == "max_tokens"
    sent = only_request(bedrock)
    assert sent["system"][0]["text"] in report.prompt
    assert sent["messages"][0]["content"][0]["text"] in report.prompt


def test_the_prompt_of_attached_chunks_is_reported_with_them(bedrock: BedrockServer) -> None:
    prompt = ask(CLAUDE).report.prompt
    assert "searchResult s3://kb/a.pdf#1\na.pdf · page 1\nMonitoring needs care.\n" in prompt


@pytest.mark.parametrize("model", [NOVA, CLAUDE])
def test_a_model_that_finds_no_answer_writes_nothing(bedrock: BedrockServer, model: str) -> None:
    bedrock.replies.append(es.text_reply("NO_", "ANSWER"))
    read = ask(model)
    assert (read.text, read.cited, read.report.refusal) == ("", [], None)


def test_reasoning_is_not_shown(bedrock: BedrockServer) -> None:
    thought = {"delta": {"reasoningContent": {"text": "Hm."}}, "contentBlockIndex": 0}
    frames = (es.event("contentBlockDelta", thought), es.block_end(0), es.delta("Yes.", 1))
    bedrock.replies.append(es.reply(*frames, es.block_end(1)))
    assert ask(NOVA).text == "Yes."


def test_a_guardrail_that_intervened_is_told(bedrock: BedrockServer) -> None:
    bedrock.replies.append(es.text_reply("I can not.", stop_reason="guardrail_intervened"))
    read = ask(NOVA, configured(guardrail_id="gr1", guardrail_version="1"))
    assert read.text == "I can not."
    assert read.report.stop_reason == "guardrail_intervened"
    assert "guardrail" in str(read.report.refusal)


@pytest.mark.parametrize("stop_reason", ["end_turn", "content_filtered"])
def test_a_reply_without_a_word_is_not_taken_for_no_answer(
    bedrock: BedrockServer, stop_reason: str
) -> None:
    bedrock.replies.append(es.text_reply(stop_reason=stop_reason))
    assert "choose another model" in str(ask(NOVA).report.refusal)


def test_nobody_is_asked_when_nothing_was_found(bedrock: BedrockServer) -> None:
    read = ask(NOVA, GenerationRequest(question="What?", results=()))
    assert (read.text, bedrock.requests) == ("", [])


def test_text_comes_while_the_model_still_writes(bedrock: BedrockServer) -> None:
    bedrock.replies.append([es.START, es.delta("At once."), 30.0])
    parts = ConverseGenerator(NOVA).generate(REQUEST)
    assert next(parts).text == "At once."
    parts.close()
