"""Recorded traces of real instrumentations as templates: what is new in every copy of one is a hole.

The recordings are those that the tests of the dialects read (tests/dialects/cases): one OTLP/JSON request a line.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf

RECORDINGS = Path(__file__).parents[1] / "tests" / "dialects" / "cases"
SUBJECT = b"ACME Corp"
"""What the recorded agents are asked about: another one in every copy, or all sessions would say the same."""
_QUESTION = "What was ACME Corp"
"""How the recorded question begins, in whatever messages repeat it."""
_SESSION_KEY = re.compile(r"(conversation|session|thread)[._]?id$", re.IGNORECASE)
_IDS = re.compile(
    r"(?<![\w-])((?:call_|chatcmpl-|toolu_|msg_|resp_|run--)(?=[\w-]*\d)[\w-]+"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![\w-])"
)
"""Response ids, tool call ids and UUIDs, which name one thing and are written in several places of a trace."""
_MARK = "{:x}f00d{:07x}"


class Kind(Enum):
    """What fills a hole."""

    TRACE_ID = "trace id"
    SPAN_ID = "span id"
    TIME = "time"
    SESSION = "session id"
    NAME = "another id"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Hole:
    """A place that every copy fills anew; holes that are equal are filled alike within a copy."""

    kind: Kind
    number: int = 0
    """Which span or name; of a time, nanoseconds after the trace began."""


@dataclass(frozen=True, slots=True)
class SpanShape:
    """One recorded span, encoded, in pieces."""

    resource: bytes
    """Encoded `Resource`; an agent's process keeps it, so no copy changes it."""
    scope: bytes
    """Encoded `InstrumentationScope`."""
    parts: tuple[bytes | Hole, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """One recorded trace."""

    dialect: str
    name: str
    spans: tuple[SpanShape, ...]
    holes: frozenset[Hole]
    length_ns: int
    """From its earliest start to its latest end."""


def read_shapes(folder: Path = RECORDINGS, more_words: int = 0) -> list[Shape]:
    """Every trace recorded below *folder*, in the order of the files; *more_words* longer is what the user asked."""
    return [shape for path in sorted(folder.rglob("*.jsonl")) for shape in _of_file(path, more_words)]


def _of_file(path: Path, more_words: int) -> Iterator[Shape]:
    # Plain words need no escaping, however often a recording has nested its messages.
    longer = f"{'please consider ' * (more_words // 2)}{_QUESTION}"
    text = _named_anew(path.read_text(encoding="utf-8").replace(_QUESTION, longer))
    traces: dict[bytes, list[tuple[bytes, bytes, Span]]] = {}
    for line in text.splitlines():
        request = ExportTraceServiceRequest.FromString(to_protobuf(Signal.traces, line.encode()))
        for resource in request.resource_spans:
            encoded = resource.resource.SerializeToString()
            for scope in resource.scope_spans:
                about = scope.scope.SerializeToString()
                for span in scope.spans:
                    traces.setdefault(span.trace_id, []).append((encoded, about, span))
    for spans in traces.values():
        yield _shape(path, spans)


def _named_anew(text: str) -> str:
    """*text* with every id of *its sessions and calls* of one length, so that it can be told where they are."""
    sessions = sorted(set(_session_ids(text)), key=len, reverse=True)
    for name in sessions:
        text = text.replace(f'"{name}"', f'"{_mark("a", 0)}"').replace(f'\\"{name}\\"', f'\\"{_mark("a", 0)}\\"')
    numbers: dict[str, int] = {}
    return _IDS.sub(lambda found: _mark("b", numbers.setdefault(found[0], len(numbers))), text)


def _session_ids(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for attributes in _attributes(json.loads(line)):
            value = attributes.get("value", {}).get("stringValue", "")
            if _SESSION_KEY.search(attributes["key"]) and value:
                yield value


def _attributes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "key" in node and isinstance(node.get("value"), dict):
            yield node
        for child in node.values():
            yield from _attributes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _attributes(child)


def _mark(kind: str, number: int) -> str:
    return _MARK.format(int(kind, 16), number)


def _shape(path: Path, spans: Sequence[tuple[bytes, bytes, Span]]) -> Shape:
    began_ns = min(span.start_time_unix_nano for _, _, span in spans)
    length_ns = max(span.end_time_unix_nano for _, _, span in spans) - began_ns
    numbers: dict[bytes, int] = {}
    cut = tuple(SpanShape(resource, scope, _cut(span, began_ns, numbers)) for resource, scope, span in spans)
    holes = frozenset(part for span in cut for part in span.parts if isinstance(part, Hole))
    return Shape(path.parent.name, path.stem, cut, holes, length_ns)


def _cut(span: Span, began_ns: int, numbers: dict[bytes, int]) -> tuple[bytes | Hole, ...]:
    """*span* in pieces: where an id or a time was, a hole."""
    rng, marks = random.Random(0), dict[bytes, Hole]()

    def marked(size: int, hole: Hole) -> bytes:
        mark = rng.randbytes(size)
        marks[mark] = hole
        return mark

    def renamed(owner: Any, name: str) -> None:
        if known := getattr(owner, name):
            setattr(owner, name, marked(8, Hole(Kind.SPAN_ID, numbers.setdefault(known, len(numbers)))))

    def retimed(owner: Any, name: str) -> None:
        after_ns = max(0, getattr(owner, name) - began_ns)
        setattr(owner, name, int.from_bytes(marked(8, Hole(Kind.TIME, after_ns)), "little"))

    span.trace_id = marked(16, Hole(Kind.TRACE_ID))
    renamed(span, "span_id")
    renamed(span, "parent_span_id")
    for name in ("start_time_unix_nano", "end_time_unix_nano"):
        retimed(span, name)
    for event in span.events:
        retimed(event, "time_unix_nano")
    named = {_mark("a", 0).encode(): Hole(Kind.SESSION), SUBJECT: Hole(Kind.SUBJECT)}
    found = rb"|".join([*map(re.escape, marks), re.escape(SUBJECT), rb"[ab]f00d[0-9a-f]{7}"])
    return tuple(_pieces(span.SerializeToString(), re.compile(b"(" + found + b")"), {**marks, **named}))


def _pieces(encoded: bytes, found: re.Pattern[bytes], holes: dict[bytes, Hole]) -> Iterator[bytes | Hole]:
    for part in found.split(encoded):
        if part in holes:
            yield holes[part]
        elif found.fullmatch(part):
            yield Hole(Kind.NAME, int(part[-7:], 16))
        elif part:
            yield part
