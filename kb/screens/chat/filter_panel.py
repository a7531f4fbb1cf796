"""The metadata filter: typed as in Bedrock's console or as JSON, or built row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from kb.errors import KbError
from kb.models import Comparison, Junction
from kb.retrieval.filter_expression import parse_filter, write_filter
from kb.retrieval.filters import OPERATORS, RESERVED_KEYS, refusable_by_aurora
from kb.screens.chat import place
from kb.screens.chat.choices import Choices
from kb.screens.chat.filter_draft import MOST, Draft, DraftGroup, DraftRow, draft_of
from kb.screens.inert import inert

DRAFT = "filter_draft"
JUNCTIONS = {Junction.AND_ALL: "and", Junction.OR_ALL: "or"}
HINT = "year >= 2020 and draft = false, or Bedrock's JSON"


def show(chosen: Choices) -> None:
    """Draw the filter that is in use and the way to another one."""
    st.session_state["chat_filter"] = chosen.filter
    st.text_area(
        "Metadata filter",
        key="chat_filter",
        placeholder=HINT,
        height=68,
        on_change=lambda: _use(chosen, st.session_state["chat_filter"]),
    )
    try:
        found = parse_filter(chosen.filter)
    except KbError as error:
        st.error(inert(str(error)), icon=":material/filter_alt_off:")
        return
    if found and (refused := refusable_by_aurora(found)):
        st.caption(inert(f"A real knowledge base on Aurora may refuse: {', '.join(refused)}."))
    builder = st.expander(
        "Build the filter",
        type="compact",
        icon=":material/filter_alt:",
        key="filter_builder",
        on_change="rerun",
    )
    if builder.open:
        with builder:
            _build(chosen, st.session_state.get(DRAFT) or draft_of(found))


def _use(chosen: Choices, text: str) -> None:
    if text.strip() == chosen.filter:
        return
    st.session_state.pop(DRAFT, None)
    place.choose(replace(chosen, filter=text.strip()), anew=False)


def _keep(draft: Draft) -> None:
    st.session_state[DRAFT] = draft


def _build(chosen: Choices, draft: Draft) -> None:
    for at, group in enumerate(draft.groups):
        with st.container(border=True, gap="xsmall"):
            for number in range(len(group.rows)):
                _row(draft, at, number)
            _under(draft, at, group)
    if len(draft.groups) > 1:
        _junction(
            "Groups are joined by",
            draft.junction,
            "groups",
            lambda joined: replace(draft, junction=joined),
        )
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Add a group",
            icon=":material/add:",
            key="add_group",
            disabled=len(draft.groups) >= MOST,
            on_click=_keep,
            args=(replace(draft, groups=(*draft.groups, DraftGroup())),),
        )
        if st.button("Use this filter", type="primary", key="use_filter"):
            _apply(chosen, draft)


def _apply(chosen: Choices, draft: Draft) -> None:
    try:
        found = draft.whole()
    except KbError as error:
        st.error(inert(str(error)), icon=":material/error:")
        return
    _use(chosen, write_filter(found) if found else "")
    st.rerun()


def _row(draft: Draft, at: int, number: int) -> None:
    row = draft.groups[at].rows[number]
    name = f"filter_{at}_{number}"

    def changed(field: str) -> Callable[[], None]:
        def keep() -> None:
            value = st.session_state[f"{name}_{field}"]
            changes: dict[str, Any] = {field: "" if value is None else value}
            _keep(draft.with_row(at, number, replace(row, **changes)))

        return keep

    key, operator, value, remove = st.columns([4, 3, 4, 1], vertical_alignment="bottom")
    keys = list(dict.fromkeys([*filter(None, [row.key]), *RESERVED_KEYS]))
    st.session_state[f"{name}_key"] = row.key or None
    st.session_state[f"{name}_comparison"] = row.comparison
    st.session_state[f"{name}_value"] = row.value
    key.selectbox(
        "Key",
        keys,
        key=f"{name}_key",
        accept_new_options=True,
        placeholder="Attribute",
        on_change=changed("key"),
    )
    operator.selectbox(
        "Operator",
        list(Comparison),
        key=f"{name}_comparison",
        format_func=_operator,
        on_change=changed("comparison"),
    )
    value.text_input("Value", key=f"{name}_value", on_change=changed("value"))
    remove.button(
        "",
        icon=":material/close:",
        key=f"{name}_remove",
        help="Remove this condition",
        type="tertiary",
        on_click=_keep,
        args=(draft.with_row(at, number, None),),
    )


def _under(draft: Draft, at: int, group: DraftGroup) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if len(group.rows) > 1:
            _junction(
                "joined by",
                group.junction,
                str(at),
                lambda chosen_junction: draft.with_group(
                    at, replace(group, junction=chosen_junction)
                ),
            )
        st.button(
            "Add a condition",
            icon=":material/add:",
            key=f"add_condition_{at}",
            type="tertiary",
            disabled=len(group.rows) >= MOST,
            on_click=_keep,
            args=(draft.with_group(at, replace(group, rows=(*group.rows, DraftRow()))),),
        )


def _junction(
    label: str, junction: Junction, name: str, changed: Callable[[Junction], Draft]
) -> None:
    key = f"filter_junction_{name}"
    st.session_state[key] = junction
    st.segmented_control(
        label,
        list(JUNCTIONS),
        key=key,
        required=True,
        format_func=JUNCTIONS.__getitem__,
        on_change=lambda: _keep(changed(st.session_state[key])),
    )


def _operator(comparison: Comparison) -> str:
    operator = OPERATORS[comparison]
    return f"{operator.symbol}  {operator.about}" if operator.symbol else comparison.value
