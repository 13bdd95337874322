"""Tool calls that exist only inside messages, as spans of their own making."""

from __future__ import annotations

from loopwatch_processor.node import Node
from loopwatch_processor.step import Step, StepKind, ToolCall


def recovered_node(call: ToolCall, asked: Step, answered: Step) -> Node:
    """The *call* that the model asked for in *asked* and whose result *answered* brings: it ran between the two."""
    step = Step(
        kind=StepKind.TOOL_CALL,
        dialect=asked.dialect,
        name=call.name,
        trace_id=asked.trace_id,
        span_id=f"{asked.span_id}/{call.call_id or call.name}",
        parent_id=asked.span_id,
        start_ns=asked.end_ns,
        end_ns=max(asked.end_ns, answered.start_ns),
        service=asked.service,
        environment=asked.environment,
        agent=asked.agent,
        tool=call,
    )
    return Node(step.span_id, step.parent_id, step.end_ns, step=step)
