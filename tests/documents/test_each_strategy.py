"""What each of Bedrock's chunking strategies makes of a document."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from kb.documents.strategies import chunk
from kb.errors import ValidationError
from kb.models import SectionStart
from kb.models.chunking import FixedSizeChunking, NoChunking, SemanticChunking
from tests.documents.chunked import (
    FIXED,
    HIERARCHICAL,
    SEMANTIC,
    chunks,
    embed_by_topic,
    embed_by_words,
    guide,
    numbered,
    page,
)
from tests.documents.corpus import count_tokens, count_words


def test_fixed_size_windows_are_full_and_overlap() -> None:
    made = chunks([page(1, numbered(50))], FIXED)
    assert [found.text for found in made] == [
        *(numbered(20), numbered(20, 15), numbered(20, 30)),
    ]


def test_fixed_size_ends_with_the_document() -> None:
    made = chunks([page(1, numbered(51))], FIXED)
    assert made[-1].text == numbered(6, 45)


def test_fixed_size_goes_on_over_pages_and_sections() -> None:
    second = page(2, numbered(15, 15), sections=(SectionStart(offset=0, heading_path=("B",)),))
    made = chunks([page(1, numbered(15)), second], FIXED)
    assert [run.page_number for run in made[0].placements] == [1, 2]


def test_fixed_size_chunks_have_the_heading_above_their_first_word() -> None:
    second = page(2, numbered(15, 15), sections=(SectionStart(offset=0, heading_path=("B",)),))
    made = chunks([page(1, numbered(15)), second], FIXED)
    assert [found.heading_path for found in made] == [(), ("B",)]


@pytest.mark.parametrize("text", ["x" * 1000, "漢字" * 500, "a " + "y" * 300 + " b"])
def test_what_has_no_spaces_is_cut_too(text: str) -> None:
    pages = [page(1, text)]
    made = list(chunk(pages, FIXED, lambda texts: [len(text) for text in texts]))
    assert max(len(found.text) for found in made) <= 20


def test_a_model_that_joins_words_still_gets_full_windows() -> None:
    # Each text costs a token of its own, so that counts of words add up to far too much.
    made = list(
        chunk([page(1, numbered(90))], FIXED, lambda texts: [len(t.split()) + 1 for t in texts])
    )
    assert min(found.tokens for found in made[:-1]) >= 19


def test_a_model_that_parts_words_never_gets_too_large_windows() -> None:
    # Each pair of neighbours costs a token more than its words do.
    made = list(
        chunk([page(1, numbered(90))], FIXED, lambda texts: [2 * len(t.split()) - 1 for t in texts])
    )
    assert max(found.tokens for found in made) <= 20


def test_an_overlap_of_nearly_all_still_comes_to_an_end() -> None:
    strategy = FixedSizeChunking(max_tokens=10, overlap_percentage=99)
    assert len(chunks([page(1, numbered(50))], strategy)) == 41


def test_children_stand_in_their_parents() -> None:
    for child in chunks([page(1, numbered(200))], HIERARCHICAL):
        assert child.parent is not None and child.text in child.parent.text


def test_parents_are_as_large_as_they_may_be() -> None:
    made = chunks([page(1, numbered(200))], HIERARCHICAL)
    parents = {child.parent.ordinal: child.parent for child in made if child.parent}
    assert [parents[n].tokens for n in range(4)] == [50] * 4


def test_both_levels_overlap() -> None:
    made = chunks([page(1, numbered(200))], HIERARCHICAL)
    parents = {child.parent.ordinal: child.parent.text for child in made if child.parent}
    assert (made[0].text.split()[-5:], parents[0].split()[-5:]) == (
        *(made[1].text.split()[:5], parents[1].split()[:5]),
    )


def test_children_of_one_parent_share_it() -> None:
    made = chunks([page(1, numbered(60))], HIERARCHICAL)
    assert made[0].parent is made[1].parent


def test_other_strategies_have_no_parents() -> None:
    assert {found.parent for found in chunks([page(1, numbered(60))], FIXED)} == {None}


def test_semantic_chunks_end_where_the_meaning_changes() -> None:
    topics = "One #a x. Two #a y. Three #a z. Four #b x. Five #b y."
    made = chunks([page(1, topics)], SEMANTIC)
    assert [found.text for found in made] == [
        *("One #a x. Two #a y. Three #a z.", "Four #b x. Five #b y."),
    ]


def test_a_higher_percentile_makes_larger_chunks() -> None:
    pages = guide()
    counts = [
        len(list(chunk(pages, strategy, count_tokens, embed_by_words)))
        for strategy in (
            SemanticChunking(breakpoint_percentile_threshold=50),
            SemanticChunking(breakpoint_percentile_threshold=99),
        )
    ]
    assert counts[0] > counts[1]


def test_the_buffer_takes_the_neighbours_into_account() -> None:
    seen: list[str] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        seen.extend(texts)
        return embed_by_topic(texts)

    strategy = SemanticChunking(buffer_size=1)
    list(chunk([page(1, "One. Two. Three.")], strategy, count_words, embed))
    assert seen == ["One. Two.", "One. Two. Three.", "Two. Three."]


def test_a_sentence_that_is_too_long_is_cut() -> None:
    made = chunks([page(1, numbered(100) + ".")], SEMANTIC)
    assert [found.tokens for found in made] == [40, 40, 20]


def test_semantic_chunks_stay_in_their_section() -> None:
    sections = (SectionStart(offset=8, heading_path=("B",)),)
    made = chunks([page(1, "One #a. Two #a.", sections=sections)], SEMANTIC)
    assert [(found.text, found.heading_path) for found in made] == [
        *(("One #a.", ()), ("Two #a.", ("B",))),
    ]


def test_semantic_chunking_asks_for_a_model() -> None:
    with pytest.raises(ValidationError, match="needs an embedding model"):
        chunk([], SEMANTIC, count_words)


def test_none_makes_the_document_one_chunk() -> None:
    made = chunks([page(1, "One.\n\nTwo."), page(2, "Three.")], NoChunking())
    assert [found.text for found in made] == ["One.\n\nTwo.\n\nThree."]
