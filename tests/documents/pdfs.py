"""PDFs that tests make up, with the true place of every word that was drawn. Nothing is checked."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from kb.models import Rectangle

WIDTH, HEIGHT = 480.0, 600.0
FONT, SIZE, LEADING = "Helvetica", 10.0, 13.0


@dataclass(slots=True)
class Paper:
    """A PDF under way. Places are points from the top left corner; `y` is that of a baseline."""

    path: Path
    password: str | None = None
    canvas: Canvas = field(init=False)
    size: float = SIZE
    font: str = FONT

    def __post_init__(self) -> None:
        encrypt = StandardEncryption(self.password) if self.password else None
        self.canvas = Canvas(str(self.path), pagesize=(WIDTH, HEIGHT), encrypt=encrypt)

    def write(self, x: float, y: float, text: str) -> Rectangle:
        """Draw a line of text; return the area from its ascender to its descender."""
        self.canvas.setFont(self.font, self.size)
        self.canvas.drawString(x, HEIGHT - y, text)
        return self.area(x, y, text)

    def area(self, x: float, y: float, text: str) -> Rectangle:
        """Where a text stands that is drawn at a place."""
        ascent, descent = pdfmetrics.getAscentDescent(self.font, self.size)
        right = x + pdfmetrics.stringWidth(text, self.font, self.size)
        return Rectangle(left=x, top=y - ascent, right=right, bottom=y - descent)

    def paragraph(self, x: float, y: float, lines: Iterable[str]) -> list[Rectangle]:
        """Draw lines below one another."""
        return [self.write(x, y + LEADING * at, line) for at, line in enumerate(lines)]

    def table(self, y: float, edges: Sequence[float], rows: Iterable[Sequence[str]]) -> None:
        """Draw rows, cell after cell; a cell's lines are parted by line breaks."""
        for row in rows:
            for x, cell in zip(edges, row, strict=True):
                if cell:
                    self.paragraph(x, y, cell.split("\n"))
            y += LEADING * max(cell.count("\n") + 1 for cell in row) + 8

    def picture(self) -> None:
        """Fill the page with an image, as a scanner does."""
        image = io.BytesIO()
        Image.new("L", (40, 56), 200).save(image, "png")
        self.canvas.drawImage(ImageReader(image), 0, 0, WIDTH, HEIGHT)

    def section(self, title: str, level: int = 0) -> None:
        """Add an outline entry that, as many do, names but the top of the page."""
        key = f"{title}-{self.canvas.getPageNumber()}"
        self.canvas.bookmarkPage(key, fit="XYZ", left=0, top=HEIGHT)
        self.canvas.addOutlineEntry(title, key, level)

    def next_page(self) -> None:
        """Finish the page."""
        self.canvas.showPage()

    def save(self) -> Path:
        """Finish the file."""
        self.canvas.save()
        return self.path


def text_pdf(path: Path, *pages: Sequence[str]) -> Path:
    """A PDF of pages of lines, one paragraph each."""
    paper = Paper(path)
    for lines in pages:
        paper.paragraph(60, 80, lines)
        paper.next_page()
    return paper.save()


def damaged_pdf(path: Path) -> Path:
    """Three pages, the first and the last with a line of text; the second is no page object."""

    def page(content: int) -> bytes:
        return (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 600]/Contents %d 0 R"
            b"/Resources<</Font<</F 6 0 R>>>>>>" % content
        )

    def content(line: bytes) -> bytes:
        drawn = b"BT /F 12 Tf 1 0 0 1 60 500 Tm (%s) Tj ET" % line
        return b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn)

    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R 4 0 R 5 0 R]/Count 3>>",
        page(7),
        b"(damaged)",
        page(8),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        content(b"The first page counts reads."),
        content(b"The last page counts writes."),
    ]
    return _write(path, objects)


def hebrew_pdf(path: Path) -> Path:
    """Two Hebrew words, drawn from the right as Hebrew is, by a font that maps letters to it."""
    to_unicode = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
        b"1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"1 beginbfrange <61> <7A> <05D0> endbfrange\nendcmap end end"
    )
    content = b"BT /F 12 Tf 1 0 0 1 100 500 Tm (dcb) Tj 1 0 0 1 60 500 Tm (gfe) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 600]/Contents 5 0 R"
        b"/Resources<</Font<</F 4 0 R>>>>>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Length %d>>stream\n%s\nendstream" % (len(to_unicode), to_unicode),
    ]
    return _write(path, objects)


def _write(path: Path, objects: Sequence[bytes]) -> Path:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    path.write_bytes(out)
    return path
