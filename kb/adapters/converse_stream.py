"""Bedrock's ConverseStream through boto3: its events as they come, every error a sentence."""

from __future__ import annotations

from collections.abc import Generator as Stream
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from urllib3.exceptions import HTTPError, TimeoutError

from kb.adapters.bedrock_runtime import OVERLOADED, BedrockRuntime
from kb.embedding_sql.refusals import AWAY, TOO_LATE, Refusal
from kb.errors import ModelError
from kb.generation.retrying import TryAgain

#: What may be over in a moment.
PASSING = (*OVERLOADED, "InternalServerException", "ModelStreamErrorException")
#: Streams write the names of errors in another case than responses do.
NAMES = {
    name.lower(): name
    for name in (*PASSING, "AccessDeniedException", "ModelTimeoutException", "ValidationException")
}


class ConverseStream(BedrockRuntime):
    """A client for answers; threads may share it."""

    setting = "KB_GENERATION_MODEL"
    action = "bedrock:InvokeModelWithResponseStream"
    remedy = "change the settings of the answer"
    #: Who calls tries again, and not after a time-out, which botocore would wait for thrice.
    attempts = 1

    def events(self, request: Mapping[str, Any]) -> Stream[dict[str, Any], None, None]:
        """The events of the reply.

        Raises Refusal, a ModelError, or TryAgain for what may be no more than a bad moment, before
        the stream as within.
        """
        model_id = str(request["modelId"])[:100]
        try:
            with closing(self._client.converse_stream(**request)["stream"]) as events:
                yield from events
        except EventStreamError as error:
            raise self._refusal_of_stream(error, model_id) from error
        except ClientError as error:
            raise self._failure(error, model_id) from error
        except (BotoCoreError, ValueError) as error:
            refusal = self._refusal_on_the_way(error, model_id)
            raise (TryAgain(str(refusal)) if refusal.sqlstate == AWAY else refusal) from error
        except TimeoutError as error:
            raise Refusal(TOO_LATE, f"{model_id} fell silent in its answer; ask again.") from error
        except (HTTPError, ParserError) as error:
            # Below botocore, which does not translate them while a stream is read.
            raise _broken(model_id) from error

    def _refusal_of_stream(self, error: EventStreamError, model_id: str) -> ModelError:
        details = error.response["Error"]
        details["Code"] = NAMES.get(str(details.get("Code")).lower(), details.get("Code"))
        if not details["Code"]:
            # botocore gives no name to what its model of the service does not have.
            return _broken(model_id)
        return self._failure(error, model_id)

    def _failure(self, error: ClientError, model_id: str) -> ModelError:
        refusal = self._refusal_of_bedrock(error, model_id)
        return TryAgain(str(refusal)) if error.response["Error"]["Code"] in PASSING else refusal


def _broken(model_id: str) -> TryAgain:
    return TryAgain(f"{model_id} broke off in its answer; ask again.")
