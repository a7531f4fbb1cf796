"""Build the sample PDF from its Markdown: `python -m samples.build_field_guide [OUTPUT]`.

The pages are made twice, because the contents list stands before the pages that it names. It
refuses to know how a page looks.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

from samples import guide_markdown
from samples.guide_flowables import Chapter
from samples.guide_pages import TitlePage, write

HERE = Path(__file__).resolve().parent
GUIDE = HERE / "guide"
#: The preface, the first chapter, and the checklist, which is meant to be printed.
STARTS_PAGE = (0, 1, 11)
OUTPUT = HERE / "postgresql-16-monitoring-field-guide.pdf"
TITLE_PAGE = TitlePage(
    title="A field guide to monitoring",
    subtitle="PostgreSQL 16",
    edition="Which view to open, what its columns mean, and where to look first",
    imprint=(
        "Text and listings: Apache License 2.0, like the project that this guide belongs to.<br/>"
        "An independent work in its own words; not a publication of the PostgreSQL project."
    ),
)


def build() -> bytes:
    """Return the PDF; the same Markdown gives the same bytes."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(GUIDE.glob("*.md"))]
    chapters = [
        Chapter(
            number=number or None,
            blocks=guide_markdown.parse(text),
            starts_page=number in STARTS_PAGE,
        )
        for number, text in enumerate(texts)
    ]
    contents = write(io.BytesIO(), TITLE_PAGE, chapters, contents=())
    output = io.BytesIO()
    entries = write(output, TITLE_PAGE, chapters, contents=contents)
    if entries != contents:
        raise guide_markdown.GuideError("The contents list moved the pages: make it fit its page.")
    return output.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the PDF where the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m samples.build_field_guide", description=__doc__
    )
    parser.add_argument(
        "output", nargs="?", type=Path, default=OUTPUT, help=f"default: {OUTPUT.name}"
    )
    output: Path = parser.parse_args(arguments).output
    content = build()
    output.write_bytes(content)
    print(f"{output}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
