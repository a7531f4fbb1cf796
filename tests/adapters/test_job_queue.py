"""The queue: jobs and documents reach a worker, also when their first one died."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from kb.adapters.job_queue import DOCUMENTS_AT_ONCE, JobQueue
from kb.errors import ConnectionLost, DatabaseError
from tests.made_up import NewDatabase

pytestmark = pytest.mark.database

HEARTBEAT_SECONDS = 0.1
JOB, LAST = "JOB0000001", "JOB0000009"
IDS = [f"00000000-0000-0000-0000-{number:012}" for number in range(3)]


class Noting:
    """Tasks that note what is asked of them until the last job, and then end the worker."""

    def __init__(self, during: Callable[[str], object] = lambda _: None) -> None:
        self._during = during
        self.done: list[str] = []
        self.heartbeats = 0
        self.left = False
        self.ended = threading.Event()

    def begin(self, ingestion_job_id: str) -> None:
        self._note(ingestion_job_id)

    def ingest(self, ingestion_job_id: str, document_id: str) -> None:
        self._note(document_id)

    def _note(self, an_id: str) -> None:
        if an_id == LAST:
            self.end()
            return
        self.done.append(an_id)
        self._during(an_id)

    def heartbeat(self) -> None:
        self.heartbeats += 1

    def end(self) -> None:
        self.ended.set()

    def leave(self) -> None:
        self.left = True


@pytest.fixture(scope="module")
def prepared(new_database: NewDatabase) -> Iterator[str]:
    """Name of a database with the queue's tables, to be cloned."""
    with new_database() as url:
        JobQueue(url).prepare()
        yield urlsplit(url).path.lstrip("/")


@pytest.fixture
def url(new_database: NewDatabase, prepared: str) -> Iterator[str]:
    with new_database(prepared) as url:
        yield url


@pytest.fixture
def queue(url: str) -> JobQueue:
    return JobQueue(url, data_source_id="DS00000001", heartbeat_seconds=HEARTBEAT_SECONDS)


def abandon(url: str, seconds: float) -> None:
    """Make all jobs look as if their worker had died so many seconds ago."""
    with psycopg.connect(url, options="-c search_path=workbench_queue") as connection:
        connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) "
            "VALUES (now() - make_interval(secs => %s))",
            (seconds,),
        )
        connection.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', "
            "worker_id = (SELECT max(id) FROM procrastinate_workers)"
        )


def ran(queue: JobQueue, during: Callable[[str], object] = lambda _: None) -> list[str]:
    """Work on what waits, and tell what was run before the last job."""
    tasks = Noting(during)
    queue.defer_job(LAST)
    queue.work(tasks, signals=False)
    return tasks.done


def test_a_deferred_job_is_run_once(queue: JobQueue) -> None:
    queue.defer_job(JOB)
    assert ran(queue) == [JOB]
    assert ran(queue) == []


def test_documents_are_run_in_their_order(queue: JobQueue) -> None:
    queue.defer_documents(JOB, IDS)
    assert ran(queue) == IDS


def test_documents_are_run_side_by_side(queue: JobQueue) -> None:
    together = threading.Barrier(DOCUMENTS_AT_ONCE, timeout=30)
    queue.defer_documents(JOB, IDS[:DOCUMENTS_AT_ONCE])
    assert set(ran(queue, lambda _: together.wait())) == set(IDS[:DOCUMENTS_AT_ONCE])


def test_another_data_source_has_another_queue(queue: JobQueue, url: str) -> None:
    JobQueue(url, data_source_id="DS00000002").defer_job(JOB)
    assert ran(queue) == []


def test_what_waits_is_held_and_what_is_finished_is_not(queue: JobQueue) -> None:
    queue.defer_job(JOB)
    held = queue.holds(JOB)
    ran(queue)
    assert (held, queue.holds(JOB)) == (True, False)


def test_what_is_run_is_held(queue: JobQueue) -> None:
    seen: list[bool] = []
    queue.defer_documents(JOB, IDS[:1])
    ran(queue, lambda _: seen.append(queue.holds(JOB)))
    assert seen == [True]


def test_a_forgotten_job_is_not_run(queue: JobQueue) -> None:
    queue.defer_job(JOB)
    queue.defer_documents(JOB, IDS)
    queue.forget(JOB)
    assert not queue.holds(JOB)
    assert ran(queue) == []


def test_forgetting_one_job_leaves_the_others(queue: JobQueue) -> None:
    queue.defer_job(JOB)
    queue.forget("JOB0000002")
    assert ran(queue) == [JOB]


def test_what_a_dead_worker_had_in_hand_is_taken_up_again(queue: JobQueue, url: str) -> None:
    queue.defer_documents(JOB, IDS[:1])
    abandon(url, queue.dead_seconds + 1)
    tasks = Noting(lambda _: tasks.end())
    queue.work(tasks, signals=False)
    assert tasks.done == IDS[:1]


def test_what_a_living_worker_has_in_hand_is_left_to_it(queue: JobQueue, url: str) -> None:
    patient = JobQueue(url, data_source_id="DS00000001", heartbeat_seconds=60)
    queue.defer_documents(JOB, IDS[:1])
    abandon(url, 0)
    assert ran(patient) == []
    assert queue.holds(JOB)


def test_a_task_that_breaks_down_is_not_held(queue: JobQueue) -> None:
    def break_down(_an_id: str) -> None:
        raise ZeroDivisionError

    queue.defer_job(JOB)
    assert ran(queue, break_down) == [JOB]
    assert not queue.holds(JOB)


def test_a_worker_gives_signs_of_life_while_it_works_and_leaves(queue: JobQueue) -> None:
    class Patient(Noting):
        """Ends with the third sign of life."""

        def heartbeat(self) -> None:
            super().heartbeat()
            if self.heartbeats >= 3:
                self.end()

    tasks = Patient(lambda _: tasks.ended.wait(30))
    queue.defer_job(JOB)
    queue.work(tasks, signals=False)
    assert (tasks.done, tasks.heartbeats, tasks.left) == ([JOB], 3, True)


def test_a_worker_whose_sign_of_life_finds_no_database_ends_and_says_so(queue: JobQueue) -> None:
    class Lost(Noting):
        def heartbeat(self) -> None:
            raise ConnectionLost("Gone.")

    tasks = Lost()
    with pytest.raises(ConnectionLost):
        queue.work(tasks, signals=False)
    assert (tasks.ended.is_set(), tasks.left) == (True, True)


def test_several_may_prepare_the_queue_at_once(
    new_database: NewDatabase,
) -> None:
    with new_database() as url:
        errors: list[Exception] = []
        barrier = threading.Barrier(3, timeout=30)

        def prepare() -> None:
            barrier.wait()
            try:
                JobQueue(url).prepare()
            except DatabaseError as error:
                errors.append(error)

        threads = [threading.Thread(target=prepare) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert not JobQueue(url).holds("JOB0000001")


def test_a_queue_without_tables_is_a_database_error(
    new_database: NewDatabase,
) -> None:
    with new_database() as url, pytest.raises(DatabaseError):
        JobQueue(url).defer_job("JOB0000001")


def test_the_queue_s_tables_stay_out_of_the_other_schemas(url: str) -> None:
    query = "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'procrastinate%'"
    with psycopg.connect(url) as connection:
        assert connection.execute(query).fetchall() == [("workbench_queue",)]
