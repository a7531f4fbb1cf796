"""Models behind an OpenAI-compatible endpoint, over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from kb.adapters.openai_compatible import OpenAiGenerator
from kb.errors import ValidationError
from kb.models import Exchange, GenerationRequest
from tests.answering import FIRST, ORDERS, REQUEST, RESULTS, Reader, configured
from tests.made_up import result
from tests.openai_server import DONE, OpenAiServer, Refusal, chunk, event, text_reply

KEY = "sk-secret-0123456789"


def ask(openai: OpenAiServer, request: GenerationRequest = REQUEST, **options: Any) -> Reader:
    return Reader(OpenAiGenerator("llama3.1:8b", base_url=openai.url, **options), request)


# The request


def test_the_numbered_prompt_is_sent_as_system_and_user(openai: OpenAiServer) -> None:
    ask(openai)
    (body,) = openai.bodies
    assert (body["model"], body["stream"]) == ("llama3.1:8b", True)
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert FIRST in body["messages"][1]["content"]


def test_inference_parameters_are_passed_through(openai: OpenAiServer) -> None:
    ask(openai, configured(temperature=0.2, top_p=0.9, max_tokens=64, stop_sequences=("END",)))
    (body,) = openai.bodies
    chosen = {name: body[name] for name in ("temperature", "top_p", "max_tokens", "stop")}
    assert chosen == {"temperature": 0.2, "top_p": 0.9, "max_tokens": 64, "stop": ["END"]}


def test_the_conversation_so_far_is_sent_as_messages(openai: OpenAiServer) -> None:
    history = (Exchange(question="What is a view?", answer="A stored query."),)
    ask(openai, GenerationRequest(question="And this?", results=RESULTS, history=history))
    contents = [message["content"] for message in openai.bodies[0]["messages"]]
    assert contents[1:3] == ["What is a view?", "A stored query."]


def test_orders_in_a_document_reach_the_model_only_within_the_fence(openai: OpenAiServer) -> None:
    ask(openai, GenerationRequest(question="What now?", results=(result(ORDERS),)))
    system, user = (message["content"] for message in openai.bodies[0]["messages"])
    mark = user.split("<result-")[1].split(">")[0]
    before, rest = user.split(f"<result-{mark}>")
    within, behind = rest.split(f"</result-{mark}>")
    assert f"<result-{mark}>" in system
    assert "HACKED" in within and "HACKED" not in before + behind + system


def test_the_key_is_a_bearer_token_and_in_nothing_else(openai: OpenAiServer) -> None:
    read = ask(openai, api_key=KEY)
    _, headers, body = openai.requests[0]
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in str(body) and KEY not in read.report.prompt


def test_without_a_key_no_header_is_sent(openai: OpenAiServer) -> None:
    ask(openai)
    assert "Authorization" not in openai.requests[0][1]


def test_a_guardrail_is_refused_before_the_call(openai: OpenAiServer) -> None:
    with pytest.raises(ValidationError, match="Guardrails are Bedrock's"):
        ask(openai, configured(guardrail_id="gr1", guardrail_version="1"))
    assert openai.requests == []


@pytest.mark.parametrize("given", [{"temperature": 2.0}, {"prompt_template": "no placeholder"}])
def test_a_configuration_that_does_not_fit_is_refused_before_the_call(
    openai: OpenAiServer, given: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        ask(openai, configured(**given))
    assert openai.requests == []


@pytest.mark.parametrize(
    ("said", "given", "sent"),
    [
        ("Unknown field: stream_options", {}, ()),
        (
            "Use 'max_completion_tokens' instead of max_tokens",
            {"max_tokens": 9},
            ("stream_options",),
        ),
    ],
)
def test_a_parameter_that_a_server_does_not_know_is_sent_as_it_wants(
    openai: OpenAiServer, said: str, given: dict[str, Any], sent: tuple[str, ...]
) -> None:
    openai.replies.append(Refusal(400, {"error": {"message": said}}))
    assert ask(openai, configured(**given)).text == "Yes."
    body = openai.bodies[-1]
    assert "max_tokens" not in body and body.get("max_completion_tokens") == given.get("max_tokens")
    assert [name for name in ("stream_options",) if name in body] == list(sent)


def test_nobody_is_asked_when_nothing_was_found(openai: OpenAiServer) -> None:
    ask(openai, GenerationRequest(question="What?", results=()))
    assert openai.requests == []


# The answer


@pytest.mark.parametrize("is_chunked", [True, False])
def test_markers_of_the_reply_become_citations(openai: OpenAiServer, is_chunked: bool) -> None:
    openai.is_chunked = is_chunked
    openai.replies.append(text_reply("It shows ", "statistics [", "1]. More [9]."))
    read = ask(openai)
    assert read.text == "It shows statistics. More."
    assert read.cited == [("It shows statistics", [FIRST])]
    assert read.report.unresolved_citations == 1


def test_tokens_stop_reason_and_prompt_are_reported(openai: OpenAiServer) -> None:
    openai.replies.append(text_reply("Cut off", finish_reason="length"))
    report = ask(openai).report
    assert (report.input_tokens, report.output_tokens) == (11, 7)
    assert report.stop_reason == "length"
    assert openai.bodies[0]["messages"][1]["content"] in report.prompt


def test_a_server_that_does_not_count_tokens_is_no_trouble(openai: OpenAiServer) -> None:
    openai.replies.append([chunk("One."), chunk(None, "stop"), DONE])
    read = ask(openai)
    assert (read.text, read.report.input_tokens, read.error) == ("One.", None, None)


@pytest.mark.parametrize("end", [[chunk(None, "stop")], [DONE]])
def test_either_sign_of_the_end_is_enough(openai: OpenAiServer, end: list[Any]) -> None:
    openai.replies.append([chunk("One."), *end])
    read = ask(openai)
    assert (read.text, read.error) == ("One.", None)


def test_a_server_that_does_not_stream_is_understood(openai: OpenAiServer) -> None:
    choice = {"message": {"role": "assistant", "content": "One [1]."}, "finish_reason": "stop"}
    openai.replies.append(Refusal(200, {"choices": [choice]}))
    assert ask(openai).cited == [("One", [FIRST])]


def test_events_in_odd_pieces_are_read(openai: OpenAiServer) -> None:
    sent = b": a comment\r\n\r\n" + event(chunk("Größe 🐘.")).replace(b"\n", b"\r\n") + DONE
    openai.replies.append([sent[place : place + 1] for place in range(len(sent))])
    assert ask(openai).text == "Größe 🐘."


def test_what_a_model_thinks_first_is_not_shown(openai: OpenAiServer) -> None:
    openai.replies.append(text_reply("<thi", "nk>Hm [2]?</think>", "\n\nOne [1]."))
    assert ask(openai).cited == [("One", [FIRST])]


def test_a_model_that_finds_no_answer_writes_nothing(openai: OpenAiServer) -> None:
    openai.replies.append(text_reply("NO_", "ANSWER"))
    read = ask(openai)
    assert (read.text, read.report.refusal) == ("", None)


def test_a_reply_without_a_word_is_not_taken_for_no_answer(openai: OpenAiServer) -> None:
    openai.replies.append(text_reply())
    assert "without a word (stop)" in str(ask(openai).report.refusal)


def test_an_address_in_an_answer_is_text_and_is_not_called(openai: OpenAiServer) -> None:
    link = f"![x]({openai.url}/steal?q=1) and [y](http://192.0.2.1/z)"
    openai.replies.append(text_reply(link, " [1]."))
    read = ask(openai)
    assert read.text == f"{link}."
    assert [path for path, _, _ in openai.requests] == ["/v1/chat/completions"]


def test_text_comes_while_the_model_still_writes(openai: OpenAiServer) -> None:
    openai.replies.append([chunk("At once."), 30.0])
    parts = OpenAiGenerator("m", base_url=openai.url).generate(REQUEST)
    assert next(parts).text == "At once."
    parts.close()
