"""Conversations and their turns in PostgreSQL, each as it was when it was written."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import Engine

from kb.adapters.database import Row, rows, transaction
from kb.errors import Conflict, DatabaseError, ResourceNotFound
from kb.generation.conversations import searchable
from kb.generation.records import decode, decode_response, encode, encode_response
from kb.models import (
    Conversation,
    Feedback,
    Proof,
    Rating,
    RetrieveAndGenerateResponse,
    SavedQuestion,
    Turn,
    TurnConfiguration,
    TurnStatus,
)

#: A turn whose writer has been silent for so long was left by an app that ended.
SILENT_SECONDS = 20.0
ABANDONED = "The app ended while it answered; what was written until then is kept. Ask again."
GONE = "This conversation is gone: it was deleted. Begin a new one."


class ConversationRecords:
    """Rows of the tables conversation, turn and saved_question."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin_turn(
        self,
        conversation_id: str | None,
        question: str,
        configuration: TurnConfiguration,
        *,
        title: str,
    ) -> Turn:
        """Write a question down; a conversation is made for it when none is named.

        Raises Conflict while another question of the conversation is answered.
        """
        chosen = conversation_id or str(uuid.uuid4())
        try:
            with transaction(self._engine) as connection:
                if conversation_id is None:
                    rows(
                        connection,
                        "conversations/create_conversation",
                        conversation_id=chosen,
                        title=title,
                    )
                found = rows(
                    connection,
                    "conversations/add_turn",
                    conversation_id=_uuid(chosen),
                    turn_id=str(uuid.uuid4()),
                    question=question,
                    configuration=json.dumps(encode(configuration)),
                )
        except DatabaseError as error:
            if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
                raise
            raise Conflict(
                "The question before is still being answered; wait for it or stop it."
            ) from error
        if not found:
            raise ResourceNotFound(GONE)
        return _turn(found[0])

    def save_turn(
        self,
        turn: Turn,
    ) -> bool | None:
        """Keep what there is of a turn; whether somebody wants it stopped, None if it has ended."""
        answer, evidence, trace = "", None, None
        if turn.response is not None:
            answer = turn.response.text
            encoded, left = encode_response(turn.response)
            evidence = json.dumps({"response": encoded, "proof": encode(turn.proof)})
            trace = json.dumps(left)
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "conversations/save_turn",
                turn_id=turn.turn_id,
                status=turn.status.value,
                answer=searchable(answer),
                evidence=evidence,
                trace=trace,
                failure=turn.failure,
            )
        return bool(found[0]["is_stopping"]) if found else None

    def stop_turn(self, turn_id: str) -> None:
        """Ask whoever answers it to stop."""
        self._run("stop_turn", turn_id=turn_id)

    def list_turns(self, conversation_id: str, *, limit: int) -> list[Turn]:
        """The latest turns, oldest first, without their traces."""
        found = self._run("list_turns", conversation_id=_uuid(conversation_id), row_limit=limit)
        return [_turn(row) for row in found]

    def abandon_turns(
        self, conversation_id: str, *, silent_seconds: float = SILENT_SECONDS
    ) -> None:
        """End the answers that nobody writes any more."""
        self._run(
            "abandon_turns",
            conversation_id=_uuid(conversation_id),
            silent_seconds=silent_seconds,
            failure=ABANDONED,
        )

    def get_turn(self, turn_id: str) -> Turn:
        """A turn with its trace; ResourceNotFound when it was deleted."""
        found = self._run("get_turn", turn_id=_uuid(turn_id))
        if not found:
            raise ResourceNotFound(GONE)
        trace = self._run("get_trace", turn_id=turn_id)[0]["trace"]
        return _turn(found[0], trace)

    def list_conversations(self, search: str, *, limit: int) -> list[Conversation]:
        """The latest first; `search` stands in title, questions or answers, in any case."""
        return [
            Conversation(**{**row, "conversation_id": str(row["conversation_id"])})
            for row in self._run("list_conversations", search=search, row_limit=limit)
        ]

    def get_conversation(self, conversation_id: str) -> Conversation | None:
        """None when it was deleted."""
        found = self._run("get_conversation", conversation_id=_uuid(conversation_id))
        if not found:
            return None
        return Conversation(**{**found[0], "conversation_id": str(found[0]["conversation_id"])})

    def rename_conversation(self, conversation_id: str, title: str) -> None:
        """Give it another title; ResourceNotFound when it was deleted."""
        if not self._run(
            "rename_conversation", conversation_id=_uuid(conversation_id), title=title
        ):
            raise ResourceNotFound(GONE)

    def delete_conversation(self, conversation_id: str) -> None:
        """Delete it with its turns; nothing happens when it has gone."""
        self._run("delete_conversation", conversation_id=_uuid(conversation_id))

    def set_feedback(self, turn_id: str, feedback: Feedback) -> None:
        """Replace the reader's rating and note."""
        rating = feedback.rating and feedback.rating.value
        if not self._run("set_feedback", turn_id=turn_id, rating=rating, note=feedback.note):
            raise ResourceNotFound(GONE)

    def save_question(self, question_set: str, saved: SavedQuestion) -> None:
        """Put a question into a set; the same question again replaces its answer."""
        self._run(
            "save_question",
            question_set=question_set,
            question=saved.question,
            answer=saved.answer,
            pages=list(saved.pages),
            keywords=list(saved.keywords),
            note=saved.note,
        )

    def question_sets(self) -> dict[str, int]:
        """Names of the sets and how many questions each has."""
        return {r["question_set"]: r["questions"] for r in self._run("list_question_sets")}

    def list_questions(self, question_set: str) -> list[SavedQuestion]:
        """The questions of a set, in the order in which they were saved."""
        return [
            SavedQuestion(
                question=row["question"],
                answer=row["answer"],
                pages=tuple(row["pages"]),
                keywords=tuple(row["keywords"]),
                note=row["note"],
            )
            for row in self._run("list_questions", question_set=question_set)
        ]

    def _run(self, name: str, **parameters: Any) -> Sequence[Row]:
        with transaction(self._engine) as connection:
            return rows(connection, f"conversations/{name}", **parameters)


def _turn(row: Row, trace: Any = None) -> Turn:
    evidence = row["evidence"]
    response: RetrieveAndGenerateResponse | None = None
    proof = Proof()
    if evidence is not None:
        response = decode_response(evidence["response"], trace)
        proof = decode(Proof, evidence["proof"])
    return Turn(
        turn_id=str(row["turn_id"]),
        conversation_id=str(row["conversation_id"]),
        question=row["question"],
        status=TurnStatus(row["status"]),
        configuration=decode(TurnConfiguration, row["configuration"]),
        response=response,
        proof=proof,
        failure=row["failure"],
        feedback=Feedback(rating=row["rating"] and Rating(row["rating"]), note=row["note"]),
        created_at=row["created_at"],
    )


def _uuid(given: str) -> str:
    """Ids come from addresses that people type."""
    try:
        return str(uuid.UUID(given))
    except ValueError as error:
        raise ResourceNotFound(GONE) from error
