"""Writes the help text of each command into docs/cli.md: `python -m tests.update_cli_docs`.

The file is written by hand but for the block below each command's heading.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from kb.cli import parser

CLI_DOCS = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
#: The width that argparse is asked for.
COLUMNS = "100"
#: A command's heading, and the first block below it.
SECTION = re.compile(r"^## `(?P<name>[a-z-]+)`\n\n```\n(?P<help>.*?)```$", re.DOTALL | re.MULTILINE)


def help_texts() -> dict[str, str]:
    """Each command with what `--help` prints for it."""
    os.environ["COLUMNS"] = COLUMNS
    commands = next(
        action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    # Those without a line in the list are started by others only.
    listed = [action.dest for action in commands._choices_actions]
    return {name: commands.choices[name].format_help() for name in listed}


def documented() -> dict[str, str]:
    """Each command's block as docs/cli.md has it."""
    text = CLI_DOCS.read_text(encoding="utf-8")
    return {match["name"]: match["help"] for match in SECTION.finditer(text)}


def updated(text: str) -> str:
    """The document with today's help texts; a command without a section gets one at the end."""
    helps = help_texts()

    def section(match: re.Match[str]) -> str:
        return _section(match["name"], helps.pop(match["name"], match["help"]))

    text = SECTION.sub(section, text)
    return text + "".join(f"\n{_section(name, shown)}\n" for name, shown in helps.items())


def _section(name: str, shown: str) -> str:
    return f"## `{name}`\n\n```\n{shown}```"


if __name__ == "__main__":
    CLI_DOCS.write_text(updated(CLI_DOCS.read_text(encoding="utf-8")), encoding="utf-8")
