"""The Model Context Protocol's own spans: the `mcp` SDK, fastmcp, and the convention's `mcp.client` and `mcp.server`.

One call of a tool is up to three nested spans, each of which is a tool call here; the trace counts them as one.
`mcp.session.id` is different on every request, so it is no session key.
"""

from __future__ import annotations

from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.reading import error_of, step_of, text
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step, StepKind, ToolCall

_CALL = "tools/call"


class Mcp:
    """Spans with `mcp.method.name`."""

    name = "mcp"

    def claims(self, look: Look) -> bool:
        """By attribute."""
        return "mcp.method.name" in look.names

    def read(self, span: Span) -> Step:
        """The step of an MCP span."""
        session_id, agent = session_id_of(span), text(span, "gen_ai.agent.name")
        if text(span, "mcp.method.name") != _CALL:
            return step_of(span, self.name, StepKind.OTHER, session_id, agent=agent)
        return step_of(
            span,
            self.name,
            StepKind.TOOL_CALL,
            session_id,
            agent=agent,
            error=error_of(span),
            tool=ToolCall(
                name=text(span, "gen_ai.tool.name", "mcp.tool.name") or span.name.rpartition(_CALL)[2].strip(),
                call_id=text(span, "gen_ai.tool.call.id"),
                arguments=arguments_of(span.get("gen_ai.tool.call.arguments")),
                result=result_of(span.get("gen_ai.tool.call.result")),
            ),
        )


MCP = Mcp()
