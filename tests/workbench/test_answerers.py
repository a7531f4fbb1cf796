"""Several answerers in one workbench: the settings name them, a question chooses among them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kb.adapters.minilm import MiniLm
from kb.errors import ModelError, SettingsError, ValidationError
from kb.models import (
    AnswerPart,
    GenerationConfiguration,
    RetrievalConfiguration,
    RetrieveAndGenerateResponse,
)
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.answerers import open_answerers
from tests import event_stream as es
from tests.answering import REQUEST
from tests.bedrock_server import BedrockServer, bedrock_server
from tests.made_up import SyncedChapter
from tests.openai_server import OpenAiServer, chunk, openai_server, text_reply

pytestmark = pytest.mark.database

QUESTION = "What is the pg_stat_io view?"
NOVA, CLAUDE, LLAMA = "amazon.nova-lite-v1:0", "anthropic.claude-sonnet-4-5-x", "openai:llama3.1"
RERANK = "cohere.rerank-v3-5:0"
ALL = f"extractive,{NOVA},{CLAUDE},{LLAMA}"


@pytest.fixture(scope="module")
def bedrock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BedrockServer]:
    with bedrock_server() as server, pytest.MonkeyPatch.context() as environment:
        server.set_environment(environment, tmp_path_factory.mktemp("aws"))
        yield server


@pytest.fixture(scope="module")
def openai() -> Iterator[OpenAiServer]:
    with openai_server() as server:
        yield server


@pytest.fixture(scope="module")
def bench(
    synced_chapter: SyncedChapter, bedrock: BedrockServer, openai: OpenAiServer
) -> Iterator[Workbench]:
    settings = replace(
        synced_chapter.bench.settings,
        generation_model=ALL,
        openai_base_url=openai.url,
        reranking_model=f"late-interaction,{RERANK}",
    )
    with open_workbench(settings) as bench:
        yield bench


def ask(
    bench: Workbench, model: str | None, question: str = QUESTION
) -> RetrieveAndGenerateResponse:
    return bench.knowledge_base.retrieve_and_generate(
        question, generation=GenerationConfiguration(generation_model=model)
    )


def test_the_first_of_the_settings_answers_unless_another_is_named(bench: Workbench) -> None:
    assert bench.knowledge_base.generation_models == ALL.split(",")
    assert bench.status().generation_model == "extractive"
    assert ask(bench, None).generation_model == "extractive"


@pytest.mark.parametrize("model", [NOVA, LLAMA])
def test_a_model_s_numbers_lead_to_retrieved_chunks(bench: Workbench, model: str) -> None:
    answer = ask(bench, model)
    (citation,) = answer.citations
    assert (answer.text, citation.text, answer.generation_model) == ("Yes.", "Yes", model)
    assert citation.retrieved_references[0].result == answer.retrieval_results[0]
    assert answer.report.output_tokens == 7


def test_a_native_citation_leads_to_marks_on_its_page(
    bench: Workbench, bedrock: BedrockServer
) -> None:
    bedrock.replies.append(es.block_reply(("It counts.", [es.citation(0, 0, 1)])))
    (citation,) = ask(bench, CLAUDE).citations
    (reference,) = citation.retrieved_references
    assert reference.passage is not None
    assert bench.evidence.marks(reference)


def test_an_unanswerable_question_gets_no_invented_answer(
    bench: Workbench, openai: OpenAiServer
) -> None:
    openai.replies.append(text_reply("NO_ANSWER"))
    answer = ask(bench, LLAMA, "How do I bake bread?")
    assert (answer.answered, answer.citations) == (False, ())
    assert "does not answer" in answer.text


def test_an_error_in_the_middle_leaves_what_was_streamed(
    bench: Workbench, openai: OpenAiServer
) -> None:
    openai.replies.append([chunk("It counts [1]. And"), None])
    parts: list[AnswerPart] = []
    stream = bench.knowledge_base.stream(
        QUESTION, generation=GenerationConfiguration(generation_model=LLAMA)
    )
    with pytest.raises(ModelError, match="broke off"):
        parts.extend(stream)
        raise AssertionError("it did not fail")
    # `extend` keeps what came before the error.
    assert "".join(part.text for part in parts) == "It counts. And"
    assert [bool(part.retrieved_references) for part in parts].count(True) == 1


def test_a_name_that_is_not_in_the_settings_is_refused(bench: Workbench) -> None:
    with pytest.raises(ValidationError, match="choose one of extractive"):
        ask(bench, "amazon.nova-pro-v1:0")


def test_a_reranking_model_of_bedrock_sorts_when_it_is_named(bench: Workbench) -> None:
    knowledge_base = bench.knowledge_base
    assert knowledge_base.reranking_models == ["late-interaction", RERANK, "none"]
    found = knowledge_base.retrieve(QUESTION, RetrievalConfiguration(reranking_model=RERANK))
    assert found.reranking_model == RERANK
    scores = [result.score for result in found.results]
    assert scores == sorted(scores, reverse=True) and 0 < scores[0] <= 1


@pytest.mark.parametrize("model", ["extractive", NOVA])
def test_bounds_are_kept_whoever_answers(bench: Workbench, model: str) -> None:
    hot = GenerationConfiguration(generation_model=model, temperature=1.1)
    with pytest.raises(ValidationError, match="temperature"):
        bench.knowledge_base.retrieve_and_generate(QUESTION, generation=hot)


def test_without_a_region_only_the_models_of_bedrock_fail(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    opened = open_answerers(Settings(generation_model=f"{NOVA},extractive"), MiniLm())
    assert list(opened) == [NOVA, "extractive"]
    with pytest.raises(SettingsError, match="KB_GENERATION_MODEL"):
        list(opened[NOVA].generate(REQUEST))


def test_an_openai_model_without_an_address_says_which_variable() -> None:
    with pytest.raises(SettingsError, match="set KB_OPENAI_BASE_URL"):
        open_answerers(Settings(generation_model=LLAMA), MiniLm())


def test_no_library_is_imported_before_the_first_question() -> None:
    code = (
        "import sys\n"
        "from kb.settings import Settings\n"
        "from kb.adapters.minilm import MiniLm\n"
        "from kb.workbench.answerers import open_answerers\n"
        f"open_answerers(Settings(generation_model='{NOVA},openai:m', "
        "openai_base_url='http://localhost/v1'), MiniLm())\n"
        "print('boto3' in sys.modules, 'urllib3' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.check_output([sys.executable, "-c", code], cwd=root, text=True) == (
        "False False\n"
    )
