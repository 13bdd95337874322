"""The session key that a span carries itself, whatever the dialect."""

from __future__ import annotations

from loopwatch_processor.dialects.base import remember
from loopwatch_processor.dialects.reading import text
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

_IN_ORDER = (*KEYS, *(prefix + name for prefix in _PREFIXES for name in _METADATA_NAMES))
_present: dict[tuple[str, frozenset[str]], tuple[str, ...]] = {}
"""Those of them that are among the names of attributes."""


def session_id_of(span: Span) -> str:
    """The span's own session or conversation id, else its resource's, else ""."""
    look = "", span.names
    keys = _present.get(look)
    if keys is None:
        keys = tuple([key for key in _IN_ORDER if key in span.names])
        remember(_present, *look, keys)
    for key in keys:
        if found := text(span, key):
            return found
    return span.source.session_id
