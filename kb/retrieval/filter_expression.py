"""Metadata filters as typed in Bedrock's console: `year >= 2020 and draft = false`. Pure.

Texts are quoted as in JSON, lists stand in brackets, keys are plain words or quoted. `and` and
`or` may not mix without parentheses. Where the console has no sign for an operator, or instead of
one, Bedrock's name for it stands: `title stringContains "lock"`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.errors import ValidationError
from kb.models import Comparison, Condition, Filter, Group, JsonValue, Junction
from kb.retrieval.filters import OPERATORS, checked, filter_from_text

#: Within one another; more than the limits of filters allow, so that those speak first.
MOST_PARENTHESES = 20
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<sign>!=|!:|>=|<=|[=<>:^])
      | (?P<bracket>[()\[\],])
      | (?P<word>[\w.+\-/]+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_SIGNS = {o.symbol: o.comparison for o in OPERATORS.values() if o.symbol}
_JOINING = {"and": Junction.AND_ALL, "or": Junction.OR_ALL}
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_PLAIN_KEY = re.compile(r"[\w.+\-/]+")


def parse_filter(typed: str) -> Filter | None:
    """JSON or the typed form to a Filter, None when nothing is typed.

    ValidationError names the character at which it could not be read.
    """
    if not typed.strip():
        return None
    if typed.lstrip().startswith("{"):
        return filter_from_text(typed)
    return checked(_Reader(typed).whole())


def write_filter(chosen: Filter) -> str:
    """The typed form of a filter, in one line."""
    if isinstance(chosen, Group):
        word = next(word for word, junction in _JOINING.items() if junction is chosen.junction)
        return f" {word} ".join(_member(member) for member in chosen.members)
    operator = OPERATORS[chosen.comparison]
    value = json.dumps(chosen.value, ensure_ascii=False)
    return f"{_key(chosen.key)} {operator.symbol or chosen.comparison.value} {value}"


def _member(member: Filter) -> str:
    return f"({write_filter(member)})" if isinstance(member, Group) else write_filter(member)


def _key(key: str) -> str:
    plain = _PLAIN_KEY.fullmatch(key) and key not in _JOINING
    return key if plain else json.dumps(key, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    #: 1-based character at which it begins.
    at: int


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, typed: str) -> None:
        self._tokens = [*_tokens(typed), _Token("end", "", len(typed) + 1)]
        self._next = 0
        self._open = 0

    def whole(self) -> Filter:
        found = self._joined()
        if self._peek().kind != "end":
            raise _error(self._peek(), "expected `and`, `or` or the end")
        return found

    def _joined(self) -> Filter:
        members = [self._member()]
        joining: Junction | None = None
        while self._peek().kind == "word" and self._peek().text in _JOINING:
            token = self._take()
            if joining not in (None, _JOINING[token.text]):
                raise _error(token, "`and` and `or` are mixed; put parentheses around one of them")
            joining = _JOINING[token.text]
            members.append(self._member())
        return Group(junction=joining, members=tuple(members)) if joining else members[0]

    def _member(self) -> Filter:
        if self._peek().text != "(" or self._peek().kind != "bracket":
            return self._condition()
        token = self._take()
        self._open += 1
        if self._open > MOST_PARENTHESES:
            raise _error(token, "too many parentheses; Bedrock allows a group within a group")
        found = self._joined()
        self._expect(")")
        self._open -= 1
        return found

    def _condition(self) -> Condition:
        token = self._take()
        if token.kind not in ("word", "text"):
            raise _error(token, 'expected a key, such as year or "my key"')
        key = _text(token) if token.kind == "text" else token.text
        comparison = self._comparison()
        return Condition(comparison=comparison, key=key, value=self._value())

    def _comparison(self) -> Comparison:
        token = self._take()
        if token.kind == "sign":
            return _SIGNS[token.text]
        if token.kind == "word" and token.text in list(Comparison):
            return Comparison(token.text)
        known = " ".join((*_SIGNS, *(o.comparison for o in OPERATORS.values() if not o.symbol)))
        raise _error(token, f"expected an operator, one of {known}")

    def _value(self) -> JsonValue:
        token = self._take()
        if token.kind == "bracket" and token.text == "[":
            return self._list()
        return _scalar(token)

    def _list(self) -> list[str]:
        found = []
        while True:
            token = self._take()
            if token.kind != "text":
                raise _error(token, 'expected a text in quotes, as in ["a", "b"]')
            found.append(_text(token))
            if self._peek().text != ",":
                break
            self._take()
        self._expect("]")
        return found

    def _expect(self, bracket: str) -> None:
        token = self._take()
        if (token.kind, token.text) != ("bracket", bracket):
            raise _error(token, f"expected {bracket}")

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token


def _tokens(typed: str) -> Iterator[_Token]:
    at = 0
    end = len(typed.rstrip())
    while at < end:
        found = _TOKEN.match(typed, at)
        if not found:
            here = at + len(typed[at:]) - len(typed[at:].lstrip())
            what = "this quotation has no end" if typed[here] == '"' else "nothing begins like this"
            raise _error(_Token("", typed[here], here + 1), what)
        kind = found.lastgroup or ""
        yield _Token(kind, found[kind], found.start(kind) + 1)
        at = found.end()


def _scalar(token: _Token) -> JsonValue:
    if token.kind == "text":
        return _text(token)
    if token.text in ("true", "false"):
        return token.text == "true"
    if _NUMBER.fullmatch(token.text):
        number: int | float = json.loads(token.text)
        return number
    raise _error(token, 'expected a value: a number, true, false, a text in quotes or ["a", "b"]')


def _text(token: _Token) -> str:
    try:
        found: str = json.loads(token.text, strict=False)
    except ValueError as error:
        raise _error(token, "this is no text as JSON writes it; mend its backslashes") from error
    return found


def _error(token: _Token, what: str) -> ValidationError:
    seen = f" at {token.text!r}" if token.text else ""
    return ValidationError(f"The filter can not be read at character {token.at}{seen}: {what}.")
