"""GET _document?key=…&etag=… gives a document's bytes as they are in the bucket.

A browser opens a PDF at a page with `#page=N` behind the address. Other formats are offered for
saving and never shown: what is in them could act in the app's name.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import parse_qs, quote, urlencode

import streamlit as st
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from kb.documents.parsers import has_page_images
from kb.errors import KbError, ResourceNotFound, ValidationError
from kb.screens.frame import shared_workbench
from kb.workbench import Workbench

PATH = "/_document"
HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
#: Of the app's own pages, and of addresses that people type.
ALLOWED_SITES = ("same-origin", "none")


def base() -> str:
    """Where the route is, with the base path of the app."""
    path: str = st.get_option("server.baseUrlPath")
    return f"/{path.strip('/')}{PATH}" if path.strip("/") else PATH


def address(key: str, etag: str) -> str:
    """The address of a document in the version that was cited."""
    return f"{base()}?{urlencode({'key': key, 'etag': etag})}"


def routes() -> list[Route]:
    """For st.App."""
    return [Route(base(), _document, methods=["GET"])]


async def _document(request: Request) -> Response:
    if not is_host_allowed(request.headers.get("host")):
        return _refused(403, "This host name is not the app's.")
    if request.headers.get("sec-fetch-site", "none") not in ALLOWED_SITES:
        return _refused(403, "Another site asked for this document; open it from the app.")
    try:
        key, etag = _wanted(request)
        return await to_thread.run_sync(_open, key, etag)
    except ResourceNotFound as error:
        return _refused(404, str(error))
    except KbError as error:
        return _refused(400, str(error))


def _wanted(request: Request) -> tuple[str, str]:
    query: bytes = request.scope["query_string"]
    try:
        found = parse_qs(query.decode("ascii"), errors="strict")
        return found["key"][0], found.get("etag", [""])[0]
    except (KeyError, ValueError) as error:
        raise ValidationError("Name the document, as ?key= in UTF-8.") from error


def _open(key: str, etag: str) -> Response:
    bench = shared_workbench()
    info = bench.data_source.head(key)
    if info is None:
        raise ResourceNotFound(f"'{key}' is not in the bucket: it was removed.")
    if etag and info.etag != etag:
        raise ResourceNotFound(
            f"'{key}' was changed since it was cited; this version is no longer there."
        )
    return _Copy(bench, key)


class _Copy(Response):
    """Sends a local copy, with ranges, for as long as the copy is there."""

    def __init__(self, bench: Workbench, key: str) -> None:
        self._bench = bench
        self._key = key
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._bench.data_source.local_copy(self._key) as path:
            is_pdf = has_page_images(self._key)
            kind = "inline" if is_pdf else "attachment"
            name = quote(PurePosixPath(self._key).name)
            headers = {**HEADERS, "Content-Disposition": f"{kind}; filename*=UTF-8''{name}"}
            if not is_pdf:
                headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
            media_type = "application/pdf" if is_pdf else "application/octet-stream"
            await FileResponse(path, headers=headers, media_type=media_type)(scope, receive, send)


def _refused(status_code: int, sentence: str) -> Response:
    return PlainTextResponse(sentence, status_code, HEADERS)
