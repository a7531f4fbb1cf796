"""Two answers to one question held against each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from kb.generation.numbering import number_sources
from kb.models import RetrievalResult, Turn, TurnConfiguration


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSetting:
    """A setting that the two turns were asked with differently."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnComparison:
    """What is the same and what is not."""

    settings: tuple[ChangedSetting, ...]
    same_text: bool
    #: Retrieved by both, in the order of the first; by the first only; by the second only.
    both: tuple[RetrievalResult, ...]
    first_only: tuple[RetrievalResult, ...]
    second_only: tuple[RetrievalResult, ...]
    #: Chunk ids that both cite, only the first, only the second.
    cited_by_both: frozenset[str]
    cited_first_only: frozenset[str]
    cited_second_only: frozenset[str]

    @property
    def is_same(self) -> bool:
        """Whether answer, retrieved and cited chunks are the same."""
        return self.same_text and not (
            self.first_only or self.second_only or self.cited_first_only or self.cited_second_only
        )


def compare(first: Turn, second: Turn) -> TurnComparison:
    """Compare what came of two turns; an answer that is missing is an empty one."""
    before, after = _results(first), _results(second)
    cited, cited_after = _cited(first), _cited(second)
    return TurnComparison(
        settings=tuple(_changed(first.configuration, second.configuration)),
        same_text=_text(first) == _text(second),
        both=tuple(result for name, result in before.items() if name in after),
        first_only=tuple(result for name, result in before.items() if name not in after),
        second_only=tuple(result for name, result in after.items() if name not in before),
        cited_by_both=cited & cited_after,
        cited_first_only=cited - cited_after,
        cited_second_only=cited_after - cited,
    )


def _text(turn: Turn) -> str:
    return turn.response.text if turn.response else ""


def _results(turn: Turn) -> dict[str, RetrievalResult]:
    found = turn.response.retrieval_results if turn.response else ()
    return {result.chunk_id: result for result in found}


def _cited(turn: Turn) -> frozenset[str]:
    sources = number_sources(turn.response).sources if turn.response else ()
    return frozenset(source.reference.result.chunk_id for source in sources)


def _changed(first: TurnConfiguration, second: TurnConfiguration) -> Iterator[ChangedSetting]:
    before, after = dict(_flat(first)), dict(_flat(second))
    for name, value in before.items():
        if value != after[name]:
            yield ChangedSetting(name=name, before=str(value), after=str(after[name]))


def _flat(configuration: TurnConfiguration) -> Iterator[tuple[str, Any]]:
    yield "generate_responses", configuration.generate_responses
    for part in (configuration.retrieval, configuration.generation):
        for field in fields(part):
            yield field.name, getattr(part, field.name)
