"""Makes text from documents harmless for Markdown: it is data, never formatting, link or image."""

from __future__ import annotations

import re

#: All ASCII punctuation may be escaped in Markdown; `:` and `$` are Streamlit's own additions.
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
#: Where an address begins that Markdown would make a link of, escaped or not.
ADDRESS = re.compile(r"(?i)\b(?:https?(?=://)|www(?=\.)|ftp(?=://)|mailto(?=:)|xmpp(?=:))|@")
#: Of no width and no meaning: behind it an address is none.
WORD_JOINER = "\u2060"


def inert(text: str) -> str:
    """Markdown that shows exactly `text`, line breaks included; what looks like a link is none."""
    unlinked = ADDRESS.sub(rf"\g<0>{WORD_JOINER}", text)
    lines = (PUNCTUATION.sub(r"\\\1", line.strip()) for line in unlinked.splitlines())
    # Two spaces at the end of a line keep its break; an empty line would start a paragraph.
    return "  \n".join(line for line in lines if line)
