"""One POST to an OpenAI-compatible endpoint: the response as it comes, every failure a sentence.

It goes to the address of the settings and nowhere else: redirections are not followed, proxies of
the environment are not used. The key is in a header only, and is cut out of what servers say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    SSLError,
    TimeoutError,
)

from kb.errors import ModelError
from kb.generation.retrying import TryAgain

CONNECT_SECONDS = 5
#: What is read of an error's response, and how much of its words is shown.
ERROR_BYTES, SHOWN = 65_536, 300
BLOCK_BYTES = 65_536
#: Codes of HTTP for what may be over in a moment.
PASSING = (408, 429, 500, 502, 503, 504)
#: A code of OpenAI's for an account that is used up: waiting does not help.
NO_QUOTA = "insufficient_quota"


class Refused(ModelError):
    """The endpoint takes the request not as it is."""


class OpenAiEndpoint:
    """`{base_url}/chat/completions`; threads may share it."""

    def __init__(self, base_url: str, api_key: str | None, *, answer_seconds: float) -> None:
        """`answer_seconds` is how long the server may be silent."""
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._api_key = api_key
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=answer_seconds),
        )

    @property
    def where(self) -> str:
        """The server, as sentences name it."""
        return urlsplit(self._url).netloc

    @contextmanager
    def post(self, body: Mapping[str, Any]) -> Iterator[urllib3.BaseHTTPResponse]:
        """A response of status 200, to be read in the context.

        Raises Refused when other parameters may help, TryAgain when waiting may, else ModelError;
        also for what fails while the response is read.
        """
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=json.dumps(body).encode(),
                headers=self._headers(),
                preload_content=False,
                redirect=False,
            )
            try:
                if response.status != 200:
                    raise self._refusal(response)
                yield response
            finally:
                # What was not read to its end can not be used again.
                response.close()
        except HTTPError as error:
            raise self._on_the_way(error) from error

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        return headers | ({"Authorization": f"Bearer {self._api_key}"} if self._api_key else {})

    def _refusal(self, response: urllib3.BaseHTTPResponse) -> ModelError:
        status, where = response.status, self.where
        code, said = self.said(response.read(ERROR_BYTES))
        words = f" ({said})" if said else ""
        if status in (401, 403):
            what = "does not accept the API key" if self._api_key else "wants an API key"
            return ModelError(f"{where} {what}{words}; set KB_OPENAI_API_KEY.")
        if code == NO_QUOTA:
            return ModelError(f"The account at {where} is used up{words}; look at its billing.")
        if status in PASSING:
            busy = "throttles or is overloaded" if status in (429, 503) else f"failed with {status}"
            return TryAgain(
                f"{where} {busy}{words}; wait a moment and ask again.",
                after_seconds=_seconds(response.headers.get("Retry-After")),
            )
        if status == 404:
            return ModelError(
                f"{where} knows no such model or address{words}; check KB_GENERATION_MODEL, and "
                "that KB_OPENAI_BASE_URL ends as its documentation says, often in /v1."
            )
        if 300 <= status < 400:
            return ModelError(
                f"{where} sends us elsewhere, and nobody follows; set KB_OPENAI_BASE_URL to the "
                "address itself."
            )
        return Refused(
            f"{where} does not take this request{words}; change the settings of the answer or "
            "ask for fewer source chunks."
        )

    def said(self, content: bytes) -> tuple[str, str]:
        """Code and words of an error's body, in one line, without the key."""
        text = content.decode(errors="replace")
        try:
            error = json.loads(text)
        except ValueError:
            return "", self._shown(text)
        if isinstance(error, dict):
            error = error.get("error", error.get("detail", error))
        if isinstance(error, dict):
            return str(error.get("code") or ""), self._shown(str(error.get("message") or ""))
        return "", self._shown(str(error))

    def _shown(self, words: str) -> str:
        if self._api_key:
            words = words.replace(self._api_key, "…")
        return " ".join(words.split())[:SHOWN].rstrip(".;: ")

    def _on_the_way(self, error: HTTPError) -> ModelError:
        if isinstance(error, (ConnectTimeoutError, NewConnectionError)):
            return TryAgain(
                f"{self.where} can not be reached; check that the server runs, and "
                "KB_OPENAI_BASE_URL."
            )
        if isinstance(error, TimeoutError):
            return ModelError(f"{self.where} fell silent; ask again, or choose a smaller model.")
        if isinstance(error, SSLError):
            return ModelError(
                f"The certificate of {self.where} can not be checked; mend it, or check "
                "KB_OPENAI_BASE_URL."
            )
        return TryAgain(f"{self.where} broke off in its answer; ask again.")


def blocks(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The response's bytes as they arrive."""
    while block := response.read1(BLOCK_BYTES):
        yield block


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is not worth the trouble."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
