"""Copies of objects on this machine, kept for the next page drawn from the same document."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: All copies together; those that were used longest ago go first.
MOST_BYTES = 1 << 30
IN_USE = "in-use-"
#: After so long a copy that is still in use is one that a killed process has left.
ABANDONED_SECONDS = 24 * 3600

#: Writes a file, and tells whether it is the version that was asked for.
Fetch = Callable[[Path], bool]


class Copies:
    """A folder of copies that any number of processes may share; without one nothing is kept."""

    def __init__(self, folder: Path | None, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    @contextmanager
    def copy(self, version: str, suffix: str, fetch: Fetch) -> Iterator[Path]:
        """A file with what `fetch` writes for this version, for as long as the context lasts.

        Raises OSError when there is no room.
        """
        if self._folder:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=IN_USE) as own:
            path = Path(own) / f"object{suffix}"
            if self._folder:
                self._bring(self._folder, version, path, fetch)
            else:
                fetch(path)
            yield path

    def _bring(self, folder: Path, version: str, path: Path, fetch: Fetch) -> None:
        kept = folder / hashlib.sha256(version.encode()).hexdigest()
        try:
            # A link of one's own stays, whoever makes room meanwhile.
            os.link(kept, path)
            os.utime(path)
        except FileNotFoundError:
            if fetch(path):
                with suppress(FileExistsError):
                    os.link(path, kept)
            self._make_room(folder)

    def _make_room(self, folder: Path) -> None:
        found = []
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                known = path.stat()
                if path.is_file():
                    found.append((known.st_mtime, known.st_size, path))
                elif time.time() - known.st_mtime > ABANDONED_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._most_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size
