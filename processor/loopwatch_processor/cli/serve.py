"""`loopwatch serve`: receive, score, tell."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from loopwatch_processor.app import Service
from loopwatch_processor.cli.options import ConfigPath, Settings
from loopwatch_processor.config import Config, load
from loopwatch_processor.config.doors import warnings
from loopwatch_processor.config.secrets import redactor_of
from loopwatch_processor.telemetry import lines
from loopwatch_processor.wire import is_fast

_log = logging.getLogger(__name__)

GC_THRESHOLDS = (2_000, 3, 70_000)
"""Sessions live long, and Python's own thresholds walk all of them far too often: 13 % of the CPU of scoring, here 3 %.

A walk of all that lives stops the world (230 ms for 6,000 sessions, and more for more), so it comes once in some forty
million spans: what is forgotten is free of circles (`Trace.cut`), and other circles die young. A walk of what is young
takes 2 ms (3 at most), where 5,000 and 10 took 27: as many are found, for two thirds of the time in all."""


def serve(config: ConfigPath = None, settings: Settings = None) -> None:
    """Receive OTLP on 4317 (gRPC) and 4318 (HTTP), score every session, serve /metrics. Stops on Ctrl-C and SIGTERM."""
    loaded = load(config, settings or [])
    lines.write_to(sys.stderr, loaded.telemetry.log_level, redactor_of(loaded).without_secrets)
    if not is_fast():
        _log.warning("protobuf runs without its C backend, about forty times slower: install its binary wheel")
    for warning in warnings(loaded):
        _log.warning("%s", warning)
    run(_serve(loaded))


async def _serve(config: Config) -> None:
    service, stop = Service(config), stop_on_signal()
    await service.start()
    gc.collect()
    gc.freeze()  # modules live as long as the process: they are not walked again
    host = config.receive.host
    where = f"{host}:{service.grpc_port} (OTLP/gRPC) and {host}:{service.http_port} (OTLP/HTTP, /metrics)"
    if sys.stderr.isatty():
        print(f"loopwatch listens on {where}", file=sys.stderr)  # noqa: T201 - a person sits there, not a log shipper
    else:
        _log.info("loopwatch listens on %s", where)
    await stop.wait()
    await service.stop()


def stop_on_signal() -> asyncio.Event:
    """An event that Ctrl-C or SIGTERM sets; a second one ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        stop.set()
        for item in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(item)
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask, number)
    return stop


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on the fastest loop that this platform has."""
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)
