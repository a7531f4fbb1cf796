"""Set-up and clean-up on AWS: one stack of CloudFormation from infra/workbench.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import BucketUnreachable, ResourceNotFound, ValidationError
from kb.models.infrastructure import PlannedChange, StackEvent, StackPlan, StackState

if TYPE_CHECKING:
    from kb.adapters.cloudformation import Stack

TEMPLATE = Path(__file__).resolve().parents[2] / "infra" / "workbench.yaml"
BUCKET = "AWS::S3::Bucket"
#: What costs money, and by what; AWS' pages have the prices.
COSTS = {
    "AWS::EC2::VPCEndpoint": "by the hour in each zone, and by traffic",
    "AWS::RDS::DBCluster": "by storage, and by requests unless it is I/O-Optimized",
    "AWS::RDS::DBInstance": "by capacity units and time, while it is awake",
    BUCKET: "by storage and requests",
    "AWS::SecretsManager::Secret": "by the month",
}


class Infrastructure:
    """What one stack of this name has made, or would make."""

    def __init__(self, stack: Stack, template: Path = TEMPLATE) -> None:
        self._stack = stack
        self._template = template

    @classmethod
    def named(cls, name: str) -> Infrastructure:
        """By the stack's name. Raises SettingsError when there is no region."""
        # boto3 takes a fifth of a second to import, in every command.
        from kb.adapters.cloudformation import Stack

        return cls(Stack(name))

    @property
    def region(self) -> str:
        """Where the stack is."""
        return self._stack.region

    def state(self) -> StackState | None:
        """Where the stack stands; None when there is none."""
        return self._stack.state()

    def plan(self, parameters: Mapping[str, str]) -> StackPlan | None:
        """What `up` would do, or None for nothing; afterwards all is as before."""
        plan = self._prepared(parameters)
        if plan:
            self._stack.forget(plan)
        return plan

    def up(self, parameters: Mapping[str, str]) -> Iterator[PlannedChange | StackEvent]:
        """Yield what will be done, do it, and yield what becomes of it; goes on where it was."""
        state = self._stack.state()
        if state and state.is_under_way:
            yield from self._stack.follow()
            return
        plan = self._prepared(parameters)
        if plan:
            yield from plan.changes
            yield from self._stack.execute(plan)

    def _prepared(self, parameters: Mapping[str, str]) -> StackPlan | None:
        return self._stack.plan(self._template.read_text("utf-8"), parameters)

    def resources(self) -> dict[str, tuple[str, str]]:
        """What `down` would delete: type and id by logical id."""
        if self._stack.state() is None:
            raise ResourceNotFound(
                f"There is no stack {self._stack.name} in {self.region}; check its name, "
                "AWS_REGION and the account."
            )
        return self._stack.resources()

    def down(self, confirmed_name: str) -> Iterator[StackEvent]:
        """Empty the stack's buckets, delete the stack, and yield what becomes of each resource.

        Raises ValidationError unless its name is given once more.
        """
        if confirmed_name != self._stack.name:
            raise ValidationError(
                f"This deletes the documents and the database; to mean it, write "
                f"--yes {self._stack.name}."
            )
        from kb.adapters.s3 import S3Store

        for kind, physical_id in self.resources().values():
            if kind == BUCKET and physical_id:
                # Gone when this goes on with a clean-up that had begun.
                with suppress(BucketUnreachable):
                    S3Store(physical_id).empty()
        yield from self._stack.delete()
