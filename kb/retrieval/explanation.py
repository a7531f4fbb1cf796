"""Why a page or passage is not in an answer: the first stage that lost it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kb.models import Placement, RetrievalResult, RetrieveAndGenerateResponse, Span
from kb.models.tracing import Explanation, LossStage
from kb.retrieval.tracing import identity
from kb.wording import counted

#: Of pages, as the database has them.
_OUTCOMES = {
    "empty": (LossStage.NO_TEXT, "has no text; a scan needs text recognition before the upload"),
    "skipped": (LossStage.SKIPPED, "was skipped when the document was read: {reason}"),
    "failed": (LossStage.UNREADABLE, "could not be read: {reason}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePart:
    """A part of a passage, or of a chunk, on one page."""

    page_number: int
    #: Characters of the page's text.
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked about, and the chunks that hold it."""

    #: "Page 7 of guide.pdf" or "The passage on page 7 of guide.pdf".
    name: str
    #: `retrieval.tracing.identity` of each result that would be it.
    identities: frozenset[str]
    chunks: int
    #: Of a passage that no chunk holds whole.
    is_split: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What searching for it gave."""

    #: What was retrieved for the answer.
    results: Sequence[RetrievalResult]
    #: The same without the approximate index.
    exact: Sequence[RetrievalResult]
    #: The most results there can be, without the index.
    exact_candidates: Sequence[RetrievalResult]
    #: Of the nearest of its chunks that the filter lets through, without the index.
    eligible_chunks: int
    similarity: float | None = None
    semantic_rank: int | None = None
    #: Chunks that the filter lets through.
    of_chunks: int = 0
    number_of_results: int = 5
    response: RetrieveAndGenerateResponse | None = None
    #: Below which the answerer stays silent, where it has such a number.
    threshold: float | None = None


def of_outcome(name: str, outcome: str, reason: str | None) -> Explanation:
    """A page on which no chunk stands; `outcome` is what reading it gave."""
    if outcome not in _OUTCOMES:
        sentence = f"{name} has text, but none of it went into a chunk."
        return Explanation(stage=LossStage.NO_CHUNK, sentence=sentence)
    stage, words = _OUTCOMES[outcome]
    said = words.format(reason=reason or "no reason was written down")
    return Explanation(stage=stage, sentence=f"{name} {said}.")


def explain(wanted: Wanted, found: Found) -> Explanation:
    """The first stage that lost what was wanted, when it has chunks."""
    best = _place(found.exact_candidates, wanted)
    stage, sentence = _stage(wanted, found, best)
    ranks = dict(found.exact_candidates[best - 1].ranks) if best else {}
    if found.semantic_rank is not None:
        ranks["semantic"] = found.semantic_rank
    return Explanation(
        stage=stage,
        sentence=f"{wanted.name} {sentence}.",
        chunks=wanted.chunks,
        eligible_chunks=found.eligible_chunks,
        rank=best,
        ranks=ranks,
        similarity=found.similarity,
        number_of_results=found.number_of_results,
        best=found.exact_candidates[best - 1] if best else None,
    )


def _stage(wanted: Wanted, found: Found, best: int | None) -> tuple[LossStage, str]:
    if place := _place(found.results, wanted):
        return _retrieved(wanted, found, place)
    if not found.eligible_chunks:
        excluded = f"all {wanted.chunks} of its chunks" if wanted.chunks > 1 else "its one chunk"
        return LossStage.FILTERED, f"is excluded by the filter, {excluded}"
    if place := _place(found.exact, wanted):
        return LossStage.MISSED_BY_INDEX, (
            f"is number {place} of {len(found.exact)} of the exact scan, but the approximate index "
            "did not find it; search wider (ef_search) or rebuild the index"
        )
    below = _below(found, best)
    if wanted.is_split:
        return LossStage.SPLIT, f"is split over {wanted.chunks} chunks; the best of them {below}"
    return LossStage.BELOW_RESULTS, below


def _retrieved(wanted: Wanted, found: Found, place: int) -> tuple[LossStage, str]:
    retrieved = f"was retrieved as number {place} of {len(found.results)}"
    if found.response is None:
        return LossStage.RETRIEVED, f"{retrieved}, so it is not lost"
    cited = [
        number
        for number, citation in enumerate(found.response.citations, start=1)
        if any(identity(r.result) in wanted.identities for r in citation.retrieved_references)
    ]
    if cited:
        numbers = ", ".join(map(str, cited))
        return LossStage.CITED, f"{retrieved} and is cited as {numbers}, so it is not lost"
    if not found.response.answered:
        similarity = found.results[place - 1].similarity
        return LossStage.BELOW_THRESHOLD, f"{retrieved} ({similarity:.3f}), but {_silence(found)}"
    return LossStage.NOT_CITED, f"{retrieved} and given to the answerer, which did not cite it"


def _silence(found: Found) -> str:
    refusal = found.response.report.refusal if found.response else None
    if refusal:
        return f"nothing was answered: {refusal.rstrip('.')}"
    limit = "" if found.threshold is None else f" of {found.threshold:g}"
    return f"nothing scored as high as the threshold{limit}, so nothing was answered"


def _below(found: Found, best: int | None) -> str:
    asked = f"{counted(found.number_of_results, 'result')} were asked for"
    if found.number_of_results == 1:
        asked = "one result was asked for"
    if best is None:
        first = len(found.exact_candidates)
        return f"is not among the first {first} results, and {asked}{_rankings(found, {})}"
    ranks = found.exact_candidates[best - 1].ranks
    return f"is result number {best}, and {asked}{_rankings(found, ranks)}"


def _rankings(found: Found, ranks: Mapping[str, int]) -> str:
    """Its place in each ranking, as far as it is known."""
    said = ""
    if found.semantic_rank is not None and found.similarity is not None:
        said = (
            f"; by vectors it is number {found.semantic_rank:,} of {found.of_chunks:,} "
            f"(similarity {found.similarity:.3f})"
        )
    if "lexical" in ranks:
        said += f", by words number {ranks['lexical']}"
    return said


def _place(results: Sequence[RetrievalResult], wanted: Wanted) -> int | None:
    """1-based."""
    places = (n for n, r in enumerate(results, start=1) if identity(r) in wanted.identities)
    return next(places, None)


def find_passage(passage: str, pages: Sequence[tuple[int, str]]) -> tuple[PagePart, ...]:
    """Where a passage stands that begins on the first of the pages; only letters and digits count.

    `pages` are (number, text), in order. Empty when it begins on none, or only on a later one.
    """
    wanted = "".join(letter for letter, _page, _at in _letters([(0, passage)]))
    letters = list(_letters(pages))
    text = "".join(letter for letter, _page, _at in letters)
    start = text.find(wanted) if wanted else -1
    if start < 0 or letters[start][1] != pages[0][0]:
        return ()
    places: dict[int, list[int]] = {}
    for _letter, number, at in letters[start : start + len(wanted)]:
        places.setdefault(number, []).append(at)
    return tuple(
        PagePart(page_number=number, span=Span(start=found[0], end=found[-1] + 1))
        for number, found in places.items()
    )


def _letters(pages: Sequence[tuple[int, str]]) -> list[tuple[str, int, int]]:
    """Each letter and digit in lower case, with its page and its place there."""
    return [
        (low, number, at)
        for number, text in pages
        for at, character in enumerate(text)
        for low in character.lower()
        if low.isalnum()
    ]


def overlaps(placements: Sequence[Placement], parts: Sequence[PagePart]) -> bool:
    """Whether a chunk holds some of a passage."""
    return any(
        run.page_number == part.page_number
        and run.page_start < part.span.end
        and run.page_start + run.end - run.start > part.span.start
        for run in placements
        for part in parts
    )


def holds(placements: Sequence[Placement], parts: Sequence[PagePart]) -> bool:
    """Whether a chunk holds a passage from its first character to its last."""
    covered = {
        (run.page_number, at)
        for run in placements
        for at in range(run.page_start, run.page_start + run.end - run.start)
    }
    ends = {(p.page_number, at) for p in parts for at in (p.span.start, p.span.end - 1)}
    return bool(ends) and ends <= covered


def is_split(
    chunks: Sequence[Sequence[Placement]],
    parents: Collection[str | None],
    parts: Sequence[PagePart],
) -> bool:
    """Whether no chunk holds the passage whole, and no parent of all those that hold some of it."""
    together = len(set(parents)) == 1 and None not in parents
    return not together and not any(holds(placements, parts) for placements in chunks)
