"""How the command line shows kb's nouns: tables, a progress bar, an answer with its citations."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import textwrap
from collections.abc import Generator as Stream
from collections.abc import Sequence
from typing import Any

from kb.errors import KbError
from kb.models import (
    AnswerPart,
    Document,
    Measurement,
    RetrievalResult,
    RetrieveAndGenerateResponse,
    RetrievedReference,
    SweepEvent,
    SweepResult,
)
from kb.wording import counted
from kb.workbench import Status

BAR_WIDTH = 24


def size(size_bytes: int) -> str:
    """12.3 MB."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as they need; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    print("  ".join(h.ljust(w) for h, w in zip(headers, widths, strict=True)).rstrip())
    for row, shown in zip(rows, cells, strict=True):
        aligned = [
            text.rjust(width) if isinstance(cell, (int, float)) else text.ljust(width)
            for cell, text, width in zip(row, shown, widths, strict=True)
        ]
        print("  ".join(aligned).rstrip())


def status_json(status: Status) -> dict[str, Any]:
    """Status as a program reads it."""
    return {**dataclasses.asdict(status), "embedding_model": str(status.embedding_model.model)}


def show_status(status: Status) -> None:
    """Where the workbench is."""
    kind = "embedded" if status.embedded else "external"
    versions = f"PostgreSQL {status.postgres_version}, pgvector {status.pgvector_version}, {kind}"
    print(f"database          {status.database_url}")
    print(f"                  {versions}")
    print(f"data source       {status.data_source}")
    print(f"embedding model   {status.embedding_model}")
    print(f"answers           {status.generation_model}")
    if status.embedded and status.embedding_model.provider == "local":
        # Only there does the local model stand in for Aurora ML.
        print("aws_bedrock       answered by the embedding model, padded with zeros where a")
        print("                  Titan or Cohere model has more dimensions")
    elif status.embedded:
        print("aws_bedrock       answered by Amazon Bedrock, whatever model a statement names")
    print(
        f"knowledge base    {counted(status.documents, 'document')}, "
        f"{counted(status.chunks, 'chunk')}"
    )


def show_documents(documents: Sequence[Document]) -> None:
    """The documents and their state."""
    if not documents:
        print("No documents yet; add some with `python -m kb upload PATH`.")
        return
    rows = [
        (d.key, d.status.value, d.pages, d.chunks, size(d.size_bytes), d.status_reason or "")
        for d in documents
    ]
    table(("document", "status", "pages", "chunks", "size", "reason"), rows)


def show_results(results: Sequence[RetrievalResult]) -> None:
    """Chunks in order, with their place."""
    if not results:
        print(
            "Nothing found; does the filter let anything through, is the knowledge base empty? "
            "See `python -m kb status`."
        )
    for number, result in enumerate(results, start=1):
        print(f"[{number}] {place(result)}  similarity {result.similarity:.3f}")
        print(textwrap.indent(_wrapped(result.text), "    "))
        print()


def show_answer(answer: RetrieveAndGenerateResponse) -> None:
    """The answer with the numbers of its sources, then the sources."""
    sources = Sources()
    text, done = "", 0
    for citation in answer.citations:
        text += answer.text[done : citation.span.end] + sources.marks(citation.retrieved_references)
        done = max(done, citation.span.end)
    print(_wrapped(text + answer.text[done:]))
    sources.show()


def show_stream(parts: Stream[AnswerPart, None, RetrieveAndGenerateResponse]) -> None:
    """The same while it comes. An error in the middle leaves what has been printed."""
    sources, has_begun = Sources(), False
    try:
        while True:
            part = next(parts)
            marks = sources.marks(part.retrieved_references)
            print(part.text + marks, end="", flush=True)
            has_begun = True
    except StopIteration as end:
        answer: RetrieveAndGenerateResponse = end.value
        print("" if has_begun else answer.text)
    except KbError:
        print()
        sources.show()
        raise
    sources.show()


class Sources:
    """What an answer rests on, numbered by first mention."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._places: list[str] = []

    def marks(self, references: Sequence[RetrievedReference]) -> str:
        """` [1][2]`; empty without a reference."""
        numbers = [self._number(reference) for reference in references]
        return " " + "".join(f"[{number}]" for number in numbers) if numbers else ""

    def show(self) -> None:
        """One line for each source, after an empty one."""
        for number, source in enumerate(self._places, start=1):
            print(f"{'' if number > 1 else chr(10)}[{number}] {source}")

    def _number(self, reference: RetrievedReference) -> int:
        key = (reference.result.chunk_id, reference.passage)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            self._places.append(place(reference.result))
        return self._numbers[key]


def place(result: RetrievalResult) -> str:
    """Document, page and heading of a chunk in one line."""
    page = ""
    if result.page_number is not None:
        label = result.page_label
        printed = f" (printed {label})" if label not in (None, str(result.page_number)) else ""
        page = f", page {result.page_number}{printed}"
    heading = f", {result.heading_path[-1]}" if result.heading_path else ""
    return f"{result.uri}{page}{heading}"


def show_sweep_event(event: SweepEvent) -> None:
    """One line for each finished setting."""
    if event.measurement:
        print(_measurement_line(event.measurement), flush=True)


def show_sweep(result: SweepResult) -> None:
    """The recommendation, after the settings."""
    print()
    print(f"{result.chunks:,} chunks, {result.questions} questions ({result.questions_source}).")
    print(_wrapped(result.recommendation.sentence))


def sweep_json(result: SweepResult) -> dict[str, Any]:
    """A sweep as a program reads it."""
    shape = dataclasses.asdict(result)
    shape["started_at"] = result.started_at.isoformat()
    shape["measurements"] = [_measurement_json(m) for m in result.measurements]
    if result.recommendation.measurement:
        found = _measurement_json(result.recommendation.measurement)
        shape["recommendation"]["measurement"] = found
    return shape


def _measurement_json(measurement: Measurement) -> dict[str, Any]:
    shape = dataclasses.asdict(measurement)
    return {"name": measurement.name, **shape, "valid": measurement.valid}


def _measurement_line(m: Measurement) -> str:
    mark = "" if m.valid else "  INVALID: another plan was used"
    return (
        f"{m.name:44} recall {m.recall:.3f} [{m.recall_low:.3f}, {m.recall_high:.3f}]"
        f"  p50 {m.p50_ms:6.2f} ms  p95 {m.p95_ms:6.2f} ms  build {m.build_seconds:5.1f} s{mark}"
    )


def _wrapped(text: str) -> str:
    width = min(100, shutil.get_terminal_size().columns) - 4
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False) for line in text.splitlines()
    )


def bar(share: float) -> str:
    """A bar that is filled by this share of 1."""
    filled = int(min(1.0, share) * BAR_WIDTH)
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}]"


def redraw(line: str) -> None:
    """Write over the line of the terminal on which stderr stands."""
    columns = shutil.get_terminal_size().columns
    print(f"\r{line[: columns - 1]:<{columns - 1}}", end="", file=sys.stderr, flush=True)
