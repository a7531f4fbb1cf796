"""Opens text that may not be text: decodes UTF-8 and UTF-16 strictly, and cleans what it gives.

Guesses nothing: bytes that are neither are refused with their place, never read as other letters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from kb.errors import DocumentError

EMPTY_FILE = "The file is empty (0 bytes); upload it again."
ONLY_WHITE_SPACE = "It has no text, only white space; upload one with text."

_BLOCK_BYTES = 1 << 20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
# Japanese mail's old encoding is plain ASCII byte by byte, so UTF-8 would read it as gibberish.
_ISO_2022 = re.compile(rb"\x1b(?:\$[@BA(]|\(J)")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = str.maketrans(
    dict.fromkeys("\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009", " ")
    | dict.fromkeys("\u200a\u202f\u205f\u3000", " ")
)
# Soft hyphens and other characters that nobody sees.
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff]")
# Nobody means so many blanks, and patterns that look for line ends would take long over them.
_BLANKS = re.compile(r"[ \t]{200,}")


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file in its own encoding, all kinds of line ends as one.

    Raises DocumentError for an empty file, for NUL bytes and, also later while it is read, for
    bytes that are not in its encoding; the message names the place.
    """
    encoding = _encoding(path)
    try:
        with path.open(encoding=encoding) as file:
            yield file
    except UnicodeDecodeError as error:
        raise DocumentError(_undecodable(path, encoding)) from error


def cleaned(text: str) -> str:
    """The text with plain spaces and line ends, without what nobody sees."""
    text = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text)).translate(_SPACES)
    return _BLANKS.sub("\t", text)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise DocumentError(EMPTY_FILE)
    if start.startswith(_UTF32):
        raise DocumentError("It is in UTF-32, which is not read here; save it as UTF-8.")
    if start.startswith(_UTF16):
        return "utf-16"
    _check_utf8(path)
    return "utf-8-sig"


def _check_utf8(path: Path) -> None:
    for offset, block in _blocks(path):
        if (place := block.find(0)) >= 0:
            raise DocumentError(
                f"It is not text: byte {offset + place:,} is NUL; upload the text itself, and if "
                "it is UTF-16 without a byte order mark, save it as UTF-8."
            )
        if found := _ISO_2022.search(block):
            raise DocumentError(
                f"Byte {offset + found.start():,} switches to an old Japanese, Chinese or Korean "
                "encoding; save it as UTF-8 and upload that."
            )


def _undecodable(path: Path, encoding: str) -> str:
    name = "UTF-16" if encoding == "utf-16" else "UTF-8"
    advice = "save it as UTF-8 and upload that"
    decoder = codecs.getincrementaldecoder(encoding)()
    for offset, block in _blocks(path):
        kept = len(decoder.getstate()[0])
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return f"Byte {offset - kept + error.start:,} is not {name}; {advice}."
    kept = len(decoder.getstate()[0])
    return (
        f"Byte {path.stat().st_size - kept:,} begins a {name} character that is cut off; {advice}."
    )


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """The file's bytes with the place of each block; places count from 0."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield file.tell() - len(block), block
