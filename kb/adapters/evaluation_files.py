"""Question sets and runs as files of the data folder, each there whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kb.errors import ObjectStoreError, ResourceNotFound, ValidationError

#: So that no name leaves the folder, hides in it, or needs quoting.
NAME = re.compile(r"[\w()+-][\w .()+-]{0,119}")


class EvaluationFiles:
    """Files of one folder by name, with one of the given suffixes."""

    def __init__(self, folder: Path, suffixes: Sequence[str]) -> None:
        """The folder need not exist."""
        self._folder = folder
        self._suffixes = tuple(suffixes)

    def names(self) -> list[str]:
        """Names of the files, in alphabetical order; a name that would not be taken is left out."""
        with _disk_errors(self._folder):
            found = self._folder.iterdir() if self._folder.is_dir() else ()
            return sorted(
                path.name
                for path in found
                if path.suffix in self._suffixes and NAME.fullmatch(path.name) and path.is_file()
            )

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises ResourceNotFound when there is none."""
        path = self._path(name)
        with _disk_errors(path):
            try:
                return path.read_bytes()
            except FileNotFoundError as error:
                raise ResourceNotFound(f"There is no '{name}' any more; choose another.") from error

    def write(self, name: str, data: bytes) -> None:
        """Store a file in place of one of the same name."""
        path = self._path(name)
        with _disk_errors(path):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, incoming = tempfile.mkstemp(dir=self._folder, suffix=".incoming")
            try:
                with os.fdopen(descriptor, "wb") as target:
                    target.write(data)
                Path(incoming).replace(path)
            finally:
                Path(incoming).unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        path = self._path(name)
        with _disk_errors(path):
            path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name) or not name.endswith(self._suffixes):
            raise ValidationError(
                f"'{name}' can not be a name; use letters, digits, blanks, dots and hyphens, "
                f"and end it in {' or '.join(self._suffixes)}."
            )
        return self._folder / name


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise ObjectStoreError(f"{path.name} can not be used: {reason}.") from error
