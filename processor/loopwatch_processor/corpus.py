"""Labelled sessions from a file → the spans that an instrumented agent would have exported, one request a step.

The format is documented in docs/evaluate.md; what is read here is what detectors may see and nothing else.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from loopwatch.attributes import LOOPWATCH_PROGRESS_SCORE, LOOPWATCH_STATE_HASH
from loopwatch.exporter import sketched
from loopwatch_processor.corpus_clock import START_NS, STEP_NS, Clock, seconds
from loopwatch_processor.errors import LoopwatchError

_GZIP_MAGIC = b"\x1f\x8b"
_LOOP, _OK = frozenset({"loop"}), frozenset({"ok", "healthy"})
_LABELS = ("expected", "label")


class UnusableCorpus(LoopwatchError):
    """Raised when a file of labelled sessions cannot be read; says which file and line, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One session and what a person said of it."""

    id: str
    expected: str
    """`loop` or `ok`; "" where nobody said: scored, and part of no figure."""
    steps: Sequence[Mapping[str, Any]]
    onset: int | None = None
    """Index in `steps` of the step where the loop begins, where somebody said so."""
    fields: Mapping[str, Any] = field(default_factory=dict)


def read(path: Path, label: str = "") -> list[Labelled]:
    """The sessions in *path* (JSON lines, gzipped or not), labelled by their field *label*.

    Without *label* it is `expected`, else `label`. Raises `UnusableCorpus`.
    """
    try:
        raw = path.read_bytes()
        lines = (gzip.decompress(raw) if raw[:2] == _GZIP_MAGIC else raw).splitlines()
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UnusableCorpus(f"{path}: cannot be read: {why}") from error
    return [_session(f"{path}:{number}", line, label) for number, line in enumerate(lines, 1) if line.strip()]


def _session(where: str, line: bytes, label: str) -> Labelled:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UnusableCorpus(f"{where}: is not JSON, though each line should be one session: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get("steps"), list):
        raise UnusableCorpus(f"{where}: is no session: an object with a list `steps` is needed")
    for index, step in enumerate(row["steps"]):
        if not isinstance(step, dict) or not isinstance(step.get("kind"), str):
            raise UnusableCorpus(f"{where}: steps[{index}] needs a `kind`: tool, llm or user")
        _check_times(f"{where}: steps[{index}]", step)
        _check_progress(f"{where}: steps[{index}]", step)
    onset = row.get(f"{label}_onset" if label else "onset")
    return Labelled(
        str(row.get("id") or where),
        _expected(where, row, label),
        row["steps"],
        onset if isinstance(onset, int) else None,
        row,
    )


def _check_times(where: str, step: Mapping[str, Any]) -> None:
    for name in ("start", "end"):
        try:
            seconds(step, name)
        except ValueError as error:
            raise UnusableCorpus(f"{where}.{name} needs to be seconds or an ISO 8601 time: {error}") from error


def _check_progress(where: str, step: Mapping[str, Any]) -> None:
    score = step.get("progress")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise UnusableCorpus(f"{where}.progress needs to be a number from 0 to 1, not {score!r}")


def _expected(where: str, row: Mapping[str, Any], label: str) -> str:
    names = (label,) if label else _LABELS
    said = next((row[name] for name in names if row.get(name) is not None), None)
    if said is None:
        return ""
    if said in _LOOP or said in _OK:
        return "loop" if said in _LOOP else "ok"
    raise UnusableCorpus(f"{where}: {said!r} is no label: loop, ok, healthy or null is needed")


def requests(session: Labelled, *, sketches: bool = False) -> Iterator[tuple[int, bytes, float]]:
    """Each step as an encoded ExportTraceServiceRequest: (index of the step, body, time of arrival in seconds).

    They come in the order in which they end, the span of each run after its steps, as its agent would send it.
    With *sketches* content is reduced to what `loopwatch.SketchingExporter` sends.
    """
    for index, span in sorted(_Writer(session).spans(), key=lambda item: item[1].end_time or 0):
        body = encode_spans([sketched(span) if sketches else span]).SerializeToString()
        yield index, body, (span.end_time or 0) / 1e9


class _Writer:
    """Writes the steps of one session as spans of the GenAI convention."""

    def __init__(self, session: Labelled) -> None:
        self._session = session
        self._resource = Resource({"service.name": "evaluation"})
        self._clock = Clock()
        self._run: object = None
        self._trace_id = self._root_id = 0
        self._run_start_ns = START_NS
        self._asked = ""
        self._unheard = ""
        """What a person said last, and what no model call has heard yet."""

    def spans(self) -> Iterator[tuple[int, ReadableSpan]]:
        steps = self._session.steps
        self._begin(steps[0].get("run") if steps else None, START_NS)
        for index, step in enumerate(steps):
            if step.get("run") != self._run:
                yield index, self._root()
                self._begin(step.get("run"), self._clock.latest_ns)
            at = self._clock.next(step)
            if step["kind"] == "tool":
                if self._unheard:  # the call that heard a person and asked for this tool was not recorded
                    before = (at[0] - STEP_NS // 4, at[0])
                    yield index, self._span(index, step, "chat", self._heard(), before, heard=True)
                yield index, self._span(index, step, f"execute_tool {step.get('name')}", self._tool(index, step), at)
            elif step["kind"] == "llm":
                yield index, self._span(index, step, "chat", self._model(index, step), at)
            elif step["kind"] == "user":
                self._asked = self._unheard = str(step.get("result") or "")
        yield len(steps), self._root()

    def _begin(self, run: object, at_ns: int) -> None:
        """Another run of the agent: a trace of its own in the same conversation."""
        name = self._session.id if run is None else f"{self._session.id} {run}"
        digest = hashlib.sha256(name.encode()).digest()
        self._run, self._run_start_ns = run, at_ns
        self._trace_id, self._root_id = int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big")

    def _root(self) -> ReadableSpan:
        end_ns = self._clock.latest_ns + STEP_NS // 4
        told = {"gen_ai.operation.name": "invoke_agent", **self._who()}
        return self._readable("invoke_agent", told, self._root_id, (self._run_start_ns, end_ns))

    def _who(self, step: Mapping[str, Any] | None = None) -> dict[str, Any]:
        agent = str((step or {}).get("agent") or "agent")
        return {"gen_ai.conversation.id": self._session.id, "gen_ai.agent.name": agent}

    def _tool(self, index: int, step: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": str(step.get("name") or ""),
            "gen_ai.tool.call.id": f"call-{index}",
        }
        for name in ("arguments", "result"):
            if step.get(name) is not None:
                found[f"gen_ai.tool.call.{name}"] = _text(step[name])
        return found

    def _model(self, index: int, step: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"gen_ai.operation.name": "chat"}
        for name in ("input_tokens", "output_tokens"):
            if step.get(name) is not None:
                found[f"gen_ai.usage.{name}"] = int(step[name])
        if step.get("result") is None:
            return {**found, **self._heard()} if self._unheard else found
        parts: list[dict[str, Any]] = [{"type": "text", "content": str(step["result"])}] if step["result"] else []
        parts.extend(self._requested(index, step))
        found["gen_ai.output.messages"] = _text([{"role": "assistant", "parts": parts}])
        return {**found, **self._heard()}

    def _heard(self) -> dict[str, Any]:
        self._unheard = ""
        if not self._asked:
            return {"gen_ai.operation.name": "chat"}
        asked = [{"role": "user", "parts": [{"type": "text", "content": self._asked}]}]
        return {"gen_ai.operation.name": "chat", "gen_ai.input.messages": _text(asked)}

    def _requested(self, index: int, step: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The tool calls that follow, up to the next words of a model or a person, are what this one asked for."""
        for number, other in enumerate(self._session.steps[index + 1 :], index + 1):
            if other["kind"] in ("llm", "user") or other.get("agent") != step.get("agent"):
                return
            if other["kind"] == "tool":
                call = {"type": "tool_call", "id": f"call-{number}", "name": str(other.get("name") or "")}
                yield {**call, "arguments": other.get("arguments")}

    def _span(
        self,
        index: int,
        step: Mapping[str, Any],
        name: str,
        attributes: dict[str, Any],
        at_ns: tuple[int, int],
        *,
        heard: bool = False,
    ) -> ReadableSpan:
        digest = hashlib.sha256(f"{self._session.id} {index} {heard}".encode()).digest()
        span_id, error = int.from_bytes(digest[:8], "big") or 1, None if heard else step.get("error")
        told = {**attributes, **self._who(step), **({} if heard else _reported(step))}
        if error:
            told["error.type"] = "_OTHER"
        return self._readable(name, told, span_id, at_ns, error)

    def _readable(
        self, name: str, attributes: dict[str, Any], span_id: int, at_ns: tuple[int, int], error: object = None
    ) -> ReadableSpan:
        return ReadableSpan(
            name=name,
            context=self._context(span_id),
            parent=None if span_id == self._root_id else self._context(self._root_id),
            resource=self._resource,
            attributes=attributes,
            kind=SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, str(error)) if error else Status(),
            start_time=at_ns[0],
            end_time=at_ns[1],
        )

    def _context(self, span_id: int) -> SpanContext:
        return SpanContext(self._trace_id, span_id, is_remote=False, trace_flags=TraceFlags(1))


def _reported(step: Mapping[str, Any]) -> dict[str, Any]:
    """What the step says of the state of the work."""
    found: dict[str, Any] = {}
    if step.get("state_hash") is not None:
        found[LOOPWATCH_STATE_HASH] = str(step["state_hash"])
    if step.get("progress") is not None:
        found[LOOPWATCH_PROGRESS_SCORE] = float(step["progress"])
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
