"""The commands that ask: `retrieve`, `ask` and, of cli_explain, `why-not`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from kb import bedrock_json, cli_explain, terminal
from kb.models import GenerationConfiguration, RetrievalConfiguration, SearchType
from kb.retrieval.filter_expression import parse_filter
from kb.workbench import Workbench, open_workbench


def add_commands(command: Callable[..., Any], as_json: argparse.ArgumentParser) -> None:
    """Add them to the parser."""
    asking = argparse.ArgumentParser(add_help=False, parents=[as_json])
    asking.add_argument("text", metavar="TEXT", help="the question")
    asking.add_argument(
        "--number-of-results", type=int, default=5, metavar="N", help="chunks, 1 to 100"
    )
    asking.add_argument(
        "--search-type",
        type=SearchType,
        choices=list(SearchType),
        default=SearchType.HYBRID,
        help="SEMANTIC or HYBRID (default)",
    )
    asking.add_argument(
        "--filter",
        default="",
        metavar="FILTER",
        help="chunks that may take part: Bedrock's JSON, or as in 'year >= 2020 and draft = false'",
    )
    asking.add_argument(
        "--reranking-model", metavar="NAME", help="one of KB_RERANKING_MODEL, or none"
    )
    retrieving = command("retrieve", retrieve, "find the chunks that fit a question", asking)
    cli_explain.add_views(retrieving)
    _add_generation(command("ask", ask, "answer a question with citations", asking))
    cli_explain.add_why_not(command, asking, _retrieval_configuration)


def _add_generation(parser: argparse.ArgumentParser) -> None:
    options = parser.add_argument_group("generation", "what is not given is left to the model")
    options.add_argument(
        "--model", metavar="NAME", help="who answers: one of KB_GENERATION_MODEL, or the first"
    )
    options.add_argument("--temperature", type=float, metavar="T", help="0 to 1")
    options.add_argument("--top-p", type=float, metavar="P", help="0 to 1")
    options.add_argument("--max-tokens", type=int, metavar="N", help="length of the answer at most")
    options.add_argument(
        "--stop", action="append", default=[], metavar="TEXT", help="where to stop; up to four"
    )
    options.add_argument("--guardrail", metavar="ID:VERSION", help="a guardrail of Bedrock's")
    options.add_argument("--stream", action="store_true", help="print the answer while it comes")


def retrieve(options: argparse.Namespace) -> int:
    """Find the chunks that fit a question."""
    configuration = _retrieval_configuration(options)
    with open_workbench() as bench:
        if cli_explain.show_view(bench, options, configuration):
            return 0
        found = bench.knowledge_base.retrieve(options.text, configuration)
    if options.json:
        _print_json(bedrock_json.retrieve(found.results))
    else:
        terminal.show_results(found.results)
    return 0


def ask(options: argparse.Namespace) -> int:
    """Answer a question with citations."""
    with open_workbench() as bench:
        if options.stream and not options.json:
            _stream(bench, options)
            return 0
        answer = bench.knowledge_base.retrieve_and_generate(
            options.text, _retrieval_configuration(options), _generation_configuration(options)
        )
    if options.json:
        _print_json(bedrock_json.retrieve_and_generate(answer))
    else:
        terminal.show_answer(answer)
    return 0


def _stream(bench: Workbench, options: argparse.Namespace) -> None:
    parts = bench.knowledge_base.stream(
        options.text, _retrieval_configuration(options), _generation_configuration(options)
    )
    terminal.show_stream(parts)


def _retrieval_configuration(options: argparse.Namespace) -> RetrievalConfiguration:
    return RetrievalConfiguration(
        search_type=options.search_type,
        number_of_results=options.number_of_results,
        filter=parse_filter(options.filter),
        reranking_model=options.reranking_model,
    )


def _generation_configuration(options: argparse.Namespace) -> GenerationConfiguration:
    guardrail_id, _, guardrail_version = (options.guardrail or "").rpartition(":")
    return GenerationConfiguration(
        generation_model=options.model,
        temperature=options.temperature,
        top_p=options.top_p,
        max_tokens=options.max_tokens,
        stop_sequences=tuple(options.stop),
        guardrail_id=guardrail_id or None,
        guardrail_version=guardrail_version or None,
    )


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
