"""What the documents say of settings, commands, pages and files is what the code has."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from kb.settings import Settings, variable
from tests.update_cli_docs import documented, help_texts

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
#: A row of the settings table: variable, meaning, default.
SETTING = re.compile(r"^\| `(KB_[A-Z_]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)
#: A link to a file of the checkout.
LINK = re.compile(r"\]\((?!https?://)([^)#]+)\)")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "sql" / "README.md"])


def test_the_readme_s_table_has_every_setting_with_its_meaning() -> None:
    rows = {name: about for name, about, _default in SETTING.findall(README.read_text("utf-8"))}
    assert rows == {variable(f.name): f.metadata["about"] for f in fields(Settings)}


def test_the_readme_s_table_has_the_default_of_every_number() -> None:
    shown = {name: default for name, _about, default in SETTING.findall(README.read_text("utf-8"))}
    numbers = {
        variable(f.name): str(f.default)
        for f in fields(Settings)
        if isinstance(f.default, (int, float))
    }
    assert {name: shown[name].replace(",", "") for name in numbers} == numbers


@pytest.mark.parametrize("page", sorted((ROOT / "pages").glob("*.py")), ids=lambda page: page.name)
def test_the_readme_speaks_of_every_page(page: Path) -> None:
    assert f"`pages/{page.name}`" in README.read_text("utf-8")


def test_the_command_reference_has_every_command_s_help_text() -> None:
    # python -m tests.update_cli_docs writes them anew.
    assert documented() == help_texts()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    targets = LINK.findall(document.read_text("utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_make_target_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)", README.read_text("utf-8")))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert named and named <= targets
