"""The corpus and the embedding model's own tokenizer, for the tests that need the real ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
CHAPTER = CORPUS / "postgresql-16-monitoring-chapter.pdf"
MANUAL = CORPUS / "postgresql-16-A4.pdf"
FIELD_GUIDE = ROOT / "samples" / "postgresql-16-monitoring-field-guide.pdf"

needs_chapter = pytest.mark.skipif(not CHAPTER.is_file(), reason=f"{CHAPTER.name} is not there")
needs_manual = pytest.mark.skipif(not MANUAL.is_file(), reason=f"{MANUAL.name} is not there")


@cache
def _tokenizer() -> Tokenizer:
    folder = ROOT / "kb" / "adapters" / "assets" / "minilm"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Length of each text in all-MiniLM-L6-v2's tokens."""
    encodings = _tokenizer().encode_batch_fast(list(texts), add_special_tokens=False)
    return [len(encoding.ids) for encoding in encodings]


def count_words(texts: Sequence[str]) -> list[int]:
    """Length of each text in words, for tests that the tokenizer does not matter to."""
    return [len(text.split()) for text in texts]
