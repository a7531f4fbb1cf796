"""Brings the marked passage, and the latest question, into view within their panes."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "scroll_within", js=Path(__file__).with_name("scroll.js").read_text("utf-8")
)


def to_mark(pane: str, image: str, share: float, what: str) -> None:
    """Scroll the container with key `pane` to `share` of the height of the image in `image`.

    No further than needed, so that what stands above the page stays in sight when it can.
    """
    _scroll(pane, f".st-key-{image} img", what, share=share, above=0.6)


def to_top(pane: str, element: str, what: str) -> None:
    """Scroll the container with key `pane` so that the one with key `element` begins it."""
    _scroll(pane, f".st-key-{element}", what)


def _scroll(pane: str, target: str, what: str, *, share: float = 0.0, above: float = 0.0) -> None:
    _component(
        key=f"scroll_{pane}",
        data={
            "pane": f".st-key-{pane}",
            "target": target,
            "what": what,
            "share": share,
            "above": above,
        },
    )
