"""Which model embeds: the local one, or the one on Bedrock that KB_EMBEDDING_MODEL names."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from kb.adapters.minilm import MiniLm
from kb.embedding_sql.claimed_models import configured_model
from kb.embedding_sql.forwarding import Forwarding
from kb.embedding_sql.stand_in import StandIn
from kb.protocols import Embedder
from kb.settings import Settings

#: Calls of Bedrock that SQL may have under way at once.
FORWARDED_CALLS = 16
#: The local model computes, so more calls at once than cores only wait for one another.
LOCAL_CALLS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The models of a workbench."""

    #: Makes the vectors that are stored and searched.
    embedder: Embedder
    #: Always on this machine: it counts tokens, and picks the sentences that are quoted.
    local: MiniLm
    #: What embedding costs, at the dated prices of kb.embedding_sql; 0 for the local model.
    dollars_per_million_tokens: float = 0.0


def open_models(settings: Settings) -> Models:
    """Raises SettingsError when KB_EMBEDDING_MODEL names no model, or there is no AWS region."""
    local = MiniLm(settings.model_dir)
    if settings.embeds_locally:
        return Models(embedder=local, local=local)
    # boto3 takes a fifth of a second to import, in every command.
    from kb.adapters.bedrock_models import BedrockEmbedder

    configured = configured_model(settings.embedding_model)
    return Models(
        embedder=BedrockEmbedder(configured, local.count_tokens),
        local=local,
        dollars_per_million_tokens=configured.model.dollars_per_million_tokens,
    )


def answer_for_sql(settings: Settings, models: Models) -> tuple[Callable[[str], str], int]:
    """What answers the functions of schema aws_bedrock, and how many calls it takes at once."""
    if settings.embeds_locally:
        return StandIn(models.local).answer, LOCAL_CALLS
    from kb.adapters.bedrock_runtime import BedrockRuntime

    runtime = BedrockRuntime(connections=FORWARDED_CALLS, answer_seconds=25)
    return Forwarding(runtime.invoke).answer, FORWARDED_CALLS
