"""Every vocabulary that agents are instrumented in: a span becomes a `Step`, or nobody knows it."""

from __future__ import annotations

from dataclasses import dataclass

from loopwatch_processor.dialects.agent_framework import AGENT_FRAMEWORK
from loopwatch_processor.dialects.anthropic_sdk import ANTHROPIC_SDK
from loopwatch_processor.dialects.base import Dialect, Look, remember
from loopwatch_processor.dialects.crewai import CREWAI
from loopwatch_processor.dialects.genai import GENAI
from loopwatch_processor.dialects.genai_logs import read_log
from loopwatch_processor.dialects.google_adk import GOOGLE_ADK
from loopwatch_processor.dialects.langfuse import LANGFUSE
from loopwatch_processor.dialects.langsmith import LANGSMITH
from loopwatch_processor.dialects.litellm import LITELLM
from loopwatch_processor.dialects.loopwatch_own import LOOPWATCH, with_own
from loopwatch_processor.dialects.mcp import MCP
from loopwatch_processor.dialects.open_events import EVENTS, read_open_event
from loopwatch_processor.dialects.openinference import OPENINFERENCE
from loopwatch_processor.dialects.openlit import OPENLIT
from loopwatch_processor.dialects.openllmetry import OPENLLMETRY
from loopwatch_processor.dialects.pydantic_ai import PYDANTIC_AI
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.dialects.strands import STRANDS
from loopwatch_processor.dialects.vercel import VERCEL
from loopwatch_processor.dialects.vercel_legacy import VERCEL_LEGACY
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step

DIALECTS: tuple[Dialect, ...] = (
    LOOPWATCH,
    PYDANTIC_AI,
    STRANDS,
    GOOGLE_ADK,
    CREWAI,
    AGENT_FRAMEWORK,
    ANTHROPIC_SDK,
    OPENLIT,
    OPENINFERENCE,
    LANGFUSE,
    LANGSMITH,
    VERCEL_LEGACY,
    MCP,
    LITELLM,
    OPENLLMETRY,
    VERCEL,
    GENAI,
)
"""In order: the first that claims a span reads it, so the more special ones stand first."""


LOGS_DIALECT = "genai_logs"
"""The name in metrics of what `read_log` does."""


@dataclass(frozen=True, slots=True)
class _Claim:
    names: frozenset[str]
    """Of the attributes of the spans."""
    dialects: tuple[Dialect, ...]


class DialectFault(Exception):
    """Raised when a dialect fails on a span, which is a bug of ours; *name* says which one."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the dialect {name} failed")
        self.name = name


_claimed: dict[tuple[str, frozenset[str]], _Claim] = {}


def read(span: Span) -> Step | None:
    """What *span* says an agent did, or None where no dialect knows it; raises `DialectFault`."""
    look = span.source.scope, span.names
    claim = _claimed.get(look)
    if claim is None:
        claim = _claiming(Look(*look))
    span.names = claim.names  # a set that is one and the same is found without comparing all that is in it
    for dialect in claim.dialects:
        try:
            step = dialect.read(span)
            if step is not None:
                return with_own(span, step)
        except Exception as fault:
            raise DialectFault(dialect.name) from fault
    return None


def _claiming(look: Look) -> _Claim:
    """The dialects that may know such spans. Remembered, since asking all of them takes 11 µs: a span that nobody
    knows is told in a fourteenth of the time."""
    found = _Claim(look.names, tuple([dialect for dialect in DIALECTS if dialect.claims(look)]))
    remember(_claimed, look.scope, look.names, found)
    return found


__all__ = [
    "DIALECTS",
    "EVENTS",
    "LOGS_DIALECT",
    "DialectFault",
    "read",
    "read_log",
    "read_open_event",
    "session_id_of",
]
