"""How fast and how large a sync is, against the model alone and against LangChain, in one run.

    python -m benchmarks.bench_sync manual.pdf [--peer build/peers/bin/python] [--pages 400]

Everything runs in a fresh folder with an embedded server of its own; `make bench-sync` makes the
peer's environment. On two cores and 3,000 pages it takes three quarters of an hour, most of it
the peer's. Ratios are printed as rows of a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks import copy_rate, manual_pages
from kb.adapters.minilm import MiniLm
from kb.documents.chunking import chunk_pages
from kb.documents.reading import read_pdf
from kb.ingestion.texts import embedding_text

ROOT = Path(__file__).resolve().parents[1]
PEER = Path(__file__).resolve().with_name("peer_langchain.py")
#: Pages of the manual that are copied once, twice and four times.
GROWTH = (1, 2, 4)


@dataclass(frozen=True)
class Run:
    """A command, how long it took and how much memory it had at most."""

    seconds: float
    peak_bytes: int
    output: str


def run(command: list[str], environ: Mapping[str, str]) -> Run:
    """Run to the end; its error is ours."""
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, env=dict(environ), stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{text}")
    return Run(seconds, usage.ru_maxrss * 1024, text)


class Workbench:
    """A knowledge base in a folder of its own, used by the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {**os.environ, "KB_DATA_DIR": str(folder), "KB_BUCKET": "bench"}
        self.objects = folder / "buckets" / "bench" / "objects"

    def kb(self, *arguments: str) -> Run:
        return run([sys.executable, "-m", "kb", *arguments], self.environ)

    def put(self, document: Path, key: str) -> None:
        self.objects.mkdir(parents=True, exist_ok=True)
        shutil.copy(document, self.objects / key)

    def sync(self) -> tuple[Run, int]:
        """One job to its end, and how many texts it embedded."""
        done = self.kb("sync", "--wait", "--json")
        return done, json.loads(done.output)["embedding_calls"]

    def job_seconds(self) -> float:
        """From the latest job's start to its end, without the process around it."""
        job = json.loads(self.kb("jobs", "--json").output)["ingestionJobSummaries"][0]
        began, ended = (datetime.fromisoformat(job[at]) for at in ("startedAt", "updatedAt"))
        return (ended - began).total_seconds()


@contextmanager
def workbench() -> Iterator[Workbench]:
    """A fresh one whose server has started and whose tables are there."""
    folder = Path(tempfile.mkdtemp(prefix="kb-bench-"))
    folder.chmod(0o711)
    bench = Workbench(folder)
    bench.kb("up")
    yield bench
    bench.kb("down")
    shutil.rmtree(folder)


def texts_of(manual: Path) -> list[str]:
    """What a sync embeds of the manual."""
    chunks = chunk_pages(read_pdf(manual), MiniLm().count_tokens)
    return [embedding_text(chunk.text, chunk.heading_path, "") for chunk in chunks]


def model_seconds(model: MiniLm, texts: list[str]) -> float:
    """What the model alone takes for these texts in its best batching."""
    began = time.monotonic()
    model.embed_documents(texts)
    return time.monotonic() - began


def whole_manual(manual: Path) -> float:
    """The first sync against the model alone, half of it measured before and half after.

    Seconds of that sync, the process included.
    """
    model, texts = MiniLm(), list(dict.fromkeys(texts_of(manual)))
    model.embed_query("warm")
    with workbench() as bench:
        bench.put(manual, "manual.pdf")
        before = model_seconds(model, texts[0::2])
        first, calls = bench.sync()
        after = model_seconds(model, texts[1::2])
        alone = before + after
        row("whole sync / the model alone", "<= 1.08", f"{first.seconds / alone:.3f}")
        # Halves that differ tell of other work on the machine.
        halves = f"{before:.0f} + {after:.0f}"
        row("seconds: sync, model alone", "", f"{first.seconds:.0f}, {halves}")
        row("texts embedded, distinct texts", "", f"{calls:,}, {len(texts):,}")
        row("peak memory of the worker", "< 1.2 GB", f"{first.peak_bytes / 2**20:,.0f} MiB")
        again, none = bench.sync()
        row("sync with nothing changed", "< 2 s, 0 texts", f"{again.seconds:.2f} s, {none} texts")
        manual_pages.with_changed_page(manual, bench.objects / "manual.pdf", page=1200)
        changed, some = bench.sync()
        row("one page changed: embedded", "<= 1 %", f"{some / len(texts):.2%} ({some} texts)")
        row("one page changed: seconds", "", f"{changed.seconds:.0f}")
    rate, packing = copy_rate.measure(manual)
    row("rate of our COPY / of a COPY of the same bytes", ">= 0.8", f"{rate:.2f}")
    row("microseconds to pack a row of chunk and vector, before", "", f"{packing:.0f}")
    return first.seconds


def growth(manual: Path) -> None:
    """100 pages once, twice and four times; each copy's texts are salted by its metadata."""
    hundred = Path(tempfile.mkdtemp()) / "hundred.pdf"
    manual_pages.part(manual, hundred, first=1100, count=100)
    seen = []
    for copies in GROWTH:
        with workbench() as bench:
            for number in range(copies):
                bench.put(hundred, f"copy-{number}.pdf")
                salt = {"type": "STRING", "stringValue": f"number {number}"}
                attributes = {"copy": {"value": salt, "includeForEmbedding": True}}
                name = f"copy-{number}.pdf.metadata.json"
                (bench.objects / name).write_text(json.dumps({"metadataAttributes": attributes}))
            done, calls = bench.sync()
            seen.append((1000 * bench.job_seconds() / calls, done.peak_bytes / 2**20))
    shutil.rmtree(hundred.parent)
    row("ms a chunk: 100, 200, 400 pages", "flat within 10 %", _list(ms for ms, _ in seen))
    row("peak MiB: 100, 200, 400 pages", "flat", _list(mib for _, mib in seen))


def side_by_side(manual: Path, peer: Path, ours_seconds: float) -> None:
    """LangChain's loader, splitter and store with the same model, on a server like ours."""
    with workbench() as bench:
        status = json.loads(bench.kb("status", "--json").output)
        done = run([str(peer), str(PEER), str(manual), status["database_url"]], bench.environ)
    theirs = json.loads(done.output.splitlines()[-1])
    row("LangChain / ours, whole manual", ">= 2", f"{done.seconds / ours_seconds:.2f}")
    row("seconds: LangChain, ours", "", f"{done.seconds:.0f}, {ours_seconds:.0f}")
    row("LangChain: seconds of each step", "", ", ".join(f"{k} {v}" for k, v in theirs.items()))


def row(what: str, goal: str, seen: str) -> None:
    """One line of the table."""
    print(f"| {what} | {goal} | {seen} |", flush=True)


def _list(numbers: Iterator[float]) -> str:
    return ", ".join(f"{number:.0f}" for number in numbers)


def main() -> None:
    """Measure everything, or without the peer what does not need it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("manual", type=Path)
    parser.add_argument("--peer", type=Path, help="Python of an environment that has LangChain")
    parser.add_argument("--pages", type=int, help="only so many pages of the manual")
    options = parser.parse_args()
    manual = options.manual
    with tempfile.TemporaryDirectory() as folder:
        if options.pages:
            manual = Path(folder) / "part.pdf"
            manual_pages.part(options.manual, manual, first=1, count=options.pages)
        print(f"load before: {os.getloadavg()[0]:.1f}\n\n| | goal | seen |\n| --- | --- | --- |")
        growth(options.manual)
        ours_seconds = whole_manual(manual)
        if options.peer:
            side_by_side(manual, options.peer, ours_seconds)


if __name__ == "__main__":
    main()
