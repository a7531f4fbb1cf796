"""Stacks of CloudFormation: planned as change sets, executed, followed, deleted."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from kb.adapters import aws
from kb.errors import AwsError, ResourceNotFound
from kb.models.infrastructure import PlannedChange, StackEvent, StackPlan, StackState

RETRIES = Config(
    connect_timeout=aws.CONNECT_SECONDS, retries={"mode": "standard", "total_max_attempts": 5}
)
POLL_SECONDS = 3.0
CAPABILITIES = ["CAPABILITY_IAM"]
NO_CHANGES = ("didn't contain changes", "no updates are to be performed")
#: States in which a stack takes no change set.
DEAD = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")


class Stack:
    """One stack by its name."""

    def __init__(self, name: str, *, poll_seconds: float = POLL_SECONDS) -> None:
        """Raises SettingsError when there is no region."""
        self.name = name
        self._poll_seconds = poll_seconds
        self._client = aws.open_client("cloudformation", "CloudFormation is asked", config=RETRIES)

    @property
    def region(self) -> str:
        """Where the stack is."""
        return str(self._client.meta.region_name)

    def state(self, stack_id: str | None = None) -> StackState | None:
        """Where it stands, or None when there is none; a deleted one is found by its id only."""
        with _errors("The stack can not be looked up", "cloudformation:DescribeStacks"):
            try:
                found = self._client.describe_stacks(StackName=stack_id or self.name)["Stacks"][0]
            except ClientError as error:
                if "does not exist" in aws.said(error):
                    return None
                raise
        outputs = found.get("Outputs", [])
        return StackState(
            stack_id=found["StackId"],
            status=found["StackStatus"],
            outputs={o["OutputKey"]: o["OutputValue"] for o in outputs},
            purposes={o["OutputKey"]: o.get("Description", "") for o in outputs},
        )

    def plan(self, template: str, parameters: Mapping[str, str]) -> StackPlan | None:
        """What the template would change, or None when it is nothing."""
        state = self.state()
        if state and state.status in DEAD:
            raise AwsError(
                f"The stack {self.name} is {state.status}, which takes no changes; run "
                f"`python -m kb aws down --yes {self.name}` first."
            )
        is_new = state is None or state.status == "REVIEW_IN_PROGRESS"
        with _errors("The change can not be planned", "cloudformation:CreateChangeSet"):
            created = self._client.create_change_set(
                StackName=self.name,
                ChangeSetName=f"kb-{uuid.uuid4().hex[:12]}",
                ChangeSetType="CREATE" if is_new else "UPDATE",
                TemplateBody=template,
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in parameters.items()
                ],
                Capabilities=CAPABILITIES,
                # What failed is mended and gone on with; nothing that was made is thrown away.
                OnStackFailure="DO_NOTHING",
                Tags=[{"Key": "made-by", "Value": "kb-workbench"}],
            )
            return self._planned(created["Id"])

    def _planned(self, change_set_id: str) -> StackPlan | None:
        found = self._wait_for_change_set(change_set_id)
        if found["Status"] == "FAILED":
            reason = str(found.get("StatusReason", ""))
            self._client.delete_change_set(ChangeSetName=change_set_id)
            if any(words in reason.lower() for words in NO_CHANGES):
                return None
            raise AwsError(f"CloudFormation can not plan the stack: {reason}")
        pages = self._client.get_paginator("describe_change_set").paginate(
            ChangeSetName=change_set_id, StackName=self.name
        )
        changes = [
            _change(item["ResourceChange"]) for page in pages for item in page.get("Changes", ())
        ]
        return StackPlan(stack_name=self.name, change_set_id=change_set_id, changes=tuple(changes))

    def _wait_for_change_set(self, change_set_id: str) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = self._client.describe_change_set(
                ChangeSetName=change_set_id, StackName=self.name
            )
            if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return found
            threading.Event().wait(self._poll_seconds)

    def forget(self, plan: StackPlan) -> None:
        """Take the plan back; a stack that was only planned goes with it."""
        with _errors("The plan can not be taken back", "cloudformation:DeleteChangeSet"):
            self._client.delete_change_set(ChangeSetName=plan.change_set_id, StackName=self.name)
            state = self.state()
            if state and state.status == "REVIEW_IN_PROGRESS":
                self._client.delete_stack(StackName=self.name)

    def execute(self, plan: StackPlan) -> Iterator[StackEvent]:
        """Do what was planned and yield what becomes of each resource, to the end."""
        seen = set(self._event_ids())
        with _errors("The change can not be made", "cloudformation:ExecuteChangeSet"):
            self._client.execute_change_set(ChangeSetName=plan.change_set_id, StackName=self.name)
        yield from self.follow(seen)

    def follow(self, seen: set[str] | None = None) -> Iterator[StackEvent]:
        """Yield events until CloudFormation is done. Raises AwsError when that is a failure."""
        state = self.state()
        if state is None:
            raise ResourceNotFound(f"There is no stack {self.name} in {self.region}.")
        seen, failed = seen or set(), ""
        while True:
            # The state first, so that no event after the last look is missed.
            state = self.state(state.stack_id)
            for event in self._events(state.stack_id if state else self.name, seen):
                if event.status.endswith("_FAILED") and not failed:
                    failed = f"{event.logical_id}: {event.reason}"
                yield event
            if state is None or not state.is_under_way:
                break
            threading.Event().wait(self._poll_seconds)
        status = state.status if state else "DELETE_COMPLETE"
        if status.endswith("_FAILED") or "ROLLBACK" in status:
            raise AwsError(f"The stack {self.name} ended as {status}; mend this first: {failed}")

    def delete(self) -> Iterator[StackEvent]:
        """Delete what the stack has made and yield what becomes of each resource."""
        state = self.state()
        if state is None:
            return
        seen = set(self._event_ids())
        with _errors("The stack can not be deleted", "cloudformation:DeleteStack"):
            self._client.delete_stack(StackName=state.stack_id)
        yield from self._follow_deletion(state, seen)

    def _follow_deletion(self, state: StackState, seen: set[str]) -> Iterator[StackEvent]:
        now: StackState | None = state
        while now and now.status != "DELETE_COMPLETE":
            now = self.state(state.stack_id)
            yield from self._events(state.stack_id, seen)
            if now and now.status == "DELETE_FAILED":
                raise AwsError(
                    f"Something of the stack {self.name} could not be deleted; see above, mend it "
                    "and run this again."
                )
            if now and now.is_under_way:
                threading.Event().wait(self._poll_seconds)

    def resources(self) -> dict[str, tuple[str, str]]:
        """Type and physical id of what the stack has made, by logical id."""
        with _errors("The stack can not be listed", "cloudformation:ListStackResources"):
            pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
            return {
                item["LogicalResourceId"]: (
                    item["ResourceType"],
                    item.get("PhysicalResourceId", ""),
                )
                for page in pages
                for item in page["StackResourceSummaries"]
            }

    def _event_ids(self) -> list[str]:
        return [event.event_id for event in self._events(self.name, set())]

    def _events(self, stack: str, seen: set[str]) -> list[StackEvent]:
        """Those that were not seen yet, oldest first; they are seen now."""
        try:
            pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack)
            found = [_event(item) for page in pages for item in page["StackEvents"]]
        except ClientError as error:
            if "does not exist" in aws.said(error):
                return []
            raise
        new = [event for event in reversed(found) if event.event_id not in seen]
        seen.update(event.event_id for event in new)
        return new


def _change(given: Mapping[str, Any]) -> PlannedChange:
    return PlannedChange(
        action=given["Action"],
        logical_id=given["LogicalResourceId"],
        resource_type=given.get("ResourceType", ""),
        replacement=given.get("Replacement") == "True",
    )


def _event(given: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        event_id=given["EventId"],
        logical_id=given["LogicalResourceId"],
        resource_type=given.get("ResourceType", ""),
        status=given.get("ResourceStatus", ""),
        reason=given.get("ResourceStatusReason", ""),
    )


@contextmanager
def _errors(what: str, action: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if aws.code(error) in aws.DENIED:
            raise AwsError(
                f"{what}: AWS denies access ({aws.said(error)}); allow {action}, or give "
                "infra/workbench.yaml to somebody who may run it."
            ) from error
        raise AwsError(f"{what}: {aws.sentence(error, 'AWS')}") from error
    except BotoCoreError as error:
        raise AwsError(f"{what}: {aws.sentence(error, 'AWS')}") from error
