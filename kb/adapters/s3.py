"""A bucket of S3's, or of a server that speaks its protocol (AWS_ENDPOINT_URL_S3).

Nothing is asked of S3 before the bucket is first used: the database answers questions without it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from kb.adapters import aws, s3_bucket, s3_client
from kb.adapters.s3_copies import Copies
from kb.adapters.s3_upload import PART_BYTES, Upload, read_blocks
from kb.documents.accepting import MAX_KEY_BYTES, check_key
from kb.errors import ObjectStoreError, ResourceNotFound
from kb.models import ObjectInfo
from kb.protocols import Progress

log = logging.getLogger(__name__)

#: Types that a browser shows by itself; all else is saved, and no script of a document runs.
SHOWN_BY_BROWSERS = {".pdf": "application/pdf", ".txt": "text/plain; charset=utf-8"}
DOWNLOAD = TransferConfig(max_concurrency=4)
Options = Mapping[str, Any]


class S3Store:
    """An ObjectStore on S3; threads may share it."""

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        copies: Path | None = None,
        part_bytes: int = PART_BYTES,
    ) -> None:
        """`prefix` is without a slash at its end; `copies` is a folder that keeps what was read."""
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._part_bytes = part_bytes
        self._copies = Copies(copies)

    @property
    def bucket(self) -> str:
        return self._bucket

    def uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{key}"

    def prepare(self) -> None:
        with self._errors("The bucket can not be made"):
            client = s3_client.open_client()
            try:
                client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if aws.code(error) not in s3_client.GONE:
                    raise
                s3_bucket.create(client, self._bucket)
                log.info("made the bucket '%s'", self._bucket)
            s3_bucket.check_private(client, self._bucket)

    def empty(self) -> int:
        """Delete everything in the bucket with all versions, whatever the prefix."""
        with self._errors("The bucket can not be emptied"):
            return s3_bucket.empty(s3_client.open_client(), self._bucket)

    def put(
        self, key: str, stream: BinaryIO, *, max_bytes: int, progress: Progress | None = None
    ) -> ObjectInfo:
        self._check_key(key)
        known = self.head(key)
        blocks = read_blocks(stream, key, block_bytes=self._part_bytes, max_bytes=max_bytes)
        upload = Upload(
            client=self._client,
            bucket=self._bucket,
            object_key=self._prefix + key,
            known_etag=known.etag if known else None,
            progress=progress or _nobody,
        )
        with self._errors(f"'{key}' can not be stored"):
            upload.run(blocks)
        stored = self.head(key)
        if stored is None:
            raise ObjectStoreError(f"'{key}' was removed while it was stored; upload it again.")
        return stored

    def head(self, key: str) -> ObjectInfo | None:
        self._check_key(key)
        with self._errors(f"'{key}' can not be looked up"):
            try:
                found = self._client.head_object(**self._place(key))
            except ClientError as error:
                if aws.code(error) in s3_client.GONE:
                    return None
                raise
        return _info(key, found, found["ContentLength"])

    def list_objects(self) -> Iterator[ObjectInfo]:
        # A thousand at a time, the next when they are asked for.
        with self._errors("The bucket can not be listed"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            )
            for item in (item for page in pages for item in page.get("Contents", ())):
                key = item["Key"].removeprefix(self._prefix)
                if self._is_document(key):
                    yield _info(key, item, item["Size"])

    def _is_document(self, key: str) -> bool:
        # Consoles make an empty object for a folder; hidden files are left out as in a folder.
        if key.endswith("/") or any(part.startswith(".") for part in key.split("/")):
            return False
        try:
            self._check_key(key)
        except ObjectStoreError as error:
            log.warning("left out: %s", error)
            return False
        return bool(key)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        info = self.head(key)
        if info is None:
            # HEAD says the same of a missing object and of a missing bucket.
            with self._errors("The bucket can not be used"):
                s3_client.open_client().head_bucket(Bucket=self._bucket)
            raise ResourceNotFound(f"The bucket has no object '{key}'; upload it first.")
        version = f"{self.uri(key)} {info.etag} {info.last_modified}"
        # Readers tell formats by the name's end.
        suffix = PurePosixPath(key).suffix

        def fetch(path: Path) -> bool:
            self._download(key, path)
            # It may have been replaced since it was looked up.
            return self.head(key) == info

        with ExitStack() as stack:
            try:
                path = stack.enter_context(self._copies.copy(version, suffix, fetch))
            except OSError as error:
                raise ObjectStoreError(
                    f"'{key}' can not be copied to this machine: {error.strerror or error}; free "
                    "some space in the data folder."
                ) from error
            yield path

    def _download(self, key: str, path: Path) -> None:
        with self._errors(f"'{key}' can not be read"):
            try:
                self._client.download_file(
                    self._bucket, self._prefix + key, str(path), Config=DOWNLOAD
                )
            except ClientError as error:
                if aws.code(error) not in s3_client.GONE:
                    raise
                raise ResourceNotFound(
                    f"The bucket has no object '{key}' any more; upload it again."
                ) from error

    def url(self, key: str, *, expires_seconds: int = 900) -> str | None:
        self._check_key(key)
        suffix = PurePosixPath(key).suffix.lower()
        shown = SHOWN_BY_BROWSERS.get(suffix)
        answer = {
            "ResponseContentDisposition": "inline" if shown else "attachment",
            "ResponseContentType": shown or "application/octet-stream",
        }
        with self._errors(f"'{key}' can not be linked"):
            signed: str = self._client.generate_presigned_url(
                "get_object", Params=self._place(key) | answer, ExpiresIn=expires_seconds
            )
        return signed

    def delete(self, key: str) -> None:
        self._check_key(key)
        with self._errors(f"'{key}' can not be deleted"):
            self._client.delete_object(**self._place(key))

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    def _check_key(self, key: str) -> None:
        check_key(key, max_bytes=MAX_KEY_BYTES - len(self._prefix))

    @cached_property
    def _client(self) -> Any:
        """A client in the bucket's own region, once the bucket was found to be private."""
        client = s3_client.open_client()
        with self._errors("The bucket can not be used"):
            found = client.head_bucket(Bucket=self._bucket)
            region = found.get("BucketRegion")
            if region and region != client.meta.region_name:
                client = s3_client.open_client(region_name=region)
            s3_bucket.check_private(client, self._bucket)
        return client

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        with s3_client.translated_errors(what, self._bucket, self._prefix):
            try:
                yield
            except ClientError as error:
                told = self._in_words(error)
                if aws.code(told) in aws.BAD_CREDENTIALS:
                    self._forget_credentials()
                raise told from error
            except aws.NO_CREDENTIALS:
                self._forget_credentials()
                raise

    def _forget_credentials(self) -> None:
        # A worker lives for days; after a new login its next call finds the new ones.
        self.__dict__.pop("_client", None)

    def _in_words(self, error: ClientError) -> ClientError:
        # An answer to HEAD has a status and no words; the same refusal of a GET has them.
        if aws.code(error).isdecimal():
            try:
                s3_client.open_client().list_objects_v2(Bucket=self._bucket, MaxKeys=1)
            except ClientError as told:
                return told
        return error


def _info(key: str, found: Options, size_bytes: int) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size_bytes=size_bytes,
        etag=found["ETag"].strip('"'),
        # Listings have fractions of a second, and the head of an object has none.
        last_modified=found["LastModified"].replace(microsecond=0),
    )


def _nobody(_done_bytes: int) -> None:
    """Nobody watches."""
