"""Bedrock's InvokeModel and ConverseStream through boto3, every error a sentence.

Region and credentials come from where boto3 looks for them, AWS_REGION included;
AWS_ENDPOINT_URL_BEDROCK_RUNTIME leads it elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Generator as Stream
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import boto3
from botocore.config import Config
from botocore.eventstream import ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EventStreamError,
    HTTPClientError,
    InvalidRegionError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as NotConnected,
)
from urllib3.exceptions import HTTPError, TimeoutError

from kb.embedding_sql.refusals import (
    AWAY,
    BAD_BODY,
    DENIED,
    MODEL_FAILED,
    TOO_LATE,
    UNKNOWN_MODEL,
    Refusal,
)
from kb.errors import ModelError, SettingsError
from kb.generation.retrying import TryAgain

CONNECT_SECONDS = 5
#: Characters of AWS' own words in a sentence.
SHOWN = 300
#: Without them, incomplete, or from a login that has ended.
NO_CREDENTIALS = (
    CredentialRetrievalError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
#: Codes of AWS' for credentials that it does not accept.
BAD_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
OVERLOADED = (
    "ModelNotReadyException",
    "ServiceQuotaExceededException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "TooManyRequestsException",
)
#: What ConverseStream asks of IAM.
STREAMED = "bedrock:InvokeModelWithResponseStream"
#: What may be over in a moment, when it comes in the middle of a stream.
PASSING = (*OVERLOADED, "InternalServerException", "ModelStreamErrorException")
#: Streams write the names of errors in another case than responses do.
STREAM_CODES = {
    name.lower(): name
    for name in (*PASSING, "AccessDeniedException", "ModelTimeoutException", "ValidationException")
}


class BedrockRuntime:
    """A client of bedrock-runtime; threads may share it."""

    def __init__(
        self,
        *,
        connections: int,
        patient: bool = False,
        answer_seconds: int = 60,
        setting: str = "KB_EMBEDDING_MODEL",
    ) -> None:
        """`patient` is for many calls: eight attempts, and slower when Bedrock throttles.

        `answer_seconds` is how long Bedrock may be silent, `setting` what named the model.
        Raises SettingsError when there is no region, or a profile that is not there.
        """
        retries = {"mode": "adaptive" if patient else "standard"}
        config = Config(
            retries={**retries, "total_max_attempts": 8 if patient else 3},
            max_pool_connections=connections,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=answer_seconds,
        )
        try:
            # boto3 itself reads AWS_DEFAULT_REGION only.
            session = boto3.session.Session(region_name=os.environ.get("AWS_REGION") or None)
            self._client = session.client("bedrock-runtime", config=config)
        except (NoRegionError, InvalidRegionError) as error:
            raise SettingsError(
                f"{setting} names a Bedrock model and no AWS region is known; set AWS_REGION, such "
                "as us-east-1."
            ) from error
        except (ProfileNotFound, BotoCoreError, ValueError) as error:
            raise SettingsError(f"AWS' settings do not fit: {_said(error)}; mend them.") from error

    def invoke(
        self,
        model_id: str,
        body: str,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> str:
        """The answer's body. Raises Refusal, a ModelError, with a sentence that says what to do."""
        try:
            answer = self._client.invoke_model(
                modelId=model_id, body=body.encode(), contentType=content_type, accept=accept
            )
            content: bytes = answer["body"].read()
        except ClientError as error:
            raise self._refusal_of_bedrock(error, model_id[:100]) from error
        except (BotoCoreError, ValueError) as error:
            raise self._refusal_on_the_way(error, model_id[:100]) from error
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise Refusal(
                MODEL_FAILED, f"{model_id[:100]} did not answer with text; name another model."
            ) from error

    def converse(self, request: Mapping[str, Any]) -> Stream[dict[str, Any], None, None]:
        """The events of ConverseStream as they come.

        Raises Refusal as `invoke` does; TryAgain for what is no more than a bad moment of a stream
        that had begun, since botocore repeats no such call.
        """
        model_id = str(request["modelId"])[:100]
        try:
            with closing(self._client.converse_stream(**request)["stream"]) as events:
                yield from events
        except EventStreamError as error:
            raise self._refusal_of_stream(error, model_id) from error
        except ClientError as error:
            raise self._refusal_of_bedrock(error, model_id, chat=True) from error
        except (BotoCoreError, ValueError) as error:
            raise self._refusal_on_the_way(error, model_id) from error
        except TimeoutError as error:
            raise Refusal(TOO_LATE, f"{model_id} fell silent in its answer; ask again.") from error
        except (HTTPError, ParserError) as error:
            # Below botocore, which does not translate them while a stream is read.
            raise TryAgain(f"{model_id} broke off in its answer; ask again.") from error

    def _refusal_of_stream(self, error: EventStreamError, model_id: str) -> ModelError:
        code = _code(error)
        if not code:
            # botocore gives no name to what its model of the service does not have.
            return TryAgain(f"{model_id} broke off in its answer; ask again.")
        error.response["Error"]["Code"] = STREAM_CODES.get(code.lower(), code)
        refusal = self._refusal_of_bedrock(error, model_id, chat=True)
        return TryAgain(str(refusal)) if _code(error) in PASSING else refusal

    @property
    def _where(self) -> str:
        return f"Bedrock in {self._client.meta.region_name}"

    def _refusal_of_bedrock(
        self, error: ClientError, model_id: str, *, chat: bool = False
    ) -> Refusal:
        code, message = _code(error), _said(error)
        if code in BAD_CREDENTIALS:
            return Refusal(
                DENIED, f"AWS does not accept the credentials ({message}); log in again."
            )
        if code in OVERLOADED:
            return Refusal(
                AWAY,
                f"{self._where} is overloaded or throttles {model_id} ({message}); wait, use fewer "
                "sessions at once, or ask AWS for a higher quota.",
            )
        if code in ("AccessDeniedException", "AccessDenied") or "not authorized" in message.lower():
            return Refusal(
                DENIED,
                f"{self._where} denies access to {model_id} ({message}); enable the model in the "
                f"Bedrock console and allow {STREAMED if chat else 'bedrock:InvokeModel'}.",
            )
        if code == "ResourceNotFoundException" or "model identifier" in message.lower():
            return Refusal(
                UNKNOWN_MODEL,
                f"{self._where} has no model {model_id} ({message}); check the id and AWS_REGION.",
            )
        if "inference profile" in message.lower():
            return Refusal(
                UNKNOWN_MODEL,
                f"{self._where} serves {model_id} through an inference profile only; name that "
                f"one, such as us.{model_id}.",
            )
        if code == "ModelTimeoutException":
            return Refusal(TOO_LATE, f"{model_id} took too long ({message}); try again.")
        if code == "ValidationException":
            return Refusal(
                BAD_BODY,
                f"{model_id} does not take this request ({message}); "
                f"{'change the settings of the answer' if chat else 'mend its text or body'}.",
            )
        return Refusal(MODEL_FAILED, f"{model_id} failed ({code}: {message}); try again later.")

    def _refusal_on_the_way(self, error: Exception, model_id: str) -> Refusal:
        if isinstance(error, NO_CREDENTIALS):
            return Refusal(
                DENIED,
                f"There are no AWS credentials to use ({_said(error)}); run `aws configure` or "
                "`aws login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        if isinstance(error, (ReadTimeoutError, ConnectTimeoutError)):
            return Refusal(
                TOO_LATE,
                f"{self._where} gave no answer in time; try again, or check the network.",
            )
        if isinstance(error, ParamValidationError):
            return Refusal(UNKNOWN_MODEL, f'"{model_id}" can be no model\'s id; check it.')
        if isinstance(error, (HTTPClientError, NotConnected)):
            return Refusal(
                AWAY,
                f"{self._where} can not be reached at {self._client.meta.endpoint_url}; check the "
                "network, AWS_REGION and AWS_ENDPOINT_URL_BEDROCK_RUNTIME.",
            )
        return Refusal(MODEL_FAILED, f"{model_id} could not be called ({_said(error)}); try again.")


def _code(error: ClientError) -> str:
    details: dict[str, Any] = error.response.get("Error", {})
    return str(details.get("Code", ""))


def _said(error: Exception) -> str:
    """AWS' words in one line, without the end of a sentence."""
    words = str(error)
    if isinstance(error, ClientError):
        words = str(error.response.get("Error", {}).get("Message") or words)
    return " ".join(words.split())[:SHOWN].rstrip(".;: ")
