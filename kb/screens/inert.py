"""Makes text from documents harmless for Markdown: it is data, never formatting, link or image."""

from __future__ import annotations

import re

#: All ASCII punctuation may be escaped in Markdown; `:` and `$` are Streamlit's own additions.
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def inert(text: str) -> str:
    """Markdown that shows exactly `text`, line breaks included."""
    lines = (PUNCTUATION.sub(r"\\\1", line.strip()) for line in text.splitlines())
    # Two spaces at the end of a line keep its break; an empty line would start a paragraph.
    return "  \n".join(line for line in lines if line)
