"""Nouns of set-up and clean-up on AWS, in CloudFormation's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """One resource that a change set would add, modify or remove."""

    #: Add, Modify or Remove.
    action: str
    logical_id: str
    resource_type: str
    #: Whether a modified resource is made anew, and what is in the old one is lost.
    replacement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """What a change set would do; nothing is made before it is executed."""

    stack_name: str
    change_set_id: str
    changes: tuple[PlannedChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEvent:
    """What became of one resource."""

    event_id: str
    logical_id: str
    resource_type: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """Where a stack stands."""

    stack_id: str
    status: str
    #: Values by the name of the output.
    outputs: Mapping[str, str] = field(default_factory=dict)
    #: What each output is for; those that are settings have the variable's name.
    purposes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_under_way(self) -> bool:
        """Whether CloudFormation works on it now."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def settings(self) -> dict[str, str]:
        """The workbench's settings for what the stack has made, by variable."""
        return {
            purpose: self.outputs[name]
            for name, purpose in self.purposes.items()
            if purpose.startswith("KB_")
        }
