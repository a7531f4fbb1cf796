"""The command `upload`: files and folders into the data source, straight from the disk."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb import terminal
from kb.documents.accepting import check_upload
from kb.errors import KbError, ObjectStoreError, UnsupportedFormat
from kb.models import ObjectInfo
from kb.protocols import Progress
from kb.workbench import Workbench, open_workbench

#: Smaller files are stored before a bar could be read.
BAR_FROM_BYTES = 5_000_000


def upload(options: argparse.Namespace) -> int:
    """Store files in the data source; what is refused does not stop the others."""
    files = [file for path in options.paths for file in _files(path)]
    refused = 0
    with open_workbench() as bench:
        for key, path in files:
            try:
                info = _upload(bench, key, path)
            except (ObjectStoreError, UnsupportedFormat) as error:
                refused += 1
                print(_sentence(key, error), file=sys.stderr)
                continue
            print(f"{bench.data_source.uri}/{info.key}  {terminal.size(info.size_bytes)}")
    return 1 if refused else 0


def _upload(bench: Workbench, key: str, path: Path) -> ObjectInfo:
    try:
        size_bytes = path.stat().st_size
        check_upload(key, size_bytes, max_bytes=bench.settings.max_document_bytes)
        with path.open("rb") as stream, _bar(key, size_bytes) as progress:
            return bench.data_source.upload(key, stream, progress)
    except OSError as error:
        raise ObjectStoreError(
            f"'{path}' can not be read: {error.strerror}; check its permissions."
        ) from error


@contextmanager
def _bar(key: str, size_bytes: int) -> Iterator[Progress | None]:
    """What draws how far a large file has come, if somebody sees it."""
    if size_bytes < BAR_FROM_BYTES or not sys.stderr.isatty():
        yield None
        return
    bar = _ByteBar(key, size_bytes)
    try:
        yield bar.show
    finally:
        bar.clear()


class _ByteBar:
    """One line on stderr, for a terminal, that follows a file on its way."""

    def __init__(self, name: str, size_bytes: int) -> None:
        self._name = name
        self._size_bytes = size_bytes
        self._start = time.monotonic()

    def show(self, done_bytes: int) -> None:
        """Draw how many bytes have gone."""
        rate = done_bytes / max(0.1, time.monotonic() - self._start)
        share = done_bytes / self._size_bytes if self._size_bytes else 1.0
        terminal.redraw(
            f"{terminal.bar(share)} {self._name}  "
            f"{terminal.size(done_bytes)}  {terminal.size(int(rate))}/s"
        )

    def clear(self) -> None:
        """Leave an empty line for what comes next."""
        terminal.redraw("")
        print("\r", end="", file=sys.stderr, flush=True)


def _sentence(key: str, error: KbError) -> str:
    """The other sentences name the document themselves."""
    return f"{key!r}: {error}" if isinstance(error, UnsupportedFormat) else str(error)


def _files(path: Path) -> list[tuple[str, Path]]:
    """The key and path of a file, or of all files below a folder."""
    if path.is_file():
        return [(path.name, path)]
    if path.is_dir():
        found = [file for file in sorted(path.rglob("*")) if file.is_file()]
        return [
            (file.relative_to(path).as_posix(), file)
            for file in found
            if not any(part.startswith(".") for part in file.relative_to(path).parts)
        ]
    raise ObjectStoreError(f"There is no file '{path}'; check the name.")
