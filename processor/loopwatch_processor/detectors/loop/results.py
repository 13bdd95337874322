"""What a tool answered, read for comparison: its kind, and keys without what changes by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Final

from loopwatch.attributes import ToolErrorClass
from loopwatch.words import jaccard, text_words
from loopwatch_processor.step import ErrorInfo, ToolCall

ERROR_KEY_MAX_CHARS: Final = 300
_SHORT_MAX_CHARS: Final = 400
_TRANSIENT: Final = (ToolErrorClass.RATE_LIMIT, ToolErrorClass.TIMEOUT, ToolErrorClass.UNAVAILABLE)
_ECHO_MIN_CHARS: Final = 4
_EMPTY_MAX_CHARS: Final = 16

_VOLATILE = re.compile(
    r"""
      \d{4}-\d\d-\d\d[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|\ ?[+-]\d\d:?\d\d)?   # a moment; a bare date is content
    | \b\d\d:\d\d:\d\d(?:[.,]\d+)?\b
    | \b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b
    | \b0x[0-9a-f]+\b
    | \b(?=[a-f]*\d)[0-9a-f]{12,}\b
    | \b1\d{9}(?:\.\d+|\d{3}|\d{6}|\d{9})?\b                                          # seconds since 1970, finer too
    | \b\d+(?:\.\d+)?\ ?(?:ns|us|µs|ms|s|secs?|seconds?|mins?|minutes?)\b
    | \b(?:(?:run|message|msg|session|request|req|trace|span|call|event|process|correlation)[_ -]?id
        |duration(?:_?ms)?|elapsed(?:_?ms)?|pid|session)["']?\s?[:=\ ]\s?["']?[a-z_.-]*\d[\w.-]*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FAILS = re.compile(
    r"""^\W*(?:\w+(?:error|exception)\b|error|exception|traceback|failed|failure|fatal|invalid|cannot|unable\ to)\b
      | "(?:is_?error)"\s*:\s*true | "error"\s*:\s*(?!null|false|""|\{\}|\[\]|0\b)
      | ^\W{0,3}(?:exit|return|exit_|return_)\s?(?:code|status)\W{1,5}[1-9]""",
    re.VERBOSE | re.IGNORECASE,
)
_REJECTS = re.compile(
    r"""unexpected\ (?:keyword\ )?(?:argument|parameter|field|propert)
      | missing\ (?:\d+\ )?(?:required|positional|argument|parameter)
      | (?:invalid|unknown|unrecogni[sz]ed|illegal)\ (?:tool|function|argument|parameter|input|json|field)
      | (?:tool|function)\b.{0,80}?\b(?:not\ found|does\ not\ exist|is\ not\ (?:available|registered|defined))
      | no\ such\ (?:tool|function) | validation\ (?:error|failed) | required\ propert | fails?\ to\ parse
      | (?:field|parameter|argument|property)\b.{0,40}?\bis\ required | takes\ \d+\ positional""",
    re.VERBOSE | re.IGNORECASE,
)
_EMPTY: Final = frozenset({"", "[]", "{}", "null", "none", '""', "no output", "(no output)"})
_IN_LETTERS: Final = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")
"""For a hash: with its digits it would be taken for an id, and all ids for one."""
_VARIABLE = re.compile(r"""(["'`])(?:(?!\1).){1,200}\1|(?:[\w.~-]*/)+[\w.~-]*|\d+(?:\.\d+)?""")


class Kind(StrEnum):
    """How a call ended."""

    OK = "ok"
    EMPTY = "empty"
    ERROR = "error"
    UNKNOWN = "unknown"
    """The result was not captured: never equal to anything."""


class Outcome:
    """A result, ready for comparison. Reading it costs more than most comparisons need, so each part waits."""

    def __init__(self, kind: Kind, text: str, said: Sequence[str], error_class: str = "") -> None:
        self.kind = kind
        self.error_class = error_class
        self._text = text
        self._said = said

    @property
    def fails(self) -> bool:
        return self.kind is Kind.ERROR

    @property
    def is_known(self) -> bool:
        return self.kind is not Kind.UNKNOWN

    @property
    def is_transient(self) -> bool:
        """Whether trying again is right at first."""
        return self.error_class in _TRANSIENT

    def same_as(self, other: Outcome) -> bool:
        """Whether both are known and equal, times and ids aside."""
        if not self._comparable(other):
            return False
        return self._text == other._text or self._key == other._key

    def says_the_same_as(self, other: Outcome) -> bool:
        """As `same_as`, when each call's own words are left out: "nothing found for X" is one answer for every X."""
        return self.same_as(other) or (self._comparable(other) and self._plain == other._plain)

    def fails_like(self, other: Outcome, similarity_ratio: float) -> bool:
        """Whether both are errors of one shape: equal, or sharing that much of their words."""
        if not (self.fails and other.fails and self._text and other._text):
            return False
        if self._text == other._text or self._shape == other._shape:
            return True
        return jaccard(self._shape_words, other._shape_words) >= similarity_ratio

    @cached_property
    def is_rejection(self) -> bool:
        """Whether the call was refused for its arguments or its tool's name: it never ran."""
        return self.fails and (self.error_class == ToolErrorClass.SCHEMA or _REJECTS.search(self._text) is not None)

    def _comparable(self, other: Outcome) -> bool:
        return self.kind is other.kind and self.is_known and bool(self._text or self.kind is Kind.EMPTY)

    @cached_property
    def _key(self) -> str:
        return steady(self._text)

    @cached_property
    def _plain(self) -> str:
        return without_echo(self._key, self._said)

    @cached_property
    def _shape(self) -> str:
        return error_shape(self._text, self._said)

    @cached_property
    def _shape_words(self) -> tuple[str, ...]:
        return tuple(text_words(self._shape))


def read_outcome(tool: ToolCall, error: ErrorInfo | None, said: Sequence[str]) -> Outcome:
    """Read what *tool* answered; *said* are the texts of its arguments."""
    hashed = tool.result_hash.translate(_IN_LETTERS)
    if error is not None:
        return Outcome(Kind.ERROR, error.message or tool.result or hashed, said, error.tool_class)
    if tool.result is None:
        return Outcome(Kind.OK if hashed else Kind.UNKNOWN, hashed, said)
    text = tool.result.strip()
    if len(text) <= _SHORT_MAX_CHARS and _FAILS.search(text):
        return Outcome(Kind.ERROR, text, said)
    is_empty = len(text) <= _EMPTY_MAX_CHARS and text.lower() in _EMPTY
    return Outcome(Kind.EMPTY if is_empty else Kind.OK, text, said)


def steady(text: str) -> str:
    """*text* without times, durations and ids, which change while nothing else does."""
    return _VOLATILE.sub("~", text) if any(map(str.isdigit, text)) else text


def without_echo(text: str, said: Iterable[str]) -> str:
    """*text* with every text of *said* (the call's own arguments) masked."""
    for item in said:
        if len(item) >= _ECHO_MIN_CHARS and item in text:
            text = text.replace(item, "<said>")
    return text


def error_shape(text: str, said: Iterable[str]) -> str:
    """What kind of error *text* tells, without the names, paths and numbers that it tells of."""
    return _VARIABLE.sub("~", without_echo(steady(text[: 2 * ERROR_KEY_MAX_CHARS]), said))[:ERROR_KEY_MAX_CHARS]
