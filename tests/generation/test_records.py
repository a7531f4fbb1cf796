"""What is kept of an answer reads the same again."""

from __future__ import annotations

import json

from kb.generation.records import decode, decode_response, encode, encode_response
from kb.models import (
    Comparison,
    Condition,
    GenerationConfiguration,
    Group,
    Junction,
    RetrievalConfiguration,
    SearchType,
    TurnConfiguration,
)
from tests.generation.made_up_answers import answer, citation, reference, result

NESTED = Group(
    junction=Junction.AND_ALL,
    members=(
        Condition(comparison=Comparison.IN, key="tags", value=["a", "b"]),
        Group(
            junction=Junction.OR_ALL,
            members=(
                Condition(comparison=Comparison.GREATER_THAN, key="year", value=2020.5),
                Condition(comparison=Comparison.EQUALS, key="draft", value=False),
            ),
        ),
    ),
)


def test_an_answer_comes_back_equal_by_way_of_text() -> None:
    strange = result(text="NUL \x00, half \ud800, $x$, «ü», 1e-07")
    text = "The view counts reads. Strange."
    response = answer(
        text,
        citation(text, "The view counts reads.", reference(result(), "counts reads")),
        citation(text, "Strange.", reference(strange)),
        results=(result(), strange),
    )
    kept, trace = (json.loads(json.dumps(part)) for part in encode_response(response))
    assert decode_response(kept, trace) == response


def test_a_cited_chunk_that_was_not_retrieved_is_kept_apart_from_the_results() -> None:
    text = "Invented."
    response = answer(text, citation(text, text, reference(result("other"))))
    kept, trace = encode_response(response)
    assert decode_response(kept, trace) == response


def test_a_configuration_with_a_nested_filter_comes_back_equal() -> None:
    configuration = TurnConfiguration(
        streaming=False,
        retrieval=RetrievalConfiguration(search_type=SearchType.SEMANTIC, filter=NESTED),
        generation=GenerationConfiguration(temperature=0.5, stop_sequences=("a", "b")),
    )
    kept = json.loads(json.dumps(encode(configuration)))
    assert decode(TurnConfiguration, kept) == configuration


def test_a_field_that_was_added_since_gets_its_default() -> None:
    kept = encode(TurnConfiguration(streaming=False))
    del kept["retrieval"]["query_decomposition"], kept["generate_responses"]
    assert decode(TurnConfiguration, kept) == TurnConfiguration(streaming=False)
