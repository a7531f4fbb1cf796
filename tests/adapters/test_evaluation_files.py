"""Question sets and runs as files of the data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.adapters.evaluation_files import EvaluationFiles
from kb.errors import ObjectStoreError, ResourceNotFound, ValidationError


@pytest.fixture
def files(tmp_path: Path) -> EvaluationFiles:
    return EvaluationFiles(tmp_path / "sets", (".jsonl", ".csv"))


def test_a_folder_that_is_not_there_is_empty(files: EvaluationFiles) -> None:
    assert files.names() == []


def test_what_was_written_is_read(files: EvaluationFiles) -> None:
    files.write("my set (2).jsonl", b"old")
    files.write("my set (2).jsonl", b"new")
    assert files.names() == ["my set (2).jsonl"]
    assert files.read("my set (2).jsonl") == b"new"


def test_a_deleted_file_is_gone(files: EvaluationFiles) -> None:
    files.write("a.csv", b"")
    files.delete("a.csv")
    files.delete("a.csv")
    with pytest.raises(ResourceNotFound, match=r"no 'a\.csv'"):
        files.read("a.csv")


def test_what_has_another_suffix_is_not_ours(files: EvaluationFiles, tmp_path: Path) -> None:
    files.write("a.csv", b"")
    (tmp_path / "sets" / "notes.txt").touch()
    (tmp_path / "sets" / "folder.csv").mkdir()
    assert files.names() == ["a.csv"]


@pytest.mark.parametrize(
    "name",
    ["../a.csv", "/a.csv", ".csv", ".a.csv", "a.txt", "a\n.csv", "a/b.csv", "x" * 200 + ".csv"],
)
def test_a_name_that_leaves_the_folder_is_refused(files: EvaluationFiles, name: str) -> None:
    for use in (files.read, files.delete, lambda name: files.write(name, b"")):
        with pytest.raises(ValidationError, match="can not be a name"):
            use(name)


def test_a_folder_that_can_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sets").touch()
    with pytest.raises(ObjectStoreError, match="can not be used"):
        EvaluationFiles(tmp_path / "sets", (".csv",)).write("a.csv", b"")
