"""`loopwatch replay`: what would loopwatch have said of these recorded spans?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from loopwatch_processor import report
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.complaint import complain
from loopwatch_processor.cli.options import ConfigPath, Format, FormatOption, Settings
from loopwatch_processor.cli.sessions_table import lines
from loopwatch_processor.config import load
from loopwatch_processor.finding import Severity
from loopwatch_processor.replay import STDIN, CannotReplay, Replay, read_file
from loopwatch_processor.session import Session

EXIT_CRITICAL = 1
EXIT_UNREADABLE = 2


def replay(
    files: Annotated[
        list[str], typer.Argument(help="OTLP/JSON lines or protobuf, gzipped or not; - is standard input.")
    ],
    format: FormatOption = Format.table,  # noqa: A002 - the flag's name
    config: ConfigPath = None,
    settings: Settings = None,
) -> None:
    """Score recorded spans and show every session with what was found and at which step; JSON is one object a session.

    Exit code 1 when something critical was found, 2 when something could not be read.
    """
    faults: list[CannotReplay] = []
    player = Replay(build_pipeline(load(config, settings or [], sends=False)))
    _feed(player, files, faults)
    sessions = player.sessions()
    if sessions or not faults or format is Format.json:
        _print(sessions, format)
    for fault in faults:
        complain(fault)
    if any(session.worst is Severity.CRITICAL for session in sessions):
        raise typer.Exit(EXIT_CRITICAL)
    if faults:
        raise typer.Exit(EXIT_UNREADABLE)


def _feed(player: Replay, files: list[str], faults: list[CannotReplay]) -> None:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for name in files:
            task = progress.add_task(name, total=_size(name))
            for recorded in read_file(name, faults.append):
                player.feed(recorded)
                progress.update(task, completed=recorded.read_bytes)


def _size(name: str) -> int | None:
    try:
        return None if name == STDIN else Path(name).stat().st_size
    except OSError:
        return None


def _print(sessions: list[Session], format: Format) -> None:  # noqa: A002
    if format is Format.json:
        for session in sessions:
            sys.stdout.buffer.write(orjson.dumps(report.as_dict(session)) + b"\n")
        sys.stdout.flush()
        return
    console = Console(highlight=False)
    if not sessions:
        console.print("No agent steps in these spans: `loopwatch doctor FILE` says why.", soft_wrap=True)
        return
    for line in lines(console, sessions):
        console.print(line, soft_wrap=True)
