"""Content clocks for the streams that httpx and httpx2 clients read inside a model call of any instrumentation.

When an SDK sends its request the current span is the instrumentation's span of the call. The answer's bytes are read
along as they pass, never held back, changed or asked for.
"""

import functools
import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any, Final

from loopwatch._safely import safely
from loopwatch.http_body import PACKAGES, begin_request

_OURS: Final = "_loopwatch_original"


def install() -> None:
    """Watch the streams of every client of httpx and httpx2, those that exist already included.

    Imports each of the two that is installed. A second call changes nothing. Never raises.
    """
    for name in PACKAGES:
        if name in sys.modules or importlib.util.find_spec(name) is not None:
            safely(_install, name)


def uninstall() -> None:
    """Watch no client's streams any more, except those of :func:`watch`."""
    for name in PACKAGES:
        if name in sys.modules:
            for kind in _clients(sys.modules[name]):
                original = kind.__dict__.get("send", None)
                if hasattr(original, _OURS):
                    kind.send = getattr(original, _OURS)


def watch(client: Any) -> Any:
    """Watch the streams of one *client* of httpx or httpx2, and return it: for who wants no patched class."""
    if not hasattr(client.send, _OURS):
        safely(_watch, client)
    return client


def _install(name: str) -> None:
    for kind in _clients(importlib.import_module(name)):
        if not hasattr(kind.send, _OURS):
            kind.send = _async_send(kind.send) if kind.__name__.startswith("Async") else _send(kind.send)


def _clients(module: ModuleType) -> tuple[Any, Any]:
    return module.Client, module.AsyncClient


def _watch(client: Any) -> None:
    is_async = hasattr(client, "aclose")
    bound = client.send
    wrapped = (_async_send if is_async else _send)(lambda _, *args, **options: bound(*args, **options))
    client.send = functools.partial(wrapped, client)
    setattr(client.send, _OURS, bound)


def _send(original: Any) -> Any:
    @functools.wraps(original)
    def send(client: Any, *args: Any, **options: Any) -> Any:
        reading = safely(begin_request) if options.get("stream") else None
        response = original(client, *args, **options)
        if reading is not None:
            safely(reading.answered, response)
        return response

    setattr(send, _OURS, original)
    return send


def _async_send(original: Any) -> Any:
    @functools.wraps(original)
    async def send(client: Any, *args: Any, **options: Any) -> Any:
        reading = safely(begin_request) if options.get("stream") else None
        response = await original(client, *args, **options)
        if reading is not None:
            safely(reading.answered, response)
        return response

    setattr(send, _OURS, original)
    return send
