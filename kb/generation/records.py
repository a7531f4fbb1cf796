"""Frozen dataclasses to JSON and back, so that what is kept reads the same years later. Pure.

A field that was added since gets its default; one that is gone is left out.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from kb.models import (
    Citation,
    RetrievalResult,
    RetrieveAndGenerateResponse,
    RetrievedReference,
)

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")


def encode(value: Any) -> Any:
    """A dataclass, or a tuple or mapping of them, as plain JSON values."""
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    return value


def decode(kind: type[T], found: Any) -> T:
    """The value of type `kind` that `encode` wrote."""
    return cast(T, _decode(kind, found))


def _decode(kind: Any, found: Any) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _decode_union(parts, found)
    if origin is tuple:
        return tuple(_decode(parts[0], item) for item in found)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{name: _decode(hints[name], found[name]) for name in hints if name in found})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(found)
    return found


def _decode_union(parts: tuple[Any, ...], found: Any) -> Any:
    """The dataclass all of whose fields are there; other values are what they are."""
    if isinstance(found, dict):
        for part in parts:
            if is_dataclass(part) and _required(cast(type, part)) <= set(found):
                return _decode(part, found)
    elif found is not None:
        for part in parts:
            if isinstance(part, type) and issubclass(part, Enum):
                return part(found)
            if get_origin(part) is tuple:
                return _decode(part, found)
    return found


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _required(kind: type) -> frozenset[str]:
    return frozenset(
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    )


def encode_response(response: RetrieveAndGenerateResponse) -> tuple[Json, Json]:
    """The answer with what it rests on, and the trace: candidates and report.

    Each retrieved chunk is written once; citations name it by its place.
    """
    pool: list[RetrievalResult] = list(response.retrieval_results)
    bare = replace(response, citations=(), retrieval_results=(), candidates=())
    answer = encode(bare)
    answer["citations"] = [_citation(citation, pool) for citation in response.citations]
    answer["number_of_results"] = len(response.retrieval_results)
    answer["results"] = encode(pool)
    trace = {"candidates": encode(response.candidates), "prompt": response.report.prompt}
    answer["report"]["prompt"] = ""
    return answer, trace


def decode_response(answer: Json, trace: Json | None = None) -> RetrieveAndGenerateResponse:
    """What `encode_response` wrote; without a trace there are no candidates and no prompt."""
    pool = [decode(RetrievalResult, found) for found in answer["results"]]
    response = decode(RetrieveAndGenerateResponse, {**answer, **_NOTHING})
    report = response.report
    candidates: tuple[RetrievalResult, ...] = ()
    if trace:
        report = replace(report, prompt=trace["prompt"])
        candidates = tuple(decode(RetrievalResult, found) for found in trace["candidates"])
    return replace(
        response,
        citations=tuple(_read_citation(found, pool) for found in answer["citations"]),
        retrieval_results=tuple(pool[: answer["number_of_results"]]),
        candidates=candidates,
        report=report,
    )


_NOTHING: Json = {"citations": [], "retrieval_results": [], "candidates": []}


def _citation(citation: Citation, pool: list[RetrievalResult]) -> Json:
    written: Json = encode(replace(citation, retrieved_references=()))
    written["retrieved_references"] = [
        {"result": _place(reference.result, pool), "passage": encode(reference.passage)}
        for reference in citation.retrieved_references
    ]
    return written


def _place(result: RetrievalResult, pool: list[RetrievalResult]) -> int:
    if result not in pool:
        pool.append(result)
    return pool.index(result)


def _read_citation(found: Json, pool: list[RetrievalResult]) -> Citation:
    references = tuple(
        decode(RetrievedReference, {**reference, "result": encode(pool[reference["result"]])})
        for reference in found["retrieved_references"]
    )
    return replace(
        decode(Citation, {**found, "retrieved_references": []}), retrieved_references=references
    )
