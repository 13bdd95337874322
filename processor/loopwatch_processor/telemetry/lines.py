"""The log: one JSON object a line, with `time`, `level` and `event` first, whichever library it comes from."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

_FIRST = ("time", "level", "logger", "event")
_TALKATIVE = ("alembic", "httpx", "uvicorn")
"""They log every start, stop or request at info."""


def iso(at_ns: int) -> str | None:
    """Unix time as UTC with microseconds; None where it is beyond what a date can say."""
    try:
        return datetime.fromtimestamp(at_ns // 1000 / 1e6, UTC).isoformat(timespec="microseconds")
    except (OverflowError, ValueError, OSError):
        return None


def in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """*event* with what people look for first in front."""
    return {**{name: event[name] for name in _FIRST if name in event}, **event}


def formatter() -> logging.Formatter:
    """Renders the records of the standard library's logging as such lines; a traceback is one field of its line."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _stamp],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            in_order,
            structlog.processors.JSONRenderer(),
        ],
    )


def write_to(file: TextIO, level: str) -> None:
    """Let everything in this process that logs or warns, at *level* or above, write such lines to *file*."""
    handler = logging.StreamHandler(file)
    handler.setFormatter(formatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    return {**event, "time": iso(int(record.created * 1e9))}
