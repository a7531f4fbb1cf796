"""Answers that are written by threads of their own: pages only look, so nothing they do stops one.

What is written is kept in the database about once a second, and when it ends, however it ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from kb.adapters.conversations import ConversationRecords
from kb.errors import KbError, ValidationError
from kb.generation import conversations as rules
from kb.generation.answer import Writing
from kb.generation.numbering import number_sources
from kb.models import (
    Exchange,
    Proof,
    Retrieval,
    RetrieveAndGenerateResponse,
    Turn,
    TurnConfiguration,
    TurnStatus,
)
from kb.retrieval.retriever import MAX_QUERY_CHARACTERS
from kb.workbench.knowledge_base import KnowledgeBase
from kb.workbench.proofs import Proofs

#: Between two times that an unfinished answer is written down.
KEEP_SECONDS = 1.0
#: For the last of an answer to be kept, and its pages drawn, when the workbench closes.
CLOSE_SECONDS = 5.0
STOPPED = "Stopped; what was written until then is kept, with its citations."
BROKEN = "The app failed while it answered; its log says why. Ask again."
NOTHING = Retrieval(results=(), timings_ms={})


class LiveTurn:
    """A turn that is being answered; threads may look at it at any time."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._changed = threading.Condition()
        self.ended = threading.Event()

    @property
    def turn(self) -> Turn:
        """As far as it is written."""
        return self._turn

    def update(self, turn: Turn) -> bool:
        """Show what there is now; False when the turn has already ended."""
        with self._changed:
            if self._turn.status.is_final:
                return False
            self._turn = turn
            if turn.status.is_final:
                self.ended.set()
            self._changed.notify_all()
        return True

    def wait(self, seconds: float, until: Callable[[Turn], bool]) -> Turn:
        """The turn as soon as `until` holds, or as it is after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: until(self._turn), seconds)
            return self._turn


class Answering:
    """Asks, and knows the answers that are being written."""

    def __init__(
        self, knowledge_base: KnowledgeBase, records: ConversationRecords, proofs: Proofs
    ) -> None:
        self._knowledge_base = knowledge_base
        self._records = records
        self._proofs = proofs
        self._live: dict[str, LiveTurn] = {}
        self._threads: set[threading.Thread] = set()

    def ask(
        self, conversation_id: str | None, question: str, configuration: TurnConfiguration
    ) -> LiveTurn:
        """Begin to answer, in this conversation or a new one.

        Raises ValidationError for a question that is none, Conflict while another is answered,
        ResourceNotFound when the conversation was deleted.
        """
        rules.check_text(question, "question", longest=MAX_QUERY_CHARACTERS)
        if not question.strip():
            raise ValidationError("The question is empty; type a question.")
        turns: list[Turn] = []
        if conversation_id is not None:
            self._records.abandon_turns(conversation_id)
            turns = self._records.list_turns(conversation_id, limit=rules.MAX_HISTORY)
        turn = self._records.begin_turn(
            conversation_id, question, configuration, title=rules.title_of(question)
        )
        live = LiveTurn(turn)
        self._live[turn.turn_id] = live
        writer = _Writer(self._knowledge_base, live, turns)
        self._begin(lambda: self._answer(writer))
        self._begin(lambda: self._keep(live))
        return live

    def live(self, turn_id: str) -> LiveTurn | None:
        """The turn if this process is answering it, or has just done so."""
        return self._live.get(turn_id)

    def stop(self, turn_id: str) -> None:
        """End an answer, here or in another process; what was written is kept."""
        if live := self._live.get(turn_id):
            self._end(live, TurnStatus.STOPPED, STOPPED)
        else:
            self._records.stop_turn(turn_id)

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Stop what is being written, and wait for the last of it to be kept."""
        for turn_id in list(self._live):
            self.stop(turn_id)
        for thread in list(self._threads):
            thread.join(seconds)

    def _begin(self, task: Callable[[], None]) -> None:
        def run() -> None:
            try:
                task()
            finally:
                self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name="answering", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _answer(self, writer: _Writer) -> None:
        status = TurnStatus.FAILED
        failure: str | None = BROKEN
        try:
            writer.write()
            status, failure = TurnStatus.COMPLETE, None
        except KbError as error:
            failure = str(error)
        finally:
            # Whatever is no KbError goes on to the log.
            self._end(writer.live, status, failure)

    def _end(self, live: LiveTurn, status: TurnStatus, failure: str | None) -> None:
        turn = live.turn
        if turn.status.is_final:
            return
        proof = Proof()
        try:
            if turn.response is not None:
                proof = self._proofs.prove(turn.response)
            ended = replace(turn, status=status, failure=failure, proof=proof)
            self._records.save_turn(ended)
        except KbError as error:
            # The page shows what there is; the row stays as it was kept last.
            live.update(replace(turn, status=TurnStatus.FAILED, failure=str(error)))
        else:
            live.update(ended)
            self._freeze(ended)
        self._live.pop(turn.turn_id, None)

    def _freeze(self, turn: Turn) -> None:
        if turn.response is None:
            return
        try:
            self._proofs.freeze_pages(turn.proof, number_sources(turn.response).sources)
        except KbError:
            # The answer stands; a page that was not kept is drawn from its document.
            return

    def _keep(self, live: LiveTurn) -> None:
        """Write down what there is, as a sign of life too; hear whether to stop."""
        while not live.ended.wait(KEEP_SECONDS):
            try:
                is_stopping = self._records.save_turn(live.turn)
            except KbError:
                # The database may come back; the end of the answer says so if it does not.
                continue
            if is_stopping or is_stopping is None:
                self._end(live, TurnStatus.STOPPED, STOPPED)


class _Writer:
    """Writes one answer into its live turn."""

    def __init__(
        self, knowledge_base: KnowledgeBase, live: LiveTurn, turns: Sequence[Turn]
    ) -> None:
        self.live = live
        self._knowledge_base = knowledge_base
        self._history: tuple[Exchange, ...] = rules.history(turns)
        self._session_id = rules.session_id(turns)
        self._writing = Writing()
        self._retrieval = NOTHING
        self._began = time.perf_counter()
        self._timings: dict[str, float] = {}

    def write(self) -> None:
        """Write until the end, or until the turn has been ended from outside."""
        turn = self.live.turn
        if turn.configuration.generate_responses:
            response = self._generate(turn)
        else:
            retrieval = self._knowledge_base.retrieve(turn.question, turn.configuration.retrieval)
            self._on_retrieval(retrieval)
            response = self._so_far()
        if response is not None:
            self._lap("total")
            timings = {**response.timings_ms, **self._timings}
            self._show(replace(response, timings_ms=timings))

    def _generate(self, turn: Turn) -> RetrieveAndGenerateResponse | None:
        parts = self._knowledge_base.stream(
            turn.question,
            turn.configuration.retrieval,
            turn.configuration.generation,
            session_id=self._session_id,
            history=self._history,
            on_retrieval=self._on_retrieval,
        )
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                response: RetrieveAndGenerateResponse = end.value
                return response
            if "first part" not in self._timings:
                self._lap("first part")
            self._writing.add(part)
            if not self._show(self._so_far()):
                parts.close()
                return None

    def _on_retrieval(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval
        self._show(self._so_far())

    def _so_far(self) -> RetrieveAndGenerateResponse:
        turn, retrieval = self.live.turn, self._retrieval
        models = self._knowledge_base.generation_models
        name = turn.configuration.generation.generation_model or models[0]
        return RetrieveAndGenerateResponse(
            session_id=self._session_id or turn.conversation_id,
            text=self._writing.text,
            citations=tuple(self._writing.citations),
            retrieval_results=retrieval.results,
            generation_model=name if turn.configuration.generate_responses else "none",
            timings_ms={**retrieval.timings_ms, **self._timings},
            queries=retrieval.queries,
            candidates=retrieval.candidates,
        )

    def _show(self, response: RetrieveAndGenerateResponse) -> bool:
        return self.live.update(replace(self.live.turn, response=response))

    def _lap(self, stage: str) -> None:
        self._timings[stage] = (time.perf_counter() - self._began) * 1000
