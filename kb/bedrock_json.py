"""The response shapes of Bedrock's API, for programs. Pure.

Field names and nesting are those of botocore's service models `bedrock-agent` and
`bedrock-agent-runtime`; a test validates every shape against them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kb.models import (
    Citation,
    Document,
    IngestionJob,
    RetrievalResult,
    RetrieveAndGenerateResponse,
    RetrievedReference,
)

Json = dict[str, Any]


def retrieve(results: Iterable[RetrievalResult]) -> Json:
    """Retrieve's response."""
    return {"retrievalResults": [{**_reference(r), "score": r.score} for r in results]}


def retrieve_and_generate(response: RetrieveAndGenerateResponse) -> Json:
    """RetrieveAndGenerate's response; a span's end is exclusive."""
    return {
        "sessionId": response.session_id,
        "output": {"text": response.text},
        "citations": [_citation(citation) for citation in response.citations],
    }


def get_ingestion_job(job: IngestionJob) -> Json:
    """GetIngestionJob's response."""
    statistics = job.statistics
    return {
        "ingestionJob": {
            "knowledgeBaseId": job.knowledge_base_id,
            "dataSourceId": job.data_source_id,
            "ingestionJobId": job.ingestion_job_id,
            "status": job.status.value,
            "statistics": {
                "numberOfDocumentsScanned": statistics.documents_scanned,
                "numberOfMetadataDocumentsScanned": statistics.metadata_documents_scanned,
                "numberOfNewDocumentsIndexed": statistics.new_documents_indexed,
                "numberOfModifiedDocumentsIndexed": statistics.modified_documents_indexed,
                "numberOfMetadataDocumentsModified": statistics.metadata_documents_modified,
                "numberOfDocumentsDeleted": statistics.documents_deleted,
                "numberOfDocumentsFailed": statistics.documents_failed,
            },
            "failureReasons": list(job.failure_reasons),
            "startedAt": job.started_at.isoformat(),
            "updatedAt": job.updated_at.isoformat(),
        }
    }


def list_documents(
    documents: Iterable[Document], *, knowledge_base_id: str, data_source_id: str
) -> Json:
    """ListKnowledgeBaseDocuments' response."""
    return {
        "documentDetails": [
            {
                "knowledgeBaseId": knowledge_base_id,
                "dataSourceId": data_source_id,
                "status": document.status.value,
                "identifier": {"dataSourceType": "S3", "s3": {"uri": document.uri}},
                "statusReason": document.status_reason or "",
                "updatedAt": document.updated_at.isoformat(),
            }
            for document in documents
        ]
    }


def _citation(citation: Citation) -> Json:
    return {
        "generatedResponsePart": {
            "textResponsePart": {
                "text": citation.text,
                "span": {"start": citation.span.start, "end": citation.span.end},
            }
        },
        "retrievedReferences": [_cited(r) for r in citation.retrieved_references],
    }


def _cited(reference: RetrievedReference) -> Json:
    return _reference(reference.result)


def _reference(result: RetrievalResult) -> Json:
    return {
        "content": {"type": "TEXT", "text": result.text},
        "location": {"type": "S3", "s3Location": {"uri": result.uri}},
        "metadata": dict(result.metadata),
    }
