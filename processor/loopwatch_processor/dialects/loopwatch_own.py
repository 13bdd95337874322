"""Our own names: the helpers' spans, and what the exporter and the content clock put on those of others."""

from __future__ import annotations

from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.reading import count, number, parsed, text
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import ModelCall, Step, StreamTimings, ToolCall
from loopwatch_processor.values import replace

SCOPE = "loopwatch"
_TOOL = frozenset(
    {
        "loopwatch.tool.arguments.hash",
        "loopwatch.tool.arguments.sketch",
        "loopwatch.tool.arguments.class",
        "loopwatch.tool.arguments.skeleton",
        "loopwatch.tool.arguments.names",
        "loopwatch.tool.arguments.effect",
        "loopwatch.tool.result.hash",
        "loopwatch.tool.result.sketch",
        "loopwatch.tool.result.class",
        "loopwatch.tool.side_effect",
        "loopwatch.tool.identity",
    }
)


class Loopwatch:
    """Spans of the scope `loopwatch`: official names, and ours that every dialect of the family reads."""

    name = "loopwatch"

    def claims(self, look: Look) -> bool:
        """By scope."""
        return look.scope == SCOPE

    def read(self, span: Span) -> Step:
        """The step of a helper's span."""
        return read_genai(span, self.name)


LOOPWATCH = Loopwatch()


def with_own(span: Span, step: Step) -> Step:
    """*step* with what our helpers add to it, whoever's span it is: hashes and sketches of a tool call, and the stream
    timings of a model call that our content clock watched."""
    if step.tool is not None:
        return replace(step, tool=_sketched(span, step.tool)) if span.has_any(_TOOL) else step
    if step.model is None or not span.has("loopwatch.stream.chunks"):
        return step
    chunks = count(span, "loopwatch.stream.chunks")
    return step if chunks is None else replace(step, model=_clocked(span, step.model, chunks))


def _clocked(span: Span, model: ModelCall, chunks: int) -> ModelCall:
    """Where the clock saw gaps it saw them all, so its word goes before what was read of the events that are left."""
    known, completed = model.stream or StreamTimings(), span.get("loopwatch.stream.completed")
    max_gap_s = number(span, "loopwatch.stream.max_gap")
    ttft_s = known.ttft_s if known.ttft_s is not None else number(span, "gen_ai.response.time_to_first_chunk")
    stream = replace(
        known,
        ttft_s=ttft_s,
        max_gap_s=known.max_gap_s if max_gap_s is None else max_gap_s,
        chunks=chunks,
        completed=completed if isinstance(completed, bool) else known.completed,
        early_gaps_unknown=known.early_gaps_unknown and max_gap_s is None,
    )
    return replace(model, stream=stream)


def _sketched(span: Span, tool: ToolCall) -> ToolCall:
    identity = parsed(span.get("loopwatch.tool.identity"))
    return replace(
        tool,
        arguments_hash=text(span, "loopwatch.tool.arguments.hash"),
        arguments_sketch=text(span, "loopwatch.tool.arguments.sketch"),
        arguments_class=text(span, "loopwatch.tool.arguments.class"),
        arguments_skeleton=text(span, "loopwatch.tool.arguments.skeleton"),
        arguments_names=text(span, "loopwatch.tool.arguments.names"),
        arguments_effect=text(span, "loopwatch.tool.arguments.effect"),
        result_hash=text(span, "loopwatch.tool.result.hash"),
        result_sketch=text(span, "loopwatch.tool.result.sketch"),
        result_class=text(span, "loopwatch.tool.result.class"),
        side_effect=text(span, "loopwatch.tool.side_effect"),
        identity=tuple(map(str, identity)) if isinstance(identity, list) else (),
    )
