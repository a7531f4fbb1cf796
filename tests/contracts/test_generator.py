"""What every Generator does; a new one is added to `generator`."""

from __future__ import annotations

import pytest

from kb.adapters.extractive import ExtractiveGenerator
from kb.adapters.minilm import MiniLm
from kb.models import GenerationRequest
from kb.protocols import Generator
from tests.made_up import result

QUESTION = "What does the pg_stat_io view show?"
ANSWER = "The pg_stat_io view shows I/O statistics, one row for each backend type and context."
RESULTS = (
    result(f"Monitoring needs care. {ANSWER} Other views exist as well.", 1),
    result("The autovacuum launcher starts worker processes for tables that changed a lot.", 2),
    result("A replication slot keeps write-ahead logs until the standby has read them.", 3),
)
REQUEST = GenerationRequest(question=QUESTION, results=RESULTS)


@pytest.fixture(scope="module", params=["extractive"])
def generator() -> Generator:
    return ExtractiveGenerator(MiniLm(), threshold=0.45)


def test_it_has_a_name(generator: Generator) -> None:
    assert generator.name


def test_the_answer_is_in_what_is_streamed(generator: Generator) -> None:
    text = "".join(part.text for part in generator.generate(REQUEST))
    assert ANSWER in text


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


def test_nothing_is_streamed_when_the_results_do_not_answer(generator: Generator) -> None:
    assert (
        list(
            generator.generate(
                GenerationRequest(question="How do I bake a rye bread?", results=RESULTS)
            )
        )
        == []
    )


def test_nothing_is_streamed_without_results(generator: Generator) -> None:
    assert list(generator.generate(GenerationRequest(question=QUESTION, results=()))) == []
