"""Settings to objects: the one package that knows every adapter.

`open_workbench(settings)` starts what has to run, prepares the database and hands out the rooms
that pages and command line work with.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from kb.adapters.catalogue import Catalogue
from kb.adapters.conversations import ConversationRecords
from kb.adapters.database import Database, open_engine
from kb.adapters.ingestion_jobs import IngestionJobs
from kb.adapters.job_queue import JobQueue
from kb.adapters.pgvector_store import PgvectorStore
from kb.adapters.publishing import Publishing
from kb.adapters.rebuilding import Rebuilding
from kb.adapters.schema import prepare_database
from kb.adapters.staging import Staging
from kb.ingestion.document import Seams
from kb.ingestion.job import Ingestion
from kb.ingestion.rebuild import Rebuild
from kb.models import JsonValue
from kb.protocols import Embedder, ObjectStore
from kb.settings import RETAIN, Settings
from kb.workbench.answerers import open_answerers
from kb.workbench.answering import Answering
from kb.workbench.bench import Status, Workbench
from kb.workbench.chunk_browser import ChunkBrowser
from kb.workbench.chunking import Chunking
from kb.workbench.conversations import Conversations
from kb.workbench.data_source import DataSource
from kb.workbench.databases import embedded_server, for_reading, open_database
from kb.workbench.evaluation import Evaluation
from kb.workbench.evidence import Evidence
from kb.workbench.explanation import Explanations
from kb.workbench.index_tuning import IndexTuning
from kb.workbench.knowledge_base import KnowledgeBase
from kb.workbench.models import open_models
from kb.workbench.planning import Planning
from kb.workbench.proofs import Proofs
from kb.workbench.rerankers import open_rerankers
from kb.workbench.sql_embeddings import SqlEmbeddings
from kb.workbench.stores import open_store
from kb.workbench.worker import Worker

__all__ = ["Status", "Workbench", "embedded_server", "open_workbench"]


def open_workbench(settings: Settings | None = None) -> Workbench:
    """Start the embedded server if that is the database, prepare it and open everything."""
    settings = settings or Settings.load()
    database = open_database(settings)
    engine = open_engine(database)
    reading = open_engine(
        for_reading(settings, database), statement_seconds=settings.statement_seconds
    )
    try:
        return _open(settings, database, engine, reading)
    except BaseException:
        # Whoever tries again would otherwise leave connections behind each time.
        engine.dispose()
        reading.dispose()
        raise


def _open(settings: Settings, database: Database, engine: Engine, reading: Engine) -> Workbench:
    models = open_models(settings)
    embedder = models.embedder
    prepare_database(engine, dimensions=embedder.identity.dimensions)
    rerankers = open_rerankers(settings, reading, models)
    catalogue = Catalogue(engine, bucket=settings.bucket_path, identity=embedder.identity)
    queue = JobQueue(
        database,
        data_source_id=catalogue.data_source_id,
        heartbeat_seconds=settings.heartbeat_seconds,
    )
    queue.prepare()
    vectors = PgvectorStore(reading, identity=embedder.identity)
    store = open_store(settings)
    jobs = IngestionJobs(engine, data_source_id=catalogue.data_source_id)
    chunking = Chunking(
        engine,
        store,
        embedder,
        data_source_id=catalogue.data_source_id,
        window_tokens=embedder.max_tokens,
        dollars_per_million_tokens=models.dollars_per_million_tokens,
    )
    new_ingestion = _ingestion(settings, engine, store, catalogue, jobs, embedder, chunking)
    worker = Worker(settings, queue, jobs, new_ingestion, revive=_revive(settings))
    ingestion = new_ingestion()
    planning = Planning(jobs, ingestion, embedder)
    embeddings = SqlEmbeddings(settings, database, embedder.identity)
    # Whoever opens the workbench starts a bridge that was killed; nobody waits for it here.
    embeddings.bridge.ensure_running()
    # Nor for a worker, should one have been killed in the middle of a job.
    if jobs.running_ingestion_job() and not worker.list_workers():
        worker.ensure_running()
    knowledge_base = KnowledgeBase(
        vectors, embedder, open_answerers(settings, models.local), rerankers
    )
    exact = PgvectorStore(engine, identity=embedder.identity, exact=True)
    records, proofs = ConversationRecords(engine), Proofs(engine, store)
    return Workbench(
        settings=settings,
        data_source=DataSource(
            settings, store, catalogue, jobs, queue, worker, ingestion, planning
        ),
        knowledge_base=knowledge_base,
        answering=Answering(knowledge_base, records, proofs),
        conversations=Conversations(records, proofs),
        proofs=proofs,
        evidence=Evidence(engine, store),
        explanations=Explanations(
            engine,
            catalogue,
            embedder,
            knowledge_base,
            KnowledgeBase(exact, embedder, {}, rerankers),
            threshold=settings.answer_threshold,
        ),
        evaluation=Evaluation(settings, knowledge_base, records, _described(catalogue, embedder)),
        chunking=chunking,
        chunk_browser=ChunkBrowser(engine, store),
        index_tuning=IndexTuning(engine, database, embedder),
        sql_embeddings=embeddings,
        worker=worker,
        _engine=engine,
        _reading=reading,
        _catalogue=catalogue,
        _embedder=embedder,
    )


def _described(catalogue: Catalogue, embedder: Embedder) -> Callable[[], dict[str, JsonValue]]:
    """What an evaluation notes of the knowledge base that it asked."""

    def describe() -> dict[str, JsonValue]:
        documents, chunks = catalogue.count()
        model = embedder.identity.model
        return {"embedding_model": model, "documents": documents, "chunks": chunks}

    return describe


def _ingestion(
    settings: Settings,
    engine: Engine,
    store: ObjectStore,
    catalogue: Catalogue,
    jobs: IngestionJobs,
    embedder: Embedder,
    chunking: Chunking,
) -> Callable[[], Ingestion]:
    """Each worker has one of its own; they share the model and the connections."""
    identity = embedder.identity
    staging = Staging(
        engine,
        bucket=settings.bucket_path,
        data_source_id=catalogue.data_source_id,
        identity=identity,
        token_bits=embedder.has_token_bits,
    )
    seams = Seams(
        store=store,
        documents=catalogue,
        records=jobs,
        staging=staging,
        publishing=Publishing(engine, identity=identity),
        embedder=embedder,
        strategy=chunking.strategy,
        retain=settings.data_deletion_policy == RETAIN,
    )
    rebuild = Rebuild(Rebuilding(engine, identity=identity), jobs, embedder)
    return lambda: Ingestion(seams, rebuild)


def _revive(settings: Settings) -> Callable[[], object]:
    """What brings a lost database back, as far as we can."""
    return embedded_server(settings).start if settings.uses_embedded_server else lambda: None
