"""The measures of a run, each with its 95 % interval. Pure.

docs/evaluation.md says what each of them means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kb.evaluation.intervals import bootstrap_mean, median, wilson
from kb.models.evaluation import Measure, QuestionOutcome

Outcomes = Sequence[QuestionOutcome]
Share = tuple[Callable[[QuestionOutcome], bool], Callable[[QuestionOutcome], bool]]
Mean = tuple[Callable[[QuestionOutcome], bool], Callable[[QuestionOutcome], float]]


def _has_pages(outcome: QuestionOutcome) -> bool:
    return bool(outcome.gold_pages)


def _has_keywords(outcome: QuestionOutcome) -> bool:
    return bool(outcome.keywords)


#: Name to: which questions count, and whether one of them is a success.
SHARES: Mapping[str, Share] = {
    "hit_at_1": (_has_pages, lambda o: o.hit(1)),
    "hit_at_5": (_has_pages, lambda o: o.hit(5)),
    "hit_at_10": (_has_pages, lambda o: o.hit(10)),
    "answer_support": (_has_keywords, lambda o: o.is_supported),
    "answer_support_half": (_has_keywords, lambda o: o.keyword_share >= 0.5),
    "refused_unanswerable": (lambda o: not o.answerable, lambda o: not o.answered),
    "refused_answerable": (lambda o: o.answerable, lambda o: not o.answered),
}
#: Name to: which questions count, and what one of them is worth, 0 to 1.
MEANS: Mapping[str, Mean] = {
    "mrr_at_10": (_has_pages, lambda o: o.reciprocal_rank),
    "ndcg_at_10": (_has_pages, lambda o: o.ndcg or 0.0),
    "answer_support_keywords": (_has_keywords, lambda o: o.keyword_share),
}
#: Name to what is measured, in milliseconds.
TIMES: Mapping[str, Callable[[QuestionOutcome], float]] = {
    "retrieve_p50_ms": lambda o: o.retrieve_ms,
    "embed_p50_ms": lambda o: o.embed_ms,
    "answer_p50_ms": lambda o: o.answer_ms,
}
#: All of them, in the order in which they are shown.
NAMES = (
    *("hit_at_1", "hit_at_5", "hit_at_10", "mrr_at_10", "ndcg_at_10"),
    *("answer_support", "answer_support_half", "answer_support_keywords"),
    *("citation_precision", "citation_coverage", "refused_unanswerable", "refused_answerable"),
    *TIMES,
)
#: More of these is worse.
LESS_IS_BETTER = ("refused_answerable", *TIMES)


def measures(outcomes: Outcomes) -> dict[str, Measure]:
    """Every measure by name; one that nothing could be measured on has no value."""
    found = {name: _share(outcomes, *rule) for name, rule in SHARES.items()}
    found |= {name: _mean(outcomes, *rule) for name, rule in MEANS.items()}
    found |= {name: _time(outcomes, of) for name, of in TIMES.items()}
    citations = [citation for outcome in outcomes for citation in outcome.citations]
    found["citation_precision"] = share(sum(c.is_sound for c in citations), len(citations))
    found["citation_coverage"] = share(
        sum(outcome.cited_sentences for outcome in outcomes),
        sum(outcome.sentences for outcome in outcomes),
    )
    return {name: found[name] for name in NAMES}


def share(successes: int, trials: int) -> Measure:
    """A share with Wilson's interval."""
    if not trials:
        return Measure(value=None)
    low, high = wilson(successes, trials)
    return Measure(value=successes / trials, low=low, high=high, count=trials)


def _share(
    outcomes: Outcomes,
    counts: Callable[[QuestionOutcome], bool],
    succeeds: Callable[[QuestionOutcome], bool],
) -> Measure:
    counted = [outcome for outcome in outcomes if counts(outcome)]
    return share(sum(map(succeeds, counted)), len(counted))


def _mean(
    outcomes: Outcomes,
    counts: Callable[[QuestionOutcome], bool],
    worth: Callable[[QuestionOutcome], float],
) -> Measure:
    values = [worth(outcome) for outcome in outcomes if counts(outcome)]
    if not values:
        return Measure(value=None)
    low, high = bootstrap_mean(values)
    return Measure(value=sum(values) / len(values), low=low, high=high, count=len(values))


def _time(outcomes: Outcomes, of: Callable[[QuestionOutcome], float]) -> Measure:
    if not outcomes:
        return Measure(value=None)
    return Measure(value=median([of(outcome) for outcome in outcomes]), count=len(outcomes))
