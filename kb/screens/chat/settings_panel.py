"""The settings with Bedrock's words: one line when closed, all of them in a popover."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from kb.errors import KbError
from kb.generation.bounds import (
    MAX_TOKENS,
    STOP_SEQUENCES,
    TEMPERATURE,
    TOP_P,
    check_generation,
)
from kb.generation.prompt import DEFAULT_TEMPLATE
from kb.model_names import EXTRACTIVE
from kb.retrieval.retriever import NUMBER_OF_RESULTS
from kb.screens.chat import filter_panel, place
from kb.screens.chat.choices import SEARCHES, Choices
from kb.screens.inert import inert
from kb.workbench import Workbench


def show(bench: Workbench, chosen: Choices) -> None:
    """Draw the panel; a change goes into the address at once."""
    models = bench.knowledge_base.generation_models
    panel = st.popover(
        inert(chosen.summary(models[0])),
        icon=":material/tune:",
        key="settings",
        on_change="rerun",
        help="How questions are answered",
    )
    if not panel.open:
        return
    with panel:
        _source_chunks(bench, chosen)
        if chosen.generate:
            _generation(chosen, models)
        if chosen != Choices():
            st.button(
                "Reset to defaults",
                icon=":material/restart_alt:",
                key="reset_settings",
                on_click=place.choose,
                args=(Choices(),),
                kwargs={"anew": chosen.model is not None or not chosen.generate},
            )


def _source_chunks(bench: Workbench, chosen: Choices) -> None:
    st.toggle(
        "Generate responses",
        **_bound(chosen, "generate", anew=True),
        help="Off: the source chunks alone, in order of relevance. A change begins a new "
        "conversation.",
    )
    st.slider("Source chunks", *NUMBER_OF_RESULTS, **_bound(chosen, "chunks"))
    st.segmented_control("Search type", SEARCHES, required=True, **_bound(chosen, "search"))
    _reranking(bench, chosen)
    st.toggle(
        "Query decomposition",
        **_bound(chosen, "decomposition"),
        help="A question of several parts is searched part by part; the trace shows them.",
    )
    filter_panel.show(chosen)


def _reranking(bench: Workbench, chosen: Choices) -> None:
    """The reranking model; the knowledge base's own choice is the first."""
    models = bench.knowledge_base.reranking_models
    st.selectbox(
        "Reranking", models, **_bound(chosen, "reranking", shown=chosen.reranking or models[0])
    )


def _generation(chosen: Choices, models: list[str]) -> None:
    bound = _bound(chosen, "model", anew=True, shown=chosen.model or models[0])
    st.selectbox("Model", models, **bound, help="A change begins a new conversation.")
    st.toggle("Stream response", **_bound(chosen, "streaming"))
    if (chosen.model or models[0]) == EXTRACTIVE:
        st.caption(
            "The extractive answerer quotes and has no parameters. Temperature, prompt template "
            "and guardrails appear with a language model."
        )
        return
    _inference(chosen)
    _template(chosen)
    _guardrail(chosen)
    try:
        check_generation(chosen.generation())
    except KbError as error:
        st.error(inert(str(error)), icon=":material/error:")


def _inference(chosen: Choices) -> None:
    st.markdown("**Inference parameters** · empty leaves it to the model")
    left, middle, right = st.columns(3)
    with left:
        st.number_input("Temperature", *TEMPERATURE, step=0.1, **_bound(chosen, "temperature"))
    with middle:
        st.number_input("Top P", *TOP_P, step=0.05, **_bound(chosen, "top_p"))
    with right:
        st.number_input("Maximum tokens", *MAX_TOKENS, step=1, **_bound(chosen, "max_tokens"))
    st.multiselect(
        "Stop sequences",
        list(chosen.stop),
        accept_new_options=True,
        max_selections=STOP_SEQUENCES,
        **_bound(chosen, "stop", shown=list(chosen.stop)),
    )


def _template(chosen: Choices) -> None:
    """The prompt; as it was sent, filled, it is in the trace of each answer."""
    key = "chat_template"
    st.session_state[key] = chosen.template or DEFAULT_TEMPLATE

    def changed() -> None:
        typed = st.session_state[key]
        template = None if typed.strip() in ("", DEFAULT_TEMPLATE.strip()) else typed
        if template != chosen.template:
            place.choose(replace(chosen, template=template), anew=False)

    with st.expander(
        "Prompt template" + (" · changed" if chosen.template else ""),
        icon=":material/article:",
        type="compact",
    ):
        st.text_area("Prompt template", key=key, height=260, on_change=changed)
        st.caption("It needs `$search_results$`, `$query$` and `$output_format_instructions$`.")
        st.button(
            "Reset to default",
            key="reset_template",
            icon=":material/restart_alt:",
            disabled=chosen.template is None,
            on_click=place.choose,
            args=(replace(chosen, template=None),),
            kwargs={"anew": False},
        )


def _guardrail(chosen: Choices) -> None:
    left, right = st.columns(2)
    with left:
        st.text_input("Guardrail id", **_bound(chosen, "guardrail"))
    with right:
        st.text_input("Guardrail version", **_bound(chosen, "guardrail_version"))


_UNSET = object()


def _bound(chosen: Choices, name: str, *, anew: bool = False, shown: Any = _UNSET) -> Any:
    """Key and callback of the widget of a setting; it shows what the address says."""
    key = f"chat_{name}"
    before = st.session_state[key] = getattr(chosen, name) if shown is _UNSET else shown

    def changed() -> None:
        value = st.session_state[key]
        # A panel that closes may send its values once more; that is no change.
        if value == before:
            return
        changes: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value}
        place.choose(replace(chosen, **changes), anew=anew)

    return {"key": key, "on_change": changed}
