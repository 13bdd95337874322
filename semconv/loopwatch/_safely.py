"""The one place where a fault of ours ends: logged once for each kind, never raised into the caller's code."""

import logging
import threading
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from loopwatch._counts import count
from loopwatch._fork import in_forked_child

_P = ParamSpec("_P")
_T = TypeVar("_T")

_LOGGER: Final = logging.getLogger("loopwatch")
_said: set[str] = set()
_said_lock = threading.RLock()


def warn_once(topic: str, message: str) -> None:
    """Log *message* as a warning, the first time for this *topic* in this process.

    Logged and not warned: under ``python -W error`` a warning would be raised into the caller's code.
    """
    with _said_lock:
        if topic in _said:
            return
        _said.add(topic)
    _LOGGER.warning(message)


def safely(action: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
    """Call *action*; a fault in it is counted, logged once and answered with None."""
    try:
        return action(*args, **kwargs)
    except Exception as fault:  # noqa: BLE001 - telemetry must not break what it watches
        name = getattr(action, "__qualname__", repr(action))
        count("fault")
        warn_once(f"fault:{name}:{type(fault).__name__}", f"loopwatch: {name} failed and was skipped: {fault!r}")
        return None


def forget_warnings() -> None:
    """Let every topic be said again (for tests)."""
    with _said_lock:
        _said.clear()


def _unlock() -> None:
    global _said_lock  # noqa: PLW0603 - one that another thread held can never be released in the child
    _said_lock = threading.RLock()


in_forked_child(_unlock)
