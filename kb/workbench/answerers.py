"""The answerers that KB_GENERATION_MODEL names, by name; each is opened when it is first asked."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator as Stream
from threading import Lock

from kb.adapters.extractive import ExtractiveGenerator
from kb.errors import SettingsError
from kb.model_names import EXTRACTIVE, OPENAI, is_openai
from kb.models import AnswerPart, GenerationReport, GenerationRequest
from kb.protocols import Embedder, Generator
from kb.settings import Settings


class OpenedLater:
    """A Generator whose libraries are imported, and settings looked at, with the first question.

    boto3 alone takes a fifth of a second, which no command should wait for in vain.
    """

    def __init__(self, name: str, open_it: Callable[[], Generator]) -> None:
        self._name = name
        self._open = open_it
        self._opened: Generator | None = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        return self._name

    def generate(self, request: GenerationRequest) -> Stream[AnswerPart, None, GenerationReport]:
        """Raises SettingsError where the answerer can not be opened; the next one tries again."""
        with self._lock:
            self._opened = self._opened or self._open()
        return (yield from self._opened.generate(request))


def open_answerers(settings: Settings, local: Embedder) -> dict[str, Generator]:
    """By name, the default first; `local` is the model that picks the sentences of extracts.

    Raises SettingsError when one lacks its address.
    """
    return {name: _answerer(name, settings, local) for name in settings.generation_models}


def _answerer(name: str, settings: Settings, local: Embedder) -> Generator:
    if name == EXTRACTIVE:
        # Its threshold was measured with the local model, and only that one costs nothing a
        # sentence.
        return ExtractiveGenerator(local, threshold=settings.answer_threshold)
    if is_openai(name):
        return OpenedLater(name, _openai(name.removeprefix(OPENAI), settings))
    return OpenedLater(name, _bedrock(name))


def _openai(model: str, settings: Settings) -> Callable[[], Generator]:
    base_url = settings.openai_base_url
    if base_url is None:
        raise SettingsError(
            f"KB_GENERATION_MODEL names {OPENAI}{model} and no address is known; set "
            "KB_OPENAI_BASE_URL, such as http://127.0.0.1:11434/v1 for Ollama."
        )

    def opened() -> Generator:
        from kb.adapters.openai_compatible import OpenAiGenerator

        return OpenAiGenerator(model, base_url=base_url, api_key=settings.openai_api_key)

    return opened


def _bedrock(model_id: str) -> Callable[[], Generator]:
    def opened() -> Generator:
        from kb.adapters.converse import ConverseGenerator

        return ConverseGenerator(model_id)

    return opened
