"""What is refused before it is read."""

from __future__ import annotations

import pytest

from kb.documents.accepting import check_upload
from kb.errors import TooLarge, UnsupportedFormat
from kb.wording import binary_size


@pytest.mark.parametrize("key", ["a.pdf", "deep/A.DOCX", "a.markdown", "a.pptx.metadata.json"])
def test_documents_and_their_metadata_files_are_accepted(key: str) -> None:
    check_upload(key, 10, max_bytes=10)


@pytest.mark.parametrize("key", ["a.exe", "a", "a.pdf/b", ".metadata.json", "a.json"])
def test_what_nothing_reads_is_refused(key: str) -> None:
    with pytest.raises(UnsupportedFormat):
        check_upload(key, 10, max_bytes=10)


def test_one_byte_too_many_is_refused_with_the_limit_in_bytes() -> None:
    with pytest.raises(TooLarge, match=r"'a\.pdf' is larger than 10 bytes, the largest document"):
        check_upload("a.pdf", 11, max_bytes=10)


@pytest.mark.parametrize(
    ("size_bytes", "written"),
    [
        *((1, "1 byte"), (1000, "1,000 bytes"), (50 << 20, "50 MB"), (1_600_000, "1.5 MB")),
        (5 << 40, "5,120 GB"),
    ],
)
def test_a_limit_is_written_in_its_largest_unit(size_bytes: int, written: str) -> None:
    assert binary_size(size_bytes) == written
