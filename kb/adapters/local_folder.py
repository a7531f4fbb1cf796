"""A folder that stands for a private bucket. Citations look the same as with S3.

Objects lie under `objects/` by their key; writing goes to a temporary file and is renamed into
place, so an object is there whole or not at all. Beside each lies its etag with the identity of
the file it belongs to, so that a file which somebody copies over an object is noticed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from kb.documents.accepting import check_key, check_size, too_long
from kb.errors import BucketUnreachable, ObjectStoreError, ResourceNotFound
from kb.models import ObjectInfo
from kb.protocols import Progress

log = logging.getLogger(__name__)

#: Linux' limit on one name.
MAX_NAME_BYTES = 255
COPY_BYTES = 1 << 20


class LocalFolder:
    """An ObjectStore on a folder."""

    def __init__(self, root: Path, *, bucket: str) -> None:
        self._objects = root / "objects"
        self._incoming = root / "incoming"
        self._bucket = bucket
        with _disk_errors(f"The bucket '{bucket}' can not be made in {root}"):
            for folder in (self._objects, self._incoming):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def bucket(self) -> str:
        return self._bucket

    def uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def prepare(self) -> None:
        """Nothing: the folder was made when this was opened."""

    def put(
        self, key: str, stream: BinaryIO, *, max_bytes: int, progress: Progress | None = None
    ) -> ObjectInfo:
        """Store the stream whole or not at all; the same bytes again change nothing."""
        path = self._path(key)
        digest = hashlib.md5(usedforsecurity=False)
        with _disk_errors(f"'{key}' can not be stored"), self._incoming_file() as incoming:
            with incoming.open("wb") as target:
                _copy(stream, target, digest, max_bytes, key, progress)
            if (known := self.head(key)) and known.etag == digest.hexdigest():
                return known
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_empty_folders(path)
            info = _info(key, digest.hexdigest(), incoming.stat())
            _remember(path, info.etag, incoming.stat())
            incoming.replace(path)
        return info

    @contextmanager
    def _incoming_file(self) -> Iterator[Path]:
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        os.close(descriptor)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def head(self, key: str) -> ObjectInfo | None:
        path = self._path(key)
        with _disk_errors(f"'{key}' can not be read"):
            return _look(key, path) if path.is_file() else None

    def list_objects(self) -> Iterator[ObjectInfo]:
        with _disk_errors("The bucket can not be listed"):
            for key in sorted(self._names()):
                try:
                    info = self.head(key)
                except ObjectStoreError as error:
                    log.warning("left out: %s", error)
                    continue
                if info:
                    yield info

    def _names(self) -> Iterator[str]:
        self._check_reachable()
        for path in self._objects.rglob("*"):
            name = path.relative_to(self._objects)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                yield name.as_posix()

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        return self._itself(self._path(key), key)

    @contextmanager
    def _itself(self, path: Path, key: str) -> Iterator[Path]:
        # It may go at any moment while somebody reads it.
        gone = ResourceNotFound(f"The bucket has no object '{key}'; upload it first.")
        self._check_reachable()
        if not path.is_file():
            raise gone
        try:
            yield path
        except FileNotFoundError as error:
            self._check_reachable()
            raise gone from error

    def _check_reachable(self) -> None:
        # A folder that is not mounted must not look like an empty bucket.
        if not self._objects.is_dir():
            raise BucketUnreachable(
                f"The bucket '{self._bucket}' can not be reached: its folder "
                f"{self._objects.parent} is gone; bring it back and sync again."
            )

    def url(self, key: str, *, expires_seconds: int = 900) -> str | None:
        """None: a folder has no address for browsers."""

    def delete(self, key: str) -> None:
        path = self._path(key)
        with _disk_errors(f"'{key}' can not be deleted"):
            path.unlink(missing_ok=True)
            _etag_path(path).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        check_key(key)
        parts = key.split("/")
        if max(len(part.encode()) for part in parts) > MAX_NAME_BYTES - len(".etag-"):
            raise too_long(key)
        return self._objects.joinpath(*parts)


@contextmanager
def _disk_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ObjectStoreError(
            f"{what}: {error.strerror or error}; free some space or check the folder."
        ) from error


def _info(key: str, etag: str, stat: os.stat_result) -> ObjectInfo:
    modified = datetime.fromtimestamp(stat.st_mtime, tz=UTC)
    return ObjectInfo(key=key, size_bytes=stat.st_size, etag=etag, last_modified=modified)


def _look(key: str, path: Path) -> ObjectInfo | None:
    """The object as it is at one moment, whoever replaces it meanwhile."""
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            etag = _remembered(path, stat)
            if etag is None:
                etag = hashlib.file_digest(file, "md5").hexdigest()
                _remember(path, etag, stat)
            return _info(key, etag, stat)
    except FileNotFoundError:
        return None


def _copy(
    source: BinaryIO,
    target: BinaryIO,
    digest: hashlib._Hash,
    max_bytes: int,
    key: str,
    progress: Progress | None,
) -> None:
    size = 0
    while block := source.read(COPY_BYTES):
        size += len(block)
        check_size(key, size, max_bytes=max_bytes)
        digest.update(block)
        target.write(block)
        if progress:
            progress(size)


def _etag_path(path: Path) -> Path:
    return path.with_name(f".etag-{path.name}")


def _identity(stat: os.stat_result) -> str:
    return f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns}"


def _remembered(path: Path, stat: os.stat_result) -> str | None:
    """The etag of this very file, if it is known."""
    with suppress(OSError, ValueError):
        etag, identity = _etag_path(path).read_text("ascii").split(" ", 1)
        return etag if identity == _identity(stat) else None
    return None


def _remember(path: Path, etag: str, stat: os.stat_result) -> None:
    # Not being able to only costs hashing the file again.
    with suppress(OSError):
        _etag_path(path).write_text(f"{etag} {_identity(stat)}", "ascii")


def _remove_empty_folders(path: Path) -> None:
    """Clear the name of a folder that only deleted objects have left."""
    if path.is_dir():
        with suppress(OSError):
            for folder in sorted((p for p in path.rglob("*") if p.is_dir()), reverse=True):
                folder.rmdir()
            path.rmdir()
