"""Documents that can not be read: each gets a sentence of its own that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.documents.parsers import page_count, read_pages
from kb.errors import DocumentError, UnsupportedFormat
from kb.models import PageOutcome
from tests.documents.pdfs import Paper, text_pdf


def read(path: Path, content: bytes | None = None) -> None:
    if content is not None:
        path.write_bytes(content)
    list(read_pages(path, path.name))


def test_a_protected_pdf_asks_for_the_protection_to_be_removed(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf", password="secret")
    paper.write(60, 80, "Secret")
    with pytest.raises(DocumentError, match="password; remove the protection"):
        read(paper.save())


def test_a_scan_asks_for_text_recognition(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.picture()
    with pytest.raises(DocumentError, match=r"no text layer.*text recognition"):
        read(paper.save())


def test_a_scan_yields_its_empty_pages_first(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.picture()
    pages = read_pages(paper.save(), "a.pdf")
    assert next(pages).outcome is PageOutcome.EMPTY


@pytest.mark.parametrize("name", ["a.pdf", "a.txt", "a.md"])
def test_an_empty_file_asks_to_be_uploaded_again(tmp_path: Path, name: str) -> None:
    with pytest.raises(DocumentError, match=r"empty \(0 bytes\); upload it again"):
        read(tmp_path / name, b"")


def test_a_program_renamed_to_pdf_is_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="not a PDF"):
        read(tmp_path / "setup.pdf", b"MZ\x90\x00" + bytes(5000))


def test_a_truncated_pdf_is_damaged(tmp_path: Path) -> None:
    whole = text_pdf(tmp_path / "a.pdf", ["Some text"]).read_bytes()
    with pytest.raises(DocumentError, match="damaged"):
        read(tmp_path / "b.pdf", whole[:200])


def test_a_program_renamed_to_txt_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="not text"):
        read(tmp_path / "setup.txt", b"MZ\x90\x00" + bytes(5000))


def test_text_in_another_encoding_asks_for_utf_8(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="save it as UTF-8"):
        read(tmp_path / "a.txt", "Käse für alle".encode("latin-1"))


def test_text_of_white_space_only_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="only white space"):
        read(tmp_path / "a.txt", b" \n\t\n")


def test_a_format_that_can_not_be_read_is_named_with_those_that_can() -> None:
    with pytest.raises(UnsupportedFormat, match=r"^\.exe is not supported.*: pdf, txt, md"):
        page_count(Path("never opened"), "setup.exe")


def test_a_key_without_extension_is_refused() -> None:
    with pytest.raises(UnsupportedFormat, match="without an extension"):
        page_count(Path("never opened"), "README")


def test_the_key_decides_and_not_the_name_of_the_copy(tmp_path: Path) -> None:
    copy = tmp_path / "copy.bin"
    copy.write_bytes(b"Some text")
    assert next(read_pages(copy, "notes/Plan.TXT")).text == "Some text"
