"""The servers that answerers and models of Bedrock are tried against, on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.generation import retrying
from tests.bedrock_server import BedrockServer, bedrock_server
from tests.openai_server import OpenAiServer, openai_server


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[BedrockServer]:
    """The server, and an environment in which boto3 finds it and nothing else of AWS."""
    monkeypatch.setattr(retrying, "PAUSES", (0.0, 0.0))
    with bedrock_server() as server:
        server.set_environment(monkeypatch, tmp_path)
        yield server


@pytest.fixture
def openai(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAiServer]:
    """An OpenAI-compatible endpoint."""
    monkeypatch.setattr(retrying, "PAUSES", (0.0, 0.0))
    with openai_server() as server:
        yield server
