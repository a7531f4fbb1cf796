"""Markdown to blocks: the part of Markdown in which the field guide is written.

It refuses to know about pages, fonts and PDF. Markdown outside the subset stops the build, so that
nothing can be lost silently. Two conventions come on top: a paragraph that begins with `Table:` or
`Listing:` is the caption of what follows, and `<!-- columns -->` sets what follows in two columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

COLUMNS_MARK = "<!-- columns -->"
CAPTIONS = ("Table: ", "Listing: ")


class GuideError(Exception):
    """The guide's Markdown uses something that the build does not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Characters that are set alike."""

    text: str
    code: bool = False
    bold: bool = False
    italic: bool = False


Runs: TypeAlias = tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    level: int
    runs: Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    runs: Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    #: Table or Listing.
    kind: str
    runs: Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    numbered: bool
    items: tuple[Runs, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    runs: Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    #: Relative, from the number of dashes in the line under the header.
    widths: tuple[int, ...]
    #: The first one is the header.
    rows: tuple[tuple[Runs, ...], ...]


@dataclass(frozen=True, slots=True)
class ColumnsMark:
    pass


Block: TypeAlias = Heading | Paragraph | Caption | Items | Note | Listing | Table | ColumnsMark


def parse(text: str) -> tuple[Block, ...]:
    """Return the blocks of a chapter, in order."""
    markdown = MarkdownIt("commonmark", {"typographer": True}).enable(["table", "smartquotes"])
    lines = text.splitlines()
    return tuple(_block(node, lines) for node in SyntaxTreeNode(markdown.parse(text)).children)


def plain(runs: Runs) -> str:
    """Return the characters without their looks."""
    return "".join(run.text for run in runs)


def _block(node: SyntaxTreeNode, lines: list[str]) -> Block:
    match node.type:
        case "heading":
            return Heading(level=int(node.tag[1:]), runs=_only_runs(node))
        case "paragraph":
            return _paragraph(_only_runs(node))
        case "bullet_list" | "ordered_list":
            items = tuple(_only_runs(_only_child(item)) for item in node.children)
            return Items(numbered=node.type == "ordered_list", items=items)
        case "blockquote":
            return Note(runs=_only_runs(_only_child(node)))
        case "fence":
            return Listing(text=node.content.rstrip("\n"))
        case "table":
            return _table(node, lines)
        case "html_block" if node.content.strip() == COLUMNS_MARK:
            return ColumnsMark()
    raise GuideError(f"The guide can not set {node.type}: {_source(node, lines)}")


def _source(node: SyntaxTreeNode, lines: list[str]) -> str:
    return lines[node.map[0]] if node.map else node.content


def _paragraph(runs: Runs) -> Paragraph | Caption:
    for start in CAPTIONS:
        if runs[0].text.startswith(start):
            rest = Run(text=runs[0].text.removeprefix(start))
            return Caption(kind=start.removesuffix(": "), runs=(rest, *runs[1:]))
    return Paragraph(runs=runs)


def _table(node: SyntaxTreeNode, lines: list[str]) -> Table:
    assert node.map is not None  # markdown-it gives every table its lines
    under_header = lines[node.map[0] + 1]
    widths = tuple(cell.count("-") for cell in under_header.strip().strip("|").split("|"))
    rows = (row for part in node.children for row in part.children)
    return Table(
        widths=widths, rows=tuple(tuple(_only_runs(cell) for cell in row.children) for row in rows)
    )


def _only_child(node: SyntaxTreeNode) -> SyntaxTreeNode:
    if len(node.children) != 1 or node.children[0].type != "paragraph":
        raise GuideError(f"The guide sets one paragraph in a {node.type}, not more.")
    return node.children[0]


def _only_runs(node: SyntaxTreeNode) -> Runs:
    return tuple(run for inline in node.children for run in _runs(inline))


def _runs(node: SyntaxTreeNode, *, bold: bool = False, italic: bool = False) -> Iterator[Run]:
    for child in node.children:
        match child.type:
            case "text" | "text_special":
                yield Run(text=child.content, bold=bold, italic=italic)
            case "code_inline":
                yield Run(text=child.content, code=True, bold=bold, italic=italic)
            case "softbreak":
                yield Run(text=" ", bold=bold, italic=italic)
            case "strong":
                yield from _runs(child, bold=True, italic=italic)
            case "em":
                yield from _runs(child, bold=bold, italic=True)
            case _:
                raise GuideError(f"The guide can not set {child.type} inside a paragraph.")
