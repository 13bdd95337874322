"""Which attributes of which instrumentation carry content, and which spans are tool calls.

Seen in recordings of the running packages, except the names marked "read", which were read in a package's source.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

ARGUMENTS: Final = (
    "gen_ai.tool.call.arguments",
    "ai.toolCall.args",
    "gcp.vertex.agent.tool_call_args",
    "tool_arguments",  # read: pydantic-ai's format 2
    "gen_ai.tool.args",
    "gen_ai.tool.input",  # read: OpenLIT before
    "langfuse.observation.input",
    "input.value",
    "traceloop.entity.input",
    "gen_ai.task.input",
    "gen_ai.prompt",
)
"""Attributes with a tool span's arguments, the cleanest first."""

RESULTS: Final = (
    "gen_ai.tool.call.result",
    "ai.toolCall.result",
    "gcp.vertex.agent.tool_response",
    "tool_response",  # read: pydantic-ai's format 2
    "anthropic.tool_result.content",
    "gen_ai.tool.output",  # read: OpenLIT before
    "langfuse.observation.output",
    "output.value",
    "traceloop.entity.output",
    "mcp.response.value",
    "gen_ai.task.output",
    "gen_ai.completion",
)
"""Attributes with a tool span's result, the cleanest first."""

TOOL_EVENTS: Final = {
    ("gen_ai.tool.message", "content"): "arguments",
    ("gen_ai.choice", "message"): "result",
    ("gen_ai.choice", "tool.result"): "result",
}
"""Span events of a tool span that carry its arguments or result (Strands)."""

ERROR_TEXTS: Final = frozenset({"exception.message", "error.message", "langfuse.observation.status_message"})
"""Attributes with the text of an error, which often quotes arguments."""

STACK_TRACES: Final = frozenset({"exception.stacktrace", "error.stack_trace"})
"""Attributes with a stack trace, which quotes the error's text."""

_NAMES: Final = frozenset(
    {
        *ARGUMENTS,
        *RESULTS,
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.event.content",
        "gen_ai.retrieval.query.text",
        "gen_ai.retrieval.documents",
        "gen_ai.memory.query.text",
        "gen_ai.memory.records",
        "llm.prompts",
        "llm.prompt_template.template",
        "llm.prompt_template.variables",
        "llm.function_call",
        "langfuse.trace.input",
        "langfuse.trace.output",
        "ai.prompt",
        "ai.prompt.messages",
        "ai.response.text",
        "ai.response.object",
        "ai.response.reasoning",
        "ai.response.toolCalls",
        "ai.value",
        "ai.values",
        "final_result",
        "all_messages_events",
        "pydantic_ai.all_messages",
        "model_request_parameters",
        "gcp.vertex.agent.llm_request",
        "gcp.vertex.agent.llm_response",
        "gcp.vertex.agent.data",
        "crewai.crew.output",
        "crewai.task.output",
        "crewai.task.description",
        "crewai.task.expected_output",
    }
)
_PATTERNS: Final = re.compile(
    r"llm\.(?:input|output)_messages\.\d+\.message\.(?:content|contents\.\d+\.(?:message_content\.(?:text|image.*)|"
    r"tool_call\.function\.arguments)|tool_calls\.\d+\.tool_call\.function\.arguments|function_call_arguments_json)"
    r"|gen_ai\.(?:prompt|completion)\.\d+\.(?:content|reasoning|(?:function_call|tool_calls\.\d+)\.arguments)"
    r"|gen_ai\.prompt\.variable\..+"
    r"|llm\.[a-z_0-9]+\.(?:messages|choices)"
    r"|retrieval\.documents\.\d+\.document\.content|embedding\.embeddings\.\d+\.embedding\.text"
    r"|reranker\.(?:query|(?:input|output)_documents\.\d+\.document\.content)"
)
_MESSAGES_AS_EVENTS: Final = "events"
"""Pydantic-ai's format 1; the spans of other libraries may have an attribute of this name too."""
_EVENT_NAMES: Final = frozenset({"content", "message", "tool.result", "gen_ai.prompt", "gen_ai.completion"})
_TOOL_MARKS: Final = (
    ("gen_ai.operation.name", frozenset({"execute_tool"})),
    ("openinference.span.kind", frozenset({"TOOL"})),
    ("traceloop.span.kind", frozenset({"tool"})),
    ("langfuse.observation.type", frozenset({"tool"})),
    ("langsmith.span.kind", frozenset({"tool"})),
    ("ai.operationId", frozenset({"ai.toolCall"})),
    ("mcp.method.name", frozenset({"tools/call"})),
)


def is_content(name: str) -> bool:
    """Say whether the span attribute *name* carries content, on a span of any library."""
    return name in _NAMES or _PATTERNS.fullmatch(name) is not None


def is_genai_content(name: str) -> bool:
    """Say whether the attribute *name* of a span that :func:`is_genai_span` knows carries content."""
    return name == _MESSAGES_AS_EVENTS or is_content(name)


def is_event_content(event: str, name: str) -> bool:
    """Say whether attribute *name* of the span event *event* carries content."""
    return is_content(name) or (event.startswith("gen_ai.") and name in _EVENT_NAMES)


def is_tool_span(attributes: Mapping[str, Any]) -> bool:
    """Say whether a span with these attributes is one call of a tool."""
    is_marked = any(attributes.get(name) in values for name, values in _TOOL_MARKS)
    return is_marked or "tool_arguments" in attributes  # pydantic-ai's format 1 and 2 have no mark


def is_genai_span(attributes: Mapping[str, Any]) -> bool:
    """Say whether an instrumentation of agents or models wrote these attributes."""
    return any(name in attributes for name, _ in _TOOL_MARKS) or any(is_content(name) for name in attributes)
