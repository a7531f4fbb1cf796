"""Chunking strategies from and to settings and Bedrock's structures, with Bedrock's bounds."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kb.documents.chunking_configuration import from_bedrock, from_setting, to_bedrock, to_setting
from kb.errors import ValidationError
from kb.models.chunking import DefaultChunking

BEDROCK: dict[str, Any] = {
    "FIXED_SIZE": {
        "chunkingStrategy": "FIXED_SIZE",
        "fixedSizeChunkingConfiguration": {"maxTokens": 200, "overlapPercentage": 10},
    },
    "HIERARCHICAL": {
        "chunkingStrategy": "HIERARCHICAL",
        "hierarchicalChunkingConfiguration": {
            "levelConfigurations": [{"maxTokens": 1000}, {"maxTokens": 200}],
            "overlapTokens": 50,
        },
    },
    "SEMANTIC": {
        "chunkingStrategy": "SEMANTIC",
        "semanticChunkingConfiguration": {
            "maxTokens": 200,
            "bufferSize": 1,
            "breakpointPercentileThreshold": 90,
        },
    },
    "NONE": {"chunkingStrategy": "NONE"},
}


def test_the_defaults_are_bedrock_s() -> None:
    names = ["DEFAULT", "FIXED_SIZE", "HIERARCHICAL", "SEMANTIC", "NONE"]
    assert [to_setting(from_setting(name)) for name in names] == [
        *("DEFAULT:300", "FIXED_SIZE:300:20", "HIERARCHICAL:1500:300:60"),
        *("SEMANTIC:300:0:95", "NONE"),
    ]


@pytest.mark.parametrize(
    "setting", ["DEFAULT:250", "fixed_size:20:99", "HIERARCHICAL:8192:1000:999", "SEMANTIC:1:1:50"]
)
def test_a_setting_is_read_as_it_is_written(setting: str) -> None:
    assert to_setting(from_setting(setting)) == setting.upper()


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ("", "no chunking strategy; use DEFAULT, FIXED_SIZE"),
        ("PARAGRAPH", "no chunking strategy"),
        ("FIXED_SIZE:300:20:1", "takes 2 numbers; write FIXED_SIZE:max_tokens:overlap_percentage"),
        ("NONE:300", "takes 0 numbers; write NONE"),
        ("FIXED_SIZE:many", "no number; write FIXED_SIZE"),
        ("FIXED_SIZE:-1", "no number"),
        ("FIXED_SIZE:0", "max_tokens must be a whole number from 1 to 8192, not 0"),
        ("FIXED_SIZE:8193", "from 1 to 8192"),
        ("FIXED_SIZE:300:0", "overlap_percentage must be a whole number from 1 to 99"),
        ("FIXED_SIZE:300:100", "from 1 to 99"),
        ("HIERARCHICAL:300:300:60", "child max_tokens must be smaller"),
        ("HIERARCHICAL:9000:300:60", "parent max_tokens must be"),
        ("HIERARCHICAL:1500:300:0", "overlap_tokens must be a whole number"),
        ("HIERARCHICAL:1500:300:300", "overlap_tokens must be smaller"),
        ("SEMANTIC:300:2:95", "buffer_size must be a whole number from 0 to 1"),
        ("SEMANTIC:300:0:49", "threshold must be a whole number from 50 to 99"),
        ("SEMANTIC:300:0:100", "from 50 to 99"),
    ],
)
def test_a_setting_out_of_bounds_says_so(setting: str, what: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(what)):
        from_setting(setting)


@pytest.mark.parametrize("name", BEDROCK)
def test_bedrock_s_configuration_is_read_and_written(name: str) -> None:
    assert to_bedrock(from_bedrock(BEDROCK[name])) == BEDROCK[name]


def test_bedrock_leaves_the_default_out() -> None:
    assert (from_bedrock(None), to_bedrock(DefaultChunking())) == (DefaultChunking(), None)


@pytest.mark.parametrize(
    ("configuration", "what"),
    [
        ({}, "chunkingStrategy must be one of"),
        ({"chunkingStrategy": "DEFAULT"}, "chunkingStrategy must be one of"),
        ({"chunkingStrategy": "FIXED_SIZE"}, "no fixedSizeChunkingConfiguration.maxTokens"),
        (
            {
                "chunkingStrategy": "FIXED_SIZE",
                "fixedSizeChunkingConfiguration": {"maxTokens": "9", "overlapPercentage": 20},
            },
            "max_tokens must be a whole number from 1 to 8192, not '9'",
        ),
        (
            {
                "chunkingStrategy": "HIERARCHICAL",
                "hierarchicalChunkingConfiguration": {"levelConfigurations": [{"maxTokens": 9}]},
            },
            "levelConfigurations must have two levels",
        ),
    ],
)
def test_a_configuration_that_bedrock_would_refuse_is_refused(
    configuration: dict[str, Any], what: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(what)):
        from_bedrock(configuration)
