"""The log: one JSON object a line, with `time`, `level` and `event` first, whichever library it comes from."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from loopwatch_processor.redact import without_secrets

# structlog imports rich and pygments, where it finds them, for a console that is not ours: 70 ms of every start.
_HIDES_RICH = sys.modules.setdefault("rich", None) is None  # type: ignore[arg-type]
import structlog  # noqa: E402
from structlog.typing import EventDict, WrappedLogger  # noqa: E402

if _HIDES_RICH:
    del sys.modules["rich"]

_FIRST = ("time", "level", "logger", "event")
_TALKATIVE = ("alembic", "httpcore", "httpx", "uvicorn")
"""They log every start, stop or request at info, or headers at debug."""
_MAX_CHARACTERS = 32_000


def iso(at_ns: int) -> str | None:
    """Unix time as UTC with microseconds; None where it is beyond what a date can say."""
    try:
        return datetime.fromtimestamp(at_ns // 1000 / 1e6, UTC).isoformat(timespec="microseconds")
    except (OverflowError, ValueError, OSError):
        return None


def in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """*event* with what people look for first in front."""
    return {**{name: event[name] for name in _FIRST if name in event}, **event}


Clean = Callable[[str], str]
"""Takes secrets out of a text."""


def formatter(clean: Clean = without_secrets) -> logging.Formatter:
    """Renders the records of the standard library's logging as such lines; a traceback is one field of its line.

    *clean* goes over every text: neither exceptions nor other people's libraries know what is secret.
    """
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _stamp],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            lambda _logger, _method, event: {name: _cleaned(value, clean) for name, value in event.items()},
            in_order,
            structlog.processors.JSONRenderer(),
        ],
    )


def write_to(file: TextIO, level: str, clean: Clean = without_secrets) -> None:
    """Let everything in this process that logs or warns, at *level* or above, write such lines to *file*."""
    handler = logging.StreamHandler(file)
    handler.setFormatter(formatter(clean))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def _cleaned(value: Any, clean: Clean) -> Any:
    """*value* as it is logged; a longer text than anybody reads is cut, as it takes time to look through."""
    if not isinstance(value, str):
        return value
    return clean(value if len(value) <= _MAX_CHARACTERS else f"{value[:_MAX_CHARACTERS]}…")


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    return {**event, "time": iso(int(record.created * 1e9))}
