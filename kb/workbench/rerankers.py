"""The rerankers that KB_RERANKING_MODEL names, by name; those of Bedrock are opened when asked."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from sqlalchemy import Engine

from kb.adapters.late_interaction import LateInteraction
from kb.model_names import LATE_INTERACTION
from kb.models import RetrievalResult
from kb.protocols import Reranker
from kb.settings import Settings
from kb.workbench.models import Models


class OpenedLater:
    """A Reranker of Bedrock; boto3 is imported with the first question."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._opened: Reranker | None = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        return self._name

    def rerank(self, question: str, results: Sequence[RetrievalResult]) -> list[float] | None:
        """Raises SettingsError where there is no region; the next call tries again."""
        with self._lock:
            self._opened = self._opened or self._open()
        return self._opened.rerank(question, results)

    def _open(self) -> Reranker:
        from kb.adapters.bedrock_reranker import BedrockReranker

        return BedrockReranker(self._name)


def open_rerankers(settings: Settings, engine: Engine, models: Models) -> dict[str, Reranker]:
    """By name, the default first. Late interaction needs the token vectors of the local model."""
    opened: dict[str, Reranker] = {}
    for name in settings.reranking_models:
        if name != LATE_INTERACTION:
            opened[name] = OpenedLater(name)
        elif models.embedder is models.local:
            opened[name] = LateInteraction(engine, models.local, identity=models.local.identity)
    return opened
