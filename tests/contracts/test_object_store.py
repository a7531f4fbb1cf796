"""What every ObjectStore does; a new one is added to `store`."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb.adapters.local_folder import LocalFolder
from kb.errors import ObjectStoreError, ResourceNotFound
from kb.protocols import ObjectStore

LARGE = 1 << 30


@pytest.fixture(params=["local_folder"])
def store(tmp_path: Path) -> ObjectStore:
    return LocalFolder(tmp_path, bucket="kb")


def put(store: ObjectStore, key: str, content: bytes) -> str:
    return store.put(key, io.BytesIO(content), max_bytes=LARGE).etag


def test_a_uri_has_bucket_and_key(store: ObjectStore) -> None:
    assert (store.bucket, store.uri("a/b c.pdf")) == ("kb", "s3://kb/a/b c.pdf")


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
