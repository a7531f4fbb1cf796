"""Pages -> blocks: the paragraphs, list items, table rows and listings that a text is made of.

A block that goes on over a page's end is one block. Every character of a block knows its place on
a page, except the white space that joins two pages. Counts no tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kb.models import Page, PageOutcome, Placement

PARAGRAPH = "\n\n"
SOFT_HYPHEN = "\xad"
_BLANK_LINES = re.compile(r"[^\S\n]*\n(?:[^\S\n]*\n)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of text that belongs together."""

    text: str
    #: Runs of its characters that stand unbroken in a page's text; offsets in this text.
    placements: tuple[Placement, ...]
    heading_path: tuple[str, ...]
    #: Blocks of one section have the same number.
    section: int
    #: White space between it and the block before.
    before: str = PARAGRAPH
    #: Length in the embedding model's tokens, once counted.
    tokens: int = 0

    def part(self, start: int, end: int) -> Block:
        """Its characters from `start` to `end`."""
        runs = ((run, max(run.start, start), min(run.end, end)) for run in self.placements)
        placements = tuple(
            Placement(
                start=first - start,
                end=last - start,
                page_number=run.page_number,
                page_start=run.page_start + first - run.start,
            )
            for run, first, last in runs
            if first < last
        )
        return replace(self, text=self.text[start:end], placements=placements)

    def stripped(self) -> Block:
        """Without white space around it."""
        end = len(self.text.rstrip())
        return self.part(len(self.text) - len(self.text.lstrip()), end)


def joined(blocks: Sequence[Block]) -> Block:
    """All blocks as one, with the white space that is between them."""
    text = blocks[0].text
    runs = list(blocks[0].placements)
    for block in blocks[1:]:
        shift = len(text) + len(block.before)
        for run in block.placements:
            moved = replace(run, start=run.start + shift, end=run.end + shift)
            runs[-1:] = _united(runs[-1], moved) if runs else [moved]
        text += block.before + block.text
    return replace(blocks[0], text=text, placements=tuple(runs))


def _united(run: Placement, following: Placement) -> list[Placement]:
    """One run of two on the same page, if only the white space of the page is between them."""
    same_page = run.page_number == following.page_number
    if same_page and following.page_start - run.page_start == following.start - run.start:
        return [replace(run, end=following.end)]
    return [run, following]


def read_blocks(pages: Iterable[Page]) -> Iterator[Block]:
    """Yield the blocks of all pages that hold text, in order."""
    section = 0
    heading_path: tuple[str, ...] = ()
    held: Block | None = None
    joint = PARAGRAPH
    for page in pages:
        for start, end, headings in _stretches(page):
            if headings is not None:
                section, heading_path = section + 1, headings
            for block in _blocks(page, start, end, heading_path, section):
                if held and joint != PARAGRAPH and held.section == section:
                    held = _over_the_page(held, block, joint)
                else:
                    if held:
                        yield held
                    held = block
                joint = PARAGRAPH
        joint = page.joint
    if held:
        yield held


def _stretches(page: Page) -> Iterator[tuple[int, int, tuple[str, ...] | None]]:
    """Where each section's text on a page begins and ends; the first goes on from before."""
    length = len(page.text) if page.outcome is PageOutcome.TEXT else 0
    starts = [min(section.offset, length) for section in page.sections]
    ends = [*starts, length]
    yield 0, ends[0], None
    for section, start, end in zip(page.sections, starts, ends[1:], strict=True):
        yield start, end, section.heading_path


def _blocks(
    page: Page, start: int, end: int, heading_path: tuple[str, ...], section: int
) -> Iterator[Block]:
    before = PARAGRAPH
    while start < end:
        gap = _BLANK_LINES.search(page.text, start, end)
        stop = gap.start() if gap else end
        text = page.text[start:stop].rstrip()
        if text.strip():
            run = Placement(start=0, end=len(text), page_number=page.number, page_start=start)
            yield Block(
                text=text,
                placements=(run,),
                heading_path=heading_path,
                section=section,
                before=before,
            )
            before = page.text[start + len(text) : gap.end()] if gap else PARAGRAPH
        start = gap.end() if gap else end


def _over_the_page(block: Block, following: Block, joint: str) -> Block:
    if not joint and block.text.endswith(SOFT_HYPHEN):
        block = block.part(0, len(block.text) - 1)
    return joined([block, replace(following, before=joint)])
