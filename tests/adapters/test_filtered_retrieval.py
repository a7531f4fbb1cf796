"""Filters in PostgreSQL: each operator, every type, exactly as many results as there are."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from psycopg.types.json import Json, Jsonb

from kb import sql
from kb.adapters.database import open_engine
from kb.adapters.filter_sql import EXACT_BELOW, filter_parameters
from kb.adapters.pgvector_store import PgvectorStore
from kb.models import Comparison, Condition, Filter, Group, Junction, RetrievalResult, SearchType
from kb.retrieval.filter_expression import parse_filter, write_filter
from kb.retrieval.filters import HEADING_PATH, LAST_PAGE_NUMBER, PAGE_NUMBER, SOURCE_URI
from tests.knowledge import Knowledge, MadeUpDocument
from tests.made_up import NewDatabase, info, unit_vectors

pytestmark = pytest.mark.database

ROWS = 4000
VECTORS = unit_vectors(ROWS, seed=5)
#: Texts alike, so that the lexical ranking knows all of them.
WORD = "paragraph"
#: Attributes of every sort, of which any may lack.
STRANGE: list[dict[str, Any]] = [
    {},
    {"animal": "cat", "year": 2020, "draft": False, "tags": ["a", "b"]},
    {"animal": "cats", "year": 2020.5, "draft": True, "tags": []},
    {"animal": "Cat", "year": "2020", "draft": "true", "tags": "a"},
    {"animal": "", "year": -1, "draft": None, "tags": ["ab"]},
    {"animal": "a%t", "year": 1e300, "draft": 0, "tags": ["a%t", "\\"]},
    {"animal": 'q"\\', "year": 0, "draft": False, "tags": None, "ünïcödé key": "🐘"},
    {"animal": "bobcat\n", "year": None, "draft": 1, "tags": ["cat", "dog"]},
    {"animal": ["cat"], "year": [2020], "draft": [False], "tags": [["a"]]},
    {"animal": "_at", "year": 10**30, "draft": "false", "tags": {"a": 1}},
]
TEXTS = ["cat", "c", "at", "", "%", "_", "a%t", "\\", 'q"\\', "a.", "🐘", "true", "2020", "\n", "a"]
NUMBERS = [2020, 2020.0, 2020.5, 0, -1, 1e300, 10**30]
KEYS = ["animal", "year", "draft", "tags", "ünïcödé key", "missing"]


@dataclass(frozen=True)
class Table:
    """A knowledge base whose rows were written by hand."""

    url: str
    store: PgvectorStore

    def insert(
        self, vectors: NDArray[np.float32], attributes: Sequence[dict[str, Any]], *, own: bool
    ) -> None:
        """`own`: in both columns, as this project does; otherwise some in each, as others may."""
        statement = "COPY bedrock_integration.bedrock_kb FROM STDIN WITH (FORMAT BINARY)"
        with psycopg.connect(self.url) as connection:
            register_vector(connection)
            with connection.cursor().copy(statement) as copy:
                copy.set_types(["uuid", "vector", "text", "json", "jsonb"])
                for number, (vector, given) in enumerate(zip(vectors, attributes, strict=True)):
                    keys = sorted(given)
                    left = given if own else {k: given[k] for k in keys[: len(keys) // 2]}
                    right = given if own else {k: given[k] for k in keys[len(keys) // 2 :]}
                    row = (uuid.UUID(int=number), vector, f"{WORD} {number}")
                    copy.write_row((*row, Json(left), Jsonb(right)))

    def retrieve(
        self,
        chosen: Filter | str | None,
        *,
        number: int = 5,
        query: NDArray[np.float32] = VECTORS[0],
        search_type: SearchType = SearchType.SEMANTIC,
    ) -> list[RetrievalResult]:
        return self.store.retrieve(
            query,
            question=WORD,
            identifiers=[],
            search_type=search_type,
            number_of_results=number,
            filter=parse_filter(chosen) if isinstance(chosen, str) else chosen,
        )


@pytest.fixture(scope="module")
def large(new_database: NewDatabase, template: str) -> Iterator[Table]:
    """Forty documents of a hundred chunks, two on a page, to be read only."""
    with new_database(template) as url:
        engine = open_engine(url)
        knowledge = Knowledge.on(engine)
        table = Table(url, knowledge.vectors)
        attributes = [
            {
                SOURCE_URI: f"s3://kb/{n // 100}.pdf",
                PAGE_NUMBER: n % 100 // 2 + 1,
                "half": n % 2,
                "n": n,
            }
            for n in range(ROWS)
        ]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP INDEX bedrock_integration.bedrock_kb_embedding_idx")
            table.insert(VECTORS, attributes, own=True)
            connection.execute(sql.script("schema/040_bedrock_kb_indexes"))
            connection.execute(BOOKKEEPING, (knowledge.catalogue.data_source_id,))
            connection.execute("VACUUM ANALYZE")
        yield table
        engine.dispose()


BOOKKEEPING = f"""
WITH document AS (
    INSERT INTO workbench.document (document_id, data_source_id, key, etag, size_bytes, status)
    VALUES (gen_random_uuid(), %s, 'all.pdf', 'e', 1, 'INDEXED') RETURNING document_id
), numbered AS (
    SELECT id, CAST(custom_metadata ->> 'n' AS integer) AS n FROM bedrock_integration.bedrock_kb
)
INSERT INTO workbench.chunk (id, document_id, ordinal, heading_path, tokens, first_page, last_page,
                             page_label, placements, text_sha256, lexemes)
SELECT id, document_id, n, ARRAY['Part ' || n / 1000, 'Section ' || n / 10], 2, n %% 100 / 2 + 1,
       n %% 100 / 2 + 1 + n %% 3 / 2, '', '{{}}', '', to_tsvector('english', '{WORD}')
FROM numbered, document
"""


def place(result: RetrievalResult) -> int:
    return uuid.UUID(result.chunk_id).int


def nearest(allowed: Sequence[int], number: int, query: NDArray[np.float32]) -> list[int]:
    """The exact answer, by numpy."""
    similarity = VECTORS[list(allowed)] @ query
    return [allowed[n] for n in np.argsort(-similarity)[:number]]


FILTERS = {
    "one page of one document": (
        f'{SOURCE_URI} = "s3://kb/7.pdf" and {PAGE_NUMBER} = 3',
        [704, 705],
    ),
    "one document of forty": (f'{SOURCE_URI} = "s3://kb/7.pdf"', list(range(700, 800))),
    "half of the chunks": ("half = 1", list(range(1, ROWS, 2))),
    "everything": ("n >= 0", list(range(ROWS))),
    "nothing": ("n < 0", []),
    "a heading": (f'{HEADING_PATH} listContains "Section 12"', list(range(120, 130))),
    "a part": (f'{HEADING_PATH} listContains "Part 3"', list(range(3000, 4000))),
    "a heading in a document": (
        f'{SOURCE_URI} = "s3://kb/1.pdf" and {HEADING_PATH} listContains "Section 12"',
        list(range(120, 130)),
    ),
    "a heading or a document": (
        f'{SOURCE_URI} = "s3://kb/7.pdf" or {HEADING_PATH} listContains "Section 12"',
        [*range(120, 130), *range(700, 800)],
    ),
    "a page that a chunk only ends on": (
        f"{PAGE_NUMBER} < 3 and {LAST_PAGE_NUMBER} = 3 and n < 100",
        [n for n in range(100) if n // 2 + 1 == 2 and n % 3 == 2],
    ),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("search_type", list(SearchType))
def test_as_many_results_come_as_there_are(
    search_type: SearchType, name: str, large: Table
) -> None:
    chosen, allowed = FILTERS[name]
    for number in (5, 100):
        found = large.retrieve(chosen, number=number, search_type=search_type)
        assert len(found) == min(number, len(allowed))
        assert {place(result) for result in found} <= set(allowed)


@pytest.mark.parametrize("name", [n for n in FILTERS if len(FILTERS[n][1]) <= EXACT_BELOW])
def test_a_selective_filter_is_answered_exactly(name: str, large: Table) -> None:
    chosen, allowed = FILTERS[name]
    for query in unit_vectors(5, seed=6):
        found = large.retrieve(chosen, number=20, query=query)
        assert [place(result) for result in found] == nearest(allowed, 20, query)


def test_a_wide_filter_finds_what_an_exact_scan_finds(large: Table) -> None:
    chosen, allowed = FILTERS["half of the chunks"]
    found, wanted = 0, 0
    for query in VECTORS[:20] + 0.05 * unit_vectors(20, seed=7):
        exact = set(nearest(allowed, 10, query))
        found += len(exact & {place(r) for r in large.retrieve(chosen, number=10, query=query)})
        wanted += 10
    # The index is approximate, and random vectors are the hardest kind.
    assert found / wanted > 0.8


def test_many_chunks_that_all_lie_on_the_far_side_are_found(large: Table) -> None:
    # Those that the filter allows are the last ones that HNSW comes to.
    query = VECTORS[3999]
    far = set(np.argsort(VECTORS @ query)[: EXACT_BELOW + 200].tolist())
    with psycopg.connect(large.url, autocommit=True) as connection:
        mark = "UPDATE bedrock_integration.bedrock_kb SET custom_metadata = custom_metadata || %s "
        wanted = [uuid.UUID(int=n) for n in far]
        connection.execute(mark + "WHERE id = ANY(%s)", (Jsonb({"far": True}), wanted))
    found = large.retrieve("far = true", number=100, query=query)
    assert len(found) == 100
    assert {place(result) for result in found} <= far


def plan(table: Table, search_type: SearchType, chosen: str) -> dict[str, Any]:
    """The plan that PostgreSQL ran a filtered search with."""
    parameters = {
        "query_embedding": VECTORS[0],
        "number_of_results": 5,
        "question": WORD,
        "identifiers": [],
        "candidates": 60,
        **filter_parameters(parse_filter(chosen), own_chunks=True),
    }
    statement = sql.psycopg_query(f"queries/retrieve_{search_type.lower()}")
    with psycopg.connect(table.url) as connection:
        register_vector(connection)
        set_up = {"ef_search": 100, "use_index": True}
        connection.execute(sql.psycopg_query("queries/set_ef_search"), set_up)
        explain = "EXPLAIN (ANALYZE, FORMAT JSON) " + statement
        found = connection.execute(explain.encode(), parameters).fetchone()
    assert found
    root: dict[str, Any] = found[0][0]["Plan"]
    return root


def executed(node: dict[str, Any]) -> Iterator[str]:
    """Indexes that were read."""
    if node["Actual Loops"]:
        if "Index Name" in node:
            yield node["Index Name"]
        for below in node.get("Plans", []):
            yield from executed(below)


@pytest.mark.parametrize("search_type", list(SearchType))
def test_a_wide_filter_is_answered_by_hnsw(search_type: SearchType, large: Table) -> None:
    found = list(executed(plan(large, search_type, "half = 1")))
    assert "bedrock_kb_embedding_idx" in found


@pytest.mark.parametrize("search_type", list(SearchType))
def test_a_selective_filter_is_answered_by_the_metadata_s_index(
    search_type: SearchType, large: Table
) -> None:
    found = list(executed(plan(large, search_type, f'{SOURCE_URI} = "s3://kb/7.pdf"')))
    assert "bedrock_kb_custom_metadata_idx" in found
    assert "bedrock_kb_embedding_idx" not in found


@pytest.fixture(scope="module", params=["own", "bedrock's"])
def strange(
    request: pytest.FixtureRequest, new_database: NewDatabase, template: str
) -> Iterator[Table]:
    """One chunk for each of STRANGE, in columns as we fill them or as others may."""
    own = request.param == "own"
    with new_database(template) as url:
        engine = open_engine(url)
        knowledge = Knowledge.on(engine)
        table = Table(url, knowledge.vectors)
        if own:
            # One chunk of our own makes the table ours; it lies last and no filter matches it.
            MadeUpDocument(["own"], -VECTORS[:1]).publish(knowledge, info("own.pdf"))
        table.insert(VECTORS[: len(STRANGE)], STRANGE, own=own)
        yield table
        engine.dispose()


def holds(chosen: Filter, attributes: dict[str, Any]) -> bool:
    """What a filter means, without SQL."""
    if isinstance(chosen, Group):
        each = [holds(member, attributes) for member in chosen.members]
        return all(each) if chosen.junction is Junction.AND_ALL else any(each)
    own, value = attributes.get(chosen.key), chosen.value
    texts = [m for m in own if isinstance(m, str)] if isinstance(own, list) else []
    match chosen.comparison:
        case Comparison.EQUALS:
            return same(own, value)
        case Comparison.NOT_EQUALS:
            return not same(own, value)
        case Comparison.IN:
            return any(same(own, one) for one in value)  # type: ignore[union-attr]
        case Comparison.NOT_IN:
            return own is not None and not any(same(own, v) for v in value)  # type: ignore[union-attr]
        case Comparison.STARTS_WITH:
            return isinstance(own, str) and own.startswith(str(value))
        case Comparison.STRING_CONTAINS:
            return any(str(value) in text for text in ([own] if isinstance(own, str) else texts))
        case Comparison.LIST_CONTAINS:
            return value in texts
    if not isinstance(own, (int, float)) or isinstance(own, bool):
        return False
    number: Any = value
    met: dict[Comparison, bool] = {
        Comparison.GREATER_THAN: own > number,
        Comparison.GREATER_THAN_OR_EQUALS: own >= number,
        Comparison.LESS_THAN: own < number,
        Comparison.LESS_THAN_OR_EQUALS: own <= number,
    }
    return met[chosen.comparison]


def same(own: Any, value: Any) -> bool:
    """Equal and of one JSON type."""
    return kind(own) is kind(value) and bool(own == value)


def kind(value: Any) -> type:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float if is_number else type(value)


def some_condition(draw: random.Random) -> Condition:
    comparison = draw.choice(list(Comparison))
    match comparison:
        case Comparison.EQUALS | Comparison.NOT_EQUALS:
            value: Any = draw.choice([*TEXTS, *NUMBERS, True, False])
        case Comparison.IN | Comparison.NOT_IN:
            value = draw.sample(TEXTS, draw.randint(1, 4))
        case Comparison.STARTS_WITH | Comparison.STRING_CONTAINS | Comparison.LIST_CONTAINS:
            value = draw.choice(TEXTS)
        case _:
            value = draw.choice(NUMBERS)
    return Condition(comparison=comparison, key=draw.choice(KEYS), value=value)


def some_filter(draw: random.Random, depth: int = 0) -> Filter:
    if depth == 2 or draw.random() < 0.4:
        return some_condition(draw)
    members = tuple(some_filter(draw, depth + 1) for _ in range(draw.randint(2, 5)))
    return Group(junction=draw.choice(list(Junction)), members=members)


def allowed(table: Table, chosen: Filter) -> set[int]:
    found = table.retrieve(chosen, number=50)
    return {place(r) for r in found if not r.text.startswith("own")}


def test_every_filter_means_what_it_says(strange: Table) -> None:
    draw = random.Random(8)
    for _ in range(600):
        chosen = some_filter(draw)
        meant = {n for n, attributes in enumerate(STRANGE) if holds(chosen, attributes)}
        assert allowed(strange, chosen) == meant, write_filter(chosen)


@pytest.mark.parametrize("text", ["'; DROP TABLE x; --", '" || true', "$.*", "\\u0041", "*/", "\t"])
@pytest.mark.parametrize("comparison", list(Comparison))
def test_a_filter_s_key_and_value_are_only_ever_text(
    comparison: Comparison, text: str, strange: Table
) -> None:
    value: Any = text
    if comparison in (Comparison.IN, Comparison.NOT_IN):
        value = [text]
    elif comparison.value.startswith(("greater", "less")):
        value = 1
    chosen = Condition(comparison=comparison, key=text, value=value)
    everything = set(range(len(STRANGE))) if comparison is Comparison.NOT_EQUALS else set()
    assert allowed(strange, chosen) == everything


def test_an_attribute_of_both_columns_is_the_custom_one(
    knowledge: Knowledge, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        insert = "INSERT INTO bedrock_integration.bedrock_kb VALUES (%s, %s::vector, 'x', %s, %s)"
        row = (uuid.uuid4(), str(VECTORS[0].tolist()), json.dumps({"a": 1}), json.dumps({"a": 2}))
        connection.execute(insert, row)
    table = Table(database_url, knowledge.vectors)
    assert len(table.retrieve("a = 2")) == 1
    assert table.retrieve("a = 1") == []


@pytest.mark.parametrize("metadata", ["null", '"text"', "[1]", None])
def test_a_row_without_attributes_meets_no_condition_but_not_equals(
    metadata: str | None, knowledge: Knowledge, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        insert = "INSERT INTO bedrock_integration.bedrock_kb VALUES (%s, %s::vector, 'x', %s, %s)"
        row = (uuid.uuid4(), str(VECTORS[0].tolist()), metadata, metadata)
        connection.execute(insert, row)
    table = Table(database_url, knowledge.vectors)
    assert table.retrieve("a = 1 or a > 1") == []
    assert len(table.retrieve("a != 1")) == 1
