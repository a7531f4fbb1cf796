"""What is said of a database that can not embed from SQL."""

from __future__ import annotations

import pytest

from kb.embedding_sql.findings import Finding, call_findings, database_findings
from kb.workbench import Workbench

TITAN = "amazon.titan-embed-text-v1"
GOOD = {
    "aws_ml_version": "2.0",
    "aws_ml_available": "2.0",
    "vector_version": "0.8.0",
    "has_function": True,
    "may_use_schema": True,
    "may_execute": True,
    "is_aurora": True,
    "is_stand_in": False,
    "role": "app",
}


def lacking(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings if not finding.ok]


@pytest.mark.database
def test_a_plain_server_lacks_everything_of_aurora_ml(bench: Workbench) -> None:
    findings = bench.sql_embeddings.findings(TITAN)
    assert [finding.name for finding in findings if finding.ok] == ["Extension vector"]
    assert all(finding.mend for finding in findings if not finding.ok)


@pytest.mark.database
def test_the_embedded_server_lacks_nothing(local: Workbench) -> None:
    local.sql_embeddings.prepare()
    assert lacking(local.sql_embeddings.findings(TITAN)) == []


def test_an_aurora_that_is_set_up_lacks_nothing() -> None:
    assert lacking(database_findings(GOOD) + call_findings(None, tried=True)) == []


@pytest.mark.parametrize(
    ("changed", "mend"),
    [
        ({"aws_ml_version": "1.0"}, "ALTER EXTENSION aws_ml UPDATE"),
        ({"aws_ml_version": None}, "CREATE EXTENSION IF NOT EXISTS aws_ml CASCADE"),
        ({"aws_ml_version": None, "aws_ml_available": None}, "Upgrade the cluster"),
        ({"vector_version": None}, "CREATE EXTENSION vector"),
        ({"may_execute": False, "role": 'a"b'}, 'TO "a""b"'),
    ],
)
def test_what_is_missing_comes_with_its_statement(changed: dict[str, object], mend: str) -> None:
    found = [f for f in database_findings({**GOOD, **changed}) if not f.ok]
    assert len(found) == 1 and mend in found[0].mend


@pytest.mark.parametrize(
    ("error", "names"),
    [
        ("IAM role is not associated with the cluster", ["IAM role", "Model"]),
        ("could not connect: connection timed out", ["IAM role", "Network", "Model"]),
        ("AccessDeniedException: you don't have access to the model", ["Model"]),
    ],
)
def test_a_failed_call_tells_role_network_and_model_apart(error: str, names: list[str]) -> None:
    found = lacking(call_findings(error, tried=True))
    assert [
        name.split(" of ")[0].split(" reaches")[0].split(" answers")[0] for name in found
    ] == names
