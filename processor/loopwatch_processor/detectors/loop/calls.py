"""`Call`: a tool call, read once for all comparisons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from loopwatch.attributes import ToolArgumentsClass, ToolSideEffect
from loopwatch.canonical import Json, canonical_text, class_of, leaves, normalise
from loopwatch.words import FieldText, fields_of, text_words
from loopwatch_processor.detectors.loop.results import Outcome, read_outcome
from loopwatch_processor.step import Step, ToolCall

_PROSE_SPACES: Final = 2
_CLASSES: Final = frozenset(item.value for item in ToolArgumentsClass)
_QUOTED = re.compile(
    r'''(?<![^\s(\[{,=+:])(?:"{3}(.*?)"{3}|'{3}(.*?)'{3}|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')''', re.DOTALL
)
"""A text literal of any common language; the apostrophe of a word begins none."""
_SENTENCE_CHARS: Final = 20
_NAME = re.compile(r"(?<![.!?:]\s)\b(?:[A-Z]\w+|\d[\w.]*)")
"""A word that stands for a particular thing: capitalised within a sentence, or with a number."""
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_VERBS: Final = """
add append apply book cancel commit copy create delete deploy drop edit insert install merge modify move patch post
publish push put remove rename replace reply restart save send set submit transfer update upload write
"""
_WRITE_VERBS: Final = frozenset(_VERBS.split())
"""Verbs of HTTP, SQL, file systems and version control that change something."""
_VERB_KEYS: Final = ("action", "operation", "op", "method", "verb")
_WAITS = re.compile(r"^\s*(?:sleep|wait)(?:[_\s]*(?:for)?[_\s]*(?:\d[\d.]*)?[smh]?|_seconds)?\s*$", re.IGNORECASE)
_SHELL_WRITE = re.compile(
    r"""(?<![0-9&>])>{1,2}(?!\s*/dev/null|&|=) | \bsed\s+(?:-\w+\s+)*-i | \btee\s | <<-?\s*['"]?\w
      | (?:^|[;&|]\s*)(?:sudo\s+)?(?:rm|mv|cp|mkdir|touch|patch|chmod|ln)\s
      | \bgit\s+(?:add|commit|checkout|apply|reset|stash|merge|rebase|push|pull|restore)\b
      | \b(?:pip3?|npm|yarn|apt(?:-get)?|cargo|uv)\s+(?:\w+\s+)?(?:install|add|remove)\b
      | \bopen\([^)]*['"][wa]b?\+?['"] | \.write(?:_text|_bytes)?\(
      | ^\s*(?:insert|update|delete|create|alter|drop|merge)\s""",
    re.VERBOSE | re.IGNORECASE,
)


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
        self.sketch = tool.arguments_sketch if tool.arguments is None else ""
        """Only where the arguments themselves are unknown."""
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
            found = ToolArgumentsClass(class_of(self._normal))
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
        return _is_mutating(self._call, self._normal, self.kind)

    @cached_property
    def is_wait(self) -> bool:
        """Whether it only lets time pass."""
        return _WAITS.search(self.tool) is not None or any(map(_WAITS.search, self._texts))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Words of the prose fields, or of all fields where there are none."""
        if self.prose:
            return tuple(word for words in self.prose.values() for word in words)
        return tuple(word for item in self._fields for word in item.words)

    @cached_property
    def names(self) -> frozenset[str]:
        """What the request is about: the names and numbers in its sentences; empty where the text is not known."""
        text = self._quoted or " ".join(item.value for item in self._fields if item.path in self.prose)
        return frozenset(found.group().lower() for found in _NAME.finditer(text) if found.start())

    @cached_property
    def _quoted(self) -> str:
        """The sentences that code hands on, where it is little more than that: a task for another agent."""
        found = "".join("".join(parts) for text in self._texts for parts in _QUOTED.findall(text))
        code = sum(len(_QUOTED.sub("", text)) for text in self._texts)
        is_task = len(found) >= max(code, _SENTENCE_CHARS) and class_of(found) is ToolArgumentsClass.PROSE
        return found if is_task else ""

    @cached_property
    def prose(self) -> Mapping[str, tuple[str, ...]]:
        """Words of the fields that hold sentences, by path; code has none but what it quotes."""
        if self.kind is ToolArgumentsClass.CODE:
            return {}
        if self._quoted:
            return {"": tuple(text_words(self._quoted))}
        return {item.path: item.words for item in self._fields if item.value.count(" ") >= _PROSE_SPACES}

    @cached_property
    def literals(self) -> Mapping[str, str]:
        """Values of the other fields, by path."""
        if self._quoted:
            return {}
        return {item.path: item.value for item in self._fields if item.path not in self.prose}

    @cached_property
    def spelling(self) -> int:
        """A hash of each field with the set of its words: equal for another order, case or punctuation."""
        return hash(frozenset((item.path, frozenset(item.words)) for item in self._fields))

    @cached_property
    def skeleton(self) -> str:
        """Arguments with every number replaced: equal for calls that differ in numbers only."""
        return _DIGITS.sub("0", self._call.arguments or "")

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The numbers in the arguments, in order."""
        return tuple(map(float, _DIGITS.findall(self._call.arguments or "")))

    @cached_property
    def _normal(self) -> Json:
        tool = self._call
        normal = normalise(tool.arguments)
        if not tool.identity or not isinstance(normal, dict):
            return normal
        return {key: value for key, value in normal.items() if key in tool.identity} or normal

    @cached_property
    def _texts(self) -> list[str]:
        return [leaf for _, leaf in leaves(self._normal) if isinstance(leaf, str)]

    @cached_property
    def _fields(self) -> list[FieldText]:
        return fields_of(self._normal) if self._call.arguments is not None else []


def _is_mutating(tool: ToolCall, normal: Json, kind: ToolArgumentsClass) -> bool:
    """Whether the call changes something: by what the tool declares, else by its name, action or command."""
    if tool.side_effect:
        return tool.side_effect != ToolSideEffect.NONE
    if _has_write_verb(tool.name):
        return True
    if isinstance(normal, dict) and any(_has_write_verb(str(normal.get(key, ""))) for key in _VERB_KEYS):
        return True
    if kind is not ToolArgumentsClass.CODE:
        return False
    if tool.arguments is None:
        return True  # a command that nobody can read may be any
    return any(isinstance(leaf, str) and _SHELL_WRITE.search(leaf) is not None for _, leaf in leaves(normal))


def _has_write_verb(name: str) -> bool:
    return not _WRITE_VERBS.isdisjoint(word.lower() for word in _NAME_WORD.findall(name[:80]))
