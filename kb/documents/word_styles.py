"""Which paragraph styles of a Word document are headings or list items."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from zipfile import ZipFile

from lxml import etree

#: Word keeps the names of its own styles in English, whatever its language.
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_LIST = re.compile(r"list (?:bullet|number)", re.IGNORECASE)
# Styles rest on one another; more than this is a circle.
_LONGEST_CHAIN = 20
_BODY_LEVEL = 9


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph is."""

    #: Level of the heading that it is; 0 is the document's title.
    heading: int | None = None
    item: bool = False

    def as_item(self, item: bool) -> Style:
        """The same with or without a list's mark."""
        return replace(self, item=item)

    def at_outline_level(self, value: str) -> Style:
        """The same at an outline level as Word writes it: 0 is the outermost, 9 is body text."""
        level = int(value) if value.isdecimal() else _BODY_LEVEL
        return replace(self, heading=level + 1 if level < _BODY_LEVEL else None)


def read_styles(package: ZipFile, name: str) -> Mapping[str, Style]:
    """The paragraph styles by their ids; none when the document has no such part."""
    if name not in package.namelist():
        return {}
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    found = etree.fromstring(package.read(name), parser).iterfind("{*}style")
    elements = {style.get(_key(style, "styleId"), ""): style for style in found}
    return {style_id: _style(style_id, elements) for style_id in elements}


def _style(style_id: str, elements: Mapping[str, etree._Element]) -> Style:
    """What the style says of itself, or else the one it rests on."""
    chain: list[etree._Element] = []
    while style_id in elements and len(chain) < _LONGEST_CHAIN:
        chain.append(elements[style_id])
        style_id = _value(elements[style_id], "{*}basedOn")
    result = Style()
    for element in reversed(chain):
        name = _value(element, "{*}name")
        if heading := _HEADING.fullmatch(name):
            result = Style(heading=int(heading[1]))
        elif name.lower() == "title":
            result = Style(heading=0)
        if _LIST.match(name) or element.find("{*}pPr/{*}numPr/{*}numId") is not None:
            result = result.as_item(True)
        if level := _value(element, "{*}pPr/{*}outlineLvl"):
            result = result.at_outline_level(level)
    return result


def _value(element: etree._Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else found.get(_key(found, "val"), "")


def _key(element: etree._Element, name: str) -> str:
    """The attribute's full name: its namespace is the element's."""
    return f"{{{etree.QName(element).namespace}}}{name}"
