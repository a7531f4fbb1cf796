"""The commands `check-database` and `prepare-database`."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

from kb.embedding_sql.findings import Finding
from kb.settings import Settings
from kb.wording import counted
from kb.workbench.database_check import check_database, prepare_database


def add_commands(command: Callable[..., Any], as_json: argparse.ArgumentParser) -> None:
    """Add the commands with their options."""
    command(
        "check-database", check, "list what the database lacks, with the SQL that mends it", as_json
    )
    command("prepare-database", prepare, "create what the database lacks, as sql/schema", as_json)


def check(options: argparse.Namespace) -> int:
    """List what is there and what is missing; nothing is changed. 1 when something is missing."""
    return _show(check_database(Settings.load()), as_json=options.json)


def prepare(options: argparse.Namespace) -> int:
    """Create what is missing and list what still is."""
    return _show(prepare_database(Settings.load()), as_json=options.json)


def _show(findings: Sequence[Finding], *, as_json: bool) -> int:
    lacking = [finding for finding in findings if not finding.ok]
    if as_json:
        print(json.dumps([dataclasses.asdict(f) for f in findings], indent=2, ensure_ascii=False))
        return 1 if lacking else 0
    for finding in findings:
        print(f"{'ok     ' if finding.ok else 'MISSING'}  {finding.name}: {finding.found}")
    if lacking:
        print(f"\n{counted(len(lacking), 'thing')} missing. In this order:\n")
        print("\n".join(finding.mend for finding in lacking))
    return 1 if lacking else 0
