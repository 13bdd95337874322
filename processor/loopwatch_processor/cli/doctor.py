"""`loopwatch doctor`: is something arriving, and what is missing to score it?"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import httpx
import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loopwatch_processor.app import DOCTOR_PATH, build_pipeline
from loopwatch_processor.cli.options import ConfigPath, Settings
from loopwatch_processor.cli.replay import Format
from loopwatch_processor.config import Config, load
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.replay import CannotReplay, Replay, read_file

EXIT_SOMETHING_MISSING = 1
_TIMEOUT_S = 5.0
_COLUMNS = ("service", "dialect", "spans", "model calls", "w/ messages", "tool calls", "w/ arguments", "streamed")
_KEYS = ("service", "dialect", "spans", "model_calls", "with_messages", "tool_calls", "with_arguments", "streamed")


def doctor(
    files: Annotated[list[str] | None, typer.Argument(help="Recorded OTLP files instead of a running service.")] = None,
    url: Annotated[
        str | None, typer.Option(help="The running service; default: where the configuration listens.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="A table, or JSON.")] = Format.table,  # noqa: A002
    config: ConfigPath = None,
    settings: Settings = None,
) -> None:
    """Say what arrives, in which dialects, and the exact setting for everything that is missing.

    Exit code 1 when something is missing.
    """
    loaded = load(config, settings or [])
    report = _of_files(files, loaded) if files else _of_service(url or _address(loaded))
    if format is Format.json:
        sys.stdout.buffer.write(orjson.dumps(report) + b"\n")
    else:
        _print(report)
    if report["advice"] or not report["sources"]:
        raise typer.Exit(EXIT_SOMETHING_MISSING)


def _address(config: Config) -> str:
    host = "127.0.0.1" if config.receive.host in ("0.0.0.0", "::") else config.receive.host  # noqa: S104
    return f"http://{host}:{config.receive.http_port}"


def _of_service(url: str) -> dict[str, Any]:
    try:
        answer = httpx.get(url.rstrip("/") + DOCTOR_PATH, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        return dict(answer.json())
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise LoopwatchError(
            f"no loopwatch answers at {url} ({error}): start it with `loopwatch serve`, or name it with --url"
        ) from error


def _of_files(files: list[str], config: Config) -> dict[str, Any]:
    faults: list[CannotReplay] = []
    pipeline = build_pipeline(config)
    player = Replay(pipeline)
    for name in files:
        for recorded in read_file(name, faults.append):
            player.feed(recorded)
    if faults:
        raise faults[0]
    return pipeline.diagnosis.as_dict()


def _print(report: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False)
    if not report["sources"]:
        console.print(
            "Nothing has arrived yet: point OTEL_EXPORTER_OTLP_ENDPOINT, or a Collector's exporter, at loopwatch."
        )
        return
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        grid.add_column(name, justify="left" if name in _COLUMNS[:2] else "right")
    for source in report["sources"]:
        grid.add_row(*(Text(str(source[key])) for key in _KEYS))
    console.print(grid)
    for advice in report["advice"]:
        console.print(Text(f"\n{advice['service']} ({advice['dialect']}): {advice['missing']}", "yellow"))
        console.print(f"  → {advice['mend']}", soft_wrap=True)
    if not report["advice"]:
        console.print(Text("\nNothing is missing.", "green"))
