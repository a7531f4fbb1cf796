"""What values of settings may be: each function takes what was written and gives what is used.

They raise ValueError with the rest of a sentence, after `KB_X has a value that does not fit:`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

#: S3's own rule; it also keeps the bucket's folder inside the data folder.
BUCKET_NAME = re.compile(r"[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9]")
#: One of the parts between the slashes of a prefix; `.` and `..` are none.
PREFIX_PART = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._=+-]+")
S3 = "s3://"
#: The certificates that the operating system trusts, as libpq names them.
SYSTEM = "system"


def whole_number(low: int, high: int) -> Any:
    """A converter to whole numbers between these two."""

    def convert(value: Any) -> int:
        # By way of text: int() would cut 8.5 to 8 and take true for 1.
        written = str(value)
        if not written.isdecimal() or not low <= int(written) <= high:
            raise ValueError(f"it must be a whole number between {low} and {high}")
        return int(written)

    return convert


def share(value: Any) -> float:
    """A number between 0 and 1."""
    try:
        number = float(str(value))
    except ValueError:
        number = -1
    if not 0 <= number <= 1:
        raise ValueError("it must be a number between 0 and 1")
    return number


def seconds(value: Any) -> float:
    """Seconds, with a fraction if need be."""
    try:
        number = float(str(value))
    except ValueError:
        number = -1
    if not 0.1 <= number <= 60:
        raise ValueError("it must be a number of seconds between 0.1 and 60")
    return number


def bucket(value: Any) -> str:
    """A bucket's name, or `s3://name/prefix` without a slash at its end."""
    given = str(value)
    name, _, prefix = given.removeprefix(S3).rstrip("/").partition("/")
    if not BUCKET_NAME.fullmatch(name):
        raise ValueError("use 3 to 63 lower-case letters, digits, dots and hyphens, as S3 does")
    if not given.startswith(S3):
        if prefix:
            raise ValueError("a prefix belongs to a bucket of S3's, as in s3://bucket/prefix")
        return name
    if not all(map(PREFIX_PART.fullmatch, prefix.split("/") if prefix else ())):
        raise ValueError(
            "use letters, digits and . _ - = + in the prefix, parted by single slashes"
        )
    return f"{S3}{name}/{prefix}" if prefix else f"{S3}{name}"


def bundle(value: Any) -> str:
    """A file with certificates, or `system`."""
    return SYSTEM if value == SYSTEM else str(folder(value))


def folder(value: Any) -> Path:
    """A whole path; `~` is the home folder."""
    return Path(str(value)).expanduser().absolute()
