"""Bedrock's chunking strategies as fields to fill in: their names, their numbers, the bounds."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from kb.documents.chunking_configuration import from_setting
from kb.models.chunking import (
    BREAKPOINT_PERCENTILE,
    BUFFER_SIZE,
    MAX_TOKENS,
    OVERLAP_PERCENTAGE,
    ChunkingStrategy,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A number of a strategy, as Bedrock's console calls it."""

    field: str
    label: str
    bounds: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A strategy, as Bedrock's console calls it, and what it makes."""

    label: str
    about: str
    parameters: tuple[Parameter, ...] = ()


_SIZE = Parameter(field="max_tokens", label="Max tokens", bounds=MAX_TOKENS)
CHOICES = {
    "DEFAULT": Choice(
        label="Default chunking",
        about="Whole paragraphs and sentences of one section, about 300 tokens at a time.",
        parameters=(_SIZE,),
    ),
    "FIXED_SIZE": Choice(
        label="Fixed-size chunking",
        about="As many words as fit, over pages and sections; each chunk begins with the last "
        "words of the one before.",
        parameters=(
            _SIZE,
            Parameter(
                field="overlap_percentage",
                label="Overlap percentage between chunks",
                bounds=OVERLAP_PERCENTAGE,
            ),
        ),
    ),
    "HIERARCHICAL": Choice(
        label="Hierarchical chunking",
        about="Small chunks, the children, are searched; the large ones around them, their "
        "parents, are returned. The preview shows the children.",
        parameters=(
            Parameter(field="parent_max_tokens", label="Max parent token size", bounds=MAX_TOKENS),
            Parameter(field="child_max_tokens", label="Max child token size", bounds=MAX_TOKENS),
            Parameter(
                field="overlap_tokens", label="Overlap tokens between chunks", bounds=MAX_TOKENS
            ),
        ),
    ),
    "SEMANTIC": Choice(
        label="Semantic chunking",
        about="Sentences of one section, up to where the meaning changes more than it mostly "
        "does. The embedding model reads every sentence for it.",
        parameters=(
            _SIZE,
            Parameter(
                field="buffer_size",
                label="Max buffer size for comparing sentence groups",
                bounds=BUFFER_SIZE,
            ),
            Parameter(
                field="breakpoint_percentile_threshold",
                label="Breakpoint threshold for sentence similarity",
                bounds=BREAKPOINT_PERCENTILE,
            ),
        ),
    ),
    "NONE": Choice(label="No chunking", about="Every document is one chunk, without a page."),
}


def choose(stored: ChunkingStrategy) -> ChunkingStrategy:
    """The strategy in the fields; ValidationError when its numbers do not go together."""
    first, *rest = st.columns([2, 2, 2, 2], vertical_alignment="bottom")
    names = list(CHOICES)
    name = first.selectbox(
        "Chunking strategy",
        names,
        names.index(stored.strategy),
        format_func=lambda name: CHOICES[name].label,
        key="chunking_strategy",
    )
    # What is stored stands in the fields of its own strategy, Bedrock's defaults in the others.
    start = stored if stored.strategy == name else from_setting(name)
    values = [
        column.number_input(
            f"{parameter.label}",
            *parameter.bounds,
            getattr(start, parameter.field),
            key=f"{name}_{parameter.field}",
            help=f"{parameter.bounds[0]:,} to {parameter.bounds[1]:,}",
        )
        for column, parameter in zip(rest, CHOICES[name].parameters, strict=False)
    ]
    st.caption(CHOICES[name].about)
    return from_setting(":".join((name, *map(str, values))))
