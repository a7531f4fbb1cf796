"""The drop area: a component that sends documents to the upload route, each as it is picked."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from kb.documents.parsers import SUPPORTED
from kb.screens.uploads.guard import TOKEN_HEADER, Permit
from kb.screens.uploads.route import address
from kb.wording import binary_size
from kb.workbench import Workbench

FOLDER = Path(__file__).with_name("uploads")
#: One module for the browser; the later files use what the earlier declare.
SCRIPTS = ("files.js", "queue.js", "area.js")
#: What file dialogs offer; also the second extensions of formats, and metadata files.
OFFERED = ",".join(f".{extension}" for extension in (*SUPPORTED, "markdown", "htm", "json"))


def _source(*names: str) -> str:
    return "\n".join((FOLDER / name).read_text("utf-8") for name in names)


_area = st.components.v2.component(
    "upload_area", html=_source("area.html"), css=_source("area.css"), js=_source(*SCRIPTS)
)


def show(bench: Workbench) -> None:
    """Draw the area; the page runs anew once when everything has arrived or failed.

    What failed stays listed, with its sentence, until the next upload begins.
    """
    permit: Permit = st.session_state.setdefault("upload_permit", Permit())
    largest = binary_size(bench.settings.max_document_bytes)
    _area(
        key="upload_area",
        data={
            "address": address(),
            "headers": {TOKEN_HEADER: permit.token},
            "formats": f"PDF, Word, Excel, CSV, HTML, Markdown and text, up to {largest} each",
            "offered": OFFERED,
        },
        on_finished_change=lambda: None,
    )
