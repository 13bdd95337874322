"""What a tool answered, read for comparison: its kind, and keys without what changes by itself."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from enum import StrEnum
from typing import Final

from loopwatch.attributes import ToolErrorClass, ToolResultClass
from loopwatch.envelope import answer_in
from loopwatch.error_text import error_class
from loopwatch.results import (
    FAILURE_MAX_CHARS,
    is_empty,
    is_failure,
    is_pending,
    is_rejection,
    is_undone,
    says_more,
    shell_names,
    without_names,
    without_receipts,
)
from loopwatch.skeleton import NUMBER
from loopwatch.sketch import similarity
from loopwatch.sketch_layout import decode
from loopwatch.volatile import MASK, VOLATILE_CHARS, is_moment, is_moment_or_id, steady
from loopwatch.words import jaccard, text_words, words
from loopwatch_processor.detectors.loop.canonical_text import arguments_texts
from loopwatch_processor.detectors.loop.lazy import has_lazy, lazy
from loopwatch_processor.detectors.loop.noise import (
    FALLS,
    Noise,
    differ_in_ids,
    is_mostly_words,
    may_be_mostly_words,
    noise_among,
    one_falls,
    values_in,
    without_value_chars,
    without_values,
    words_in,
)
from loopwatch_processor.step import ErrorInfo, ToolCall

ERROR_KEY_MAX_CHARS: Final = 300
_LINE_MAX_CHARS: Final = 400
_LINE_MIN_SPACES: Final = 3
_TRANSIENT: Final = (ToolErrorClass.RATE_LIMIT, ToolErrorClass.TIMEOUT, ToolErrorClass.UNAVAILABLE)
_REFUSALS: Final = (ToolErrorClass.AUTH, ToolErrorClass.DENIED, ToolErrorClass.NOT_FOUND)
_ECHO_MIN_CHARS: Final = 4
_BRIEF_WORDS: Final = 3
_BRIEF_CHARS: Final = 60
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


# To ask an enumeration for a member takes 12 times as long as a name of the module.
OK: Final = Kind.OK
EMPTY: Final = Kind.EMPTY
ERROR: Final = Kind.ERROR
UNKNOWN: Final = Kind.UNKNOWN
_KINDS: Final = {
    ToolResultClass.EMPTY.value: Kind.EMPTY,
    ToolResultClass.ERROR.value: Kind.ERROR,
    ToolResultClass.REJECTED.value: Kind.ERROR,
}


@has_lazy
class Outcome:
    """A result, ready for comparison. Reading it costs more than most comparisons need, so each part waits."""

    def __init__(
        self,
        kind: Kind,
        text: str,
        call: ToolCall,
        error_class: str = "",
        sketched: ToolCall | None = None,
    ) -> None:
        self.kind = kind
        self.fails = kind is ERROR
        self.is_known = kind is not UNKNOWN
        self.error_class = error_class
        self.size = len(text)
        """Characters of the answer, or of its hash."""
        self.has_lines = "\n" in text
        self._text = text
        self._call = call
        self._sketched = sketched
        """The call, where *text* is only the hash of its result."""

    @property
    def is_transient(self) -> bool:
        """Whether trying again is right at first."""
        return self.error_class in _TRANSIENT

    def same_as(self, other: Outcome) -> bool:
        """Whether both are known and equal, times and ids aside."""
        if self.kind is not other.kind or not (self._text or self.kind is EMPTY) or not self.is_known:
            return False  # as `_comparable`, which would take half of the time
        if self._text == other._text:
            return True
        if self._sketched is not None and self.is_moment_or_id:
            return other._sketched is not None and other.is_moment_or_id
        return self._frame == other._frame and (self.key == other.key or self._differs_in_ids(other))

    def _differs_in_ids(self, other: Outcome) -> bool:
        """Whether both answer one call, and nothing but ids differs; of other calls each has reason for its own."""
        if self._sketched is not None or self._call.arguments != other._call.arguments:
            return False
        return (
            self._call.name == other._call.name
            and len(self.key) == len(other.key)  # as ids are: asked first, since values take longest to find
            and self._without_values == other._without_values
            and differ_in_ids(self._values, other._values)
        )

    @property
    def last_line(self) -> str:
        """The last of several lines of an answer, if it is a short one of several words and a digit; else nothing."""
        at = self._text.rfind("\n") + 1
        if not at or self.kind is not OK or self._sketched is not None:
            return ""
        line = self._text[at : at + _LINE_MAX_CHARS]
        if line.count(" ") < _LINE_MIN_SPACES or at + _LINE_MAX_CHARS < len(self._text):
            return ""
        return line if NUMBER.search(line) is not None else ""

    def without_last_line(self) -> Outcome:
        """The same answer without that line."""
        text = self._text[: self._text.rfind("\n")].rstrip()
        if is_empty(text):
            return Outcome(EMPTY, text, self._call)
        return Outcome(ERROR if is_failure(text) else OK, text, self._call)

    def is_refused_like(self, other: Outcome) -> bool:
        """Whether both say that it was not done, and differ at most in what each answer is called."""
        if not self._comparable(other) or self._sketched is not None or not is_undone(self._text):
            return False
        return without_receipts(self._text) == without_receipts(other._text)

    @staticmethod
    def noise_among(outcomes: Sequence[Outcome]) -> Noise:
        """How answers to one call differ, in their order; of what is not known nobody can say."""
        if any(not outcome._comparable(outcomes[0]) or outcome._sketched is not None for outcome in outcomes):
            return Noise.NEWS
        if len({outcome._without_values for outcome in outcomes}) > 1:
            return Noise.NEWS
        return noise_among([outcome._values for outcome in outcomes])

    @staticmethod
    def count_down(outcomes: Sequence[Outcome]) -> bool:
        """Whether answers to one call, in their order, tell of a number that falls each time, be it of seconds."""
        if len({outcome._text for outcome in outcomes}) < FALLS or any(outcome.kind is not OK for outcome in outcomes):
            return False  # nearly always, and far sooner seen
        rests: dict[bytes, list[Outcome]] = {}
        for outcome in outcomes:
            rests.setdefault(without_value_chars(outcome._text), []).append(outcome)
        return any(Outcome._falls(alike) for alike in rests.values() if len(alike) >= FALLS)

    @staticmethod
    def _falls(outcomes: Sequence[Outcome]) -> bool:
        rows: dict[int, list[list[str]]] = {}
        for outcome in outcomes:
            rows.setdefault(outcome._hash_without_values, []).append(outcome._text_values)
        return any(one_falls(values) for values in rows.values())

    @property
    def said(self) -> str:
        """What was answered or its hash: the same for the same answer, to the letter where it is a time or an id."""
        return self._text

    @property
    def text(self) -> str:
        """What was answered; nothing where only a sketch is known."""
        return "" if self._sketched is not None else self._text

    @lazy
    def tells_of_failure(self) -> bool:
        """Whether it says that something was not done, or failed."""
        return self._sketched is None and is_undone(self._text)

    def confirms_as(self, other: Outcome) -> bool:
        """Whether both confirm a deed in the same words: a version, a time and a count of words are new each time."""
        if self.same_as(other):
            return True
        if self._sketched is not None or not self._comparable(other) or self._frame != other._frame:
            return False
        if self._without_values != other._without_values:
            return False
        # A fraction is a score or a share, and so a measure of what was done.
        return not any(one != two and "." in one + two for one, two in zip(self._values, other._values, strict=False))

    def reads_unlike(self, other: Outcome) -> bool:
        """Whether both are known to be no failures, and to differ in more than numbers and names of their own."""
        if self.fails or other.fails or not (self.is_known and other.is_known) or self.same_as(other):
            return False
        if self._sketched is not None and other._sketched is not None:
            return len(self.words ^ other.words) > 2  # of two marks, each may be a number
        return self._prose != other._prose

    def has_less_than(self, other: Outcome) -> bool:
        """Whether both are answers in the same words, and their numbers only fell: what is left grows less.

        By sketches nobody can say which way they moved, or whether they are numbers.
        """
        if self.fails or other.fails:
            return False
        if self._sketched is not None:
            return self._comparable(other) and not self.same_as(other)
        if self._prose != other._prose:
            return False
        pairs = list(zip(self._numbers, other._numbers, strict=False))
        return any(mine < theirs for mine, theirs in pairs) and all(mine <= theirs for mine, theirs in pairs)

    def says_the_same_as(self, other: Outcome) -> bool:
        """As `same_as`, when each call's own words are left out: "nothing found for X" is one answer for every X."""
        if self.kind is not other.kind:
            return False
        if self._frame != other._frame and not (self._may_echo or other._may_echo):
            return False  # nothing is left out of either; nearly all differ here, before their keys are read
        return self.same_as(other) or (self._comparable(other) and self._plain == other._plain)

    def may_read_as(self, other: Outcome) -> bool:
        """False where `says_mostly_the_same_as` is, as far as that is seen without reading what they say."""
        return self.kind is other.kind and (self._frame == other._frame or self._may_echo or other._may_echo)

    def says_mostly_the_same_as(self, other: Outcome) -> bool:
        """As `says_the_same_as`, when few values among many words differ: a banner under another number each time."""
        if self.says_the_same_as(other):
            return True
        if self._frame != other._frame or self._sketched is not None or not self._comparable(other):
            return False
        if not may_be_mostly_words(self.key, other.key, fails=self.fails):
            return False
        if self._without_values != other._without_values:
            return False
        return is_mostly_words(self._without_values, self._values, other._values, fails=self.fails)

    def fails_like(self, other: Outcome, similarity_ratio: float) -> bool:
        """Whether both are errors of one shape: equal, or sharing that much of their words."""
        if not (self.fails and other.fails and self._text and other._text):
            return False
        if self._text == other._text or self._shape == other._shape:
            return True
        if self._sketched is not None and other._sketched is not None:
            return similarity(self._sketched.result_sketch, other._sketched.result_sketch) >= similarity_ratio
        return jaccard(self._shape_words, other._shape_words) >= similarity_ratio

    @property
    def is_named(self) -> bool:
        """Of a failure of which only the sketch is known: whether its message names what it is about."""
        return self._sketched is not None and self._sketched.result_class == ToolResultClass.NAMED

    @lazy
    def is_rejection(self) -> bool:
        """Whether the call was refused for its arguments or its tool's name: it never ran."""
        if self._sketched is not None and self._sketched.result_class == ToolResultClass.REJECTED:
            return True
        return self.fails and (self.error_class == ToolErrorClass.SCHEMA or is_rejection(self._text))

    @lazy
    def is_pending(self) -> bool:
        """Whether it says that something goes on, so that looking again is right for a while."""
        if self.kind is not OK:
            return False
        if self._sketched is not None:
            return self._sketched.result_class == ToolResultClass.PENDING
        return is_pending(self._text)

    @lazy
    def is_verdict(self) -> bool:
        """Whether it is one word and no number: "done", true, what a tool says of each item that it was given."""
        if self._sketched is not None:
            layout = decode(self._sketched.result_sketch) if self.kind is OK else None
            return layout is not None and len(layout.words) == 1
        said = words(self._text) if self.kind is OK else []
        return len(said) == 1 and not said[0].isdigit()

    @lazy
    def is_moment_or_id(self) -> bool:
        """Whether it is nothing but a time or an id."""
        if self._sketched is not None:
            return self._sketched.result_class in (ToolResultClass.MOMENT, ToolResultClass.ID)
        return self.kind is OK and is_moment_or_id(self._text)

    @property
    def is_moment(self) -> bool:
        """Whether it is nothing but a time of day, with its date or without."""
        if self._sketched is not None:
            return self._sketched.result_class == ToolResultClass.MOMENT
        return self.kind is OK and is_moment(self._text)

    @lazy
    def is_brief(self) -> bool:
        """Whether it is three words or less, numbers aside: "1 alert closed", as deeds are confirmed."""
        if self._sketched is not None:
            layout = decode(self._sketched.result_sketch) if self.kind is OK else None
            return layout is not None and 0 < len(layout.words) <= _BRIEF_WORDS
        return self.kind is OK and self.size <= _BRIEF_CHARS and len(words_in(self._text)) <= _BRIEF_WORDS

    @lazy
    def says_more(self) -> bool:
        """Whether it is a page that says that more follow."""
        if self._sketched is not None:
            return self._sketched.result_class == ToolResultClass.MORE
        return self.kind is OK and says_more(self._text)

    @lazy
    def names(self) -> frozenset[str]:
        """Words of what an error is about: what it has in quotes, paths, and what a shell misses."""
        head = self._text[: 2 * ERROR_KEY_MAX_CHARS]
        named = [found[0] for found in _VARIABLE.finditer(head)] + shell_names(head)
        return frozenset(word for text in named if not text[0].isdigit() for word in text_words(text))

    @lazy
    def said_words(self) -> frozenset[str]:
        """The words of an error."""
        return frozenset(text_words(self._text[: 2 * ERROR_KEY_MAX_CHARS]))

    @lazy
    def answer_words(self) -> frozenset[str]:
        """The words of an answer with content, numbers aside; nothing of a sketch."""
        if self.kind is not OK or self._sketched is not None:
            return frozenset()
        return frozenset([word for word in text_words(self._text) if not word.isdigit()])

    @lazy
    def figures(self) -> frozenset[str]:
        """Its numbers, and words with digits."""
        return frozenset(self._values)

    @property
    def words(self) -> frozenset[Hashable]:
        """Marks of the words of an answer of which only the sketch is known, if it is short; else nothing."""
        layout = decode(self._sketched.result_sketch) if self._sketched is not None else None
        return layout.word_set if layout is not None else frozenset()

    @lazy
    def failure_class(self) -> str:
        """Of what class its failure is, as far as that is told; "" of no failure."""
        if not self.fails:
            return ""
        return self.error_class or ("" if self._sketched is not None else error_class("", self._text))

    @lazy
    def is_refusal(self) -> bool:
        """Whether it fails as no other wording of the call mends: what it asks for is denied, or not there."""
        if self._sketched is not None:
            return self.error_class in _REFUSALS
        return self.fails and error_class("", self._text) in _REFUSALS

    def _comparable(self, other: Outcome) -> bool:
        return self.kind is other.kind and self.is_known and bool(self._text or self.kind is EMPTY)

    @lazy
    def key(self) -> str:
        """What was said, times and ids aside."""
        return steady(self._text)

    @lazy
    def _without_values(self) -> str:
        return without_values(self.key)

    @lazy
    def _values(self) -> list[str]:
        return values_in(self.key)

    @lazy
    def _hash_without_values(self) -> int:
        """Of the text as it stands; kept, as are its values, since a loop asks again at each of its calls."""
        return hash(without_values(self._text))

    @lazy
    def _text_values(self) -> list[str]:
        return values_in(self._text)

    @lazy
    def _frame(self) -> bytes:
        """What no `steady` masks: where it differs, so do the keys, which take ten times as long to read."""
        return self._text.encode(errors="replace").translate(None, VOLATILE_CHARS)

    @lazy
    def _bare(self) -> str:
        return without_names(self._text)

    @lazy
    def _prose(self) -> str:
        return NUMBER.sub("0", self._bare)

    @lazy
    def _numbers(self) -> tuple[float, ...]:
        return tuple(map(float, NUMBER.findall(self._bare)))

    @lazy
    def _may_echo(self) -> bool:
        """Whether it may hold a text of the call's own: a tenth of the time that its key takes, for a long answer."""
        for said in arguments_texts(self._call):
            if len(said) >= _ECHO_MIN_CHARS and (said in self._text or MASK in said):
                return True
        return False

    @lazy
    def _plain(self) -> str:
        return without_echo(self.key, arguments_texts(self._call))

    @lazy
    def _shape(self) -> str:
        return error_shape(self._text, arguments_texts(self._call))

    @lazy
    def _shape_words(self) -> tuple[str, ...]:
        return tuple(text_words(self._shape))


def read_outcome(tool: ToolCall, error: ErrorInfo | None) -> Outcome:
    """Read what *tool* answered."""
    if error is not None:
        text = error.message or tool.result or ""
        return Outcome(ERROR, text or _hashed(tool), tool, error.tool_class, None if text else tool)
    if tool.result is None:
        hashed = _hashed(tool)
        return Outcome(_KINDS.get(tool.result_class, OK) if hashed else UNKNOWN, hashed, tool, "", tool)
    text = tool.result.strip()
    if text.startswith(("{", "HTTP/")):
        text = answer_in(text)
    if len(text) > FAILURE_MAX_CHARS:
        return Outcome(OK, text, tool)
    if is_empty(text):
        return Outcome(EMPTY, text, tool)
    return Outcome(ERROR if is_failure(text) else OK, text, tool)


def _hashed(tool: ToolCall) -> str:
    return tool.result_hash and tool.result_hash.translate(_IN_LETTERS)


def without_echo(text: str, said: Iterable[str]) -> str:
    """*text* with every text of *said* (the call's own arguments) masked."""
    for item in said:
        if len(item) >= _ECHO_MIN_CHARS and item in text:
            text = text.replace(item, "<said>")
    return text


def error_shape(text: str, said: Iterable[str]) -> str:
    """What kind of error *text* tells, without the names, paths and numbers that it tells of."""
    return _VARIABLE.sub("~", without_echo(steady(text[: 2 * ERROR_KEY_MAX_CHARS]), said))[:ERROR_KEY_MAX_CHARS]
