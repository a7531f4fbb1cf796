"""One object on its way to S3, in parts that go while the next is read.

boto3's own transfers read in threads of theirs, which a request that still arrives does not bear:
here the caller's thread reads.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from kb.documents.accepting import check_size
from kb.protocols import Progress

#: S3 takes parts from 5 MiB on, 10,000 of them. The etag of a large object depends on it.
PART_BYTES = 8 << 20
MOST_PARTS = 10_000
#: Parts of one object on their way at once; as many are in memory, and the one being read.
PARTS_AT_ONCE = 3
READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Where an object goes, and what is under its key so far."""

    client: Any
    bucket: str
    #: With the prefix, as S3 has it.
    object_key: str
    known_etag: str | None
    progress: Progress

    @property
    def _place(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.object_key}

    @property
    def _content_type(self) -> str:
        return mimetypes.guess_type(self.object_key)[0] or "application/octet-stream"

    def run(self, blocks: Iterator[bytes]) -> None:
        """Store the blocks as one object, whole or not at all; the same bytes are left alone."""
        first = next(blocks, b"")
        second = next(blocks, None)
        if second is not None:
            self._put_parts(chain((first, second), blocks))
        elif _md5(first).hexdigest() != self.known_etag:
            self.client.put_object(**self._place, Body=first, ContentType=self._content_type)
            self.progress(len(first))

    def _put_parts(self, blocks: Iterator[bytes]) -> None:
        created = self.client.create_multipart_upload(**self._place, ContentType=self._content_type)
        upload = {**self._place, "UploadId": created["UploadId"]}
        try:
            # Leaving waits for the parts under way, so that none comes after an abort.
            with ThreadPoolExecutor(PARTS_AT_ONCE, "s3-part") as threads:
                parts, etag = self._send(blocks, upload, threads)
            if etag == self.known_etag:
                self.client.abort_multipart_upload(**upload)
            else:
                self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            with suppress(ClientError, BotoCoreError):
                self.client.abort_multipart_upload(**upload)
            raise

    def _send(
        self, blocks: Iterator[bytes], upload: dict[str, str], threads: ThreadPoolExecutor
    ) -> tuple[list[dict[str, Any]], str]:
        """The parts for completion, and the etag that S3 will give the whole."""
        under_way: deque[tuple[int, Future[dict[str, Any]]]] = deque()
        parts: list[dict[str, Any]] = []
        digests = hashlib.md5(usedforsecurity=False)
        stored = 0

        def finish_oldest() -> None:
            nonlocal stored
            size, future = under_way.popleft()
            parts.append(future.result())
            stored += size
            self.progress(stored)

        for number, block in enumerate(blocks, start=1):
            if len(under_way) == PARTS_AT_ONCE:
                finish_oldest()
            digests.update(_md5(block).digest())
            under_way.append((len(block), threads.submit(self._send_part, upload, number, block)))
        while under_way:
            finish_oldest()
        return parts, f"{digests.hexdigest()}-{len(parts)}"

    def _send_part(self, upload: dict[str, str], number: int, block: bytes) -> dict[str, Any]:
        answer = self.client.upload_part(**upload, PartNumber=number, Body=block)
        # Whatever checksum was sent with the part is asked for again in the end.
        checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
        checksums.pop("ChecksumType", None)
        return {"PartNumber": number, "ETag": answer["ETag"], **checksums}


def read_blocks(stream: BinaryIO, key: str, *, block_bytes: int, max_bytes: int) -> Iterator[bytes]:
    """The stream in blocks of this size, the last one shorter. Raises TooLarge."""
    # A document of the largest size must still fit into the parts that S3 takes.
    block_bytes = max(block_bytes, -(-max_bytes // MOST_PARTS))
    block, size = bytearray(), 0
    while piece := stream.read(min(READ_BYTES, block_bytes - len(block))):
        size += len(piece)
        check_size(key, size, max_bytes=max_bytes)
        block += piece
        if len(block) == block_bytes:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _md5(block: bytes) -> Any:
    return hashlib.md5(block, usedforsecurity=False)
