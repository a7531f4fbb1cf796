"""Looking behind a retrieval: why a page is missing, what the index missed, how it was run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Engine

from kb.adapters.catalogue import Catalogue
from kb.adapters.explaining import ChunkPlace, Explaining, PageText, statements
from kb.errors import ResourceNotFound, ValidationError
from kb.models import (
    NO_RERANKING,
    Document,
    RetrievalConfiguration,
    RetrieveAndGenerateResponse,
    SearchType,
)
from kb.models.tracing import ExactTwin, Explanation, LossStage, RetrievalTrace
from kb.protocols import Embedder
from kb.retrieval import explanation as rules
from kb.retrieval.retriever import NUMBER_OF_RESULTS
from kb.retrieval.tracing import compare, missed, vector_index, with_plans
from kb.workbench.knowledge_base import RETRIEVAL, KnowledgeBase

#: Bedrock's largest number of results.
MOST_RESULTS = NUMBER_OF_RESULTS[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What is asked about, found in the documents."""

    name: str
    chunks: tuple[ChunkPlace, ...]
    parts: tuple[rules.PagePart, ...] = ()
    #: What reading its page gave, and why.
    outcome: tuple[str, str | None] = ("text", None)


class Explanations:
    """Explains what was retrieved, and what was not."""

    def __init__(
        self,
        engine: Engine,
        catalogue: Catalogue,
        embedder: Embedder,
        knowledge_base: KnowledgeBase,
        exact: KnowledgeBase,
        *,
        threshold: float,
    ) -> None:
        """`exact` searches as `knowledge_base` does, but reads all vectors.

        `threshold` is the similarity below which the default answerer stays silent.
        """
        self._reading = Explaining(engine)
        self._catalogue = catalogue
        self._embedder = embedder
        self._knowledge_base = knowledge_base
        self._exact = exact
        self._threshold = threshold

    def trace(
        self,
        question: str,
        configuration: RetrievalConfiguration = RETRIEVAL,
        *,
        explain: bool = False,
    ) -> RetrievalTrace:
        """Ask again and watch; with `explain` each statement runs once more for its plan."""
        with statements(explain=False) as seen:
            retrieval = self._knowledge_base.retrieve(question, configuration)
        ran = seen()
        if explain:
            # Once more, so that the time of making plans is not counted as the search's.
            with statements(explain=True) as seen:
                self._knowledge_base.retrieve(question, configuration)
            ran = with_plans(ran, seen())
        candidates = retrieval.candidates
        if len(candidates) == len(retrieval.results):
            # Nobody sorted more than were asked for; what stands behind them is fetched for show.
            candidates = self._knowledge_base.retrieve(question, _most(configuration)).candidates
        return RetrievalTrace(
            question=question,
            configuration=configuration,
            retrieval=retrieval,
            statements=ran,
            candidates=candidates,
        )

    def exact_twin(
        self, question: str, configuration: RetrievalConfiguration = RETRIEVAL
    ) -> ExactTwin:
        """Ask with the approximate index and without it."""
        # Fusion and reranking may hide what the index missed.
        nearest = replace(
            configuration, search_type=SearchType.SEMANTIC, reranking_model=NO_RERANKING
        )
        with statements(explain=True) as seen:
            found = self._knowledge_base.retrieve(question, nearest).results
        wanted = self._exact.retrieve(question, nearest).results
        plans = [statement.plan for statement in seen() if statement.plan]
        return compare(
            self._knowledge_base.retrieve(question, configuration).results,
            self._exact.retrieve(question, configuration).results,
            neighbours=len(wanted),
            neighbours_found=len(wanted) - len(missed(found, wanted)),
            index_name=next(filter(None, map(vector_index, plans)), None),
        )

    def why_not_page(
        self,
        question: str,
        configuration: RetrievalConfiguration = RETRIEVAL,
        *,
        page_number: int,
        document_key: str | None = None,
        response: RetrieveAndGenerateResponse | None = None,
    ) -> Explanation:
        """What lost a page, numbered physically from 1, of the document or of the only one.

        `response` is the answer in which it is missing, asked with the same configuration.
        Raises ResourceNotFound when there is no such document or page.
        """
        document = self._document(document_key)
        outcome = self._reading.page_outcome(document.document_id, page_number)
        if outcome is None and not document.pages:
            return _not_indexed(document)
        if outcome is None:
            raise ResourceNotFound(
                f"{document.key} has {document.pages} pages; choose one from 1 to {document.pages}."
            )
        place = _Place(
            name=f"Page {page_number} of {document.key}",
            chunks=self._reading.chunks_of_pages(document.document_id, [page_number]),
            outcome=outcome,
        )
        return self._explain(question, configuration, place, response)

    def why_not_passage(
        self,
        question: str,
        configuration: RetrievalConfiguration = RETRIEVAL,
        *,
        passage: str,
        document_key: str | None = None,
        response: RetrieveAndGenerateResponse | None = None,
    ) -> Explanation:
        """What lost a passage, pasted from any document, or from the one that is named."""
        if not any(character.isalnum() for character in passage) or "\0" in passage:
            raise ValidationError("The passage has no words; paste some from the document.")
        document_id = self._document(document_key).document_id if document_key else None
        pages = self._reading.pages_with(passage, document_id)
        places = [place for page in pages if (place := self._passage(passage, page))]
        if not places:
            return Explanation(
                stage=LossStage.NOT_FOUND,
                sentence="The passage stands in no document that was read; check its spelling, or "
                "upload and sync the document that has it.",
            )
        # Repeated text is not lost as long as one of its places is found.
        found = [self._explain(question, configuration, place, response) for place in places]
        return next((one for one in found if not one.is_lost), min(found, key=_rank))

    def _passage(self, passage: str, page: PageText) -> _Place | None:
        texts = [(page.page_number, page.text)]
        if page.next_number is not None:
            texts.append((page.next_number, page.next_text))
        parts = rules.find_passage(passage, texts)
        if not parts:
            return None
        document = self._catalogue.get_document(page.document_id)
        numbers = [part.page_number for part in parts]
        chunks = self._reading.chunks_of_pages(page.document_id, numbers)
        of = f" of {document.key}" if document else ""
        return _Place(
            name=f"The passage on page {page.page_number}{of}",
            chunks=tuple(c for c in chunks if rules.overlaps(c.placements, parts)),
            parts=parts,
            outcome=self._reading.page_outcome(page.document_id, page.page_number)
            or ("text", None),
        )

    def _explain(
        self,
        question: str,
        configuration: RetrievalConfiguration,
        place: _Place,
        response: RetrieveAndGenerateResponse | None,
    ) -> Explanation:
        if not place.chunks:
            return rules.of_outcome(place.name, *place.outcome)
        standing = self._reading.standing(
            self._embedder.embed_query(question),
            [chunk.chunk_id for chunk in place.chunks],
            configuration.filter,
        )
        base = self._knowledge_base
        found = rules.Found(
            results=response.retrieval_results
            if response
            else base.retrieve(question, configuration).results,
            exact=self._exact.retrieve(question, configuration).results,
            exact_candidates=self._exact.retrieve(question, _most(configuration)).results,
            eligible_chunks=standing.eligible_chunks if standing else 0,
            similarity=standing.similarity if standing else None,
            semantic_rank=standing.rank if standing else None,
            of_chunks=standing.of_chunks if standing else 0,
            number_of_results=configuration.number_of_results,
            response=response,
            threshold=self._threshold if response else None,
        )
        return rules.explain(_wanted(place), found)

    def _document(self, key: str | None) -> Document:
        if key:
            found = self._catalogue.get_document(self._catalogue.document_id(key))
            if not found:
                raise ResourceNotFound(
                    f"There is no document '{key}'; see `python -m kb documents`."
                )
            return found
        documents = self._catalogue.list_documents()
        if not documents:
            raise ResourceNotFound(
                "No document was read here, and of a table that Bedrock filled no pages are known; "
                "upload and sync one."
            )
        if len(documents) > 1:
            raise ValidationError(
                f"The knowledge base has {len(documents)} documents; say which one the page is of."
            )
        return documents[0]


def _wanted(place: _Place) -> rules.Wanted:
    parents = [_parent(chunk) for chunk in place.chunks]
    return rules.Wanted(
        name=place.name,
        identities=frozenset(p or c.chunk_id for p, c in zip(parents, place.chunks, strict=True)),
        chunks=len(place.chunks),
        is_split=bool(place.parts)
        and rules.is_split([c.placements for c in place.chunks], parents, place.parts),
    )


def _parent(chunk: ChunkPlace) -> str | None:
    """As `RetrievalResult.parent_id`."""
    return f"{chunk.document_id}/{chunk.parent}" if chunk.parent is not None else None


def _most(configuration: RetrievalConfiguration) -> RetrievalConfiguration:
    return replace(configuration, number_of_results=MOST_RESULTS)


def _not_indexed(document: Document) -> Explanation:
    reason = f": {document.status_reason}" if document.status_reason else "; sync it"
    sentence = f"{document.key} is not indexed{reason}"
    return Explanation(stage=LossStage.NOT_INDEXED, sentence=f"{sentence.rstrip('.')}.")


def _rank(explanation: Explanation) -> int:
    return explanation.rank or MOST_RESULTS + 1
