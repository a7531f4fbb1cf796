"""What tests do with the chat: ask, look, open its panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamlit.testing.v1 import AppTest

from kb.models import (
    RetrievalResult,
    RetrievedReference,
    Turn,
)
from kb.screens.frame import shared_workbench

QUESTION = "What is the pg_stat_io view?"
LOOKS = 100


def ask(page: AppTest, question: str = QUESTION) -> AppTest:
    """Type a question, press Enter, and look until it is answered."""
    page.chat_input[0].set_value(question).run()
    for _ in range(LOOKS):
        if not keys(page, "stop"):
            return page
        page.run()
    raise AssertionError("the answer does not end")


def markdown(page: AppTest) -> str:
    """All Markdown of the page."""
    return "\n".join(element.value for element in page.markdown)


def keys(page: AppTest, prefix: str) -> list[str]:
    """Keys of the buttons that begin so."""
    return [str(b.key) for b in page.button if (b.key or "").startswith(prefix)]


def query(page: AppTest) -> dict[str, str]:
    """What the address says."""
    found: Mapping[str, object] = page.query_params
    return {name: str(v[0] if isinstance(v, list) else v) for name, v in found.items()}


def latest(page: AppTest) -> Turn:
    """The last turn of the conversation that is open, as it is kept."""
    bench = shared_workbench()
    opened = bench.conversations.open(query(page)["conversation"], turns=1)
    return bench.conversations.turn(opened.turns[0].turn_id)


def opened(page: AppTest, popover: str) -> AppTest:
    """The page with a popover open."""
    page.session_state[popover] = True
    return page.run()


def view(page: AppTest, name: str) -> AppTest:
    """The page with another tab of the evidence open."""
    page.segmented_control("evidence").set_value(name)
    return page.run()


def whole(results: Sequence[RetrievalResult]) -> tuple[RetrievedReference, ...]:
    return (RetrievedReference(result=results[0]),)


def at(address: dict[str, str]) -> AppTest:
    """The page at an address."""
    page = AppTest.from_file("../../pages/chat.py", default_timeout=60)
    page.query_params.update(address)
    return page.run()
