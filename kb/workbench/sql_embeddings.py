"""Embeddings from SQL: choose a table, see what lacks, run it as a job, search, read with SQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from kb.adapters.database import Database
from kb.adapters.read_only_sql import ReadOnlyResult, ReadOnlySql
from kb.adapters.table_embedding import TableEmbedding
from kb.adapters.table_embedding_jobs import TableEmbeddingJobs
from kb.embedding_sql.claimed_models import (
    BEDROCK_MODELS,
    LOCAL,
    ClaimedModel,
    configured_model,
)
from kb.embedding_sql.findings import Finding
from kb.embedding_sql.planning import BOUNDS, check_phrase, check_plan, choose_model, find_table
from kb.embedding_sql.tables import (
    EmbeddingPlan,
    TableEmbeddingJob,
    TableSearch,
    TableState,
    TextTable,
)
from kb.errors import KbError, ResourceNotFound
from kb.models import ModelIdentity
from kb.settings import Settings
from kb.workbench import detached, shipped_sql
from kb.workbench.bridge import Bridge
from kb.workbench.models import LOCAL_CALLS

POLL_SECONDS = 0.5
#: How often a job looks whether there is a bridge.
BRIDGE_SECONDS = 1.0
SESSIONS_ON_BEDROCK = 4
MOST_SESSIONS = BOUNDS["sessions"][1]


class SqlEmbeddings:
    """Everything that the page and `embed-table` do."""

    def __init__(self, settings: Settings, database: Database, identity: ModelIdentity) -> None:
        self.bridge = Bridge(settings)
        self._settings = settings
        self._identity = identity
        #: The Bedrock model of the knowledge base, if it has one.
        self._configured = (
            None if settings.embeds_locally else configured_model(settings.embedding_model)
        )
        self._tables = TableEmbedding(database)
        self._jobs = TableEmbeddingJobs(database)
        self._reader = ReadOnlySql(database)

    @property
    def is_local(self) -> bool:
        """Whether the local model answers in Bedrock's place."""
        return self._settings.uses_embedded_server and self._settings.embeds_locally

    @property
    def sessions(self) -> int:
        """As many at once as are of use; more would only hold rows locked while they queue."""
        return min(LOCAL_CALLS, MOST_SESSIONS) if self.is_local else SESSIONS_ON_BEDROCK

    @property
    def answered_by(self) -> str:
        """Who makes the vectors."""
        return str(self._identity) if self.is_local else "Amazon Bedrock"

    def models(self) -> tuple[ClaimedModel, ...]:
        """Models that a statement may name here."""
        return (*BEDROCK_MODELS, LOCAL) if self.is_local else BEDROCK_MODELS

    def prepare(self) -> None:
        """Start what has to run and install the procedure; cheap when all is there."""
        self.bridge.ensure_running(wait=True)
        self._tables.install()

    def findings(self, model_id: str | None = None) -> list[Finding]:
        """What embeddings from SQL need of this database, and whether it is there."""
        if model_id is None and self._configured:
            model_id = self._configured.model_id
        return self._tables.findings(model_id or BEDROCK_MODELS[0].model_id)

    def tables(self) -> list[TextTable]:
        """Tables that have a text column; the knowledge base's own comes last."""
        return sorted(self._tables.tables(), key=lambda table: table.is_bedrocks)

    def has_documents(self) -> bool:
        """Whether the walk-through's table is there."""
        return any(str(table) == "public.documents" for table in self._tables.tables())

    def create_documents(self) -> None:
        """Create the walk-through's table of seven rows, without embeddings."""
        self._tables.create_documents()

    def plan(
        self,
        table: str,
        text_column: str,
        *,
        embedding_column: str = "embedding",
        model_id: str | None = None,
        dimensions: int | None = None,
        sessions: int | None = None,
        **options: Any,
    ) -> EmbeddingPlan:
        """A checked plan for `schema.table`; model and dimensions fit an existing column."""
        chosen = find_table(self.tables(), table)
        if self._configured and (model_id, dimensions) == (None, None):
            known = chosen.vector_columns.get(embedding_column)
            if known in (None, self._configured.dimensions):
                model_id, dimensions = self._configured.model_id, self._configured.dimensions
        model, wanted = choose_model(
            model_id,
            dimensions,
            chosen.vector_columns.get(embedding_column),
            local=self.is_local,
        )
        return check_plan(
            EmbeddingPlan(
                table=chosen,
                text_column=text_column,
                embedding_column=embedding_column,
                model=model,
                model_id=model_id or model.model_id,
                dimensions=wanted,
                sessions=self.sessions if sessions is None else sessions,
                **options,
            )
        )

    def state(self, plan: EmbeddingPlan) -> TableState:
        """How many rows lack an embedding; counts them."""
        return self._tables.state(plan.table, plan.text_column, plan.embedding_column)

    def statements(self, plan: EmbeddingPlan, state: TableState) -> list[str]:
        """The exact SQL that a run will send, in order."""
        return self._tables.statements(plan, state)

    def start(self, plan: EmbeddingPlan, *, detach: bool = True) -> int:
        """Create a job and, unless the caller runs it, a process that does. Raises Conflict."""
        self.prepare()
        job_id = self._jobs.create(plan, self.state(plan), answered_by=self.answered_by)
        if detach:
            self._detach(job_id)
        return job_id

    def run(self, job_id: int) -> None:
        """Do a job's work in this process; a bridge that is killed meanwhile is started again."""
        plan = self._plan_of(self._jobs.job(job_id))
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep_bridge, args=(ended,), daemon=True)
        keeper.start()
        try:
            self._jobs.run(job_id, plan, self.state(plan))
        finally:
            ended.set()
            keeper.join()

    def resume(self, job: TableEmbeddingJob) -> int:
        """A new job that does what an ended one left; its id."""
        return self.start(self._plan_of(job))

    def watch(self, job_id: int) -> Iterator[TableEmbeddingJob]:
        """Run the job here and yield it until it has ended."""
        failures: list[BaseException] = []
        thread = threading.Thread(target=self._run_quietly, args=(job_id, failures), daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(POLL_SECONDS)
            yield self._jobs.job(job_id)
        if failures and self._jobs.job(job_id).failure_reason is None:
            raise failures[0]

    def job(self, job_id: int) -> TableEmbeddingJob:
        """One job as it stands now."""
        return self._jobs.job(job_id)

    def jobs(self) -> list[TableEmbeddingJob]:
        """The latest jobs, newest first."""
        return self._jobs.jobs()

    def errors(self, job_id: int) -> list[dict[str, Any]]:
        """Rows that a job could not embed."""
        return self._jobs.errors(job_id)

    def stop(self, job_id: int) -> None:
        """Ask a job to stop; what is embedded stays."""
        self._jobs.stop(job_id)

    def search(self, plan: EmbeddingPlan, phrase: str, number_of_results: int = 5) -> TableSearch:
        """The rows nearest to `phrase` in meaning, with statement and plan."""
        checked = check_phrase(phrase)
        self.bridge.ensure_running(wait=True)
        return self._tables.search(plan, checked, number_of_results)

    def read(self, statement: str) -> ReadOnlyResult:
        """Run a read-only statement of the user's."""
        self.bridge.ensure_running(wait=True)
        self._reader.prepare()
        return self._reader.run(statement)

    def examples(self) -> dict[str, str]:
        """The walk-through's statements that only read, ready to run."""
        return shipped_sql.examples()

    def _plan_of(self, job: TableEmbeddingJob) -> EmbeddingPlan:
        table = next((t for t in self.tables() if t.target == job.target), None)
        if table is None:
            raise ResourceNotFound(f"The table {job.target} is gone.")
        return self.plan(
            str(table),
            job.text_column,
            embedding_column=job.embedding_column,
            model_id=job.model_id,
            dimensions=job.dimensions,
            **job.options,
        )

    def _keep_bridge(self, ended: threading.Event) -> None:
        while not ended.wait(BRIDGE_SECONDS):
            self.bridge.ensure_running()

    def _run_quietly(self, job_id: int, failures: list[BaseException]) -> None:
        try:
            self.run(job_id)
        except KbError as error:
            failures.append(error)

    def _detach(self, job_id: int) -> None:
        log = self._settings.data_dir / "embed-table.log"
        detached.start(self._settings, "embed-table", "--job", str(job_id), log=log)
