"""Files that are broken, wrong or meant to harm: each gets a sentence that says what to do."""

from __future__ import annotations

import random
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.documents import office, tables
from tests.documents.office_files import docx, ole, package, paragraph, replaced, xls, xlsx
from tests.documents.pdfs import text_pdf
from tests.documents.refusals import SOON, TEXTS, read, refusal, with_refusals

ROWS = [["name", "city"], ["Anna", "Bern"]]


def a_docx(path: Path) -> Path:
    return docx(path, paragraph("Some text"))


def an_xlsx(path: Path) -> Path:
    return xlsx(path, {"S": ROWS})


def an_xls(path: Path) -> Path:
    return xls(path, {"S": [["name", "city"], ["Anna", 1.0]]})


def a_pdf(path: Path) -> Path:
    return text_pdf(path, ["Some text"])


@pytest.mark.parametrize("kind", ["pdf", "txt", "md", "html", "docx", "csv", "xls", "xlsx"])
def test_an_empty_file_asks_to_be_uploaded_again(tmp_path: Path, kind: str) -> None:
    assert "empty (0 bytes); upload it again" in refusal(tmp_path / f"a.{kind}", b"")


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("content", [b" \n\t\r\n", b"\xef\xbb\xbf \n", b"\xff\xfe \0\n\0"])
def test_white_space_is_no_text(tmp_path: Path, kind: str, content: bytes) -> None:
    assert "only white space" in refusal(tmp_path / f"a.{kind}", content)


def test_a_docx_without_text_says_so(tmp_path: Path) -> None:
    assert "no text" in refusal(docx(tmp_path / "a.docx", paragraph(" ")))


def test_a_workbook_without_rows_says_so(tmp_path: Path) -> None:
    assert "empty or hidden" in refusal(xlsx(tmp_path / "a.xlsx", {"S": []}))


@pytest.mark.parametrize("kind", ["txt", "md", "html", "csv", "xls", "xlsx", "docx"])
@pytest.mark.parametrize(
    ("make", "real"), [(a_pdf, "pdf"), (a_docx, "docx"), (an_xlsx, "xlsx"), (an_xls, "xls")]
)
def test_a_file_that_lies_about_its_type_is_told_its_name(
    tmp_path: Path, kind: str, make: Callable[[Path], Path], real: str
) -> None:
    path = make(tmp_path / f"a.{real}").rename(tmp_path / f"b.{kind}")
    if kind == real:
        assert read(path)
    else:
        message = refusal(path)
        assert message.startswith(f"Its name says .{kind}, but it is") and f".{real}." in message


@pytest.mark.parametrize("kind", ["txt", "md", "csv", "xls", "xlsx", "docx", "pdf"])
def test_a_web_page_under_another_name_is_told_to_be_html(tmp_path: Path, kind: str) -> None:
    message = refusal(tmp_path / f"a.{kind}", "\n<!DOCTYPE html><html><body>Sign in")
    assert "it is an HTML page; rename it to .html" in message


@pytest.mark.parametrize("kind", ["xls", "xlsx", "docx"])
def test_text_under_the_name_of_an_office_file_is_refused(tmp_path: Path, kind: str) -> None:
    assert "whatever its name says" in refusal(tmp_path / f"a.{kind}", "name,city\nAnna,Bern\n")


def test_text_under_the_name_of_a_web_page_is_refused(tmp_path: Path) -> None:
    assert "no HTML tags" in refusal(tmp_path / "a.html", "Only text: 1 < 2")


@pytest.mark.parametrize(
    ("stream", "what"), [("WordDocument", "an old Word document"), ("Book", "an old Excel")]
)
def test_an_old_office_file_renamed_to_docx_is_named(
    tmp_path: Path, stream: str, what: str
) -> None:
    assert what in refusal(ole(tmp_path / "a.docx", stream, b"text"))


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"{\\rtf1 text}", "an RTF document"), (b"\x89PNG\r\n\x1a\n", "an image")],
)
def test_other_contents_are_named(tmp_path: Path, content: bytes, what: str) -> None:
    assert f"it is {what}" in refusal(tmp_path / "a.txt", content)


def test_a_zip_of_something_else_is_no_word_document(tmp_path: Path) -> None:
    assert "it is a ZIP archive" in refusal(package(tmp_path / "a.docx", {"a.txt": "text"}))


@pytest.mark.parametrize("make", [a_docx, an_xlsx])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_office_file_is_damaged(
    tmp_path: Path, make: Callable[[Path], Path], part: float
) -> None:
    path = make(tmp_path / f"a.{'docx' if make is a_docx else 'xlsx'}")
    content = path.read_bytes()
    assert "damaged" in refusal(path, content[: int(len(content) * part)])


def test_a_docx_whose_document_is_missing_is_damaged(tmp_path: Path) -> None:
    path = replaced(a_docx(tmp_path / "a.docx"), "_rels/.rels", b"document.xml", b"other.xml")
    assert "damaged" in refusal(path)


@pytest.mark.parametrize(("kind", "program"), [("docx", "Word"), ("xlsx", "Excel"), ("xls", "Exc")])
def test_a_protected_office_file_asks_for_its_password_to_be_removed(
    tmp_path: Path, kind: str, program: str
) -> None:
    # With a password Office wraps the package, encrypted, into the older container.
    message = refusal(ole(tmp_path / f"a.{kind}", "EncryptedPackage", bytes(5000)))
    assert f"protected by a password; open it in {program}" in message


def test_a_protected_old_workbook_asks_for_its_password_to_be_removed(tmp_path: Path) -> None:
    path = xls(tmp_path / "a.xls", {"S": [["a", "b"]]}, encrypted=True)
    assert "protected by a password" in refusal(path)


def test_an_encrypted_zip_entry_asks_for_the_password_to_be_removed(tmp_path: Path) -> None:
    path = a_docx(tmp_path / "a.docx")
    content = bytearray(path.read_bytes())
    # The flags of the first entry in the central directory.
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "protected by a password" in refusal(path, bytes(content))


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, kind: str) -> None:
    path = a_docx(tmp_path / "a.docx") if kind == "docx" else an_xlsx(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as out, out.open("x.xml", "w") as part:
        for _ in range(40):
            part.write(bytes(1 << 20))
    tracemalloc.start()
    message = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "unpacks to far more than it should" in message and peak < 8 << 20


def test_a_part_never_unpacks_to_more_than_the_package_declares(tmp_path: Path) -> None:
    body = paragraph("word " * 200_000)
    path = docx(tmp_path / "a.docx", body)
    with zipfile.ZipFile(path) as given:
        size = given.getinfo("word/document.xml").file_size
    lie = path.read_bytes().replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert "damaged" in refusal(path, lie)


def test_a_package_of_too_many_parts_is_refused(tmp_path: Path) -> None:
    parts = {f"word/{n}.xml": "" for n in range(office.MOST_PARTS)}
    assert "parts" in refusal(docx(tmp_path / "a.docx", paragraph("x"), more=parts))


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_entity_bomb_in_a_docx_is_refused(tmp_path: Path, encoding: str) -> None:
    xml = f"<?xml version='1.0' encoding='{encoding}'?>{BOMB}<x>&c;</x>".encode(encoding)
    path = docx(tmp_path / "a.docx", paragraph("x"), more={"word/footnotes.xml": xml})
    assert "declares XML entities" in refusal(path)


def test_an_entity_that_reads_a_file_is_refused(tmp_path: Path) -> None:
    prolog = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    message = refusal(docx(tmp_path / "a.docx", paragraph("x"), prolog=prolog))
    assert "declares XML entities" in message


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_an_entity_bomb_in_a_workbook_is_refused(tmp_path: Path, part: str) -> None:
    path = an_xlsx(tmp_path / "a.xlsx")
    name = b"<worksheet" if "sheet1" in part else b"<workbook"
    assert "declares XML entities" in refusal(replaced(path, part, name, BOMB.encode() + name))


def test_a_sheet_that_is_mostly_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_CELLS", 1_000_000)
    path = an_xlsx(tmp_path / "a.xlsx")
    # Each row has one cell, which is the last of 16,384.
    rows = b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (n, n) for n in range(3, 99))
    sheet = "xl/worksheets/sheet1.xml"
    path = replaced(path, sheet, b"</sheetData>", rows + b"</sheetData>")
    assert "more than 1,000,000 cells; split it" in refusal(path)


def test_a_row_far_below_the_others_is_refused_in_time(tmp_path: Path) -> None:
    path = an_xlsx(tmp_path / "a.xlsx")
    row = b'<row r="999999999"><c r="A999999999"><v>1</v></c></row>'
    path = replaced(path, "xl/worksheets/sheet1.xml", b"</sheetData>", row + b"</sheetData>")
    begun = time.monotonic()
    assert "rows" in refusal(path)
    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize(
    ("make", "kind"), [(a_docx, "docx"), (an_xlsx, "xlsx"), (an_xls, "xls"), (a_pdf, "pdf")]
)
def test_whatever_bytes_are_wrong_only_the_document_fails(
    tmp_path: Path, make: Callable[[Path], Path], kind: str
) -> None:
    path = make(tmp_path / f"a.{kind}")
    content = path.read_bytes()
    dice = random.Random(1)
    for _ in range(150):
        broken = bytearray(content)
        for _ in range(dice.choice((1, 3, 30))):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        path.write_bytes(broken)
        with_refusals(path)


@pytest.mark.parametrize("part", ["word/document.xml", "xl/worksheets/sheet1.xml"])
def test_whatever_xml_is_wrong_only_the_document_fails(tmp_path: Path, part: str) -> None:
    path = a_docx(tmp_path / "a.docx") if "word" in part else an_xlsx(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path) as given:
        parts: dict[str, str | bytes] = {name: given.read(name) for name in given.namelist()}
    xml = parts[part]
    assert isinstance(xml, bytes)
    dice = random.Random(2)
    for _ in range(150):
        broken = bytearray(xml)
        start = dice.randrange(len(broken))
        broken[start : start + dice.randrange(9)] = dice.randbytes(dice.randrange(3))
        with_refusals(package(path, {**parts, part: bytes(broken)}))
