"""A reranking model of Bedrock as a Reranker: one call for all results of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from kb.adapters.bedrock_runtime import BedrockRuntime
from kb.embedding_sql.refusals import MODEL_FAILED, Refusal
from kb.models import RetrievalResult

#: Questions under way at once that keep a connection.
CONNECTIONS = 10
#: Bedrock's bounds on a question and a text, in characters.
MAX_CHARACTERS = 32_000
Json = dict[str, Any]


class BedrockReranker(BedrockRuntime):
    """A Reranker; threads may share it."""

    service = "bedrock-agent-runtime"
    setting = "KB_RERANKING_MODEL"
    action = "bedrock:Rerank and bedrock:InvokeModel"
    remedy = "name another reranking model"

    def __init__(self, model_id: str) -> None:
        """`model_id`: a model or its ARN. Calls nobody yet.

        Raises SettingsError when there is no region.
        """
        # Somebody waits for the answer to a question: give up soon.
        super().__init__(connections=CONNECTIONS, answer_seconds=20)
        self._model_id = model_id

    @property
    def name(self) -> str:
        """As in the settings."""
        return self._model_id

    def rerank(self, question: str, results: Sequence[RetrievalResult]) -> list[float]:
        """Bedrock's relevance scores, 0 to 1; texts are cut to the 32,000 characters it takes."""
        scores: dict[int, float] = {}
        request = self._request(question, results)
        while True:
            answer = self._call(request)
            scores |= {r["index"]: r["relevanceScore"] for r in answer["results"]}
            if not answer.get("nextToken"):
                break
            request["nextToken"] = answer["nextToken"]
        if set(scores) != set(range(len(results))):
            raise Refusal(
                MODEL_FAILED,
                f"{self._model_id} scored {len(scores)} of {len(results)} chunks; ask again or "
                "name another reranking model.",
            )
        return [scores[place] for place in range(len(results))]

    def _call(self, request: Mapping[str, Any]) -> Json:
        model_id = self._model_id[:100]
        try:
            answer: Json = self._client.rerank(**request)
        except ClientError as error:
            raise self._refusal_of_bedrock(error, model_id) from error
        except (BotoCoreError, ValueError) as error:
            raise self._refusal_on_the_way(error, model_id) from error
        return answer

    def _request(self, question: str, results: Sequence[RetrievalResult]) -> Json:
        texts = [result.text[:MAX_CHARACTERS] for result in results]
        return {
            "queries": [{"type": "TEXT", "textQuery": {"text": question[:MAX_CHARACTERS]}}],
            "sources": [
                {
                    "type": "INLINE",
                    "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text or " "}},
                }
                for text in texts
            ],
            "rerankingConfiguration": {
                "type": "BEDROCK_RERANKING_MODEL",
                "bedrockRerankingConfiguration": {
                    "modelConfiguration": {"modelArn": self._arn},
                    "numberOfResults": len(results),
                },
            },
        }

    @property
    def _arn(self) -> str:
        if self._model_id.startswith("arn:"):
            return self._model_id
        meta = self._client.meta
        return f"arn:{meta.partition}:bedrock:{meta.region_name}::foundation-model/{self._model_id}"
