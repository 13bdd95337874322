"""The session key that a span carries itself, whatever the dialect."""

from __future__ import annotations

from loopwatch_processor.otlp import Span

KEYS = (
    "gen_ai.conversation.id",
    "session.id",
    "langsmith.metadata.thread_id",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.thread_id",
    "traceloop.association.properties.conversation_id",
    "langfuse.session.id",
    "gcp.vertex.agent.session_id",
    "gen_ai.session.id",
    "gen_ai.agent.session_id",
)
"""In order of trust (dialect-recordings: ids that change with every request, such as mcp.session.id, are no keys)."""

_PREFIXES = ("ai.telemetry.metadata.", "ai.settings.context.")
_METADATA_NAMES = ("sessionId", "session_id", "threadId", "thread_id", "conversationId", "conversation_id", "chatId")


def session_id_of(span: Span) -> str:
    """The span's own session or conversation id, else its resource's, else ""."""
    for key in KEYS:
        if (value := span.get(key)) not in (None, ""):
            return str(value)
    for prefix in _PREFIXES:
        for name in _METADATA_NAMES:
            if (value := span.get(prefix + name)) not in (None, ""):
                return str(value)
    for key in KEYS[:2]:
        if (value := span.source.resource.get(key)) not in (None, ""):
            return str(value)
    return ""
