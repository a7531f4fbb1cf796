"""The conversations: found, opened, renamed, exported, deleted."""

from __future__ import annotations

from functools import partial

import streamlit as st

from kb.errors import KbError
from kb.generation.conversations import MAX_TITLE_CHARACTERS
from kb.generation.exporting import Format
from kb.models import Conversation
from kb.screens.chat import place
from kb.screens.inert import inert
from kb.wording import counted
from kb.workbench import Workbench

FORMATS = {
    Format.MARKDOWN: ("Markdown", "text/markdown"),
    Format.HTML: ("HTML", "text/html"),
    Format.JSON: ("JSON", "application/json"),
}


def show(bench: Workbench) -> None:
    """Draw the list in a popover."""
    panel = st.popover(
        "Conversations", icon=":material/history:", key="conversations", on_change="rerun"
    )
    if not panel.open:
        return
    with panel:
        search = st.text_input(
            "Search", key="search_conversations", placeholder="In titles, questions and answers"
        )
        found = bench.conversations.list_conversations(search or "")
        if not found:
            st.caption("No conversation has this." if search else "Nothing was asked yet.")
        for conversation in found:
            _row(conversation)


def _row(conversation: Conversation) -> None:
    chosen = conversation.conversation_id == place.conversation_id()
    when = conversation.updated_at.astimezone().strftime("%Y-%m-%d %H:%M")
    st.button(
        inert(f"{when} · {conversation.title}"),
        key=f"open_{conversation.conversation_id}",
        icon=":material/check:" if chosen else ":material/chat_bubble:",
        type="tertiary",
        on_click=place.go,
        args=(conversation.conversation_id,),
        help=counted(conversation.turns, "question"),
    )


def manage(bench: Workbench) -> None:
    """What can be done with the conversation that is open."""
    conversation_id = place.conversation_id()
    if conversation_id is None:
        return
    panel = st.popover(
        "More",
        icon=":material/more_horiz:",
        key="manage",
        on_change="rerun",
        help="Rename, export or delete this conversation",
    )
    if not panel.open:
        return
    with panel:
        try:
            conversation = bench.conversations.open(conversation_id, turns=1).conversation
        except KbError as error:
            st.caption(inert(str(error)))
            return
        _rename(bench, conversation)
        _export(bench, conversation)
        _delete(bench, conversation)


def _rename(bench: Workbench, conversation: Conversation) -> None:
    title = st.text_input(
        "Title",
        value=conversation.title,
        max_chars=MAX_TITLE_CHARACTERS,
        key=f"title_{conversation.conversation_id}",
    )
    if title != conversation.title:
        try:
            bench.conversations.rename(conversation.conversation_id, title)
        except KbError as error:
            st.error(inert(str(error)), icon=":material/error:")


def _export(bench: Workbench, conversation: Conversation) -> None:
    st.markdown("Export with page-exact citations")
    with st.container(horizontal=True, gap="small"):
        for form, (label, mime) in FORMATS.items():
            st.download_button(
                label,
                # Made only when it is pressed.
                partial(_exported, bench, conversation, form),
                f"conversation.{form.value}",
                mime,
                key=f"export_{form.value}",
                icon=":material/download:",
                on_click="ignore",
            )


def _exported(bench: Workbench, conversation: Conversation, form: Format) -> bytes:
    # A model may have written halves of characters.
    return bench.conversations.export(conversation.conversation_id, form).encode("utf-8", "replace")


def _delete(bench: Workbench, conversation: Conversation) -> None:
    sure = st.checkbox("Delete it with its evidence", key=f"sure_{conversation.conversation_id}")
    st.button(
        "Delete",
        key="delete_conversation",
        icon=":material/delete:",
        disabled=not sure,
        on_click=_deleted,
        args=(bench, conversation.conversation_id),
    )


def _deleted(bench: Workbench, conversation_id: str) -> None:
    bench.conversations.delete(conversation_id)
    place.go(None)
