"""Every vocabulary that agents are instrumented in: a span becomes a `Step`, or nobody knows it."""

from __future__ import annotations

from loopwatch_processor.dialects.base import Dialect
from loopwatch_processor.dialects.genai import GENAI
from loopwatch_processor.dialects.langfuse import LANGFUSE
from loopwatch_processor.dialects.langsmith import LANGSMITH
from loopwatch_processor.dialects.mcp import MCP
from loopwatch_processor.dialects.openinference import OPENINFERENCE
from loopwatch_processor.dialects.openllmetry import OPENLLMETRY
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.dialects.vercel_legacy import VERCEL_LEGACY
from loopwatch_processor.otlp import LogRecord, Span
from loopwatch_processor.step import Conversation, Step

DIALECTS: tuple[Dialect, ...] = (
    OPENINFERENCE,
    LANGFUSE,
    LANGSMITH,
    VERCEL_LEGACY,
    MCP,
    OPENLLMETRY,
    GENAI,
)
"""In order: the first that claims a span reads it, so the more special ones stand first."""


def read(span: Span) -> Step | None:
    """What *span* says an agent did, or None where no dialect knows it."""
    for dialect in DIALECTS:
        step = dialect.read(span)
        if step is not None:
            return step
    return None


def read_log(record: LogRecord) -> Conversation | None:
    """The messages in *record*, where an instrumentation sends them apart from its spans."""
    return None


__all__ = ["DIALECTS", "read", "read_log", "session_id_of"]
