"""A conversation as Markdown, HTML or JSON, each citation with its document and page. Pure.

Everything in it is data: in Markdown punctuation is escaped, in HTML there is neither a link nor a
picture nor a script, so that nothing is loaded from anywhere.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from kb.generation.numbering import NumberedSource, number_citations, number_sources
from kb.generation.records import encode
from kb.models import Conversation, RetrievalResult, Turn, TurnStatus, Verdict

#: As in CommonMark: any of these may have a backslash before it.
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "blockquote{margin:.5rem 0;padding-left:1rem;border-left:3px solid #888;white-space:pre-wrap}"
    "p{white-space:pre-wrap}.facts{color:#666;font-size:.875rem}"
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Format(StrEnum):
    """What a conversation can be exported as; the file's ending."""

    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"


def export(conversation: Conversation, turns: Sequence[Turn], form: Format) -> str:
    """The whole conversation."""
    if form is Format.JSON:
        return _json(conversation, turns)
    if form is Format.HTML:
        return "\n".join(_html(conversation, turns)) + "\n"
    return "\n\n".join(_markdown(conversation, turns)) + "\n"


def cited_text(turn: Turn) -> str:
    """The answer with its numbers in brackets where they belong."""
    response = turn.response
    if response is None:
        return ""
    numbering = number_citations(response.citations, response.retrieval_results)
    places = sorted(
        (citation.span.end, f" [{', '.join(map(str, numbers))}]")
        for citation, numbers in zip(response.citations, numbering.citations, strict=True)
        if numbers
    )
    text = response.text
    for end, mark in reversed(places):
        text = text[:end] + mark + text[end:]
    return text


def place_of(result: RetrievalResult) -> str:
    """Where a chunk stands, for people: file, page, printed page, headings."""
    parts = [result.uri or "unknown document"]
    if result.page_number:
        label = result.page_label
        printed = f" (printed {label})" if label and label != str(result.page_number) else ""
        parts.append(f"page {result.page_number}{printed}")
    if result.heading_path:
        parts.append(" > ".join(result.heading_path))
    return ", ".join(parts)


def checked(turn: Turn) -> str:
    """What the quote check says, in a line."""
    check = turn.proof.check
    if check is None:
        return "not checked"
    if not check.sources:
        return "cites nothing"
    counts = {verdict: check.count(verdict) for verdict in Verdict}
    return (
        f"{counts[Verdict.VERIFIED]} of {len(check.sentences)} sentences cited and verified, "
        f"{counts[Verdict.NOT_FOUND]} cited but not found, {counts[Verdict.UNCITED]} uncited"
    )


def _facts(turn: Turn) -> str:
    response = turn.response
    facts = [turn.created_at.isoformat(timespec="seconds")]
    if response:
        facts += [response.generation_model, turn.configuration.retrieval.search_type.value]
        facts += [f"{len(response.retrieval_results)} source chunks", checked(turn)]
    if turn.status is not TurnStatus.COMPLETE:
        facts.append(f"{turn.status.value}: {turn.failure or ''}")
    return " · ".join(facts)


def _sources(turn: Turn) -> Sequence[NumberedSource]:
    return number_sources(turn.response).sources if turn.response else ()


def _markdown(conversation: Conversation, turns: Sequence[Turn]) -> Iterator[str]:
    yield f"# {_escaped(conversation.title)}"
    for turn in turns:
        yield f"## {_escaped(turn.question)}"
        if answer := cited_text(turn):
            yield _escaped(answer)
        for source in _sources(turn):
            reference = source.reference
            yield f"\\[{source.number}\\] {_escaped(place_of(reference.result))}"
            yield "\n".join(f"> {_escaped(line)}" for line in _lines(reference.passage_text))
        yield f"*{_escaped(_facts(turn))}*"


def _escaped(text: str) -> str:
    return "\n".join(PUNCTUATION.sub(r"\\\1", line.strip()) for line in text.splitlines())


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _html(conversation: Conversation, turns: Sequence[Turn]) -> Iterator[str]:
    title = html.escape(conversation.title)
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield f"<title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>"
    for turn in turns:
        yield f"<h2>{html.escape(turn.question)}</h2>"
        if answer := cited_text(turn):
            yield f"<p>{html.escape(answer)}</p>"
        for source in _sources(turn):
            place = html.escape(place_of(source.reference.result))
            yield f'<div class="facts">[{source.number}] {place}</div>'
            yield f"<blockquote>{html.escape(source.reference.passage_text)}</blockquote>"
        yield f'<div class="facts">{html.escape(_facts(turn))}</div>'
    yield "</body></html>"


def _json(conversation: Conversation, turns: Sequence[Turn]) -> str:
    whole = {
        "title": conversation.title,
        "conversation_id": conversation.conversation_id,
        "created_at": conversation.created_at.isoformat(),
        "turns": [_turn(turn) for turn in turns],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _turn(turn: Turn) -> dict[str, object]:
    response = turn.response
    return {
        "question": turn.question,
        "asked_at": turn.created_at.isoformat(),
        "status": turn.status.value,
        "failure": turn.failure,
        "configuration": encode(turn.configuration),
        "answer": response.text if response else None,
        "answered": response.answered if response else None,
        "generation_model": response.generation_model if response else None,
        "timings_ms": dict(response.timings_ms) if response else {},
        "sources": [_source(source) for source in _sources(turn)],
        "citations": encode(_citations(turn)),
        "retrieval_results": encode(response.retrieval_results) if response else [],
        "source_versions": encode(turn.proof.sources),
        "quote_check": encode(turn.proof.check) if turn.proof.check else None,
        "feedback": encode(turn.feedback),
    }


def _citations(turn: Turn) -> list[dict[str, object]]:
    if turn.response is None:
        return []
    numbering = number_sources(turn.response)
    return [
        {"span": citation.span, "text": citation.text, "sources": list(numbers)}
        for citation, numbers in zip(turn.response.citations, numbering.citations, strict=True)
    ]


def _source(source: NumberedSource) -> dict[str, object]:
    result = source.reference.result
    return {
        "number": source.number,
        "rank": source.rank,
        "uri": result.uri,
        "page_number": result.page_number,
        "last_page_number": result.last_page_number,
        "page_label": result.page_label,
        "heading_path": list(result.heading_path),
        "chunk_id": result.chunk_id,
        "passage": source.reference.passage_text,
    }
