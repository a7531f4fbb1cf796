"""Every format gives pages whose text and sections are those of the document."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from kb.documents.blocks import read_blocks
from kb.documents.parsers import page_count, read_pages
from kb.documents.tables import PAGE_ROWS
from kb.errors import UnsupportedFormat
from kb.models import Page, PageOutcome
from tests.documents.office_files import docx, paragraph, replaced, run, table, xls, xlsx


def pages(path: Path, content: str | None = None) -> list[Page]:
    if content is not None:
        path.write_text(content, "utf-8")
    return list(read_pages(path, path.name))


def html(tmp_path: Path, body: str, head: str = "") -> Page:
    source = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
    return pages(tmp_path / "a.html", source)[0]


def paths(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    """Where each section begins, by the words that stand there."""
    return [(page.text[s.offset :].split("\n")[0], s.heading_path) for s in page.sections]


def test_html_headings_begin_sections(tmp_path: Path) -> None:
    page = html(tmp_path, "<h1>One</h1><p>a</p><h2>Two</h2>b<h1>Three</h1>c")
    assert paths(page) == [("One", ("One",)), ("Two", ("One", "Two")), ("Three", ("Three",))]


def test_html_s_title_stands_above_its_headings(tmp_path: Path) -> None:
    page = html(tmp_path, "<p>Intro</p><h1>One</h1>", head="<title>Guide</title>")
    assert paths(page) == [("Intro", ("Guide",)), ("One", ("Guide", "One"))]


def test_html_s_title_that_is_its_first_heading_is_said_once(tmp_path: Path) -> None:
    page = html(tmp_path, "<h1>Guide</h1><h2>One</h2>", head="<title>Guide</title>")
    assert page.sections[-1].heading_path == ("Guide", "One")


def test_html_is_read_as_it_is_shown(tmp_path: Path) -> None:
    page = html(tmp_path, "<p>The <b>view</b>\n pg_stat_io&nbsp;&lt;16&gt;<br>is <i>new</i>.</p>x")
    assert page.text == "The view pg_stat_io <16>\nis new.\n\nx"


@pytest.mark.parametrize(
    "element",
    [
        "<script>SECRET()</script>",
        "<style>p { SECRET }</style>",
        "<!-- SECRET -->",
        "<noscript>SECRET</noscript>",
        "<template><p>SECRET</p></template>",
        "<svg><text>SECRET</text></svg>",
        "<iframe src='https://example.com'>SECRET</iframe>",
        "<img src='data:image/png;base64,SECRET'>",
    ],
)
def test_html_without_what_is_no_text(tmp_path: Path, element: str) -> None:
    assert html(tmp_path, f"<p>before</p>{element}<p>after</p>").text == "before\n\nafter"


def test_html_loads_nothing(tmp_path: Path) -> None:
    # The tests refuse connections; a file of this machine would be read without one.
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    source = f"<iframe src='{secret.as_uri()}'></iframe><object data='{secret.as_uri()}'></object>"
    remote = "<img src='http://192.0.2.1/x.png' alt='a cat'><link href='http://192.0.2.1/x.css'>"
    assert html(tmp_path, f"<p>text</p>{source}{remote}").text == "text\n\na cat"


def test_html_lists_keep_their_items_together(tmp_path: Path) -> None:
    page = html(tmp_path, "<ul><li>one<li><p>two</p></ul><p>end</p>")
    assert page.text == "- one\n- two\n\nend"


def test_html_tables_keep_their_rows(tmp_path: Path) -> None:
    page = html(tmp_path, "<table><tr><th>A<th>B<tr><td>1<td><p>x</p><p>y</p></table>end")
    assert page.text == "A\tB\n1\tx y\n\nend"


def test_html_tables_made_for_looks_keep_their_headings(tmp_path: Path) -> None:
    page = html(tmp_path, "<table><tr><td>menu<td><h1>One</h1><p>text</p></table>")
    assert paths(page) == [("One", ("One",))]


def test_html_listings_keep_their_lines(tmp_path: Path) -> None:
    page = html(tmp_path, "<pre># no heading\n  SELECT 1</pre>")
    assert (page.text, page.sections) == ("# no heading\n  SELECT 1", ())


def test_docx_heading_styles_begin_sections_in_any_language(tmp_path: Path) -> None:
    body = paragraph("Guide", "Titel") + paragraph("One", "berschrift1") + paragraph("a")
    body += paragraph("Two", "Own") + paragraph("b") + paragraph("Three", "berschrift1")
    assert paths(pages(docx(tmp_path / "a.docx", body))[0]) == [
        ("Guide", ("Guide",)),
        ("One", ("Guide", "One")),
        ("Two", ("Guide", "One", "Two")),
        ("Three", ("Guide", "Three")),
    ]


def test_docx_styles_that_rest_on_one_another_in_a_circle_are_body_text(tmp_path: Path) -> None:
    page = pages(docx(tmp_path / "a.docx", paragraph("text", "A")))[0]
    assert (page.text, page.sections) == ("text", ())


def test_docx_lists_and_tables_are_kept(tmp_path: Path) -> None:
    body = paragraph("one", "Liste") + paragraph("two", "Liste")
    body += table(("A", "B"), ("1", paragraph("x") + paragraph("y"))) + paragraph("end")
    assert pages(docx(tmp_path / "a.docx", body))[0].text == "- one\n- two\n\nA\tB\n1\tx y\n\nend"


def test_docx_is_read_as_it_is_printed(tmp_path: Path) -> None:
    deleted = "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
    moved = f"<w:moveFrom>{run('moved')}</w:moveFrom>"
    inserted = f"<w:ins>{run(' new')}</w:ins>"
    runs = run("shown") + run(" hidden", "<w:vanish/>") + deleted + moved + inserted
    page = pages(docx(tmp_path / "a.docx", paragraph(runs)))[0]
    assert page.text == "shown new"


def test_docx_text_boxes_are_read_once(tmp_path: Path) -> None:
    box = f"<w:txbxContent>{paragraph('boxed')}</w:txbxContent>"
    both = f"<w:Choice>{box}</w:Choice><w:Fallback>{box}</w:Fallback>"
    page = pages(docx(tmp_path / "a.docx", paragraph(run("around") + f"<w:r>{both}</w:r>")))[0]
    assert sorted(page.text.split()) == ["around", "boxed"]


def test_docx_footnotes_stand_at_the_end(tmp_path: Path) -> None:
    notes = docx(tmp_path / "notes.docx", paragraph("a note"))
    with zipfile.ZipFile(notes) as given:
        more = {"word/footnotes.xml": given.read("word/document.xml")}
    assert pages(docx(tmp_path / "a.docx", paragraph("text"), more=more))[0].text == (
        "text\n\na note"
    )


def test_docx_may_call_its_document_otherwise(tmp_path: Path) -> None:
    path = docx(tmp_path / "a.docx", paragraph("text"), main="word/document2.xml")
    assert pages(path)[0].text == "text"


def test_docx_macros_are_not_opened(tmp_path: Path) -> None:
    path = docx(tmp_path / "a.docx", paragraph("text"), more={"word/vbaProject.bin": b"\xd0\xcf"})
    assert pages(path)[0].text == "text"


def test_a_row_of_a_csv_can_be_understood_alone(tmp_path: Path) -> None:
    page = pages(tmp_path / "a.csv", 'name,city\nAnna,"Bern, CH"\nBeat,\n')[0]
    assert page.text == "name: Anna\ncity: Bern, CH\n\nname: Beat"


def test_a_row_of_a_csv_is_a_block(tmp_path: Path) -> None:
    read = pages(tmp_path / "a.csv", 'name,note\nAnna,"two\n\nlines"\nBeat,x\n')
    assert [block.text for block in read_blocks(read)] == [
        "name: Anna\nnote: two lines",
        "name: Beat\nnote: x",
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_of_a_csv_is_found(tmp_path: Path, separator: str) -> None:
    rows = [("name", "amount"), ("Anna", "1"), ("Beat", "2")]
    content = "\n".join(separator.join(row) for row in rows)
    assert pages(tmp_path / "a.csv", content)[0].text.startswith("name: Anna\namount: 1")


def test_a_csv_that_begins_with_numbers_has_no_names(tmp_path: Path) -> None:
    assert pages(tmp_path / "a.csv", "1,2\n3,4\n")[0].text == (
        "Column 1: 1\nColumn 2: 2\n\nColumn 1: 3\nColumn 2: 4"
    )


def test_a_title_above_a_table_does_not_name_its_columns(tmp_path: Path) -> None:
    page = pages(tmp_path / "a.csv", "Report 2024,,\n,,\nname,city,\nAnna,Bern,\n")[0]
    assert page.text == "Report 2024\n\nname: Anna\ncity: Bern"


def test_names_without_rows_below_are_text(tmp_path: Path) -> None:
    assert pages(tmp_path / "a.csv", "name,city\n")[0].text == "name, city"


def test_a_long_csv_is_several_pages_by_its_row_numbers(tmp_path: Path) -> None:
    rows = "".join(f"row {n},x\n" for n in range(PAGE_ROWS + 1))
    labels = [page.label for page in pages(tmp_path / "a.csv", "name,other\n" + rows)]
    assert labels == ["rows 2-1,001", "rows 1,002-1,002"]


def test_no_row_of_a_long_csv_is_lost(tmp_path: Path) -> None:
    rows = "".join(f"row {n},x\n" for n in range(2 * PAGE_ROWS + 7))
    read = pages(tmp_path / "a.csv", "name,other\n" + rows)
    assert sum(page.text.count("name: row") for page in read) == 2 * PAGE_ROWS + 7


def test_xlsx_has_a_page_for_each_sheet(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"Prices": [["a", "b"], ["x", 1]], "Towns": [["c"], ["y"]]})
    read = [(p.number, p.label, p.text, p.sections[0].heading_path) for p in pages(path)]
    assert read == [
        (1, "Prices", "a: x\nb: 1", ("Prices",)),
        (2, "Towns", "c: y", ("Towns",)),
    ]


def test_xlsx_values_are_written_as_one_reads_them(tmp_path: Path) -> None:
    row = ["x", 3.0, 0.1 + 0.2, True, date(2024, 5, 1), datetime(2024, 5, 1, 12, 30), None]
    path = xlsx(tmp_path / "a.xlsx", {"S": [[*"abcdefg"], row]})
    assert pages(path)[0].text.split("\n") == [
        *("a: x", "b: 3", "c: 0.3", "d: TRUE", "e: 2024-05-01", "f: 2024-05-01 12:30:00"),
    ]


def test_hidden_sheets_are_skipped_and_named_so(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"S": [["a", "b"], ["x", "y"]], "Codes": [["a"], ["b"]]})
    hidden = b'sheetId="2" state="hidden"'
    path = replaced(path, "xl/workbook.xml", b'sheetId="2" state="visible"', hidden)
    last = pages(path)[-1]
    assert (last.label, last.outcome, last.outcome_reason) == (
        *("Codes", PageOutcome.SKIPPED, "hidden sheet"),
    )


def test_an_empty_sheet_is_an_empty_page(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"S": [["a", "b"], ["x", "y"]], "Nothing": []})
    assert pages(path)[-1].outcome is PageOutcome.EMPTY


def test_xls_is_read_like_xlsx(tmp_path: Path) -> None:
    path = xls(tmp_path / "a.xls", {"Prices": [["name", "Zürich"], ["Anna", 1.5]], "B": [["x"]]})
    assert [(p.label, p.text) for p in pages(path)] == [
        ("Prices", "name: Anna\nZürich: 1.5"),
        ("B", "x"),
    ]


@pytest.mark.parametrize("name", ["a.html", "a.docx", "a.csv", "a.xlsx", "a.xls", "a.txt"])
def test_formats_without_geometry_have_no_boxes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = [["a", "b"], ["x", "y"]]
    made = {
        "docx": lambda: docx(path, paragraph("x")),
        "xlsx": lambda: xlsx(path, {"S": rows}),
        "xls": lambda: xls(path, {"S": [["a", "b"], ["x", "y"]]}),
    }.get(path.suffix[1:], lambda: path.write_text("<p>a,b\nx,y"))
    made()
    assert [len(page.boxes) for page in pages(path)] == [0]


@pytest.mark.parametrize("key", ["a.HTM", "b.Html", "c.markdown"])
def test_other_extensions_of_a_format_are_read(tmp_path: Path, key: str) -> None:
    path = tmp_path / "copy"
    path.write_text("<p>text</p>")
    assert "text" in next(read_pages(path, key)).text


@pytest.mark.parametrize(
    ("key", "other"),
    [("a.doc", "docx or pdf"), ("a.pptx", "pdf"), ("a.xlsm", "xlsx or csv"), ("a.json", "txt")],
)
def test_a_format_that_is_not_supported_names_what_to_save_it_as(key: str, other: str) -> None:
    with pytest.raises(UnsupportedFormat, match=rf"not supported; save it as {other}"):
        page_count(Path("never opened"), key)


def test_an_unknown_format_names_those_that_are_supported() -> None:
    with pytest.raises(UnsupportedFormat, match="pdf, txt, md, html, docx, csv, xls, xlsx"):
        page_count(Path("never opened"), "a.exe")
