"""The bucket itself: made closed to the public, and looked at before it is used.

A new bucket gets all four public-access blocks, a policy that refuses connections without TLS, and
a rule against parts that a killed upload leaves behind. One that exists is only looked at.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from botocore.exceptions import ClientError

from kb.adapters import aws, s3_client
from kb.errors import ObjectStoreError

log = logging.getLogger(__name__)

BLOCKS = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
#: Groups of AWS' that stand for everybody.
EVERYBODY = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)
#: What servers other than AWS' answer to operations that they lack.
UNKNOWN = ("NotImplemented", "MethodNotAllowed", "405", "501")
ABANDONED_DAYS = 7
#: S3's own region, which takes no LocationConstraint.
FIRST_REGION = "us-east-1"


def create(client: Any, bucket: str) -> None:
    """Make a private bucket in the client's region; nothing happens when it is ours already."""
    region = client.meta.region_name
    place = {}
    if region not in (FIRST_REGION, "aws-global", None):
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        client.create_bucket(Bucket=bucket, **place)
    except ClientError as error:
        if aws.code(error) == "BucketAlreadyExists":
            raise ObjectStoreError(
                f"The bucket '{bucket}' belongs to somebody else; name another one in KB_BUCKET."
            ) from error
        if aws.code(error) != "BucketAlreadyOwnedByYou":
            raise
    _close(client, bucket)


def _close(client: Any, bucket: str) -> None:
    settings: list[tuple[str, dict[str, Any]]] = [
        ("put_public_access_block", {"PublicAccessBlockConfiguration": BLOCKS}),
        (
            "put_bucket_lifecycle_configuration",
            {"LifecycleConfiguration": {"Rules": [_abandoned_uploads()]}},
        ),
    ]
    # A server without TLS, such as MinIO on this machine, would be closed to everybody by it.
    if client.meta.endpoint_url.startswith("https:"):
        settings.append(("put_bucket_policy", {"Policy": json.dumps(tls_only(client, bucket))}))
    for operation, parameters in settings:
        try:
            getattr(client, operation)(Bucket=bucket, **parameters)
        except ClientError as error:
            if s3_client.is_amazon(client) or aws.code(error) not in UNKNOWN:
                raise
            log.warning("the server of '%s' knows no %s; see to it there", bucket, operation)


def tls_only(client: Any, bucket: str) -> dict[str, Any]:
    """The policy that refuses every connection without TLS."""
    arn = f"arn:{client.meta.partition}:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RefuseConnectionsWithoutTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def _abandoned_uploads() -> dict[str, Any]:
    return {
        "ID": "abandoned-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_DAYS},
    }


def empty(client: Any, bucket: str) -> int:
    """Delete all objects with all their versions; how many that were."""
    deleted = 0
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        if not objects:
            continue
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for refused in answer.get("Errors", ()):
            raise ObjectStoreError(
                f"'{refused['Key']}' in the bucket '{bucket}' can not be deleted "
                f"({refused.get('Message', '')}); mend that and go on."
            )
        deleted += len(objects)
    return deleted


def check_private(client: Any, bucket: str) -> None:
    """Refuse a bucket that the public reaches, by its policy or its access list."""
    blocks = _asked(client, bucket, "get_public_access_block", "PublicAccessBlockConfiguration")
    if blocks == BLOCKS:
        return
    blocks = blocks or {}
    ways = []
    policy = _asked(client, bucket, "get_bucket_policy_status", "PolicyStatus") or {}
    if policy.get("IsPublic") and not blocks.get("RestrictPublicBuckets"):
        ways.append("its policy")
    grants = _asked(client, bucket, "get_bucket_acl", "Grants") or []
    open_to = {grant.get("Grantee", {}).get("URI") for grant in grants}
    if open_to & set(EVERYBODY) and not blocks.get("IgnorePublicAcls"):
        ways.append("its access list")
    if ways:
        raise ObjectStoreError(
            f"The bucket '{bucket}' is open to the public by {' and '.join(ways)}; block public "
            f"access with `{block_command(bucket)}` or name another bucket in KB_BUCKET."
        )
    log.warning(
        "the bucket '%s' is not public, but public access is not blocked for good; see `%s`",
        bucket,
        block_command(bucket),
    )


def block_command(bucket: str) -> str:
    """What sets all four blocks by hand."""
    blocks = ",".join(f"{name}=true" for name in BLOCKS)
    return (
        f"aws s3api put-public-access-block --bucket {bucket} "
        f"--public-access-block-configuration {blocks}"
    )


def _asked(client: Any, bucket: str, operation: str, member: str) -> Any:
    """The answer, or None where there is none: not set, not allowed to ask, or not known there."""
    try:
        return getattr(client, operation)(Bucket=bucket).get(member)
    except ClientError as error:
        if aws.code(error) in aws.DENIED:
            log.warning("whether '%s' is private can not be told: %s", bucket, aws.said(error))
        elif aws.code(error) in (*aws.OVERLOADED, *aws.BAD_CREDENTIALS, *aws.CLOCK):
            raise
        return None
