"""How the next question is asked, as the page's address says it: it survives a reload and can be
sent to somebody. Only what differs from the default is in the address.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from kb.generation.bounds import MAX_TOKENS, STOP_SEQUENCES, TEMPERATURE, TOP_P
from kb.models import (
    GenerationConfiguration,
    RetrievalConfiguration,
    SearchType,
    TurnConfiguration,
)
from kb.retrieval.filter_expression import parse_filter
from kb.retrieval.retriever import NUMBER_OF_RESULTS

#: What the panel calls the search types; Default leaves it to the knowledge base.
DEFAULT_SEARCH = "Default"
SEARCHES = (DEFAULT_SEARCH, SearchType.HYBRID.value, SearchType.SEMANTIC.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Values of the panel; None and empty text leave a value to the default."""

    generate: bool = True
    model: str | None = None
    chunks: int = RetrievalConfiguration().number_of_results
    search: str = DEFAULT_SEARCH
    filter: str = ""
    streaming: bool = True
    reranking: str | None = None
    decomposition: bool = False
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    template: str | None = None
    guardrail: str = ""
    guardrail_version: str = ""

    def configuration(self) -> TurnConfiguration:
        """What the next question is asked with; ValidationError when the filter is none."""
        default = RetrievalConfiguration().search_type
        return TurnConfiguration(
            generate_responses=self.generate,
            streaming=self.streaming,
            retrieval=RetrievalConfiguration(
                search_type=default if self.search == DEFAULT_SEARCH else SearchType(self.search),
                number_of_results=self.chunks,
                filter=parse_filter(self.filter),
                reranking_model=self.reranking,
                query_decomposition=self.decomposition,
            ),
            generation=self.generation(),
        )

    def generation(self) -> GenerationConfiguration:
        """How the answer is to be generated; not checked."""
        return GenerationConfiguration(
            generation_model=self.model,
            prompt_template=self.template,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            stop_sequences=self.stop,
            guardrail_id=self.guardrail or None,
            guardrail_version=self.guardrail_version or None,
        )

    def summary(self, default_model: str) -> str:
        """All of it in a line, what is left at its default not named."""
        search = "default search" if self.search == DEFAULT_SEARCH else self.search.lower()
        first = self.model or default_model if self.generate else "source chunks only"
        parts = [first, f"{self.chunks} source chunks", search]
        parts += ["filtered"] if self.filter else []
        parts += [f"reranked by {self.reranking}"] if self.reranking else []
        parts += ["decomposed"] if self.decomposition else []
        return " · ".join(parts)


def to_query(choices: Choices) -> dict[str, str]:
    """Parameters of an address."""
    default = Choices()
    return {
        field.name: _written(getattr(choices, field.name))
        for field in fields(Choices)
        if getattr(choices, field.name) != getattr(default, field.name)
    }


def from_query(query: Mapping[str, str], models: Sequence[str]) -> tuple[Choices, tuple[str, ...]]:
    """The choices of an address, and one sentence for each part that can not be used."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, read in _READERS.items():
        if name in query:
            try:
                values[name] = read(query[name])
            except (ValueError, TypeError, RecursionError):
                problems.append(f"The address has a value of '{name}' that does not fit.")
    choices = Choices(**values)
    if choices.model is not None and choices.model not in models:
        problems.append("The address names a model that is not set up here; the default answers.")
        choices = replace(choices, model=None)
    return choices, tuple(problems)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return json.dumps(value) if isinstance(value, tuple) else str(value)


def _switch(text: str) -> bool:
    return {"on": True, "off": False}[text] if text in ("on", "off") else _refuse()


def _refuse() -> Any:
    raise ValueError


def _between(kind: Callable[[str], Any], low: float, high: float) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = kind(text)
        return value if low <= value <= high else _refuse()

    return read


def _search(text: str) -> str:
    return text if text in SEARCHES else _refuse()


def _texts(text: str) -> tuple[str, ...]:
    found = json.loads(text)
    return tuple(_check_texts(found))


def _check_texts(found: Any) -> Iterator[str]:
    if not isinstance(found, list) or len(found) > STOP_SEQUENCES:
        _refuse()
    for item in found:
        yield item if isinstance(item, str) and item else _refuse()


_READERS: dict[str, Callable[[str], Any]] = {
    "generate": _switch,
    "model": str,
    "chunks": _between(int, *NUMBER_OF_RESULTS),
    "search": _search,
    "filter": str,
    "streaming": _switch,
    "reranking": str,
    "decomposition": _switch,
    "temperature": _between(float, *TEMPERATURE),
    "top_p": _between(float, *TOP_P),
    "max_tokens": _between(int, *MAX_TOKENS),
    "stop": _texts,
    "template": str,
    "guardrail": str,
    "guardrail_version": str,
}
