"""A workbench whose embedding model is on Bedrock: its pages, its worker, and SQL.

Bedrock is a server on this machine that speaks InvokeModel; all processes call it with boto3.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import psycopg
import pytest

from kb.models import IngestionJobStatus
from kb.postgres.embedded import EmbeddedServer
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.bridge import Bridge, stop_bridge
from tests.aurora_ml.conftest import value
from tests.aurora_ml.test_process import await_ready, kb
from tests.bedrock_server import ECHO, BedrockServer, bedrock_server

pytestmark = pytest.mark.database

TITAN_1, TITAN_2 = "amazon.titan-embed-text-v1", "amazon.titan-embed-text-v2:0"
COHERE_4 = "us.cohere.embed-v4:0"
EMBED = "SELECT aws_bedrock.invoke_model_get_embeddings(%s, 'application/json', %s, %s)"
INVOKE = "SELECT aws_bedrock.invoke_model(%s, 'application/json', 'application/json', %s)"


@pytest.fixture(scope="module")
def bedrock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BedrockServer]:
    with bedrock_server() as server, pytest.MonkeyPatch.context() as environment:
        server.set_environment(environment, tmp_path_factory.mktemp("aws"))
        yield server


@pytest.fixture(scope="module")
def on_bedrock(bedrock: BedrockServer) -> Iterator[Workbench]:
    """An open workbench with Titan's 512 dimensions, its bridge ready."""
    folder = Path(tempfile.mkdtemp(prefix="kb-bedrock-"))
    folder.chmod(0o711)
    with open_workbench(Settings(data_dir=folder, embedding_model=f"{TITAN_2}:512")) as bench:
        bench.sql_embeddings.prepare()
        yield bench
    stop_bridge(folder)
    EmbeddedServer(folder / "postgres").stop()
    shutil.rmtree(folder)


@pytest.fixture
def url(on_bedrock: Workbench, bedrock: BedrockServer) -> str:
    bedrock.requests.clear()
    bedrock.errors.clear()
    return EmbeddedServer(on_bedrock.settings.data_dir / "postgres").url


def refused(url: str, statement: str, *values: str) -> str | None:
    """The SQLSTATE of a call that fails; the session goes on."""
    with psycopg.connect(url, autocommit=True) as session:
        with pytest.raises(psycopg.Error) as caught:
            session.execute(statement.encode(), values)
        assert session.execute("SELECT 1").fetchone() == (1,)
    return caught.value.sqlstate


@pytest.mark.parametrize(
    ("model_id", "key", "body", "dimensions"),
    [
        (TITAN_1, "embedding", {"inputText": "a phrase"}, 1536),
        (TITAN_2, "embedding", {"inputText": "a", "dimensions": 256, "normalize": False}, 256),
        (COHERE_4, "embeddings", {"texts": ["a"], "input_type": "clustering"}, 1536),
    ],
)
def test_sql_s_ids_and_bodies_reach_bedrock_unchanged(
    bedrock: BedrockServer,
    url: str,
    model_id: str,
    key: str,
    body: dict[str, object],
    dimensions: int,
) -> None:
    vector = value(url, EMBED, model_id, key, json.dumps(body))
    assert isinstance(vector, list) and len(vector) == dimensions
    assert bedrock.requests == [(model_id, body)]


def test_a_vector_arrives_as_bedrock_made_it(bedrock: BedrockServer, url: str) -> None:
    body = json.dumps({"inputText": "a phrase of five words"})
    expected = bedrock.answer(TITAN_1, body.encode())["embedding"]
    assert value(url, EMBED, TITAN_1, "embedding", body) == expected


def test_invoke_model_passes_body_and_answer_on(bedrock: BedrockServer, url: str) -> None:
    body = json.dumps({"inputText": "Tell me more"})
    answer = value(url, INVOKE, ECHO, body)
    assert json.loads(str(answer)) == {"results": [{"outputText": "Tell me more"}]}
    answer = value(url, INVOKE, TITAN_1, body)
    assert set(json.loads(str(answer))) == {"embedding", "inputTextTokenCount"}


@pytest.mark.parametrize(
    ("error", "sqlstate"),
    [
        ("AccessDeniedException", "KB009"),
        ("ThrottlingException", "KB010"),
        ("ResourceNotFoundException", "KB002"),
        ("ModelTimeoutException", "KB005"),
        ("ModelErrorException", "KB004"),
    ],
)
def test_an_error_of_bedrock_is_a_sql_error_of_its_own(
    bedrock: BedrockServer, url: str, error: str, sqlstate: str
) -> None:
    bedrock.errors.extend([(error, "said so")] * 3)
    assert refused(url, EMBED, TITAN_1, "embedding", '{"inputText": "a"}') == sqlstate


@pytest.mark.parametrize(
    ("model_id", "key", "body", "sqlstate"),
    [
        (TITAN_1, "embedding", '{"inputText": ""}', "KB001"),
        (TITAN_1, "embedding", "{", "KB001"),
        (COHERE_4, "embeddings", '{"texts": ["a", "b"], "input_type": "clustering"}', "KB001"),
        ("amazon.titan-embed-text-v9", "embedding", '{"inputText": "a"}', "KB002"),
        ("no id; at all", "embedding", '{"inputText": "a"}', "KB002"),
        ("all-MiniLM-L6-v2", "embedding", '{"inputText": "a"}', "KB002"),
        (TITAN_1, "embeddings", '{"inputText": "a"}', "KB003"),
        (ECHO, "results", '{"inputText": "a"}', "KB003"),
    ],
)
def test_a_bad_call_is_a_sql_error(
    bedrock: BedrockServer, url: str, model_id: str, key: str, body: str, sqlstate: str
) -> None:
    assert refused(url, EMBED, model_id, key, body) == sqlstate


def test_a_batch_is_answered_by_bedrock(on_bedrock: Workbench, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE notes (id int PRIMARY KEY, content text)")
        connection.execute("INSERT INTO notes SELECT i, 'Note ' || i FROM generate_series(1, 9) i")
    embeddings = on_bedrock.sql_embeddings
    plan = embeddings.plan("notes", "content")
    assert (plan.model_id, plan.dimensions) == (TITAN_2, 512)
    job_id = embeddings.start(plan, detach=False)
    embeddings.run(job_id)
    job = embeddings.job(job_id)
    assert (job.status, job.answered_by) == (IngestionJobStatus.COMPLETE, "Amazon Bedrock")
    plan = embeddings.plan("notes", "content")
    assert embeddings.search(plan, "Note 7").rows[0].content == "Note 7"


def test_a_batch_ends_at_once_when_bedrock_denies_access(
    on_bedrock: Workbench, bedrock: BedrockServer, url: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE denied (content text, embedding vector(1536))")
        connection.execute("INSERT INTO denied SELECT 'Note ' || i FROM generate_series(1, 9) i")
    bedrock.errors.append(("AccessDeniedException", "No"))
    call = "CALL workbench.embed_table(target => 'denied', text_column => 'content')"
    with pytest.raises(psycopg.Error, match="bedrock:InvokeModel") as caught:
        value(url, call)
    assert caught.value.sqlstate == "KB009"
    assert value(url, "SELECT count(embedding) FROM denied") == 0
    assert value(url, "SELECT count(*) FROM workbench.table_embedding_error") == 0


def test_a_batch_waits_while_bedrock_throttles(
    on_bedrock: Workbench, bedrock: BedrockServer, url: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE throttled (content text, embedding vector(1536))")
        connection.execute("INSERT INTO throttled VALUES ('One note')")
    # Three for boto3's own attempts, four times over.
    bedrock.errors.extend([("ServiceUnavailableException", "Later")] * 12)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CALL workbench.embed_table(target => 'throttled', text_column => 'content', "
            "max_attempts => 1)"
        )
    assert value(url, "SELECT count(embedding) FROM throttled") == 1


def test_documents_are_embedded_and_found_by_bedrock(
    on_bedrock: Workbench, bedrock: BedrockServer, url: str
) -> None:
    text = b"The pg_stat_io view shows I/O statistics. Autovacuum removes dead rows."
    on_bedrock.data_source.upload("views.txt", BytesIO(text))
    done = kb(on_bedrock.settings, "sync", "--wait")
    assert done.returncode == 0, done.stderr
    assert {body["dimensions"] for _, body in bedrock.requests} == {512}
    found = on_bedrock.knowledge_base.retrieve("What does the pg_stat_io view show?")
    assert "pg_stat_io" in found.results[0].text
    answer = on_bedrock.knowledge_base.retrieve_and_generate("What does the pg_stat_io view show?")
    assert "I/O statistics" in answer.text
    dimensions = "SELECT vector_dims(embedding) FROM bedrock_integration.bedrock_kb LIMIT 1"
    assert value(url, dimensions) == 512


def test_status_says_that_bedrock_answers(on_bedrock: Workbench) -> None:
    done = kb(on_bedrock.settings, "status")
    assert "amazon.titan-embed-text-v2:0 (bedrock, 512 dimensions)" in done.stdout
    assert "answered by Amazon Bedrock" in done.stdout
    assert "padded" not in done.stdout


def test_nothing_is_lacking(on_bedrock: Workbench, url: str) -> None:
    assert [f.name for f in on_bedrock.sql_embeddings.findings() if not f.ok] == []


def test_a_check_says_what_bedrock_refuses(
    on_bedrock: Workbench, bedrock: BedrockServer, url: str
) -> None:
    bedrock.errors.append(("AccessDeniedException", "No access to the model"))
    lacking = [f for f in on_bedrock.sql_embeddings.findings() if not f.ok]
    assert [f.name for f in lacking] == ["Model answers"]
    assert "No access to the model" in lacking[0].found


def test_a_bridge_of_another_model_is_replaced(on_bedrock: Workbench, url: str) -> None:
    before = on_bedrock.sql_embeddings.bridge.pid
    data_dir = on_bedrock.settings.data_dir
    other = Bridge(Settings(data_dir=data_dir))
    other.ensure_running(wait=True)
    assert other.pid != before
    assert value(url, EMBED, "all-MiniLM-L6-v2", "embedding", '{"inputText": "a"}')
    on_bedrock.sql_embeddings.bridge.ensure_running()
    await_ready(on_bedrock.sql_embeddings.bridge)
    assert value(url, INVOKE, ECHO, '{"inputText": "a"}')


def test_without_a_region_every_command_says_so(
    on_bedrock: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    done = kb(on_bedrock.settings, "status")
    assert done.returncode == 1
    assert "AWS_REGION" in done.stderr and "Traceback" not in done.stderr
