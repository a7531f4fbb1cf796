"""The ZIP package that Word and Excel files are, opened without trusting it.

Refuses bombs before anything is unpacked; what is unpacked then never exceeds what the package
declares, because `zipfile` stops there. Refuses to know what the parts mean.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from lxml import etree

from kb.errors import DocumentError

#: Unpacked bytes of a whole package, and of one part that its reader keeps in memory.
LARGEST_PACKAGE, LARGEST_PART = 512 * 1024**2, 64 * 1024**2
#: Unpacked to packed. Text comes to 30, the same paragraph over and over to 200, bombs to 1,000.
LARGEST_RATIO, RATIO_MATTERS_FROM = 500, 10 * 1024**2
MOST_PARTS = 10_000
#: Parts that are read as a whole; all others are streamed.
_KEPT_WHOLE = ("sharedStrings.xml", "styles.xml", "workbook.xml", ".rels")
_BLOCK_BYTES = 1 << 16

_BOMB = "It unpacks to far more than it should ({what}); save it anew from its program."
_DTD = "It declares XML entities, as no Office program does; save it anew from its program."
DAMAGED = "It is damaged and can not be read; open it in its program, save it anew and upload that."
#: What broken packages make their readers raise.
BREAKAGE = (
    *(BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError),
    *(etree.XMLSyntaxError, expat.ExpatError, SyntaxError),
    *(LookupError, ValueError, TypeError, AttributeError, ArithmeticError),
)


@contextmanager
def open_package(path: Path) -> Iterator[ZipFile]:
    """Open a package that was checked; what breaks while it is open is a DocumentError."""
    try:
        with ZipFile(path) as package:
            _check_sizes(package, path.stat().st_size)
            for name in package.namelist():
                _check_prolog(package, name)
            yield package
    except BREAKAGE as error:
        raise DocumentError(DAMAGED) from error


def _check_sizes(package: ZipFile, packed: int) -> None:
    parts = package.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise DocumentError("It is protected by a password; remove it and upload it again.")
    if any(part.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for part in parts):
        raise DocumentError(DAMAGED)
    if len(parts) > MOST_PARTS:
        raise DocumentError(_BOMB.format(what=f"{len(parts):,} parts"))
    size = sum(part.file_size for part in parts)
    # Parts of a bomb may overlap, so that the file's own size counts, not that of the parts.
    ratio = size / max(packed, 1)
    if size > LARGEST_PACKAGE or (size > RATIO_MATTERS_FROM and ratio > LARGEST_RATIO):
        raise DocumentError(_BOMB.format(what=f"{size / 1024**2:,.0f} MB, {ratio:,.0f} times"))
    for part in parts:
        if part.filename.endswith(_KEPT_WHOLE) and part.file_size > LARGEST_PART:
            what = f"{part.filename} to {part.file_size / 1024**2:,.0f} MB"
            raise DocumentError(_BOMB.format(what=what))


def _check_prolog(package: ZipFile, name: str) -> None:
    """Refuse a document type declaration, the one place where entities are declared."""
    parser = expat.ParserCreate()
    declared, root = [], []
    parser.StartDoctypeDeclHandler = lambda *_: declared.append(name)
    parser.StartElementHandler = lambda *_: root.append(name)
    with package.open(name) as part:
        try:
            while not declared and not root and (block := part.read(_BLOCK_BYTES)):
                parser.Parse(block, False)
        except expat.ExpatError:
            # Not XML, as a picture; its reader says so if it should be.
            pass
    if declared:
        raise DocumentError(_DTD)
