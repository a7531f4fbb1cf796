"""Why a page of the real chapter is not in an answer, and how its question was run."""

from __future__ import annotations

import psycopg
import pytest

from kb.errors import ResourceNotFound, ValidationError
from kb.models import RetrievalConfiguration, SearchType
from kb.models.tracing import LossStage
from kb.retrieval.filter_expression import parse_filter
from kb.workbench import Workbench
from tests.made_up import SyncedChapter

pytestmark = pytest.mark.database

KEY = "postgresql-16-monitoring-chapter.pdf"
QUESTION = "What is the pg_stat_io view?"
PAGE_TEXT = "SELECT text FROM workbench.document_page WHERE page_number = %s"
NEIGHBOURS = """
SELECT c.first_page, c.placements, next.placements
FROM workbench.chunk c
JOIN workbench.chunk next ON next.document_id = c.document_id AND next.ordinal = c.ordinal + 1
WHERE c.first_page = c.last_page
  AND next.first_page = c.first_page AND next.last_page = c.first_page
ORDER BY c.ordinal DESC LIMIT 1
"""


@pytest.fixture(scope="module")
def bench(synced_chapter: SyncedChapter) -> Workbench:
    return synced_chapter.bench


@pytest.fixture(scope="module")
def cited_page(bench: Workbench) -> int:
    answer = bench.knowledge_base.retrieve_and_generate(QUESTION)
    page_number = answer.citations[0].retrieved_references[0].result.page_number
    assert page_number
    return page_number


def test_a_page_that_was_retrieved_is_not_lost(bench: Workbench, cited_page: int) -> None:
    found = bench.explanations.why_not_page(QUESTION, page_number=cited_page)
    assert found.stage is LossStage.RETRIEVED


def test_a_page_that_is_cited_is_not_lost(bench: Workbench, cited_page: int) -> None:
    answer = bench.knowledge_base.retrieve_and_generate(QUESTION)
    found = bench.explanations.why_not_page(QUESTION, page_number=cited_page, response=answer)
    assert found.stage is LossStage.CITED


def test_a_page_that_was_given_but_not_cited_is_told_apart(bench: Workbench) -> None:
    configuration = RetrievalConfiguration(number_of_results=60)
    answer = bench.knowledge_base.retrieve_and_generate(QUESTION, configuration)
    cited = {r.result.page_number for c in answer.citations for r in c.retrieved_references}
    given = next(r.page_number for r in answer.retrieval_results[40:] if r.page_number not in cited)
    assert given
    found = bench.explanations.why_not_page(
        QUESTION, configuration, page_number=given, response=answer
    )
    assert found.stage is LossStage.NOT_CITED


def test_a_silent_answer_lost_all_it_was_given(bench: Workbench) -> None:
    question = "How do I bake sourdough bread?"
    answer = bench.knowledge_base.retrieve_and_generate(question)
    assert not answer.answered
    page_number = answer.retrieval_results[0].page_number
    assert page_number
    found = bench.explanations.why_not_page(question, page_number=page_number, response=answer)
    assert found.stage is LossStage.BELOW_THRESHOLD


def test_a_page_that_the_filter_excludes_is_blamed_on_it(bench: Workbench, cited_page: int) -> None:
    key = "x-amz-bedrock-kb-document-page-number"
    configuration = RetrievalConfiguration(filter=parse_filter(f"{key} != {cited_page}"))
    found = bench.explanations.why_not_page(QUESTION, configuration, page_number=cited_page)
    # A chunk that begins on the page before may stand on it too, and that one is let through.
    assert found.stage in (LossStage.FILTERED, LossStage.BELOW_RESULTS, LossStage.RETRIEVED)
    assert found.eligible_chunks < found.chunks


def test_a_filter_that_lets_nothing_through_lost_every_page(
    bench: Workbench, cited_page: int
) -> None:
    configuration = RetrievalConfiguration(filter=parse_filter("year = 1999"))
    found = bench.explanations.why_not_page(QUESTION, configuration, page_number=cited_page)
    assert (found.stage, found.eligible_chunks) == (LossStage.FILTERED, 0)


def test_a_page_further_down_has_its_rank_in_both_rankings(bench: Workbench) -> None:
    configuration = RetrievalConfiguration(number_of_results=1)
    results = bench.knowledge_base.retrieve(QUESTION, RetrievalConfiguration(number_of_results=30))
    first = results.results[0]
    below = next(
        (n, r)
        for n, r in enumerate(results.results, start=1)
        if {"semantic", "lexical"} <= set(r.ranks)
        and r.page_number not in (first.page_number, first.last_page_number)
    )
    place, result = below
    assert result.page_number
    found = bench.explanations.why_not_page(QUESTION, configuration, page_number=result.page_number)
    assert found.stage is LossStage.BELOW_RESULTS
    assert found.rank is not None and found.rank <= place
    assert {"semantic", "lexical"} <= set(found.ranks)


def test_a_page_that_does_not_exist_is_refused(bench: Workbench) -> None:
    with pytest.raises(ResourceNotFound, match="has 58 pages; choose one from 1 to 58"):
        bench.explanations.why_not_page(QUESTION, page_number=59)


def test_a_document_that_does_not_exist_is_refused(bench: Workbench) -> None:
    with pytest.raises(ResourceNotFound, match=r"no document 'other\.pdf'"):
        bench.explanations.why_not_page(QUESTION, page_number=1, document_key="other.pdf")


def page_text(chapter: SyncedChapter, page_number: int) -> str:
    with psycopg.connect(chapter.environ["KB_DATABASE_URL"]) as connection:
        found = connection.execute(PAGE_TEXT, (page_number,)).fetchone()
    assert found
    return str(found[0])


def test_a_pasted_passage_is_found_however_it_is_spaced(
    bench: Workbench, synced_chapter: SyncedChapter, cited_page: int
) -> None:
    words = page_text(synced_chapter, cited_page)[300:420]
    pasted = "  ".join(words.upper().split())
    found = bench.explanations.why_not_passage(QUESTION, passage=pasted)
    assert found.sentence.startswith(f"The passage on page {cited_page} of {KEY} ")


def test_a_passage_over_two_chunks_is_split(
    bench: Workbench, synced_chapter: SyncedChapter
) -> None:
    with psycopg.connect(synced_chapter.environ["KB_DATABASE_URL"]) as connection:
        pair = connection.execute(NEIGHBOURS).fetchone()
    assert pair
    page_number, own, following = pair
    begin, end = own[-1][3] + own[-1][1] - own[-1][0], following[0][3]
    passage = page_text(synced_chapter, page_number)[begin - 80 : end + 80]
    configuration = RetrievalConfiguration(number_of_results=1)
    found = bench.explanations.why_not_passage(QUESTION, configuration, passage=passage)
    assert (found.stage, found.chunks) == (LossStage.SPLIT, 2)
    assert "is split over 2 chunks" in found.sentence


def test_a_passage_over_two_pages_is_found(bench: Workbench, synced_chapter: SyncedChapter) -> None:
    passage = page_text(synced_chapter, 30)[-60:] + page_text(synced_chapter, 31)[:60]
    found = bench.explanations.why_not_passage(QUESTION, passage=passage)
    assert found.sentence.startswith(f"The passage on page 30 of {KEY} ")


def test_words_of_no_document_are_said_to_be_on_no_page(bench: Workbench) -> None:
    found = bench.explanations.why_not_passage(QUESTION, passage="Sourdough needs a starter.")
    assert found.stage is LossStage.NOT_FOUND


@pytest.mark.parametrize("passage", ["", " … ", "\0"])
def test_a_passage_without_words_is_refused(passage: str, bench: Workbench) -> None:
    with pytest.raises(ValidationError, match="has no words"):
        bench.explanations.why_not_passage(QUESTION, passage=passage)


def test_a_trace_has_the_statements_as_they_ran(bench: Workbench) -> None:
    trace = bench.explanations.trace(QUESTION)
    names = [statement.name for statement in trace.statements]
    assert names[:2] == ["queries/set_ef_search", "queries/retrieve_hybrid"]
    hybrid = trace.statements[1]
    assert hybrid.rows >= len(trace.retrieval.results) == 5
    assert hybrid.parameters["question"] == QUESTION
    assert ":question" in hybrid.sql
    assert hybrid.plan is None


def test_a_trace_s_candidates_go_on_behind_the_results(bench: Workbench) -> None:
    trace = bench.explanations.trace(QUESTION)
    assert len(trace.candidates) > 60
    assert all({"semantic", "lexical"} & set(c.ranks) for c in trace.candidates)
    assert trace.candidates[0].chunk_id == trace.retrieval.results[0].chunk_id


@pytest.mark.parametrize("search_type", list(SearchType))
def test_a_plan_is_made_without_changing_anything(
    search_type: SearchType, bench: Workbench
) -> None:
    configuration = RetrievalConfiguration(search_type=search_type)
    trace = bench.explanations.trace(QUESTION, configuration, explain=True)
    for statement in trace.statements[1:]:
        assert statement.plan and statement.plan["Plan"]["Actual Rows"] == statement.rows
    again = bench.knowledge_base.retrieve(QUESTION, configuration)
    assert again.results == trace.retrieval.results


def test_a_small_table_is_read_whole_and_its_twin_says_so(bench: Workbench) -> None:
    twin = bench.explanations.exact_twin(QUESTION)
    assert (twin.index_name, twin.neighbours_found) == (None, 5)
    assert twin.sentence == "all vectors read, no index used: exact 5/5"
