"""The page that shows every chunk, and tries and stores a chunking strategy."""

from __future__ import annotations

import io

import pytest
from streamlit.testing.v1 import AppTest

from kb.demo import SAMPLE
from kb.models import Document
from kb.models.chunking import DefaultChunking, FixedSizeChunking, HierarchicalChunking
from kb.screens.chunk_place import SHEET
from kb.screens.frame import shared_workbench
from kb.workbench import Workbench

from .conftest import ROOT, SECONDS, OpenPage, sync

PAGE = "chunks.py"
NOTE = (
    "# Part {n}\n\nThe setting number {n} costs $5, see ![x](http://example.invalid) <b>b</b>.\n\n"
)


def opened(**address: object) -> AppTest:
    """The page at an address such as `?document=a.pdf&page=3`."""
    page = AppTest.from_file(str(ROOT / "pages" / PAGE), default_timeout=SECONDS)
    for name, value in address.items():
        page.query_params[name] = str(value)
    return page.run()


def address(page: AppTest) -> dict[str, str]:
    """What the address says now."""
    return {
        name: value if isinstance(value, str) else value[0]
        for name, value in page.query_params.items()
    }


def strategies(page: AppTest) -> AppTest:
    """The tab with the strategies."""
    page.session_state["chunks_view"] = "Chunking strategy"
    return page.run()


def choose(page: AppTest, name: str) -> AppTest:
    return page.selectbox("chunking_strategy").select(name).run()


def buttons(page: AppTest) -> dict[str, bool]:
    """Keys of the buttons and whether they are disabled."""
    return {str(button.key): button.disabled for button in page.button}


def cards(page: AppTest) -> list[int]:
    """The numbers of the chunks that are shown."""
    return [int(str(b.key).removeprefix("choose_")) for b in page.button if "choose_" in str(b.key)]


def chosen(page: AppTest) -> list[int]:
    return [n for n in cards(page) if buttons(page)[f"choose_{n}"]]


def metrics(page: AppTest) -> dict[str, str]:
    return {m.label: str(m.value) for m in page.metric}


def sample(bench: Workbench) -> Document:
    return next(d for d in bench.data_source.documents() if d.key == SAMPLE.name)


@pytest.fixture
def known(guide: OpenPage) -> Workbench:
    """The workbench that knows the sample, as the page has it."""
    guide(PAGE)
    return shared_workbench()


@pytest.fixture
def notes(open_page: OpenPage, bench: Workbench) -> str:
    """A synced document without page images, of more chunks than a sheet shows."""
    text = "".join(NOTE.format(n=n) for n in range(1, SHEET + 4))
    bench.data_source.upload("notes.md", io.BytesIO(text.encode()))
    sync(bench)
    return "notes.md"


def test_without_documents_it_leads_to_upload(open_page: OpenPage) -> None:
    page = open_page(PAGE)
    assert not page.exception
    assert "No documents yet" in page.info[0].value
    assert buttons(page) == {"go_upload": False}


def test_a_document_that_is_not_synced_says_so(open_page: OpenPage, bench: Workbench) -> None:
    bench.data_source.upload("note.md", io.BytesIO(b"# Note\n\nWords."))
    page = opened()
    assert not page.exception
    assert "not synced yet" in page.info[0].value


def test_a_failed_document_shows_its_reason(open_page: OpenPage, bench: Workbench) -> None:
    bench.data_source.upload("broken.pdf", io.BytesIO(b"MZ\x90 this is a program"))
    sync(bench)
    page = opened(document="broken.pdf")
    assert not page.exception
    assert "not a PDF" in page.error[0].value
    assert cards(page) == []


def test_it_opens_at_the_first_chunk(known: Workbench) -> None:
    page = opened()
    assert not page.exception
    assert cards(page)[0] == 1 and chosen(page) == []
    assert len(page.image) == 1


def test_a_page_shows_its_chunks_as_they_are_stored(known: Workbench) -> None:
    page = opened(document=SAMPLE.name, page=5)
    stored = known.chunk_browser.page(sample(known).document_id, 5).chunks
    assert cards(page) == [chunk.number for chunk in stored]
    assert [text.value for text in page.text] == [chunk.text for chunk in stored]


def test_every_card_has_its_metadata(known: Workbench) -> None:
    page = opened(document=SAMPLE.name, page=5)
    assert len(page.json) == len(cards(page))
    assert "x-amz-bedrock-kb-source-uri" in page.json[0].value


def test_next_and_previous_turn_the_page(known: Workbench) -> None:
    page = opened(document=SAMPLE.name, page=5)
    page.button("next_page").click().run()
    assert address(page) == {"document": SAMPLE.name, "page": "6"}
    page.button("previous_page").click().run()
    assert page.number_input("chunk_page").value == 5


def test_the_number_box_goes_to_a_page(known: Workbench) -> None:
    page = opened(document=SAMPLE.name)
    page.number_input("chunk_page").set_value(7).run()
    assert address(page)["page"] == "7"
    assert not page.exception


@pytest.mark.parametrize(("number", "button"), [(1, "previous_page"), (18, "next_page")])
def test_there_is_no_page_beyond_the_ends(number: int, button: str, known: Workbench) -> None:
    assert buttons(opened(document=SAMPLE.name, page=number))[button] is True


def test_next_chunk_goes_over_the_end_of_the_page(known: Workbench) -> None:
    page = opened(document=SAMPLE.name, page=5)
    last = cards(page)[-1]
    page.button(f"choose_{last}").click().run()
    assert chosen(page) == [last]
    page.button("next_chunk").click().run()
    assert chosen(page) == [last + 1]
    page.button("previous_chunk").click().run()
    assert chosen(page) == [last]


def test_the_chosen_chunk_comes_first(known: Workbench) -> None:
    page = opened(document=SAMPLE.name, page=5)
    numbers = cards(page)
    page.button(f"choose_{numbers[2]}").click().run()
    assert cards(page) == numbers[2:] + numbers[:2]


def test_an_address_leads_to_a_chunk_without_its_page(known: Workbench) -> None:
    page = opened(document=SAMPLE.name, chunk=20)
    assert chosen(page) == [20]


def test_an_address_with_a_page_that_the_chunk_is_not_on_leads_to_the_chunk(
    known: Workbench,
) -> None:
    assert chosen(opened(document=SAMPLE.name, page=1, chunk=20)) == [20]


def test_an_address_may_be_a_chunk_s_id(known: Workbench) -> None:
    (chunk,) = known.chunk_browser.chunks(sample(known).document_id, 20, 1)
    assert chosen(opened(chunk=chunk.chunk_id)) == [20]


@pytest.mark.parametrize(
    "wrong",
    [{"document": "no.pdf"}, {"chunk": "no-id"}, {"document": SAMPLE.name, "chunk": 999_999}],
)
def test_an_address_that_leads_nowhere_says_so(wrong: dict[str, object], known: Workbench) -> None:
    page = opened(**wrong)
    assert not page.exception
    assert len(page.warning) == 1
    assert cards(page)


@pytest.mark.parametrize("number", ["0", "-1", "99999", "five"])
def test_a_page_that_is_not_there_becomes_one_that_is(number: str, known: Workbench) -> None:
    page = opened(document=SAMPLE.name, page=number)
    assert not page.exception
    assert page.number_input("chunk_page").value in range(1, 19)


def test_the_receipts_add_up(known: Workbench) -> None:
    page = opened(document=SAMPLE.name)
    assert page.dataframe[0].value["Pages"].sum() == sample(known).pages


def test_another_document_can_be_chosen(known: Workbench) -> None:
    known.data_source.upload("note.md", io.BytesIO(b"# Note\n\nWords."))
    page = opened(document=SAMPLE.name, page=5)
    page.selectbox("chunk_document").select("note.md").run()
    assert address(page) == {"document": "note.md"}
    assert "not synced yet" in page.info[0].value


def test_a_changed_document_says_that_its_chunks_are_old(known: Workbench) -> None:
    changed = SAMPLE.read_bytes() + b"\n%changed\n"
    known.data_source.upload(SAMPLE.name, io.BytesIO(changed))
    page = opened(document=SAMPLE.name)
    assert "old version" in page.warning[0].value
    assert cards(page)


def test_a_page_that_can_not_be_drawn_says_why(known: Workbench) -> None:
    known.data_source.upload(SAMPLE.name, io.BytesIO(b"MZ"))
    page = opened(document=SAMPLE.name)
    assert not page.exception
    assert any("not a PDF" in warning.value for warning in page.warning)
    assert cards(page)


def test_a_document_without_page_images_is_a_list(notes: str) -> None:
    page = opened(document=notes)
    assert not page.exception
    assert cards(page) == list(range(1, SHEET + 1))
    assert len(page.image) == 0


def test_the_list_goes_on_sheet_by_sheet(notes: str) -> None:
    page = opened(document=notes, chunk=SHEET)
    page.button("next_chunk").click().run()
    assert chosen(page) == [SHEET + 1]
    assert cards(page) == list(range(SHEET + 1, SHEET + 4))


def test_document_text_is_shown_as_it_is(notes: str) -> None:
    page = opened(document=notes)
    assert "![x](http://example.invalid) <b>b</b>" in page.text[0].value
    assert not any("![x]" in element.value for element in page.markdown)


def test_the_choice_in_use_is_shown_and_can_not_be_stored_again(known: Workbench) -> None:
    page = strategies(opened(document=SAMPLE.name, page=5))
    assert not page.exception
    assert page.selectbox("chunking_strategy").value == "DEFAULT"
    assert buttons(page)["use_strategy"] is True


def test_a_strategy_is_previewed_beside_the_present_boundaries(known: Workbench) -> None:
    page = choose(strategies(opened(document=SAMPLE.name, page=5)), "FIXED_SIZE")
    assert not page.exception
    assert len(page.image) == 2
    assert metrics(page)["Cost of embedding"] == "$0"
    assert int(metrics(page)["Chunks, about"]) > 0


def test_nothing_is_stored_before_the_button(known: Workbench) -> None:
    page = choose(strategies(opened(document=SAMPLE.name, page=5)), "FIXED_SIZE")
    page.number_input("FIXED_SIZE_max_tokens").set_value(100).run()
    assert known.chunking.strategy() == DefaultChunking()
    page.button("use_strategy").click().run()
    assert known.chunking.strategy() == FixedSizeChunking(max_tokens=100)
    assert "next sync cuts all documents" in page.success[0].value


def test_smaller_chunks_are_more(known: Workbench) -> None:
    page = choose(strategies(opened(document=SAMPLE.name, page=5)), "FIXED_SIZE")
    before = int(metrics(page)["Chunks, about"])
    page.number_input("FIXED_SIZE_max_tokens").set_value(50).run()
    assert int(metrics(page)["Chunks, about"]) > before


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("DEFAULT", {"max_tokens": (1, 8192)}),
        ("FIXED_SIZE", {"max_tokens": (1, 8192), "overlap_percentage": (1, 99)}),
        (
            "HIERARCHICAL",
            {
                "parent_max_tokens": (1, 8192),
                "child_max_tokens": (1, 8192),
                "overlap_tokens": (1, 8192),
            },
        ),
        (
            "SEMANTIC",
            {
                "max_tokens": (1, 8192),
                "buffer_size": (0, 1),
                "breakpoint_percentile_threshold": (50, 99),
            },
        ),
        ("NONE", {}),
    ],
)
def test_every_strategy_has_bedrock_s_fields_and_bounds(
    name: str, fields: dict[str, tuple[int, int]], notes: str
) -> None:
    page = choose(strategies(opened(document=notes)), name)
    assert not page.exception
    shown = {
        str(n.key).removeprefix(f"{name}_"): (n.min, n.max)
        for n in page.number_input
        if str(n.key).startswith(name)
    }
    assert shown == fields


def test_a_chunk_that_the_model_would_not_read_whole_can_not_be_stored(known: Workbench) -> None:
    page = strategies(opened(document=SAMPLE.name, page=5))
    page.number_input("DEFAULT_max_tokens").set_value(500).run()
    assert "at most 400" in page.error[0].value
    assert buttons(page)["use_strategy"] is True
    assert len(page.image) == 2


def test_numbers_that_do_not_go_together_are_one_sentence(known: Workbench) -> None:
    page = choose(strategies(opened(document=SAMPLE.name, page=5)), "HIERARCHICAL")
    page.number_input("HIERARCHICAL_child_max_tokens").set_value(1500).run()
    assert not page.exception
    assert "smaller than the parent" in page.error[0].value
    assert len(page.image) == 0


def test_a_stored_choice_stands_in_the_fields(known: Workbench) -> None:
    known.chunking.set_strategy(
        HierarchicalChunking(parent_max_tokens=900, child_max_tokens=200, overlap_tokens=30)
    )
    page = strategies(opened(document=SAMPLE.name, page=5))
    assert page.number_input("HIERARCHICAL_parent_max_tokens").value == 900


def test_none_warns_of_a_document_that_is_too_long(known: Workbench) -> None:
    page = choose(strategies(opened(document=SAMPLE.name)), "NONE")
    assert "it would fail" in page.warning[0].value
    assert buttons(page)["use_strategy"] is False


def test_a_document_that_is_not_synced_can_be_previewed(
    open_page: OpenPage, bench: Workbench
) -> None:
    with SAMPLE.open("rb") as stream:
        bench.data_source.upload(SAMPLE.name, stream)
    page = strategies(opened(document=SAMPLE.name, page=5))
    assert not page.exception
    assert len(page.image) == 2
    assert page.number_input("chunk_page").value == 5
    assert "Chunks, about" in metrics(page)


def test_a_document_without_page_images_is_previewed_as_text(notes: str) -> None:
    page = choose(strategies(opened(document=notes)), "FIXED_SIZE")
    assert not page.exception
    assert any("setting number 1" in text.value for text in page.text)


def test_a_broken_document_is_one_sentence_in_the_preview(
    open_page: OpenPage, bench: Workbench
) -> None:
    bench.data_source.upload("broken.pdf", io.BytesIO(b"MZ"))
    page = strategies(opened(document="broken.pdf"))
    assert not page.exception
    assert "not a PDF" in page.error[0].value
