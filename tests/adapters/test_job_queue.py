"""The queue: a job reaches a worker, also when its first one died, and the tables are made once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from kb.adapters.job_queue import DEAD_SECONDS, JobQueue
from kb.errors import DatabaseError
from tests.made_up import NewDatabase

pytestmark = pytest.mark.database


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
    return JobQueue(url)


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


def ran(queue: JobQueue) -> list[str]:
    """Work until nothing waits, and tell what was run."""
    done: list[str] = []
    queue.work(done.append, wait=False)
    return done


def test_a_deferred_job_is_run_once(queue: JobQueue) -> None:
    queue.defer("JOB0000001")
    assert ran(queue) == ["JOB0000001"]
    assert ran(queue) == []


def test_jobs_are_run_in_their_order(queue: JobQueue) -> None:
    queue.defer("JOB0000001")
    queue.defer("JOB0000002")
    assert ran(queue) == ["JOB0000001", "JOB0000002"]


def test_work_ends_when_nothing_waits(queue: JobQueue) -> None:
    assert ran(queue) == []


def test_a_waiting_job_is_held_and_a_finished_one_is_not(queue: JobQueue) -> None:
    queue.defer("JOB0000001")
    held = queue.holds("JOB0000001")
    ran(queue)
    assert (held, queue.holds("JOB0000001")) == (True, False)


def test_a_job_of_a_dead_worker_is_taken_up_again(queue: JobQueue, url: str) -> None:
    queue.defer("JOB0000001")
    abandon(url, DEAD_SECONDS + 1)
    assert ran(queue) == ["JOB0000001"]


def test_a_job_of_a_live_worker_is_left_to_it(queue: JobQueue, url: str) -> None:
    queue.defer("JOB0000001")
    abandon(url, 0)
    assert ran(queue) == []
    assert queue.holds("JOB0000001")


def test_a_job_that_breaks_down_is_not_held(queue: JobQueue) -> None:
    def break_down(ingestion_job_id: str) -> None:
        raise ZeroDivisionError

    queue.defer("JOB0000001")
    queue.work(break_down, wait=False)
    assert not queue.holds("JOB0000001")


def test_a_worker_lives_while_it_works_and_not_before_or_after(queue: JobQueue) -> None:
    seen: list[bool] = []
    queue.defer("JOB0000001")
    before = queue.has_live_worker()
    queue.work(lambda _: seen.append(queue.has_live_worker()), wait=False)
    assert (before, seen, queue.has_live_worker()) == (False, [True], False)


@pytest.mark.parametrize(("seconds", "lives"), [(0, True), (DEAD_SECONDS + 1, False)])
def test_a_worker_without_a_sign_of_life_is_dead(
    seconds: float, lives: bool, queue: JobQueue, url: str
) -> None:
    abandon(url, seconds)
    assert queue.has_live_worker() is lives


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
        assert not JobQueue(url).has_live_worker()


def test_a_queue_without_tables_is_a_database_error(
    new_database: NewDatabase,
) -> None:
    with new_database() as url, pytest.raises(DatabaseError):
        JobQueue(url).defer("JOB0000001")


def test_the_queue_s_tables_stay_out_of_the_other_schemas(url: str) -> None:
    query = "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'procrastinate%'"
    with psycopg.connect(url) as connection:
        assert connection.execute(query).fetchall() == [("workbench_queue",)]
