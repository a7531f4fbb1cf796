"""Where the documents are: a folder of the data folder, or the bucket that KB_BUCKET names."""

from __future__ import annotations

from kb.adapters.local_folder import LocalFolder
from kb.protocols import ObjectStore
from kb.settings import Settings


def open_store(settings: Settings) -> ObjectStore:
    """Makes the folder if need be; S3 is asked nothing yet."""
    if not settings.uses_s3:
        return LocalFolder(settings.data_dir / "buckets" / settings.bucket, bucket=settings.bucket)
    # boto3 takes a fifth of a second to import, in every command.
    from kb.adapters.s3 import S3Store

    bucket, _, prefix = settings.bucket_path.partition("/")
    return S3Store(bucket, prefix, copies=settings.data_dir / "copies")
