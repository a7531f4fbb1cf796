"""Clients of S3, and S3's errors as ObjectStoreError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from kb.adapters import aws
from kb.errors import BucketUnreachable, ObjectStoreError

WHAT_FOR = "KB_BUCKET names a bucket of S3's"
#: No such object or, where nothing was said of an object, no such bucket.
GONE = ("404", "NoSuchKey", "NotFound")
AMAZON = ("amazonaws.com", "amazonaws.com.cn", "amazonaws.eu")


def open_client(**options: Any) -> Any:
    """A client that fits the endpoint. Raises SettingsError."""
    common = {
        "signature_version": "s3v4",
        "connect_timeout": aws.CONNECT_SECONDS,
        "retries": {"mode": "standard", "total_max_attempts": 5},
    }
    client = aws.open_client("s3", WHAT_FOR, config=Config(**common), **options)
    if is_amazon(client):
        return client
    # Other servers have no name for each bucket, and need not know S3's newer checksums.
    others = {"s3": {"addressing_style": "path"}, "request_checksum_calculation": "when_required"}
    return aws.open_client("s3", WHAT_FOR, config=Config(**common, **others), **options)


def is_amazon(client: Any) -> bool:
    """Whether the client speaks to AWS and not to a server that AWS_ENDPOINT_URL_S3 names."""
    host = client.meta.endpoint_url.partition("://")[2].partition("/")[0].partition(":")[0]
    return any(host.endswith(f".{domain}") for domain in AMAZON)


@contextmanager
def translated_errors(what: str, bucket: str, prefix: str) -> Iterator[None]:
    """Turn S3's errors into sentences; `what` can not be done, and `prefix` ends with a slash."""
    try:
        yield
    except ClientError as error:
        raise _refused(error, what, bucket, prefix) from error
    except (BotoCoreError, Boto3Error) as error:
        raise BucketUnreachable(f"{what}: {aws.sentence(error, 'S3')}") from error


def _refused(error: ClientError, what: str, bucket: str, prefix: str) -> ObjectStoreError:
    name = aws.code(error)
    if name in ("NoSuchBucket", *GONE):
        return BucketUnreachable(
            f"There is no bucket '{bucket}'; make it with `python -m kb up` or mend KB_BUCKET."
        )
    if name in aws.DENIED:
        return ObjectStoreError(
            f"{what}: AWS denies access ({aws.said(error)}); allow s3:ListBucket on "
            f"arn:aws:s3:::{bucket}, and s3:GetObject, s3:PutObject and s3:DeleteObject on "
            f"arn:aws:s3:::{bucket}/{prefix}*."
        )
    sentence = f"{what}: {aws.sentence(error, 'S3')}"
    passing = (*aws.BAD_CREDENTIALS, *aws.CLOCK, *aws.OVERLOADED)
    return BucketUnreachable(sentence) if name in passing else ObjectStoreError(sentence)
