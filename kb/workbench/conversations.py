"""Conversations as pages see them: read, found, renamed, rated, exported, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.adapters.conversations import ConversationRecords
from kb.errors import ResourceNotFound
from kb.generation import conversations as rules
from kb.generation.exporting import Format, export
from kb.models import (
    Conversation,
    Feedback,
    SavedQuestion,
    SourceState,
    SourceVersion,
    Turn,
)
from kb.workbench.proofs import Proofs

#: Of the list of conversations.
LISTED = 50
#: Of a question set's name.
MAX_SET_CHARACTERS = 60
#: An export has all turns, within reason.
EXPORTED_TURNS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConversation:
    """A conversation with its latest turns."""

    conversation: Conversation
    turns: tuple[Turn, ...]
    #: What has become of the sources of those turns.
    states: dict[SourceVersion, SourceState]


class Conversations:
    """What was asked and answered."""

    def __init__(self, records: ConversationRecords, proofs: Proofs) -> None:
        self._records = records
        self._proofs = proofs

    def list_conversations(self, search: str = "") -> list[Conversation]:
        """The latest first; `search` stands in the title, a question or an answer."""
        wanted = rules.searchable(" ".join(search.split()))
        return self._records.list_conversations(wanted, limit=LISTED)

    def open(self, conversation_id: str, *, turns: int) -> OpenConversation:
        """A conversation with so many of its latest turns; ResourceNotFound when it is gone."""
        conversation = self._records.get_conversation(conversation_id)
        if conversation is None:
            raise ResourceNotFound("This conversation is gone: it was deleted. Begin a new one.")
        self._records.abandon_turns(conversation_id)
        found = tuple(self._records.list_turns(conversation_id, limit=turns))
        states = self._proofs.states(source for turn in found for source in turn.proof.sources)
        return OpenConversation(conversation=conversation, turns=found, states=states)

    def turn(self, turn_id: str) -> Turn:
        """A turn with its prompt and candidates."""
        return self._records.get_turn(turn_id)

    def rename(self, conversation_id: str, title: str) -> None:
        """Give it another title; ValidationError when that is empty or too long."""
        self._records.rename_conversation(conversation_id, rules.check_title(title))

    def delete(self, conversation_id: str) -> None:
        """Delete it with its turns."""
        self._records.delete_conversation(conversation_id)

    def set_feedback(self, turn_id: str, feedback: Feedback) -> None:
        """Keep the reader's thumb and note."""
        rules.check_text(feedback.note, "note", longest=rules.MAX_NOTE_CHARACTERS)
        self._records.set_feedback(turn_id, feedback)

    def save_question(self, turn: Turn, question_set: str) -> SavedQuestion:
        """Put a turn's question with its answer and pages into a question set."""
        name = rules.check_text(question_set, "name", longest=MAX_SET_CHARACTERS).strip()
        saved = rules.saved_question(turn)
        self._records.save_question(name or "questions", saved)
        return saved

    def question_sets(self) -> dict[str, int]:
        """Names of the question sets and how many questions each has."""
        return self._records.question_sets()

    def list_questions(self, question_set: str) -> Sequence[SavedQuestion]:
        """The questions of a set."""
        return self._records.list_questions(question_set)

    def export(self, conversation_id: str, form: Format) -> str:
        """The whole conversation as Markdown, HTML or JSON, with the pages of its citations."""
        found = self.open(conversation_id, turns=EXPORTED_TURNS)
        return export(found.conversation, found.turns, form)
