"""From an exception to names: the official error type, the class of a tool's failure, the run's stop reason."""

import asyncio
import json
from typing import Any, Final

from loopwatch.attributes import StopReason, ToolErrorClass
from loopwatch.budget import BudgetExceeded
from loopwatch.stall import StreamStalled

_BY_STATUS: Final = {
    400: ToolErrorClass.SCHEMA,
    401: ToolErrorClass.AUTH,
    403: ToolErrorClass.DENIED,
    404: ToolErrorClass.NOT_FOUND,
    408: ToolErrorClass.TIMEOUT,
    422: ToolErrorClass.SCHEMA,
    429: ToolErrorClass.RATE_LIMIT,
    504: ToolErrorClass.TIMEOUT,
}

_BY_NAME: Final = (
    ("ratelimit", ToolErrorClass.RATE_LIMIT),
    ("toomanyrequests", ToolErrorClass.RATE_LIMIT),
    ("throttl", ToolErrorClass.RATE_LIMIT),
    ("timeout", ToolErrorClass.TIMEOUT),
    ("timedout", ToolErrorClass.TIMEOUT),
    ("unauthorized", ToolErrorClass.AUTH),
    ("authentication", ToolErrorClass.AUTH),
    ("credential", ToolErrorClass.AUTH),
    ("permissiondenied", ToolErrorClass.DENIED),
    ("forbidden", ToolErrorClass.DENIED),
    ("notfound", ToolErrorClass.NOT_FOUND),
    ("validation", ToolErrorClass.SCHEMA),
    ("schema", ToolErrorClass.SCHEMA),
    ("unavailable", ToolErrorClass.UNAVAILABLE),
    ("connecterror", ToolErrorClass.UNAVAILABLE),
    ("connectionerror", ToolErrorClass.UNAVAILABLE),
)

_BY_TYPE: Final[tuple[tuple[type[BaseException], ToolErrorClass], ...]] = (
    (TimeoutError, ToolErrorClass.TIMEOUT),
    (PermissionError, ToolErrorClass.DENIED),
    (FileNotFoundError, ToolErrorClass.NOT_FOUND),
    (json.JSONDecodeError, ToolErrorClass.INVALID_OUTPUT),
    (UnicodeDecodeError, ToolErrorClass.INVALID_OUTPUT),
    (ConnectionError, ToolErrorClass.UNAVAILABLE),
)

_TOOL_STOPS: Final = {
    ToolErrorClass.SCHEMA: StopReason.TOOL_SCHEMA_ERROR,
    ToolErrorClass.AUTH: StopReason.TOOL_AUTH_FAILED,
    ToolErrorClass.DENIED: StopReason.TOOL_DENIED,
    ToolErrorClass.RATE_LIMIT: StopReason.TOOL_RATE_LIMITED,
    ToolErrorClass.TIMEOUT: StopReason.TOOL_TIMEOUT,
    ToolErrorClass.INVALID_OUTPUT: StopReason.TOOL_OUTPUT_INVALID,
}

_CANCELLED: Final = (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit, SystemExit)


def error_type(error: BaseException) -> str:
    """Return the class of *error* as error.type has it: module-qualified unless built in."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def tool_error_class(error: BaseException) -> ToolErrorClass:
    """Return the class of a tool's failure: by HTTP status where the exception carries one, else by its type."""
    status = _status_of(error)
    if status is not None:
        return _BY_STATUS.get(status, ToolErrorClass.UNAVAILABLE if status >= 500 else ToolErrorClass.OTHER)
    for kind, found in _BY_TYPE:
        if isinstance(error, kind):
            return found
    names = [base.__name__.lower() for base in type(error).__mro__]
    return next((found for part, found in _BY_NAME if any(part in name for name in names)), ToolErrorClass.OTHER)


def tool_stop(error: BaseException) -> StopReason:
    """Return why a run ended that a tool's *error* went through."""
    return run_stop(error) or _TOOL_STOPS.get(tool_error_class(error), StopReason.TOOL_FAILED)


def model_stop(error: BaseException) -> StopReason:
    """Return why a run ended that a model call's *error* went through."""
    stop = run_stop(error)
    if stop is not None:
        return stop
    found = tool_error_class(error)
    if found is ToolErrorClass.RATE_LIMIT:
        return StopReason.MODEL_RATE_LIMITED
    return StopReason.TIMEOUT if found is ToolErrorClass.TIMEOUT else StopReason.MODEL_ERROR


def run_stop(error: BaseException) -> StopReason | None:
    """Return the stop reason that *error* itself says, None when it depends on where it was raised."""
    if isinstance(error, (BudgetExceeded, StreamStalled)):
        return error.stop_reason
    return StopReason.CANCELLED if isinstance(error, _CANCELLED) else None


def _status_of(error: BaseException) -> int | None:
    response: Any = getattr(error, "response", None)
    candidates = (getattr(error, name, None) for name in ("status_code", "status", "code"))
    for status in (*candidates, getattr(response, "status_code", None), getattr(response, "status", None)):
        if isinstance(status, int) and 400 <= status <= 599:
            return status
    return None
