"""Conversations stay what they were: over a reload, a restart, a new version, a deletion."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from kb.errors import Conflict, KbError, ResourceNotFound, ValidationError
from kb.generation.exporting import Format
from kb.generation.numbering import number_sources
from kb.models import (
    AnswerPart,
    Feedback,
    Rating,
    RetrievalResult,
    SourceState,
    Turn,
    TurnConfiguration,
    TurnStatus,
)
from kb.protocols import Generator
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.answering import Answering
from kb.workbench.knowledge_base import KnowledgeBase
from tests.documents.pdfs import text_pdf
from tests.scripted import ScriptedGenerator, quote

pytestmark = pytest.mark.database

QUESTION = "What does the counting view show?"
FIRST = "The counting view shows how many reads each backend has done since the start."
SECOND = "It also shows the number of writes that every single backend has asked for."
KEY = "guide.pdf"
SECONDS = 30.0


@pytest.fixture
def bench(bench: Workbench, tmp_path: Path) -> Workbench:
    """It knows a PDF of one page."""
    publish(bench, tmp_path, FIRST, SECOND)
    return bench


def publish(bench: Workbench, folder: Path, *lines: str) -> None:
    """Make these lines the document, and sync."""
    path = text_pdf(folder / KEY, lines)
    bench.data_source.upload(KEY, io.BytesIO(path.read_bytes()))
    sync(bench)


def sync(bench: Workbench) -> None:
    job = bench.data_source.start_ingestion_job(detached=False, allow_deletions=True)
    for _ in bench.data_source.watch(job.ingestion_job_id, work=True):
        pass


Answers = Callable[[Generator], Answering]


@pytest.fixture
def answering(bench: Workbench) -> Iterator[Answers]:
    """Answers of a generator, kept in the same tables."""
    rooms = []

    def room(generator: Generator) -> Answering:
        own = KnowledgeBase(
            bench.knowledge_base._vectors, bench._embedder, {"scripted": generator}, {}
        )
        rooms.append(Answering(own, bench.answering._records, bench.proofs))
        return rooms[-1]

    yield room
    for opened in rooms:
        opened.close()


def quotes(results: Sequence[RetrievalResult]) -> list[AnswerPart]:
    """Two cited sentences."""
    both = [quote(results[0], FIRST), quote(results[0], SECOND)]
    return [both[0], AnswerPart(text=" "), both[1]]


def ask(bench: Workbench, conversation_id: str | None = None, **kept: object) -> Turn:
    """Ask the extractive answerer and wait for the whole answer."""
    configuration = TurnConfiguration(**kept)  # type: ignore[arg-type]
    live = bench.answering.ask(conversation_id, QUESTION, configuration)
    return live.wait(SECONDS, lambda turn: turn.status.is_final)


def reloaded(bench: Workbench, turn: Turn) -> Turn:
    """The turn as the database has it."""
    return bench.conversations.turn(turn.turn_id)


def state(bench: Workbench, turn: Turn) -> SourceState:
    """What has become of the first source of a turn."""
    found = bench.conversations.open(turn.conversation_id, turns=10)
    return found.states[turn.proof.sources[0]]


def test_a_turn_reads_the_same_from_the_database(bench: Workbench) -> None:
    turn = ask(bench)
    assert turn.status is TurnStatus.COMPLETE
    assert reloaded(bench, turn) == turn


def test_a_turn_reads_the_same_after_a_restart(bench: Workbench, settings: Settings) -> None:
    turn = ask(bench)
    with open_workbench(settings) as again:
        assert reloaded(again, turn) == turn


def test_a_new_version_of_the_document_changes_nothing_but_the_state(
    bench: Workbench, tmp_path: Path
) -> None:
    turn = ask(bench)
    before = bench.conversations.export(turn.conversation_id, Format.JSON)
    assert state(bench, turn) is SourceState.UNCHANGED
    publish(bench, tmp_path, "Everything is told otherwise now, in other words than before.")
    assert bench.conversations.export(turn.conversation_id, Format.JSON) == before
    assert state(bench, turn) is SourceState.CHANGED


def test_a_version_with_the_same_passage_says_that_only_the_document_changed(
    bench: Workbench, tmp_path: Path
) -> None:
    turn = ask(bench)
    path = text_pdf(tmp_path / KEY, [FIRST, SECOND])
    bench.data_source.upload(KEY, io.BytesIO(path.read_bytes() + b"\n% another version"))
    sync(bench)
    assert state(bench, turn) is SourceState.DOCUMENT_CHANGED


def test_a_removed_document_leaves_the_turn_as_it_was(bench: Workbench) -> None:
    turn = ask(bench)
    bench.data_source.delete(KEY)
    sync(bench)
    assert reloaded(bench, turn) == turn
    assert state(bench, turn) is SourceState.REMOVED


def test_a_cited_page_can_be_seen_after_its_document_was_removed(bench: Workbench) -> None:
    turn = ask(bench)
    (source, *_), (place, *_) = turn.proof.sources, turn.proof.places
    marks = place.marks[0].rectangles
    before = bench.proofs.page_image(source, 1, marks).png
    bench.answering.close()
    bench.data_source.delete(KEY)
    sync(bench)
    assert marks
    assert bench.proofs.page_image(source, 1, marks).png == before


def test_the_sentences_of_an_extract_are_verified(bench: Workbench) -> None:
    turn = ask(bench)
    assert turn.proof.check is not None and turn.proof.check.sentences
    assert all(source.found for source in turn.proof.check.sources)


def test_two_parts_of_one_chunk_have_two_numbers_and_two_places(
    bench: Workbench, answering: Answers
) -> None:
    live = answering(ScriptedGenerator(quotes)).ask(None, QUESTION, TurnConfiguration())
    turn = live.wait(SECONDS, lambda turn: turn.status.is_final)
    assert turn.response is not None
    assert [s.number for s in number_sources(turn.response).sources] == [1, 2]
    assert [bool(place.marks) for place in turn.proof.places] == [True, True]


def test_stop_keeps_what_was_written_with_its_citation(
    bench: Workbench, answering: Answers
) -> None:
    generator = ScriptedGenerator(quotes, pause=2)
    room = answering(generator)
    live = room.ask(None, QUESTION, TurnConfiguration())
    live.wait(SECONDS, lambda turn: bool(turn.response and turn.response.citations))
    room.stop(live.turn.turn_id)
    generator.go_on.set()
    turn = reloaded(bench, live.turn)
    assert turn.status is TurnStatus.STOPPED
    assert turn.response is not None and turn.response.text.strip() == FIRST
    assert len(turn.response.citations) == 1 and turn.proof.places[0].marks


def test_another_process_can_stop_an_answer(bench: Workbench, answering: Answers) -> None:
    generator = ScriptedGenerator(quotes, pause=2)
    live = answering(generator).ask(None, QUESTION, TurnConfiguration())
    bench.answering.stop(live.turn.turn_id)
    turn = live.wait(SECONDS, lambda turn: turn.status.is_final)
    generator.go_on.set()
    assert turn.status is TurnStatus.STOPPED


def test_a_model_that_fails_in_the_middle_leaves_what_it_wrote(
    bench: Workbench, answering: Answers
) -> None:
    generator = ScriptedGenerator(quotes, failure="The model went away; ask again.")
    live = answering(generator).ask(None, QUESTION, TurnConfiguration())
    turn = live.wait(SECONDS, lambda turn: turn.status.is_final)
    assert (turn.status, turn.failure) == (TurnStatus.FAILED, "The model went away; ask again.")
    assert reloaded(bench, turn).response == turn.response
    assert turn.response is not None and len(turn.response.citations) == 2


def test_an_unfinished_answer_is_kept_while_it_is_written(
    bench: Workbench, answering: Answers
) -> None:
    generator = ScriptedGenerator(quotes, pause=2)
    live = answering(generator).ask(None, QUESTION, TurnConfiguration())
    for _ in range(100):
        kept = reloaded(bench, live.turn)
        if kept.response and kept.response.citations:
            break
        time.sleep(0.1)
    generator.go_on.set()
    live.wait(SECONDS, lambda turn: turn.status.is_final)
    assert kept.status is TurnStatus.IN_PROGRESS and kept.response is not None


def test_an_answer_that_nobody_writes_any_more_is_ended(bench: Workbench) -> None:
    records = bench.answering._records
    turn = records.begin_turn(None, QUESTION, TurnConfiguration(), title="t")
    records.abandon_turns(turn.conversation_id, silent_seconds=0)
    assert reloaded(bench, turn).status is TurnStatus.STOPPED


def test_a_second_question_waits_for_the_first(bench: Workbench, answering: Answers) -> None:
    generator = ScriptedGenerator(quotes, pause=0)
    room = answering(generator)
    live = room.ask(None, QUESTION, TurnConfiguration())
    with pytest.raises(Conflict):
        room.ask(live.turn.conversation_id, QUESTION, TurnConfiguration())
    generator.go_on.set()
    live.wait(SECONDS, lambda turn: turn.status.is_final)


def test_a_follow_up_hears_what_was_said_and_keeps_the_session(
    bench: Workbench, answering: Answers
) -> None:
    first = ask(bench)
    generator = ScriptedGenerator(quotes)
    live = answering(generator).ask(first.conversation_id, "And?", TurnConfiguration())
    turn = live.wait(SECONDS, lambda turn: turn.status.is_final)
    assert first.response is not None and turn.response is not None
    (heard,) = generator.requests[0].history
    assert (heard.question, heard.answer) == (QUESTION, first.response.text)
    assert turn.response.session_id == first.response.session_id


def test_source_chunks_only_are_kept_without_an_answer(bench: Workbench) -> None:
    turn = ask(bench, generate_responses=False)
    assert turn.response is not None
    assert turn.response.text == "" and turn.response.retrieval_results


def test_the_prompt_and_the_tokens_are_kept(bench: Workbench, answering: Answers) -> None:
    live = answering(ScriptedGenerator(quotes)).ask(None, QUESTION, TurnConfiguration())
    turn = reloaded(bench, live.wait(SECONDS, lambda turn: turn.status.is_final))
    assert turn.response is not None
    assert turn.response.report.prompt == "as sent" and turn.response.report.input_tokens == 3


@pytest.mark.parametrize("said", ["NUL \x00 and half \ud800.", "$x$ <b> :red[x] 'quote' %s"])
def test_whatever_a_model_says_is_kept_as_it_is(
    bench: Workbench, answering: Answers, said: str
) -> None:
    generator = ScriptedGenerator(lambda _: [AnswerPart(text=said)])
    live = answering(generator).ask(None, QUESTION, TurnConfiguration())
    turn = reloaded(bench, live.wait(SECONDS, lambda turn: turn.status.is_final))
    assert turn.response is not None and turn.response.text == said


@pytest.mark.parametrize("question", ["", "  ", "NUL \x00", "half \ud800"])
def test_a_question_that_is_none_is_refused_and_leaves_nothing(
    bench: Workbench, question: str
) -> None:
    with pytest.raises(ValidationError):
        bench.answering.ask(None, question, TurnConfiguration())
    assert bench.conversations.list_conversations() == []


def test_conversations_are_found_by_title_question_and_answer(bench: Workbench) -> None:
    turn = ask(bench)
    bench.conversations.rename(turn.conversation_id, "  Counting \n things ")
    found = [
        [c.title for c in bench.conversations.list_conversations(words)]
        for words in ("counting THINGS", "view show?", "how many reads", "100%", "_")
    ]
    assert found == [["Counting things"]] * 3 + [[], []]


def test_a_deleted_conversation_is_gone(bench: Workbench) -> None:
    turn = ask(bench)
    bench.conversations.delete(turn.conversation_id)
    assert bench.conversations.list_conversations() == []
    for missing in (turn.conversation_id, "no id at all"):
        with pytest.raises(ResourceNotFound):
            bench.conversations.open(missing, turns=1)


def test_a_conversation_that_is_deleted_while_it_is_answered_stays_deleted(
    bench: Workbench,
    answering: Answers,
) -> None:
    generator = ScriptedGenerator(quotes, pause=2)
    live = answering(generator).ask(None, QUESTION, TurnConfiguration())
    bench.conversations.delete(live.turn.conversation_id)
    turn = live.wait(SECONDS, lambda turn: turn.status.is_final)
    generator.go_on.set()
    assert turn.status is TurnStatus.STOPPED
    assert bench.conversations.list_conversations() == []


def test_a_title_that_is_empty_is_refused(bench: Workbench) -> None:
    turn = ask(bench)
    with pytest.raises(KbError):
        bench.conversations.rename(turn.conversation_id, " \n ")


def test_a_thumb_and_its_note_are_kept_and_can_be_taken_back(bench: Workbench) -> None:
    turn = ask(bench)
    given = Feedback(rating=Rating.DOWN, note="It says 'reads' $1 only.")
    bench.conversations.set_feedback(turn.turn_id, given)
    assert reloaded(bench, turn).feedback == given
    bench.conversations.set_feedback(turn.turn_id, Feedback())
    assert reloaded(bench, turn).feedback == Feedback()


def test_a_turn_becomes_a_row_of_a_question_set(bench: Workbench) -> None:
    turn = ask(bench)
    bench.conversations.save_question(turn, "mine")
    bench.conversations.save_question(turn, "mine")
    (saved,) = bench.conversations.list_questions("mine")
    assert (saved.question, saved.pages) == (QUESTION, (1,))
    assert bench.conversations.question_sets() == {"mine": 1}


def test_evidence_is_kept_as_text_and_not_in_another_form(bench: Workbench) -> None:
    ask(bench)
    with bench._engine.begin() as connection:
        kinds = connection.execute(text("SELECT pg_typeof(evidence) FROM workbench.turn")).scalars()
        assert [str(kind) for kind in kinds] == ["json"]
