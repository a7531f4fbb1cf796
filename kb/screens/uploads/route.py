"""The routes that take uploads: bytes go to the store as they arrive, never into memory whole.

PUT  document?key=…   one document as the body; 201 with what was stored
POST check            [[key, size in bytes], …]; 200 with one sentence or null for each

Whatever is refused is answered with {"message": one sentence}.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import streamlit as st
from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kb.documents.accepting import check_upload
from kb.errors import KbError, TooLarge, UnsupportedFormat, ValidationError
from kb.models import ObjectInfo
from kb.screens.frame import shared_workbench
from kb.screens.uploads.body import as_file
from kb.screens.uploads.guard import refusal

PATH = "/_upload"
#: Each holds a thread and a buffer; others wait without being read.
UPLOADS_AT_ONCE = 8
#: Names and sizes of one batch, in bytes.
LARGEST_CHECK = 1 << 20
STATUS_CODES: dict[type[KbError], int] = {TooLarge: 413, UnsupportedFormat: 415}
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_threads = CapacityLimiter(UPLOADS_AT_ONCE)


def address() -> str:
    """Where the page finds the routes."""
    base: str = st.get_option("server.baseUrlPath")
    return f"/{base.strip('/')}{PATH}" if base.strip("/") else PATH


def routes() -> list[Route]:
    """For st.App."""
    return [
        Route(f"{address()}/document", _document, methods=["PUT"]),
        Route(f"{address()}/check", _check, methods=["POST"]),
    ]


async def _document(request: Request) -> Response:
    if sentence := refusal(request):
        return _refused(403, sentence)
    pieces = request.stream()
    try:
        key = _key(request)
        size_bytes = int(request.headers.get("content-length", 0))
        info = await to_thread.run_sync(_store, key, size_bytes, pieces, limiter=_threads)
    except KbError as error:
        return _refused(STATUS_CODES.get(type(error), 400), str(error))
    except ClientDisconnect:
        return _refused(400, "The upload broke off; nothing of it was stored.")
    stored = {"key": info.key, "size_bytes": info.size_bytes, "etag": info.etag}
    return JSONResponse(stored, 201, HEADERS)


def _store(key: str, size_bytes: int, pieces: AsyncIterator[bytes]) -> ObjectInfo:
    bench = shared_workbench()
    check_upload(key, size_bytes, max_bytes=bench.settings.max_document_bytes)
    with as_file(pieces) as stream:
        return bench.data_source.upload(key, stream)


async def _check(request: Request) -> Response:
    if sentence := refusal(request):
        return _refused(403, sentence)
    try:
        batch = _batch(await _read(request))
        sentences = await to_thread.run_sync(_sentences, batch, limiter=_threads)
    except KbError as error:
        return _refused(STATUS_CODES.get(type(error), 400), str(error))
    except ClientDisconnect:
        return _refused(400, "The question broke off.")
    return JSONResponse(sentences, 200, HEADERS)


def _sentences(batch: list[tuple[str, int]]) -> list[str | None]:
    max_bytes = shared_workbench().settings.max_document_bytes
    found: list[str | None] = []
    for key, size_bytes in batch:
        try:
            check_upload(key, size_bytes, max_bytes=max_bytes)
            found.append(None)
        except KbError as error:
            found.append(str(error))
    return found


async def _read(request: Request) -> bytes:
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > LARGEST_CHECK:
            raise TooLarge(f"A batch has at most {LARGEST_CHECK:,} bytes; ask for fewer names.")
    return bytes(content)


def _batch(content: bytes) -> list[tuple[str, int]]:
    try:
        pairs: Any = json.loads(content)
        return [(_text(key), int(size_bytes)) for key, size_bytes in pairs]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValidationError("Send a JSON list of pairs: name and size in bytes.") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no name")
    return value


def _key(request: Request) -> str:
    query: bytes = request.scope["query_string"]
    try:
        (key,) = parse_qs(query.decode("ascii"), errors="strict")["key"]
    except (KeyError, ValueError) as error:
        raise ValidationError("Name the document once, as ?key= in UTF-8.") from error
    return key


def _refused(status_code: int, sentence: str) -> Response:
    return JSONResponse({"message": sentence}, status_code, HEADERS)
