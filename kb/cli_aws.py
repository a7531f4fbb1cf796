"""The commands `aws plan`, `aws up` and `aws down`: set-up and clean-up on AWS."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from kb import terminal
from kb.errors import ValidationError
from kb.models.infrastructure import PlannedChange, StackEvent
from kb.workbench.infrastructure import COSTS, TEMPLATE, Infrastructure

STACK = "kb-workbench"


def add_commands(command: Callable[..., Any], as_json: argparse.ArgumentParser) -> None:
    """Add the command with its own."""
    about = "make what the workbench needs on AWS, or remove it again"
    actions = command("aws", lambda _options: 2, about).add_subparsers(
        required=True, metavar="ACTION"
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--stack", default=STACK, metavar="NAME", help=f"the stack ({STACK})")
    changing = argparse.ArgumentParser(add_help=False)
    changing.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of infra/workbench.yaml; may be repeated",
    )
    for name, run, told, parents in (
        ("plan", plan, "show what would be made and what costs money", [common, changing, as_json]),
        ("up", up, "make it, or go on with it", [common, changing]),
        ("down", down, "show what would be deleted; with --yes delete it", [common]),
    ):
        added = actions.add_parser(name, help=told, description=told, parents=parents)
        added.set_defaults(command=run)
        if name == "down":
            added.add_argument("--yes", metavar="NAME", help="the stack's name once more")


def plan(options: argparse.Namespace) -> int:
    """Show what `up` would do; nothing is made."""
    infrastructure = Infrastructure.named(options.stack)
    found = infrastructure.plan(_parameters(options))
    changes = found.changes if found else ()
    if options.json:
        print(json.dumps([_json(change) for change in changes], indent=2))
        return 0
    _show_changes(changes)
    if changes:
        print(f"\nPolicies and all else: {TEMPLATE}. Nothing was made in {infrastructure.region}.")
    return 0


def up(options: argparse.Namespace) -> int:
    """Make what is missing and print the settings for it."""
    infrastructure = Infrastructure.named(options.stack)
    for step in infrastructure.up(_parameters(options)):
        print(_line(step), flush=True)
    state = infrastructure.state()
    if state:
        print(f"\n{options.stack} is {state.status}. Settings for it:\n")
        print("\n".join(f"export {name}={value}" for name, value in state.settings.items()))
        print("\nThen, from a machine in the network: python -m kb prepare-database")
    return 0


def down(options: argparse.Namespace) -> int:
    """Show what would be deleted or, confirmed by name, delete it."""
    infrastructure = Infrastructure.named(options.stack)
    if options.yes is None:
        found = infrastructure.resources()
        rows = [(name, kind, identifier) for name, (kind, identifier) in found.items()]
        terminal.table(("resource", "type", "id"), rows)
        print(
            f"\nNothing was deleted. `python -m kb aws down --stack {options.stack} --yes "
            f"{options.stack}` deletes these, with all documents and the database."
        )
        return 0
    left = []
    for event in infrastructure.down(options.yes):
        print(_line(event), flush=True)
        if event.status == "DELETE_SKIPPED":
            left.append(event.logical_id)
    print(f"\n{options.stack} is deleted. Left over: {', '.join(left) if left else 'nothing'}.")
    return 0


def _show_changes(changes: tuple[PlannedChange, ...]) -> None:
    if not changes:
        print("Nothing to do: everything is as the template says.")
        return
    rows = [
        (
            c.action + (" (replaced)" if c.replacement else ""),
            c.logical_id,
            c.resource_type,
            COSTS.get(c.resource_type, ""),
        )
        for c in changes
    ]
    terminal.table(("action", "resource", "type", "costs money"), rows)


def _line(step: PlannedChange | StackEvent) -> str:
    if isinstance(step, PlannedChange):
        return f"{step.action:8} {step.logical_id}  {step.resource_type}"
    reason = f"  {step.reason}" if step.reason else ""
    return f"{step.status:22} {step.logical_id}{reason}"


def _json(change: PlannedChange) -> dict[str, Any]:
    return {
        "action": change.action,
        "logicalId": change.logical_id,
        "resourceType": change.resource_type,
        "replacement": change.replacement,
        "costs": COSTS.get(change.resource_type),
    }


def _parameters(options: argparse.Namespace) -> dict[str, str]:
    pairs = [given.partition("=") for given in options.parameter]
    if any(not (name and sign) for name, sign, _ in pairs):
        raise ValidationError("Write parameters as NAME=VALUE, such as MaxCapacity=8.")
    return {name: value for name, _, value in pairs}
