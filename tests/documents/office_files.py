"""Office files that tests make up, byte by byte where no library would. Nothing is checked."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = (
    f'<w:styles xmlns:w="{WORD}">'
    '<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>'
    '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>'
    '<w:style w:styleId="Own"><w:name w:val="House"/><w:basedOn w:val="berschrift2"/></w:style>'
    '<w:style w:styleId="Liste"><w:name w:val="List Bullet"/></w:style>'
    '<w:style w:styleId="A"><w:name w:val="A"/><w:basedOn w:val="B"/></w:style>'
    '<w:style w:styleId="B"><w:name w:val="B"/><w:basedOn w:val="A"/></w:style>'
    "</w:styles>"
)


def run(text: str, properties: str = "") -> str:
    """A run of text."""
    inner = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{inner}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(content: str, style: str = "") -> str:
    """A paragraph of runs, or of one text."""
    inner = content if content.startswith("<") else run(content)
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{named}{inner}</w:p>"


def table(*rows: Sequence[str]) -> str:
    """A table of texts or of paragraphs."""
    cells = (
        "".join(f"<w:tc>{c if c.startswith('<') else paragraph(c)}</w:tc>" for c in row)
        for row in rows
    )
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def docx(
    path: Path,
    body: str,
    *,
    prolog: str = "",
    more: Mapping[str, str | bytes] | None = None,
    main: str = "word/document.xml",
) -> Path:
    """A Word document with this body."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"/>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="{main}"/></Relationships>',
        main: f'{prolog}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": STYLES,
    }
    return package(path, {**parts, **(more or {})})


def package(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    """A ZIP of these parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in parts.items():
            out.writestr(name, content)
    return path


def xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """A workbook of these sheets."""
    workbook = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def replaced(path: Path, name: str, old: bytes, new: bytes) -> Path:
    """The same package with other bytes in one part."""
    with zipfile.ZipFile(path) as given:
        parts: dict[str, str | bytes] = {part: given.read(part) for part in given.namelist()}
    content = parts[name]
    assert isinstance(content, bytes) and old in content
    parts[name] = content.replace(old, new)
    return package(path, parts)


def xls(
    path: Path, sheets: Mapping[str, Sequence[Sequence[str | float]]], *, encrypted: bool = False
) -> Path:
    """A workbook as Excel 97 wrote it."""
    bodies = [_sheet(rows) for rows in sheets.values()]
    head = _record(0x0809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    head += _record(0x002F, bytes(6)) if encrypted else b""
    head += _record(0x0042, struct.pack("<H", 1200))
    at = len(head) + sum(4 + 8 + len(name) for name in sheets) + 4
    for name, body in zip(sheets, bodies, strict=True):
        bound = struct.pack("<IBBBB", at, 0, 0, len(name), 0)
        head += _record(0x0085, bound + name.encode("latin-1"))
        at += len(body)
    return ole(path, "Workbook", head + _record(0x000A, b"") + b"".join(bodies))


def _sheet(rows: Sequence[Sequence[str | float]]) -> bytes:
    out = _record(0x0809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            place = struct.pack("<HHH", y, x, 0)
            if isinstance(value, str):
                text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
                out += _record(0x0204, place + text)
            else:
                out += _record(0x0203, place + struct.pack("<d", value))
    return out + _record(0x000A, b"")


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def ole(path: Path, stream: str, content: bytes) -> Path:
    """A compound file, Microsoft's container before ZIP, with one stream."""
    sector, free, end, fat_mark = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    # Shorter streams would have to stand in sectors of another size.
    content = content.ljust(4096, b"\0")
    content += bytes(-len(content) % sector)
    count = len(content) // sector
    assert count + 2 <= sector // 4, "one sector of chains is enough for the tests"
    chains = [fat_mark, end, *range(3, count + 2), end]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0
    )
    header += struct.pack("<109I", 0, *[free] * 108)
    fat = struct.pack("<128I", *chains, *[free] * (128 - len(chains)))
    root = _entry("Root Entry", kind=5, child=1, start=end, size=0)
    entries = root + _entry(stream, kind=2, child=free, start=2, size=len(content))
    path.write_bytes(header + fat + entries.ljust(sector, b"\0") + content)
    return path


def _entry(name: str, *, kind: int, child: int, start: int, size: int) -> bytes:
    free = 0xFFFFFFFF
    encoded = (name + "\0").encode("utf-16-le")
    out = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return out + struct.pack("<III36xIII", free, free, child, start, size, 0)
