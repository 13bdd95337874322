"""What arrives and what is missing to score it: the memory behind `loopwatch doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from loopwatch_processor.otlp import Source, Span
from loopwatch_processor.step import ModelCall, Step

MAX_SOURCES = 256
MAX_SCOPES = 16
UNKNOWN = "unknown"


@dataclass(slots=True)
class Seen:
    """What one service sent in one dialect."""

    service: str
    dialect: str
    spans: int = 0
    sampled_spans: int = 0
    """Spans whose tracestate says that a sampler before us drops others."""
    model_calls: int = 0
    with_usage: int = 0
    with_messages: int = 0
    streamed: int = 0
    with_ttft: int = 0
    with_gap: int = 0
    rootless: int = 0
    """Model calls that are their own trace."""
    with_session_id: int = 0
    """Model calls that carry a conversation or session id themselves."""
    with_agent: int = 0
    """Model and tool calls that name their agent themselves."""
    tool_calls: int = 0
    with_arguments: int = 0
    """Tool calls with arguments or a sketch of them."""
    scopes: list[str] = field(default_factory=list)
    """Instrumentation scopes, as `name version`."""

    def add(self, span: Span, step: Step | None) -> None:
        """Count one span."""
        self.spans += 1
        if state := span.trace_state:
            self.sampled_spans += _is_sampled(state)
        if step is None:
            return
        model, tool = step.model, step.tool
        if model is not None:
            self._add_model_call(step, model)
        if tool is not None:
            self.tool_calls += 1
            if tool.arguments is not None or tool.arguments_sketch:
                self.with_arguments += 1
        if step.agent and (model is not None or tool is not None):
            self.with_agent += 1

    def note(self, source: Source) -> None:
        """Its spans come from *source*."""
        scope = f"{source.scope} {source.scope_version}".strip()
        if scope not in self.scopes and len(self.scopes) < MAX_SCOPES:
            self.scopes.append(scope)

    def _add_model_call(self, step: Step, model: ModelCall) -> None:
        self.model_calls += 1
        if step.usage is not None:
            self.with_usage += 1
        if model.conversation is not None:
            self.with_messages += 1
        if not step.parent_id:
            self.rootless += 1
        if step.session_id:
            self.with_session_id += 1
        stream = model.stream
        if stream is not None:
            self.streamed += 1
            self.with_ttft += stream.ttft_s is not None
            self.with_gap += stream.max_gap_s is not None


def _is_sampled(trace_state: str) -> bool:
    """Whether the OpenTelemetry threshold in *trace_state* rejects anything (`th:0` rejects nothing)."""
    for member in trace_state.split(","):
        if member.strip().startswith("ot="):
            for item in member.strip()[3:].split(";"):
                if item.startswith("th:") and item[3:].strip("0"):
                    return True
    return False


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that is missing, what it costs, and the setting that mends it."""

    service: str
    dialect: str
    missing: str
    mend: str


class Diagnosis:
    """Counts what arrives, by service and dialect, within bounds."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Seen] = {}
        self._source: Source | None = None
        self._here: dict[str, Seen] = {}
        """By dialect, what is counted of `_source`: its spans come one after another."""
        self.overflow = 0
        """Spans of services beyond `MAX_SOURCES`, not told apart."""

    def add(self, span: Span, step: Step | None) -> None:
        """Count one span and what it was read as; None: nobody knows it."""
        if span.source is not self._source:
            self._source, self._here = span.source, {}
        dialect = (step.dialect if step is not None else "") or UNKNOWN
        seen = self._here.get(dialect) or self._meet(span.source, dialect)
        if seen is not None:
            seen.add(span, step)
        else:
            self.overflow += 1

    def _meet(self, source: Source, dialect: str) -> Seen | None:
        """What is counted of *source* in *dialect*; None beyond the bound."""
        key = source.service, dialect
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= MAX_SOURCES:
                return None
            seen = self._seen[key] = Seen(*key)
        seen.note(source)
        self._here[dialect] = seen
        return seen

    def seen(self) -> list[Seen]:
        """What has arrived, by service and dialect."""
        return sorted(self._seen.values(), key=lambda item: (item.service, item.dialect))

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for `/doctor` and `--format json`."""
        return {
            "sources": [asdict(item) for item in self.seen()],
            "advice": [asdict(item) for item in self.advice()],
            "overflow_spans": self.overflow,
        }

    def advice(self) -> list[Advice]:
        """What is missing, service by service."""
        known = {item.service for item in self.seen() if item.dialect != UNKNOWN}
        return [advice for item in self.seen() for advice in _advice(item, known)]


def _advice(seen: Seen, known: set[str]) -> Iterator[Advice]:
    if seen.dialect == UNKNOWN:
        scopes = ", ".join(filter(None, seen.scopes)) or "without a scope"
        what = f"no span of this service is GenAI's ({scopes})"
        missing = [] if seen.service in known else [(what, _NO_INSTRUMENTATION)]
    else:
        hint = HINTS.get(seen.dialect, Hint())
        missing = [*_of_sessions(seen, hint), *_of_tools(seen, hint), *_of_streams(seen, hint)]
    for what, mend in missing:
        yield Advice(seen.service, seen.dialect, what, mend)


def _of_sessions(seen: Seen, hint: Hint) -> Iterator[tuple[str, str]]:
    if seen.sampled_spans:
        yield "spans were sampled before us: loops and money are seen in part", _SAMPLED
    if seen.model_calls and not seen.with_usage:
        yield "no token counts: neither context nor money can be scored", hint.usage
    if seen.model_calls + seen.tool_calls and not seen.with_agent:
        yield "calls do not name their agent: until its own span ends, findings name the service alone", _AGENT
    if seen.rootless and not seen.with_messages and not seen.with_session_id:
        yield "root-less model calls without messages cannot be tied to sessions", f"{hint.session}; or {hint.content}"


def _of_tools(seen: Seen, hint: Hint) -> Iterator[tuple[str, str]]:
    if seen.tool_calls > seen.with_arguments:
        yield "tool arguments are not captured: re-phrased loops cannot be seen", hint.content
    elif seen.model_calls and not seen.tool_calls and not seen.with_messages:
        yield "neither tool spans nor messages: loops cannot be seen", hint.content


def _of_streams(seen: Seen, hint: Hint) -> Iterator[tuple[str, str]]:
    if not hint.stream:
        return
    if seen.streamed and not seen.with_ttft:
        yield "streamed calls without a time to first chunk", hint.stream
    elif seen.streamed and not seen.with_gap:
        yield "streamed calls without chunk times: stalls inside a stream cannot be seen", hint.stream


_NO_INSTRUMENTATION = (
    "add a GenAI instrumentation (docs/connect), or the loopwatch helpers: pip install loopwatch, import loopwatch"
)
_AGENT = "where a process runs one agent: OTEL_RESOURCE_ATTRIBUTES=gen_ai.agent.name=<its name>"
_SAMPLED = "send all traces to loopwatch: put its exporter before tail_sampling, and set OTEL_TRACES_SAMPLER=always_on"


@dataclass(frozen=True, slots=True)
class Hint:
    """The exact settings of one instrumentation."""

    content: str = "turn on its capture of message content, or wrap its exporter in loopwatch.SketchingExporter"
    session: str = "set gen_ai.conversation.id or session.id on its spans, or give the calls a parent span"
    usage: str = "let it report usage; for streamed OpenAI calls pass stream_options={'include_usage': True}"
    stream: str = "wrap the chunks in loopwatch.stream(...)"
    """"" where nothing helps: then nothing is advised."""


_OFFICIAL = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only"

HINTS: dict[str, Hint] = {
    "otel_genai": Hint(content=_OFFICIAL),
    "openllmetry": Hint(
        content="TRACELOOP_TRACE_CONTENT=true",
        session="Traceloop.set_association_properties({'session_id': ...}), or give the calls a parent span",
    ),
    "openinference": Hint(
        content="unset OPENINFERENCE_HIDE_INPUTS and OPENINFERENCE_HIDE_OUTPUTS",
        session="with openinference.instrumentation.using_session(session_id): ...",
    ),
    "pydantic_ai": Hint(content="InstrumentationSettings(include_content=True)"),
    "strands": Hint(
        content="OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental",
        session="Agent(trace_attributes={'session.id': ...})",
    ),
    "google_adk": Hint(
        content=f"OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental and {_OFFICIAL} (2.x); "
        "ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS=true (1.x)"
    ),
    "vercel": Hint(
        content="recordInputs: true and recordOutputs: true in the telemetry settings",
        session="runtimeContext: true and includeRuntimeContext with a sessionId",
        stream="",
    ),
    "vercel_legacy": Hint(
        content="experimental_telemetry: {recordInputs: true, recordOutputs: true}",
        session="experimental_telemetry: {metadata: {sessionId}}",
        stream="",
    ),
    "agent_framework": Hint(
        content="ENABLE_SENSITIVE_DATA=true",
        session="set gen_ai.conversation.id on a span around agent.run(...): a local session sends none",
    ),
    "anthropic_sdk": Hint(content="ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE=content"),
    "openlit": Hint(content="openlit.init(capture_message_content=True)"),
    "litellm": Hint(
        session="give the calls a parent span and set USE_OTEL_LITELLM_REQUEST_SPAN=true",
    ),
    "mcp": Hint(content="MCP's spans carry none: instrument the agent that calls the tools as well"),
    "langfuse": Hint(session="with langfuse.propagate_attributes(session_id=...): ..."),
    "langsmith": Hint(session="config={'metadata': {'thread_id': ...}}"),
}
"""By dialect: what docs/connect says in full."""
