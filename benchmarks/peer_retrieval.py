"""What two other builds retrieve for the same questions; run by the peers' own Python.

    build/peers/bin/python benchmarks/peer_retrieval.py langchain manual.pdf set.jsonl postgresql://…
    build/peers/bin/python benchmarks/peer_retrieval.py llama-index manual.pdf set.jsonl

LangChain as its users write it: PyPDFLoader, the recursive splitter with 1,000 characters and an
overlap of 200, PGVector. LlamaIndex with its defaults: its sentence splitter, its store in memory,
a document a page with label and file name as its PDF reader makes them (that reader wants an older
pypdf than LangChain's here). Both with the embedding model of the workbench.

Prints JSON: seconds until all is indexed, the median milliseconds of a search, and the pages of the
first ten chunks for each question.
"""

import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

DEPTH = 10


def langchain(path, database_url):
    """A search over a fresh collection; gives 1-based pages, best first."""
    from langchain_community.document_loaders import PyPDFLoader
    from langchain_postgres import PGVector
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from peer_langchain import ROWS, MiniLm

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = splitter.split_documents(PyPDFLoader(path).load())
    for chunk in chunks:
        # PostgreSQL's text has no NUL.
        chunk.page_content = chunk.page_content.replace("\x00", "")
    store = PGVector(
        embeddings=MiniLm(),
        collection_name="questions",
        connection=database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        pre_delete_collection=True,
    )
    for at in range(0, len(chunks), ROWS):
        store.add_documents(chunks[at : at + ROWS])

    def search(question):
        found = store.similarity_search(question, k=DEPTH)
        return [document.metadata["page"] + 1 for document in found]

    return len(chunks), search


def llama_index(path):
    """The same over LlamaIndex's defaults."""
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from peer_langchain import MiniLm
    from pydantic import PrivateAttr
    from pypdf import PdfReader

    class Embedding(BaseEmbedding):
        _model: MiniLm = PrivateAttr(default_factory=MiniLm)

        def _get_text_embedding(self, text):
            return self._model.embed_query(text)

        def _get_text_embeddings(self, texts):
            return self._model.embed_documents(texts)

        def _get_query_embedding(self, query):
            return self._model.embed_query(query)

        async def _aget_query_embedding(self, query):
            return self._get_query_embedding(query)

    reader, name = PdfReader(path), Path(path).name
    documents = [
        Document(
            text=page.extract_text(),
            metadata={"page_label": label, "file_name": name, "place": place},
            # The label may be roman, the place is not; a model need not see it.
            excluded_embed_metadata_keys=["place"],
        )
        for place, (page, label) in enumerate(
            zip(reader.pages, reader.page_labels, strict=True), start=1
        )
    ]
    index = VectorStoreIndex.from_documents(documents, embed_model=Embedding())
    retriever = index.as_retriever(similarity_top_k=DEPTH)

    def search(question):
        return [found.node.metadata["place"] for found in retriever.retrieve(question)]

    return len(index.index_struct.nodes_dict), search


def main(peer, path, questions, *database_url):
    began = time.monotonic()
    chunks, search = {"langchain": langchain, "llama-index": llama_index}[peer](path, *database_url)
    built = time.monotonic() - began
    times, pages = [], {}
    lines = Path(questions).read_text(encoding="utf-8").split("\n")
    for question in [json.loads(line)["question"] for line in lines if line.strip()]:
        asked = time.perf_counter()
        pages[question] = search(question)
        times.append(1000 * (time.perf_counter() - asked))
    figures = {"chunks": chunks, "seconds": round(built, 1)}
    figures["retrieve_p50_ms"] = round(statistics.median(times), 1)
    print(json.dumps({"peer": peer, **figures, "pages": pages}))


if __name__ == "__main__":
    main(*sys.argv[1:])
