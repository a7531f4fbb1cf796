"""What every ObjectStore does; a new one is added to `store`."""

from __future__ import annotations

import io
import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from kb.adapters.local_folder import LocalFolder
from kb.adapters.s3 import S3Store
from kb.errors import ObjectStoreError, ResourceNotFound, TooLarge
from kb.protocols import ObjectStore

LARGE = 1 << 30


#: The least that S3 takes for a part, so that objects of several parts are soon made.
PART_BYTES = 5 << 20


@pytest.fixture(params=["local_folder", "s3", "s3_versioned", "s3_prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "local_folder":
        return LocalFolder(tmp_path, bucket="kb-test")
    request.getfixturevalue("aws")
    prefix = "a/prefix" if request.param == "s3_prefix" else ""
    store = S3Store("kb-test", prefix, part_bytes=PART_BYTES)
    store.prepare()
    if request.param == "s3_versioned":
        boto3.client("s3", region_name="eu-central-1").put_bucket_versioning(
            Bucket="kb-test", VersioningConfiguration={"Status": "Enabled"}
        )
    return store


def put(store: ObjectStore, key: str, content: bytes) -> str:
    return store.put(key, io.BytesIO(content), max_bytes=LARGE).etag


def test_a_uri_has_bucket_and_key(store: ObjectStore) -> None:
    assert store.bucket == "kb-test"
    uri = store.uri("a/b c.pdf")
    assert uri.startswith("s3://kb-test/") and uri.endswith("/a/b c.pdf")


def test_put_tells_what_was_stored(store: ObjectStore) -> None:
    info = store.put("a.txt", io.BytesIO(b"content"), max_bytes=LARGE)
    assert (info.key, info.size_bytes) == ("a.txt", 7)
    assert abs(datetime.now(tz=UTC) - info.last_modified) < timedelta(minutes=1)


def test_head_tells_what_put_told(store: ObjectStore) -> None:
    info = store.put("a.txt", io.BytesIO(b"content"), max_bytes=LARGE)
    assert store.head("a.txt") == info


def test_head_of_nothing_is_none(store: ObjectStore) -> None:
    assert store.head("a.txt") is None


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    assert store.put("a.txt", io.BytesIO(), max_bytes=LARGE).size_bytes == 0


def test_other_bytes_have_another_etag(store: ObjectStore) -> None:
    assert put(store, "a.txt", b"one") != put(store, "a.txt", b"two")


def test_the_same_bytes_have_the_same_etag(store: ObjectStore) -> None:
    assert put(store, "a.txt", b"one") == put(store, "a.txt", b"one")


def test_all_objects_are_listed_by_key(store: ObjectStore) -> None:
    for key in ("b.txt", "a/b.txt", "a.txt", "a-b.txt"):
        put(store, key, b"content")
    assert [i.key for i in store.list_objects()] == ["a-b.txt", "a.txt", "a/b.txt", "b.txt"]


def test_a_listed_object_is_what_head_tells(store: ObjectStore) -> None:
    put(store, "a/b.txt", b"content")
    assert list(store.list_objects()) == [store.head("a/b.txt")]


def test_a_local_copy_has_the_bytes(store: ObjectStore) -> None:
    put(store, "a.txt", b"content")
    with store.local_copy("a.txt") as path:
        assert path.read_bytes() == b"content"


def test_a_local_copy_of_nothing_is_not_found(store: ObjectStore) -> None:
    with pytest.raises(ResourceNotFound, match=r"'a\.txt'"), store.local_copy("a.txt"):
        pass


def test_more_than_the_largest_size_is_refused_and_not_stored(store: ObjectStore) -> None:
    with pytest.raises(ObjectStoreError, match=r"'a\.txt' is larger"):
        store.put("a.txt", io.BytesIO(bytes(11)), max_bytes=10)
    assert store.head("a.txt") is None


def test_a_deleted_object_has_gone(store: ObjectStore) -> None:
    put(store, "a.txt", b"content")
    store.delete("a.txt")
    assert (store.head("a.txt"), list(store.list_objects())) == (None, [])


def test_deleting_nothing_is_no_error(store: ObjectStore) -> None:
    store.delete("a.txt")


def test_the_same_bytes_again_change_nothing(store: ObjectStore) -> None:
    first = store.put("a.txt", io.BytesIO(b"content"), max_bytes=LARGE)
    assert store.put("a.txt", io.BytesIO(b"content"), max_bytes=LARGE) == first


def test_a_large_object_comes_back_as_it_was(store: ObjectStore) -> None:
    content = large_content()
    put(store, "a.bin", content)
    with store.local_copy("a.bin") as path:
        assert path.read_bytes() == content


def test_the_same_large_object_has_the_same_etag(store: ObjectStore) -> None:
    content = large_content()
    assert put(store, "a.bin", content) == put(store, "a.bin", content)


def test_the_progress_of_a_large_object_ends_with_its_size(store: ObjectStore) -> None:
    seen: list[int] = []
    content = large_content()
    store.put("a.bin", io.BytesIO(content), max_bytes=LARGE, progress=seen.append)
    assert len(seen) > 1 and seen == sorted(seen) and seen[-1] == len(content)


def test_a_large_object_that_is_too_large_is_not_stored(store: ObjectStore) -> None:
    with pytest.raises(TooLarge):
        store.put("a.bin", io.BytesIO(large_content()), max_bytes=2 * PART_BYTES)
    assert store.head("a.bin") is None


def test_a_stream_that_breaks_off_leaves_the_object_as_it_was(store: ObjectStore) -> None:
    before = put(store, "a.bin", b"content")
    with pytest.raises(SenderGone):
        store.put("a.bin", BrokenStream(large_content()), max_bytes=LARGE)
    found = store.head("a.bin")
    assert found and found.etag == before


def test_the_stream_is_read_by_the_caller_s_own_thread(store: ObjectStore) -> None:
    stream = OwnThread(large_content())
    store.put("a.bin", stream, max_bytes=LARGE)
    assert stream.threads == {threading.get_ident()}


@pytest.mark.parametrize("key", ["", "/a", "a/", "../a", "a/../b", ".hidden", "a\x00b", "a" * 1025])
def test_a_name_that_no_folder_could_keep_is_refused(key: str, store: ObjectStore) -> None:
    with pytest.raises(ObjectStoreError, match=r"rename|shorten"):
        put(store, key, b"content")


def test_preparing_again_changes_nothing(store: ObjectStore) -> None:
    put(store, "a.txt", b"content")
    store.prepare()
    assert store.head("a.txt")


def test_a_key_of_another_alphabet_is_kept(store: ObjectStore) -> None:
    put(store, "Größe/日本 語.txt", b"content")
    assert [i.key for i in store.list_objects()] == ["Größe/日本 語.txt"]


def large_content() -> bytes:
    """Two parts and a half."""
    return random.Random(5).randbytes(PART_BYTES * 5 // 2)


class SenderGone(Exception):
    """As the upload route's ClientDisconnect."""


class BrokenStream(io.BytesIO):
    """Whoever sends it goes away near the end."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 2 * PART_BYTES:
            raise SenderGone
        return super().read(size)


class OwnThread(io.BytesIO):
    """Notes who reads it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.threads: set[int] = set()

    def read(self, size: int | None = -1, /) -> bytes:
        self.threads.add(threading.get_ident())
        return super().read(size)
