"""What a database lacks for embeddings from SQL, each with the way to mend it.

Reads what sql/aurora_ml/015_check.sql found and what a call said; asks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MINIMUM_AWS_ML = (2, 0)
_ROLE_WORDS = ("iam role", "credential", "assume", "not associated", "security token")
_ACCESS_WORDS = ("accessdenied", "access denied", "not authorized", "don't have access")
_NETWORK_WORDS = (
    "could not connect",
    "timeout",
    "timed out",
    "resolve",
    "network",
    "unable to connect",
)


ROLE = (
    "aws rds add-role-to-db-cluster --feature-name Bedrock --role-arn ROLE --db-cluster-identifier "
    "CLUSTER, with a role that trusts rds.amazonaws.com and may bedrock:InvokeModel."
)
NETWORK = (
    "Give the cluster's subnets a NAT gateway or an interface endpoint for bedrock-runtime, and "
    "its security group outbound TCP 443."
)
MODEL = (
    "Enable access to the model in the Bedrock console of the cluster's region; on the embedded "
    "server run `python -m kb up`."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that embeddings from SQL need."""

    name: str
    ok: bool
    #: What was found.
    found: str
    #: What to do; empty when nothing.
    mend: str = ""


def database_findings(facts: Mapping[str, Any]) -> list[Finding]:
    """Extension, functions and rights."""
    version = facts["aws_ml_version"]
    enough = bool(version) and _numbers(version) >= MINIMUM_AWS_ML
    stand_in = " (the workbench's stand-in)" if facts["is_stand_in"] and version else ""
    return [
        Finding(
            name="Extension aws_ml 2.0 or newer",
            ok=enough,
            found=f"{version}{stand_in}" if version else "not installed",
            mend="" if enough else _mend_extension(facts),
        ),
        Finding(
            name="Extension vector",
            ok=bool(facts["vector_version"]),
            found=facts["vector_version"] or "not installed",
            mend="" if facts["vector_version"] else "CREATE EXTENSION vector;",
        ),
        Finding(
            name="Function aws_bedrock.invoke_model_get_embeddings",
            ok=facts["has_function"],
            found="there" if facts["has_function"] else "missing",
            mend="" if facts["has_function"] else "ALTER EXTENSION aws_ml UPDATE TO '2.0';",
        ),
        _rights(facts),
    ]


def call_findings(error: str | None, *, tried: bool, stand_in: bool = False) -> list[Finding]:
    """IAM role, network and model access, told from what one call said."""
    words = (error or "").lower()
    reached = tried and error is None
    role = any(word in words for word in _ROLE_WORDS)
    access = any(word in words for word in _ACCESS_WORDS)
    network = any(word in words for word in _NETWORK_WORDS)
    answers = _finding(
        "Model answers", ok=reached, error=error, tried=tried, named=True, mend=MODEL
    )
    if stand_in:
        return [answers]
    # Bedrock itself said no: so it was reached, and with a role.
    return [
        _finding(
            "IAM role of the cluster with feature Bedrock",
            ok=reached or (access and not role),
            error=error,
            tried=tried,
            named=role,
            mend=ROLE,
        ),
        _finding(
            "Network reaches bedrock-runtime",
            ok=reached or role or access,
            error=error,
            tried=tried,
            named=network,
            mend=NETWORK,
        ),
        answers,
    ]


def _finding(
    name: str, *, ok: bool, error: str | None, tried: bool, named: bool, mend: str
) -> Finding:
    if ok:
        return Finding(name=name, ok=True, found="works")
    unknown = "not known: the call failed otherwise" if tried else "not known: no call is possible"
    return Finding(name=name, ok=False, found=(named and error) or unknown, mend=mend)


def _mend_extension(facts: Mapping[str, Any]) -> str:
    if facts["aws_ml_version"]:
        return "ALTER EXTENSION aws_ml UPDATE TO '2.0';"
    if facts["aws_ml_available"]:
        return "CREATE EXTENSION IF NOT EXISTS aws_ml CASCADE;"
    if facts["is_aurora"]:
        return "Upgrade the cluster: Aurora PostgreSQL 14.10, 15.5, 16.1 or newer has aws_ml 2.0."
    return (
        "This is not Aurora PostgreSQL; unset KB_DATABASE_URL for the embedded server's stand-in."
    )


def _rights(facts: Mapping[str, Any]) -> Finding:
    ok = bool(facts["may_use_schema"] and facts["may_execute"])
    role = '"' + str(facts["role"]).replace('"', '""') + '"'
    return Finding(
        name="Rights on schema aws_bedrock",
        ok=ok,
        found="granted" if ok else "missing",
        mend=""
        if ok
        else f"GRANT USAGE ON SCHEMA aws_bedrock TO {role}; "
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_bedrock TO {role};",
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
