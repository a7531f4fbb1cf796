"""An answer with its numbers at the sentences they support, drawn by a component of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from kb.generation.exporting import cited_text, place_of
from kb.generation.numbering import number_sources
from kb.generation.pieces import pieces
from kb.models import Turn

FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "answer",
    html=(FOLDER / "answer.html").read_text("utf-8"),
    css=(FOLDER / "answer.css").read_text("utf-8"),
    js=(FOLDER / "answer.js").read_text("utf-8"),
)


def draw(turn: Turn, chosen: int | None, *, writing: bool = False) -> tuple[int | None, bool]:
    """Draw the answer; the number of a citation that was just pressed, and whether Esc was."""
    result: Any = _component(
        key=f"answer_{turn.turn_id}",
        data=_data(turn, chosen, writing),
        on_cite_change=lambda: None,
        on_stop_change=lambda: None,
    )
    pressed = result.cite
    return (int(pressed) if pressed else None), bool(result.stop)


def copied(turn: Turn) -> str:
    """The answer as text, with the places of its sources below."""
    if turn.response is None:
        return ""
    sources = number_sources(turn.response).sources
    lines = [f"[{s.number}] {place_of(s.reference.result)}" for s in sources]
    return "\n\n".join(filter(None, [cited_text(turn), "\n".join(lines)]))


def _data(turn: Turn, chosen: int | None, writing: bool) -> dict[str, Any]:
    response = turn.response
    if response is None:
        return {"pieces": [], "sources": {}, "chosen": None, "writing": writing, "copy": ""}
    check = turn.proof.check
    found = {source.number: source.found for source in check.sources} if check else {}
    return {
        "pieces": [
            {"text": piece.text, "verdict": piece.verdict, "numbers": list(piece.numbers)}
            for piece in pieces(response, check)
        ],
        "sources": {
            str(source.number): {
                "label": place_of(source.reference.result),
                "found": found.get(source.number),
            }
            for source in number_sources(response).sources
        },
        "chosen": chosen,
        "writing": writing,
        "copy": copied(turn),
    }
