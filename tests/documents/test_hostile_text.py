"""Text in wrong encodings, of extreme size or shape: a sentence each, and no mojibake."""

from __future__ import annotations

import csv
import time
import tracemalloc
from pathlib import Path

import pytest

from kb.documents import tables
from kb.documents.chunking import chunk_pages
from kb.documents.parsers import read_pages
from tests.documents.corpus import count_words
from tests.documents.refusals import SOON, TEXTS, read, refusal, with_refusals


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_text_is_read_whole(tmp_path: Path, kind: str, encoding: str) -> None:
    assert "Käse € 漢字" in read(tmp_path / f"a.{kind}", "<b>x,Käse € 漢字".encode(encoding))


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis", "gbk", "koi8-r", "cp437"])
def test_another_encoding_is_refused_and_not_guessed(
    tmp_path: Path, kind: str, encoding: str
) -> None:
    text = {"shift_jis": "東京都", "gbk": "北京市", "koi8-r": "Москва"}.get(encoding, "Käse für")
    message = refusal(tmp_path / f"a.{kind}", b"<b>Text: " + text.encode(encoding))
    assert message.startswith("Byte ") and "is not UTF-8; save it as UTF-8" in message


@pytest.mark.parametrize("size", [0, 5, 1 << 20, (1 << 20) - 1, 3_000_000])
def test_the_place_of_a_wrong_byte_is_named(tmp_path: Path, size: int) -> None:
    content = b"x" * size + "é".encode() + b"\xe4bc"
    assert f"Byte {size + 2:,} is not UTF-8" in refusal(tmp_path / "a.txt", content)


def test_a_wrong_byte_far_below_ends_a_csv_too(tmp_path: Path) -> None:
    content = b"name,city\n" + b"Anna,Bern\n" * 200_000 + b"\xe4,\n"
    assert f"Byte {len(content) - 3:,} is not UTF-8" in refusal(tmp_path / "a.csv", content)


def test_half_a_character_at_the_end_is_named(tmp_path: Path) -> None:
    assert "Byte 5 begins a UTF-8 character that is cut off" in refusal(
        tmp_path / "a.txt", b"Text \xe2\x82"
    )


@pytest.mark.parametrize("kind", TEXTS)
def test_nul_bytes_are_no_text(tmp_path: Path, kind: str) -> None:
    assert "byte 6 is NUL" in refusal(tmp_path / f"a.{kind}", b"a,b\nx,\0y")


def test_utf_16_without_its_mark_is_not_guessed(tmp_path: Path) -> None:
    message = refusal(tmp_path / "a.txt", "Some text".encode("utf-16-le"))
    assert "UTF-16 without a byte order mark" in message


@pytest.mark.parametrize("encoding", ["utf-32", "iso2022_jp"])
def test_encodings_that_look_like_others_are_refused(tmp_path: Path, encoding: str) -> None:
    assert "save it as UTF-8" in refusal(tmp_path / "a.txt", "東京都".encode(encoding))


def test_a_quotation_mark_that_is_never_closed_is_named(tmp_path: Path) -> None:
    content = 'name,city\nAnna,"Bern\n' + "Beat,Chur\n" * (csv.field_size_limit() // 8)
    assert "quotation mark before it is never closed" in refusal(tmp_path / "a.csv", content)


def test_a_csv_of_200_000_rows_is_read_whole(tmp_path: Path) -> None:
    text = read(
        tmp_path / "a.csv", "name,city\n" + "".join(f"P {n},Bern\n" for n in range(200_000))
    )
    assert text.count("name: ") == 200_000


def test_a_csv_of_any_length_needs_the_memory_of_two_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,city\n" + "".join(f"Person {n},Bern\n" for n in range(30_000)))
    pages = read_pages(path, "a.csv")
    tracemalloc.start()
    count = sum(1 for _ in pages)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, peak < 2 << 20) == (30, True)


def test_names_that_would_make_a_csv_enormous_are_cut(tmp_path: Path) -> None:
    text = read(tmp_path / "a.csv", "n" * 5000 + ",city\n" + "x,y\n" * 3)
    assert max(map(len, text.split("\n"))) == tables.LONGEST_NAME + len(": x")


@pytest.mark.parametrize(
    "content",
    [
        *("x" * 2_000_000, "word " * 400_000, "x" + " " * 2_000_000 + "y", "a\n" * 500_000),
        *("# " + "a " * 500_000, "# a" + " #" * 500_000, "\t" * 2_000_000 + "x", "." * 1_000_000),
        *("x \n" * 300_000, "`" * 1_000_000, "[" * 500_000, "**" * 500_000 + "a", "漢" * 700_000),
    ],
    ids=range(13),
)
@pytest.mark.parametrize("kind", ["txt", "md"])
def test_extremely_long_lines_are_chunked_soon(tmp_path: Path, kind: str, content: str) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_text(content)
    begun = time.monotonic()
    chunks = list(chunk_pages(read_pages(path, path.name), count_words))
    assert chunks and time.monotonic() - begun < SOON


@pytest.mark.parametrize(
    "content",
    [
        *("<!" * 300_000, "<a " * 300_000, "<!--" * 300_000, "<p>" * 100_000, "&" * 500_000),
        *("<div>" * 900 + "</span>" * 50_000, "<b>" * 100_000, "<table>" * 100_000, "<" * 300_000),
        "<a " + " ".join(f"b{n}=c" for n in range(100_000)) + ">x",
    ],
    ids=range(10),
)
def test_html_that_is_meant_to_take_long_does_not(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.html").write_text("<b>text</b>" + content)
    begun = time.monotonic()
    with_refusals(tmp_path / "a.html")
    assert time.monotonic() - begun < SOON
