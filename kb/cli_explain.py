"""The command `why-not`, and the views of `retrieve`: exact twin and trace."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from typing import Any

from kb import bedrock_json, terminal
from kb.models import RetrievalConfiguration, RetrieveAndGenerateResponse
from kb.models.tracing import ExactTwin, Explanation, RetrievalTrace, TracedStatement
from kb.retrieval.tracing import plan_lines, shown_parameters
from kb.workbench import Workbench, open_workbench

#: What a result may have a place in.
RANKINGS = ("semantic", "lexical", "reranking")


def add_views(retrieving: argparse.ArgumentParser) -> None:
    """Add to `retrieve` what it can show in place of the chunks."""
    views = retrieving.add_mutually_exclusive_group()
    views.add_argument(
        "--exact-twin", action="store_true", help="say what the approximate index missed"
    )
    views.add_argument(
        "--trace", action="store_true", help="print the SQL, its plans and all candidates"
    )


def show_view(
    bench: Workbench, options: argparse.Namespace, configuration: RetrievalConfiguration
) -> bool:
    """Print the exact twin or the trace if one was asked for."""
    if options.exact_twin:
        twin = bench.explanations.exact_twin(options.text, configuration)
        _show_twin(twin, as_json=options.json)
    elif options.trace:
        trace = bench.explanations.trace(options.text, configuration, explain=True)
        _show_trace(trace, as_json=options.json)
    return bool(options.exact_twin or options.trace)


def add_why_not(
    command: Callable[..., Any],
    asking: argparse.ArgumentParser,
    configuration: Callable[[argparse.Namespace], RetrievalConfiguration],
) -> None:
    """Add the command with its options; `configuration` reads those of `asking`."""
    added = command("why-not", why_not, "say what keeps a page out of the answer", asking)
    added.set_defaults(configuration=configuration)
    place = added.add_mutually_exclusive_group(required=True)
    place.add_argument("--page", type=int, metavar="N", help="physical page, from 1")
    place.add_argument("--passage", metavar="TEXT", help="words of the document")
    added.add_argument(
        "--document", metavar="KEY", help="the document; needed for a page when there are several"
    )
    added.add_argument(
        "--answer", action="store_true", help="ask for an answer too: is it cited there?"
    )


def why_not(options: argparse.Namespace) -> int:
    """Say what keeps a page or passage out of the answer."""
    configuration: RetrievalConfiguration = options.configuration(options)
    with open_workbench() as bench:
        response = None
        if options.answer:
            response = bench.knowledge_base.retrieve_and_generate(options.text, configuration)
        found = _explanation(bench, options, configuration, response)
    if options.json:
        _print_json(_explanation_json(found))
    else:
        print(f"{found.stage.value}: {found.sentence}")
    return 0


def _explanation(
    bench: Workbench,
    options: argparse.Namespace,
    configuration: RetrievalConfiguration,
    response: RetrieveAndGenerateResponse | None,
) -> Explanation:
    given: dict[str, Any] = {"document_key": options.document, "response": response}
    explanations = bench.explanations
    if options.passage is not None:
        return explanations.why_not_passage(
            options.text, configuration, passage=options.passage, **given
        )
    return explanations.why_not_page(options.text, configuration, page_number=options.page, **given)


def _explanation_json(found: Explanation) -> dict[str, Any]:
    """An explanation as a program reads it; `best` in the shape of Bedrock's Retrieve."""
    shape = {
        field.name: getattr(found, field.name)
        for field in dataclasses.fields(found)
        if field.name != "best"
    }
    best = bedrock_json.retrieve([found.best])["retrievalResults"][0] if found.best else None
    return {**shape, "stage": found.stage.name, "ranks": dict(found.ranks), "best": best}


def _show_twin(twin: ExactTwin, *, as_json: bool) -> None:
    """Print what the approximate index missed."""
    if as_json:
        _print_json(_twin_json(twin))
        return
    print(f"{twin.sentence}; nearest neighbours {twin.neighbours_found}/{twin.neighbours}")
    for missed in twin.missed:
        result = missed.result
        print(f"missed: number {missed.rank}, {terminal.place(result)}")
        print(f"        similarity {result.similarity:.3f}")


def _twin_json(twin: ExactTwin) -> dict[str, Any]:
    missed = [
        {"rank": m.rank, **bedrock_json.retrieve([m.result])["retrievalResults"][0]}
        for m in twin.missed
    ]
    return {
        "results": len(twin.exact),
        "agreeing": twin.agreeing,
        "neighbours": twin.neighbours,
        "neighbours_found": twin.neighbours_found,
        "index_name": twin.index_name,
        "missed": missed,
    }


def _show_trace(trace: RetrievalTrace, *, as_json: bool) -> None:
    """Print the statements with their values and plans, then the candidates."""
    if as_json:
        _print_json(_trace_json(trace))
        return
    for statement in trace.statements:
        _show_statement(statement)
    rows = []
    for number, result in enumerate(trace.candidates, start=1):
        ranks = [result.ranks.get(name, "") for name in RANKINGS]
        rows.append((number, *ranks, f"{result.similarity:.3f}", terminal.place(result)))
    terminal.table(("rank", *RANKINGS, "similarity", "place"), rows)


def _show_statement(statement: TracedStatement) -> None:
    print(f"-- sql/{statement.name}.sql: {statement.rows} rows, {statement.milliseconds:.1f} ms")
    for name, value in shown_parameters(statement.parameters).items():
        print(f"--   :{name} = {value}")
    print(statement.sql)
    for line in plan_lines(statement.plan) if statement.plan else ():
        print(
            f"{line.milliseconds:9.2f} ms {line.rows:7} rows  {'  ' * line.depth}"
            f"{line.node} {line.detail}"
        )
    print()


def _trace_json(trace: RetrievalTrace) -> dict[str, Any]:
    statements = [
        {
            **{n: getattr(s, n) for n in ("name", "sql", "rows", "milliseconds")},
            "parameters": shown_parameters(s.parameters),
            "plan": [dataclasses.asdict(line) for line in plan_lines(s.plan)] if s.plan else None,
        }
        for s in trace.statements
    ]
    candidates = [
        {**shape, "ranks": dict(result.ranks)}
        for result, shape in zip(
            trace.candidates,
            bedrock_json.retrieve(trace.candidates)["retrievalResults"],
            strict=True,
        )
    ]
    timings = dict(trace.retrieval.timings_ms)
    return {"statements": statements, "timings_ms": timings, "candidates": candidates}


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
