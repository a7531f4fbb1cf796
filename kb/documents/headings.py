"""What a heading says without the number in front of it. Pure."""

from __future__ import annotations

import re

#: "28.2.13. ", "Chapter 28. ", "Part III. ", "Appendix A. " or "F.1. " in front of a title.
_NUMBERING = re.compile(
    r"^(?:(?:chapter|part|appendix)\s+[\dA-Z]+\.?|(?:[A-Z]|\d+)(?:\.\d+)*\.)\s+", re.IGNORECASE
)


def plain_title(heading: str) -> str:
    """The title alone, its white space folded."""
    return _NUMBERING.sub("", " ".join(heading.split()))
