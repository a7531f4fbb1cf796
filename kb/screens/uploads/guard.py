"""Who may upload: a page of this app that is open in a browser, and nobody else's page."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import streamlit as st
from starlette.requests import Request
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

#: A header of our own: a browser sends it across origins only after asking, and no is the answer.
TOKEN_HEADER = "X-Upload-Token"


class Permit:
    """Lets one browser session upload, for as long as Streamlit keeps the session."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        _permits[self.token] = self


_permits: WeakValueDictionary[str, Permit] = WeakValueDictionary()


def refusal(request: Request) -> str | None:
    """Why this request may not upload, in one sentence; None when it may."""
    if not is_host_allowed(request.headers.get("host")):
        return "This host name is not the app's; add it to server.allowedHosts of Streamlit."
    if not _same_origin(request):
        return "Another site tried to upload; open this app itself and upload there."
    if request.headers.get(TOKEN_HEADER) not in _permits:
        return "The page is older than the app; reload it and upload again."
    return None


def _same_origin(request: Request) -> bool:
    """Whether the app's own page sent this; programs send neither of the two headers."""
    # Set by the browser itself, which also knows the address in front of a proxy.
    if site := request.headers.get("sec-fetch-site"):
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None or urlsplit(origin).netloc == request.headers.get("host"):
        return True
    return origin in st.get_option("server.corsAllowedOrigins")
