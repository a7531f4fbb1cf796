"""Every shape is what AWS's own service model has; botocore checks them, nothing is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from botocore.model import ServiceModel, StringShape
from botocore.session import Session
from botocore.validate import ParamValidator

from kb import bedrock_json
from kb.generation.answer import Writing
from kb.models import (
    AnswerPart,
    Document,
    DocumentStatus,
    GenerationReport,
    IngestionJob,
    IngestionJobStatistics,
    IngestionJobStatus,
    IngestionProgress,
    Retrieval,
    RetrieveAndGenerateResponse,
    RetrievedReference,
    Span,
)
from tests.made_up import THEN, result

Json = dict[str, Any]
CHUNK = result("One. Two.", metadata={"x-amz-bedrock-kb-document-page-number": 7, "tags": ["a"]})
JOB = IngestionJob(
    ingestion_job_id="JOB0000001",
    data_source_id="DS00000001",
    knowledge_base_id="KB00000001",
    status=IngestionJobStatus.COMPLETE,
    statistics=IngestionJobStatistics(
        documents_scanned=5,
        metadata_documents_scanned=6,
        metadata_documents_modified=7,
        new_documents_indexed=1,
        modified_documents_indexed=2,
        documents_deleted=3,
        documents_failed=4,
    ),
    progress=IngestionProgress(),
    failure_reasons=("a.pdf: no.",),
    started_at=THEN,
    updated_at=THEN,
)


@pytest.fixture(scope="module")
def models() -> dict[str, ServiceModel]:
    session = Session()
    names = ("bedrock-agent", "bedrock-agent-runtime")
    return {name: session.get_service_model(name) for name in names}


def complaints(models: dict[str, ServiceModel], service: str, operation: str, shape: Json) -> str:
    """What botocore finds wrong with a response, as it would arrive from JSON."""
    arrived = with_times(json.loads(json.dumps(shape)))
    output = models[service].operation_model(operation).output_shape
    assert output is not None
    return str(ParamValidator().validate(arrived, output).generate_report())


def allowed(models: dict[str, ServiceModel], enumeration: str) -> list[str]:
    shape = models["bedrock-agent"].shape_for(enumeration)
    assert isinstance(shape, StringShape)
    return list(shape.enum)


def with_times(value: Any) -> Any:
    """ISO strings of fields named ...At as botocore's parser would hand them out."""
    if isinstance(value, dict):
        return {
            k: datetime.fromisoformat(v) if k.endswith("At") else with_times(v)
            for k, v in value.items()
        }
    return [with_times(v) for v in value] if isinstance(value, list) else value


def document(**changes: Any) -> Document:
    values: Json = {
        "document_id": "00000000-0000-0000-0000-000000000001",
        "key": "a.pdf",
        "uri": "s3://kb/a.pdf",
        "etag": "e",
        "size_bytes": 1,
        "status": DocumentStatus.INDEXED,
        "status_reason": None,
        "pages": 1,
        "chunks": 1,
        "updated_at": THEN,
    }
    return Document(**{**values, **changes})


@pytest.fixture
def answer() -> RetrieveAndGenerateResponse:
    reference = RetrievedReference(result=CHUNK, passage=Span(start=5, end=9))
    parts = [AnswerPart(text="So: "), AnswerPart(text="Two.", retrieved_references=(reference,))]
    writing = Writing()
    for part in parts:
        writing.add(part)
    return writing.response(
        Retrieval(results=(CHUNK,), timings_ms={}),
        GenerationReport(),
        session_id="0b1c2d3e-session",
        generation_model="extractive",
        timings_ms={},
    )


@pytest.mark.parametrize("results", [[], [CHUNK], [CHUNK, result("x", 2, uri="")]])
def test_retrieve_has_bedrock_s_shape(results: list[Any], models: dict[str, ServiceModel]) -> None:
    shape = bedrock_json.retrieve(results)
    assert complaints(models, "bedrock-agent-runtime", "Retrieve", shape) == ""


def test_retrieve_has_text_place_score_and_metadata() -> None:
    (found,) = bedrock_json.retrieve([CHUNK])["retrievalResults"]
    assert found == {
        "content": {"type": "TEXT", "text": "One. Two."},
        "location": {"type": "S3", "s3Location": {"uri": "s3://kb/a.pdf"}},
        "score": 1.0,
        "metadata": {"x-amz-bedrock-kb-document-page-number": 7, "tags": ["a"]},
    }


def test_retrieve_and_generate_has_bedrock_s_shape(
    answer: RetrieveAndGenerateResponse, models: dict[str, ServiceModel]
) -> None:
    shape = bedrock_json.retrieve_and_generate(answer)
    assert complaints(models, "bedrock-agent-runtime", "RetrieveAndGenerate", shape) == ""


def test_retrieve_and_generate_without_an_answer_has_bedrock_s_shape(
    models: dict[str, ServiceModel],
) -> None:
    nothing = Writing().response(
        Retrieval(results=(), timings_ms={}),
        GenerationReport(),
        session_id="ab",
        generation_model="x",
        timings_ms={},
    )
    shape = bedrock_json.retrieve_and_generate(nothing)
    assert complaints(models, "bedrock-agent-runtime", "RetrieveAndGenerate", shape) == ""
    assert shape["citations"] == []


def test_a_cited_part_s_span_is_half_open(answer: RetrieveAndGenerateResponse) -> None:
    shape = bedrock_json.retrieve_and_generate(answer)
    part = shape["citations"][0]["generatedResponsePart"]["textResponsePart"]
    start, end = part["span"]["start"], part["span"]["end"]
    assert shape["output"]["text"][start:end] == part["text"] == "Two."


def test_a_reference_has_the_whole_chunk_and_no_score(answer: RetrieveAndGenerateResponse) -> None:
    (citation,) = bedrock_json.retrieve_and_generate(answer)["citations"]
    (reference,) = citation["retrievedReferences"]
    assert reference["content"]["text"] == "One. Two."
    assert "score" not in reference


@pytest.mark.parametrize("status", list(IngestionJobStatus))
def test_get_ingestion_job_has_bedrock_s_shape(
    status: IngestionJobStatus, models: dict[str, ServiceModel]
) -> None:
    shape = bedrock_json.get_ingestion_job(replace(JOB, status=status))
    assert complaints(models, "bedrock-agent", "GetIngestionJob", shape) == ""
    assert status.value in allowed(models, "IngestionJobStatus")


def test_get_ingestion_job_has_every_count() -> None:
    statistics = bedrock_json.get_ingestion_job(JOB)["ingestionJob"]["statistics"]
    assert statistics == {
        "numberOfDocumentsScanned": 5,
        "numberOfMetadataDocumentsScanned": 6,
        "numberOfMetadataDocumentsModified": 7,
        "numberOfNewDocumentsIndexed": 1,
        "numberOfModifiedDocumentsIndexed": 2,
        "numberOfDocumentsDeleted": 3,
        "numberOfDocumentsFailed": 4,
    }


@pytest.mark.parametrize("reason", [None, "It has no text."])
@pytest.mark.parametrize("status", list(DocumentStatus))
def test_list_documents_has_bedrock_s_shape(
    status: DocumentStatus, reason: str | None, models: dict[str, ServiceModel]
) -> None:
    shape = bedrock_json.list_documents(
        [document(status=status, status_reason=reason)],
        knowledge_base_id="KB00000001",
        data_source_id="DS00000001",
    )
    assert complaints(models, "bedrock-agent", "ListKnowledgeBaseDocuments", shape) == ""
    assert status.value in allowed(models, "DocumentStatus")


def test_a_document_is_named_by_its_uri() -> None:
    shape = bedrock_json.list_documents(
        [document()], knowledge_base_id="KB00000001", data_source_id="DS00000001"
    )
    identifier = shape["documentDetails"][0]["identifier"]
    assert identifier == {"dataSourceType": "S3", "s3": {"uri": "s3://kb/a.pdf"}}


def test_a_wrong_shape_is_found(models: dict[str, ServiceModel]) -> None:
    shape = {"retrievalResults": [{"text": "x"}]}
    found = complaints(models, "bedrock-agent-runtime", "Retrieve", shape)
    assert "content" in found and "text" in found
