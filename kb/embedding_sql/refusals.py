"""Why a call from SQL is refused: each reason has a SQLSTATE, a sentence and perhaps a hint.

Class KB is nobody's: the standard leaves classes that begin with I to Z to implementations, and
PostgreSQL uses none of that name.
"""

from __future__ import annotations

from kb.errors import ModelError

BAD_BODY = "KB001"
UNKNOWN_MODEL = "KB002"
BAD_KEY = "KB003"
MODEL_FAILED = "KB004"
TOO_LATE = "KB005"
#: Raised in SQL only: nobody is there to raise it.
NOT_RUNNING = "KB006"
NO_GENERATION_MODEL = "KB007"
TOO_FEW_DIMENSIONS = "KB008"
#: Bedrock does not know us, or does not let us use this model.
DENIED = "KB009"
#: Bedrock is overloaded or can not be reached: later it may work.
AWAY = "KB010"
TOO_LARGE = "54000"


class Refusal(ModelError):
    """A call that is answered with a SQL error."""

    def __init__(self, sqlstate: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.hint = hint
