"""Runs of text to reportlab's markup, and the styles in which they are set.

It knows letters, sizes and colours; it refuses to know about pages and chapters.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.styles import ParagraphStyle

from samples.guide_markdown import Run, Runs

INK = HexColor("#1f2933")
ACCENT = HexColor("#1f4e79")
GREY = HexColor("#65717d")
RULE = HexColor("#c5ced7")
PANEL = HexColor("#f3f6f9")
HEADER = HexColor("#e3ebf3")

#: Where words of narrow columns may be divided, as in TeX's \\hyphenation.
DIVISIONS = (
    "ac-tiv-ity appli-cation au-to-vac-u-um back-ground check-point check-pointer con-nected "
    "con-text data-base dead-locks exist-ing in-ac-tive in-dex inter-val mem-ory meas-ur-ing "
    "min-ute num-ber progress re-play-ed rep-li-ca-tion re-quest-ed ses-sions set-ting "
    "state-ment state-ments sta-tis-tics tables thresh-old trans-ac-tion trans-ac-tions vac-u-um"
)
SOFT_HYPHEN = "\N{SOFT HYPHEN}"
_DIVIDED = {word.replace("-", ""): word.replace("-", SOFT_HYPHEN) for word in DIVISIONS.split()}
_LETTERS = re.compile(r"[a-z]+")


def _style(
    name: str, *, font: str = "Times-Roman", size: float, leading: float, **more: object
) -> ParagraphStyle:
    settings = {
        "textColor": INK,
        "alignment": TA_LEFT,
        "splitLongWords": 0,
        "bulletFontName": font,
        "bulletFontSize": size,
        **more,
    }
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=leading, **settings)


BODY = _style("body", size=10.2, leading=13.6, spaceAfter=6, allowWidows=0, allowOrphans=0)
ITEM = _style("item", size=10.2, leading=13.2, spaceAfter=3, leftIndent=17, bulletIndent=4)
NARROW_ITEM = _style(
    "narrow item",
    size=10,
    leading=13.2,
    spaceAfter=4,
    leftIndent=12,
    bulletIndent=1,
    embeddedHyphenation=1,
)
CAPTION = _style(
    "caption",
    font="Helvetica-Bold",
    size=8.6,
    leading=12,
    spaceBefore=5,
    spaceAfter=4,
    textColor=ACCENT,
)
CELL = _style("cell", font="Helvetica", size=8.4, leading=11, embeddedHyphenation=1)
HEADER_CELL = _style("header cell", font="Helvetica-Bold", size=8.4, leading=11, textColor=ACCENT)
NOTE = _style("note", font="Helvetica", size=9, leading=12.8)
CODE = _style("code", font="Courier", size=8.3, leading=11)
CHAPTER = _style(
    "chapter",
    font="Helvetica-Bold",
    size=20,
    leading=25,
    spaceBefore=20,
    spaceAfter=9,
    textColor=ACCENT,
)
SECTION = _style(
    "section",
    font="Helvetica-Bold",
    size=12.2,
    leading=15.5,
    spaceBefore=11,
    spaceAfter=4,
    textColor=ACCENT,
)
TITLE = _style("title", font="Helvetica-Bold", size=38, leading=44, textColor=ACCENT)
SUBTITLE = _style("subtitle", font="Helvetica", size=14, leading=20, textColor=GREY)
IMPRINT = _style("imprint", font="Helvetica", size=8.6, leading=13, textColor=GREY)

_SQL_WORD = re.compile(r"\b[A-Z]{2,}\b")


def markup(runs: Runs, style: ParagraphStyle) -> str:
    """Return `runs` in reportlab's markup, for a paragraph of `style`."""
    texts = [run.text for run in runs]
    if style.embeddedHyphenation:
        texts = _divided(texts)
    return "".join(_run_markup(run, text, style) for run, text in zip(runs, texts, strict=True))


def listing_markup(text: str) -> str:
    """Return SQL with its upper-case words emphasised."""
    return _SQL_WORD.sub(r'<font name="Courier-Bold" color="#1f4e79">\g<0></font>', escape(text))


def _run_markup(run: Run, text: str, style: ParagraphStyle) -> str:
    text = escape(text)
    if run.code:
        # Courier looks larger than Times of the same size.
        size = style.fontSize * (0.88 if style.fontName.startswith("Times") else 0.97)
        text = f'<font name="Courier" size="{size:.2f}">{text}</font>'
    if run.italic:
        text = f"<i>{text}</i>"
    return f"<b>{text}</b>" if run.bold else text


def _divided(texts: list[str]) -> list[str]:
    """Put soft hyphens into the texts of a paragraph's runs.

    Where a run ends in a space, reportlab loses that space if the word before it, which may have
    begun in an earlier run, has a soft hyphen. Such words stay whole.
    """
    divided: list[str] = []
    whole = False
    for text in reversed(texts):
        whole = whole or text.endswith(" ")
        end = text.rstrip().rfind(" ") + 1 if whole else len(text)
        divided.insert(0, _LETTERS.sub(_soft_hyphens, text[:end]) + text[end:])
        whole = whole and end == 0
    return divided


def _soft_hyphens(word: re.Match[str]) -> str:
    return _DIVIDED.get(word[0], word[0])
