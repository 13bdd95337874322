"""`loopwatch demo`: the whole of loopwatch in half a minute, without a model or an account."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.resources import as_file, files
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from loopwatch_processor.app import Service
from loopwatch_processor.cli.serve import run, stop_on_signal
from loopwatch_processor.cli.sessions_table import lines
from loopwatch_processor.config import Config, load
from loopwatch_processor.demo.outcome import outcomes
from loopwatch_processor.errors import LoopwatchError

EXIT_NOT_FOUND = 1
_REFRESH_S = 0.5
_SETTLE_S = 1.0
_FLUSH_MS = "200"
"""How often the fleet's SDK sends: its default of 5 s would look like a stalled demo."""


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop when the fleet has finished instead of serving on.")
    ] = False,
) -> None:
    """Start loopwatch on free ports, run scripted agents that fail in different ways, and watch them being found.

    With --once, exit code 1 where a failure was missed or a healthy agent was flagged.
    """
    with as_file(files("loopwatch_processor.demo") / "demo.yaml") as path:
        config = load(path)
    right: list[bool] = []
    run(_demo(config, once, right))
    if once and not all(right):
        raise typer.Exit(EXIT_NOT_FOUND)


async def _demo(config: Config, once: bool, right: list[bool]) -> None:
    console, service, stop = Console(highlight=False), Service(config), stop_on_signal()
    await service.start()
    base = f"http://127.0.0.1:{service.http_port}"
    console.print(
        f"loopwatch listens on {base} (OTLP/HTTP), and on port {service.grpc_port} for OTLP/gRPC.", soft_wrap=True
    )
    console.print(f"Its metrics:  {base}/metrics\nWhat arrives: loopwatch doctor --url {base}\n", soft_wrap=True)
    try:
        await _watch(console, service, await _start_fleet(base), stop)
        right.extend(_conclude(console, service))
        if not once and not stop.is_set():
            console.print("\nStill serving; stop with Ctrl-C.")
            await stop.wait()
    finally:
        await service.stop()


async def _start_fleet(base: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, "OTEL_BSP_SCHEDULE_DELAY": _FLUSH_MS}
    module = "loopwatch_processor.demo.fleet"
    return await asyncio.create_subprocess_exec(sys.executable, "-m", module, base, env=environment)


async def _watch(console: Console, service: Service, fleet: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    """Show the sessions while the fleet runs; its end, or a signal, ends the show."""
    ended = asyncio.ensure_future(fleet.wait())
    stopped = asyncio.ensure_future(stop.wait())
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while not ended.done() and not stopped.done():
            await asyncio.wait({ended, stopped}, timeout=_REFRESH_S, return_when=asyncio.FIRST_COMPLETED)
            if console.is_terminal:
                live.update(_picture(console, service), refresh=True)
    if not ended.done():
        fleet.terminate()
    if await ended != 0 and not stop.is_set():
        raise LoopwatchError(f"the demo's agents ended with exit code {fleet.returncode}; see their message above")
    await asyncio.sleep(_SETTLE_S)


def _picture(console: Console, service: Service) -> Group:
    sessions = sorted(service.pipeline.sessions.open.values(), key=lambda session: session.key)
    return Group(*lines(console, sessions))


def _conclude(console: Console, service: Service) -> list[bool]:
    console.print(_picture(console, service))
    console.print()
    found = outcomes(service.pipeline.sessions.open)
    for outcome in found:
        mark = Text("✓ ", "green") if outcome.is_right else Text("✗ ", "bold red")
        verdict = outcome.found or "nothing"
        console.print(mark + Text(f"{outcome.script.name:12} {outcome.script.tells:36} → {verdict}"))
    return [outcome.is_right for outcome in found]
