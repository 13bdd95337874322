"""Our own names: the helpers' spans, and what `SketchingExporter` puts on tool spans of any instrumentation."""

from __future__ import annotations

from dataclasses import replace

from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.reading import parsed, text
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step, ToolCall

SCOPE = "loopwatch"


class Loopwatch:
    """Spans of the scope `loopwatch`: official names, and ours that every dialect of the family reads."""

    name = "loopwatch"

    def read(self, span: Span) -> Step | None:
        """The step of a helper's span, or None: "not mine"."""
        return read_genai(span, self.name) if span.source.scope == SCOPE else None


LOOPWATCH = Loopwatch()


def with_sketches(span: Span, step: Step) -> Step:
    """*step* with the hashes, sketches and declarations of its tool call, whoever's span it is."""
    return replace(step, tool=_sketched(span, step.tool)) if step.tool is not None else step


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
