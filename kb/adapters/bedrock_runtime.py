"""Bedrock's InvokeModel through boto3: one text in, one text out, every error a sentence.

Region and credentials come from where boto3 looks for them, AWS_REGION included;
AWS_ENDPOINT_URL_BEDROCK_RUNTIME leads it elsewhere.
"""

from __future__ import annotations

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.exceptions import (
    ConnectionError as NotConnected,
)

from kb.adapters import aws
from kb.embedding_sql.refusals import (
    AWAY,
    BAD_BODY,
    DENIED,
    MODEL_FAILED,
    TOO_LATE,
    UNKNOWN_MODEL,
    Refusal,
)

OVERLOADED = (
    "ModelNotReadyException",
    "ServiceQuotaExceededException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "TooManyRequestsException",
)


class BedrockRuntime:
    """A client of bedrock-runtime; threads may share it."""

    service = "bedrock-runtime"
    #: What names the model, what IAM has to allow, and what to do about a request that is wrong.
    setting = "KB_EMBEDDING_MODEL"
    action = "bedrock:InvokeModel"
    remedy = "mend its text or body"
    #: Calls in all, where somebody waits for the answer.
    attempts = 3

    def __init__(
        self, *, connections: int, patient: bool = False, answer_seconds: int = 60
    ) -> None:
        """`patient` is for many calls: eight attempts, and slower when Bedrock throttles.

        `answer_seconds` is how long Bedrock may be silent.
        Raises SettingsError when there is no region, or a profile that is not there.
        """
        retries = {"mode": "adaptive" if patient else "standard"}
        config = Config(
            retries={**retries, "total_max_attempts": 8 if patient else self.attempts},
            max_pool_connections=connections,
            connect_timeout=aws.CONNECT_SECONDS,
            read_timeout=answer_seconds,
        )
        self._client = aws.open_client(
            self.service, f"{self.setting} names a Bedrock model", config=config
        )

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

    @property
    def _where(self) -> str:
        return f"Bedrock in {self._client.meta.region_name}"

    def _refusal_of_bedrock(self, error: ClientError, model_id: str) -> Refusal:
        code, message = aws.code(error), aws.said(error)
        if code in aws.BAD_CREDENTIALS:
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
                f"Bedrock console and allow {self.action}.",
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
                f"{model_id} does not take this request ({message}); {self.remedy}.",
            )
        return Refusal(MODEL_FAILED, f"{model_id} failed ({code}: {message}); try again later.")

    def _refusal_on_the_way(self, error: Exception, model_id: str) -> Refusal:
        if isinstance(error, aws.NO_CREDENTIALS):
            return Refusal(
                DENIED,
                f"There are no AWS credentials to use ({aws.said(error)}); {aws.LOG_IN}.",
            )
        if isinstance(error, (ReadTimeoutError, ConnectTimeoutError)):
            return Refusal(
                TOO_LATE,
                f"{self._where} gave no answer in time; try again, or check the network.",
            )
        if isinstance(error, ParamValidationError):
            return Refusal(UNKNOWN_MODEL, f'"{model_id}" can be no model\'s id; check it.')
        if isinstance(error, (HTTPClientError, NotConnected)):
            variable = self.service.upper().replace("-", "_")
            return Refusal(
                AWAY,
                f"{self._where} can not be reached at {self._client.meta.endpoint_url}; check the "
                f"network, AWS_REGION and AWS_ENDPOINT_URL_{variable}.",
            )
        return Refusal(
            MODEL_FAILED, f"{model_id} could not be called ({aws.said(error)}); try again."
        )
