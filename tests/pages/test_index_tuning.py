"""The page that measures indexes."""

from __future__ import annotations

from .conftest import OpenPage


def test_without_chunks_there_is_nothing_to_measure(open_page: OpenPage) -> None:
    page = open_page("index_tuning.py")
    assert not page.exception
    assert "nothing to measure" in page.info[0].value


def test_measure_ends_with_a_recommendation_a_chart_and_a_table(guide: OpenPage) -> None:
    page = guide("index_tuning.py")
    page.slider("questions").set_value(30)
    page.button("measure").click().run(timeout=120)
    assert not page.exception
    assert "exact" in page.success[0].value.lower()
    assert len(page.get("plotly_chart")) == 1
    table = page.dataframe[0].value
    exact = table[table["Index"] == "exact scan"].iloc[0]
    assert exact["Recall"] == 1.0
    assert {name.split()[0] for name in table["Index"]} == {"exact", "HNSW", "IVFFlat"}
