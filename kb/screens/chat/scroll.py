"""Brings the marked passage into view: a page is higher than its pane."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "scroll_to_mark", js=Path(__file__).with_name("scroll.js").read_text("utf-8")
)


def to_mark(pane: str, image: str, share: float, what: str) -> None:
    """Scroll the container with key `pane` to `share` of the height of the image in `image`.

    Once for each `what`: whoever scrolls away afterwards stays there.
    """
    data = {"pane": f".st-key-{pane}", "image": f".st-key-{image} img", "share": share}
    _component(key="scroll_to_mark", data={**data, "what": what})
