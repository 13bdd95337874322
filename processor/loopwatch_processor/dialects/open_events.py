"""What a process says of its open spans: the events of our own convention, as log records."""

from __future__ import annotations

from typing import Final

from loopwatch.attributes import (
    EVENT_HEARTBEAT,
    EVENT_SPAN_ENDED,
    EVENT_SPAN_STARTED,
    GEN_AI_AGENT_NAME,
    GEN_AI_CONVERSATION_ID,
    GEN_AI_OPERATION_NAME,
    GEN_AI_REQUEST_MODEL,
    GEN_AI_TOOL_NAME,
    HOST_NAME,
    LOOPWATCH_AGENT_TYPE,
    LOOPWATCH_HEARTBEAT_INTERVAL,
    LOOPWATCH_JOB_ID,
    LOOPWATCH_PROCESS_ID,
    LOOPWATCH_SPAN_AGE,
    LOOPWATCH_SPAN_OUTCOME,
    LOOPWATCH_STREAM_CHUNKS,
    LOOPWATCH_STREAM_CURRENT_GAP,
    PROCESS_PID,
)
from loopwatch_processor.dialects.reading import as_count, as_number
from loopwatch_processor.open_span import Said
from loopwatch_processor.otlp import LogRecord
from loopwatch_processor.step import StepKind

EVENTS: Final = frozenset({EVENT_SPAN_STARTED, EVENT_HEARTBEAT, EVENT_SPAN_ENDED})
_KINDS: Final = {
    "execute_tool": StepKind.TOOL_CALL,
    "invoke_agent": StepKind.AGENT_TURN,
    "invoke_workflow": StepKind.AGENT_TURN,
    "chat": StepKind.MODEL_CALL,
    "text_completion": StepKind.MODEL_CALL,
    "generate_content": StepKind.MODEL_CALL,
}
_MAX_CHARS: Final = 256
"""Of a name; ids are never cut, because a part of one is another."""


def read_open_event(record: LogRecord) -> Said | None:
    """What *record* says of a span that is open, or was; None where it is no such event, or names no span."""
    name = record.event_name
    if name not in EVENTS or not record.has_ids:
        return None
    operation = _text(record, GEN_AI_OPERATION_NAME)
    return Said(
        trace_id=record.trace_id,
        span_id=record.span_id,
        at_ns=record.time_ns,
        kind=_KINDS.get(operation, StepKind.OTHER),
        is_over=name == EVENT_SPAN_ENDED,
        outcome=_text(record, LOOPWATCH_SPAN_OUTCOME),
        process=_text(record, LOOPWATCH_PROCESS_ID) or _process(record),
        process_name=_process(record),
        service=record.source.service,
        environment=record.source.environment,
        agent=_text(record, GEN_AI_AGENT_NAME) or record.source.agent,
        agent_type=_text(record, LOOPWATCH_AGENT_TYPE),
        session_id=str(record.get(GEN_AI_CONVERSATION_ID) or ""),
        model=_text(record, GEN_AI_REQUEST_MODEL),
        tool=_text(record, GEN_AI_TOOL_NAME),
        job_id=str(record.get(LOOPWATCH_JOB_ID) or ""),
        age_s=as_number(record.get(LOOPWATCH_SPAN_AGE)),
        gap_s=as_number(record.get(LOOPWATCH_STREAM_CURRENT_GAP)),
        chunks=as_count(record.get(LOOPWATCH_STREAM_CHUNKS)),
        interval_s=as_number(record.get(LOOPWATCH_HEARTBEAT_INTERVAL)),
    )


def _process(record: LogRecord) -> str:
    """Host and process id, else the instance id of the resource; "" where it says neither."""
    of = record.source.resource
    pid = str(record.get(PROCESS_PID) or of.get(PROCESS_PID) or "")
    host = str(record.get(HOST_NAME) or of.get(HOST_NAME) or "")
    return (f"{host}/{pid}" if pid else str(of.get("service.instance.id") or ""))[:_MAX_CHARS]


def _text(record: LogRecord, key: str) -> str:
    return str(record.get(key) or "")[:_MAX_CHARS]
