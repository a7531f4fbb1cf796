"""Text from documents is shown as it is, and never becomes formatting or a link."""

from __future__ import annotations

import re

import pytest

from kb.screens.inert import WORD_JOINER, inert


@pytest.mark.parametrize(
    "text", ["$5 and $7", "**b** _i_ `c`", ":red[no] :material/x:", "<b>&amp;"]
)
def test_every_sign_is_escaped_and_none_is_lost(text: str) -> None:
    shown = inert(text)
    assert re.sub(r"\\(.)", r"\1", shown) == text
    assert not re.search(r"(?<!\\)[*_`:<$\[]", re.sub(r"\\.", "", shown))


@pytest.mark.parametrize(
    "address", ["http://a.invalid", "HTTPS://a.invalid", "www.a.invalid", "a@b.invalid"]
)
def test_what_looks_like_a_link_is_broken(address: str) -> None:
    assert WORD_JOINER in inert(f"see {address} there")


def test_words_that_only_begin_like_an_address_stay_whole() -> None:
    assert WORD_JOINER not in inert("the http server, wwwroot, mailto")
