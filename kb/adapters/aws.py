"""What every client of AWS shares: the session, and AWS' errors in words.

Region and credentials come from where boto3 looks for them, AWS_REGION included.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    InvalidRegionError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.loaders import create_loader
from botocore.session import Session

from kb.errors import SettingsError

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
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
#: Codes for a clock of this machine that is wrong.
CLOCK = ("RequestTimeTooSkewed", "RequestExpired")
DENIED = ("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "403")
OVERLOADED = (
    "InternalError",
    "InternalServiceError",
    "InternalServiceErrorException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "500",
    "503",
)
LOG_IN = "run `aws configure` or `aws login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def open_client(service: str, what_for: str, **options: Any) -> Any:
    """A client of an AWS service.

    Raises SettingsError when there is no region, or a profile that is not there.
    """
    try:
        core = Session()
        core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
        # boto3 itself reads AWS_DEFAULT_REGION only.
        region = os.environ.get("AWS_REGION") or None
        session = boto3.session.Session(botocore_session=core, region_name=region)
        return session.client(service, **options)
    except (NoRegionError, InvalidRegionError) as error:
        raise SettingsError(
            f"{what_for} and no AWS region is known; set AWS_REGION, such as us-east-1."
        ) from error
    except (ProfileNotFound, BotoCoreError, ValueError) as error:
        raise SettingsError(f"AWS' settings do not fit: {said(error)}; mend them.") from error


@cache
def _loader(data_path: str | None) -> Any:
    # Each session would read the descriptions of a service anew, a quarter of a second a client.
    return create_loader(data_path)


def code(error: ClientError) -> str:
    """AWS' name of the error, or the HTTP status where it gives none."""
    details: dict[str, Any] = error.response.get("Error", {})
    return str(details.get("Code", ""))


def said(error: Exception) -> str:
    """AWS' words in one line, without the end of a sentence."""
    words = str(error)
    if isinstance(error, ClientError):
        words = str(error.response.get("Error", {}).get("Message") or words)
    return " ".join(words.split())[:SHOWN].rstrip(".;: ")


def sentence(error: Exception, service: str) -> str:
    """What is wrong between here and a service, whatever was asked of it, and what to do."""
    if isinstance(error, NO_CREDENTIALS):
        return f"There are no AWS credentials to use ({said(error)}); {LOG_IN}."
    if not isinstance(error, ClientError):
        return (
            f"{service} can not be reached ({said(error)}); check the network, AWS_REGION and the "
            "AWS_ENDPOINT_URL variables."
        )
    name = code(error)
    if name in BAD_CREDENTIALS:
        return f"AWS does not accept the credentials ({said(error)}); log in again."
    if name in CLOCK:
        return f"This machine's clock is wrong, says {service} ({said(error)}); set it right."
    if name in OVERLOADED:
        return f"{service} is overloaded or throttles ({said(error)}); wait a moment and try again."
    return f"{service} refused ({name}: {said(error)}); mend that and try again."
