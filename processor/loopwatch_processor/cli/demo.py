"""`loopwatch demo`: the whole of loopwatch in half a minute, without a model or an account."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.resources import as_file, files
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from loopwatch_processor.app import Service
from loopwatch_processor.cli.columns import Column, rows, width_of
from loopwatch_processor.cli.invoked import invoked
from loopwatch_processor.cli.serve import run, stop_on_signal
from loopwatch_processor.cli.sessions_table import lines
from loopwatch_processor.config import Config, load
from loopwatch_processor.demo.outcome import outcomes
from loopwatch_processor.errors import LoopwatchError

EXIT_NOT_FOUND = 1
EXIT_STOPPED = 130
"""As a shell reports a program that Ctrl-C ended."""
_RIGHT, _WRONG = "✓ ", "✗ "
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

    With --once, exit code 1 where a failure was missed or a healthy agent was flagged, 130 where it was stopped before
    that could be told.
    """
    right: list[bool] = []
    # A journal of its own: what the scripts do must never turn up as an incident of the service that runs here.
    with TemporaryDirectory(prefix="loopwatch-demo-") as folder:
        with as_file(files("loopwatch_processor.demo") / "demo.yaml") as path:
            config = load(path, [f"journal.url=sqlite:///{folder}/journal.db"])
        run(_demo(config, once, right))
    if once and not right:
        raise typer.Exit(EXIT_STOPPED)
    if once and not all(right):
        raise typer.Exit(EXIT_NOT_FOUND)


async def _demo(config: Config, once: bool, right: list[bool]) -> None:
    console, service, stop = Console(highlight=False), Service(config), stop_on_signal()
    await service.start()
    base = f"http://127.0.0.1:{service.http_port}"
    console.print(
        f"loopwatch listens on {base} (OTLP/HTTP), and on port {service.grpc_port} for OTLP/gRPC.", soft_wrap=True
    )
    console.print(f"Its metrics:  {base}/metrics\nWhat arrives: {invoked()} doctor --url {base}\n", soft_wrap=True)
    try:
        if not await _watch(console, service, await _start_fleet(base), stop):
            console.print("Stopped before the agents had finished.")
            return
        right.extend(_conclude(console, service))
        if not once and not stop.is_set():
            look = f"{invoked()} sessions show researcher --url {base}"
            console.print(f"\nStill serving; stop with Ctrl-C. One of them step by step: {look}", soft_wrap=True)
            await stop.wait()
    finally:
        await service.stop()


async def _start_fleet(base: str) -> asyncio.subprocess.Process:
    """Start the agents' process: Ctrl-C is for us alone, and a closed standard input tells it that we are gone."""
    environment = {**os.environ, "OTEL_BSP_SCHEDULE_DELAY": _FLUSH_MS}
    command = (sys.executable, "-m", "loopwatch_processor.demo.fleet", base)
    return await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=asyncio.subprocess.PIPE, start_new_session=True
    )


async def _watch(console: Console, service: Service, fleet: asyncio.subprocess.Process, stop: asyncio.Event) -> bool:
    """Show the sessions while the fleet runs; False where a signal ended the show before its end."""
    ended = asyncio.ensure_future(fleet.wait())
    stopped = asyncio.ensure_future(stop.wait())
    try:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            while not ended.done() and not stopped.done():
                await asyncio.wait({ended, stopped}, timeout=_REFRESH_S, return_when=asyncio.FIRST_COMPLETED)
                if console.is_terminal:
                    live.update(_picture(console, service), refresh=True)
    finally:
        stopped.cancel()
        if finished := ended.done():
            code = ended.result()
        else:
            fleet.terminate()
            await ended
    if not finished:
        return False
    if code != 0:
        raise LoopwatchError(f"the demo's agents ended with exit code {code}; see their message above")
    await asyncio.sleep(_SETTLE_S)
    return True


def _picture(console: Console, service: Service) -> Group:
    sessions = sorted(service.pipeline.sessions.open.values(), key=lambda session: session.key)
    return Group(*lines(console, sessions))


def _conclude(console: Console, service: Service) -> list[bool]:
    console.print(_picture(console, service))
    console.print()
    found = outcomes(service.pipeline.sessions.open)
    columns = (
        Column("", [outcome.script.name for outcome in found]),
        Column("", [outcome.script.tells for outcome in found], gives_way=True),
        Column("", [f"→ {outcome.found or 'nothing'}" for outcome in found]),
    )
    _, *told = rows(columns, width_of(console) - len(_RIGHT))
    for outcome, line in zip(found, told, strict=True):
        mark = Text(_RIGHT, "green") if outcome.is_right else Text(_WRONG, "bold red")
        console.print(mark + line, soft_wrap=True)
    return [outcome.is_right for outcome in found]
