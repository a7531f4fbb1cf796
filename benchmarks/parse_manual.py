"""How long a large PDF takes to read and chunk, and in how much memory.

    python -m benchmarks.parse_manual ../shared/corpus/postgresql-16-A4.pdf

Reads every page, counts the tokens of every chunk with the local embedding model's tokenizer, and
embeds nothing. One process; the pages are not kept.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from kb.adapters.minilm import MiniLm
from kb.documents.chunking import chunk_pages
from kb.documents.marks import pack_boxes
from kb.documents.parsers import read_pages
from kb.errors import KbError
from kb.models import Page, PageOutcome


def main() -> int:
    """Run once and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path, help="the PDF")
    parser.add_argument("--max-tokens", type=int, default=300, help="largest chunk (300)")
    parser.add_argument(
        "--boxes", action="store_true", help="pack the boxes as for the database, too"
    )
    arguments = parser.parse_args()
    census = _Census(pack=arguments.boxes)
    started, busy = time.perf_counter(), time.process_time()
    try:
        pages = census.watch(read_pages(arguments.path, arguments.path.name))
        tokens = [
            chunk.tokens
            for chunk in chunk_pages(pages, MiniLm().count_tokens, max_tokens=arguments.max_tokens)
        ]
    except KbError as error:
        print(error, file=sys.stderr)
        return 1
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    print(f"seconds        {seconds:.1f} ({busy:.1f} of processor time)")
    print(f"peak RSS       {_peak_rss_bytes() / 2**20:.0f} MiB")
    print(f"pages          {census.outcomes.total()}, {dict(census.outcomes)}")
    print(f"characters     {census.characters}")
    if arguments.boxes:
        print(f"packed boxes   {census.box_bytes / 1e6:.1f} MB (packing is in the seconds)")
    print(f"chunks         {len(tokens)}, {sum(tokens) / len(tokens):.0f} tokens on average")
    for reason, numbers in census.without_text.items():
        print(f"{reason}: {_ranges(numbers)}")
    return 0


class _Census:
    """Counts pages as they pass."""

    def __init__(self, *, pack: bool) -> None:
        self._pack = pack
        self.outcomes: Counter[str] = Counter()
        self.without_text: dict[str, list[int]] = {}
        self.characters = 0
        self.box_bytes = 0

    def watch(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            self.outcomes[page.outcome.value] += 1
            self.characters += len(page.text)
            if self._pack:
                self.box_bytes += len(pack_boxes(page.boxes))
            if page.outcome is not PageOutcome.TEXT:
                self.without_text.setdefault(page.outcome_reason or "", []).append(page.number)
            yield page


def _peak_rss_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _ranges(numbers: list[int]) -> str:
    """Runs of numbers, e.g. "3-31, 40"."""
    runs = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    found = [[number for _, number in run] for _, run in runs]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in found)


if __name__ == "__main__":
    sys.exit(main())
