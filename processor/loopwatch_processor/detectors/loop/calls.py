"""`Call`: a tool call, read once for all comparisons."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Final

from loopwatch.attributes import ToolArgumentsClass, ToolArgumentsEffect, ToolSideEffect
from loopwatch.canonical import CANONICAL_MAX_BYTES, Json, canonical_text, class_of
from loopwatch.effect import asks_for_state, begins_with_reading, has_write_verb, texts_of, waits, writes
from loopwatch.sentences import is_sentence, may_be_mostly_quoted, names_in, quoted_sentences
from loopwatch.skeleton import quantities, skeleton
from loopwatch.sketch_layout import Field, Layout, decode
from loopwatch.words import LASTING_CHARS, FieldText, fields_of, text_words
from loopwatch_processor.detectors.loop.canonical_text import arguments_of, command_at, quotes_little
from loopwatch_processor.detectors.loop.lazy import forget, has_lazy, lazy
from loopwatch_processor.detectors.loop.results import read_outcome
from loopwatch_processor.step import Step, ToolCall

_PROSE_SPACES: Final = 2
UNKNOWN_MARKS: Final = b"?"
_PASSING_CHARS: Final = bytes({*range(256)} - {*map(ord, LASTING_CHARS | set("".join(LASTING_CHARS).upper()))})
_LOWER: Final = bytes(range(256)).lower()
_NUMBER_CHARS: Final = b"0123456789."
_DIGITS: Final = "0123456789"
_NUMBER_CHAR: Final = re.compile(r"[\d.]")
_COMMAND_ENDS: Final = re.compile(r"[;&|\n]+")
_PATH: Final = re.compile(r"(?:[\w.~-]+/|/[\w.~-]+/)[\w./~-]+")
_TRY_MARKS: Final = ('"attempt', '"idempotency', '"nonce', '"retr')
_TRIES: Final = re.compile(
    r'"(?:attempts?|idempotency_?[kK]ey|nonce|retry|retries|retry_?[cC]ount)":(?:"[^"\\]*"|\d+),?'
)
_ASCII: Final = bytes(range(128))
# To ask an enumeration for a member takes 12 times as long as a name of the module.
CODE: Final = ToolArgumentsClass.CODE
PROSE: Final = ToolArgumentsClass.PROSE
_CLASSES: Final = frozenset(item.value for item in ToolArgumentsClass)


@has_lazy
class Call:
    """One tool call of the window. Most comparisons end at the key, so what lies deeper is read when first asked."""

    def __init__(self, step: Step, ordinal: int = 0, run: str = "") -> None:
        tool = step.tool
        assert tool is not None
        self.ordinal = ordinal
        """Of the step in its session; 0 where that is not known any more, as its span was moved there."""
        self.run = run
        """Key of its run, as it is known now."""
        self.span_id = step.span_id
        self.trace_id = step.trace_id
        self.tool = tool.name
        self.start_ns = step.start_ns
        self.end_ns = step.end_ns
        self._call = tool
        self._is_parsed = False
        text = tool.arguments
        self.is_sketched = text is None and bool(tool.arguments_sketch)
        """Whether the arguments themselves are unknown, and their sketch is not."""
        self.sketch = tool.arguments_sketch if self.is_sketched else ""
        if text is None:
            self.key = tool.arguments_hash
        else:
            self.key = canonical_text(self._normal) if tool.identity else _without_tries(text or "{}")
        """Canonical arguments, or their hash; "" where they are unknown."""
        if text is not None and text.isascii():
            self.gist = text.encode().translate(None, _NUMBER_CHARS)
        else:
            self.gist = _gist(tool)
        """What calls of one `skeleton` share, and maybe others: a fast way to rule out that they are alike."""
        self.outcome = read_outcome(tool, step.error)
        """What came of it."""

    def same_call(self, other: Call) -> bool:
        """Whether both are known to be the same call of the same tool."""
        return bool(self.key) and self.key == other.key and self.tool == other.tool

    def slim(self) -> None:
        """Drop what comparisons were read from; it is read again in the rare case that something else is asked."""
        if self._is_parsed:  # else not a look at `__dict__`, after which Python finds attributes more slowly
            forget(self, ("_normal", "_texts", "_fields"))
            self._is_parsed = False

    def overlaps(self, other: Call) -> bool:
        """Whether both ran at the same time: one reply asked for both."""
        return self.start_ns < other.end_ns and other.start_ns < self.end_ns

    def overlaps_any(self, calls: Iterable[Call]) -> bool:
        """Whether it ran at the same time as one of *calls*."""
        start_ns, end_ns = self.start_ns, self.end_ns
        return bool([1 for call in calls if start_ns < call.end_ns and call.start_ns < end_ns])

    @lazy
    def kind(self) -> ToolArgumentsClass:
        """How the arguments are to be compared."""
        found = CODE if self.is_plain_code else self._class
        if found is CODE and not self.is_plain_code and self._quoted:
            found = PROSE
        if found is not PROSE:
            self.may_be_prose = False  # no other call needs to ask for it again
        return found

    @lazy
    def is_plain_code(self) -> bool:
        """Whether it is seen without a parser that it is code and hands on no sentences, as most code."""
        text = self._call.arguments
        at = command_at(text) if text is not None and not self._call.identity else 0
        self.is_command = at > 0
        return text is not None and at > 0 and quotes_little(text, at)

    @lazy
    def is_command(self) -> bool:
        """Whether it is seen without a parser that it is code, or a task that code hands on."""
        text = self._call.arguments
        return text is not None and not self._call.identity and command_at(text) > 0

    @lazy
    def _class(self) -> ToolArgumentsClass:
        if self._call.arguments is not None:
            return CODE if self.is_command else class_of(self._normal)
        known = self._call.arguments_class in _CLASSES
        return ToolArgumentsClass(self._call.arguments_class) if known else ToolArgumentsClass.UNKNOWN

    @lazy
    def is_mutating(self) -> bool:
        """Whether it changes something when it succeeds."""
        tool = self._call
        if tool.side_effect:
            return tool.side_effect != ToolSideEffect.NONE
        return has_write_verb(tool.name) or self._arguments_write

    @property
    def _arguments_write(self) -> bool:
        tool = self._call
        if tool.arguments is not None:
            return writes(self._normal, self.kind)
        if self.kind is CODE:  # a command that nobody can read may be any
            return tool.arguments_effect not in (ToolArgumentsEffect.READ, ToolArgumentsEffect.WAIT)
        return tool.arguments_effect == ToolArgumentsEffect.WRITE

    @property
    def only_reads(self) -> bool:
        """Whether it is known to change nothing: declared so, or named so while no argument writes."""
        if self._call.side_effect:
            return self._call.side_effect == ToolSideEffect.NONE
        return begins_with_reading(self.tool) and not self._arguments_write

    @lazy
    def is_wait(self) -> bool:
        """Whether it only lets time pass."""
        if waits(self.tool) or self._call.arguments_effect == ToolArgumentsEffect.WAIT:
            return True
        text = self._call.arguments
        if text is not None and text.isascii() and not _may_wait(text.lower()):
            return False  # nearly always, without a parser
        return any(map(waits, self._texts))

    @property
    def is_poll(self) -> bool:
        """Whether it is a look at something that goes on."""
        return self.outcome.is_pending and (asks_for_state(self.tool) or not self.is_mutating)

    @lazy
    def words(self) -> tuple[Hashable, ...]:
        """Words of the prose fields, or of all fields where there are none; their marks where they are sketched.

        Empty for a sketch of too many words to keep them in order.
        """
        if self._layout is not None:
            return self._layout.words
        if self.prose:
            return tuple([word for words in self.prose.values() for word in words])
        return tuple([word for item in self._fields for word in item.words])

    @lazy
    def word_set(self) -> frozenset[Hashable]:
        """The `words`, each once."""
        return frozenset(self.words)

    @lazy
    def parameters(self) -> frozenset[Hashable]:
        """The names of the fields of the arguments, or their marks."""
        if self._layout is not None:
            return frozenset(item.key for item in self._layout.fields)
        return frozenset(item.path for item in self._fields)

    @lazy
    def names(self) -> frozenset[str]:
        """What the request is about: the names and numbers in its sentences, or their marks."""
        if self.is_sketched:
            marks = self._call.arguments_names
            return frozenset(marks[at : at + 2] for at in range(0, len(marks), 2))
        return names_in(self._quoted or " ".join(item.value for item in self._fields if item.path in self.prose))

    @lazy
    def paths(self) -> frozenset[str]:
        """The paths that a command is given: neither the program nor the folder that it is to run in."""
        parts = (part.split() for text in self._texts for part in _COMMAND_ENDS.split(text))
        given = (word for words in parts if words and words[0] != "cd" for word in words[1:])
        return frozenset(found[0] for word in given if (found := _PATH.search(word)) is not None)

    @lazy
    def _quoted(self) -> str:
        """The sentences that code hands on, where it is little more than that: a task for another agent."""
        return quoted_sentences(self._texts)

    @lazy
    def prose(self) -> Mapping[str, tuple[str, ...]]:
        """Words of the fields that hold sentences, by path; code has none but what it quotes."""
        if self.kind is CODE:
            return {}
        if self._quoted:
            return {"": tuple(text_words(self._quoted))}
        return {item.path: item.words for item in self._fields if is_sentence(item.value)}

    @lazy
    def literals(self) -> Mapping[str, str]:
        """Values of the other fields, by path."""
        if self._quoted:
            return {}
        return {item.path: item.value for item in self._fields if item.path not in self.prose}

    @lazy
    def spelling(self) -> int:
        """A hash of each field with the set of its words: equal for another order, case or punctuation."""
        if self._layout is not None:
            return hash(frozenset((item.key, frozenset(item.words)) for item in self._layout.fields))
        return hash(frozenset((item.path, frozenset(item.words)) for item in self._fields))

    @lazy
    def skeleton(self) -> str:
        """Arguments with every number replaced, or their hash: equal for calls that differ in numbers only."""
        if self._call.arguments is None:
            return self._call.arguments_skeleton or self._call.arguments_hash
        return skeleton(self._call.arguments, self._normal)

    @lazy
    def may_be_prose(self) -> bool:
        """False where `kind` is not prose, as far as that is seen without looking for the literals in code.

        No field has three words where there are no two spaces.
        """
        text = self._call.arguments
        if text is not None and text.count(" ") < _PROSE_SPACES and not _may_hold_json(text):
            return False
        if self.is_command:
            return not self.is_plain_code
        if self._class is CODE and text is not None:
            return may_be_mostly_quoted(self._texts)
        return self._class in (PROSE, CODE)

    @lazy
    def digits(self) -> bytes:
        """Those of the `marks` that are digits, in a third of the time."""
        text = self._call.arguments
        if text is None or self._call.identity or len(text) > CANONICAL_MAX_BYTES or _has_json_signs(text):
            return UNKNOWN_MARKS
        return bytes(map(text.__contains__, _DIGITS))

    @lazy
    def marks(self) -> bytes:
        """Digits and rare letters in the arguments, each once: no other `spelling` of the same words changes them."""
        text = self._call.arguments
        if text is None or self._call.identity or len(text) > CANONICAL_MAX_BYTES or _may_hold_json(text):
            return UNKNOWN_MARKS
        # Letter by letter in one pass: a third of the time of taking them one by one.
        data = text.encode() if text.isascii() else text.lower().encode(errors="replace")
        return bytes(sorted({*data.translate(_LOWER, _PASSING_CHARS)}))

    @property
    def has_numbers(self) -> bool:
        """Whether a number may differ from that of another call."""
        text = self._call.arguments
        return self.is_sketched if text is None else len(self.gist) < len(text) or not text.isascii()

    @lazy
    def numbers(self) -> tuple[float, ...]:
        """The numbers in the arguments, in order; a date is one."""
        return quantities(self._call.arguments or "")

    @property
    def sketched_fields(self) -> Mapping[int, Field] | None:
        """The fields of a sketch by the marks of their names, where their words are in order; else None."""
        layout = self._layout
        return None if layout is None or layout.bins is not None else {item.key: item for item in layout.fields}

    @lazy
    def _layout(self) -> Layout | None:
        return decode(self.sketch) if self.is_sketched else None

    @lazy
    def _normal(self) -> Json:
        self._is_parsed = True
        return arguments_of(self._call)

    @lazy
    def _texts(self) -> list[str]:
        return list(texts_of(self._normal))

    @lazy
    def _fields(self) -> list[FieldText]:
        return fields_of(self._normal) if self._call.arguments is not None else []


def _may_wait(lowered: str) -> bool:
    return "sleep" in lowered or "wait" in lowered


def _without_tries(text: str) -> str:
    """Canonical *text* without the fields that are new at each try of one call."""
    at = text.find('":')
    if text.find('":', at + 1) < 0:  # the only field: half of the time that its text takes to be looked through
        may_be_one = at > 0 and text.startswith(_TRY_MARKS, text.rfind('"', 0, at))
    else:
        may_be_one = '"attempt' in text or '"idempotency' in text or '"nonce' in text or '"retr' in text
    return _TRIES.sub("", text) if may_be_one else text


def _gist(tool: ToolCall) -> bytes:
    text = tool.arguments
    if text is None:
        return (tool.arguments_skeleton or tool.arguments_hash).encode()
    data = text.encode(errors="replace")
    # Digits of other scripts are rare, and to look at each letter of a text takes twenty times as long.
    if not text.isascii() and any(map(str.isdecimal, data.translate(None, _ASCII).decode())):
        return _NUMBER_CHAR.sub("", text).encode(errors="replace")
    return data.translate(None, _NUMBER_CHARS)


def _may_hold_json(text: str) -> bool:
    """Whether a text in canonical *text* may turn out to hold JSON again, whose escapes are not looked through."""
    if not _has_json_signs(text):
        return False
    bare = text.replace('\\"', "\0")  # quotes within a text do not begin one
    return '"{' in bare or '"[' in bare or '"\0' in bare or "\\u" in text


def _has_json_signs(text: str) -> bool:
    # One sign is found in a tenth of the time that two take.
    if "\\" in text and ('"\\"' in text or "\\u" in text):
        return True
    return (text.find("{", 1) > 0 and '"{' in text) or ("[" in text and '"[' in text)
