"""Metadata files are read in both of Bedrock's forms; each fault has its sentence."""

from __future__ import annotations

import json

import pytest

from kb.documents.metadata import (
    LARGEST_BYTES,
    embedding_prefix,
    is_metadata_key,
    metadata_key,
    read_metadata,
)
from kb.errors import DocumentError
from kb.models import DocumentMetadata

KEY = "a/b.pdf.metadata.json"


def read(attributes: object) -> DocumentMetadata:
    return read_metadata(json.dumps({"metadataAttributes": attributes}).encode(), KEY)


def refusal(content: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        read_metadata(content, KEY)
    return str(caught.value)


def typed(kind: str, field: str, value: object, **more: object) -> dict[str, object]:
    return {"value": {"type": kind, field: value}, **more}


def test_plain_values_keep_their_types() -> None:
    given = {"tag": "x", "year": 2023, "share": 0.5, "draft": False, "topics": ["a", "b"]}
    assert read(given).attributes == given


def test_plain_values_are_not_embedded() -> None:
    assert read({"tag": "x"}).included_for_embedding == ()


def test_typed_values_are_read() -> None:
    given = {
        "a": typed("STRING", "stringValue", "x"),
        "b": typed("NUMBER", "numberValue", 1.5),
        "c": typed("BOOLEAN", "booleanValue", True),
        "d": typed("STRING_LIST", "stringListValue", ["x", "y"]),
    }
    assert read(given).attributes == {"a": "x", "b": 1.5, "c": True, "d": ["x", "y"]}


def test_typed_values_are_embedded_when_they_ask_for_it() -> None:
    given = {
        "z": typed("STRING", "stringValue", "x", includeForEmbedding=True),
        "a": typed("STRING", "stringValue", "y", includeForEmbedding=False),
        "b": typed("STRING", "stringValue", "y", includeForEmbedding=True),
    }
    assert read(given).included_for_embedding == ("z", "b")


def test_both_forms_may_stand_in_one_file() -> None:
    assert read({"a": 1, "b": typed("NUMBER", "numberValue", 2)}).attributes == {"a": 1, "b": 2}


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_metadata(b'\xef\xbb\xbf{"metadataAttributes": {"a": 1}}', KEY).attributes == {
        "a": 1
    }


def test_what_is_embedded_stands_before_the_chunk_as_bedrock_writes_it() -> None:
    attributes = {"company": "X", "year": 2024, "draft": True, "tags": ["a", "b"], "not": "this"}
    names = ("company", "year", "draft", "tags")
    metadata = DocumentMetadata(attributes=attributes, included_for_embedding=names)  # type: ignore[arg-type]
    assert embedding_prefix(metadata) == "company: X\nyear: 2024\ndraft: true\ntags: a, b\n\n"


def test_nothing_stands_before_the_chunk_when_nothing_asks_for_it() -> None:
    assert embedding_prefix(DocumentMetadata(attributes={"a": 1})) == ""


def test_ten_kilobytes_are_allowed() -> None:
    rest = LARGEST_BYTES - len(json.dumps({"metadataAttributes": {"a": ""}}))
    assert read({"a": "x" * rest}).attributes["a"] == "x" * rest


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b" " * (LARGEST_BYTES + 1), "10,241 bytes; shorten it to 10,240"),
        (b'{"metadataAttributes": {"a": 1}', "not valid JSON"),
        (b"", "not valid JSON"),
        (b"[" * 10_000, "not valid JSON"),
        (b'{"metadataAttributes": {"a": 1, "a": 2}}', "stands in it twice"),
        (b'{"metadataAttributes": {"a": NaN}}', "NaN is no number"),
        (b'{"metadataAttributes": {"a": 1e999}}', "too large"),
        (b'{"metadataAttributes": {"a": "K\xe4se"}}', "not UTF-8 at byte 31"),
        (b'{"a": 1}', 'no object "metadataAttributes"'),
        (b'["metadataAttributes"]', 'no object "metadataAttributes"'),
        (b'{"metadataAttributes": [1]}', 'no object "metadataAttributes"'),
        (b'{"metadataAttributes": {"a": "\\u0000"}}', "can not be stored"),
        (b'{"metadataAttributes": {"a": ["\\ud800"]}}', "can not be stored"),
        (b'{"metadataAttributes": {"\\u0000": 1}}', "can not be stored"),
    ],
)
def test_a_file_that_can_not_be_read_says_why(content: bytes, what: str) -> None:
    message = refusal(content)
    assert message.startswith(f"The metadata file {KEY} ") and what in message


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"": 1}, "a name of 0 characters; use 1 to 100"),
        ({"x" * 101: 1}, "a name of 101 characters"),
        ({"x-amz-bedrock-kb-source-uri": "s3://x"}, "reserved name"),
        ({"X-AMZ-Bedrock-own": "x"}, "reserved name"),
        ({"a": None}, "no text, number"),
        ({"a": ["x", 1]}, "no text, number"),
        ({"a": {}}, "no value.type"),
        ({"a": {"value": "x"}}, "no value.type"),
        ({"a": typed("DATE", "stringValue", "x")}, "no value.type"),
        ({"a": typed("STRING", "numberValue", 1)}, "no stringValue"),
        ({"a": typed("NUMBER", "numberValue", "1")}, "no numberValue that is a NUMBER"),
        ({"a": typed("NUMBER", "numberValue", True)}, "no numberValue"),
        ({"a": typed("BOOLEAN", "booleanValue", 1)}, "no booleanValue"),
        ({"a": typed("STRING_LIST", "stringListValue", ["x", 1])}, "no stringListValue"),
        ({"a": typed("STRING", "stringValue", "x", includeForEmbedding="yes")}, "neither true"),
    ],
)
def test_an_attribute_that_does_not_fit_is_named(attributes: object, what: str) -> None:
    assert what in refusal(json.dumps({"metadataAttributes": attributes}).encode())


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("a.pdf.metadata.json", True),
        ("x/a.metadata.json", True),
        ("a.json", False),
        ("metadata.json", False),
        (".metadata.json", False),
        ("x/.metadata.json", False),
    ],
)
def test_metadata_files_are_known_by_their_names(key: str, is_one: bool) -> None:
    assert is_metadata_key(key) is is_one


def test_the_metadata_of_a_document_stands_beside_it() -> None:
    assert metadata_key("a/b.pdf") == KEY
