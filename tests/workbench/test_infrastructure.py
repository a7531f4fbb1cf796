"""Set-up and clean-up: the template by cfn-lint and by its words, the commands over moto.

moto makes neither clusters of Aurora nor bucket policies from templates, so the commands run with
the real template less these.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.decode import decode

from kb.adapters.cloudformation import Stack
from kb.adapters.s3 import S3Store
from kb.cli import main
from kb.errors import AwsError, ResourceNotFound, ValidationError
from kb.models.infrastructure import PlannedChange, StackEvent
from kb.workbench import infrastructure
from kb.workbench.infrastructure import COSTS, TEMPLATE, Infrastructure
from tests.moto_server import AwsServer, Fault

#: What moto does not make, and what refers to it.
BEYOND_MOTO = (
    *("DocumentsPolicy", "Cluster", "Writer"),
    *("BedrockRuntimeEndpoint", "BedrockUserSecret"),
)
ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
    "</Error></ErrorResponse>"
)


def whole() -> Any:
    """The template in JSON's terms."""
    template, problems = decode(str(TEMPLATE))
    assert not problems
    return json.loads(json.dumps(template, default=str))


def beyond(part: Any) -> bool:
    """Whether it refers to what moto does not make."""
    return any(name in json.dumps(part) for name in BEYOND_MOTO)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as far as moto goes."""
    found = whole()
    for name in BEYOND_MOTO:
        del found["Resources"][name]
    role = found["Resources"]["KnowledgeBaseRole"]["Properties"]["Policies"][0]
    statements = role["PolicyDocument"]["Statement"]
    statements[:] = [s for s in statements if not beyond(s)]
    found["Outputs"] = {
        name: output for name, output in found["Outputs"].items() if not beyond(output["Value"])
    }
    path = tmp_path_factory.mktemp("infra") / "workbench.json"
    path.write_text(json.dumps(found))
    return path


@pytest.fixture
def stack(aws: AwsServer, template: Path) -> Infrastructure:
    """A stack that is not there yet."""
    return Infrastructure(Stack("kb-test", poll_seconds=0.05), template)


def test_cfn_lint_finds_nothing() -> None:
    lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([lint, TEMPLATE], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_bucket_of_the_template_is_private_and_for_tls_only() -> None:
    resources = whole()["Resources"]
    blocks = resources["Documents"]["Properties"]["PublicAccessBlockConfiguration"]
    assert list(blocks.values()) == [True] * 4
    (statement,) = resources["DocumentsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_the_cluster_of_the_template_is_what_bedrock_needs() -> None:
    cluster = whole()["Resources"]["Cluster"]["Properties"]
    assert cluster["EnableHttpEndpoint"] is True
    assert cluster["AssociatedRoles"][0]["FeatureName"] == "Bedrock"
    assert cluster["ManageMasterUserPassword"] is True and cluster["StorageEncrypted"] is True


def test_no_policy_of_the_template_allows_everything() -> None:
    for name, resource in whole()["Resources"].items():
        for policy in resource.get("Properties", {}).get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Resource"] != "*" and "*" not in str(statement["Action"]), name


def test_outputs_that_are_settings_are_settings() -> None:
    from tests.test_docs import README

    named = {output["Description"] for output in whole()["Outputs"].values()}
    settings = {name for name in named if name.startswith("KB_")}
    assert len(settings) >= 5
    assert all(f"`{name}`" in README.read_text("utf-8") for name in settings)


def test_everything_of_the_template_that_costs_money_is_marked() -> None:
    kinds = {resource["Type"] for resource in whole()["Resources"].values()}
    assert set(COSTS) <= kinds


def test_a_plan_makes_nothing(stack: Infrastructure) -> None:
    plan = stack.plan({})
    assert plan and {change.action for change in plan.changes} == {"Add"}
    assert "Documents" in {change.logical_id for change in plan.changes}
    assert boto3.client("s3", region_name="eu-central-1").list_buckets()["Buckets"] == []
    assert stack.state() is None


def test_up_says_what_it_does_before_it_does_it(stack: Infrastructure) -> None:
    steps = list(stack.up({"BucketName": "kb-made"}))
    planned = [step for step in steps if isinstance(step, PlannedChange)]
    assert planned and steps[: len(planned)] == planned
    assert any(isinstance(step, StackEvent) for step in steps)
    state = stack.state()
    assert state and state.status == "CREATE_COMPLETE"


def test_the_settings_are_the_stack_s_outputs(stack: Infrastructure, template: Path) -> None:
    # moto has the outputs of stacks that were made without a change set.
    boto3.client("cloudformation", region_name="eu-central-1").create_stack(
        StackName="kb-test",
        TemplateBody=template.read_text(),
        Parameters=[{"ParameterKey": "BucketName", "ParameterValue": "kb-made"}],
    )
    state = stack.state()
    assert state
    assert state.settings == {"KB_BUCKET": "s3://kb-made", "KB_DATABASE_NAME": "workbench"}


def test_the_bucket_that_was_made_is_one_that_the_store_takes(stack: Infrastructure) -> None:
    list(stack.up({"BucketName": "kb-made"}))
    store = S3Store("kb-made")
    store.prepare()
    store.put("a.txt", io.BytesIO(b"content"), max_bytes=100)


def test_down_deletes_only_when_the_name_is_given_once_more(stack: Infrastructure) -> None:
    list(stack.up({"BucketName": "kb-made"}))
    with pytest.raises(ValidationError, match="--yes kb-test"):
        list(stack.down("yes"))
    assert stack.state()


def test_down_empties_versioned_buckets_and_removes_what_was_made(stack: Infrastructure) -> None:
    list(stack.up({"BucketName": "kb-made"}))
    client = boto3.client("s3", region_name="eu-central-1")
    client.create_bucket(
        Bucket="kb-other", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    client.put_bucket_versioning(Bucket="kb-made", VersioningConfiguration={"Status": "Enabled"})
    for content in (b"one", b"two"):
        client.put_object(Bucket="kb-made", Key="a.txt", Body=content)
    client.delete_object(Bucket="kb-made", Key="a.txt")
    list(stack.down("kb-test"))
    assert [b["Name"] for b in client.list_buckets()["Buckets"]] == ["kb-other"]
    assert stack.state() is None
    iam = boto3.client("iam", region_name="eu-central-1")
    assert iam.list_roles()["Roles"] == []


def test_down_of_nothing_is_not_found(stack: Infrastructure) -> None:
    with pytest.raises(ResourceNotFound, match="no stack kb-test in eu-central-1"):
        list(stack.down("kb-test"))


def test_without_rights_the_sentence_says_whom_to_ask(
    stack: Infrastructure, aws: AwsServer
) -> None:
    fault = Fault(code="AccessDenied", status=403, fits="POST /", times=99, form=ERROR)
    aws.faults.append(fault)
    with pytest.raises(AwsError, match=r"allow cloudformation:.* infra/workbench\.yaml"):
        stack.plan({})


def test_a_stack_that_failed_at_first_says_how_to_go_on(
    stack: Infrastructure, aws: AwsServer
) -> None:
    list(stack.up({}))
    # As after a creation that was rolled back.
    from moto.cloudformation.models import cloudformation_backends
    from moto.core.models import DEFAULT_ACCOUNT_ID

    (made,) = cloudformation_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].stacks.values()
    made.status = "ROLLBACK_COMPLETE"
    with pytest.raises(AwsError, match="aws down --yes kb-test"):
        stack.plan({})


def test_the_commands_plan_make_and_remove(
    aws: AwsServer,
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Infrastructure.__init__, "__defaults__", (template,))
    name = ["--stack", "kb-test"]
    assert main(["aws", "plan", *name]) == 0
    shown = capsys.readouterr().out
    assert "AWS::S3::Bucket" in shown and COSTS["AWS::S3::Bucket"] in shown
    assert "Nothing was made in eu-central-1" in shown
    assert main(["aws", "up", *name, "--parameter", "BucketName=kb-made"]) == 0
    assert "kb-test is CREATE_COMPLETE" in capsys.readouterr().out
    assert main(["aws", "down", *name]) == 0
    assert "Nothing was deleted" in capsys.readouterr().out
    assert main(["aws", "down", *name, "--yes", "kb"]) == 1
    assert "--yes kb-test" in capsys.readouterr().err
    assert main(["aws", "down", *name, "--yes", "kb-test"]) == 0
    assert "Left over: nothing" in capsys.readouterr().out
    assert main(["aws", "plan", "--parameter", "nonsense"]) == 1
    assert infrastructure.TEMPLATE.is_file()
