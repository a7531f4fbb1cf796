"""What the recommendation says for measurements whose order is known."""

from __future__ import annotations

from dataclasses import replace

from kb.models import HnswIndex, HnswSearch, Measurement, Recommendation, SweepSpec
from kb.tuning.recommendation import recommend

SPEC = SweepSpec(target_recall=0.95)
EXACT = Measurement(
    index=None,
    search=None,
    recall=1.0,
    recall_low=0.996,
    recall_high=1.0,
    recall_min=1.0,
    p50_ms=5.5,
    p95_ms=6.8,
    server_p50_ms=4.4,
    build_seconds=0.0,
    index_bytes=0,
    plan_verified=True,
    natural_plan="Seq Scan",
)


def hnsw(ef_search: int, recall: float, p50_ms: float) -> Measurement:
    return replace(
        EXACT,
        index=HnswIndex(),
        search=HnswSearch(ef_search=ef_search),
        recall=recall,
        recall_low=recall - 0.01,
        recall_high=recall + 0.01,
        p50_ms=p50_ms,
        build_seconds=2.2,
        index_bytes=18_400_000,
        natural_plan="Index Scan",
    )


LOW, LUCKY, GOOD, DEAR = (
    hnsw(10, 0.92, 0.5),
    hnsw(20, 0.955, 0.6),
    hnsw(40, 0.985, 0.7),
    hnsw(80, 0.99, 1.0),
)


def advise(*measurements: Measurement, chunks: int = 9_000, questions: int = 200) -> Recommendation:
    return recommend(measurements, SPEC, chunks, questions)


def test_the_cheapest_setting_that_meets_the_target_is_recommended() -> None:
    assert advise(EXACT, DEAR, GOOD, LOW).measurement == GOOD


def test_a_mean_above_the_target_is_not_enough() -> None:
    assert advise(EXACT, LUCKY, GOOD).measurement == GOOD


def test_a_setting_with_the_wrong_plan_is_never_recommended() -> None:
    unverified = replace(GOOD, plan_verified=False, p50_ms=0.1)

    assert advise(EXACT, unverified, DEAR).measurement == DEAR


def test_of_two_that_look_equally_fast_the_smaller_index_wins() -> None:
    smaller = replace(GOOD, index=HnswIndex(m=8), index_bytes=15_000_000, p50_ms=0.704)

    assert advise(EXACT, GOOD, smaller).measurement == smaller


def test_the_sentence_has_the_figures_and_the_interval() -> None:
    sentence = advise(EXACT, GOOD).sentence

    assert sentence == (
        "Use HNSW m=16 ef_construction=64 ef_search=40: recall 0.985 (95 % interval 0.975 to 0.995)"
        " for a target of 0.95, in 0.70 ms (median), against 5.50 ms for the exact scan; the index"
        " takes 18.4 MB and 2.2 s to build."
    )


def test_the_sentence_says_when_the_planner_would_not_use_the_index() -> None:
    ignored = replace(GOOD, natural_plan="Seq Scan")

    assert "planner by itself would take: Seq Scan" in advise(EXACT, ignored).sentence


def test_up_to_1000_chunks_the_exact_scan_is_enough() -> None:
    recommendation = advise(EXACT, GOOD, chunks=1_000)

    assert (recommendation.outcome, recommendation.measurement) == ("exact", EXACT)


def test_few_questions_do_not_matter_where_the_exact_scan_is_enough() -> None:
    assert advise(EXACT, GOOD, chunks=500, questions=5).outcome == "exact"


def test_an_exact_scan_that_is_as_fast_is_enough() -> None:
    fast = replace(EXACT, p50_ms=GOOD.p50_ms)

    assert advise(fast, GOOD).outcome == "exact"


def test_no_setting_good_enough_names_the_best() -> None:
    recommendation = advise(EXACT, LOW, LUCKY)

    assert (recommendation.outcome, recommendation.measurement) == ("none", LUCKY)
    assert "recall 0.955 (95 % interval 0.945 to 0.965)" in recommendation.sentence


def test_without_any_valid_index_there_is_none() -> None:
    recommendation = advise(EXACT, replace(GOOD, plan_verified=False))

    assert (recommendation.outcome, recommendation.measurement) == ("none", None)


def test_fewer_than_30_questions_call_for_more() -> None:
    recommendation = advise(EXACT, GOOD, questions=29)

    assert (recommendation.outcome, recommendation.measurement) == ("more_questions", None)
