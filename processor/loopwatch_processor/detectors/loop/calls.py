"""`Call`: a tool call, read once for all comparisons."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Final

from loopwatch.attributes import ToolArgumentsClass, ToolArgumentsEffect, ToolSideEffect
from loopwatch.canonical import Json, canonical_text, class_of, normalise
from loopwatch.effect import has_write_verb, texts_of, waits, writes
from loopwatch.sentences import is_sentence, names_in, quoted_sentences
from loopwatch.skeleton import NUMBER, skeleton
from loopwatch.sketch_layout import Layout, decode
from loopwatch.words import FieldText, fields_of, text_words
from loopwatch_processor.detectors.loop.results import Outcome, read_outcome
from loopwatch_processor.step import Step

_CLASSES: Final = frozenset(item.value for item in ToolArgumentsClass)


class Call:
    """One tool call of the window. Most comparisons end at the key, so what lies deeper is read when first asked."""

    def __init__(self, step: Step, ordinal: int = 0) -> None:
        tool = step.tool
        assert tool is not None
        self.ordinal = ordinal
        """Of the step in its session; 0 where that is not known any more, as its span was moved there."""
        self.span_id = step.span_id
        self.trace_id = step.trace_id
        self.tool = tool.name
        self.start_ns = step.start_ns
        self.end_ns = step.end_ns
        self.is_sketched = tool.arguments is None and bool(tool.arguments_sketch)
        """Whether the arguments themselves are unknown, and their sketch is not."""
        self.sketch = tool.arguments_sketch if self.is_sketched else ""
        self._call = tool
        self._error = step.error

    def same_call(self, other: Call) -> bool:
        """Whether both are known to be the same call of the same tool."""
        return bool(self.key) and self.key == other.key and self.tool == other.tool

    def slim(self) -> None:
        """Drop what comparisons were read from; it is read again in the rare case that something else is asked."""
        for name in ("_normal", "_texts", "_fields"):
            self.__dict__.pop(name, None)

    def overlaps(self, other: Call) -> bool:
        """Whether both ran at the same time: one reply asked for both."""
        return self.start_ns < other.end_ns and other.start_ns < self.end_ns

    @cached_property
    def key(self) -> str:
        """Canonical arguments, or their hash; "" where they are unknown."""
        tool = self._call
        if tool.arguments is None:
            return tool.arguments_hash
        return canonical_text(self._normal) if tool.identity else tool.arguments or "{}"

    @cached_property
    def kind(self) -> ToolArgumentsClass:
        """How the arguments are to be compared."""
        if self._call.arguments is not None:
            found = class_of(self._normal)
            return ToolArgumentsClass.PROSE if found is ToolArgumentsClass.CODE and self._quoted else found
        known = self._call.arguments_class in _CLASSES
        return ToolArgumentsClass(self._call.arguments_class) if known else ToolArgumentsClass.UNKNOWN

    @cached_property
    def outcome(self) -> Outcome:
        """What came of it."""
        return read_outcome(self._call, self._error, self._texts)

    @cached_property
    def is_mutating(self) -> bool:
        """Whether it changes something when it succeeds."""
        tool = self._call
        if tool.side_effect:
            return tool.side_effect != ToolSideEffect.NONE
        if has_write_verb(tool.name):
            return True
        if tool.arguments is not None:
            return writes(self._normal, self.kind)
        if self.kind is ToolArgumentsClass.CODE:  # a command that nobody can read may be any
            return tool.arguments_effect not in (ToolArgumentsEffect.READ, ToolArgumentsEffect.WAIT)
        return tool.arguments_effect == ToolArgumentsEffect.WRITE

    @cached_property
    def is_wait(self) -> bool:
        """Whether it only lets time pass."""
        if waits(self.tool) or self._call.arguments_effect == ToolArgumentsEffect.WAIT:
            return True
        return any(map(waits, self._texts))

    @cached_property
    def words(self) -> tuple[Hashable, ...]:
        """Words of the prose fields, or of all fields where there are none; their marks where they are sketched.

        Empty for a sketch of too many words to keep them in order.
        """
        if self._layout is not None:
            return self._layout.words
        if self.prose:
            return tuple(word for words in self.prose.values() for word in words)
        return tuple(word for item in self._fields for word in item.words)

    @cached_property
    def names(self) -> frozenset[str]:
        """What the request is about: the names and numbers in its sentences, or their marks."""
        if self.is_sketched:
            marks = self._call.arguments_names
            return frozenset(marks[at : at + 2] for at in range(0, len(marks), 2))
        return names_in(self._quoted or " ".join(item.value for item in self._fields if item.path in self.prose))

    @cached_property
    def _quoted(self) -> str:
        """The sentences that code hands on, where it is little more than that: a task for another agent."""
        return quoted_sentences(self._texts)

    @cached_property
    def prose(self) -> Mapping[str, tuple[str, ...]]:
        """Words of the fields that hold sentences, by path; code has none but what it quotes."""
        if self.kind is ToolArgumentsClass.CODE:
            return {}
        if self._quoted:
            return {"": tuple(text_words(self._quoted))}
        return {item.path: item.words for item in self._fields if is_sentence(item.value)}

    @cached_property
    def literals(self) -> Mapping[str, str]:
        """Values of the other fields, by path."""
        if self._quoted:
            return {}
        return {item.path: item.value for item in self._fields if item.path not in self.prose}

    @cached_property
    def spelling(self) -> int:
        """A hash of each field with the set of its words: equal for another order, case or punctuation."""
        if self._layout is not None:
            return hash(frozenset((item.key, frozenset(item.words)) for item in self._layout.fields))
        return hash(frozenset((item.path, frozenset(item.words)) for item in self._fields))

    @cached_property
    def skeleton(self) -> str:
        """Arguments with every number replaced, or their hash: equal for calls that differ in numbers only."""
        if self._call.arguments is None:
            return self._call.arguments_skeleton or self._call.arguments_hash
        return skeleton(self._call.arguments, self._normal)

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The numbers in the arguments, in order."""
        return tuple(map(float, NUMBER.findall(self._call.arguments or "")))

    @cached_property
    def _layout(self) -> Layout | None:
        return decode(self.sketch) if self.is_sketched else None

    @cached_property
    def _normal(self) -> Json:
        tool = self._call
        normal = normalise(tool.arguments)
        if not tool.identity or not isinstance(normal, dict):
            return normal
        return {key: value for key, value in normal.items() if key in tool.identity} or normal

    @cached_property
    def _texts(self) -> list[str]:
        return list(texts_of(self._normal))

    @cached_property
    def _fields(self) -> list[FieldText]:
        return fields_of(self._normal) if self._call.arguments is not None else []
