"""The command line as a program sees it: exit codes, one sentence on stderr, JSON on stdout."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pypdfium2
import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from kb.cli import main
from kb.postgres.embedded import EmbeddedServer
from kb.workbench.keeper import keeper_pid, stop_workers
from tests.made_up import NewDatabase, SyncedChapter

pytestmark = pytest.mark.database

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "What is the pg_stat_io view?"
PAGE = "x-amz-bedrock-kb-document-page-number"
NOTE = "# Views\n\nThe pg_stat_io view counts reads and writes of each backend type.\n"


@dataclass(frozen=True)
class Outcome:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


Kb = Callable[..., Outcome]


def run(environ: dict[str, str], *arguments: str) -> Outcome:
    """Run a command in this process; starting one takes longer than most commands do."""
    out, err = io.StringIO(), io.StringIO()
    with patch.dict(os.environ, environ, clear=True), redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())


def run_process(environ: dict[str, str], *arguments: str, prefix: tuple[str, ...] = ()) -> Outcome:
    """Run a command as a shell does."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "kb", *arguments],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "KB_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def kb(environ: dict[str, str], database_url: str) -> Iterator[Kb]:
    """Runs a command on an empty knowledge base."""
    yield lambda *arguments: run({**environ, "KB_DATABASE_URL": database_url}, *arguments)
    if (data_dir := Path(environ["KB_DATA_DIR"])).is_dir():
        stop_workers(data_dir)


@pytest.fixture(scope="module")
def empty(
    new_database: NewDatabase, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kb]:
    """Runs a command that changes nothing on an empty knowledge base."""
    data_dir = tmp_path_factory.mktemp("empty")
    with new_database(template) as url:
        environ = {**os.environ, "KB_DATA_DIR": str(data_dir), "KB_DATABASE_URL": url}
        yield lambda *arguments: run(environ, *arguments)


@pytest.fixture(scope="module")
def on_chapter(synced_chapter: SyncedChapter) -> Kb:
    """Runs a command that changes nothing on the synced chapter."""
    return lambda *arguments: run(synced_chapter.environ, *arguments)


@pytest.fixture(scope="module")
def answer(on_chapter: Kb) -> Any:
    """What `ask --json` prints for the walk-through's question."""
    return on_chapter("ask", QUESTION, "--json").json


@pytest.fixture(scope="module")
def status(on_chapter: Kb) -> Any:
    """What `status --json` prints."""
    return on_chapter("status", "--json").json


@pytest.fixture(scope="module")
def page_texts(chapter: Path) -> list[str]:
    """The text of each page of the chapter as PDFium has it, by nobody's code but its own."""
    document = pypdfium2.PdfDocument(chapter)
    texts = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return [squeezed(text) for text in texts]


def squeezed(text: str) -> str:
    """A text without space, hyphens and bullets, which line ends change."""
    return re.sub(r"[\s\u00ad\u2010\ufffe\x02•-]+", "", text)


def is_one_sentence(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n") and "Traceback" not in text


def complaints(service: str, operation: str, shape: dict[str, Any]) -> str:
    model = Session().get_service_model(service).operation_model(operation).output_shape
    assert model is not None
    return str(ParamValidator().validate(shape, model).generate_report())


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("KB_PORT", "eight", "KB_PORT"),
        ("KB_BUCKET", "../elsewhere", "KB_BUCKET"),
        ("KB_DATABASE_URL", "nonsense", "KB_DATABASE_URL"),
        ("KB_DATABASE_URL", "postgresql://u@127.0.0.1:1/d", "KB_DATABASE_URL"),
        ("KB_DATA_DIR", "/dev/null", "/dev/null"),
    ],
)
def test_a_setting_that_does_not_work_is_one_sentence(
    variable: str, value: str, words: str, environ: dict[str, str]
) -> None:
    done = run({**environ, variable: value}, "status")
    assert (done.code, done.stdout) == (1, "")
    assert is_one_sentence(done.stderr) and words in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nothing",),
        ("upload",),
        ("ask",),
        ("retrieve", "x", "--search-type", "FUZZY"),
        ("why-not", "x"),
        ("why-not", "x", "--page", "1", "--passage", "y"),
        ("retrieve", "x", "--exact-twin", "--trace"),
        ("retrieve", "x", "--number-of-results", "many"),
        ("tune", "--k", "few"),
    ],
)
def test_a_wrong_command_line_is_code_2_with_usage(
    arguments: tuple[str, ...], environ: dict[str, str]
) -> None:
    done = run(environ, *arguments)
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: python -m kb")


def test_a_wrong_command_line_is_code_2_to_the_shell(environ: dict[str, str]) -> None:
    assert run_process(environ, "nothing").code == 2


def test_an_expected_error_is_code_1_with_one_sentence_to_the_shell(
    environ: dict[str, str],
) -> None:
    done = run_process({**environ, "KB_PORT": "eight"}, "status")
    assert (done.code, done.stdout) == (1, "")
    assert is_one_sentence(done.stderr) and "KB_PORT" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("upload", "no-such-file.pdf"),
        ("retrieve", ""),
        ("retrieve", "x", "--filter", "year ="),
        ("ask", "x", "--filter", '{"equals": {}}'),
        ("why-not", "x", "--page", "1"),
        ("why-not", "x", "--page", "1", "--document", "no.pdf"),
        ("why-not", "x", "--passage", "…"),
        ("ask", "x", "--number-of-results", "0"),
        ("ask", "x", "--number-of-results", "101"),
        ("ask", "caf\udce9"),
        ("tune",),
        ("tune", "--target-recall", "2"),
        ("demo", "--manual", "no-such-file.pdf"),
    ],
)
def test_an_expected_error_is_code_1_with_one_sentence(
    arguments: tuple[str, ...], empty: Kb
) -> None:
    done = empty(*arguments)
    assert (done.code, done.stdout) == (1, "")
    assert is_one_sentence(done.stderr)


def test_a_file_that_can_not_be_read_is_code_1_with_one_sentence(kb: Kb, tmp_path: Path) -> None:
    good = tmp_path / "good.md"
    good.write_text(NOTE)
    done = kb("upload", str(good), "/proc/self/mem")
    assert done.code == 1
    assert is_one_sentence(done.stderr)


def test_what_is_refused_does_not_stop_the_others(kb: Kb, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in ("a.pptx", "b\\c.md", "d.md"):
        (folder / name).write_text(NOTE)
    done = kb("upload", str(folder))
    assert (done.code, done.stdout.split()[0]) == (1, "s3://workbench/d.md")
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["'a.pptx':", "'b\\\\c.md'"]


def test_a_large_file_has_a_bar_on_a_terminal(
    environ: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "large.txt").write_bytes(bytes(6_000_000))
    reader, writer = pty.openpty()
    command = [sys.executable, "-m", "kb", "upload", str(tmp_path / "large.txt")]
    environ = {**environ, "KB_DATABASE_URL": database_url}
    subprocess.run(command, cwd=ROOT, env=environ, stderr=writer, check=True)
    os.close(writer)
    shown = os.read(reader, 1 << 16).decode()
    os.close(reader)
    assert "[########################] large.txt  6.0 MB" in shown


def test_a_folder_is_uploaded_by_its_paths_without_what_is_hidden(kb: Kb, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.md").write_text(NOTE)
    (folder / "b.md").write_text(NOTE)
    (folder / ".hidden.md").write_text(NOTE)
    done = kb("upload", str(folder))
    uris = [line.split()[0] for line in done.stdout.splitlines()]
    assert uris == ["s3://workbench/b.md", "s3://workbench/deep/a.md"]


def test_an_empty_knowledge_base_has_no_results(empty: Kb) -> None:
    assert empty("retrieve", "x", "--json").json == {"retrievalResults": []}


def test_an_empty_knowledge_base_says_that_it_does_not_answer(empty: Kb) -> None:
    answer = empty("ask", "x", "--json").json
    assert (answer["citations"], "does not answer" in answer["output"]["text"]) == ([], True)


def test_an_empty_knowledge_base_says_how_to_get_documents(empty: Kb) -> None:
    assert "kb upload PATH" in empty("documents").stdout


def test_sync_without_wait_hands_over_to_a_detached_worker(
    kb: Kb, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "note.md").write_text(NOTE)
    kb("upload", str(tmp_path / "note.md"))
    started = kb("sync", "--json").json["ingestionJob"]
    assert started["status"] == "STARTING"
    assert wait_for_index(kb) == "INDEXED"
    data_dir = Path(environ["KB_DATA_DIR"])
    assert keeper_pid(data_dir) is not None
    assert kb("down").code == 0
    assert keeper_pid(data_dir) is None


def test_up_leaves_a_server_that_psql_reaches_and_down_ends_it(
    environ: dict[str, str], server: EmbeddedServer
) -> None:
    # pytest's own folders are closed to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="kb-up-"))
    folder.chmod(0o711)
    own = {**environ, "KB_DATA_DIR": str(folder)}
    try:
        assert run(own, "up").code == 0
        url = run(own, "status", "--json").json["database_url"]
        query = [server.psql, url, "-Atc", "SELECT count(*) FROM bedrock_integration.bedrock_kb"]
        reached = subprocess.run(query, capture_output=True, text=True)
        assert (reached.returncode, reached.stdout) == (0, "0\n")
    finally:
        down = run(own, "down")
    gone = subprocess.run(query, capture_output=True)
    shutil.rmtree(folder)
    assert (down.code, gone.returncode) == (0, 2)


def wait_for_index(kb: Kb) -> str:
    """The first document's status, as soon as a job has dealt with it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (document,) = kb("documents", "--json").json["documentDetails"]
        if document["status"] in ("INDEXED", "FAILED"):
            break
        threading.Event().wait(0.2)
    return str(document["status"])


def test_a_failed_document_fails_neither_the_sync_nor_the_others(kb: Kb, tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(NOTE)
    (tmp_path / "empty.pdf").write_text("")
    kb("upload", str(tmp_path / "good.md"), str(tmp_path / "empty.pdf"))
    done = kb("sync", "--wait", "--json")
    job = done.json["ingestionJob"]
    assert done.code == 0
    assert (job["status"], job["statistics"]["numberOfDocumentsFailed"]) == ("COMPLETE", 1)
    assert job["failureReasons"][0].startswith("empty.pdf: ")
    shown = kb("documents").stdout
    assert "FAILED" in shown and "INDEXED" in shown


def test_the_sync_of_the_chapter_prints_bedrock_s_ingestion_job(
    synced_chapter: SyncedChapter,
) -> None:
    shape = json.loads(synced_chapter.synced)
    statistics = shape["ingestionJob"]["statistics"]
    assert shape["ingestionJob"]["status"] == "COMPLETE"
    assert statistics["numberOfNewDocumentsIndexed"] == 1
    assert shape["embedding_calls"] == synced_chapter.bench.status().chunks
    assert synced_chapter.uploaded.startswith("s3://workbench/")


def test_documents_prints_bedrock_s_document_details(on_chapter: Kb) -> None:
    (document,) = on_chapter("documents", "--json").json["documentDetails"]
    assert document["status"] == "INDEXED"
    assert document["identifier"]["s3"]["uri"].endswith("/postgresql-16-monitoring-chapter.pdf")


def test_status_prints_what_a_program_wants_to_know(status: Any) -> None:
    assert status["data_source"] == "s3://workbench"
    assert status["embedding_model"] == "all-MiniLM-L6-v2"
    assert status["generation_model"] == "extractive"
    assert (status["documents"], status["embedded"]) == (1, False)
    assert 58 <= status["chunks"] < 1000


def test_the_status_s_database_url_is_one_that_psql_takes(
    status: Any, server: EmbeddedServer
) -> None:
    query = "SELECT count(*) FROM bedrock_integration.bedrock_kb"
    command = [server.psql, status["database_url"], "-Atc", query]
    assert subprocess.check_output(command, text=True) == f"{status['chunks']}\n"


@pytest.mark.parametrize("where", ["netloc", "query"])
def test_a_password_is_masked(where: str, environ: dict[str, str], database_url: str) -> None:
    parts = urlsplit(database_url)
    if where == "netloc":
        parts = parts._replace(netloc="postgres:geheim@")
    else:
        parts = parts._replace(query=f"{parts.query}&password=geheim")
    done = run({**environ, "KB_DATABASE_URL": urlunsplit(parts)}, "status", "--json")
    assert done.code == 0
    assert "geheim" not in done.stdout + done.stderr


def test_ask_prints_bedrock_s_response(answer: Any) -> None:
    assert complaints("bedrock-agent-runtime", "RetrieveAndGenerate", answer) == ""


def test_retrieve_prints_bedrock_s_response(on_chapter: Kb) -> None:
    shape = on_chapter("retrieve", QUESTION, "--json", "--number-of-results", "7").json
    assert complaints("bedrock-agent-runtime", "Retrieve", shape) == ""
    assert len(shape["retrievalResults"]) == 7


def test_the_walk_through_s_question_is_answered_from_its_pages(answer: Any) -> None:
    references = [r for c in answer["citations"] for r in c["retrievedReferences"]]
    assert {r["metadata"][PAGE] for r in references} & {27, 28, 29}


def test_each_cited_passage_is_in_the_pdf_s_text_where_it_says(
    answer: Any, page_texts: list[str]
) -> None:
    assert answer["citations"]
    for citation in answer["citations"]:
        passage = squeezed(citation["generatedResponsePart"]["textResponsePart"]["text"])
        for reference in citation["retrievedReferences"]:
            first = reference["metadata"][PAGE]
            # A chunk may go on overleaf.
            assert any(passage in text for text in page_texts[first - 1 : first + 1])
            assert passage in squeezed(reference["content"]["text"])


@pytest.mark.parametrize(
    "typed",
    [
        "x-amz-bedrock-kb-document-page-number = 7",
        '{"equals": {"key": "x-amz-bedrock-kb-document-page-number", "value": 7}}',
    ],
)
def test_a_filter_lets_one_page_through(typed: str, on_chapter: Kb) -> None:
    shape = on_chapter("retrieve", QUESTION, "--json", "--filter", typed).json
    pages = [r["metadata"][PAGE] for r in shape["retrievalResults"]]
    assert pages and set(pages) == {7}


def test_why_not_names_the_stage(on_chapter: Kb) -> None:
    page = on_chapter("why-not", QUESTION, "--page", "7", "--number-of-results", "1")
    assert page.stdout.startswith("below the result count: Page 7 of ")
    shape = on_chapter("why-not", QUESTION, "--passage", "zzz qqq", "--json").json
    assert (shape["stage"], shape["chunks"], shape["best"]) == ("NOT_FOUND", 0, None)


def test_why_not_looks_at_an_answer(on_chapter: Kb, answer: Any) -> None:
    page = answer["citations"][0]["retrievedReferences"][0]["metadata"][PAGE]
    shape = on_chapter("why-not", QUESTION, "--page", str(int(page)), "--answer", "--json").json
    assert shape["stage"] == "CITED"


def test_an_exact_twin_is_one_line_when_nothing_is_missed(on_chapter: Kb) -> None:
    shown = on_chapter("retrieve", QUESTION, "--exact-twin").stdout
    assert shown.endswith("exact 5/5; nearest neighbours 5/5\n")
    assert on_chapter("retrieve", QUESTION, "--exact-twin", "--json").json["missed"] == []


def test_a_trace_prints_statements_values_plans_and_candidates(on_chapter: Kb) -> None:
    shown = on_chapter("retrieve", QUESTION, "--trace").stdout
    for words in ("-- sql/queries/retrieve_hybrid.sql: ", f":question = {QUESTION}", "Limit"):
        assert words in shown
    shape = on_chapter("retrieve", QUESTION, "--trace", "--json").json
    assert set(shape) == {"statements", "timings_ms", "candidates"}
    assert shape["candidates"][0]["ranks"]


def test_each_retrieved_chunk_begins_on_its_page(on_chapter: Kb, page_texts: list[str]) -> None:
    shape = on_chapter("retrieve", "wait events of a backend", "--json").json
    for result in shape["retrievalResults"]:
        begin = squeezed(result["content"]["text"])[:25]
        assert begin in page_texts[result["metadata"][PAGE] - 1]


def test_an_identifier_that_the_pdf_only_has_hyphenated_is_found_whole(on_chapter: Kb) -> None:
    shape = on_chapter("retrieve", "pg_backup_start", "--json").json
    texts = [result["content"]["text"] for result in shape["retrievalResults"]]
    assert any("pg_backup_start" in text for text in texts)


def test_every_identifier_that_the_pdf_only_has_hyphenated_is_found_whole(
    synced_chapter: SyncedChapter, chapter: Path
) -> None:
    knowledge_base = synced_chapter.bench.knowledge_base
    for identifier in hyphenated_identifiers(chapter):
        whole = re.compile(rf"\b{identifier}\b")
        results = knowledge_base.retrieve(identifier).results
        assert any(whole.search(result.text) for result in results), identifier


def hyphenated_identifiers(path: Path) -> list[str]:
    """Names that stand in the PDF in two pieces, at a line end, and nowhere in one."""
    document = pypdfium2.PdfDocument(path)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    # PDFium's own mark of a hyphen at a line end.
    broken = dict.fromkeys(re.findall(r"(?<![\w-])(pg_[a-z_]+)\ufffe([a-z_]+)\b", text))
    names = [first + second for first, second in broken]
    found = [name for name in names if not re.search(rf"\b{name}\b", text)]
    assert "pg_backup_start" in found
    return found


def test_the_page_s_words_are_printed_for_people(on_chapter: Kb) -> None:
    shown = on_chapter("ask", QUESTION).stdout
    assert "[1]" in shown
    assert re.search(r"page 2[789]", shown)


def test_a_sync_of_what_is_in_step_embeds_nothing(synced_chapter: SyncedChapter) -> None:
    again = run(synced_chapter.environ, "sync", "--wait", "--json").json
    assert again["embedding_calls"] == 0
    assert again["ingestionJob"]["statistics"]["numberOfDocumentsScanned"] == 1


def test_a_second_sync_is_refused_while_one_runs(kb: Kb, database_url: str) -> None:
    kb("documents")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO workbench.ingestion_job (ingestion_job_id, data_source_id) "
            "SELECT 'JOB0000001', data_source_id FROM workbench.data_source"
        )
    done = kb("sync", "--wait")
    assert done.code == 1
    assert is_one_sentence(done.stderr) and "already running" in done.stderr


#: In a network namespace of its own a process sees no interface at all, C libraries included.
NO_NETWORK = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")


def _has_namespaces() -> bool:
    return shutil.which("unshare") is not None and not subprocess.call(
        [*NO_NETWORK, "true"], stderr=subprocess.DEVNULL
    )


@pytest.mark.skipif(not _has_namespaces(), reason="this system gives no network namespaces")
def test_a_question_is_answered_without_any_network(synced_chapter: SyncedChapter) -> None:
    done = run_process(synced_chapter.environ, "ask", QUESTION, "--json", prefix=NO_NETWORK)
    assert (done.code, done.stderr) == (0, "")
    assert done.json["citations"]
