"""`Step`: what an agent did, in our words. Every dialect ends here and every detector begins here."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

from loopwatch_processor.values import replace, value


class StepKind(StrEnum):
    """What kind of thing an agent did."""

    MODEL_CALL = "model_call"
    TOOL_CALL = "tool_call"
    AGENT_TURN = "agent_turn"
    JOB = "job"
    OTHER = "other"
    """Known to a dialect but nothing that counts as a step: a chain, a graph node, a retriever's parent."""


@value
class Usage:
    """Tokens of one model call (or the totals that an aggregate span repeats)."""

    input_tokens: int = 0
    """Including the cached ones, as the GenAI convention says."""
    output_tokens: int = 0
    """Including the reasoning ones."""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )

    def __sub__(self, other: Usage) -> Usage:
        return self + Usage(
            -other.input_tokens,
            -other.output_tokens,
            -other.cache_read_tokens,
            -other.cache_write_tokens,
            -other.reasoning_tokens,
        )

    @property
    def total_tokens(self) -> int:
        """Input and output; the cached and reasoning ones are part of these."""
        return self.input_tokens + self.output_tokens


@value
class StreamTimings:
    """When the chunks of a streamed response came; None means that the emitter does not say."""

    ttft_s: float | None = None
    """From the start of the call to the first content chunk."""
    max_gap_s: float | None = None
    """The longest silence between two chunks, where per-chunk times are known."""
    mean_gap_s: float | None = None
    """The mean silence between two chunks: hides a stall, so it is evidence only."""
    chunks: int | None = None
    completed: bool | None = None
    """False where the stream broke off."""
    early_gaps_unknown: bool = False
    """The SDK dropped the first chunk events, so `max_gap_s` is a lower bound."""


@value
class ErrorInfo:
    """How a step failed."""

    type: str
    """The emitter's own type or code, as it came; "_OTHER" where it gives none."""
    tool_class: str
    """One of `loopwatch.attributes.ToolErrorClass`, for model calls as well."""
    message: str = ""
    """The first 300 characters of what the emitter says."""


@value
class ToolCall:
    """One call of one tool. What was not captured is None: unknown, never equal."""

    name: str
    call_id: str = ""
    """The model's id of the call; "" where the emitter gives none."""
    arguments: str | None = None
    """Canonical text (see `loopwatch.canonical`), wrappers and volatile metadata removed."""
    result: str | None = None
    arguments_hash: str = ""
    arguments_sketch: str = ""
    arguments_class: str = ""
    arguments_skeleton: str = ""
    """Hash of the arguments without their numbers; "" where they have none."""
    arguments_names: str = ""
    """Marks of the names in their sentences, two signs each."""
    arguments_effect: str = ""
    """One of `loopwatch.attributes.ToolArgumentsEffect`; "" where their words do not tell."""
    result_hash: str = ""
    result_sketch: str = ""
    result_class: str = ""
    """One of `loopwatch.attributes.ToolResultClass`; "" for any other result."""
    side_effect: str = ""
    identity: tuple[str, ...] = ()
    """The argument fields that identify a call, where the tool declares them."""
    polling: bool = False
    """Calling it again and again is its purpose."""
    recovered: bool = False
    """Seen only inside messages: no tool span of its own."""

    def answered(self, result: ToolResult) -> ToolCall:
        """This call, seen only inside messages, with the *result* that a later one brings."""
        text = None if result.hash else result.text
        return replace(
            self,
            result=text,
            result_hash=result.hash,
            result_sketch=result.sketch,
            result_class=result.kind,
            recovered=True,
        )


@value
class ToolResult:
    """What a tool answered, as the next model call's input repeats it."""

    call_id: str
    text: str
    """"" where only *hash* and *sketch* left the agent's process."""
    name: str = ""
    hash: str = ""
    sketch: str = ""
    kind: str = ""
    """One of `loopwatch.attributes.ToolResultClass`, where it is sketched and a special one."""

    def named(self, name: str) -> ToolResult:
        """The same, of the tool of that *name*."""
        return ToolResult(self.call_id, self.text, name, self.hash, self.sketch, self.kind)


@value
class Conversation:
    """What the messages of a model call tell, where content is captured."""

    requested: tuple[ToolCall, ...] = ()
    """Tool calls that the model asked for in its answer."""
    returned: tuple[ToolResult, ...] = ()
    """Tool results in its input, in order."""
    user_text: str = ""
    """The newest user message of the input, capped."""
    output_text: str = ""
    """The text of its answer, capped."""
    continues: tuple[str, ...] = ()
    """Keys of the history that this call goes on from (root-less calls are chained by them)."""
    leaves: tuple[str, ...] = ()
    """Keys that a next call of the same history will have in `continues`."""


@value
class ModelCall:
    """What a model was asked and what came back."""

    provider: str = ""
    request_model: str = ""
    response_model: str = ""
    response_id: str = ""
    finish_reason: str = ""
    """One of stop, tool_call, length, content_filter, error, or the emitter's own word."""
    stream: StreamTimings | None = None
    conversation: Conversation | None = None
    """None where content is not captured."""
    context_window_tokens: int | None = None
    compacted: bool = False

    @property
    def model(self) -> str:
        """The model to look up a price or window for: what answered, else what was asked."""
        return self.response_model or self.request_model


@value
class Limits:
    """Limits that the user set on a run (on its span); None where not set."""

    max_usd: float | None = None
    max_steps: int | None = None
    max_tool_calls: int | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None


@value
class Step:
    """What an agent did, once: the waist of the system."""

    kind: StepKind
    dialect: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    service: str = ""
    environment: str = ""
    session_id: str = ""
    """The span's own conversation or session id; "" where it has none."""
    agent: str = ""
    agent_type: str = ""
    usage: Usage | None = None
    """Tokens of this call, or totals that an aggregate repeats; None where the emitter does not say."""
    cost_usd: float | None = None
    """Money given by the emitter, or computed from `usage`; None = unknown."""
    cost_is_ours: bool = False
    """Computed here: a cost that the emitter gives goes before it."""
    error: ErrorInfo | None = None
    tool: ToolCall | None = None
    model: ModelCall | None = None
    limits: Limits | None = None
    stop_reason: str = ""
    progress: float | None = None
    state_hash: str = ""
    links: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    """Span ids that tell of this same step, where more than one instrumentation saw it."""

    @property
    def duration_s(self) -> float:
        """By the span's own clock; never negative."""
        return max(0, self.end_ns - self.start_ns) / 1e9


def merged(step: Step, other: Step) -> Step:
    """One step that two instrumentations saw: *step* with the gaps filled from *other*."""
    money = step if step.cost_usd is not None and not step.cost_is_ours else other
    money = money if money.cost_usd is not None else step
    return replace(
        step,
        usage=step.usage or other.usage,
        cost_usd=money.cost_usd,
        cost_is_ours=money.cost_is_ours,
        error=step.error or other.error,
        session_id=step.session_id or other.session_id,
        agent=step.agent or other.agent,
        tool=_filled(step.tool, other.tool),
        model=_filled(step.model, other.model),
        sources=(*(step.sources or (step.span_id,)), *(other.sources or (other.span_id,))),
    )


_Part = TypeVar("_Part", ToolCall, ModelCall, StreamTimings)


def _filled(mine: _Part | None, theirs: _Part | None) -> _Part | None:
    if mine is None or theirs is None:
        return mine or theirs
    gaps: dict[str, Any] = {}
    for item in fields(mine):
        own, other = getattr(mine, item.name), getattr(theirs, item.name)
        if isinstance(own, StreamTimings) and isinstance(other, StreamTimings):
            gaps[item.name] = _filled(own, other)
        elif own in (None, "", ()) and other not in (None, "", ()):
            gaps[item.name] = other
    return replace(mine, **gaps) if gaps else mine
