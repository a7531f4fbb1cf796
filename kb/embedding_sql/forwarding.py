"""Sends to Bedrock what SQL asks of Bedrock, unchanged: ids, bodies, content types, answers."""

from __future__ import annotations

from collections.abc import Callable

from kb.embedding_sql.refusals import UNKNOWN_MODEL, Refusal
from kb.embedding_sql.requests import one_vector
from kb.embedding_sql.stand_in import read_call
from kb.settings import LOCAL_EMBEDDING_MODEL

#: InvokeModel: model id, body, content type and accept type to the answer's body.
Invoke = Callable[[str, str, str, str], str]


class Forwarding:
    """Answers the functions of schema aws_bedrock with what Bedrock says; threads may share it."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke

    def answer(self, payload: str) -> str:
        """The answer to one call; raises Refusal, Bedrock's own errors included."""
        call = read_call(payload)
        model_id = call["model_id"]
        if model_id == LOCAL_EMBEDDING_MODEL:
            raise Refusal(
                UNKNOWN_MODEL,
                f"{LOCAL_EMBEDDING_MODEL} is not asked while KB_EMBEDDING_MODEL is on Bedrock.",
                "Name a Bedrock model in the statement.",
            )
        accept = call.get("accept_type", "application/json")
        response = self._invoke(model_id, call["model_input"], call["content_type"], accept)
        if "json_key" not in call:
            return response
        vector = one_vector(response, call["json_key"], model_id=model_id)
        return "{" + ",".join(map(repr, vector)) + "}"
