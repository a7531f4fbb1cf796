"""The stored choice of a chunking strategy, and what a preview of one says."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kb.documents.chunking_configuration import from_setting, to_setting
from kb.documents.parsers import read_pages
from kb.documents.strategies import chunk
from kb.documents.strategy_preview import MOST_CHARACTERS, WINDOW_PAGES, StrategyPreview
from kb.errors import DocumentError, ResourceNotFound, ValidationError
from kb.models.chunking import ChunkingStrategy, DefaultChunking, NoChunking
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.chunking import Chunking

pytestmark = pytest.mark.database

STRATEGIES = ["DEFAULT:300", "FIXED_SIZE:100:20", "HIERARCHICAL:300:100:20", "SEMANTIC", "NONE"]
SENTENCE = "A checkpoint writes all dirty buffers to disk, which bounds the time of a recovery. "


def upload(bench: Workbench, key: str, content: bytes) -> None:
    bench.data_source.upload(key, io.BytesIO(content))


@pytest.fixture
def note(bench: Workbench) -> str:
    """A short document that no job has seen."""
    upload(bench, "note.md", f"# Checkpoints\n\n{SENTENCE * 40}".encode())
    return "note.md"


@pytest.fixture
def manual_chapter(bench: Workbench, chapter: Path) -> str:
    """The real chapter, uploaded and not synced."""
    with chapter.open("rb") as stream:
        bench.data_source.upload(chapter.name, stream)
    return chapter.name


def test_at_first_it_is_the_default_one(bench: Workbench) -> None:
    assert bench.chunking.strategy() == DefaultChunking(max_tokens=300)


@pytest.mark.parametrize("setting", STRATEGIES)
def test_a_choice_is_kept(setting: str, bench: Workbench, settings: Settings) -> None:
    bench.chunking.set_strategy(from_setting(setting))
    with open_workbench(settings) as later:
        assert later.chunking.strategy() == from_setting(setting)


def test_another_bucket_has_its_own_choice(bench: Workbench, settings: Settings) -> None:
    bench.chunking.set_strategy(NoChunking())
    other = Settings(data_dir=settings.data_dir, database_url=settings.database_url, bucket="other")
    with open_workbench(other) as beside:
        assert beside.chunking.strategy() == DefaultChunking()


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("DEFAULT:401", "max_tokens 401"),
        ("FIXED_SIZE:8192:20", "max_tokens 8,192"),
        ("SEMANTIC:500", "max_tokens 500"),
        ("HIERARCHICAL:1500:600:60", "child max_tokens 600"),
    ],
)
def test_chunks_that_the_model_would_not_read_whole_are_refused(
    setting: str, name: str, bench: Workbench
) -> None:
    with pytest.raises(ValidationError, match=rf"{name} is more than all-MiniLM.*at most 400"):
        bench.chunking.set_strategy(from_setting(setting))
    assert bench.chunking.strategy() == DefaultChunking()


@pytest.mark.parametrize("setting", ["DEFAULT:400", "HIERARCHICAL:8192:400:60", "NONE"])
def test_what_fits_the_model_is_taken(setting: str, bench: Workbench) -> None:
    bench.chunking.set_strategy(from_setting(setting))
    assert to_setting(bench.chunking.strategy()) == setting


@pytest.mark.parametrize("setting", STRATEGIES)
def test_a_short_document_is_previewed_as_it_would_be_cut(
    setting: str, bench: Workbench, note: str, tmp_path: Path
) -> None:
    strategy = from_setting(setting)
    seen = bench.chunking.preview(note, strategy)
    made = cut(bench, note, strategy)
    assert (seen.counts.chunks, seen.counts.total_tokens) == (len(made), sum(made))
    assert (seen.share, seen.document_chunks) == (1.0, len(made))


def cut(bench: Workbench, key: str, strategy: ChunkingStrategy) -> list[int]:
    """Tokens of the chunks, cut without a preview."""
    embedder = bench._embedder
    with bench.evidence._store.local_copy(key) as path:
        pages = list(read_pages(path, key))
    return [
        c.tokens for c in chunk(pages, strategy, embedder.count_tokens, embedder.embed_documents)
    ]


def test_a_preview_stores_nothing(bench: Workbench, note: str) -> None:
    bench.chunking.preview(note, NoChunking())
    assert bench.chunking.strategy() == DefaultChunking()
    assert bench.status().chunks == 0


def test_of_a_long_pdf_only_the_pages_around_are_cut(bench: Workbench, manual_chapter: str) -> None:
    seen = bench.chunking.preview(manual_chapter, DefaultChunking(), 27)
    assert (seen.first_page, seen.last_page, seen.pages) == (25, 29, 58)
    assert {b.page_number for b in seen.counts.boundaries} == set(range(25, 30))


@pytest.mark.parametrize(("page", "first"), [(1, 1), (2, 1), (58, 54), (57, 54)])
def test_at_either_end_of_a_document_there_are_as_many_pages(
    page: int, first: int, bench: Workbench, manual_chapter: str
) -> None:
    seen = bench.chunking.preview(manual_chapter, DefaultChunking(), page)
    assert (seen.first_page, seen.last_page) == (first, first + WINDOW_PAGES - 1)


def test_the_chapter_is_estimated_by_its_pages(bench: Workbench, manual_chapter: str) -> None:
    seen = bench.chunking.preview(manual_chapter, DefaultChunking(), 27)
    true = len(cut(bench, manual_chapter, DefaultChunking()))
    assert seen.share == WINDOW_PAGES / 58
    assert seen.document_chunks is not None
    assert 0.6 * true < seen.document_chunks < 1.6 * true


def test_the_areas_of_a_page_hold_its_chunks(bench: Workbench, manual_chapter: str) -> None:
    seen = bench.chunking.preview(manual_chapter, from_setting("FIXED_SIZE:100:20"), 27)
    assert len(seen.chunks) > 4
    assert all(c.area.rectangles for c in seen.chunks)
    assert [c.number for c in seen.chunks] == sorted({c.number for c in seen.chunks})


def test_neighbours_share_the_overlap(bench: Workbench, manual_chapter: str) -> None:
    seen = bench.chunking.preview(manual_chapter, from_setting("FIXED_SIZE:100:20"), 27)
    one, two = seen.chunks[1:3]
    first_words = " ".join(two.text.split()[:5])
    assert first_words in " ".join(one.text.split())


def test_the_local_model_costs_nothing(bench: Workbench, note: str) -> None:
    assert bench.chunking.preview(note, DefaultChunking()).document_dollars == 0.0


def test_a_model_that_costs_is_reckoned_by_its_tokens(bench: Workbench, note: str) -> None:
    dear = Chunking(
        bench._engine,
        bench.evidence._store,
        bench._embedder,
        data_source_id=bench.data_source.data_source_id,
        dollars_per_million_tokens=1e6,
    )
    seen = dear.preview(note, DefaultChunking())
    assert seen.document_dollars == seen.document_tokens == seen.counts.total_tokens


def test_semantic_pays_for_comparing_sentences_too(bench: Workbench, note: str) -> None:
    dear = Chunking(
        bench._engine,
        bench.evidence._store,
        bench._embedder,
        data_source_id=bench.data_source.data_source_id,
        dollars_per_million_tokens=1e6,
    )
    seen = dear.preview(note, from_setting("SEMANTIC"))
    assert seen.document_dollars is not None and seen.document_tokens is not None
    assert seen.document_dollars > 1.8 * seen.document_tokens


def test_of_one_endless_page_a_part_is_cut(bench: Workbench) -> None:
    upload(bench, "book.txt", (SENTENCE * 2_000).encode())
    seen = bench.chunking.preview("book.txt", DefaultChunking())
    assert seen.share is not None
    assert seen.share == pytest.approx(MOST_CHARACTERS / (len(SENTENCE) * 2_000), rel=0.01)
    assert seen.document_chunks is not None and seen.document_chunks > 5 * seen.counts.chunks


def test_a_table_s_length_is_known_once_its_end_is_read(bench: Workbench) -> None:
    rows = "\n".join(f"{n},note {n}" for n in range(8_000))
    upload(bench, "rows.csv", f"number,note\n{rows}".encode())
    seen: list[StrategyPreview] = [
        bench.chunking.preview("rows.csv", DefaultChunking(), page) for page in (1, 6)
    ]
    assert [s.pages for s in seen] == [None, 8]
    assert seen[0].document_chunks is None
    told = bench.chunking.preview("rows.csv", DefaultChunking(), 1, known_pages=8)
    assert told.document_chunks is not None


def test_none_says_when_a_document_is_too_long(bench: Workbench, note: str) -> None:
    upload(bench, "short.md", b"# Short\n\nA few words.")
    long, short = (bench.chunking.preview(key, NoChunking()) for key in (note, "short.md"))
    assert "it would fail" in str(bench.chunking.too_long(long))
    assert bench.chunking.too_long(short) is None


def test_other_strategies_are_never_too_long(bench: Workbench, note: str) -> None:
    assert bench.chunking.too_long(bench.chunking.preview(note, DefaultChunking())) is None


@pytest.mark.parametrize("page", [0, 59, -3])
def test_a_page_that_is_not_there_is_a_sentence(
    page: int, bench: Workbench, manual_chapter: str
) -> None:
    with pytest.raises(ResourceNotFound, match=f"no page {page}; choose"):
        bench.chunking.preview(manual_chapter, DefaultChunking(), page)


def test_a_document_that_is_not_there_is_a_sentence(bench: Workbench) -> None:
    with pytest.raises(ResourceNotFound, match=r"'no\.pdf'"):
        bench.chunking.preview("no.pdf", DefaultChunking())


def test_a_document_that_can_not_be_read_says_why(bench: Workbench) -> None:
    upload(bench, "broken.pdf", b"MZ")
    with pytest.raises(DocumentError, match="not a PDF"):
        bench.chunking.preview("broken.pdf", DefaultChunking())
