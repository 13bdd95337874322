"""What an agent says about itself to loopwatch: sessions, calls, streams, progress, limits and stops."""

from loopwatch.attributes import AgentType, StopReason, ToolErrorClass, ToolSideEffect
from loopwatch.budget import BudgetExceeded
from loopwatch.decorators import agent, tool
from loopwatch.exporter import SketchingExporter
from loopwatch.job import Job, job, job_queued
from loopwatch.job_decorators import job_submitter, job_worker
from loopwatch.model import ModelCall, model_call
from loopwatch.progress import progress, stop
from loopwatch.session import Session, session
from loopwatch.setup import configure
from loopwatch.stall import StreamStalled
from loopwatch.stream import Stream, stream
from loopwatch.tool import ToolCall, tool_call

__all__ = [
    "AgentType",
    "BudgetExceeded",
    "Job",
    "ModelCall",
    "Session",
    "SketchingExporter",
    "StopReason",
    "Stream",
    "StreamStalled",
    "ToolCall",
    "ToolErrorClass",
    "ToolSideEffect",
    "agent",
    "configure",
    "job",
    "job_queued",
    "job_submitter",
    "job_worker",
    "model_call",
    "progress",
    "session",
    "stop",
    "stream",
    "tool",
    "tool_call",
]
