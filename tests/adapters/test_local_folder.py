"""The folder that stands for a bucket: names, sizes, two writers, and a disk that refuses."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import threading
from pathlib import Path

import pytest

from kb.adapters.local_folder import LocalFolder
from kb.errors import BucketUnreachable, KbError, ObjectStoreError, ResourceNotFound

LARGE = 1 << 30


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "bucket"


@pytest.fixture
def store(root: Path) -> LocalFolder:
    return LocalFolder(root, bucket="kb")


def put(store: LocalFolder, key: str, content: bytes = b"text") -> str:
    return store.put(key, io.BytesIO(content), max_bytes=LARGE).etag


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def files(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "../outside.txt",
        "a/../../outside.txt",
        "a/..",
        ".",
        "..",
        "./a.txt",
        "a//b.txt",
        "a/",
        ".hidden",
        "folder/.hidden",
        ".etag-a.txt",
        "a\nb.txt",
        "a\0b.txt",
        "a\x1b[31m.txt",
        "a\u202eb.txt",
        "a\x7f.txt",
        "a\\b.txt",
        "a\ud800.txt",
        "x" * 1000,
        "é" * 125,
        "a/" * 600 + "b",
    ],
)
def test_a_name_that_could_do_harm_is_refused(key: str, store: LocalFolder, root: Path) -> None:
    with pytest.raises(ObjectStoreError):
        put(store, key)
    assert files(root.parent) == []


@pytest.mark.parametrize(
    "key",
    [
        "a.pdf",
        "Bericht über Öl, 2026.pdf",
        "資料　第二版.pdf",
        "Bildschirmfoto\u202f12\u00a030.pdf",
        "emoji 🐘.md",
        "a/b/c/d.txt",
        "with space.txt",
        "$(false); rm -rf.txt",
        "%2e%2e.txt",
        "a..b.txt",
        "no-suffix",
        "x" * 240 + ".txt",
        "/".join(["x" * 200] * 4 + ["y" * 196]),
    ],
)
def test_a_usable_name_comes_back_as_it_was(key: str, store: LocalFolder) -> None:
    put(store, key, b"content")
    assert [(i.key, i.size_bytes) for i in store.list_objects()] == [(key, 7)]
    with store.local_copy(key) as path:
        assert path.read_bytes() == b"content"


def test_too_large_leaves_nothing(store: LocalFolder, root: Path) -> None:
    with pytest.raises(ObjectStoreError, match="larger"):
        store.put("a.txt", io.BytesIO(bytes(11)), max_bytes=10)
    assert files(root) == []


def test_exactly_the_largest_size_is_stored(store: LocalFolder) -> None:
    assert store.put("a.txt", io.BytesIO(bytes(10)), max_bytes=10).size_bytes == 10


def test_too_large_leaves_the_former_version(store: LocalFolder) -> None:
    put(store, "a.txt", b"old")
    with pytest.raises(ObjectStoreError):
        store.put("a.txt", io.BytesIO(bytes(11)), max_bytes=10)
    with store.local_copy("a.txt") as path:
        assert path.read_bytes() == b"old"


def test_the_same_bytes_again_leave_the_object_untouched(store: LocalFolder) -> None:
    first = store.put("a.txt", io.BytesIO(b"same"), max_bytes=LARGE)
    with store.local_copy("a.txt") as path:
        before = path.stat()
    assert store.put("a.txt", io.BytesIO(b"same"), max_bytes=LARGE) == first
    with store.local_copy("a.txt") as path:
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_stream_that_breaks_off_leaves_nothing(store: LocalFolder, root: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(3)

    with pytest.raises(ObjectStoreError, match="Input/output error"):
        store.put("a.txt", Broken(b"content"), max_bytes=LARGE)
    assert files(root) == []


def test_a_file_copied_into_the_folder_has_the_etag_of_its_bytes(
    store: LocalFolder, root: Path
) -> None:
    (root / "objects" / "by-hand.txt").write_bytes(b"dropped")
    assert [(i.key, i.etag) for i in store.list_objects()] == [("by-hand.txt", md5(b"dropped"))]


def test_a_file_copied_over_an_object_has_the_etag_of_its_bytes(
    store: LocalFolder, root: Path, tmp_path: Path
) -> None:
    # `cp -p` keeps the time of the copied file, which may be older than the object.
    older = tmp_path / "older.txt"
    older.write_bytes(b"other")
    os.utime(older, (1_000_000_000, 1_000_000_000))
    put(store, "a.txt", b"first")
    shutil.copy2(older, root / "objects" / "a.txt")
    assert [i.etag for i in store.list_objects()] == [md5(b"other")]


def test_a_file_edited_in_place_has_the_etag_of_its_bytes(store: LocalFolder, root: Path) -> None:
    put(store, "a.txt", b"first")
    (root / "objects" / "a.txt").write_bytes(b"longer")
    assert [i.etag for i in store.list_objects()] == [md5(b"longer")]


def test_a_hidden_file_in_the_folder_is_no_object(store: LocalFolder, root: Path) -> None:
    (root / "objects" / ".git").mkdir()
    (root / "objects" / ".git" / "config").write_text("x")
    (root / "objects" / ".DS_Store").write_text("x")
    assert list(store.list_objects()) == []


def test_a_file_whose_name_is_not_usable_is_no_object(store: LocalFolder, root: Path) -> None:
    (root / "objects" / "good.txt").write_text("x")
    (root / "objects" / "a\nb.txt").write_text("x")
    Path(os.fsdecode(os.fsencode(root / "objects") + b"/latin-\xe9.txt")).write_text("x")
    assert [i.key for i in store.list_objects()] == ["good.txt"]


def test_a_link_that_leads_nowhere_is_no_object(store: LocalFolder, root: Path) -> None:
    (root / "objects" / "a.txt").symlink_to(root / "nowhere")
    assert list(store.list_objects()) == []


def test_two_writers_of_one_key_leave_one_whole_version(store: LocalFolder, root: Path) -> None:
    versions = [bytes([letter]) * 300_000 for letter in b"ab"]
    errors: list[KbError] = []
    barrier = threading.Barrier(2)

    def write(content: bytes) -> None:
        barrier.wait()
        for _ in range(30):
            try:
                put(store, "a.bin", content)
            except KbError as error:
                errors.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = (root / "objects" / "a.bin").read_bytes()
    info = store.head("a.bin")
    assert errors == []
    assert stored in versions
    assert info is not None and info.etag == md5(stored)


def test_a_reader_meets_a_whole_version_with_its_etag_while_a_writer_replaces_it(
    store: LocalFolder,
) -> None:
    versions = {md5(bytes([n]) * 50_000) for n in range(2)}
    put(store, "a.bin", bytes(50_000))
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            n = 1 - n
            put(store, "a.bin", bytes([n]) * 50_000)

    writer = threading.Thread(target=write)
    writer.start()
    seen = {info.etag for _ in range(200) for info in store.list_objects()}
    stop.set()
    writer.join()
    assert seen <= versions


def test_an_object_that_goes_while_the_bucket_is_listed_is_left_out(store: LocalFolder) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        put(store, name)
    listing = store.list_objects()
    first = next(listing)
    store.delete("b.txt")
    assert [first.key, *(i.key for i in listing)] == ["a.txt", "c.txt"]


def test_no_space_on_the_disk_is_an_object_store_error(store: LocalFolder) -> None:
    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(ObjectStoreError, match="No space left"):
        store.put("a.txt", Full(), max_bytes=LARGE)


def test_a_folder_that_has_gone_is_an_object_store_error(store: LocalFolder, root: Path) -> None:
    shutil.rmtree(root)
    with pytest.raises(ObjectStoreError):
        put(store, "a.txt")


def test_a_bucket_that_has_gone_is_unreachable_and_not_empty(
    store: LocalFolder, root: Path
) -> None:
    put(store, "a.txt")
    shutil.rmtree(root)
    with pytest.raises(BucketUnreachable, match=r"'kb' can not be reached.*bring it back"):
        list(store.list_objects())
    with pytest.raises(BucketUnreachable), store.local_copy("a.txt"):
        pass


def test_an_object_that_goes_while_it_is_read_is_not_found(store: LocalFolder) -> None:
    put(store, "a.txt")
    with pytest.raises(ResourceNotFound), store.local_copy("a.txt") as path:
        store.delete("a.txt")
        path.read_bytes()


def test_a_bucket_that_goes_while_it_is_read_is_unreachable(store: LocalFolder, root: Path) -> None:
    put(store, "a.txt")
    with pytest.raises(BucketUnreachable), store.local_copy("a.txt") as path:
        shutil.rmtree(root)
        path.read_bytes()


def test_a_file_where_the_bucket_should_be_is_an_object_store_error(root: Path) -> None:
    root.write_text("not a folder")
    with pytest.raises(ObjectStoreError):
        LocalFolder(root, bucket="kb")


def test_a_key_below_an_object_is_an_object_store_error(store: LocalFolder) -> None:
    put(store, "a")
    with pytest.raises(ObjectStoreError):
        put(store, "a/b")
    assert [i.key for i in store.list_objects()] == ["a"]


def test_a_name_is_free_again_after_everything_below_it_is_deleted(store: LocalFolder) -> None:
    put(store, "a/b/c.txt")
    store.delete("a/b/c.txt")
    put(store, "a")
    assert [i.key for i in store.list_objects()] == ["a"]


def test_the_folders_are_closed_to_others(store: LocalFolder, root: Path) -> None:
    put(store, "a/b.txt")
    folders = [p for p in root.rglob("*") if p.is_dir()]
    assert {p.stat().st_mode & 0o077 for p in folders} == {0}
