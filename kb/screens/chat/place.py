"""Where the reader is: settings, conversation and source, all of them in the address.

`?conversation=<id>&cite=<turn id>.<number>` leads back to a source; a number with an r before it
is the rank of a retrieved chunk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import streamlit as st

from kb.screens.chat.choices import Choices, from_query, to_query

REMEMBERED = "chat_address"
#: Whether the reader chose what is beside the conversation; else it is what there is to see.
VIEW_CHOSEN = "evidence_chosen"
SOURCE = re.compile(r"(?P<turn>[0-9a-f-]{36})\.(?P<kind>r?)(?P<number>\d{1,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointed:
    """The source that the evidence shows."""

    turn_id: str
    #: A citation's number; None for a chunk that is named by its rank.
    number: int | None = None
    rank: int | None = None


def restore() -> None:
    """Whoever comes back from another page finds what was left; an address with content wins."""
    if not st.query_params and (remembered := st.session_state.get(REMEMBERED)):
        st.query_params.from_dict(remembered)
    remember()


def remember() -> None:
    """Keep the address for whoever comes back from another page; after every change of it."""
    st.session_state[REMEMBERED] = st.query_params.to_dict()


def choices(models: list[str]) -> Choices:
    """The settings of the address; what can not be used of it is said on the page."""
    found, problems = from_query(st.query_params, models)
    for sentence in problems:
        st.warning(sentence, icon=":material/link_off:")
    return found


def choose(chosen: Choices, *, anew: bool) -> None:
    """Put settings into the address; `anew` begins a new conversation."""
    kept = {} if anew else {k: v for k, v in st.query_params.items() if k in PLACES}
    st.query_params.from_dict({**to_query(chosen), **kept})
    remember()


PLACES = ("conversation", "cite", "demo")


def conversation_id() -> str | None:
    """The conversation that is open; None for a new one."""
    return st.query_params.get("conversation")


def go(conversation: str | None) -> None:
    """Open a conversation, or begin a new one."""
    for name in ("conversation", "cite"):
        st.query_params.pop(name, None)
    if conversation:
        st.query_params["conversation"] = conversation
    remember()


def pointed() -> Pointed | None:
    """The source that was pointed at."""
    match = SOURCE.fullmatch(st.query_params.get("cite", ""))
    if not match:
        return None
    number = int(match["number"])
    is_rank = bool(match["kind"])
    return Pointed(
        turn_id=match["turn"],
        number=None if is_rank else number,
        rank=number if is_rank else None,
    )


def point(turn_id: str, number: int | None = None, rank: int | None = None) -> None:
    """Show this source beside the conversation."""
    st.query_params["cite"] = f"{turn_id}.{number}" if number else f"{turn_id}.r{rank}"
    st.session_state[VIEW_CHOSEN] = False
    st.session_state.pop("page_shown", None)
    remember()
