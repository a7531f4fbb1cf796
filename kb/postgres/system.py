"""What the launcher needs of the operating system: a user, private folders, locks, space.

Knows nothing of PostgreSQL but that it refuses to run as root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kb.errors import ServerError

#: All that a program sees of the user's environment: PGDATA, PGHOST and friends stay out, and
#: the locale is the same for everyone.
CLEAN_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """The system user that the server runs as."""

    name: str
    uid: int
    gid: int

    def as_user(self) -> dict[str, Any]:
        """Arguments with which `subprocess.run` becomes this user, in an environment of its own."""
        options: dict[str, Any] = {"cwd": "/", "env": CLEAN_ENVIRONMENT, "start_new_session": True}
        if self.uid != os.geteuid():
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options


def server_user(os_user: str) -> ServerUser:
    """Return who runs the server: ourselves, or `os_user`, made when missing, when we are root."""
    if os.geteuid() != 0:
        return ServerUser(name=f"user {os.geteuid()}", uid=os.geteuid(), gid=os.getegid())
    import pwd  # Not on Windows, where this module must still load.

    try:
        entry = pwd.getpwnam(os_user)
    except KeyError:
        problem = _add_user(os_user)
        try:
            # Also when useradd failed: another process may have been faster.
            entry = pwd.getpwnam(os_user)
        except KeyError:
            raise ServerError(
                f"PostgreSQL does not run as root and the system user {os_user} can not be made "
                f"({problem}); start the app as an ordinary user or set KB_DATABASE_URL."
            ) from None
    return ServerUser(name=os_user, uid=entry.pw_uid, gid=entry.pw_gid)


def _add_user(name: str) -> str:
    """Make a system user; return what went wrong, if anything."""
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name]
    # useradd is in sbin, which is not on every PATH.
    environment = CLEAN_ENVIRONMENT | {"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    except OSError as error:
        return f"useradd: {error.strerror}"
    return done.stderr.strip().rpartition("\n")[2]


def check_can_enter(folder: Path, user: ServerUser) -> None:
    """Raise ServerError, naming the closed folder, unless `user` can enter `folder`."""
    if _can_enter(folder, user):
        return
    outermost_first = (*reversed(folder.parents), folder)
    closed = next((path for path in outermost_first if not _can_enter(path, user)), folder)
    raise ServerError(
        f"PostgreSQL runs as the system user {user.name}, which can not enter {closed}; "
        "set KB_DATA_DIR to a folder that it can enter, such as /var/lib/kb-workbench."
    )


def _can_enter(folder: Path, user: ServerUser) -> bool:
    command = ["/bin/sh", "-c", 'cd -- "$0"', str(folder)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, **user.as_user()).returncode == 0


def private_folder(path: Path, user: ServerUser) -> None:
    """Make `path` a folder that only `user` (and root) can enter.

    Raises ServerError when it belongs to somebody else, or is a link, as it might in a shared
    temp folder.
    """
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise ServerError(f"{path} is not a folder of {user.name}; remove it.") from error
    try:
        owner = os.fstat(folder).st_uid
        if owner not in (user.uid, os.geteuid()):
            raise ServerError(
                f"{path} belongs to user {owner} and not to {user.name}; start the app as its "
                "owner or set KB_DATA_DIR to another folder."
            )
        os.fchown(folder, user.uid, user.gid)
        os.fchmod(folder, 0o700)
    finally:
        os.close(folder)


def check_platform() -> None:
    """Raise ServerError on Windows, which has neither these locks nor these users."""
    if find_spec("fcntl") is None:
        raise ServerError(
            "The embedded PostgreSQL needs Linux or macOS; set KB_DATABASE_URL to the address of "
            "a PostgreSQL with pgvector."
        )


def check_space(folder: Path, needed_bytes: int) -> None:
    """Raise ServerError unless `needed_bytes` are free where `folder` is."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise ServerError(
            f"Only {free_bytes // 1024**2} MB are free in {folder} and PostgreSQL needs "
            f"{needed_bytes // 1024**2} MB; free some or set KB_DATA_DIR to another disk."
        )


@contextmanager
def kernel_lock(path: Path, *, wait: bool = True) -> Iterator[int | None]:
    """Hold the file's lock; gives its descriptor, or None when it is taken and we do not wait.

    The file is never unlocked, only closed: a child that got the descriptor keeps the lock.
    """
    import fcntl  # Not on Windows, where this module must still load.

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    held = False
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            held = True
        yield descriptor if held else None
    finally:
        os.close(descriptor)
