"""What a file's first bytes say it is, and whether that fits its name.

Knows signatures, not contents: whether a file is whole is its reader's business.
"""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, ZipFile

from kb.documents.encoding import EMPTY_FILE
from kb.errors import DocumentError

#: What a content is called to the user.
_NAMES = {
    "pdf": "a PDF",
    "docx": "a Word document",
    "xlsx": "an Excel workbook",
    "xls": "an old Excel workbook",
    "html": "an HTML page",
    "doc": "an old Word document (.doc)",
    "pptx": "a PowerPoint presentation",
    "odf": "an OpenDocument file",
    "zip": "a ZIP archive",
    "broken": "a damaged ZIP archive",
    "rtf": "an RTF document",
    "image": "an image",
    "gzip": "a gzip archive",
}
_TEXTS = ("txt", "md", "csv")
_READABLE = ("pdf", "docx", "xlsx", "xls", "html")
_START_BYTES = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES = (
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"\x1f\x8b", "gzip"),
)
_PROTECTED = (
    "It is protected by a password; open it in {program}, remove the password and upload it again."
)


def check_content(path: Path, kind: str) -> None:
    """Refuse a file whose content is known to be something else than `kind`, its extension."""
    if not path.stat().st_size:
        raise DocumentError(EMPTY_FILE)
    found = _kind(path)
    if found == "protected":
        program = "Excel" if kind.startswith("xls") else "Word"
        raise DocumentError(_PROTECTED.format(program=program))
    fits = found in (None, kind) or (found == "broken" and kind in ("docx", "xlsx"))
    if fits and (found is not None or kind in (*_TEXTS, "html", "pdf")):
        return
    if found is None:
        raise DocumentError(
            f"It is not {_NAMES[kind]}, whatever its name says; upload the right file."
        )
    advice = f"rename it to .{found}" if found in _READABLE else "upload the document itself"
    raise DocumentError(f"Its name says .{kind}, but it is {_NAMES[found]}; {advice}.")


def _kind(path: Path) -> str | None:
    """One of `_NAMES`, "broken", "protected", or None for what has no signature, as text."""
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    if start.startswith(_OLE):
        return _ole_kind(path)
    if start.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return kind
    return "html" if _is_html(start) else None


def _is_html(start: bytes) -> bool:
    utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = start.decode("utf-16" if utf16 else "utf-8-sig", "ignore").lstrip().lower()
    return text.startswith(("<!doctype html", "<html"))


def _zip_kind(path: Path) -> str:
    try:
        with ZipFile(path) as package:
            names = set(package.namelist())
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return "broken"
    if "[Content_Types].xml" in names:
        for folder, kind in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
            if any(name.startswith(folder) for name in names):
                return kind
    return "odf" if "content.xml" in names and "mimetype" in names else "zip"


def _ole_kind(path: Path) -> str | None:
    """By the names of its streams, which stand in UTF-16 somewhere in the file."""
    content = path.read_bytes()
    for stream, kind in (
        ("EncryptedPackage", "protected"),
        ("WordDocument", "doc"),
        ("Workbook", "xls"),
        ("Book", "xls"),
    ):
        if (stream + "\0").encode("utf-16-le") in content:
            return kind
    return None
